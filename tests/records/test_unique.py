"""The count that a job stops by: against a set, through growth, within its memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.records import UniqueIndex, unique

batches = st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=40))


@settings(deadline=None)
@given(batches)
def test_counts_as_a_set_does(batches: list[list[str]]) -> None:
    index, known = UniqueIndex(), set[str]()
    for batch in batches:
        new = set(batch) - known
        known |= new
        assert index.add(pa.array(batch, pa.string())) == len(new)
        assert len(index) == len(known)


def test_growth_forgets_nothing_and_stays_within_fifteen_bytes_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Python sees what numpy takes, and not what is mapped.
    monkeypatch.setattr(unique, "_zeros", lambda count: np.zeros(max(count, 1), np.uint64))
    total, step = 1_000_000, 50_000
    tracemalloc.start()
    index = UniqueIndex()
    block = 500_000  # what one block of strings takes while it is hashed
    worst = 0.0
    for start in range(0, total, step):
        names = pa.array([f"{n}@x.example.com" for n in range(start, start + step)])
        tracemalloc.reset_peak()
        assert index.add(names) == step
        if start >= total // 2:
            worst = max(worst, (tracemalloc.get_traced_memory()[1] - block) / (start + step))
    tracemalloc.stop()
    assert index.add(pa.chunked_array([names, names])) == 0
    assert len(index) == total
    assert index.nbytes <= 15 * total
    assert 10 <= worst <= 15
