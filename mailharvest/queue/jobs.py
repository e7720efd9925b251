"""What happens to a job as a whole: it is added, planned, ended, reopened."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import SQLAlchemyError

from mailharvest.chunk import ChunkSpec
from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.queue import events, frontier, limits
from mailharvest.queue.attempt import failure_of, one_line
from mailharvest.queue.claim import TOUCH
from mailharvest.queue.database import many
from mailharvest.queue.job import Job, kind_of, seconds
from mailharvest.queue.pool import Failure
from mailharvest.queue.storable import args_of, specs_of
from mailharvest.queue.tally import Tally

T = TypeVar("T")

BATCH = 1_000
"""Chunks that go into the ledger in one statement."""

_ADD = text("""
    INSERT INTO job (id, kind, args, title, queue, priority, state, tries, timeout, in_flight,
        wanted, run_at, created_at, unique_key, unique_until, after_no, catch, schedule, keep)
    VALUES (:id, :kind, :args, :title, :queue, :priority, :state, :tries, :timeout, :in_flight,
        :wanted, :run_at, :created_at, :unique_key, :unique_until, :after_no, :catch, :schedule,
        :keep)
    ON CONFLICT (id) DO NOTHING RETURNING no
""")
_ADD_MANY = text("""
    INSERT INTO job (no, id, kind, args, title, queue, priority, state, tries, timeout, in_flight,
        wanted, run_at, created_at, keep, incomplete)
    VALUES (:no, :id, :kind, :args, :title, :queue, :priority, 'queued', :tries, :timeout,
        :in_flight, :wanted, :run_at, :created_at, :keep, :incomplete)
""")
_HOLDER = text("""
    SELECT id FROM job WHERE unique_key = :key
        AND (state IN ('planning', 'waiting', 'queued', 'running') OR unique_until > :now)
    ORDER BY no DESC LIMIT 1
""")
_FREE_ID = text("DELETE FROM job WHERE id = :id AND state IN ('completed', 'failed', 'cancelled')")
_CHUNK = text("""
    INSERT INTO chunk (job, kind, queue, lane, priority, planned, state, run_at, shard, cost,
        crashes, data)
    VALUES (:job, :kind, :queue, :lane, :priority, :planned, :state, :run_at, :shard, :cost,
        :crashes, :data)
""")
_CHUNK_ID = text(f"{_CHUNK.text} RETURNING id")
_READY = text("UPDATE job SET state = 'queued' WHERE no = :no AND state IN ('planning', 'waiting')")
_END = text(f"""
    UPDATE job SET state = :state, reason = :reason, finished_at = :now, {TOUCH},
        result = COALESCE(:result, result)
    WHERE no = :no
""")
_COUNT = text("""
    SELECT kind, state, COUNT(*) FROM chunk
    WHERE job = :no AND state IN :states AND (:kind = '' OR kind = :kind) GROUP BY kind, state
""").bindparams(bindparam("states", expanding=True))
_MOVE = text("""
    UPDATE chunk SET state = :new, run_at = :now
    WHERE job = :no AND state IN :states AND (:kind = '' OR kind = :kind)
""").bindparams(bindparam("states", expanding=True))
_FRESH = text("""
    UPDATE chunk SET tries = 0, crashes = 0, error = NULL, finished_at = NULL
    WHERE job = :no AND state IN ('failed', 'cancelled')
""")
_REOPEN = text("""
    UPDATE job SET state = 'queued', reason = NULL, finished_at = NULL, run_at = :now
    WHERE no = :no
