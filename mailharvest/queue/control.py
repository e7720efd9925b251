"""Whole queues: chains, pauses, limits, counts, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import text

from mailharvest.errors import SpecError
from mailharvest.given import whole
from mailharvest.queue import limits, rows
from mailharvest.queue.claim import PAUSED
from mailharvest.queue.database import announce
from mailharvest.queue.given import a_job, some_jobs
from mailharvest.queue.job import Job, kind_of, queue_name
from mailharvest.queue.jobs import Options, Place, insert, plan_whole
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.storable import args_of
from mailharvest.queue.tally import Tally

_READY = "EXISTS (SELECT 1 FROM chunk c WHERE c.job = job.no AND c.state = 'ready')"
_BEGUN = "state IN ('queued', 'running') AND running = 0"
ACTIVE = "state IN ('queued', 'running') AND running > 0"
DELAYED = f"{_BEGUN} AND incomplete > 0 AND NOT {_READY}"
WAITING = f"(state IN ('planning', 'waiting') OR ({_BEGUN} AND (incomplete = 0 OR {_READY})))"

_COUNTS = text(f"""
    SELECT
        SUM(CASE WHEN {WAITING} THEN 1 ELSE 0 END), SUM(CASE WHEN {ACTIVE} THEN 1 ELSE 0 END),
        SUM(CASE WHEN {DELAYED} THEN 1 ELSE 0 END),
        SUM(CASE WHEN state = 'completed' THEN 1 ELSE 0 END),
        SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END),
        SUM(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END)
    FROM job
""")
_QUEUE_STATS = text("""
    SELECT COALESCE(SUM(pending), 0) AS pending, COALESCE(SUM(processing), 0) AS processing,
        COALESCE(SUM(completed), 0) AS completed, COALESCE(SUM(failed), 0) AS failed
    FROM queue_stats
""")
_WORKER_STATS = text("""
    SELECT
        COALESCE(SUM(CASE WHEN stopped_at IS NULL AND busy > 0 THEN 1 ELSE 0 END), 0) AS active,
        COALESCE(SUM(CASE WHEN stopped_at IS NULL AND busy = 0 THEN 1 ELSE 0 END), 0) AS idle,
        COALESCE(SUM(pages), 0) AS pages, COALESCE(SUM(emails), 0) AS emails,
        COALESCE(AVG(COALESCE(stopped_at, :now) - started_at), 0) AS runtime
    FROM (SELECT d.*, (SELECT COUNT(*) FROM chunk c
                       WHERE c.dispatcher = d.id AND c.state = 'running') AS busy
          FROM dispatcher d) AS known
""")
_FAILED = text("""
    SELECT id FROM job WHERE (state = 'failed' OR (state = 'completed' AND id = :id AND EXISTS (
            SELECT 1 FROM tally WHERE job = job.no AND of = 'url' AND name = 'lost' AND n > 0)))
        AND (CAST(:id AS TEXT) IS NULL OR id = :id)
        AND (CAST(:queue AS TEXT) IS NULL OR queue = :queue)
    ORDER BY no
""")
_RESOLVE = text("""
    UPDATE error SET resolved_at = :now
    WHERE resolved_at IS NULL AND (CAST(:id AS BIGINT) IS NULL OR id = :id)
""")
_PAUSE = text("INSERT INTO meta (key, value) VALUES (:key, 'paused') ON CONFLICT (key) DO NOTHING")
_UNPAUSE = text("DELETE FROM meta WHERE key = :key")


class Counts(TypedDict):
    """Jobs by where they are."""

    waiting: int
    active: int
    delayed: int
    completed: int
    failed: int
    cancelled: int


def counts(ledger: Ledger) -> Counts:
    """How many jobs are where."""
    with ledger.database.read() as connection:
        row = connection.execute(_COUNTS).one()
    waiting, active, delayed, completed, failed, cancelled = (int(n or 0) for n in row)
    return Counts(
        waiting=waiting, active=active, delayed=delayed, completed=completed, failed=failed,
        cancelled=cancelled,
    )  # fmt: skip


def stats(ledger: Ledger) -> dict[str, dict[str, float]]:
    """The specification's figures: ``queue-stats`` (chunks) and ``worker-stats`` (dispatchers)."""
    with ledger.database.read() as connection:
        queue = connection.execute(_QUEUE_STATS).one()
        worker = connection.execute(_WORKER_STATS, {"now": ledger.clock()}).one()
    return {
        "queue-stats": {name: int(n) for name, n in queue._mapping.items()},
        "worker-stats": {
            "active_workers": int(worker.active),
            "idle_workers": int(worker.idle),
            "total_pages": int(worker.pages),
            "total_emails": int(worker.emails),
            "avg_runtime": round(float(worker.runtime), 3),
        },
    }


def failed(ledger: Ledger, job_id: str | None, queue: str | None) -> list[str]:
    """The failed jobs: this one, those of a queue, or all; the oldest first.

    One that is named is among them as well when it is completed, but for pages that were lost.
    """
    with ledger.database.read() as connection:
        if job_id is not None:
            rows.number_of(connection, job_id)
        return list(connection.scalars(_FAILED, {"id": job_id, "queue": queue}))


def chain(ledger: Ledger, jobs: Sequence[Job], catch: Job | None, keep: str | None) -> list[str]:
    """Add jobs of which each waits for the one before; their ids."""
    jobs = some_jobs(jobs)
    if not jobs:
        raise SpecError("a chain has at least one job")
    said = None if catch is None else f"{kind_of(a_job(catch, 'catch'))} {args_of(catch)}"
    ids: list[str] = []
    before = None
    with ledger.database.write() as connection:
        now, tally = ledger.clock(), Tally()
        for job in jobs:
            state = "planning" if before is None else "waiting"
            options = Options(after_no=before, catch=said, keep=keep)
            added = insert(connection, job, options, state, now)
            assert added is not None  # its id is new
            if before is None:
                place = Place(added[0], job.queue, job.priority, now)
                plan_whole(connection, job, place, now, tally)
            before = added[0]
            ids.append(added[1])
        tally.flush(connection)
    return ids


def pause(ledger: Ledger, queue: str) -> None:
    """Start nothing more of a queue."""
    with ledger.database.write() as connection:
        connection.execute(_PAUSE, {"key": f"pause:{queue_name(queue)}"})


def resume(ledger: Ledger, queue: str) -> None:
    """Start what waits in a queue again."""
    with ledger.database.write() as connection:
        connection.execute(_UNPAUSE, {"key": f"pause:{queue_name(queue)}"})
        announce(connection)


def paused(ledger: Ledger) -> list[str]:
    """The queues that are paused."""
    with ledger.database.read() as connection:
        return sorted(key[6:] for key in connection.scalars(PAUSED))


def limit(ledger: Ledger, queue: str, most: int, per: float) -> None:
    """At most so many starts of a queue in `per` seconds."""
    most = whole(most, "max")
    if not per > 0:
        said = "a limit is of so many starts in some seconds"
        raise SpecError(said, field="duration", fix='max=10, duration="1s"')
    with ledger.database.write() as connection:
        limits.define(connection, f"queue:{queue_name(queue)}", most, per)


def resolve(ledger: Ledger, error_id: int | None) -> int:
    """Mark one error, or all, as seen to; how many were open."""
    with ledger.database.write() as connection:
        done = connection.execute(_RESOLVE, {"now": ledger.clock(), "id": error_id}).rowcount
    if error_id is not None and not done:
        raise SpecError(f"no open error {error_id}", fix="see the list of errors")
    return done
