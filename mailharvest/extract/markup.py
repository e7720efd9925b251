"""Tags, their attributes, and what a browser does with them: tables, and readers of one tag."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailharvest.extract.tables import words

# What stands on either side of such a tag is not one word (a label and a footnote mark are inline,
# but no part of an address). Everything else is inline, unknown tags too (HTML Standard, 15.3
# "Non-replaced elements": block, list-item, table-cell, …).
BREAKS = words(
    """address article aside blockquote body br button caption center col colgroup dd details
    dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
    head header hgroup hr html iframe input label legend li link listing main map menu meta nav
    noscript object ol optgroup option p plaintext pre search section select summary sup table
    tbody td textarea tfoot th thead title tr ul video audio canvas embed xmp"""
)
VOID = words("area base br col embed frame hr img input link meta param source track wbr")

# Attributes that a page shows, or that hold an address for what it shows.
SHOWN = words(
    """alt title aria-label aria-description label value content summary data-title data-tooltip
    data-original-title data-content data-clipboard-text data-copy data-bs-title
    data-bs-original-title data-bs-content"""
)
LINKS = words("href action xlink:href formaction data-href data-url data-link")

TAG = re.compile(rb"</?[A-Za-z][^<>]*>")
_NAME = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9:-]{0,30})")
_ATTRIBUTE = re.compile(
    rb"""[\s"'/]*([^\s"'<>/=]{1,80})(?:\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]?[^\s<>]*)))?"""
)
_TAG_LIMIT = 65536
_MAX_ATTRIBUTES = 256


class Attribute(NamedTuple):
    """One attribute in a tag: its lower-case name, and where its value stands in the page."""

    name: str
    start: int
    end: int


def is_shown(name: str) -> bool:
    """Whether a page shows the attribute, or keeps an address in it to show that.

    >>> is_shown("alt"), is_shown("data-email"), is_shown("class")
    (True, True, False)
    """
    return name in SHOWN or "mail" in name


def tag_name(data: bytes, at: int) -> str | None:
    """The lower-case name of the tag that begins at `at`; an end tag has a slash before it.

    >>> tag_name(b"<A HREF=x>", 0), tag_name(b"</p>", 0), tag_name(b"< 3", 0)
    ('a', '/p', None)
    """
    match = _NAME.match(data, at)
    return (match[1] + match[2]).lower().decode() if match else None


def attributes(data: bytes, at: int) -> tuple[list[Attribute], int]:
    """The attributes of the start tag at `at`, and where the tag ends.

    >>> page = b'<a href="x>y" TITLE=z hidden>text'
    >>> found, end = attributes(page, 0)
    >>> [(a.name, page[a.start:a.end]) for a in found], page[end:]
    ([('href', b'x>y'), ('title', b'z'), ('hidden', b'')], b'text')
    """
    match = _NAME.match(data, at)
    place = match.end() if match else at + 1
    stop = min(len(data), place + _TAG_LIMIT)
    found: list[Attribute] = []
    while place < stop and len(found) < _MAX_ATTRIBUTES:
        match = _ATTRIBUTE.match(data, place, stop)
        if not match:
            break
        group = match.lastindex or 1
        start, end = match.span(group) if group > 1 else (match.end(1), match.end(1))
        found.append(Attribute(match[1].lower().decode("latin-1"), start, end))
        place = match.end()
    end = data.find(b">", place, stop)
    return found, (end + 1 if end >= 0 else stop)
