"""How many addresses are new: exact enough to stop a job at its target, small for millions."""

from __future__ import annotations

import math
import mmap
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]

_FULL = 0.82  # share of the slots that may be taken
_GROWTH = 1.13  # while a table grows: 8 bytes of hashes and 8 · 1.13 / 0.82 of slots an address
_FIRST = 1 << 10
_BOUNDS = np.array([1, 2, 3], np.uint64) << np.uint64(62)
_BLOCK = 1 << 13
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


class UniqueIndex:
    """Counts distinct strings by their 64-bit hashes, in 10 to 14 bytes each.

    Tables with open addressing and a random probe sequence. The hash is Python's own, SipHash
    with a key drawn at start-up: a page cannot plan a collision, and the index cannot be stored.
    Of a million addresses one is taken for another with a chance of 3 in 10⁸ (of ten million, 3
    in 10⁶); it would then be missing from the count, never from the frame.

    Examples
    --------
    >>> seen = UniqueIndex()
    >>> seen.add(pa.array(["a@x.example.com", "b@x.example.com", "a@x.example.com"]))
    2
    >>> seen.add(pa.array(["b@x.example.com"])), len(seen)
    (0, 2)
    """

    def __init__(self) -> None:
        self._tables = [_Table() for _ in range(len(_BOUNDS) + 1)]

    def __len__(self) -> int:
        return sum(table.count for table in self._tables)

    @property
    def nbytes(self) -> int:
        """Bytes that the tables take."""
        return sum(table.slots.nbytes for table in self._tables)

    def add(self, *columns: pa.Array | pa.ChunkedArray) -> int:
        """Add the strings of `columns`; how many of them were new.

        One call with many short columns costs a fraction of a call for each.
        """
        before = len(self)
        lists = (
            column.slice(start, _BLOCK).to_pylist()
            for column in columns
            for start in range(0, len(column), _BLOCK)
        )
        numbers = map(hash, chain.from_iterable(lists))
        while len(signed := np.fromiter(islice(numbers, _BLOCK), np.int64)):
            signed[signed == 0] = 1  # 0 marks a free slot
            hashes = np.unique(signed.view(np.uint64))
            parts = np.split(hashes, np.searchsorted(hashes, _BOUNDS))
            for table, part in zip(self._tables, parts, strict=True):
                table.add(part)
        return len(self) - before


class _Table:
    """Of the hashes in one range, so that only a part of all is copied when there is no room."""

    def __init__(self) -> None:
        self.slots = _zeros(_FIRST)
        self.count = 0

    def add(self, hashes: Hashes) -> None:
        """Put distinct `hashes` in."""
        self._reserve(len(hashes))
        self.count += _insert(self.slots, hashes)

    def _reserve(self, more: int) -> None:
        """Make room for `more` hashes; never holds the old table and the new one at once."""
        needed = (self.count + more) / _FULL
        if needed <= len(self.slots):
            return
        size = math.ceil(max(needed, len(self.slots) * _GROWTH))
        hashes, at = _zeros(self.count), 0
        for start in range(0, len(self.slots), _BLOCK):
            held = self.slots[start : start + _BLOCK]
            held = held[held != 0]
            hashes[at : at + len(held)] = held
            at += len(held)
        del self.slots
        self.slots = _zeros(size)
        for start in range(0, len(hashes), _BLOCK):
            _insert(self.slots, hashes[start : start + _BLOCK])


def _zeros(count: int) -> Hashes:
    """So many zeros; the system has their memory back once they are let go of.

    Of what numpy lets go of, malloc keeps blocks of up to 32 MB, which nothing here fits again.
    """
    return np.frombuffer(mmap.mmap(-1, max(count, 1) * 8), np.uint64)


def _insert(slots: Hashes, hashes: Hashes) -> int:
    """Put distinct `hashes` into `slots` where they are not yet; how many went in."""
    added, probe = 0, hashes * _MIX
    while len(hashes):
        # The upper half of the product of the upper half and the size: a slot without a division.
        at = ((probe >> _HALF) * np.uint64(len(slots)) >> _HALF).astype(np.intp)
        held = slots[at]
        free = held == 0
        slots[at[free]] = hashes[free]  # of several that want one slot, the last stays
        placed = slots[at] == hashes
        added += int(np.count_nonzero(placed & free))
        left = ~placed
        hashes = hashes[left]
        probe = (probe[left] + _STEP) * _MIX
    return added
