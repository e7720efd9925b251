"""Source to the text that a browser shows: tags, entities, invisible and look-alike characters."""

from __future__ import annotations

import html
import re
import unicodedata

from mailharvest.extract.markup import BREAKS

# Shown as nothing: soft hyphen, combining grapheme joiner, Arabic letter mark, Mongolian vowel
# separator, zero-width characters, direction marks and isolates, word joiner, BOM, variation
# selectors.
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]+")

# Shown as ASCII in another dress: full-width forms, the small "@", mathematical letters.
_DRESSED = re.compile("[\uff01-\uff5e\ufe6b\U0001d400-\U0001d7ff]+")

_TAG = re.compile(r"<(?:(/?[A-Za-z][^\s<>/]*)[^<>]*|[!?][^<>]*)>")
_CUT_TAG = re.compile(r"<[/!?A-Za-z][^<>]*\Z")  # a tag that the window's end cut through
_ALT = re.compile(r"""\salt\s?=\s?["']?\s?(@|at|\.|dot|\(at\)|\[at\])\s?["'\s/>]""", re.IGNORECASE)


def _shown_tag(match: re.Match[str]) -> str:
    name = (match[1] or "").lstrip("/").lower()
    if name == "img":
        alt = _ALT.search(match[0])
        if alt:
            # An image of the sign: the reader sees one there, so it is a cloak.
            return {"@": "[at]", ".": "."}.get(alt[1], f"[{alt[1].strip('()[]')}]")
        return ""
    return "\n" if name in BREAKS else ""


def plain(text: str) -> str:
    """`text` as the eye sees it: without invisible characters, look-alikes as ASCII.

    >>> plain("a\\u200b@\\u00adexample．com"), plain("ｉｎｆｏ＠example.com")
    ('a@example.com', 'info@example.com')
    """
    if text.isascii():
        return text
    text = INVISIBLE.sub("", text)
    return _DRESSED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)


def shown(source: str, *, tags: bool = True, breaks: bool = False) -> str:
    """The text that a browser makes of HTML `source`.

    Tags of blocks become line ends, other tags nothing; with `breaks` (XML) every tag divides.

    >>> shown("a<b>b</b>@<wbr>x<br>y&#46;z&shy;"), shown("<p>a</p><p>b", breaks=True)
    ('ab@x\\ny.z', '\\na\\n\\nb')
    """
    if tags and "<" in source:
        source = _TAG.sub("\n" if breaks else _shown_tag, source)
    if "&" in source:
        source = html.unescape(source)
    return plain(source)


def left_of(source: bytes, *, tags: bool = True, breaks: bool = False) -> str:
    """The shown text of a piece of source that may begin in the middle of anything.

    >>> left_of(b'href="mailto:x@example.com">info')
    'info'
    """
    text = source.decode("utf-8", "replace")
    if tags:
        close = text.find(">")
        if 0 <= close and not 0 <= text.find("<") < close and ("=" in text[:close] or '"' in text[:close]):
            text = text[close + 1 :]
    return shown(text, tags=tags, breaks=breaks)


def right_of(source: bytes, *, tags: bool = True, breaks: bool = False) -> str:
    """The shown text of a piece of source that may end in the middle of anything.

    >>> right_of(b'example.com</a> and <a href="mail')
    'example.com and '
    """
    text = source.decode("utf-8", "replace")
    if tags:
        text = _CUT_TAG.sub("", text)
    return shown(text, tags=tags, breaks=breaks)
