"""How a chunk's outcome travels from its worker: as one row of bytes.

Left to itself, Dask sends every column of a table and every value by its own: 40 frames a result,
each looked at on both sides, which cost a worker a fifth of its time.
"""

from __future__ import annotations

import pickle
from dataclasses import replace

import pyarrow as pa

from mailharvest.chunk import ChunkResult
from mailharvest.queue.pool import Failure

Ended = tuple[ChunkResult | None, Failure | None, str]
"""An `Outcome` without its claim, which whoever sent it still has: result, failure, worker."""


def pack(result: ChunkResult | None, failure: Failure | None, worker: str) -> bytes:
    """The outcome of a chunk as bytes.

    >>> unpack(pack(ChunkResult(value=1), None, "tcp://127.0.0.1:1"))[0].value
    1
    """
    records = None
    if result is not None and result.records is not None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, result.records.schema) as stream:
            stream.write_table(result.records)
        records = sink.getvalue().to_pybytes()
        result = replace(result, records=None)
    return pickle.dumps((result, records, failure, worker), protocol=5)


def unpack(parcel: bytes) -> Ended:
    """What `pack` packed."""
    result, records, failure, worker = pickle.loads(parcel)
    if records is not None:
        result.records = pa.ipc.open_stream(records).read_all()
    return result, failure, worker
