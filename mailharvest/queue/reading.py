"""What a ledger knows: every look at it that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.queue import frontier, limits, members, rows
from mailharvest.queue.claim import PAUSED
from mailharvest.queue.database import Database
from mailharvest.queue.rows import DispatcherRow, ErrorRow, JobRow
from mailharvest.queue.tally import Counts, read_counts

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
            :delayed = 1 OR j.incomplete = 0
            OR EXISTS (SELECT 1 FROM chunk c WHERE c.job = j.no AND c.state = 'ready')
            OR EXISTS (SELECT 1 FROM tally t
                       WHERE t.job = j.no AND t.of = 'url' AND t.name = 'waiting' AND t.n > 0))))
""").bindparams(bindparam("queues", expanding=True))
_BY_ID = text("SELECT no FROM job WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))


class Reader:
    """The reading half of `mailharvest.queue.ledger.Ledger`.

    Parameters
    ----------
    database : Database
    clock : callable
        Epoch seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self.clock = clock

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def changed(self) -> bool:
        """Whether somebody else made something ready since the last call; costs next to nothing."""
        return self.database.changed()

    # for people

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
        return self.tallies(job_id).chunks

    def frontier_count(self, job_id: str) -> dict[str, int]:
        """URLs of a job by state: waiting, taken, done."""
        return self.tallies(job_id).urls

    def next_due(self, job_id: str) -> float | None:
        """When the first URL of a job that no chunk waits for is due."""
        with self.database.read() as connection:
            return frontier.next_due(connection, rows.number_of(connection, job_id))

    def error_counts(self, job_id: str) -> dict[str, int]:
        """Errors of a job by kind."""
        return self.tallies(job_id).errors

    def tallies(self, job_id: str) -> Counts:
        """Chunks, URLs and errors of a job, all of one moment."""
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

    def served(self) -> set[str]:
        """Queues that somebody works on, and ``job:ID`` where somebody works on that job alone."""
        with self.database.read() as connection:
            return members.served(connection, self.clock())

    # for dispatchers

    def mine(self, me: str) -> dict[int, int]:
        """Chunks that this dispatcher holds, and their leases."""
        with self.database.read() as connection:
            return {row.id: row.lease for row in connection.execute(_MINE, {"me": me})}

    def left(self, queues: Sequence[str], *, delayed: bool) -> bool:
        """Whether these queues have something to do: ever (`delayed`), or for one who comes now.

        What others are doing, and what is paused, is nothing to do now.
        """
        with self.database.read() as connection:
            if not delayed:
                paused = {key[6:] for key in connection.scalars(PAUSED)}
                queues = [queue for queue in queues if queue not in paused]
            asked = {"queues": list(queues), "delayed": int(delayed)}
            return bool(queues) and bool(connection.scalar(_LEFT, asked))

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
