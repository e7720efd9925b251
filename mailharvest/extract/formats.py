"""What kind of document it is, and what of it is read."""

from __future__ import annotations

import quopri
import re

READ_AS = {"vcard": "text", "mail": "text"}

_KINDS = (
    (re.compile(r"text/html|application/xhtml"), "html"),
    (re.compile(r"v-?card"), "vcard"),
    (re.compile(r"message/|/mbox"), "mail"),
    (re.compile(r"json"), "json"),
    (re.compile(r"xml"), "xml"),
    (re.compile(r"text/(?!html)"), "text"),
)
_ENDINGS = {"txt": "text", "vcf": "vcard", "eml": "mail", "json": "json", "xml": "xml"}
_ENDING = re.compile(rf"/[^/?#]*\.({'|'.join(_ENDINGS)})(?:[?#]|\Z)", re.IGNORECASE)
_A_TAG = re.compile(rb"<(?:/?[A-Za-z][A-Za-z0-9-]{0,20}[\s/>]|!doctype|!--|\?xml)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml(?![^>]{0,100}>\s*(?:<!doctype html|<html))", re.IGNORECASE)
_JSON = re.compile(rb"\s*[\[{]\s*[\"{\[]")
_PEOPLE = re.compile(
    rb"^(?:From|To|Cc|Bcc|Reply-To|Sender|Mail-Followup-To|List-Post|Subject)\s*:[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_PRINTABLE = re.compile(
    rb"^Content-Transfer-Encoding:\s*quoted-printable|ENCODING=QUOTED-PRINTABLE", re.I | re.M
)


def kind_of(content_type: str | None, data: bytes, url: str | None = None) -> str:
    """``html``, ``xml``, ``text``, ``json``, ``vcard`` or ``mail``.

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
            return kind
    ending = _ENDING.search(url or "")
    if ending:
        return _ENDINGS[ending[1].lower()]
    if _XML.match(data):
        return "xml"
    if _JSON.match(data):
        return "json"
    return "html" if _A_TAG.search(data) else "text"


def as_source(data: bytes, kind: str) -> bytes:
    """What of `data` is read: folded lines are joined, headers that machines read left out."""
    if kind == "vcard":
        data = _unfolded(data.replace(b"\r\n", b"\n"), b"")
        return quopri.decodestring(data) if _QUOTED_PRINTABLE.search(data) else data
    if kind == "mail":
        headers, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
        headers = _unfolded(headers, b" ")
        if _QUOTED_PRINTABLE.search(headers):
            body = quopri.decodestring(body)
        people = bytearray()
        for header in _PEOPLE.finditer(headers):
            people += header[0] + b"\n"
        return bytes(people) + b"\n" + body
    return data


def _unfolded(lines: bytes, seam: bytes) -> bytes:
    return lines.replace(b"\n ", seam).replace(b"\n\t", seam)
