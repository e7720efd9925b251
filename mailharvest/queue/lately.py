"""Which workers there are, as far as the ledger knows: those that did the newest chunks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from mailharvest.queue.ledger import Ledger

NEWEST = 500
"""Chunks that are looked at."""

_WORKERS = text("""
    SELECT worker, COUNT(*) AS chunks, MAX(finished_at) AS at FROM
        (SELECT worker, finished_at FROM chunk ORDER BY id DESC LIMIT :newest) AS lately
    WHERE worker <> '' AND finished_at IS NOT NULL GROUP BY worker ORDER BY at DESC, worker
""")


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker: how many of the newest chunks it did, and when (epoch seconds) the last."""

    name: str
    chunks: int
    at: float


def workers(ledger: Ledger) -> list[Worker]:
    """Those that did the newest chunks, who was heard of last first."""
    with ledger.database.read() as connection:
        return [Worker(*row) for row in connection.execute(_WORKERS, {"newest": NEWEST})]
