"""The jobs of the benchmarks; a module of its own, because workers import them by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from mailharvest.chunk import ChunkSpec
from mailharvest.queue.job import Job
from mailharvest.queue.pool import Context

SECONDS = 2.0


class Report(Job):
    """A small payload, a small result."""

    month: int
    year: int = 2026

    def handle(self, ctx: Context) -> dict[str, int]:  # noqa: ARG002
        return {"rows": self.month}


class Stamp(Job):
    """Writes down when it began."""

    path: str
    n: int

    def handle(self, ctx: Context) -> None:  # noqa: ARG002
        stamp(self.path, self.n)


def report(month: int, year: int = 2026) -> dict[str, int]:  # noqa: ARG001
    """`Report` for queues whose jobs are functions."""
    return {"rows": month}


def stamp(path: str, n: int) -> None:
    """`Stamp` for queues whose jobs are functions."""
    with Path(path).open("a") as file:
        file.write(f"{time.time()}\n{n}.\n")


class Naps(Job):
    """`count` chunks that wait for two seconds, as one waits for a server."""

    count: int

    def chunks(self) -> Iterable[ChunkSpec]:
        return (ChunkSpec("nap") for _ in range(self.count))

    def in_flight(self) -> int:
        return self.count

    async def handle(self, ctx: Context) -> float:  # noqa: ARG002
        began = time.time()
        await asyncio.sleep(SECONDS)
        return began
