"""Claiming: which chunks start next, and the one statement that makes them ours.

Queues in the order given; within a queue the lower priority number first, then the older job; of
a job first what was cut from its frontier, then what it planned. So that a low priority never
starves, one start in ten goes to the chunk of the queue that has waited longest, if that is over
a minute. Passed over are: jobs with as many chunks running as they may have, shards that run, and
what a rate limit holds back.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.queue import events, limits
from mailharvest.queue.job import lean_args
from mailharvest.queue.pool import Claim
from mailharvest.queue.tally import Tally

AGEING = 60.0
"""Seconds of waiting after which a chunk may have one of the starts that are kept for the old."""

EVERY = 10
"""One start in so many is kept for the old."""

_CANDIDATE = """
    SELECT c.id, c.job, c.kind, c.priority, c.planned, c.lane, c.shard, c.cost,
        j.in_flight - j.running AS room
    FROM chunk c JOIN job j ON j.no = c.job
    WHERE c.state = 'ready' AND {where}
        AND NOT EXISTS (SELECT 1 FROM chunk r
            WHERE r.job = c.job AND r.shard = c.shard AND r.state = 'running')
    ORDER BY {order} LIMIT :limit
"""
_AFTER = """c.queue = :queue AND c.lane = :lane AND c.crashes = 0
        AND (c.priority, c.job, c.planned, c.id) > (:priority, :job, :planned, :id)"""
_OLD = "c.queue = :queue AND c.run_at <= :long_ago AND c.crashes = 0"
_SUSPECT = "c.queue = :queue AND c.crashes > 0"
_LANES = text("""
    WITH RECURSIVE step (lane) AS (
        SELECT MIN(lane) FROM chunk WHERE state = 'ready' AND queue = :queue
        UNION ALL
        SELECT (SELECT MIN(c.lane) FROM chunk c
                WHERE c.state = 'ready' AND c.queue = :queue AND c.lane > step.lane)
        FROM step WHERE step.lane IS NOT NULL
    )
    SELECT lane FROM step WHERE lane IS NOT NULL
""")
_START = text("""
    UPDATE chunk SET state = 'running', attempt = attempt + 1, lease = lease + 1,
        dispatcher = :dispatcher, worker = NULL, started_at = :now,
        deadline_at = :now + COALESCE(
            CAST(:timeout AS DOUBLE PRECISION), (SELECT timeout FROM job WHERE no = chunk.job))
    WHERE id IN :ids
    RETURNING id, job, kind, lease, attempt, crashes, priority, shard, deadline_at, data
""").bindparams(bindparam("ids", expanding=True))
_JOBS = text("SELECT no, id, kind, args, state FROM job WHERE no IN :jobs").bindparams(
    bindparam("jobs", expanding=True)
)
# A job's clock runs while something of it runs, and through short pauses between.
TOUCH = """seconds = seconds + CASE
        WHEN touched_at IS NULL OR touched_at > :now THEN 0
        WHEN running > 0 OR touched_at > :now - 10 THEN :now - touched_at
        ELSE 10 END, touched_at = :now"""
_BEGIN = text(f"""
    UPDATE job SET state = 'running', started_at = COALESCE(started_at, :now), {TOUCH}
    WHERE no IN :jobs
