"""A percent-encoded "@": it counts in ``mailto:`` URLs, in tags and in text."""

from __future__ import annotations

import re

from mailharvest.extract.in_tag import read_attribute
from mailharvest.extract.mailto import recipients
from mailharvest.extract.page import Page

_BEFORE, _AFTER = 200, 600
_SCHEME = re.compile(rb"mailto:[^\s<>\"'`()\[\]]*\Z", re.IGNORECASE)
_REST = re.compile(rb"[^\s<>\"'`()\[\]]*[^\s<>\"'`()\[\].,;:!?]")


def read_percent(page: Page, end: int) -> None:
    """Read the URL with a percent-encoded sign that ends at `end`."""
    tag = page.tag_at(end - 1)
    if tag >= 0:
        read_attribute(page, tag, end - 1)
        return
    scheme = _SCHEME.search(page.data[max(0, end - _BEFORE) : end])
    rest = _REST.match(page.data, end, end + _AFTER)
    if scheme is None or rest is None:
        return
    url = (scheme[0] + rest[0]).decode("utf-8", "replace")
    for match in recipients(url):
        page.add(match, "mailto")
    page.done = max(page.done, rest.end())
