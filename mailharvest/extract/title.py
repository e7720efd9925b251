"""The title of a page: one line that a person can read."""

from __future__ import annotations

import html
import re

_TITLE = re.compile(rb"<title\b[^>]{0,500}>([^<]{0,4000})", re.IGNORECASE)
_HEAD = 64 * 1024


def page_title(data: bytes, *, content_type: str | None = None) -> str | None:
    """The page's title: unescaped, one line, at most 200 characters, no control characters."""
    found = _TITLE.search(data, 0, _HEAD)
    if not found:
        return None
    text = html.unescape(found[1].decode("utf-8", "replace"))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:200] or None
