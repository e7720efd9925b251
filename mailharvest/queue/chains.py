"""Chains: a job that waits for another starts when that one has completed, and not otherwise."""

from __future__ import annotations

from sqlalchemy import Connection, Row, text

from mailharvest.errors import SpecError
from mailharvest.queue.job import load_job
from mailharvest.queue.jobs import Options, Place, end, insert, plan_whole
from mailharvest.queue.tally import Tally

_NEXT = text("""
    SELECT n.* FROM job n JOIN job j ON n.after_no = j.no
    WHERE j.id = :id AND n.state = 'waiting' ORDER BY n.no
""")
_CATCH = text("SELECT catch, queue, priority FROM job WHERE id = :id")


def follow(connection: Connection, job_id: str, state: str, now: float) -> None:
    """Job `job_id` has ended: start what waited for it, or end that too."""
    if state == "completed":
        for row in connection.execute(_NEXT, {"id": job_id}).fetchall():
            _start(connection, row, now)
    else:
        _stop(connection, job_id, state, now)


def _start(connection: Connection, row: Row[object], now: float) -> None:
    tally = Tally()
    try:
        job = load_job(row.kind, row.args)
    except SpecError as error:
        end(connection, row.no, "failed", str(error), now, tally)
        _stop(connection, row.id, "failed", now)
        return
    run_at = now + max(0.0, row.run_at - row.created_at)  # a delay counts from here
    plan_whole(connection, job, Place(row.no, row.queue, row.priority, run_at), now, tally)
    tally.flush(connection)


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
        job, tally = load_job(kind, args), Tally()
        added = insert(connection, job, Options(), "planning", now)
        assert added is not None
        plan_whole(connection, job, Place(added[0], job.queue, job.priority, now), now, tally)
        tally.flush(connection)
