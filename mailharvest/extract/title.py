"""The title of a page: one line that a person can read."""

from __future__ import annotations

import html
import re

from mailharvest.extract.charset import repaired, to_utf8
from mailharvest.extract.render import INVISIBLE

_TITLE = re.compile(rb"<title(?:\s[^>]{0,300})?>([^<]{0,4000})", re.IGNORECASE)
_HEAD = 64 * 1024
_LENGTH = 200


def page_title(data: bytes, *, content_type: str | None = None) -> str | None:
    """The page's title, or None when it has none within its first 64 KiB.

    Unescaped, one line, at most 200 characters; control characters and those that turn the
    direction of the text are left out.

    >>> page_title(b"<head><TITLE>\\n Fish &amp;\\tchips \\x1b[31m</TITLE>")
    'Fish & chips [31m'
    >>> page_title(b"<p>no title") is None
    True
    """
    head = to_utf8(data[:_HEAD], content_type)
    found = _TITLE.search(head)
    if not found:
        return None
    text = INVISIBLE.sub("", html.unescape(repaired(found[1]).decode("utf-8", "replace")))
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())[:_LENGTH].rstrip() or None
