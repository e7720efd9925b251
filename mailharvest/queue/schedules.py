"""Schedules: a job again and again, at the times of a cron expression or every so many seconds.

The next time is a row of the ledger. Whichever dispatcher comes first moves it on and adds the
job in one transaction, so each time has one job, however many dispatchers there are. Times that
passed while nobody looked are one run, not many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from sqlalchemy import Connection, Row, text

from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.queue.given import a_job
from mailharvest.queue.job import Job, kind_of, load_job, seconds
from mailharvest.queue.jobs import Options, add_now, guarded
from mailharvest.queue.notes import note_schedule
from mailharvest.queue.pool import Failure
from mailharvest.queue.storable import args_of

_SET = text("""
    INSERT INTO schedule (name, kind, args, cron, every, tz, overlap, grace, next_at, created_at,
        keep)
    VALUES (:name, :kind, :args, :cron, :every, :tz, :overlap, :grace, :next_at, :now, :keep)
    ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, args = excluded.args,
        cron = excluded.cron, every = excluded.every, tz = excluded.tz, overlap = excluded.overlap,
        grace = excluded.grace, next_at = excluded.next_at, keep = excluded.keep
""")
_ALL = text("SELECT * FROM schedule ORDER BY name")
_ONE = text("SELECT * FROM schedule WHERE name = :name")
_DUE = text("SELECT * FROM schedule WHERE next_at <= :now ORDER BY next_at")
_NEXT = text("SELECT MIN(next_at) FROM schedule")
_MOVE = text("UPDATE schedule SET next_at = :next_at, last_at = :last_at WHERE name = :name")
_REMOVE = text("DELETE FROM schedule WHERE name = :name")
_RUNNING = text("""
    SELECT 1 FROM job WHERE schedule = :name
        AND state IN ('planning', 'waiting', 'queued', 'running') LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule; times are epoch seconds.

    Attributes
    ----------
    cron : str or None
        Five fields, or six with the seconds first.
    every : float or None
        Seconds.
    overlap : {"skip", "allow"}
        What happens when the job of the time before has not ended.
    grace : float or None
        Seconds that a run may be late; later than that, it is left out. None: never too late.
    keep : str or None
        How long its jobs stay when they have ended, as `mailharvest.queue.keeping.policy` has it.
    """

    name: str
    kind: str
    args: str
    cron: str | None
    every: float | None
    tz: str
    overlap: str
    grace: float | None
    next_at: float
    last_at: float | None
    keep: str | None

    def after(self, moment: float) -> float:
        """The first time after `moment`."""
        if self.every is not None:
            steps = math.floor((moment - self.next_at) / self.every) + 1
            return self.next_at + max(steps, 1) * self.every
        return _cron_after(str(self.cron), self.tz, moment)


def _cron_after(cron: str, tz: str, moment: float) -> float:
    # CronSim counts in whole seconds (or minutes) of local time; it knows of daylight saving.
    return float(next(CronSim(cron, datetime.fromtimestamp(moment, ZoneInfo(tz)))).timestamp())


def make(
    name: str,
    job: Job,
    *,
    cron: str | None,
    every: float | str | None,
    tz: str,
    overlap: str,
    grace: float | str | None,
    keep: str | None,
    now: float,
) -> Schedule:
    """A schedule from what a person wrote.

    Raises
    ------
    SpecError
        It cannot be one; the message says what to write instead.
    """
    if not (isinstance(name, str) and name.strip()):
        raise SpecError(f"{show(name)} is no name", field="name", fix='such as "nightly"')
    if (cron is None) == (every is None):
        raise SpecError("a schedule has either cron or every", fix='cron="0 0 * * *" or every="1h"')
    if overlap not in ("skip", "allow"):
        raise SpecError(f"{overlap!r} is no overlap", field="overlap", fix="write skip or allow")
    pause = None if every is None else seconds(every, "every")
    late = None if grace is None else seconds(grace, "grace")
    if pause is not None and pause < 1:
        raise SpecError("a schedule runs at most once a second", field="every", fix='every="1s"')
    try:
        ZoneInfo(tz)  # it is kept, whether it is used or not
        first = now + pause if pause is not None else _cron_after(str(cron), tz, now)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise SpecError(f"no time zone {tz!r}", field="tz", fix='such as "Africa/Cairo"') from None
    except (CronSimError, StopIteration):
        raise SpecError(
            f"{cron!r} is no cron expression", field="cron", fix='such as "0 0 * * *": midnight'
        ) from None
    return Schedule(
        name,
        kind_of(a_job(job)),
        args_of(job),
        cron,
        pause,
        tz,
        overlap,
        late,
        first,
        None,
        keep,
    )


def save(connection: Connection, schedule: Schedule, now: float) -> None:
    """Set it, in place of one of the same name."""
    columns = {name: getattr(schedule, name) for name in Schedule.__slots__ if name != "last_at"}
    connection.execute(_SET, {**columns, "now": now})


def all_of(connection: Connection) -> list[Schedule]:
    """Every schedule, by name."""
    return [_read(row) for row in connection.execute(_ALL)]


def one(connection: Connection, name: str) -> Schedule | None:
    """The schedule of this name."""
    row = connection.execute(_ONE, {"name": name}).one_or_none()
    return None if row is None else _read(row)


def remove(connection: Connection, name: str) -> bool:
    """Delete it; whether there was one."""
    return bool(connection.execute(_REMOVE, {"name": name}).rowcount)


def next_at(connection: Connection) -> float | None:
    """When the next schedule is due."""
    at = connection.scalar(_NEXT)
    return None if at is None else float(at)


def tick(connection: Connection, now: float) -> list[str]:
    """Add the jobs that are due; their ids."""
    added = []
    for row in connection.execute(_DUE, {"now": now}).fetchall():
        schedule = _read(row)
        connection.execute(
            _MOVE, {"name": schedule.name, "next_at": schedule.after(now), "last_at": now}
        )
        late = now - schedule.next_at
        if schedule.grace is not None and late > schedule.grace:
            continue
        if schedule.overlap == "skip" and connection.scalar(_RUNNING, {"name": schedule.name}):
            continue
        made = guarded(connection, partial(run, connection, schedule, now))
        if isinstance(made, Failure):
            note_schedule(connection, schedule.name, made.message, now)
        else:
            added.append(made)
    return added


def run(connection: Connection, schedule: Schedule, now: float) -> str:
    """Add the job of a schedule now; its id."""
    options = Options(schedule=schedule.name, keep=schedule.keep)
    return add_now(connection, load_job(schedule.kind, schedule.args), now, options)


def _read(row: Row[tuple[object, ...]]) -> Schedule:
    return Schedule(*(getattr(row, name) for name in Schedule.__slots__))
