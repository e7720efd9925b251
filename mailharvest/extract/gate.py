"""Bytes first: where on a page an address could be, found at near memory speed.

Most pages hold no candidate and are dismissed here, neither decoded nor parsed. A page is scanned
once for all triggers: by `hyperscan` where it is installed, else by the standard library, with the
identical list as the result.
"""

from __future__ import annotations

import importlib
import re
import threading
from array import array
from functools import cache
from typing import Any

from mailharvest.extract.gate_by_find import scan_by_find
from mailharvest.extract.triggers import MARKS, PLACE, TRIGGERS, Events, Scan, ordered


def _optional(name: str) -> Any:
    """A module, or None where there is no wheel of it for this platform."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


hyperscan = _optional("hyperscan")


def scan_by_hyperscan() -> Scan:
    """The scan by hyperscan; each thread has scratch space of its own."""
    triggers = TRIGGERS + MARKS
    wanted = len(TRIGGERS)
    # What to add to the shifted end of a match.
    codes = [number - ((1 << PLACE) if t.after else 0) for number, t in enumerate(triggers)]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[
            t.before + b"(?:" + b"|".join(map(re.escape, t.literals)) + b")" + t.after
            for t in triggers
        ],
        ids=list(range(len(triggers))),
        flags=[
            hyperscan.HS_FLAG_DOTALL | (hyperscan.HS_FLAG_CASELESS if t.caseless else 0)
            for t in triggers
        ],
        elements=len(triggers),
    )
    local = threading.local()

    def scan(data: bytes) -> tuple[Events, Events]:
        try:
            scratch = local.scratch
        except AttributeError:
            scratch = local.scratch = hyperscan.Scratch(database)
        events = array("q")
        marks = array("q")

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            (events if number < wanted else marks).append((end << PLACE) + codes[number])

        database.scan(data, note, scratch=scratch)
        return (ordered(events), ordered(marks)) if events else ([], [])

    return scan


@cache
def gate() -> Scan:
    """The scan by the fastest engine there is; compiled when the first page needs it."""
    return scan_by_hyperscan() if hyperscan else scan_by_find()
