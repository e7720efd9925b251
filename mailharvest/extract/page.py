"""One page while it is read: what stands where, and what has been found.

Whether a place stands in text, in a tag, in a script or in nothing that is shown is known without
parsing the page: the regions come from the marks that the gate found, and the tag from the
nearest angle bracket. Everything moves forward, so the whole is linear.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from mailharvest.extract.address import Address, normalise
from mailharvest.extract.confidence import confidence
from mailharvest.extract.grammar import Match, clean_address
from mailharvest.extract.markup import Attribute, attributes
from mailharvest.extract.regions import Regions
from mailharvest.extract.render import left_of, right_of
from mailharvest.extract.script_functions import Functions
from mailharvest.extract.triggers import Events

_WINDOW = 128  # bytes of source that are looked at first, on either side
_WIDE = 8192  # and at most
_ENOUGH = 130  # characters without an edge: no word goes on that long
_LEFT_EDGE = re.compile(r"[\s<>\"(),;|]")
_RIGHT_EDGE = re.compile(r"[^\w.-]")
_JOINED = re.compile(r"[\w.+'~\])}-]?\w?\Z")  # what a sign may stand between
_MAX_VALUE = 65536
_MAX_NAME = 80
_CONTEXT = 60
_QUOTES = re.compile(rb"[\"']")  # in a name: it is a string within a value
_OTHER_TYPE = re.compile(
    rb"""\btype\s{0,9}=\s{0,9}["']?(?!module\b|[a-z]+/(?:java|ecma)script)\w"""
)
_JSON_TYPE = re.compile(rb"""\btype\s{0,9}=\s{0,9}["']?[\w./+-]*json""", re.IGNORECASE)


LOCAL_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or byte in b"._+-") else 32 for byte in range(256)
)


def local_bytes(data: bytes, sign: int) -> bytes:
    """The bytes before a sign that are plain characters of a local part.

    >>> local_bytes(b"<jane.doe@", 9)
    b'jane.doe'
    """
    return data[max(0, sign - 65) : sign].translate(LOCAL_BYTES).rpartition(b" ")[2]


@lru_cache(maxsize=8192)
def plain_address(
    local: bytes, host: bytes, method: str, obfuscated: bool = False
) -> Address | None:
    """The address that two strings make which are known to be whole, if it is one.

    >>> plain_address(b"Jane", b"Example.COM", "text").as_found
    'Jane@Example.COM'
    >>> plain_address(b".jane", b"example.com", "text") is None
    True
    """
    if not 0 < len(local) <= 64 or local[0] in b".+-" or local[-1] == 46:
        return None
    found = clean_address(local.decode("ascii"), host.decode("ascii"))
    return Address(*found, method, obfuscated, confidence(method, False)) if found else None


class NotUTF8(Exception):
    """What claimed to be UTF-8 is not, next to a candidate."""


class Script(NamedTuple):
    """A script: where its content begins and where it ends.

    `kind` is ``jsonld`` or ``json`` when it is data by its own word, else None; `program` is false
    for templates and the like.
    """

    body: int
    end: int
    kind: str | None
    program: bool


@lru_cache(maxsize=1024)
def _kind_of_script(opening: bytes) -> tuple[str | None, bool]:
    opening = opening.lower()
    if b"json" in opening and _JSON_TYPE.search(opening):
        return "jsonld" if b"ld+json" in opening else "json", False
    return None, not _OTHER_TYPE.search(opening)


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
    script : Script or None
        The script that holds the place that is being read.
    computed : int
        Up to here the strings that scripts compute have been read.
    decoded : bool
        What attributes hold in Base64 has been read.
    functions : Functions or None
        Functions of its own that put addresses together.
    scans : int
        How often it was searched for calls of them.
    """

    __slots__ = (
        "_brackets", "_claimed", "_gt", "_lt", "_tag", "_tag_at", "computed", "context",
        "data", "decoded", "documents", "done", "found", "functions", "kind", "regions", "scans",
        "script", "tags",
    )  # fmt: skip

    def __init__(self, data: bytes, kind: str, marks: Events, context: bool, claimed: bool) -> None:
        self.data = data
        self.kind = kind
        self.tags = kind in ("html", "xml")
        self.found: dict[str, Address] = {}
        self.done = 0
        self.context = context
        self.computed = 0
        self.decoded = False
        self.functions: Functions | None = None
        self.scans = 0
        self.documents: list[str] = []  # documents within this one
        self.regions = Regions(data, marks if self.tags else [])
        self.script: Script | None = None
        self._claimed = claimed
        self._brackets = 0  # angle brackets are known up to here
        self._lt = self._gt = -1
        self._tag_at = -1
        self._tag: list[Attribute] = []

    def enter(self, start: int, end: int) -> None:
        """Note that the script between two offsets is read now."""
        body = self.data.find(b">", start, end) + 1 or end
        opening = self.data[start : min(body, start + 1000)]
        self.script = Script(body, end, *_kind_of_script(opening))

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

    def values(self, start: int) -> dict[str, str]:
        """The values in the tag at `start`, as a browser reads them, by attribute."""
        return {
            a.name: html.unescape(self.data[a.start : a.end].decode("utf-8", "replace"))
            for a in self.tag(start)
        }

    def attribute(self, start: int, place: int) -> Attribute | None:
        """The attribute of the tag at `start` whose value holds `place`."""
        data = self.data
        quote = max(data.rfind(b'"', start, place), data.rfind(b"'", start, place))
        if quote > 0 and data[quote - 1] == 61:  # ="…
            end = data.find(data[quote : quote + 1], place, place + _MAX_VALUE)
            names = data[max(start, quote - _MAX_NAME) : quote - 1].split()
            if end >= 0 and names and names[-1].isascii() and not _QUOTES.search(names[-1]):
                return Attribute(names[-1].lower().decode(), quote + 1, end)
        return next((a for a in self.tag(start) if a.start <= place <= a.end), None)

    def around(self, start: int, end: int, size: int = _WINDOW) -> tuple[str, str]:
        """The shown text before `start` and after `end`, as far as it can matter."""
        data, tags, xml = self.data, self.tags, self.kind == "xml"
        left, right = data[max(0, start - size) : start], data[end : end + size]
        if self.regions.between(start - size, end + size):
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
            self.keep(Address(email, written, match.domain, method, obfuscated, sure), around)

    def keep(self, address: Address, around: tuple[str, str] | None) -> None:
        """Keep an address, unless it is known from a place that says more."""
        old = self.found.get(address.email)
        if old is address:
            return
        if old and (old.obfuscated, -old.confidence) <= (address.obfuscated, -address.confidence):
            return
        if self.context and around:
            before, after = (" ".join(text.split()) for text in around)
            text = f"{before[-_CONTEXT:]} {address.as_found} {after[:_CONTEXT]}".strip()
            address = replace(address, context=html.escape(text))
        self.found[address.email] = address
