"""One row an address: the best evidence, counted, whatever order the parts came in."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.records import SCHEMA, Sighting, read_parts, table, to_frame, write_part
from tests.records.sightings import sighting

sightings = st.builds(
    lambda name, **changes: sighting(f"{name}@x.example.com", **changes),
    st.sampled_from("abcdé"),
    confidence=st.sampled_from([0.5, 0.9, 0.95]),
    source_kind=st.sampled_from(["page", "file", "snippet"]),
    source_url=st.sampled_from(["https://x.example.com/1", "https://x.example.com/2"]),
    method=st.sampled_from(["mailto", "text"]),
    role=st.sampled_from(["info", "sales", None]),
    title=st.sampled_from(["Contact", None]),
    rank=st.sampled_from([1, 2, None]),
    found_at=st.integers(0, 3),
)


def oracle(rows: list[Sighting]) -> list[tuple[str, int]]:
    """Addresses in the frame's order with their sightings, by plain Python."""

    def key(row: Sighting) -> tuple[float, int]:
        return -row.confidence, ("page", "file", "snippet").index(row.source_kind)

    best = {row.email: min(key(r) for r in rows if r.email == row.email) for row in rows}
    order = sorted(best, key=lambda email: (best[email], email.encode()))
    return [(email, sum(row.email == email for row in rows)) for email in order]


@settings(deadline=None)
@given(st.lists(sightings, max_size=30), st.randoms())
def test_exact_best_first_and_independent_of_order(
    rows: list[Sighting], rng: random.Random
) -> None:
    frame = to_frame(table(rows))
    pairs = zip(frame["email"].tolist(), frame["sightings"].tolist(), strict=True)
    assert list(pairs) == oracle(rows)
    shuffled = rng.sample(rows, len(rows))
    halves = [table(shuffled[: len(rows) // 2]), table(shuffled[len(rows) // 2 :])]
    pd.testing.assert_frame_equal(to_frame(pa.concat_tables(halves)), frame)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"confidence": 0.9}, {"confidence": 0.5, "source_url": "https://a.example.com/"}),
        ({"source_kind": "page"}, {"source_kind": "file", "source_url": "https://a.example.com/"}),
        (
            {"source_kind": "file"},
            {"source_kind": "snippet", "source_url": "https://a.example.com/"},
        ),
        (
            {"source_url": "https://a.example.com/", "rank": 9},
            {"source_url": "https://b.example.com/"},
        ),
        ({"rank": 1}, {"rank": 2}),
        ({"rank": 2}, {"rank": None}),
        ({"title": "A"}, {"title": None}),
        ({"found_at": 1}, {"found_at": 2}),
    ],
)
def test_the_better_evidence_is_shown(better: dict[str, object], worse: dict[str, object]) -> None:
    wanted = sighting("a@x.example.com", **better)
    for rows in ([wanted, sighting("a@x.example.com", **worse)],) * 2:
        frame = to_frame(table(rows))
        assert frame["sightings"].tolist() == [2]
        pd.testing.assert_frame_equal(
            frame.drop(columns="sightings"), to_frame(table([wanted])).drop(columns="sightings")
        )
        rows.reverse()


def test_limit_keeps_the_best() -> None:
    rows = [sighting(f"{n}@x.example.com", confidence=n / 10) for n in range(10)]
    assert to_frame(table(rows), limit=2)["email"].tolist() == [
        "9@x.example.com",
        "8@x.example.com",
    ]


def test_columns_and_types_with_and_without_rows() -> None:
    full, empty = to_frame(table([sighting("a@x.example.com")])), to_frame(table([]))
    assert list(full.columns) == ["email", "sightings", *SCHEMA.names[1:]]
    assert list(empty.columns) == list(full.columns)
    assert len(empty) == 0
    plain = full.dtypes[[not isinstance(kind, pd.CategoricalDtype) for kind in full.dtypes]]
    assert empty.dtypes[plain.index].equals(plain)
    assert isinstance(full["email"].dtype, pd.StringDtype)
    assert str(full["found_at"].dtype) == "datetime64[us, UTC]"
    assert full["rank"].dtype == pd.Int32Dtype()
    assert full["role"].cat.categories.tolist() == ["info"]


def test_the_same_frame_when_text_is_read_as_dictionaries(tmp_path: Path) -> None:
    rows = [
        sighting(f"{n % 7}@x.example.com", title=None if n % 3 else f"T{n}", role=None, rank=n)
        for n in range(40)
    ]
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    write_part(table(rows[:15]), paths[0])
    write_part(table(rows[15:]), paths[1])
    encoded = read_parts(paths, encoded=True)
    assert pa.types.is_dictionary(encoded.schema.field("title").type)
    pd.testing.assert_frame_equal(to_frame(encoded), to_frame(read_parts(paths)))
    assert to_frame(encoded)["role"].isna().all()
