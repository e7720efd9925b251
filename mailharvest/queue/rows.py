"""Rows of the ledger as the rest of the program sees them: frozen values, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.errors import UnknownJob
from mailharvest.given import whole
from mailharvest.queue.tally import Counts, read_counts


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the ledger has it at one moment.

    Attributes
    ----------
    no : int
        Its number in this ledger.
    id : str
    kind, args : str
        ``module:Class`` and its JSON.
    title : str
    state : str
        planning, waiting (for another job of its chain), queued, running, completed, failed,
        cancelled.
    reason : str or None
        Why it ended.
    queue : str
    priority : int
    slots : int
        Chunks that may be in flight.
    wanted : int or None
        Unique addresses asked for.
    found : int
        Unique addresses so far.
    records, duplicates : int
        Sightings written, and those among them of an address that was known.
    pages, bytes, api_calls : int
    errors : int
    incomplete, running : int
        Chunks that still have to be done, and those of them that run.
    run_at : float
        Epoch seconds from which it may start.
    created_at, started_at, finished_at : float
        Epoch seconds; None is not yet.
    seconds : float
        It was being worked on for so long, pauses between runs left out.
    progress, note
        What its ``handle`` said last: 0 to 1, and a word.
    memo : dict
        The job's own notes.
    result : object
        What ``handle`` returned; of several chunks a list in their order, or None when they are
        more than a thousand, came from a frontier, or returned more than a million characters.
    stats : dict
        Everything that its chunks added up.
    """

    no: int
    id: str
    kind: str
    args: str
    title: str
    state: str
    reason: str | None
    queue: str
    priority: int
    slots: int
    wanted: int | None
    found: int
    records: int
    duplicates: int
    pages: int
    bytes: int
    api_calls: int
    errors: int
    incomplete: int
    running: int
    run_at: float
    created_at: float
    started_at: float | None
    finished_at: float | None
    seconds: float
    progress: float | None
    note: str | None
    memo: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    stats: dict[str, float] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("completed", "failed", "cancelled")

    def state_when(self, served: Collection[str]) -> str:
        """What people call its state: ``interrupted`` when it runs and nobody works on it.

        Parameters
        ----------
        served : collection of str
            See `Ledger.served`.
        """
        attended = self.queue in served or f"job:{self.id}" in served
        return "interrupted" if self.state == "running" and not attended else self.state


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One line of the error table; `at` and `resolved_at` are epoch seconds."""

    id: int
    at: float
    job_id: str | None
    chunk_id: int | None
    dispatcher: str | None
    worker: str | None
    attempt: int | None
    severity: str
    kind: str
    site: str | None
    url: str | None
    message: str
    traceback: str | None
    resolved_at: float | None


@dataclass(frozen=True, slots=True)
class DispatcherRow:
    """A dispatcher, alive or not; times are epoch seconds."""

    id: str
    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    slots: int
    running: int
    started_at: float
    beat_at: float
    stopped_at: float | None
    reason: str | None
    done: int
    failed: int
    pages: int
    emails: int
    seconds: float


_NUMBER = text("SELECT no FROM job WHERE id = :id")
_ERRORS = """
    SELECT id, at, job_id, chunk_id, dispatcher, worker, attempt, severity, kind, site, url,
        message, traceback, resolved_at
    FROM worker_errors WHERE {where} ORDER BY id DESC LIMIT :limit OFFSET :offset
"""
_DISPATCHERS = text("""
    SELECT id, name, host, pid, queues, slots, started_at, beat_at, stopped_at, reason, done,
        failed, pages, emails, seconds,
        (SELECT COUNT(*) FROM chunk c WHERE c.dispatcher = d.id AND c.state = 'running') AS running
    FROM dispatcher d ORDER BY started_at DESC, id LIMIT :limit
""")


def number_of(connection: Connection, job_id: str) -> int:
    """The number of a job.

    Raises
    ------
    UnknownJob
        There is none of this id.
    """
    no = connection.scalar(_NUMBER, {"id": job_id})
    if no is None:
        raise UnknownJob(f"no job {job_id!r} in this ledger")
    return int(no)


def jobs_where(
    connection: Connection, where: str, asked: dict[str, Any], *, order: str = "no DESC"
) -> list[JobRow]:
    """The jobs for which the SQL condition `where` holds; a list among `asked` fits ``IN``."""
    query = text(f"SELECT * FROM job WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset")
    keys = [key for key, value in asked.items() if isinstance(value, list)]
    rows = connection.execute(
        query.bindparams(*(bindparam(key, expanding=True) for key in keys)),
        {**asked, **_page(asked)},
    ).fetchall()
    counts = read_counts(connection, (row.no for row in rows))
    return [_job_row(row, counts[row.no]) for row in rows]


def _page(asked: dict[str, Any]) -> dict[str, int]:
    """Which of the rows that were found are wanted."""
    page = {"limit": asked.get("limit", 1_000), "offset": asked.get("offset", 0)}
    return {name: whole(given, name, 0) for name, given in page.items()}


def _job_row(row: Row[Any], counts: Counts) -> JobRow:
    stats = counts.stats
    return JobRow(
        no=row.no,
        id=row.id,
        kind=row.kind,
        args=row.args,
        title=row.title,
        state=row.state,
        reason=row.reason,
        queue=row.queue,
        priority=row.priority,
        slots=row.in_flight,
        wanted=row.wanted,
        found=row.found,
        records=int(stats.get("records", 0)),
        duplicates=int(stats.get("duplicates", 0)),
        pages=int(stats.get("pages", 0)),
        bytes=int(stats.get("bytes", 0)),
        api_calls=int(stats.get("api_calls", 0)),
        errors=sum(counts.errors.values()),
        incomplete=row.incomplete,
        running=row.running,
        run_at=row.run_at,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds=row.seconds,
        progress=row.progress,
        note=row.note,
        memo=json.loads(row.memo),
        result=None if row.result is None else json.loads(row.result),
        stats=stats,
    )


def errors_where(
    connection: Connection, conditions: Iterable[str], asked: dict[str, Any]
) -> list[ErrorRow]:
    """Errors, newest first."""
    where = " AND ".join(conditions) or "1 = 1"
    query = text(_ERRORS.format(where=where))
    return [ErrorRow(*row) for row in connection.execute(query, {**asked, **_page(asked)})]


def dispatchers(connection: Connection, limit: int) -> list[DispatcherRow]:
    """Dispatchers, newest first."""
    return [
        DispatcherRow(**{**row._asdict(), "queues": tuple(row.queues.split(","))})
        for row in connection.execute(_DISPATCHERS, {"limit": limit})
    ]
