"""`Ledger`: the database of jobs, chunks, URLs and errors. The truth; everything else may die."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.chunk import FoundURL
from mailharvest.queue import (
    chains,
    claim,
    events,
    frontier,
    jobs,
    keeping,
    limits,
    members,
    rows,
    schedules,
)
from mailharvest.queue.cutting import Scissors
from mailharvest.queue.database import Database
from mailharvest.queue.job import Job, load_job
from mailharvest.queue.jobs import Options, Place
from mailharvest.queue.notes import note_job
from mailharvest.queue.pool import Claim, Outcome
from mailharvest.queue.rows import DispatcherRow, ErrorRow, JobRow
from mailharvest.queue.tally import Counts, Tally, read_counts

__all__ = ["DispatcherRow", "ErrorRow", "JobRow", "Ledger"]

PROMOTED = 1_000
"""Delayed chunks that become ready in one transaction."""

_PROMOTE = text("""
    UPDATE chunk SET state = 'ready' WHERE id IN (
        SELECT id FROM chunk WHERE state = 'delayed' AND run_at <= :now
        ORDER BY run_at LIMIT :limit)
    RETURNING job, kind
""")
_NEXT_DELAYED = text("SELECT MIN(run_at) FROM chunk WHERE state = 'delayed'")
_IDLE = text("""
    SELECT * FROM job j WHERE incomplete = 0 AND state IN ('queued', 'running') AND NOT EXISTS (
        SELECT 1 FROM tally t
        WHERE t.job = j.no AND t.of = 'url' AND t.name = 'waiting' AND t.n > 0)
""")
_PARTS = text("""
    SELECT c.id FROM chunk c JOIN job j ON j.no = c.job
    WHERE j.id = :id AND c.part > :after ORDER BY c.part
""")
_SITES = text("""
    SELECT t.name, t.n FROM tally t JOIN job j ON j.no = t.job
    WHERE j.id = :id AND t.of = 'site' ORDER BY t.n DESC, t.name LIMIT :limit
""")
_SITE_COUNT = text("""
    SELECT COUNT(*) FROM tally t JOIN job j ON j.no = t.job WHERE j.id = :id AND t.of = 'site'
""")
_MINE = text("SELECT id, lease FROM chunk WHERE dispatcher = :me AND state = 'running'")
_SUSPECTS = text("SELECT job, crashes FROM chunk WHERE state = 'ready' AND crashes > 0 LIMIT 1000")
_LEFT = text("""
    SELECT COUNT(*) FROM job j WHERE j.queue IN :queues AND (
        j.state = 'planning' OR (j.state IN ('queued', 'running') AND (
            :delayed = 1 OR j.running > 0 OR j.incomplete = 0
            OR EXISTS (SELECT 1 FROM chunk c WHERE c.job = j.no AND c.state = 'ready')
            OR EXISTS (SELECT 1 FROM tally t
                       WHERE t.job = j.no AND t.of = 'url' AND t.name = 'waiting' AND t.n > 0))))
