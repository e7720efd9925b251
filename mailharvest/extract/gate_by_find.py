"""The gate where there is no hyperscan: the same events, by the standard library alone.

`re` takes long over many alternatives, and `bytes.find` long over many literals; but an expression
that begins with one byte is nearly as fast as `bytes.find` for that byte. So every literal goes to
the family of its rarest byte, and only where that stands, and what must stand before it, the
triggers themselves are tried.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from mailharvest.extract.triggers import (
    MARKS,
    PLACE,
    TRIGGERS,
    Events,
    Scan,
    Trigger,
    ordered,
)

_RAREST = b"@\\{}%*$[]&#()!+_zqjxk:=v\"'b;<>/wgypf0123456789muhcdlrsniaote-. "
"""The bytes of literals, in lower case, by how rare they are on pages."""
_SIDE = 8
_HIGH = -1
_SETTLED = 4096


class _Family(NamedTuple):
    """Literals with something in common.

    Attributes
    ----------
    common : pattern
        What they have in common, in lower case: the rarest byte and some of what is before it.
    reach : int
        No literal, with what must follow it, is longer.
    triggers : list
        Number, whether something must follow, and expression of those that they belong to.
    """

    common: re.Pattern[bytes]
    reach: int
    triggers: list[tuple[int, bool, re.Pattern[bytes]]]


def _rarest(literal: bytes) -> int:
    """The rarest byte of a literal, or `_HIGH` when it is not ASCII."""
    return min(literal, key=_RAREST.index) if literal.isascii() else _HIGH


def _tree(literals: Iterable[bytes]) -> bytes:
    """An expression for any of `literals` that tells them apart byte by byte.

    >>> _tree([b"at", b"as", b"b"])
    b'(?:a(?:s|t)|b)'
    """
    rest: dict[bytes, list[bytes]] = {}
    for literal in sorted(set(literals)):
        if not literal:
            return b""
        rest.setdefault(literal[:1], []).append(literal[1:])
    branches = [re.escape(first) + _tree(tails) for first, tails in rest.items()]
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


def _common(byte: int, literals: list[tuple[bytes, bytes]]) -> re.Pattern[bytes]:
    """What literals have in common, given each with what must stand before it."""
    if byte == _HIGH:  # five bytes from the first one that is not ASCII
        return re.compile(_tree(re.sub(rb"\A[\x00-\x7f]+", b"", text)[:5] for _, text in literals))
    behind: dict[tuple[bytes, int], list[bytes]] = {}
    around: dict[bytes, list[bytes]] = {}
    for before, literal in literals:
        place = literal.index(byte)
        known = literal[max(0, place - _SIDE) : place + 1]
        if place > 2:
            key = (before if place < _SIDE else b"", len(known))
            behind.setdefault(key, []).append(known)
        else:
            around.setdefault(known, []).append(literal[place + 1 :])
    parts = [b"(?<=%b%b)" % (before, _tree(some)) for (before, _), some in behind.items()]
    parts += [b"(?<=%b)%b" % (re.escape(some), _tree(rest)) for some, rest in around.items()]
    return re.compile(re.escape(bytes((byte,))) + b"(?:%b)" % b"|".join(parts), re.DOTALL)


def _families(triggers: tuple[Trigger, ...], first: int) -> dict[int, _Family]:
    """The literals of `triggers`, whose numbers begin with `first`, by their rarest byte."""
    members: dict[int, dict[int, list[bytes]]] = {}
    for number, trigger in enumerate(triggers):
        for literal in trigger.literals:
            group = members.setdefault(_rarest(literal.lower()), {})
            group.setdefault(number, []).append(literal)
    families = {}
    for byte, group in members.items():
        rows = []
        for number, literals in group.items():
            trigger = triggers[number]
            before = b"(?<=%b)" % trigger.before if trigger.before else b""
            flags = re.DOTALL | (re.IGNORECASE if trigger.caseless else 0)
            pattern = re.compile(before + _tree(literals) + trigger.after, flags)
            rows.append((first + number, bool(trigger.after), pattern))
        every = [(triggers[n].before, literal.lower()) for n in group for literal in group[n]]
        reach = max(len(text) + triggers[n].reach for n in group for text in group[n])
        families[byte] = _Family(_common(byte, every), reach, rows)
    return families


def _look(data: bytes, lower: bytes, families: dict[int, _Family]) -> Events:
    events = array("q")
    for byte, (common, reach, triggers) in families.items():
        if byte == _HIGH and data.isascii():
            continue
        place = common.search(lower)
        recent: set[int] = set()  # what the windows of two neighbours both hold is one event
        while place:
            if len(recent) > _SETTLED:
                settled = [e for e in recent if (e >> PLACE) < place.start() - 2 * reach]
                events.extend(settled)
                recent.difference_update(settled)
            low, high = max(0, place.start() - reach), place.end() + reach
            for number, width, pattern in triggers:
                found = pattern.search(data, low, high)
                while found:
                    recent.add(((found.end() - width) << PLACE) + number)
                    found = pattern.search(data, found.start() + 1, high)
            place = common.search(lower, place.start() + 1)
        events.extend(recent)
    return ordered(events)


def scan_by_find() -> Scan:
    """The scan by the standard library alone."""
    wanted = _families(TRIGGERS, 0)
    others = _families(MARKS, len(TRIGGERS))

    def scan(data: bytes) -> tuple[Events, Events]:
        lower = data.lower()
        events = _look(data, lower, wanted)
        return events, _look(data, lower, others) if events else []

    return scan
