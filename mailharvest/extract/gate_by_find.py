"""The gate where there is no hyperscan: the same events, by the standard library alone.

`re` takes long over many alternatives, and `bytes.find` long over many literals. So the literals
are put into a few families, each with something rare in common that one short expression finds;
and only there the triggers themselves are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mailharvest.extract.triggers import MARKS, PLACE, TRIGGERS, Events, Scan, Trigger

_FIRST = b"&%\\"
_LAST = b"])}:(=#"
_SUFFIX = 6


class _Family(NamedTuple):
    """Literals with something in common.

    Attributes
    ----------
    common : pattern
        What they have in common, in lower case.
    reach : int
        No literal, with what must follow it, is longer.
    triggers : list
        Number, whether something must follow, and expression of those that they belong to.
    """

    common: re.Pattern[bytes]
    reach: int
    triggers: list[tuple[int, bool, re.Pattern[bytes]]]


def _kind(literal: bytes) -> str:
    if b"@" in literal:
        return "sign"
    if not literal.isascii():
        return "high"
    if literal[0] in _FIRST:
        return "first"
    return "last" if literal[-1] in _LAST else "word"


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


def _common(kind: str, literals: list[tuple[bytes, bytes]]) -> re.Pattern[bytes]:
    """What literals have in common, given each with what must stand before it."""
    if kind == "sign":
        return re.compile(b"@")
    if kind == "high":  # five bytes from the first one that is not ASCII
        high = [re.sub(rb"\A[\x00-\x7f]+", b"", literal)[:5] for _, literal in literals]
        return re.compile(_tree(high))
    if kind == "last":
        ends: dict[tuple[bytes, int], list[bytes]] = {}
        for before, literal in literals:
            end = literal[-_SUFFIX:]
            key = (before if len(end) == len(literal) else b"", len(end))
            ends.setdefault(key, []).append(end[:-1])
        behind = [b"(?<=%b%b.)" % (before, _tree(some)) for (before, _), some in ends.items()]
        flags = re.DOTALL | re.IGNORECASE
        return re.compile(b"[%b](?:%b)" % (re.escape(_LAST), b"|".join(behind)), flags)
    return re.compile(_tree(literal for _, literal in literals))


def _families(triggers: tuple[Trigger, ...], first: int) -> dict[str, _Family]:
    """The literals of `triggers`, whose numbers begin with `first`, by family."""
    members: dict[str, dict[int, list[bytes]]] = {}
    for number, trigger in enumerate(triggers):
        for literal in trigger.literals:
            members.setdefault(_kind(literal), {}).setdefault(number, []).append(literal)
    families = {}
    for kind, group in members.items():
        rows = []
        for number, literals in group.items():
            trigger = triggers[number]
            before = b"(?<=%b)" % trigger.before if trigger.before else b""
            flags = re.DOTALL | (re.IGNORECASE if trigger.caseless else 0)
            pattern = before + _tree(literals) + trigger.after
            rows.append((first + number, bool(trigger.after), re.compile(pattern, flags)))
        every = [(triggers[n].before, literal.lower()) for n in group for literal in group[n]]
        reach = max(len(literal) for _, literal in every) + 4
        families[kind] = _Family(_common(kind, every), reach, rows)
    return families


def _look(data: bytes, lower: bytes, families: dict[str, _Family]) -> Events:
    events = set()
    for kind, (common, reach, triggers) in families.items():
        if (kind == "high" and data.isascii()) or (kind == "sign" and b"@" not in data):
            continue
        place = common.search(lower)
        while place:
            low, high = max(0, place.start() - reach), place.end() + reach
            for number, width, pattern in triggers:
                found = pattern.search(data, low, high)
                while found:
                    events.add(((found.end() - width) << PLACE) + number)
                    found = pattern.search(data, found.start() + 1, high)
            place = common.search(lower, place.start() + 1)
    return sorted(events)


def scan_by_find() -> Scan:
    """The scan by the standard library alone."""
    wanted = _families(TRIGGERS, 0)
    others = _families(MARKS, len(TRIGGERS))

    def scan(data: bytes) -> tuple[Events, Events]:
        lower = data.lower()
        events = _look(data, lower, wanted)
        return events, _look(data, lower, others) if events else []

    return scan
