"""One page while it is read: what stands where, and what has been found.

Whether a place stands in text, in a tag, in a script or in nothing that is shown is known without
parsing the page: the regions come from one more scan, made when the first candidate asks for it,
and the tag from the nearest angle bracket. Everything moves forward, so the whole is linear.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from functools import cached_property

from mailharvest.extract.address import Address, normalise
from mailharvest.extract.confidence import confidence
from mailharvest.extract.gate import Events, place_of
from mailharvest.extract.grammar import Match
from mailharvest.extract.markup import Attribute, attributes
from mailharvest.extract.regions import Region, Regions
from mailharvest.extract.render import left_of, right_of

_WINDOW = 128  # bytes of source that are looked at first, on either side
_WIDE = 8192  # and at most
_ENOUGH = 130  # characters without an edge: no word goes on that long
_LEFT_EDGE = re.compile(r"[\s<>\"(),;|]")
_RIGHT_EDGE = re.compile(r"[^\w.-]")
_JOINED = re.compile(r"[\w.+'~\])}-]?\w?\Z")  # what a sign may stand between
_LONGEST_MARK = 16
_MAX_VALUE = 65536
_MAX_NAME = 80
_CONTEXT = 60


_LOCAL_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or byte in b"._+-") else 32 for byte in range(256)
)


def local_bytes(data: bytes, sign: int) -> bytes:
    """The bytes before a sign that are plain characters of a local part.

    >>> local_bytes(b"<jane.doe@", 9)
    b'jane.doe'
    """
    return data[max(0, sign - 65) : sign].translate(_LOCAL_BYTES).rpartition(b" ")[2]


class NotUTF8(Exception):
    """What claimed to be UTF-8 is not, next to a candidate."""


class Page:
    """A page while it is read.

    Parameters
    ----------
    data : bytes
        UTF-8, as far as it is text.
    kind : {"html", "xml", "text", "json"}
    marks : list
        Where the gate found that parts begin and end which are no text.
    context : bool
        Keep what stands around each address.
    claimed : bool
        That `data` is UTF-8 was only claimed: raise `NotUTF8` where it is not.

    Attributes
    ----------
    found : dict
        Addresses by key, in the order in which they appear.
    done : int
        Everything before this offset has been read.
    """

    def __init__(self, data: bytes, kind: str, marks: Events, context: bool, claimed: bool) -> None:
        self.data = data
        self.kind = kind
        self.tags = kind in ("html", "xml")
        self.found: dict[str, Address] = {}
        self.done = 0
        self.context = context
        self.computed: set[int] = set()  # scripts whose computed strings have been read
        self.documents: list[str] = []  # documents within this one
        self._marks = marks
        self._claimed = claimed
        self._brackets = 0  # angle brackets are known up to here
        self._lt = self._gt = -1
        self._tag_at = -1
        self._tag: list[Attribute] = []

    @cached_property
    def regions(self) -> Regions:
        """What is not text; found out when the first candidate asks."""
        return Regions(self.data, self._marks)

    def region(self, place: int) -> Region | None:
        """The region that holds `place`; one that is not shown counts as read."""
        if not self.tags:
            return None
        region = self.regions.at(place)
        if region and region.kind != "script":
            self.done = region.end
        return region

    def tag_at(self, place: int) -> int:
        """Where the tag begins that holds `place`; -1 when it stands in text."""
        if not self.tags:
            return -1
        data = self.data
        if place > self._brackets:
            lt = data.rfind(b"<", self._brackets, place)
            gt = data.rfind(b">", self._brackets, place)
            if lt >= 0:
                self._lt = lt
            if gt >= 0:
                self._gt = gt
            self._brackets = place
        if self._lt <= self._gt:
            return -1
        following = data[self._lt + 1 : self._lt + 2]
        return self._lt if following.isalpha() or following == b"/" else -1

    def tag(self, start: int) -> list[Attribute]:
        """The attributes of the tag at `start`."""
        if start != self._tag_at:
            self._tag_at = start
            self._tag, _ = attributes(self.data, start)
        return self._tag

    def attribute(self, start: int, place: int) -> Attribute | None:
        """The attribute of the tag at `start` whose value holds `place`."""
        data = self.data
        quote = max(data.rfind(b'"', start, place), data.rfind(b"'", start, place))
        if quote > 0 and data[quote - 1] == 61:  # ="…
            end = data.find(data[quote : quote + 1], place, place + _MAX_VALUE)
            names = data[max(start, quote - _MAX_NAME) : quote - 1].split()
            if end >= 0 and names and names[-1].isascii():
                return Attribute(names[-1].lower().decode(), quote + 1, end)
        return next((a for a in self.tag(start) if a.start <= place <= a.end), None)

    def around(self, start: int, end: int, size: int = _WINDOW) -> tuple[str, str]:
        """The shown text before `start` and after `end`, as far as it can matter."""
        data, tags, xml = self.data, self.tags, self.kind == "xml"
        left, right = data[max(0, start - size) : start], data[end : end + size]
        if self.near_unseen(start - size, end + size):
            left, right = self.regions.before(start, size), self.regions.after(end, size)
        before = left_of(left, tags=tags, xml=xml)
        after = right_of(right, tags=tags, xml=xml)
        if (
            size < _WIDE
            and _JOINED.match(before[-1:] + after[:1])
            and (
                (start > size and len(before) < _ENOUGH and not _LEFT_EDGE.search(before))
                or (
                    end + size < len(data)
                    and len(after) < _ENOUGH
                    and not _RIGHT_EDGE.search(after)
                )
            )
        ):
            return self.around(start, end, size * 4)  # mostly markup
        if self._claimed and ("\ufffd" in before[1:] or "\ufffd" in after[:-1]):
            raise NotUTF8
        return before, after

    def near_unseen(self, start: int, end: int) -> bool:
        """Whether parts that are not shown may stand between two offsets."""
        if not self.tags or not self._marks:
            return False
        following = bisect_left(self._marks, start, key=place_of)
        if following < len(self._marks) and place_of(self._marks[following]) < end + _LONGEST_MARK:
            return True
        return "regions" in self.__dict__ and self.regions.css_hides  # where they are known

    def add(
        self,
        match: Match,
        method: str,
        *,
        obfuscated: bool = False,
        around: tuple[str, str] | None = None,
    ) -> None:
        """Keep an address that was found; `around` is the text before and after it."""
        email = normalise(f"{match.local}@{match.domain}")
        if email:
            written = f"{match.local}@{match.host}"
            sure = confidence(method, match.glued)
            self.keep(email, written, match.domain, method, obfuscated, sure, around)

    def keep(
        self,
        email: str,
        written: str,
        domain: str,
        method: str,
        obfuscated: bool,
        sure: float,
        around: tuple[str, str] | None,
    ) -> None:
        """Keep an address, unless it is known from a place that says more."""
        old = self.found.get(email)
        if old and (old.obfuscated, -old.confidence) <= (obfuscated, -sure):
            return
        context = None
        if self.context and around:
            before, after = (" ".join(text.split()) for text in around)
            context = html.escape(f"{before[-_CONTEXT:]} {written} {after[:_CONTEXT]}".strip())
        self.found[email] = Address(email, written, domain, method, obfuscated, sure, context)
