"""Lines for the error table, and for listeners: what went wrong, where, how bad it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, text

from mailharvest.chunk import PageError
from mailharvest.queue import events
from mailharvest.queue.attempt import one_line
from mailharvest.queue.database import many
from mailharvest.queue.pool import Outcome
from mailharvest.queue.tally import Tally
from mailharvest.web.urls import site_of

if TYPE_CHECKING:
    from mailharvest.queue.failing import Settlement

KEPT = 1_000
"""Errors that belong to no job and are kept."""

_ERROR = text("""
    INSERT INTO error (at, job, chunk, dispatcher, worker, attempt, severity, kind, site, url,
        message, traceback)
    VALUES (:at, :job, :chunk, :dispatcher, :worker, :attempt, :severity, :kind, :site, :url,
        :message, :traceback)
""")
_TRIM = text("""
    DELETE FROM error WHERE job IS NULL AND id <= (
        SELECT id FROM error WHERE job IS NULL ORDER BY id DESC LIMIT 1 OFFSET :kept)
""")


def note_pages(
    connection: Connection, row: Row[Any], errors: Sequence[PageError], now: float, tally: Tally
) -> None:
    """Pages that gave nothing."""
    lines = [_line(row, now, "warning", e.kind, e.message, site=e.site, url=e.url) for e in errors]
    if lines:
        many(connection, _ERROR, lines)
    for error in errors:
        tally.add(row.job, "error", error.kind)


def note_errors(
    connection: Connection,
    failures: Sequence[tuple[Outcome, Row[Any]]],
    verdicts: Sequence[Settlement],
    now: float,
    tally: Tally,
) -> None:
    """Attempts that failed, and items that were set aside for it."""
    lines, retrying = [], {}
    for (outcome, row), verdict in zip(failures, verdicts, strict=True):
        failure = verdict.failure
        if verdict.severity is not None:
            line = _line(row, now, verdict.severity, failure.error, failure.message)
            lines.append(line | {"worker": outcome.worker, "traceback": failure.traceback or None})
            tally.add(row.job, "error", failure.error)
        if verdict.culprit is not None:
            kind = "crash" if failure.kind == "crash" else "timeout"
            said = f"set aside: {failure.message}"
            lines.append(_line(row, now, "error", kind, said, **_place_of(verdict.culprit)))
            tally.add(row.job, "error", kind)
        if verdict.state in ("ready", "delayed") and verdict.severity is not None:
            retrying[row.job] = {"chunk": row.id, "attempt": row.attempt, "error": failure.error}
    if lines:
        connection.execute(_ERROR, lines)
    events.add(connection, "retrying", retrying, now)


def note_job(
    connection: Connection, no: int, kind: str, message: str, now: float, tally: Tally
) -> None:
    """What is wrong with a job as a whole, such as a class that is not installed here."""
    connection.execute(_ERROR, _plain(no, kind, message, now))
    tally.add(no, "error", kind)


def note_schedule(connection: Connection, name: str, message: str, now: float) -> None:
    """Why a schedule could not add its job."""
    connection.execute(_ERROR, _plain(None, "schedule_error", f"schedule {name}: {message}", now))


def trim(connection: Connection) -> None:
    """Forget the oldest errors that belong to no job; the others go with their jobs."""
    connection.execute(_TRIM, {"kept": KEPT})


def _plain(no: int | None, kind: str, message: str, now: float) -> dict[str, Any]:
    line = dict.fromkeys(
        ("chunk", "dispatcher", "worker", "attempt", "site", "url", "traceback"), None
    )
    said = one_line(message)
    return {**line, "at": now, "job": no, "severity": "error", "kind": kind, "message": said}


def _place_of(culprit: str) -> dict[str, str | None]:
    is_url = culprit.startswith(("http://", "https://"))
    return {"url": culprit, "site": site_of(culprit) if is_url else None}


def _line(
    row: Row[Any],
    now: float,
    severity: str,
    kind: str,
    message: str,
    *,
    site: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    return {
        "at": now,
        "job": row.job,
        "chunk": row.id,
        "dispatcher": row.dispatcher,
        "worker": row.worker,
        "attempt": row.attempt,
        "severity": severity,
        "kind": kind,
        "site": site,
        "url": url,
        "message": one_line(message),
        "traceback": None,
    }
