"""`Ledger`: the database of jobs, chunks, URLs and errors. The truth; everything else may die."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from mailharvest.chunk import FoundURL
from mailharvest.queue import (
    chains,
    claim,
    events,
    frontier,
    jobs,
    keeping,
    members,
    rows,
    schedules,
)
from mailharvest.queue.cutting import Scissors
from mailharvest.queue.database import Database
from mailharvest.queue.given import some_jobs
from mailharvest.queue.job import Job, load_job
from mailharvest.queue.jobs import Options, Place
from mailharvest.queue.notes import note_job
from mailharvest.queue.pool import Claim, Outcome
from mailharvest.queue.reading import Reader
from mailharvest.queue.rows import DispatcherRow, ErrorRow, JobRow
from mailharvest.queue.storable import args_of, specs_of
from mailharvest.queue.tally import Tally

__all__ = ["DispatcherRow", "ErrorRow", "JobRow", "Ledger"]

PROMOTED = 1_000
"""Delayed chunks that become ready in one transaction."""

_PROMOTE = text("""
    UPDATE chunk SET state = 'ready' WHERE id IN (
        SELECT id FROM chunk WHERE state = 'delayed' AND run_at <= :now
        ORDER BY run_at LIMIT :limit)
    RETURNING job, kind
""")


class Ledger(Reader):
    """Jobs and everything that is known of them, durable from the moment a call returns.

    Any number of processes may open the same ledger at the same time. Safe to use from several
    threads.

    Parameters
    ----------
    place : str or path
        A file (SQLite), ``sqlite:///…`` or ``postgresql://…``. SQLite wants a local disk, not a
        network share.
    clock : callable
        Epoch seconds; another one in tests.

    Raises
    ------
    LedgerError
        It cannot be opened.
    LedgerVersion
        It was written by a newer mailharvest.
    """

    def __init__(
        self, place: str | os.PathLike[str], *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(Database(place), clock)
        self._scissors = Scissors(self.database)

    # jobs go in

    def add(
        self,
        job: Job,
        *,
        job_id: str | None = None,
        options: Options | None = None,
    ) -> str:
        """Put a job onto its queue: its first chunks and its rate limits with it.

        Its URLs (`Job.seeds`) follow in batches, and what is none is noted as an error of the job
        (``bad_url``); until they are all in, the job is ``planning``: nobody takes it for empty.

        Returns
        -------
        str
            Its id. If there is a job of that id, or one that holds the same unique key, that one
        stays as it is, and its id is returned.
        """
        options = options or Options(job_id=job_id)
        now, tally = self.clock(), Tally()
        with self.database.write() as connection:
            if options.unique_key is not None:
                holder = jobs.make_room(connection, options, now)
                if holder is not None:
                    return holder
            added = jobs.insert(connection, job, options, "planning", now)
            if added is None:
                return str(options.job_id)
            no, job_id = added
            place = Place(
                no,
                options.queue or job.queue,
                options.priority or job.priority,
                options.run_at or now,
            )
            jobs.plan(connection, job, place, now, tally)
            tally.flush(connection)
            if not job.seeds():
                self._ready(connection, no)
                return job_id
        self._fill(no, job)
        return job_id

    def _fill(self, no: int, job: Job) -> None:
        self._seed(no, job.seeds())
        with self.database.write() as connection:
            self._ready(connection, no)

    def _ready(self, connection: Connection, no: int) -> None:
        if jobs.ready(connection, no):
            events.add(connection, "waiting", {no: {}}, self.clock())

    def _seed(self, no: int, urls: Iterable[FoundURL]) -> None:
        for batch in frontier.batches(urls):
            good, bad = frontier.normal(batch)
            now, tally = self.clock(), Tally()
            with self.database.write() as connection:
                frontier.put(connection, no, good, now, tally)
                for url in bad:
                    note_job(connection, no, "bad_url", f"not a URL: {url}", now, tally)
                tally.flush(connection)

    def add_many(self, many: Iterable[Job], options: Options | None = None) -> list[str]:
        """Add many jobs in one transaction; their ids. URLs of their own go in one by one."""
        given = [(job, bool(job.seeds())) for job in some_jobs(many)]
        simple = [job for job, seeded in given if not seeded]
        for job, seeded in given:
            if seeded:  # a bad one is refused before the others are in
                args_of(job)
                for _ in specs_of(job, job.chunks()):
                    pass
        with self.database.write() as connection:
            ids = iter(jobs.insert_many(connection, simple, options or Options(), self.clock()))
        return [self.add(job, options=options) if seeded else next(ids) for job, seeded in given]

    # what a person decides

    def cancel(self, job_id: str, reason: str = "cancelled") -> bool:
        """End a job; what it found stays. False if it had ended before."""
        with self.database.write() as connection:
            no = rows.number_of(connection, job_id)
            if rows.jobs_where(connection, "no = :no", {"no": no})[0].ended:
                return False
            now, tally = self.clock(), Tally()
            jobs.end(connection, no, "cancelled", reason, now, tally)
            tally.flush(connection)
            chains.follow(connection, job_id, "cancelled", now)
            return True

    def reopen(self, job_id: str, *, lost: bool = False) -> None:
        """Let a job go on that has failed, was cancelled, or whose URLs were not all in yet.

        With `lost` also one that is completed: it asks again for what it had lost.
        """
        with self.database.write() as connection:
            no = rows.number_of(connection, job_id)
            (row,) = rows.jobs_where(connection, "no = :no", {"no": no})
            if row.state in ("failed", "cancelled") or (lost and row.state == "completed"):
                tally = Tally()
                jobs.reopen(connection, no, self.clock(), tally)
                tally.flush(connection)
        if row.state == "planning":
            self._fill(no, load_job(row.kind, row.args))

    # dispatchers

    def register(self, name: str, queues: Sequence[str], *, inline: bool = False) -> str:
        """A dispatcher begins; its id. `inline`: chunks run in its own process."""
        with self.database.write() as connection:
            return members.register(connection, name, queues, inline=inline, now=self.clock())

    def beat(self, me: str, slots: int = 0) -> bool:
        """Still here; False when the others have given this dispatcher up and freed its chunks."""
        with self.database.write() as connection:
            return members.beat(connection, me, slots, self.clock())

    def close_dispatcher(self, me: str, reason: str) -> None:
        """A dispatcher ends; what it still holds goes back, no try used."""
        with self.database.write() as connection:
            members.close(connection, me, reason, self.clock())

    def rescue(self, me: str, stale_after: float = members.STALE_AFTER) -> list[Outcome]:
        """Free what dispatchers hold that are gone; then close their rows.

        Returns
        -------
        list of Outcome
            Crashes to be committed: chunks that ran inside the process that died, so that one
            that kills it does not do so for ever. Their dispatcher is closed the next time.
        """
        with self.database.read() as connection:
            if not members.gone(connection, me, stale_after, self.clock()) and not members.unowned(
                connection
            ):
                return []
        crashes: list[Outcome] = []
        with self.database.write() as connection:
            now = self.clock()
            for other in members.unowned(connection):
                members.free(connection, members.held(connection, other), now)
            for row in members.gone(connection, me, stale_after, now):
                held = members.held(connection, row.id)
                members.stalled(connection, held, now)
                if row.inline and held:
                    crashes += [members.crash(chunk, alone=len(held) == 1) for chunk in held]
                else:
                    members.close(connection, row.id, "gone", now)
        return crashes

    # the loop of a dispatcher

    def tick(self) -> list[str]:
        """Add the jobs of schedules that are due; their ids."""
        now = self.clock()
        with self.database.read() as connection:
            due = schedules.next_at(connection)
        if due is None or due > now:
            return []
        with self.database.write() as connection:
            return schedules.tick(connection, now)

    def hear(self, notes: Sequence[tuple[int, int, dict[str, Any]]]) -> None:
        """Write down what running chunks said: (chunk id, lease, message)."""
        with self.database.write() as connection:
            events.hear(connection, notes, self.clock())

    def prune(self) -> list[str]:
        """Forget jobs that need not be kept, old events, old dispatchers; the ids of the jobs."""
        gone: list[str] = []
        while True:
            now = self.clock()
            with self.database.read() as connection:
                found = keeping.surplus(connection, now)
            with self.database.write() as connection:
                keeping.forget(connection, found)
                keeping.tidy(connection, now)
            gone += found
            if len(found) < keeping.BATCH:
                return gone

    def promote(self) -> int:
        """Delayed chunks whose time has come are ready; how many."""
        now = self.clock()
        due = self.next_delayed()
        if due is None or due > now:
            return 0
        tally, promoted = Tally(), 0
        with self.database.write() as connection:
            for row in connection.execute(_PROMOTE, {"now": now, "limit": PROMOTED}).fetchall():
                tally.chunks(row.job, row.kind, "delayed", "ready")
                promoted += 1
            tally.flush(connection)
        return promoted

    def cut(self, room: int, *, jobs: Sequence[str] | None = None) -> int:
        """Cut at most `room` chunks from the frontiers, minus those that wait already; how many."""
        return self._scissors.cut(room, jobs, self.clock())

    def next_url(self, jobs: Sequence[str] | None = None) -> float | None:
        """When the first URL of a frontier that could be cut is due, or has waited long enough."""
        return self._scissors.next_due(jobs)

    def claim(
        self,
        me: str,
        n: int,
        queues: Sequence[str],
        *,
        jobs: Sequence[int] | None = None,
        suspects: bool = False,
        timeout: float | None = None,
    ) -> list[Claim]:
        """Take at most `n` chunks to run; see `mailharvest.queue.claim`.

        A dispatcher that the others have given up gets none.
        """
        with self.database.write() as connection:
            if not members.alive(connection, me):
                return []
            return claim.claim(
                connection,
                me,
                n,
                queues,
                now=self.clock(),
                jobs=jobs,
                suspects=suspects,
                timeout=timeout,
            )
