"""Parts: the records of each chunk in a file of their own, named once they are committed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from mailharvest import records


def part_path(parts: Path, job_id: str, chunk_id: int) -> Path:
    """Where the records of a chunk are, once they are committed."""
    return parts / job_id / f"{chunk_id:08d}.parquet"


def write_pending(table: pa.Table, final: Path, lease: int) -> Path:
    """Write the part that may become `final` under a name of that lease's own; which that is."""
    final.parent.mkdir(parents=True, exist_ok=True)
    pending = final.with_suffix(f".{lease}.pending")
    records.write_part(table, pending)
    return pending


def publish(parts: Iterable[tuple[Path, Path]]) -> None:
    """Give each pending part its final name, and wait until the folders remember them."""
    folders = set()
    for pending, final in parts:
        pending.replace(final)
        folders.add(final.parent)
    for folder in folders:
        _sync(folder)


def sweep(folder: Path) -> None:
    """Remove what a dispatcher was writing when it was killed."""
    for left in folder.glob("*.pending"):
        left.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk; Windows has no way to ask for it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
