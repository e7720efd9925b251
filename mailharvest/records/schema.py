"""One sighting of one address, and the Parquet parts that sightings are kept in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from mailharvest.errors import LedgerError

TEXT = pa.string()

_TOGETHER = 64
_READERS = min(4, os.cpu_count() or 1)  # threads that read parts; each has some MB of Arrow's

SCHEMA = pa.schema(
    [
        ("email", TEXT),
        ("as_found", TEXT),
        ("domain", TEXT),
        ("email_type", TEXT),
        ("role", TEXT),
        ("source_url", TEXT),
        ("source_kind", TEXT),
        ("method", TEXT),
        ("obfuscated", pa.bool_()),
        ("confidence", pa.float32()),
        ("title", TEXT),
        ("query", TEXT),
        ("rank", pa.int32()),
        ("found_at", pa.timestamp("us", tz="UTC")),
        ("job_id", TEXT),
    ]
)
"""Columns of a part, in this order."""


class Sighting(NamedTuple):
    """One row: an address, seen in one place. A plain tuple in this order will do as well.

    Attributes
    ----------
    email : str
        Normalised: the key by which duplicates are found.
    as_found : str
        As the page wrote it.
    email_type : str
        ``business`` or ``free``.
    role : str or None
        ``info``, ``sales`` and the like; None for a person's own address.
    source_kind : str
        ``page``, ``file`` or ``snippet``.
    obfuscated : bool
        Whether the page hid it from robots.
    confidence : float
        0 to 1.
    rank : int or None
        Place of the page among the results of `query`, 1-based.
    found_at : datetime or int
        Aware, or microseconds of the epoch.
    """

    email: str
    as_found: str
    domain: str
    email_type: str
    role: str | None
    source_url: str
    source_kind: str
    method: str
    obfuscated: bool
    confidence: float
    title: str | None
    query: str | None
    rank: int | None
    found_at: datetime | int
    job_id: str


def table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Sightings as an Arrow table in :data:`SCHEMA`.

    >>> table([("a@x.example.com", "A@x.example.com", "x.example.com", "business", None, "https://x.example.com/",
    ...         "page", "text", False, 0.9, None, None, None, 0, "j1")]).num_rows
    1
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.Table.from_arrays(
        [_array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        # A search API cuts titles in the middle of a surrogate pair, and JSON can carry the half.
        return pa.array([v and v.encode("utf-8", "replace").decode() for v in values], kind)


def write_part(part: pa.Table, path: str | Path) -> None:
    """Write `part`; when this returns its bytes are on the disk.

    Its name may not be, and what dies meanwhile leaves half of it: whoever wants neither writes it
    under another name, renames it, and waits for the folder, once for many parts.
    """
    sink = pa.BufferOutputStream()
    # Without dictionaries, in which little repeats that snappy does not find in less time; zstd
    # would take half the bytes and twice the time.
    pq.write_table(part, sink, compression="snappy", use_dictionary=False, write_statistics=False)
    with Path(path).open("wb") as file:
        file.write(sink.getvalue())
        file.flush()
        os.fsync(file.fileno())


def read_parts(
    paths: Iterable[str | Path], columns: Sequence[str] | None = None, *, encoded: bool = False
) -> pa.Table:
    """The sightings in these parts, in their order.

    Parameters
    ----------
    paths : iterable of path
    columns : sequence of str, optional
        Leave the others unread.
    encoded : bool
        Text as dictionaries: a third of the memory, since most of it is said again and again.

    Raises
    ------
    LedgerError
        A part is missing or cannot be read.
    """
    schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
    if encoded:
        schema = pa.schema([_encoded(field) for field in schema])
    # Not as a dataset, which reads so many ahead that it needs twice the memory; and joined some at
    # a time, because thousands of small tables take more than what is in them.
    paths = list(paths)
    groups = [paths[at : at + _TOGETHER] for at in range(0, len(paths), _TOGETHER)]
    # Where there is one group the threads would cost more than the parts.
    with ThreadPoolExecutor(_READERS) if len(groups) > 1 else contextlib.nullcontext() as pool:
        each = pool.map if pool is not None else map
        tables = each(lambda some: _joined([_read_part(path, schema) for path in some]), groups)
        return pa.concat_tables([schema.empty_table(), *tables])


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _encoded(field: pa.Field) -> pa.Field:
    return field.with_type(pa.dictionary(pa.int32(), field.type)) if field.type == TEXT else field


def _read_part(path: str | Path, schema: pa.Schema) -> pa.Table:
    text = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    try:
        with pq.ParquetFile(path, read_dictionary=text) as part:
            table = part.read(columns=schema.names, use_threads=False)
        return table if table.schema.equals(schema) else table.cast(schema)
    except (OSError, pa.ArrowException) as error:
        raise LedgerError(f"a part of the job cannot be read: {path}: {error}") from error


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` when the block ends well."""
    path = Path(path)
    # Not the whole name: one as long as a name may be would be too long with ours around it.
    temporary = path.with_name(f".{path.name[:40]}.{uuid4().hex[:12]}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
