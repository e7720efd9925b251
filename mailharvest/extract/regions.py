"""Which parts of a page are not its text: comments, scripts, styles, and what is not displayed."""

from __future__ import annotations

import heapq
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from sys import maxsize

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
_SIMPLE = re.compile(
    rb"\s*[a-z]{0,10}[.#]([A-Za-z_][\w-]{0,60})"
    rb"(?:(?:\s+|\s*>\s*)(?:([a-z]{1,10})|[a-z]{0,10}(\.[a-z_][\w-]{0,60})))?\s*\Z",
    re.IGNORECASE,
)
_SHADOW = re.compile(rb"[^<>]{0,200}\sshadowroot", re.IGNORECASE)  # shown at once, in its place
_MAX_INNER = 10_000
_WITHIN = 400  # bytes of an element that is hidden for where it stands: a word or two
_MAX_NAMES = 20
_TAG_REACH = 1000
_MAX_PIECES = 80  # a comment behind each letter of the longest local part, and some
Wanted = Callable[[bytes], object]
_Names = list[tuple[bytes, bytes]]  # of classes and ids, and of the elements in them that are meant


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


def css_names(css: bytes, word: bytes, wanted: Wanted) -> Iterator[tuple[bytes, bytes]]:
    """Classes and ids with a rule whose declarations hold `word` and are `wanted`.

    Each with the elements in it that are meant, by name or class, or nothing for itself. Only
    simple selectors count, and no rules in ``@media``.

    >>> css = b".a, b#c{display:none} @media print{.d{display:none}} .e b, .f > i.g{display:none}"
    >>> list(css_names(css, b"display", _HIDING.search))
    [(b'a', b''), (b'c', b''), (b'e', b'b'), (b'f', b'.g')]
    """
    if b"/*" in css:
        css = _CSS_COMMENT.sub(b"", css)
    lower = css.lower()
    done = counted = depth = 0
    place = lower.find(word)
    while place >= 0:
        opened = css.rfind(b"{", counted, place)
        stop = opened if opened >= 0 else place
        depth += css.count(b"{", counted, stop) - css.count(b"}", counted, stop)
        counted = stop
        if opened >= 0:  # or it stands in a selector
            end = css.find(b"}", place)
            end = end if end >= 0 else len(css)
            if depth <= 0 and wanted(css[opened:end]):
                first = max(css.rfind(b"}", done, opened), css.rfind(b";", done, opened)) + 1
                simple = map(_SIMPLE.match, css[max(first, done) : opened].split(b","))
                yield from ((m[1], m[2] or m[3] or b"") for m in simple if m)
            done = counted = end + 1
        place = lower.find(word, max(done, place + 1))


