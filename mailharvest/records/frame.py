"""Sightings to the frame that a person works with: one row an address, with its best evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mailharvest.records.schema import SCHEMA

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


def to_frame(records: pa.Table, limit: int | None = None) -> pd.DataFrame:
    """One row for each address, best first, with the number of its `sightings`.

    The row shown is the sighting with the highest confidence; among equals a page wins over a
    file and a file over a snippet, then the smaller source_url and so on, column by column. The
    frame is ordered by confidence, kind of source and address.
    So it does not depend on the order of the sightings.

    Parameters
    ----------
    records : pyarrow.Table
        In :data:`SCHEMA`.
    limit : int, optional
        Keep the first so many.
    """
    emails = pc.dictionary_encode(records["email"].combine_chunks())
    codes = emails.indices.to_numpy()
    sightings = np.bincount(codes, minlength=len(emails.dictionary))
    weight = _weight(records)
    best = _best(records, codes, weight, sightings)
    order = np.lexsort((_rank_of(emails.dictionary)[codes[best]], -weight[best]))[:limit]
    rows = best[order]
    frame = _to_pandas(records.take(pa.array(rows)))
    frame.insert(1, "sightings", sightings[codes[rows]].astype(np.int64))
    return frame


def _weight(records: pa.Table) -> Indices:
    """Confidence and kind as one number: the larger, the better evidence."""
    confidence: npt.NDArray[np.float32] = records["confidence"].to_numpy()
    known = pc.index_in(records["source_kind"], pa.array(KINDS))
    kind: Indices = known.fill_null(len(KINDS)).to_numpy()
    millionths: Indices = np.rint(np.nan_to_num(confidence) * 1e6).astype(np.int64)
    return millionths * 8 - kind


def _best(records: pa.Table, codes: Indices, weight: Indices, sightings: Indices) -> Indices:
    """The row of the best sighting of each address."""
    top = np.full(len(sightings), np.iinfo(np.int64).min)
    np.maximum.at(top, codes, weight)
    candidates = np.flatnonzero(weight == top[codes])
    tied = np.bincount(codes[candidates], minlength=len(sightings))[codes[candidates]] > 1
    ties = candidates[tied]
    rows = records.select(["confidence", *_TIES]).take(pa.array(ties))
    rows = rows.append_column("code", pa.array(codes[ties]))
    keys = [("code", "ascending"), ("confidence", "descending")]
    keys += [(name, "ascending") for name in _TIES]
    ties = ties[pc.sort_indices(rows, keys).to_numpy()]
    first = np.ones(len(ties), bool)
    first[1:] = codes[ties[1:]] != codes[ties[:-1]]
    return np.concatenate([candidates[~tied], ties[first]])


def _rank_of(strings: pa.Array) -> Indices:
    """Each string's place in the order of all of them."""
    order = pc.sort_indices(strings).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _to_pandas(rows: pa.Table) -> pd.DataFrame:
    """The rows with the same types under pandas 2.3 and 3."""
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    types: dict[Any, Any] = {pa.string(): text, pa.int32(): pd.Int32Dtype()}
    plain = rows.drop_columns(list(CATEGORIES))
    frame: pd.DataFrame = plain.to_pandas(types_mapper=types.get)
    for place, name in enumerate(SCHEMA.names):
        if name in CATEGORIES:
            frame.insert(place, name, pd.Series(_categorical(rows[name])))
    return frame


def _categorical(column: pa.ChunkedArray) -> pd.Categorical:
    """With its categories in order, so that they do not tell the order of the rows."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    rank = _rank_of(encoded.dictionary)
    codes = encoded.indices.fill_null(-1).to_numpy()
    categories = encoded.dictionary.to_pandas().sort_values()
    return pd.Categorical.from_codes(
        np.where(codes < 0, -1, rank[codes] if len(rank) else -1),
        categories=pd.Index(categories, dtype=pd.StringDtype("pyarrow", na_value=np.nan)),
    )
