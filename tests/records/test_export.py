"""Files that are safe to open and that read back as they were."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.errors import SpecError
from mailharvest.records import export, read_csv, table, to_frame
from tests.records.sightings import sighting

HOSTILE = [
    '=HYPERLINK("http://x.example.com/","here")',
    "+1@x.example.com",
    "-2@x.example.com",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x00=1",
    "＝1",
    "'quoted",
    "''=1",
    "",
    'plain, with "quotes"\r\nand lines',
    "<img src=x onerror=alert(1)>",
    "أحمد الشريف",
]


def frame_of(titles: list[str | None]) -> pd.DataFrame:
    return to_frame(table([sighting(f"{n}@x.example.com", title=t) for n, t in enumerate(titles)]))


def test_no_cell_starts_a_formula_and_all_come_back(tmp_path: Path) -> None:
    frame = to_frame(
        table([sighting(f"{n}@x.example.com", title=t, query=t) for n, t in enumerate(HOSTILE)])
    )
    export(frame, tmp_path / "leads.csv")
    with (tmp_path / "leads.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell and cell[0] in "=+-@\t\r\n\x00＝＋－＠"]
    pd.testing.assert_frame_equal(read_csv(tmp_path / "leads.csv"), frame)


@settings(deadline=None)
@given(st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_csv_is_reversible(tmp_path_factory: pytest.TempPathFactory, titles: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "leads.csv"
    frame = frame_of(titles)
    export(frame, path)
    pd.testing.assert_frame_equal(read_csv(path), frame)


def test_csv_begins_with_a_mark_for_excel_and_pandas_reads_it(tmp_path: Path) -> None:
    export(frame_of(["Müller"]), tmp_path / "leads.csv")
    assert (tmp_path / "leads.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert pd.read_csv(tmp_path / "leads.csv")["title"].tolist() == ["Müller"]


def test_stdout_gets_csv_without_the_mark(capsys: pytest.CaptureFixture[str]) -> None:
    export(frame_of(["Müller"]), "-")
    out = capsys.readouterr().out
    assert out.startswith('"email","sightings",')
    assert "Müller" in out


def test_json_and_jsonl_hold_one_object_a_row(tmp_path: Path) -> None:
    frame = frame_of(["Müller", None])
    for name in ("leads.json", "leads.JSONL"):
        export(frame, tmp_path / name)
    rows = json.loads((tmp_path / "leads.json").read_text("utf-8"))
    lines = (tmp_path / "leads.JSONL").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert [row["title"] for row in rows] == ["Müller", None]
    assert rows[0]["found_at"].startswith("2026-09-21T")


def test_parquet_comes_back_as_it_was(tmp_path: Path) -> None:
    frame = frame_of(HOSTILE)
    export(frame, tmp_path / "leads.parquet")
    # Values only: pandas 2.3 reads text as objects.
    read = pq.read_table(tmp_path / "leads.parquet").to_pylist()
    assert read == pa.Table.from_pandas(frame).to_pylist()


def test_an_empty_frame_exports_in_every_format(tmp_path: Path) -> None:
    for ending in ("csv", "json", "jsonl", "parquet"):
        export(to_frame(table([])), tmp_path / f"none.{ending}")
    assert len(read_csv(tmp_path / "none.csv")) == 0
    assert json.loads((tmp_path / "none.json").read_text()) == []


@pytest.mark.parametrize("name", ["leads.xlsx", "leads", "leads.csv.gz"])
def test_an_unknown_ending_is_refused_with_those_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match=r"\.csv, \.json, \.jsonl, \.parquet") as error:
        export(frame_of(["x"]), tmp_path / name)
    assert error.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no folder"):
        export(frame_of(["x"]), tmp_path / "gone" / "leads.csv")


def test_what_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").mkdir()
    with pytest.raises(SpecError, match="is a folder"):
        export(frame_of(["x"]), tmp_path / "leads.csv")
    with pytest.raises(SpecError, match=r"cannot write to .*\(name another place\)"):
        export(frame_of(["x"]), tmp_path / ("x" * 300 + ".csv"))  # longer than a name may be
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]
    long = tmp_path / ("x" * 251 + ".csv")
    export(frame_of(["x"]), long)
    assert len(read_csv(long)) == 1