""")

_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_lock = threading.Lock()
_last = [0, 0]


def new_id(now: float) -> str:
    """A short id, safe in a URL and a file name, that sorts by time: 14 characters."""
    moment = int(now * 1000)
    with _lock:
        if moment == _last[0]:
            _last[1] += 1
        else:
            _last[:] = moment, random.SystemRandom().getrandbits(24)
        number = (moment << 25) + _last[1]
    return "".join(_DIGITS[number >> shift & 31] for shift in range(65, -1, -5))


@dataclass(frozen=True, slots=True)
class Options:
    """What a job is added with, besides itself; see `Queue.dispatch`."""

    job_id: str | None = None
    run_at: float | None = None
    queue: str | None = None
    priority: int | None = None
    unique_key: str | None = None
    unique_until: float | None = None
    after_no: int | None = None
    catch: str | None = None
    schedule: str | None = None
    keep: str | None = None


def insert(
    connection: Connection, job: Job, options: Options, state: str, now: float
) -> tuple[int, str] | None:
    """Add the row of a job, without its chunks.

    Returns
    -------
    (no, id) or None
        None: there is a job of this id.

    Raises
    ------
    SpecError
        The id cannot be one.
    """
    job_id = new_id(now) if options.job_id is None else options.job_id
    if not (isinstance(job_id, str) and _JOB_ID.match(job_id)):
        raise SpecError(
            f"{show(job_id)} cannot be the id of a job",
            field="job_id",
            fix="use at most 64 letters, digits, dots, dashes and underscores",
        )
    no = connection.scalar(
        _ADD,
        {
            **_columns(job, options, job_id, now),
            "state": state,
            "unique_key": options.unique_key,
            "unique_until": options.unique_until,
            "after_no": options.after_no,
            "catch": options.catch,
            "schedule": options.schedule,
        },
    )
    return None if no is None else (int(no), job_id)


def _columns(job: Job, options: Options, job_id: str, now: float) -> dict[str, Any]:
    return {
        "id": job_id,
        "kind": kind_of(job),
        "args": args_of(job),
        "title": one_line(job.title()),
        "queue": options.queue or job.queue,
        "priority": options.priority or job.priority,
        "tries": job.tries,
        "timeout": seconds(job.timeout),
        "in_flight": job.in_flight(),
        "wanted": job.wanted(),
        "run_at": options.run_at or now,
        "created_at": now,
        "keep": options.keep,
    }


def holder(connection: Connection, key: str, now: float) -> str | None:
    """The job that holds a unique key: it is incomplete, or its time has not run out."""
    found = connection.scalar(_HOLDER, {"key": key, "now": now})
    return None if found is None else str(found)


def make_room(connection: Connection, options: Options, now: float) -> str | None:
    """The job that holds the unique key; if none does, the id that is wanted is made free."""
    assert options.unique_key is not None
    held = holder(connection, options.unique_key, now)
    if held is None and options.job_id is not None:
        connection.execute(_FREE_ID, {"id": options.job_id})
    return held


def insert_many(
    connection: Connection, many: Sequence[Job], options: Options, now: float
) -> list[str]:
    """Add many jobs with their chunks, a few statements for all of them; their ids."""
    first = _reserve(connection, len(many))
    rows, chunks, tally = [], [], Tally()
    for no, job in enumerate(many, first):
        row = _columns(job, options, new_id(now), now) | {"no": no}
        place = Place(no, row["queue"], row["priority"], row["run_at"])
        state = "delayed" if place.run_at > now else "ready"
        specs = list(specs_of(job, job.chunks()))
        for spec in specs:
            chunks.append(_chunk(place, spec, state, planned=1))
            tally.add(no, f"chunk.{spec.kind}", state)
        for name, rate in job.limits().items():
            limits.define(connection, name, rate.limit, rate.seconds)
        rows.append(row | {"incomplete": len(specs)})
    if rows:
        connection.execute(_ADD_MANY, rows)
    if chunks:
        connection.execute(_CHUNK, chunks)
    tally.flush(connection)
    events.add(connection, "waiting", {row["no"]: {} for row in rows}, now)
    return [row["id"] for row in rows]


def _reserve(connection: Connection, n: int) -> int:
    """The first of `n` job numbers in a row that nobody else gets: we hold the write lock."""
    if connection.dialect.name == "sqlite":
        last = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'job'"))
        return int(last or 0) + 1
    sequence = "pg_get_serial_sequence('job', 'no')"
    first = connection.scalar(text(f"SELECT nextval({sequence})"))
    assert first is not None
    connection.execute(text(f"SELECT setval({sequence}, :last)"), {"last": first + max(n, 1) - 1})
    return int(first)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the chunks of a job go."""

    no: int
    queue: str
    priority: int
    run_at: float


def add_chunks(
    connection: Connection, place: Place, specs: Iterable[ChunkSpec], now: float, tally: Tally
) -> int:
    """Add planned chunks, however many; how many there were."""
    state = "delayed" if place.run_at > now else "ready"
    source, added = iter(specs), 0
    while batch := list(islice(source, BATCH)):
        many(connection, _CHUNK, [_chunk(place, spec, state, planned=1) for spec in batch])
        for spec in batch:
            tally.chunks(place.no, spec.kind, None, state)
        added += len(batch)
    return added


def add_chunk(
    connection: Connection,
    place: Place,
    spec: ChunkSpec,
    *,
    crashes: int,
    planned: int,
    tally: Tally,
) -> int:
    """Add one ready chunk; its id."""
    row = _chunk(place, spec, "ready", planned=planned, crashes=crashes)
    tally.chunks(place.no, spec.kind, None, "ready")
    return int(connection.scalar(_CHUNK_ID, row) or 0)