class Regions:
    """The regions of one page, in order and not overlapping, from the marks that the gate found.

    A page may be nothing but regions, so they are kept in numbers; behind the last one stands one
    that no page reaches.

    Attributes
    ----------
    starts, ends : array of int
        What lies in ``[start, end)`` is not text.
    scripts : bytearray
        Whether it is a script.
    sheets : list of bytes
        The style sheets on the page.
    inserts : bool
        There is a sign in one of them, perhaps.
    """

    def __init__(self, data: bytes, marks: Events) -> None:
        self._data = data
        self._unclosed: set[str] = set()
        self.sheets: list[bytes] = []
        self._hides = False
        self.inserts = False
        self.starts, self.ends, self.scripts = array("q"), array("q"), bytearray()
        self._walk(marks)
        if self._hides:
            self._hide_named()
        self._add(maxsize, maxsize)

    def _add(self, start: int, end: int, script: bool = False) -> None:
        if self.ends and start == self.ends[-1] and not (script or self.scripts[-1]):
            self.ends[-1] = end
            return
        self.starts.append(start)
        self.ends.append(end)
        self.scripts.append(script)

    def _walk(self, marks: Events) -> None:
        data = self._data
        opened, closing, start, cursor = "", "", 0, 0
        for event in marks:
            place = event >> PLACE
            if place <= cursor:
                continue
            kind = KINDS[event & NUMBER]
            if kind == "inserted":
                self.inserts = self.inserts or opened == "style"
            elif opened:
                if kind == closing:
                    cursor = data.find(b">", place) + 1 or len(data)
                    self._close(opened, start, place, cursor)
                    opened = ""
                elif kind == "hidden" and opened == "style":
                    self._hides = True
            elif kind == "hidden":
                cursor = self._hidden(cursor, place)
            elif kind == "comment":  # "<!-->" is a whole one
                cursor = data.find(b"-->", place - 2) + 3
                if cursor == 2:
                    cursor = len(data)
                self._add(place - 4, cursor)
            elif kind[0] != "/" and not (kind == "template" and _SHADOW.match(data, place)):
                opened, closing, start, cursor = kind, "/" + kind, place - len(kind) - 1, place
        if opened:
            self._close(opened, start, len(data), len(data))

    def _close(self, opened: str, start: int, place: int, end: int) -> None:
        """Add the element `opened` at `start`, whose content ends at `place`."""
        self._add(start, end, opened == "script")
        if opened == "style":
            self.sheets.append(self._data[self._data.find(b">", start) + 1 : place])

    def _hidden(self, cursor: int, place: int) -> int:
        """Add the element that the marker before `place` hides, if its tag says so.

        Gives where it ends, else `cursor`.
        """
        data = self._data
        start = data.rfind(b"<", cursor, place)
        if start < 0 or data.find(b">", start, place) >= 0:
            return cursor
        found, tag_end = attributes(data, start)
        for name, first, last in found:
            if name == "hidden" or (name == "style" and _HIDING.search(data, first, last)):
                end = self._element_end(start, tag_end)
                if end:
                    self._add(start, end)
                return end or cursor
        return cursor

    def _element_end(self, start: int, tag_end: int) -> int | None:
        """Where the element ends whose start tag begins and ends there, if that is certain."""
        name = tag_name(self._data, start)
        if name is None or name in _NEVER_HIDDEN or name in self._unclosed:
            return None
        if name in VOID:
            return tag_end
        if name in _END_OPTIONAL:
            following = _tags_of(name).search(self._data, tag_end)
            if following is None:
                self._unclosed.add(name)
            return following.start() if following and following[1] else None
        end = element_end(self._data, tag_end, name)
        if end is None:  # nor will any later one of that name be closed
            self._unclosed.add(name)
        return end

    def _hide_named(self) -> None:
        """Add the elements of a class or id that a style sheet on the page does not display."""
        names = self._names(b"display", _HIDING.search)
        every = heapq.merge(
            zip(self.starts, self.ends, self.scripts, strict=True),
            self._named_elements(names),
            self._named_inner(names),
        )
        self.starts, self.ends, self.scripts = array("q"), array("q"), bytearray()
        for start, end, script in every:
            if not self.ends or start >= self.ends[-1]:
                self._add(start, end, bool(script))

    def _named_elements(self, names: _Names) -> Iterator[tuple[int, int, bool]]:
        cursor = 0
        for start, tag_end in self._named_tags(name for name, within in names if not within):
            end = self._element_end(start, tag_end) if start >= cursor else None
            if end:
                yield start, end, False
                cursor = end

    def _named_inner(self, names: _Names) -> list[tuple[int, int, bool]]:
        """The elements that are hidden for where they stand: ``.mail b {display: none}``."""
        found = []
        for name, within in names:
            cursor = 0
            for start, tag_end in _tags_named(self._data, name) if within else ():
                outer = self._element_end(start, tag_end) if start >= cursor else None
                cursor = outer or cursor
                for opening, place in self._inner_tags(within, tag_end, outer or tag_end):
                    tag = tag_name(self._data, opening) or ""
                    end = element_end(self._data, place, tag, _WITHIN)
                    found += [(opening, end, False)] if end else []
                    if len(found) >= _MAX_INNER:
                        return sorted(found)
        return sorted(found)

    def _inner_tags(self, wanted: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The start tags between two offsets with this name, or with this class."""
        if wanted[0] == 46:
            yield from _tags_named(self._data, wanted[1:], start, end)
            return
        for tag in _tags_of(wanted.decode().lower()).finditer(self._data, start, end):
            if not tag[1]:
                yield tag.start(), self._data.find(b">", tag.end()) + 1

    def _names(self, word: bytes, wanted: Wanted) -> _Names:
        """What a style sheet here has a rule for; see `css_names`."""
        sheets = [css for css in self.sheets if word in css.lower()]
        every = chain.from_iterable(css_names(css, word, wanted) for css in sheets)
        names: set[tuple[bytes, bytes]] = set()
        for name in every:
            names.add(name)
            if len(names) == _MAX_NAMES:
                break
        return sorted(names)

    def _named_tags(self, names: Iterable[bytes]) -> Iterator[tuple[int, int]]:
        """The start tags with one of these classes or ids."""
        return heapq.merge(*(_tags_named(self._data, name) for name in names))

    def elements(self, names: Iterable[bytes]) -> Iterator[tuple[int, int, bytes]]:
        """The start tags with one of these classes or ids, with which, each name in order."""
        for name in names:
            for start, tag_end in _tags_named(self._data, name):
                yield start, tag_end, name

    def turned(self) -> Iterator[tuple[int, int]]:
        """The start tags whose class or id a style sheet here sets from right to left."""
        names = self._names(b"bidi-override", TURNING.match)
        return self._named_tags(name for name, within in names if not within)

    def between(self, start: int, end: int) -> bool:
        """Whether some part between two offsets is no text."""
        index = bisect_left(self.starts, end) - 1
        return index >= 0 and self.ends[index] > start

    def text(self, start: int, end: int) -> bytes:
        """The source between two offsets, what is no text left out."""
        pieces: list[bytes] = []
        for index in range(bisect_right(self.ends, start), len(self.starts)):
            if self.starts[index] >= end or len(pieces) == _MAX_PIECES:
                break
            pieces.append(self._data[start : self.starts[index]])
            start = self.ends[index]
        return b"".join([*pieces, self._data[start:end]])

    def before(self, place: int, size: int) -> bytes:
        """Up to `size` bytes of source that end at `place`, what is no text left out."""
        index = bisect_right(self.starts, place) - 1
        pieces: list[bytes] = []
        while size > 0 and place > 0 and len(pieces) < _MAX_PIECES:
            floor = self.ends[index] if index >= 0 else 0
            piece = self._data[max(floor, place - size) : place]
            pieces.append(piece)
            size -= len(piece)
            if index < 0:
                break
            place = self.starts[index]
            index -= 1
        return b"".join(reversed(pieces))

    def after(self, place: int, size: int) -> bytes:
        """Up to `size` bytes of source that begin at `place`, what is no text left out."""
        index = bisect_left(self.starts, place)
        pieces: list[bytes] = []
        while size > 0 and len(pieces) < _MAX_PIECES:
            limit = min(place + size, self.starts[index])
            pieces.append(self._data[place:limit])
            size -= limit - place
            place = self.ends[index]
            index += 1
        return b"".join(pieces)


def _tags_named(
    data: bytes, name: bytes, first: int = 0, last: int = maxsize
) -> Iterator[tuple[int, int]]:
    """Start and end of every start tag with `name` as its class or id, in order."""
    seen = -1
    place = data.find(name, first, last)
    while place >= 0:
        start = data.rfind(b"<", max(0, place - _TAG_REACH), place)
        if start > seen:
            seen = start
            found, end = attributes(data, start)
            if any(
                a.name in ("class", "id") and name in data[a.start : a.end].split() for a in found
            ):
                yield start, end
                place = end
        place = data.find(name, place + 1, last)
