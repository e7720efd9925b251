"""Which parts of a page are not its text: comments, scripts, styles, and what is not displayed."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import NamedTuple

from mailharvest.extract.markup import VOID, attributes, tag_name
from mailharvest.extract.tables import words
from mailharvest.extract.triggers import KINDS, NUMBER, PLACE, Events

# Scripts take `display:none` off these again when they have run.
_NEVER_HIDDEN = words("html body")
# These need no end tag: hidden only where the next tag of the name is one, or the rest might be.
_END_OPTIONAL = words("p li dt dd td th tr option")
_HIDING = re.compile(rb"display\s{0,9}:\s{0,9}none", re.IGNORECASE)
TURNING = re.compile(rb"(?=.*bidi-override)(?=.*direction\s{0,9}:\s{0,9}rtl)", re.I | re.S)
_CSS_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_SIMPLE = re.compile(rb"\s*[a-z]{0,10}[.#]([A-Za-z_][\w-]{0,60})\s*\Z", re.IGNORECASE)
_MAX_NAMES = 20
_TAG_REACH = 1000


class Region(NamedTuple):
    """``[start, end)`` is not text; its content begins at `body`."""

    start: int
    body: int
    end: int
    kind: str


@lru_cache(maxsize=256)
def _tags_of(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(/?)%b(?=[\s>/])" % re.escape(name.encode()), re.IGNORECASE)


def element_end(data: bytes, place: int, name: str, limit: int | None = None) -> int | None:
    """Where the element ends whose start tag ended at `place`, or None when nothing closes it.

    It is looked for in `limit` bytes, or to the end of the page.
    """
    depth = 1
    stop = len(data) if limit is None else min(len(data), place + limit)
    for tag in _tags_of(name).finditer(data, place, stop):
        depth += -1 if tag[1] else 1
        if depth == 0:
            end = data.find(b">", tag.end())
            return end + 1 if end >= 0 else len(data)
    return None


def css_names(css: bytes, word: bytes, wanted: re.Pattern[bytes]) -> set[bytes]:
    """Classes and ids with a rule whose declarations hold `word` and match `wanted`.

    Only simple selectors count, and no rules in ``@media``.

    >>> css = b".a, b#c{display:none} @media print{.d{display:none}} .e .f{display:none}"
    >>> sorted(css_names(css, b"display", _HIDING))
    [b'a', b'c']
    """
    if b"/*" in css:
        css = _CSS_COMMENT.sub(b"", css)
    lower = css.lower()
    names: set[bytes] = set()
    done = depth = 0
    place = lower.find(word)
    while place >= 0:
        opened = css.rfind(b"{", done, place)
        stop = opened if opened >= 0 else place
        depth += css.count(b"{", done, stop) - css.count(b"}", done, stop)
        if opened < 0:
            done = place
        else:
            end = css.find(b"}", place)
            end = end if end >= 0 else len(css)
            if depth <= 0 and wanted.search(css, opened, end):
                first = max(css.rfind(b"}", done, opened), css.rfind(b";", done, opened)) + 1
                simple = map(_SIMPLE.match, css[max(first, done) : opened].split(b","))
                names.update(match[1] for match in simple if match)
            done = end + 1
        place = lower.find(word, max(done, place + 1))
    return names


class Regions:
    """The regions of one page, in order and not overlapping, from the marks that the gate found."""

    def __init__(self, data: bytes, marks: Events) -> None:
        self._data = data
        self._unclosed: set[str] = set()
        self._css: list[bytes] = []
        self._hides = False
        self.found = self._walk(marks)
        if self._hides:
            hidden = set().union(*(css_names(css, b"display", _HIDING) for css in self._css))
            self._hide_named(sorted(hidden)[:_MAX_NAMES])
        self._starts = [region.start for region in self.found]

    def _walk(self, marks: Events) -> list[Region]:
        data, found = self._data, []
        opened, start, body, cursor = "", 0, 0, 0
        for event in marks:
            place = event >> PLACE
            if place <= cursor:
                continue
            kind = KINDS[event & NUMBER]
            if opened:
                if kind == "/" + opened:
                    cursor = data.find(b">", place) + 1 or len(data)
                    found.append(Region(start, body, cursor, opened))
                    if opened == "style":
                        self._css.append(data[body:place])
                    opened = ""
                elif kind == "hidden" and opened == "style":
                    self._hides = True
            elif kind == "hidden":
                region = self._hidden(cursor, place)
                if region:
                    found.append(region)
                    cursor = region.end
            elif kind == "comment":  # "<!-->" is a whole one
                cursor = data.find(b"-->", place - 2) + 3
                if cursor == 2:
                    cursor = len(data)
                found.append(Region(place - 4, place, cursor, kind))
            elif kind[0] != "/":
                opened, start, cursor = kind, place - len(kind) - 1, place
                body = data.find(b">", place) + 1 or len(data)
        if opened:
            found.append(Region(start, body, len(data), opened))
            if opened == "style":
                self._css.append(data[body:])
        return found

    def _hidden(self, floor: int, place: int) -> Region | None:
        """The element that the marker before `place` hides, if its tag says so."""
        data = self._data
        start = data.rfind(b"<", floor, place)
        if start < 0 or data.find(b">", start, place) >= 0:
            return None
        found, end = attributes(data, start)
        for name, first, last in found:
            if name == "hidden" or (name == "style" and _HIDING.search(data, first, last)):
                return self._element(start, end)
        return None

    def _element(self, start: int, tag_end: int) -> Region | None:
        name = tag_name(self._data, start)
        if name is None or name in _NEVER_HIDDEN or name in self._unclosed:
            return None
        if name in VOID:
            return Region(start, tag_end, tag_end, "hidden")
        if name in _END_OPTIONAL:
            following = _tags_of(name).search(self._data, tag_end)
            if following is None:
                self._unclosed.add(name)
            elif following[1]:
                return Region(start, tag_end, following.start(), "hidden")
            return None
        end = element_end(self._data, tag_end, name)
        if end is None:  # nor will any later one of that name be closed
            self._unclosed.add(name)
            return None
        return Region(start, tag_end, end, "hidden")

    def _hide_named(self, names: list[bytes]) -> None:
        """Add the elements of a class or id that a style sheet on the page does not display."""
        cursor = 0
        for start, tag_end in named_tags(self._data, names):
            region = self._element(start, tag_end) if start >= cursor else None
            if region:
                self.found.append(region)
                cursor = region.end
        self.found.sort()
        outermost: list[Region] = []
        for region in self.found:
            if not outermost or region.start >= outermost[-1].end:
                outermost.append(region)
        self.found = outermost

    def turned(self) -> list[tuple[int, int]]:
        """The start tags whose class or id a style sheet here sets from right to left."""
        names = set().union(*(css_names(css, b"bidi-override", TURNING) for css in self._css))
        return named_tags(self._data, sorted(names)[:_MAX_NAMES])

    def between(self, start: int, end: int) -> bool:
        """Whether some part between two offsets is no text."""
        index = bisect_left(self._starts, end) - 1
        return index >= 0 and self.found[index].end > start

    def before(self, place: int, size: int) -> bytes:
        """Up to `size` bytes of source that end at `place`, what is no text left out."""
        index = bisect_right(self._starts, place) - 1
        pieces = []
        while size > 0 and place > 0:
            floor = self.found[index].end if index >= 0 else 0
            piece = self._data[max(floor, place - size) : place]
            pieces.append(piece)
            size -= len(piece)
            if index < 0:
                break
            place = self.found[index].start
            index -= 1
        return b"".join(reversed(pieces))

    def after(self, place: int, size: int) -> bytes:
        """Up to `size` bytes of source that begin at `place`, what is no text left out."""
        index = bisect_left(self._starts, place)
        pieces = []
        while size > 0:
            last = index >= len(self.found)
            limit = place + size if last else min(place + size, self.found[index].start)
            pieces.append(self._data[place:limit])
            size -= limit - place
            if last:
                break
            place = self.found[index].end
            index += 1
        return b"".join(pieces)


def named_tags(data: bytes, names: list[bytes]) -> list[tuple[int, int]]:
    """Start and end of every start tag with one of `names` as its class or id, in order."""
    wanted = set(names)
    tags: dict[int, int] = {}
    for name in names:
        place = data.find(name)
        while place >= 0:
            start = data.rfind(b"<", max(0, place - _TAG_REACH), place)
            if start >= 0 and start not in tags:
                found, end = attributes(data, start)
                if any(
                    a.name in ("class", "id") and wanted & set(data[a.start : a.end].split())
                    for a in found
                ):
                    tags[start] = end
            place = data.find(name, max(place, tags.get(start, 0)) + 1)
    return sorted(tags.items())