""").bindparams(bindparam("jobs", expanding=True))
_COUNTED = text("SELECT value FROM meta WHERE key = :key")
_COUNT = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
PAUSED = text("SELECT key FROM meta WHERE key LIKE 'pause:%'")


@dataclass(slots=True)
class _Choice:
    """What has been chosen so far, and what that leaves room for."""

    wanted: int
    now: float
    limits: dict[str, limits.Limit]
    chosen: list[Row[Any]] = field(default_factory=list)
    started: Counter[int] = field(default_factory=Counter)
    taken: set[object] = field(default_factory=set)

    @property
    def full(self) -> bool:
        return len(self.chosen) >= self.wanted

    def has_room(self, row: Row[Any]) -> bool:
        return bool(row.room > self.started[row.job])

    def consider(self, row: Row[Any], queue: str) -> None:
        shard = (row.job, row.shard)
        if not self.has_room(row) or row.id in self.taken or shard in self.taken:
            return
        costs = {row.lane: row.cost, f"queue:{queue}": 1}
        held = {name: limit for name in costs if (limit := self.limits.get(name))}
        if not all(limit.allows(costs[name], self.now) for name, limit in held.items()):
            return
        for name, limit in held.items():
            limit.take(costs[name], self.now)
        self.chosen.append(row)
        self.started[row.job] += 1
        self.taken.add(row.id)
        if row.shard is not None:
            self.taken.add(shard)


def claim(
    connection: Connection,
    dispatcher: str,
    n: int,
    queues: Sequence[str],
    *,
    now: float,
    jobs: Sequence[int] | None = None,
    suspects: bool = False,
    timeout: float | None = None,
) -> list[Claim]:
    """Take at most `n` chunks.

    Parameters
    ----------
    queues : sequence of str
        In this order, strictly.
    jobs : sequence of int, optional
        Only chunks of these.
    suspects : bool
        Instead of ordinary chunks those that were part of a crash, the worst first.
    timeout : float, optional
        Seconds for each attempt, instead of the job's own.
    """
    if jobs is not None and not jobs:
        return []
    paused = {key[6:] for key in connection.scalars(PAUSED)}
    choice = _Choice(n, now, {})
    for queue in queues:
        if queue in paused or choice.full:
            continue
        lanes = list(connection.scalars(_LANES, {"queue": queue}))
        choice.limits |= limits.load(connection, [*lanes, f"queue:{queue}"])
        if suspects:
            _choose(choice, queue, _suspects(connection, queue, jobs, n))
        else:
            before = len(choice.chosen)
            counted = _choose_old(connection, choice, queue, jobs)
            rows = [_lane(connection, choice, queue, lane, jobs) for lane in lanes]
            _choose(choice, queue, heapq.merge(*rows, key=_place))
            _count(connection, queue, counted, len(choice.chosen) - before)
    if choice.chosen:
        limits.save(connection, choice.limits)
    return _start(connection, dispatcher, choice.chosen, now, timeout)


def _place(row: Row[Any]) -> tuple[int, int, int, int]:
    return row.priority, row.job, row.planned, row.id


def _choose(choice: _Choice, queue: str, rows: Iterator[Row[Any]]) -> None:
    for row in rows:
        if choice.full:
            return
        choice.consider(row, queue)


def _only(jobs: Sequence[int] | None) -> str:
    return "" if jobs is None else " AND c.job IN (" + ", ".join(str(int(no)) for no in jobs) + ")"


def _lane(
    connection: Connection,
    choice: _Choice,
    queue: str,
    lane: str,
    jobs: Sequence[int] | None,
) -> Iterator[Row[Any]]:
    """Chunks of a queue under one rate limit, in order; a job that is full is leapt over."""
    limit = choice.limits.get(lane)
    if limit is not None and not limit.free(choice.now):
        return
    order = "c.priority, c.job, c.planned, c.id"
    query = text(_CANDIDATE.format(where=_AFTER + _only(jobs), order=order))
    page = choice.wanted + 8
    after = {"priority": -1, "job": -1, "planned": -1, "id": -1}
    while True:
        asked = {"queue": queue, "lane": lane, "limit": page, **after}
        rows = connection.execute(query, asked).fetchall()
        yield from filter(choice.has_room, rows)
        if len(rows) < page:
            return
        last = rows[-1]
        after = {"priority": last.priority, "job": last.job, "planned": last.planned, "id": last.id}
        if not choice.has_room(last):
            after["planned"] = 2


def _choose_old(
    connection: Connection, choice: _Choice, queue: str, jobs: Sequence[int] | None
) -> int:
    """The starts that are kept for those who have waited longest; how many there were before."""
    counted = int(connection.scalar(_COUNTED, {"key": f"claims:{queue}"}) or 0)
    room = choice.wanted - len(choice.chosen)
    kept = (counted + room) // EVERY - counted // EVERY
    if kept:
        query = text(_CANDIDATE.format(where=_OLD + _only(jobs), order="c.run_at, c.id"))
        asked = {"queue": queue, "long_ago": choice.now - AGEING, "limit": kept}
        _choose(choice, queue, iter(connection.execute(query, asked).fetchall()))
    return counted


def _count(connection: Connection, queue: str, counted: int, started: int) -> None:
    if started:
        connection.execute(_COUNT, {"key": f"claims:{queue}", "value": str(counted + started)})


def _suspects(
    connection: Connection, queue: str, jobs: Sequence[int] | None, n: int
) -> Iterator[Row[Any]]:
    order = "c.crashes DESC, c.id"
    query = text(_CANDIDATE.format(where=_SUSPECT + _only(jobs), order=order))
    yield from connection.execute(query, {"queue": queue, "limit": n}).fetchall()


def _start(
    connection: Connection,
    dispatcher: str,
    chosen: list[Row[Any]],
    now: float,
    timeout: float | None,
) -> list[Claim]:
    if not chosen:
        return []
    ids = [row.id for row in chosen]
    asked = {"ids": ids, "dispatcher": dispatcher, "now": now, "timeout": timeout}
    started = {row.id: row for row in connection.execute(_START, asked)}
    numbers = sorted({row.job for row in chosen})
    jobs = {job.no: job for job in connection.execute(_JOBS, {"jobs": numbers})}
    connection.execute(_BEGIN, {"jobs": numbers, "now": now})
    events.add(
        connection, "active", {no: {} for no, job in jobs.items() if job.state == "queued"}, now
    )
    tally = Tally()
    for row in chosen:
        tally.chunks(row.job, row.kind, "ready", "running")
    tally.flush(connection)
    args = {no: lean_args(job.kind, job.args) for no, job in jobs.items()}
    rows = [started[number] for number in ids]
    return [_claim_of(row, jobs[row.job], args[row.job], now) for row in rows]


def _claim_of(row: Row[Any], job: Row[Any], args: str, now: float) -> Claim:
    return Claim(
        chunk_id=row.id,
        job_id=job.id,
        lease=row.lease,
        attempt=row.attempt,
        crashes=row.crashes,
        kind=row.kind,
        spec=row.data,
        job_kind=job.kind,
        job_args=args,
        priority=row.priority,
        timeout=row.deadline_at - now,
        deadline=row.deadline_at,
        shard=row.shard,
    )
