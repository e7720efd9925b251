"""Source to the text that a browser shows: tags, entities, invisible and look-alike characters."""

from __future__ import annotations

import html
import re
import unicodedata

from mailharvest.extract.markup import BREAKS

# Shown as nothing: soft hyphen, combining grapheme joiner, Arabic letter mark, Mongolian vowel
# separator, zero-width characters, direction marks and isolates, word joiner, variation
# selectors, BOM.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]+"
)

# Shown as ASCII in another dress: hyphens, full-width forms, the small "@", mathematical letters.
_DRESSED = re.compile("[\u2010\u2011\uff01-\uff5e\ufe6b\U0001d400-\U0001d7ff]+")

_MARKUP = re.compile(r"(<(?:/?[A-Za-z]|[!?])[^<>]*>|&[#A-Za-z][0-9A-Za-z]{1,31};?)")
_ENTITY = re.compile(r"(&[#A-Za-z][0-9A-Za-z]{1,31};?)")
_NAME = re.compile(r"</?([A-Za-z][^\s<>/]*)")
_CUT_TAG = re.compile(r"<(?:[/!?A-Za-z][^<>]*)?\Z")  # the window's end cut it
_CUT_ENTITY = re.compile(r"&[#0-9A-Za-z]{0,32}\Z")
_ALT = re.compile(r"""\salt\s?=\s?["']?\s?[(\[]?(@|at|\.|dot)[)\]]?\s?["'\s/>]""", re.IGNORECASE)
_PLACED = re.compile(  # where it stands in the source is not where it stands on the page
    r"\sstyle\s?=[^<>]{0,200}(?:position\s?:\s?absolute"
    r"|(?<![\w-])left\s?:[^<>]{1,80}(?<![\w-])top\s?:|(?<![\w-])top\s?:[^<>]{1,80}(?<![\w-])left\s?:)",
    re.IGNORECASE,
)
_LIGATURE = re.compile(  # a word that a font shows as a picture
    r"<(i|span)\b[^<>]*\bmaterial-(?:icons|symbols)[^<>]*>[^<>]{0,40}</\1>", re.IGNORECASE
)
_REMEMBERED = 4096


class _Shown(dict[str, str]):
    """What a tag or an entity shows as; most of a page's are alike, so answers are kept."""

    def __init__(self, every_tag_divides: bool) -> None:
        self._divides = every_tag_divides

    def __missing__(self, markup: str) -> str:
        shown = html.unescape(markup) if markup[0] == "&" else self._tag(markup)
        if len(self) < _REMEMBERED and len(markup) < 200:
            self[markup] = shown
        return shown

    def _tag(self, tag: str) -> str:
        if self._divides:
            return "\n"
        name = _NAME.match(tag)
        if name is None:
            return ""
        alt = _ALT.search(tag) if name[1].lower() == "img" else None
        if alt:
            return f"[{alt[1]}]"  # a picture of the sign: the reader sees one, so it is a cloak
        return "\n" if name[1].lower() in BREAKS or _PLACED.search(tag) else ""


_HTML = _Shown(every_tag_divides=False)
_XML = _Shown(every_tag_divides=True)


_PIECES = re.compile(rb"&#[0-9A-Fa-fxX]{2,5};|[^&]+|&")
_ASCII = {
    form % code: bytes((code,))
    for code in range(32, 127)
    for form in (b"&#%d;", b"&#%03d;", b"&#x%x;", b"&#x%X;", b"&#X%X;", b"&#x%04x;", b"&#x%04X;")
}


def numbers(source: bytes) -> bytes:
    """`source` with ASCII characters that are written as numbers resolved: what links are made of.

    >>> numbers(b"&#105;nf&#x6F;&amp;&#228;")
    b'info&amp;&#228;'
    """
    if b"&#" not in source:
        return source
    return b"".join([_ASCII.get(piece, piece) for piece in _PIECES.findall(source)])


def plain(text: str) -> str:
    """`text` as the eye sees it: without invisible characters, look-alikes as ASCII.

    >>> plain("a\\u200b@\\u00adexample．com"), plain("ｉｎｆｏ＠example.com")
    ('a@example.com', 'info@example.com')
    """
    if text.isascii():
        return text
    text = INVISIBLE.sub("", text)
    return _DRESSED.sub(_undressed, text)


def _undressed(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).replace("\u2010", "-")


def unescape(text: str) -> str:
    """Entities resolved, as in the value of an attribute.

    >>> unescape("a&#37;&#52;&#48;b&amp;c")
    'a%40b&c'
    """
    return _resolved(text, _ENTITY, _HTML) if "&" in text else text


def _resolved(source: str, markup: re.Pattern[str], table: _Shown) -> str:
    parts = markup.split(source)
    parts[1::2] = map(table.__getitem__, parts[1::2])
    return "".join(parts)


def shown(source: str, *, tags: bool = True, xml: bool = False) -> str:
    """The text that a browser makes of HTML `source`.

    Tags of blocks become line ends, other tags nothing; in XML every tag divides.

    >>> shown("a<b>b</b>@<wbr>x<br>y&#46;z&shy;"), shown("<p>a</p><p>b", xml=True)
    ('ab@x\\ny.z', '\\na\\n\\nb')
    """
    if not tags:
        return plain(unescape(source))
    if "material-" in source:
        source = _LIGATURE.sub(" ", source)
    return plain(_resolved(source, _MARKUP, _XML if xml else _HTML))


def left_of(source: bytes, *, tags: bool = True, xml: bool = False) -> str:
    """The shown text of a piece of source that may begin in the middle of anything.

    >>> left_of(b'href="mailto:x@example.com">info')
    'info'
    """
    text = source.decode("utf-8", "replace")
    if tags:
        close = text.find(">")
        if close >= 0 and "<" not in text[:close] and ("=" in text[:close] or '"' in text[:close]):
            text = text[close + 1 :]
    return shown(text, tags=tags, xml=xml)


def right_of(source: bytes, *, tags: bool = True, xml: bool = False) -> str:
    """The shown text of a piece of source that may end in the middle of anything.

    >>> right_of(b'example.com</a> and <a href="mail')
    'example.com and '
    """
    text = source.decode("utf-8", "replace")
    if tags:
        for first, cut in (("<", _CUT_TAG), ("&", _CUT_ENTITY)):
            place = text.rfind(first)
            if place >= 0 and cut.match(text, place):
                text = text[:place]
    return shown(text, tags=tags, xml=xml)
