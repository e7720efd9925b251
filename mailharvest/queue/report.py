"""What a dispatcher tells its log: one line a fact, with the figures beside it for machines."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from mailharvest.errors import UnknownJob
from mailharvest.queue.attempt import one_line
from mailharvest.queue.commit import Committed
from mailharvest.queue.ledger import JobRow, Ledger
from mailharvest.queue.pool import Claim

log = logging.getLogger("mailharvest.work")

EVERY = 5.0
"""Seconds between two lines on how far a job is."""


class Report:
    """Lines for one dispatcher: counts, queries and site names, never addresses."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self.ledger, self.name = ledger, name
        self._known: set[str] = set()
        self._moved: set[str] = set()
        self._next = 0.0

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Chunks start here; so may their jobs."""
        if not log.isEnabledFor(logging.INFO):
            return
        for claim in claims:
            if claim.job_id not in self._known:
                self._known.add(claim.job_id)
                title = self.ledger.job(claim.job_id).title
                _say("started", f"job {claim.job_id} started by {self.name}: {title}",
                     job=claim.job_id, title=title, worker=self.name)  # fmt: skip
            span = _span(claim)
            level = logging.INFO if span else logging.DEBUG
            facts = {"job": claim.job_id, "chunk": claim.chunk_id, "attempt": claim.attempt}
            line = f"job {claim.job_id}: chunk {claim.chunk_id} {claim.kind}{span}"
            _say("chunk", line, level=level, **facts)

    def committed(self, done: Committed) -> None:
        """Chunks are done, and perhaps their jobs."""
        self._moved.update(claim.job_id for claim in done.finished)
        for job_id, state, reason in done.ended:
            self._known.discard(job_id)
            self._moved.discard(job_id)
            if log.isEnabledFor(logging.INFO) and (row := self._row(job_id)) is not None:
                level = logging.ERROR if state == "failed" else logging.INFO
                said = (
                    f"job {job_id} {state} in {row.seconds:.1f} s: {one_line(reason)}; {_rate(row)}"
                )
                _say(state, said, level=level, reason=one_line(reason), **_facts(row))

    def progress(self, now: float) -> None:
        """How far the jobs are of which something was done, now and then."""
        if now < self._next or not self._moved or not log.isEnabledFor(logging.INFO):
            return
        self._next = now + EVERY
        for job_id in sorted(self._moved):
            if (row := self._row(job_id)) is not None:
                of = "" if row.wanted is None else f"/{row.wanted}"
                _say(
                    "progress",
                    f"job {job_id}: {row.found}{of} e-mails, {_rate(row)}",
                    **_facts(row),
                )
        self._moved.clear()

    def _row(self, job_id: str) -> JobRow | None:
        try:
            return self.ledger.job(job_id)
        except UnknownJob:
            return None


def _span(claim: Claim) -> str:
    """Which part of a query or file it is."""
    if '"start_offset"' not in claim.spec:
        return ""  # such as a hundred URLs, which would be read in vain
    data = claim.data
    first, most = data.get("start_offset"), data.get("max_results")
    if first is None or most is None:
        return ""
    return f" results {first}-{first + most}"


def _rate(row: JobRow) -> str:
    seconds = max(row.seconds, 1e-9)
    return f"{row.found / seconds:.1f} e-mails/sec, {row.pages} pages"


def _facts(row: JobRow) -> dict[str, Any]:
    return {
        "job": row.id,
        "emails": row.found,
        "wanted": row.wanted,
        "pages": row.pages,
        "errors": row.errors,
        "seconds": round(row.seconds, 3),
        "emails_per_second": round(row.found / max(row.seconds, 1e-9), 3),
    }


def _say(event: str, line: str, *, level: int = logging.INFO, **facts: Any) -> None:
    log.log(level, "%s", line, extra={"facts": {"event": event, **facts}})


class JsonLines(logging.Formatter):
    """Log records as JSON, one a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with its facts."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "message": one_line(record.getMessage()),
            **getattr(record, "facts", {}),
        }
        return json.dumps(line, ensure_ascii=False)
