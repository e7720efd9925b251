"""Keeping: how long jobs that have ended stay, and how they are forgotten."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, text

from mailharvest.errors import SpecError
from mailharvest.queue import events, notes
from mailharvest.queue.job import seconds

BATCH = 500
"""Jobs that are forgotten in one transaction."""

DISPATCHERS = 7 * 86_400.0
"""Seconds that a dispatcher that has stopped stays in the listing."""

Keep = bool | int | dict[str, Any]
"""``True`` (for ever), ``False`` (not at all), the last N, or ``{"age": "7d", "count": 1000}``."""

_KEEP = TypeAdapter[Any](bool | int | dict[str, Any])

_POLICIES = text("""
    SELECT DISTINCT kind, state, keep FROM job
    WHERE keep IS NOT NULL AND state IN ('completed', 'failed')
""")
_SURPLUS = text("""
    SELECT id FROM job WHERE kind = :kind AND state = :state AND keep = :keep AND (
        finished_at < :before OR no NOT IN (
            SELECT no FROM job WHERE kind = :kind AND state = :state AND keep = :keep
            ORDER BY finished_at DESC, no DESC LIMIT :count))
    ORDER BY finished_at LIMIT :limit
""")
_OLD = text("""
    SELECT id FROM job WHERE state IN :states AND finished_at < :before
    ORDER BY finished_at LIMIT :limit
""").bindparams(bindparam("states", expanding=True))
_FORGET = text("DELETE FROM job WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))
_UNTIE = text("""
    UPDATE job SET after_no = NULL WHERE after_no IN (SELECT no FROM job WHERE id IN :ids)
""").bindparams(bindparam("ids", expanding=True))
_DISPATCHERS = text("""
    DELETE FROM dispatcher WHERE stopped_at < :before
        AND NOT EXISTS (
            SELECT 1 FROM chunk c WHERE c.dispatcher = dispatcher.id AND c.state = 'running')
""")


def policy(completed: Keep, failed: Keep) -> str | None:
    """What the ledger notes of how long a job is kept; None is for ever.

    Raises
    ------
    SpecError
        That is no way to keep something.
    """
    rules = {"completed": _rule(completed), "failed": _rule(failed)}
    if not any(rules.values()):
        return None
    return json.dumps(rules, sort_keys=True)


def _rule(keep: Keep) -> dict[str, float] | None:
    fix = 'write True, False, a number, or {"age": "7d", "count": 1000}'
    try:
        value = _KEEP.validate_python(keep, strict=True)
        if isinstance(value, bool):
            return None if value else {"count": 0}
        rule = {"count": value} if isinstance(value, int) else dict(value)
        if "age" in rule:
            rule["age"] = seconds(rule["age"])
        wrong = set(rule) - {"age", "count"} or [k for k, v in rule.items() if not v >= 0]
        if wrong or not rule:
            raise ValueError(wrong)
    except (ValidationError, ValueError, TypeError, SpecError):
        raise SpecError(f"{keep!r} says not how long a job is kept", fix=fix) from None
    return rule


def surplus(connection: Connection, now: float) -> list[str]:
    """Jobs that need not be kept any longer, at most `BATCH`."""
    found: list[str] = []
    for row in connection.execute(_POLICIES).fetchall():
        rule = json.loads(row.keep)[row.state]
        if rule is not None:
            asked = {
                "kind": row.kind,
                "state": row.state,
                "keep": row.keep,
                "before": now - rule["age"] if "age" in rule else -1.0,
                "count": rule.get("count", 2**31),
                "limit": BATCH - len(found),
            }
            found += connection.scalars(_SURPLUS, asked).all()
    return found


def older(connection: Connection, states: list[str], before: float) -> list[str]:
    """Jobs that ended in one of `states` before a time, at most `BATCH`."""
    asked = {"states": states, "before": before, "limit": BATCH}
    return list(connection.scalars(_OLD, asked).all())


def forget(connection: Connection, job_ids: list[str]) -> None:
    """Delete jobs with all that is known of them."""
    if job_ids:
        connection.execute(_UNTIE, {"ids": job_ids})
        connection.execute(_FORGET, {"ids": job_ids})


def tidy(connection: Connection, now: float) -> None:
    """Forget old events, old errors, and dispatchers that stopped long ago."""
    events.trim(connection)
    notes.trim(connection)
    connection.execute(_DISPATCHERS, {"before": now - DISPATCHERS})
