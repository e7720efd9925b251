"""Chains: a job that waits for another starts when that one has completed, and not otherwise."""

from __future__ import annotations

from sqlalchemy import Connection, Row, text

from mailharvest.queue.job import load_job
from mailharvest.queue.jobs import Options, Place, add_now, end, guarded, plan_whole
from mailharvest.queue.notes import note_job
from mailharvest.queue.pool import Failure
from mailharvest.queue.tally import Tally

_NEXT = text("""
    SELECT n.* FROM job n JOIN job j ON n.after_no = j.no
    WHERE j.id = :id AND n.state = 'waiting' ORDER BY n.no
""")
_CATCH = text("SELECT no, catch, keep FROM job WHERE id = :id")


def follow(connection: Connection, job_id: str, state: str, now: float) -> None:
    """Job `job_id` has ended: start what waited for it, or end that too."""
    if state == "completed":
        for row in connection.execute(_NEXT, {"id": job_id}).fetchall():
            _start(connection, row, now)
    else:
        _stop(connection, job_id, state, now)


def _start(connection: Connection, row: Row[object], now: float) -> None:
    def plan() -> None:
        tally = Tally()
        run_at = now + max(0.0, row.run_at - row.created_at)  # a delay counts from here
        place = Place(row.no, row.queue, row.priority, run_at)
        plan_whole(connection, load_job(row.kind, row.args), place, now, tally)
        tally.flush(connection)

    failure = guarded(connection, plan)
    if failure is not None:
        tally = Tally()
        note_job(connection, row.no, "job_error", failure.message, now, tally)
        end(connection, row.no, "failed", failure.message, now, tally)
        tally.flush(connection)
        _stop(connection, row.id, "failed", now)


def _stop(connection: Connection, job_id: str, state: str, now: float) -> None:
    """The rest of the chain will not run; its `catch` job does."""
    said = f"job {job_id}, which it waited for, is {state}"
    ended = [job_id]
    while ended:
        of = ended.pop()
        for row in connection.execute(_NEXT, {"id": of}).fetchall():
            tally = Tally()
            end(connection, row.no, "cancelled", said, now, tally)
            tally.flush(connection)
            ended.append(row.id)
    row = connection.execute(_CATCH, {"id": job_id}).one()
    if row.catch and state == "failed":
        kind, _, args = row.catch.partition(" ")
        options = Options(keep=row.keep)
        failure = guarded(
            connection, lambda: add_now(connection, load_job(kind, args), now, options)
        )
        if isinstance(failure, Failure):
            tally = Tally()
            note_job(connection, row.no, "job_error", f"catch: {failure.message}", now, tally)
            tally.flush(connection)