""").bindparams(bindparam("queues", expanding=True))
_BY_ID = text("SELECT no FROM job WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))


class Ledger:
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
        self.clock = clock
        self.database = Database(place)
        self._scissors = Scissors(self.database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def changed(self) -> bool:
        """Whether somebody else made something ready since the last call; costs next to nothing."""
        return self.database.changed()

    # jobs go in

    def add(
        self,
        job: Job,
        *,
        job_id: str | None = None,
        urls: Iterable[FoundURL] = (),
        options: Options | None = None,
    ) -> str:
        """Put a job onto its queue: its first chunks and its rate limits with it.

        Its URLs (`Job.seeds`, and `urls`) follow in batches; until they are all in, the job is
        ``planning``, and nobody takes it for empty.

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
            if not job.seeds() and not urls:
                self._ready(connection, no)
                return job_id
        self._fill(no, job, urls)
        return job_id

    def _fill(self, no: int, job: Job, urls: Iterable[FoundURL]) -> None:
        for source in (job.seeds(), urls):
            self._seed(no, source)
        with self.database.write() as connection:
            self._ready(connection, no)

    def _ready(self, connection: Connection, no: int) -> None:
        jobs.set_state(connection, no, "queued")
        events.add(connection, "waiting", {no: {}}, self.clock())

    def seed(self, job_id: str, urls: Iterable[FoundURL]) -> int:
        """Add URLs to the frontier of a job, in batches; how many were new.

        What is no http or https URL is noted as an error of the job (``bad_url``).
        """
        with self.database.read() as connection:
            no = rows.number_of(connection, job_id)
        return self._seed(no, urls)

    def _seed(self, no: int, urls: Iterable[FoundURL]) -> int:
        added = 0
        for batch in frontier.batches(urls):
            good, bad = frontier.normal(batch)
            now, tally = self.clock(), Tally()
            with self.database.write() as connection:
                added += frontier.put(connection, no, good, now, tally)
                for url in bad:
                    note_job(connection, no, "bad_url", f"not a URL: {url}", now, tally)
                tally.flush(connection)
        return added

    def add_many(self, many: Sequence[Job], options: Options | None = None) -> list[str]:
        """Add many jobs in one transaction; their ids. URLs of their own go in one by one."""
        simple = [job for job in many if not job.seeds()]
        with self.database.write() as connection:
            ids = iter(jobs.insert_many(connection, simple, options or Options(), self.clock()))
        return [self.add(job, options=options) if job.seeds() else next(ids) for job in many]

    # what is known of them

    def job(self, job_id: str) -> JobRow:
        """One job; `UnknownJob` if there is none of this id."""
        with self.database.read() as connection:
            no = rows.number_of(connection, job_id)
            return rows.jobs_where(connection, "no = :no", {"no": no})[0]

    def jobs(
        self,
        state: str | Sequence[str] | None = None,
        queue: str | None = None,
        *,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[JobRow]:
        """Jobs, newest first."""
        where, asked = "1 = 1", dict[str, Any](limit=limit, offset=offset)
        if state is not None:
            where = "state IN :state"
            asked["state"] = [state] if isinstance(state, str) else [*state]
        if queue is not None:
            where, asked["queue"] = f"{where} AND queue = :queue", queue
        with self.database.read() as connection:
            return rows.jobs_where(connection, where, asked)

    def counts(self, job_id: str) -> dict[tuple[str, str], int]:
        """Chunks of a job by ``(kind, state)``."""
        return self._counts(job_id).chunks

    def frontier_count(self, job_id: str) -> dict[str, int]:
        """URLs of a job by state: waiting, taken, done."""
        return self._counts(job_id).urls

    def error_counts(self, job_id: str) -> dict[str, int]:
        """Errors of a job by kind."""
        return self._counts(job_id).errors

    def _counts(self, job_id: str) -> Counts:
        with self.database.read() as connection:
            no = rows.number_of(connection, job_id)
            return read_counts(connection, [no])[no]

    def errors(
        self,
        job_id: str | None = None,
        *,
        kind: str | None = None,
        resolved: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ErrorRow]:
        """Lines of the error table, newest first."""
        conditions = {
            "job_id = :job_id": job_id is not None,
            "kind = :kind": kind is not None,
            "resolved_at IS NOT NULL": resolved is True,
            "resolved_at IS NULL": resolved is False,
        }
        asked = {"job_id": job_id, "kind": kind, "limit": limit, "offset": offset}
        with self.database.read() as connection:
            return rows.errors_where(
                connection,
                [sql for sql, wanted in conditions.items() if wanted],
                {key: value for key, value in asked.items() if value is not None},
            )

    def parts(self, job_id: str, after: int = 0) -> list[int]:
        """Chunks whose part is committed, in the order of their commits, from number `after` on."""
        with self.database.read() as connection:
            return list(connection.scalars(_PARTS, {"id": job_id, "after": after}))

    def sites(self, job_id: str, limit: int = 20) -> list[tuple[str, int]]:
        """The sites of which most pages were fetched."""
        with self.database.read() as connection:
            found = connection.execute(_SITES, {"id": job_id, "limit": limit})
            return [(site, int(n)) for site, n in found]

    def site_count(self, job_id: str) -> int:
        """Sites of which a page was fetched."""
        with self.database.read() as connection:
            return int(connection.scalar(_SITE_COUNT, {"id": job_id}) or 0)

    def dispatchers(self, limit: int = 100) -> list[DispatcherRow]:
        """Dispatchers, newest first."""
        with self.database.read() as connection:
            return rows.dispatchers(connection, limit)

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

    def reopen(self, job_id: str) -> None:
        """Let a job go on that has failed, was cancelled, or whose URLs were not all in yet."""
        row = self.job(job_id)
        if row.state == "planning":
            self._fill(row.no, load_job(row.kind, row.args), ())
        elif row.state in ("failed", "cancelled"):
            with self.database.write() as connection:
                tally = Tally()
                jobs.reopen(connection, row.no, self.clock(), tally)
                tally.flush(connection)

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

    def mine(self, me: str) -> dict[int, int]:
        """Chunks that this dispatcher holds, and their leases."""
        with self.database.read() as connection:
            return {row.id: row.lease for row in connection.execute(_MINE, {"me": me})}

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

    def left(self, queues: Sequence[str], *, delayed: bool) -> bool:
        """Whether these queues have something to do: now, or (`delayed`) ever."""
        with self.database.read() as connection:
            return bool(connection.scalar(_LEFT, {"queues": list(queues), "delayed": int(delayed)}))

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

    def next_delayed(self) -> float | None:
        """When the next delayed chunk is due."""
        with self.database.read() as connection:
            due = connection.scalar(_NEXT_DELAYED)
        return None if due is None else float(due)

    def next_limit(self) -> float | None:
        """When a rate limit that holds something back opens again."""
        now = self.clock()
        with self.database.read() as connection:
            opening = [limit.opens(now) for limit in limits.load_all(connection).values()]
        return min((at for at in opening if at > now), default=None)

    def cut(self, room: int, *, jobs: Sequence[str] | None = None) -> int:
        """Cut at most `room` chunks from the frontiers, minus those that wait already; how many."""
        return self._scissors.cut(room, jobs, self.clock())

    def next_url(self, jobs: Sequence[str] | None = None) -> float | None:
        """When the first URL of a frontier that could be cut is due, or has waited long enough."""
        return self._scissors.next_due(jobs)

    def idle_jobs(self, connection: Connection, only: Sequence[int] | None) -> list[Row[Any]]:
        """Jobs that have begun and have nothing left to do."""
        found = connection.execute(_IDLE).fetchall()
        return [row for row in found if only is None or row.no in only]

    def numbers(self, job_ids: Sequence[str]) -> list[int]:
        """The numbers of these jobs, as far as there are any."""
        with self.database.read() as connection:
            return list(connection.scalars(_BY_ID, {"ids": list(job_ids)}))

    def suspects(self, only: Sequence[int] | None = None) -> int:
        """Ready chunks that were part of a crash: how many of those that were part of the most."""
        with self.database.read() as connection:
            found = [
                row.crashes
                for row in connection.execute(_SUSPECTS)
                if only is None or row.job in only
            ]
        return found.count(max(found, default=0))

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
