"""Events: what happened to jobs, in order, for listeners, logs and displays.

Types: ``waiting``, ``active``, ``progress``, ``retrying``, ``stalled``, ``completed``, ``failed``,
``cancelled``, ``log``. They are facts for display, bounded in number; the truth is in the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from mailharvest.queue.attempt import one_line

TYPES = (
    "waiting", "active", "progress", "retrying", "stalled", "completed", "failed", "cancelled",
)  # fmt: skip

KEPT = 10_000
"""Events that are kept, over all jobs; log lines are not counted."""

LOG_LINES = 1_000
"""Log lines of a job that are kept: the last ones."""

_ADD = text("INSERT INTO event (at, job, type, data) VALUES (:at, :job, :type, :data)")
_SINCE = text("""
    SELECT e.id, e.at, j.id AS job_id, e.type, e.data FROM event e JOIN job j ON j.no = e.job
    WHERE e.id > :since AND e.type <> 'log' ORDER BY e.id LIMIT :limit
""")
_LAST = text("SELECT MAX(id) FROM event")
_LOGS = text("""
    SELECT e.data FROM event e JOIN job j ON j.no = e.job
    WHERE j.id = :id AND e.type = 'log' ORDER BY e.id DESC LIMIT :limit
""")
_TRIM = text("DELETE FROM event WHERE id <= :last AND type <> 'log'")
_NTH = text("SELECT id FROM event WHERE type <> 'log' ORDER BY id DESC LIMIT 1 OFFSET :kept")
_TRIM_LOGS = text("""
    DELETE FROM event WHERE job = :no AND type = 'log' AND id <= (
        SELECT id FROM event WHERE job = :no AND type = 'log' ORDER BY id DESC LIMIT 1 OFFSET :kept)
""")
_JOB = text("""
    SELECT job FROM chunk
    WHERE id = :chunk AND lease = :lease AND state IN ('running', 'done', 'failed')
""")
_PROGRESS = text("UPDATE job SET progress = :progress, note = :note WHERE no = :no")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job; `id` grows, `at` is epoch seconds."""

    id: int
    at: float
    job_id: str
    type: str
    data: dict[str, Any]


def add(
    connection: Connection, type: str, jobs: Mapping[int, Mapping[str, Any]], now: float
) -> None:
    """Note one event for each of `jobs`, with its data."""
    rows = [
        {"at": now, "job": job, "type": type, "data": json.dumps(data)}
        for job, data in jobs.items()
    ]
    if rows:
        connection.execute(_ADD, rows)


def since(connection: Connection, last: int, limit: int = 1_000) -> list[Event]:
    """Events after number `last`, oldest first; log lines left out."""
    rows = connection.execute(_SINCE, {"since": last, "limit": limit})
    return [Event(row.id, row.at, row.job_id, row.type, json.loads(row.data)) for row in rows]


def newest(connection: Connection) -> int:
    """The number of the newest event."""
    return int(connection.scalar(_LAST) or 0)


def logs(connection: Connection, job_id: str, limit: int = LOG_LINES) -> list[str]:
    """The last log lines of a job, oldest first."""
    rows = connection.scalars(_LOGS, {"id": job_id, "limit": limit}).all()
    return [json.loads(data)["line"] for data in reversed(rows)]


def trim(connection: Connection) -> None:
    """Forget the oldest events beyond `KEPT`."""
    last = connection.scalar(_NTH, {"kept": KEPT})
    if last is not None:
        connection.execute(_TRIM, {"last": last})


def hear(
    connection: Connection, notes: Sequence[tuple[int, int, Mapping[str, Any]]], now: float
) -> None:
    """Write down what running chunks said: progress and log lines.

    Parameters
    ----------
    notes : sequence of (chunk id, lease, message)
        What an old lease says is ignored.
    """
    progress: dict[int, dict[str, Any]] = {}
    lines: list[tuple[int, str]] = []
    for chunk, lease, message in notes:
        no = connection.scalar(_JOB, {"chunk": chunk, "lease": lease})
        if no is None:
            continue
        if "log" in message:
            lines.append((no, one_line(str(message["log"]))))
        elif "progress" in message:
            said = one_line(str(message.get("note", "")))
            progress[no] = {"progress": float(message["progress"]), "note": said}
    for no, data in progress.items():
        connection.execute(_PROGRESS, {"no": no, **data})
    add(connection, "progress", progress, now)
    if lines:
        rows = [{"at": now, "job": no, "type": "log", "data": json.dumps({"line": line})}
                for no, line in lines]  # fmt: skip
        connection.execute(_ADD, rows)
        for no in {no for no, _ in lines}:
            connection.execute(_TRIM_LOGS, {"no": no, "kept": LOG_LINES})
