"""A frame to a file that others can open: CSV that starts no formula, JSON, Parquet."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from mailharvest.errors import SpecError
from mailharvest.given import a_path
from mailharvest.records.frame import CATEGORIES
from mailharvest.records.schema import SCHEMA, replacing

ENDINGS = (".csv", ".json", ".jsonl", ".parquet")
"""What can be exported, by the file's ending."""

_BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for the code page of the country

# First characters that make a spreadsheet read a cell as a formula (OWASP, CSV Injection; ASVS
# 1.2.10), with the full-width ones; and our own mark, so that what was written can be read back.
_FORMULA = "^[=+\\-@\t\r\n\\x00＝＋－＠']"
_MARK = "'"


def check_ending(path: str | Path) -> str:
    """The ending of `path`, if it is one of :data:`ENDINGS`; ``-`` is CSV.

    Raises
    ------
    SpecError
        It is another.
    """
    ending = ".csv" if str(path) == "-" else Path(a_path(path, "output")).suffix.lower()
    if ending not in ENDINGS:
        raise SpecError(
            f"cannot export to {str(path)!r}: its ending is none of {', '.join(ENDINGS)}",
            fix="name it leads.csv, leads.json, leads.jsonl or leads.parquet",
        )
    return ending


def check_place(path: str | Path) -> None:
    """See that `path` can be written: its folder is there and takes files, and it is no folder.

    Raises
    ------
    SpecError
    """
    if str(path) == "-":
        return
    path = Path(path)
    with _plainly(path):
        if not path.parent.is_dir():
            raise SpecError(f"there is no folder {str(path.parent)!r}", fix="create it first")
        if path.is_dir():
            raise SpecError(f"{str(path)!r} is a folder", fix="name a file in it")
        with tempfile.TemporaryFile(dir=path.parent):  # to try is the one sure test
            pass


@contextlib.contextmanager
def _plainly(path: str | Path) -> Iterator[None]:
    """Say in one line why `path` cannot be written."""
    try:
        yield
    except BrokenPipeError:  # nobody reads on: for the command line to see
        raise
    except OSError as error:
        place = "standard output" if str(path) == "-" else repr(str(path))
        raise SpecError(
            f"cannot write to {place}: {error.strerror or error}", fix="name another place"
        ) from error


def export(frame: pd.DataFrame, path: str | Path) -> None:
    """Write `frame` in the format that the ending of `path` names; ``-`` is CSV on stdout.

    In CSV a cell that a spreadsheet would take for a formula gets an apostrophe in front;
    :func:`read_csv` takes it away. The file appears when it is whole.

    Raises
    ------
    SpecError
        The ending is unknown, or nothing can be written there.
    """
    ending = check_ending(path)
    if str(path) == "-":
        with _plainly(path):
            _to_stdout(frame)
        return
    check_place(path)
    with _plainly(path), replacing(path) as file:
        if ending == ".csv":
            file.write(_BOM)
            _write_csv(frame, file)
        elif ending == ".parquet":
            pq.write_table(_arrow(frame), file, compression="zstd")
        else:
            frame.to_json(
                file,
                orient="records",
                lines=ending == ".jsonl",
                date_format="iso",
                date_unit="us",
                force_ascii=False,
            )


def read_csv(path: str | Path) -> pd.DataFrame:
    """The frame that :func:`export` wrote to a CSV file, as it was."""
    kinds = {**{name: SCHEMA.field(name).type for name in SCHEMA.names}, "sightings": pa.int64()}
    read = pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=kinds,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
        ),
    )
    for place, field in enumerate(read.schema):
        if pa.types.is_string(field.type):
            text = pc.replace_substring_regex(read.column(place), f"^{_MARK}", "")
            read = read.set_column(place, field.name, text)
    text_type = pd.StringDtype("pyarrow", na_value=np.nan)
    types = {pa.string(): text_type, pa.int32(): pd.Int32Dtype()}
    frame: pd.DataFrame = read.to_pandas(types_mapper=types.get)
    return frame.astype({name: "category" for name in CATEGORIES if name in frame})


def _to_stdout(frame: pd.DataFrame) -> None:
    sink = pa.BufferOutputStream()
    _write_csv(frame, sink)
    sys.stdout.write(sink.getvalue().to_pybytes().decode())
    sys.stdout.flush()


def _write_csv(frame: pd.DataFrame, file: IO[bytes] | pa.NativeFile) -> None:
    cells = _arrow(frame)
    for place, field in enumerate(cells.schema):
        if pa.types.is_dictionary(field.type):
            cells = cells.set_column(place, field.name, cells.column(place).cast(pa.string()))
        column = cells.column(place)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            mark, nothing = pa.scalar(_MARK, column.type), pa.scalar("", column.type)
            marked = pc.binary_join_element_wise(mark, column, nothing)
            risky = pc.match_substring_regex(column, _FORMULA)
            cells = cells.set_column(place, field.name, pc.if_else(risky, marked, column))
    pa_csv.write_csv(cells, file)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)
