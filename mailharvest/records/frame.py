"""Sightings to the frame that a person works with: one row an address, with its best evidence.

A million sightings are some 300 MB of text, most of it said again and again, so it is kept as
dictionaries until the rows are chosen, and a column is let go of as soon as the frame has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mailharvest.records.schema import SCHEMA, TEXT

KINDS = ("page", "file", "snippet")
"""Kinds of source, the best evidence first."""

CATEGORIES = ("email_type", "role", "source_kind", "method", "query", "job_id")
"""Columns of few different values: categorical in a frame."""

# After confidence and kind, all other columns, so that no two different rows are equal. What chance
# decides comes late: which query led to a page first, and when.
_TIES = (
    "source_url",
    "method",
    "obfuscated",
    "as_found",
    "title",
    "role",
    "email_type",
    "domain",
    "rank",
    "query",
    "job_id",
    "found_at",
)

Indices = npt.NDArray[np.int64]
Columns = dict[str, pa.Array]


def to_frame(records: pa.Table, limit: int | None = None) -> pd.DataFrame:
    """One row for each address, best first, with the number of its `sightings`.

    The row shown is the sighting with the highest confidence; among equals a page wins over a
    file and a file over a snippet, then the smaller source_url and so on, column by column. The
    frame is ordered by confidence, kind of source and address.
    So it does not depend on the order of the sightings.

    Parameters
    ----------
    records : pyarrow.Table
        In :data:`SCHEMA`; text may be encoded as dictionaries, which takes less memory.
    limit : int, optional
        Keep the first so many.
    """
    pieces = dict(zip(records.column_names, records.columns, strict=True))
    del records
    columns: Columns = {}
    for name in SCHEMA.names:
        columns[name] = _whole(pieces.pop(name))
        pa.default_memory_pool().release_unused()  # Arrow keeps what it had, in case
    codes = _codes(columns["email"])
    sightings = np.bincount(codes, minlength=len(columns["email"].dictionary))
    weight = _weight(columns)
    best = _best(columns, codes, weight, sightings)
    place = _inverse(pc.sort_indices(columns["email"].dictionary).to_numpy())
    order = np.lexsort((place[codes[best]], -weight[best]))[:limit]
    rows = best[order]
    counts = sightings[codes[rows]].astype(np.int64)
    del codes, weight, best, place, order
    frame = _to_pandas(columns, rows)
    pa.default_memory_pool().release_unused()
    frame.insert(1, "sightings", counts)
    return frame


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array, text as one dictionary."""
    if column.type == TEXT:
        column = pc.dictionary_encode(column)
    return column.unify_dictionaries().combine_chunks()


def _codes(column: pa.Array) -> Indices:
    """Of each row, the number of its text in the dictionary; -1 where there is none."""
    codes: Indices = column.indices.fill_null(-1).to_numpy().astype(np.int64)
    return codes


def _weight(columns: Columns) -> Indices:
    """Confidence and kind as one number: the larger, the better evidence."""
    confidence: npt.NDArray[np.float32] = columns["confidence"].to_numpy(zero_copy_only=False)
    kinds = columns["source_kind"].dictionary.to_pylist()
    known = [KINDS.index(kind) if kind in KINDS else len(KINDS) for kind in kinds]
    kind = np.array([*known, len(KINDS)], np.int64)[_codes(columns["source_kind"])]
    millionths: Indices = np.rint(np.nan_to_num(confidence) * 1e6).astype(np.int64)
    return millionths * 8 - kind


def _best(columns: Columns, codes: Indices, weight: Indices, sightings: Indices) -> Indices:
    """The row of the best sighting of each address."""
    top = np.full(len(sightings), np.iinfo(np.int64).min)
    np.maximum.at(top, codes, weight)
    candidates = np.flatnonzero(weight == top[codes])
    tied = np.bincount(codes[candidates], minlength=len(sightings))[codes[candidates]] > 1
    ties = candidates[tied]
    keys: list[npt.NDArray[Any]] = [_place(columns[name], ties) for name in reversed(_TIES)]
    keys.append(-columns["confidence"].take(pa.array(ties)).to_numpy(zero_copy_only=False))
    keys.append(codes[ties])
    ties = ties[np.lexsort(keys)]
    first = np.ones(len(ties), bool)
    first[1:] = codes[ties[1:]] != codes[ties[:-1]]
    return np.concatenate([candidates[~tied], ties[first]])


def _place(column: pa.Array, rows: Indices) -> npt.NDArray[np.int32]:
    """Where the values of these rows stand in their order; none is the last."""
    column = column.take(pa.array(rows))
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values, places = _ordered(column)
    return np.where(places < 0, len(values), places).astype(np.int32)


def _ordered(column: pa.DictionaryArray) -> tuple[pa.Array, Indices]:
    """The values of a column in order, and each row's place among them; -1 where it has none."""
    codes, inverse = np.unique(_codes(column), return_inverse=True)
    used = column.dictionary.take(pa.array(codes[codes >= 0]))
    order = pc.sort_indices(used)
    places = np.concatenate([np.full(len(codes) - len(used), -1), _inverse(order.to_numpy())])
    return used.take(order), places[inverse]


def _inverse(order: Indices) -> Indices:
    """Each value's place, given which value comes at which."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


def _to_pandas(columns: Columns, rows: Indices) -> pd.DataFrame:
    """These rows, with the same types under pandas 2.3 and 3; empties `columns`."""
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    types: dict[Any, Any] = {TEXT: text, pa.int32(): pd.Int32Dtype()}
    chosen = pa.array(rows)
    series: dict[str, Any] = {}
    for name in SCHEMA.names:
        column = columns.pop(name).take(chosen)
        if name in CATEGORIES:
            series[name] = pd.Series(_categorical(column))
        else:
            plain = column.dictionary_decode() if column.type != SCHEMA.field(name).type else column
            series[name] = plain.to_pandas(types_mapper=types.get)
    return pd.DataFrame(series, copy=False)


def _categorical(column: pa.DictionaryArray) -> pd.Categorical:
    """With its categories in order, so that they do not tell the order of the rows."""
    values, places = _ordered(column)
    return pd.Categorical.from_codes(
        places,
        categories=pd.Index(values.to_pandas(), dtype=pd.StringDtype("pyarrow", na_value=np.nan)),
    )
