"""What kind of document it is, and what of it is read."""

from __future__ import annotations

import binascii
import quopri
import re

from mailharvest.extract import feeds, mails
from mailharvest.extract.mails import Part

_FOLDED = frozenset(("vcard", "calendar", "ldif"))
_HIDING = _FOLDED | {"mail"}
READ_AS = {"vcard": "text", "calendar": "text", "ldif": "text", "mail": "text", "captions": "html"}

_KINDS = (
    (re.compile(r"text/html|application/xhtml"), "html"),
    (re.compile(r"v-?card(?!\+)"), "vcard"),
    (re.compile(r"calendar(?!\+)|/ics"), "calendar"),
    (re.compile(r"ldif"), "ldif"),
    (re.compile(r"message/|/mbox|mimearchive"), "mail"),
    (re.compile(r"text/vtt|subrip|text/srt"), "captions"),
    (re.compile(r"json"), "json"),
    (re.compile(r"xml"), "xml"),
    (re.compile(r"text/(?!html)"), "text"),
)
_ENDINGS = {
    "txt": "text", "vcf": "vcard", "ics": "calendar", "ldif": "ldif", "eml": "mail",
    "mbox": "mail", "mht": "mail", "mhtml": "mail", "vtt": "captions", "srt": "captions",
    "json": "json", "xml": "xml",
}  # fmt: skip
_ENDING = re.compile(rf"/[^/?#]*\.({'|'.join(_ENDINGS)})(?:[?#]|\Z)", re.IGNORECASE)
# What servers without a name for it send as plain text.
_TOLD = re.compile(
    rb"\s{0,99}(?:BEGIN:V(?:(CARD)|(CALENDAR))\s|(WEBVTT)\s"
    rb"|(?:(?:version: ?1|#[^\n]{0,200}|)\r?\n){0,30}(dn)::? ?[\w+/-]+=?[^\n]{0,400}\n[\w-]+::? )",
    re.IGNORECASE,
)
# A mail as archives give it out.
_HEADER = re.compile(rb"(?:From |[A-Za-z][A-Za-z-]{0,60}:[ \t])")
_MIME = re.compile(rb"^MIME-Version:", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(rb"^From:", re.IGNORECASE | re.MULTILINE)
_HEAD = 32768
_TOLD_KINDS = ("vcard", "calendar", "captions", "ldif")
_A_TAG = re.compile(rb"<(?:/?[A-Za-z][A-Za-z0-9-]{0,20}[\s/>]|!doctype|!--|\?xml)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml(?![^>]{0,100}>\s*(?:<!doctype html|<html))", re.IGNORECASE)
_JSON = re.compile(rb"\s*[\[{]\s*[\"{\[]")
_QUOTED_PRINTABLE = re.compile(rb"[=;]QUOTED-PRINTABLE[;:]", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\([\\nN,;:])")
_IDENTIFIERS = re.compile(  # of entries and calendars, which may look like addresses
    rb"^(?:UID|RELATED-TO|PRODID|TZID|X-[A-Z-]{0,40}(?:UID|-ID|CALID))[:;][^\n]*", re.I | re.M
)
_MARKED = re.compile(
    rb"^(?:X-ALT-DESC|DESCRIPTION)[:;](?=[^\n]*<(?:a|b|i|p|br|div|span|html)[ />])[^\n]*",
    re.I | re.M,
)
_BASE64 = re.compile(rb"^([A-Za-z0-9;.-]{1,99}):: ?([A-Za-z0-9+/]{4,4000}={0,2})$", re.MULTILINE)
_LINES = bytes.maketrans(b"\r\n", b"  ")
# In SVG what these hold is one text, unless they say where it stands.
_SPAN = re.compile(rb"</tspan\s*>|<tspan(?=[\s>])(?![^<>]*\s(?:x|y|dy)\s{0,9}=)[^<>]*>")
_TIME = re.compile(rb"<[\d:.]{5,16}>")


def kind_of(content_type: str | None, data: bytes, url: str | None = None) -> str:
    """``html``, ``xml``, ``text``, ``json`` or one of `READ_AS`.

    What the server says counts first, then the ending of the URL's path, then the bytes.

    >>> [kind_of(given, b"") for given in ("text/html; charset=utf-8", "text/vcard", "text/plain")]
    ['html', 'vcard', 'text']
    >>> [kind_of(None, data) for data in (b"<p>x", b"<a@example.com>", b'{"email": 1}')]
    ['html', 'text', 'json']
    >>> kind_of(None, b"<p>x", "https://example.com/card.vcf?a=1")
    'vcard'
    """
    given = (content_type or "").partition(";")[0].strip().lower()
    for pattern, kind in _KINDS:
        if pattern.search(given):
            return _told(data) if kind == "text" else kind
    ending = _ENDING.search(url or "")
    if ending:
        kind = _ENDINGS[ending[1].lower()]
        return _told(data) if kind == "text" else kind
    if _XML.match(data):
        return "xml"
    if _JSON.match(data):
        return "json"
    told = _told(data)
    return "html" if told == "text" and _A_TAG.search(data) else told


def _told(data: bytes) -> str:
    """The kind of a text, by how it begins.

    >>> [_told(data) for data in (b"BEGIN:VCARD\\n", b"# x\\n\\ndn: cn=a\\ncn: a\\n", b"dn: a\\n")]
    ['vcard', 'ldif', 'text']
    """
    told = _TOLD.match(data)
    if told and told.lastindex:
        return _TOLD_KINDS[told.lastindex - 1]
    if not _HEADER.match(data):
        return "text"
    head = data[:_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return "mail" if _MIME.search(head) and _FROM.search(head) else "text"


def hides(data: bytes, content_type: str) -> bool:
    """Whether what the gate looks for may only be seen when lines are joined or parts decoded.

    >>> hides(b"", "text/html"), hides(b"", "message/rfc822"), hides(b"", "text/calendar")
    (False, True, True)
    """
    kind = kind_of(content_type, b"")
    return kind in _HIDING or (kind == "xml" and b"&amp;#" in data)


def opened(data: bytes, kind: str) -> tuple[bytes, list[Part]]:
    """What of `data` is read, and the documents within it.

    Folded lines are joined, and what only machines read is left out.
    """
    if kind == "mail":
        return mails.opened(data)
    if kind == "xml":
        if b"<tspan" in data:
            data = _SPAN.sub(b"", data)
        return feeds.opened(data)
    if kind == "captions":
        return _TIME.sub(b"", data), []
    if kind in _FOLDED:
        data = _unfolded(data.replace(b"\r\n", b"\n"))
        return (_ldif(data), []) if kind == "ldif" else _entries(data)
    return data, []


def _unfolded(lines: bytes) -> bytes:
    return lines.replace(b"\n ", b"").replace(b"\n\t", b"")


def _entries(data: bytes) -> tuple[bytes, list[Part]]:
    """The entries of a calendar or of an address book as they are shown, and the HTML in them.

    >>> card = b"UID:1@example.com\\nNOTE:Ask\\\\na@example.com\\nX-ALT-DESC:<b>x</b>"
    >>> entries, parts = _entries(card)
    >>> entries, [part.data for part in parts]
    (b'\\nNOTE:Ask\\na@example.com\\n', [b'X-ALT-DESC:<b>x</b>'])
    """
    data = _IDENTIFIERS.sub(b"", data)
    if _QUOTED_PRINTABLE.search(data):
        data = quopri.decodestring(data)
    marked = [Part("text/html", _shown(line[0])) for line in _MARKED.finditer(data)]
    return _shown(_MARKED.sub(b"", data) if marked else data), marked


def _shown(value: bytes) -> bytes:
    return _ESCAPE.sub(lambda escape: b"\n" if escape[1] in b"nN" else escape[1], value)


def _ldif(data: bytes) -> bytes:
    """The entries of a directory, with what is written in Base64 as text.

    >>> _ldif(b"cn: Ann\\nmail:: YUBleGFtcGxlLmNvbQ==")
    b'cn: Ann\\nmail: a@example.com'
    """
    return _BASE64.sub(_value, data)


def _value(line: re.Match[bytes]) -> bytes:
    try:
        value = binascii.a2b_base64(line[2])
        value.decode()
    except (binascii.Error, UnicodeDecodeError):
        return line[0]  # a picture, a certificate
    return line[1] + b": " + value.translate(_LINES)
