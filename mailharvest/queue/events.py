"""Events: what happened to jobs, in order, for listeners, logs and displays.

Types: ``waiting``, ``active``, ``progress``, ``retrying``, ``stalled``, ``completed``, ``failed``,
``cancelled``, ``log``. They are facts for display, bounded in number; the truth is in the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

KEPT = 10_000
"""Events that are kept, over all jobs; log lines are not counted."""

LOG_LINES = 1_000
"""Log lines of a job that are kept."""

_ADD = text("INSERT INTO event (at, job, type, data) VALUES (:at, :job, :type, :data)")


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