def _chunk(
    place: Place, spec: ChunkSpec, state: str, *, planned: int, crashes: int = 0
) -> dict[str, Any]:
    return {
        "job": place.no,
        "kind": spec.kind,
        "queue": place.queue,
        "lane": spec.limit or "",
        "priority": place.priority,
        "planned": planned,
        "state": state,
        "run_at": place.run_at,
        "shard": spec.shard,
        "cost": spec.cost,
        "crashes": crashes,
        "data": json.dumps(spec.data),
    }


def plan(connection: Connection, job: Job, place: Place, now: float, tally: Tally) -> None:
    """Add the first chunks of a job and the rate limits that they name."""
    for name, rate in job.limits().items():
        limits.define(connection, name, rate.limit, rate.seconds)
    add_chunks(connection, place, specs_of(job, job.chunks()), now, tally)


def plan_whole(connection: Connection, job: Job, place: Place, now: float, tally: Tally) -> None:
    """Plan a job with its URLs, all in this transaction; its state is ``queued`` then."""
    plan(connection, job, place, now, tally)
    for batch in frontier.batches(job.seeds()):
        frontier.put(connection, place.no, frontier.normal(batch)[0], now, tally)
    ready(connection, place.no)
    events.add(connection, "waiting", {place.no: {}}, now)


def add_now(connection: Connection, job: Job, now: float, options: Options) -> str:
    """Add a job that nobody waits for at a keyboard, whole; its id."""
    added, tally = insert(connection, job, options, "planning", now), Tally()
    assert added is not None  # its id is new
    plan_whole(connection, job, Place(added[0], job.queue, job.priority, now), now, tally)
    tally.flush(connection)
    return added[1]


def guarded(connection: Connection, act: Callable[[], T]) -> T | Failure:
    """What `act` gives, which calls a job's own code; what that raises undoes it, and no more."""
    try:
        with connection.begin_nested():
            return act()
    except SQLAlchemyError:
        raise
    except Exception as error:
        return failure_of(error)


def ready(connection: Connection, no: int) -> bool:
    """All of a job is in: it may begin. False if it has ended meanwhile."""
    return connection.execute(_READY, {"no": no}).rowcount > 0


def move_chunks(
    connection: Connection,
    no: int,
    states: Sequence[str],
    new: str,
    now: float,
    tally: Tally,
    kind: str = "",
) -> dict[tuple[str, str], int]:
    """All chunks of a job (or those of a kind) from some states to another; how many of each."""
    asked = {"no": no, "states": list(states), "kind": kind}
    moved = {(row[0], row[1]): int(row[2]) for row in connection.execute(_COUNT, asked)}
    if moved:
        connection.execute(_MOVE, {**asked, "new": new, "now": now})
        for (of, old), n in moved.items():
            tally.chunks(no, of, old, new, n)
    return moved


def end(
    connection: Connection,
    no: int,
    state: str,
    reason: str,
    now: float,
    tally: Tally,
    result: str | None = None,
) -> None:
    """A job has ended: what waits is cancelled, what runs is dropped."""
    move_chunks(connection, no, ("delayed", "ready", "running"), "cancelled", now, tally)
    said = one_line(reason)
    connection.execute(
        _END, {"no": no, "state": state, "reason": said, "now": now, "result": result}
    )
    events.add(connection, state, {no: {"reason": said}}, now)


_REWAIT = text("""
    UPDATE job SET state = 'waiting', reason = NULL, finished_at = NULL
    WHERE after_no = :no AND state = 'cancelled' AND NOT EXISTS (
        SELECT 1 FROM chunk c WHERE c.job = job.no)
    RETURNING no
""")


def _wait_again(connection: Connection, no: int) -> None:
    """What was to follow a job that is reopened waits for it again."""
    for follower in connection.scalars(_REWAIT, {"no": no}).all():
        _wait_again(connection, follower)


def reopen(connection: Connection, no: int, now: float, tally: Tally) -> None:
    """A job that has ended goes on with what it did not finish, and with what it had lost."""
    frontier.again(connection, no, now, tally)
    connection.execute(_FRESH, {"no": no})
    move_chunks(connection, no, ("failed", "cancelled"), "ready", now, tally)
    connection.execute(_REOPEN, {"no": no, "now": now})
    _wait_again(connection, no)
    events.add(connection, "waiting", {no: {}}, now)
