"""Parts: whole or absent, and nothing but what was asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mailharvest.errors import LedgerError
from mailharvest.records import SCHEMA, read_parts, table, write_part
from tests.records.sightings import sighting


def test_table_keeps_the_schema_whatever_the_rows() -> None:
    assert table([]).schema == SCHEMA
    rows = table(
        [sighting("a@x.example.com", role=None, rank=None), tuple(sighting("b@x.example.com"))]
    )
    assert rows.schema == SCHEMA
    assert rows["email"].to_pylist() == ["a@x.example.com", "b@x.example.com"]


def test_found_at_is_a_moment_or_microseconds() -> None:
    moment = datetime(2026, 11, 22, 4, tzinfo=UTC)
    rows = table([sighting("a@x.example.com", found_at=moment)])
    assert rows["found_at"].to_pylist() == [moment]
    rows = table([sighting("a@x.example.com", found_at=1_000_000)])
    assert rows["found_at"].to_pylist() == [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]


def test_half_a_surrogate_pair_does_not_lose_the_chunk() -> None:
    rows = table(
        [sighting("a@x.example.com", title="cut \ud83d"), sighting("b@x.example.com", title=None)]
    )
    assert rows["title"].to_pylist() == ["cut ?", None]


def test_a_row_of_the_wrong_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="zip"):
        table([("a@x.example.com", "a@x.example.com")])


def test_parts_come_back_as_written(tmp_path: Path) -> None:
    first = table([sighting("a@x.example.com"), sighting("b@x.example.com", title="Ünï\n\x00")])
    second = table([sighting("c@x.example.com")])
    write_part(first, tmp_path / "1.parquet")
    write_part(second, tmp_path / "2.parquet")
    write_part(table([]), tmp_path / "3.parquet")
    paths = [tmp_path / f"{n}.parquet" for n in (1, 2, 3)]
    assert read_parts(paths).equals(pa.concat_tables([first, second]).combine_chunks())
    assert read_parts(paths[1:2], ["rank", "email"]).column_names == ["rank", "email"]
    assert read_parts([]).schema == SCHEMA
    assert read_parts([], ["email"]).schema.names == ["email"]


def test_a_part_is_replaced_and_no_temporary_file_stays(tmp_path: Path) -> None:
    for email in ("a@x.example.com", "b@x.example.com"):
        write_part(table([sighting(email)]), tmp_path / "1.parquet")
    assert read_parts([tmp_path / "1.parquet"])["email"].to_pylist() == ["b@x.example.com"]
    assert [path.name for path in tmp_path.iterdir()] == ["1.parquet"]


def test_a_write_that_fails_leaves_the_old_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_part(table([sighting("a@x.example.com")]), tmp_path / "1.parquet")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailharvest.records.schema.pq.write_table", full)
    with pytest.raises(OSError, match="No space"):
        write_part(table([sighting("b@x.example.com")]), tmp_path / "1.parquet")
    assert read_parts([tmp_path / "1.parquet"])["email"].to_pylist() == ["a@x.example.com"]
    assert [path.name for path in tmp_path.iterdir()] == ["1.parquet"]


def test_a_missing_or_broken_part_is_named(tmp_path: Path) -> None:
    write_part(table([sighting("a@x.example.com")]), tmp_path / "1.parquet")
    with pytest.raises(LedgerError, match=r"2\.parquet"):
        read_parts([tmp_path / "1.parquet", tmp_path / "2.parquet"])
    (tmp_path / "3.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(LedgerError, match=r"3\.parquet"):
        read_parts([tmp_path / "3.parquet"])
