"""After a commit: ask each job what comes next, and end those that have nothing left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, text

from mailharvest.chunk import ChunkSpec
from mailharvest.queue import chains
from mailharvest.queue.attempt import failure_of
from mailharvest.queue.job import Job, JobState
from mailharvest.queue.jobs import Place, add_chunks, end, move_chunks
from mailharvest.queue.notes import note_job
from mailharvest.queue.pool import Failure
from mailharvest.queue.schema import INCOMPLETE
from mailharvest.queue.storable import ours, specs_of
from mailharvest.queue.tally import Counts, Tally, read_counts

T = TypeVar("T")

MOST_VALUES = 1_000
"""Chunks of a job whose values are its result; those of more stay with the chunks."""

MOST_CHARACTERS = 1_000_000
"""Of JSON that such values may have together."""

_VALUES = text("""
    SELECT COALESCE(value, 'null') FROM chunk WHERE job = :no AND planned = 1 ORDER BY id
""")
_MEMO = text("UPDATE job SET memo = :memo WHERE no = :no")


@dataclass(slots=True)
class Progress:
    """A job that a commit touched.

    Attributes
    ----------
    row : Row
        As it was before.
    job : Job or None
        None when its class cannot be had here; then `broken` says why.
    parts, found : int
        As they are now.
    """

    row: Row[Any]
    job: Job | None
    broken: str | None = None
    done: list[tuple[ChunkSpec, Any]] = field(default_factory=list)
    failed: list[tuple[ChunkSpec, str]] = field(default_factory=list)
    last_error: str | None = None
    parts: int = 0
    found: int = 0

    def __post_init__(self) -> None:
        self.parts, self.found = self.row.parts, self.row.found

    @property
    def place(self) -> Place:
        """Where its chunks go."""
        return Place(self.row.no, self.row.queue, self.row.priority, 0.0)


def advance(
    connection: Connection, touched: dict[int, Progress], now: float, tally: Tally
) -> list[tuple[str, str, str]]:
    """Let every job that was touched add chunks, or end.

    Returns
    -------
    list of (job id, state, reason)
        Those that ended.
    """
    tally.flush(connection)
    counts = read_counts(connection, touched)
    ended = []
    for no, progress in sorted(touched.items()):
        verdict = _next(connection, progress, counts[no], now, tally)
        if verdict is not None:
            state, reason = verdict
            result = _result(connection, progress, counts[no])
            end(connection, no, state, reason, now, tally, result)
            ended.append((progress.row.id, state, reason))
    tally.flush(connection)
    for job_id, state, _ in ended:
        chains.follow(connection, job_id, state, now)
    return ended


def spec_of(row: Row[Any]) -> ChunkSpec:
    """The spec that a chunk was made of; without its URLs if they are those of the frontier."""
    data = json.loads(row.data) if row.planned else {}
    return ChunkSpec(row.kind, data, row.shard, row.lane or None, row.cost)


def _next(
    connection: Connection, progress: Progress, counts: Counts, now: float, tally: Tally
) -> tuple[str, str] | None:
    """Ask the job; its state and reason if it has ended."""
    no, job = progress.row.no, progress.job
    if job is None:
        note_job(connection, no, "job_error", str(progress.broken), now, tally)
        return "failed", str(progress.broken)
    state = JobState(
        found=progress.found,
        counts=dict(counts.chunks),
        frontier=counts.urls.get("waiting", 0),
        fetched=counts.urls.get("done", 0),
        lost=counts.lost,
        memo=json.loads(progress.row.memo),
        done=progress.done,
        failed=progress.failed,
        error=progress.last_error,
    )
    answer = _call(lambda: _more(job, state))
    if isinstance(answer, Failure):
        return _broken(connection, no, answer, now, tally)
    specs, memo, kinds = answer
    if memo != progress.row.memo:
        connection.execute(_MEMO, {"no": no, "memo": memo})
    for kind in kinds:
        moved = move_chunks(connection, no, ("delayed", "ready"), "cancelled", now, tally, kind)
        _count(state, moved, "cancelled")
    if state.reason is not None:
        return "completed", state.reason
    if add_chunks(connection, progress.place, specs, now, tally) or state.frontier:
        return None
    if any(n and chunk_state in INCOMPLETE for (_, chunk_state), n in state.counts.items()):
        return None
    verdict = _call(lambda: _verdict(job, state))
    return _broken(connection, no, verdict, now, tally) if isinstance(verdict, Failure) else verdict


def _more(job: Job, state: JobState) -> tuple[list[ChunkSpec], str, list[str]]:
    """The chunks that a job adds, its memo, and the kinds that it cancels, all as can be kept."""
    specs = list(specs_of(job, job.more(state), "more"))
    if state.reason is not None:
        state.reason = str(state.reason)
    return specs, json.dumps(state.memo), sorted(map(str, state.cancel_kinds))


def _verdict(job: Job, state: JobState) -> tuple[str, str]:
    ended, reason = job.verdict(state)
    if ended not in ("completed", "failed"):
        raise ValueError(f"verdict() must say completed or failed, not {ended!r}")
    return ended, str(reason)


def _call(ask: Callable[[], T]) -> T | Failure:
    """The job's own code: what it raises ends that job, and no other."""
    try:
        return ask()
    except Exception as error:
        return failure_of(error)


def _broken(
    connection: Connection, no: int, failure: Failure, now: float, tally: Tally
) -> tuple[str, str]:
    note_job(connection, no, "job_error", failure.message, now, tally)
    return "failed", failure.message


def _count(state: JobState, moved: dict[tuple[str, str], int], new: str) -> None:
    for (kind, old), n in moved.items():
        state.counts[kind, old] = state.counts.get((kind, old), 0) - n
        state.counts[kind, new] = state.counts.get((kind, new), 0) + n


def _result(connection: Connection, progress: Progress, counts: Counts) -> str | None:
    """What its handle returned, as JSON: of several chunks a list in their order.

    None where there is no end of them: of more than `MOST_VALUES` chunks, of those that were cut
    from a frontier, where some did not end well, and of a harvest, whose values are its own affair.
    """
    chunks = sum(counts.chunks.values())
    if chunks == 1 and len(progress.done) == 1:
        return json.dumps(progress.done[0][1])
    whole = all(state == "done" for (_, state), n in counts.chunks.items() if n)
    if not whole or not 0 < chunks <= MOST_VALUES or ours(progress.job):
        return None
    values = connection.scalars(_VALUES, {"no": progress.row.no}).all()
    if len(values) < chunks or sum(map(len, values)) > MOST_CHARACTERS:
        return None
    return values[0] if chunks == 1 else f"[{', '.join(values)}]"
