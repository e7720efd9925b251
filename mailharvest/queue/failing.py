"""What becomes of a chunk whose attempt gave no result.

Three budgets: `tries` for exceptions and timeouts; crashes, of which a chunk may cause three
before it is split until the item that kills is alone; and releases, which are free.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import Any

from pyarrow import ArrowException
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
)

from mailharvest.chunk import ChunkSpec
from mailharvest.errors import MailharvestError
from mailharvest.queue import frontier, limits
from mailharvest.queue.attempt import one_line
from mailharvest.queue.jobs import Place, add_chunk
from mailharvest.queue.pool import Failure
from mailharvest.queue.progressing import Progress
from mailharvest.queue.tally import Tally

CRASHES = 3
"""Deaths of a worker after which a chunk that was alone on it is split or set aside."""

_OF_VALUES = (DataError, IntegrityError, InterfaceError, ProgrammingError)
_OF_A_JOB = (DataError, FileNotFoundError, ArrowException)  # an older part of it is gone or torn
_OF_OTHERS = (MailharvestError, SQLAlchemyError, OSError, MemoryError)

_SETTLE = text("""
    UPDATE chunk SET state = :state, run_at = :run_at, attempt = :attempt, tries = :tries,
        crashes = :crashes, error = :error, finished_at = :finished_at
    WHERE id = :id
""")


def unfit(error: Exception) -> Failure | None:
    """What it means for an outcome, alone in its commit, that this came of it; None: nothing.

    What the database says of itself, or the disk, is no outcome's doing and may pass; what it says
    of a value will be the same another time.
    """
    its_own = isinstance(error, _OF_VALUES) or isinstance(error.__cause__, _OF_A_JOB)
    if not its_own and isinstance(error, _OF_OTHERS):
        return None
    said = one_line(f"its outcome cannot be committed: {type(error).__name__}: {error}")
    return Failure("fail", "failed", said)


@dataclass(slots=True)
class Settlement:
    """What is to be done with a chunk.

    Attributes
    ----------
    state : str
        Its next state; ``done`` for one that was split, or whose only item was set aside.
    halves : list of ChunkSpec
        What it was split into.
    culprit : str or None
        The URL or file that was set aside.
    severity : str or None
        Of the line in the error table; None is no line.
    """

    row: Row[Any]
    failure: Failure
    state: str
    run_at: float
    attempt: int
    tries: int
    crashes: int
    halves: list[ChunkSpec] = field(default_factory=list)
    culprit: str | None = None
    severity: str | None = "error"

    def carry_out(self, connection: Connection, place: Place, now: float, tally: Tally) -> None:
        """Bring it into the ledger."""
        row = self.row
        ended = self.state in ("failed", "done")
        connection.execute(
            _SETTLE,
            {
                "id": row.id,
                "state": self.state,
                "run_at": self.run_at,
                "attempt": self.attempt,
                "tries": self.tries,
                "crashes": self.crashes,
                "error": self.failure.error,
                "finished_at": now if ended else None,
            },
        )
        tally.chunks(row.job, row.kind, "running", self.state)
        for half in self.halves:
            # It has used up its crashes: one more, alone, and it is split again.
            new = add_chunk(
                connection,
                replace(place, run_at=now),
                half,
                crashes=CRASHES - 1,
                planned=row.planned,
                tally=tally,
            )
            if not row.planned:
                frontier.give(connection, row.job, row.id, new, (u[0] for u in half.data["urls"]))
        if self.culprit is not None and not row.planned:
            frontier.finish(connection, row.job, {row.id: ()}, now, tally)
        if self.failure.error == "rate_limited" and row.lane:
            limits.close(connection, row.lane, now + self.failure.delay)


def judge(
    job: Progress, row: Row[Any], failure: Failure, tries: int, now: float, rng: random.Random
) -> Settlement:
    """Decide about one failed attempt, of at most `tries`."""
    plain = Settlement(row, failure, "failed", now, row.attempt, row.tries, row.crashes)
    match failure.kind:
        case "release" | "lost":
            plain.attempt -= 1
            plain.severity = None
            return _again(plain, now, failure.delay)
        case "exception" | "timeout":
            plain.tries += 1
            if plain.tries < tries and job.job is not None:
                plain.severity = "warning"
                return _again(plain, now, job.job.backoff.pause(plain.tries, rng))
            return _divide(plain) if failure.kind == "timeout" else plain
        case "crash":
            plain.crashes += 1
            plain.severity = "critical"
            if failure.alone and plain.crashes >= CRASHES:
                return _divide(plain)
            return _again(plain, now, 0.0)
    return plain  # fail, refused


def _again(plain: Settlement, now: float, delay: float) -> Settlement:
    plain.state = "delayed" if delay > 0 else "ready"
    plain.run_at = now + delay
    return plain


def _divide(plain: Settlement) -> Settlement:
    """Split the chunk; if its item is alone set that aside; if it is neither, it has failed."""
    data = json.loads(plain.row.data)
    name = next((key for key in ("urls", "items") if isinstance(data.get(key), list)), None)
    if name is not None and len(data[name]) > 1:
        middle = len(data[name]) // 2
        spec = ChunkSpec(
            plain.row.kind, data, plain.row.shard, plain.row.lane or None, plain.row.cost
        )
        plain.halves = [
            replace(spec, data={**data, name: part})
            for part in (data[name][:middle], data[name][middle:])
        ]
        plain.state = "done"
    elif (culprit := _only_item(data, name)) is not None:
        plain.culprit = culprit
        plain.state = "done"
    return plain


def _only_item(data: dict[str, Any], name: str | None) -> str | None:
    if name is None:
        return None if data.get("path") is None else str(data["path"])
    if not data[name]:
        return None
    item = data[name][0]
    return str(item[0] if isinstance(item, list) and item else item)
