"""Dispatchers in the ledger: they register, beat, and are found out when they are gone."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.chunk import ChunkResult
from mailharvest.queue import events
from mailharvest.queue.claim import TOUCH
from mailharvest.queue.pool import Claim, Failure, Outcome
from mailharvest.queue.tally import Tally

STALE_AFTER = 300.0
"""Seconds of silence after which a dispatcher on another machine is taken for dead."""

SILENT = 30.0
"""Seconds without a heartbeat after which a listing counts on a dispatcher elsewhere no longer."""

_REGISTER = text("""
    INSERT INTO dispatcher (id, name, host, pid, born_at, queues, inline, started_at, beat_at)
    VALUES (:id, :name, :host, :pid, :born_at, :queues, :inline, :now, :now)
""")
_BEAT = text("""
    UPDATE dispatcher SET beat_at = :now, slots = :slots WHERE id = :id AND stopped_at IS NULL
""")
_CLOSE = text("""
    UPDATE dispatcher SET stopped_at = :now, reason = :reason WHERE id = :id AND stopped_at IS NULL
""")
_ALIVE = text("SELECT 1 FROM dispatcher WHERE id = :id AND stopped_at IS NULL")
_OTHERS = text("SELECT * FROM dispatcher WHERE stopped_at IS NULL AND id <> :me")
_HELD = text("""
    SELECT id, job, kind, lease, attempt, crashes FROM chunk
    WHERE state = 'running' AND dispatcher = :id
""")
_UNOWNED = text("""
    SELECT DISTINCT c.dispatcher FROM chunk c JOIN dispatcher d ON d.id = c.dispatcher
    WHERE c.state = 'running' AND d.stopped_at IS NOT NULL
""")
_FREE = text("""
    UPDATE chunk SET state = 'ready', run_at = :now, attempt = attempt - 1
    WHERE id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_CREDIT = text("""
    UPDATE dispatcher SET done = done + :done, failed = failed + :failed, pages = pages + :pages,
        emails = emails + :emails, seconds = seconds + :seconds
    WHERE id = :id
""")
_TOUCH = text(f"UPDATE job SET {TOUCH} WHERE no IN :jobs").bindparams(
    bindparam("jobs", expanding=True)
)


def here() -> tuple[str, int, float]:
    """Host, process id and start of this process: together they name it for all time."""
    return _here(os.getpid())


@lru_cache(maxsize=2)
def _here(pid: int) -> tuple[str, int, float]:
    host = socket.gethostname()
    if sys.platform == "linux":
        # Two containers may share a name; their process ids mean nothing to each other.
        space = Path("/proc/self/ns/pid").readlink()
        host += "#" + "".join(filter(str.isdigit, space.name))
    return host, pid, psutil.Process(pid).create_time()


def register(
    connection: Connection, name: str, queues: Sequence[str], *, inline: bool, now: float
) -> str:
    """Note a new dispatcher; its id."""
    host, pid, born_at = here()
    row = {"id": uuid4().hex, "name": name, "host": host, "pid": pid, "born_at": born_at}
    connection.execute(
        _REGISTER, {**row, "queues": ",".join(queues), "inline": int(inline), "now": now}
    )
    return str(row["id"])


def beat(connection: Connection, me: str, slots: int, now: float) -> bool:
    """Still here; False when the others have given this dispatcher up."""
    return bool(connection.execute(_BEAT, {"id": me, "slots": slots, "now": now}).rowcount)


def alive(connection: Connection, me: str) -> bool:
    """Whether this dispatcher may claim."""
    return connection.scalar(_ALIVE, {"id": me}) is not None


def close(connection: Connection, me: str, reason: str, now: float) -> None:
    """What it still holds goes back, then its row is closed."""
    free(connection, held(connection, me), now)
    connection.execute(_CLOSE, {"id": me, "reason": reason, "now": now})


def held(connection: Connection, dispatcher: str) -> list[Row[Any]]:
    """The chunks that a dispatcher runs."""
    return list(connection.execute(_HELD, {"id": dispatcher}).fetchall())


def free(connection: Connection, chunks: Sequence[Row[Any]], now: float) -> None:
    """Running chunks go back to ``ready``; the attempt is not counted."""
    if not chunks:
        return
    connection.execute(_TOUCH, {"jobs": sorted({chunk.job for chunk in chunks}), "now": now})
    connection.execute(_FREE, {"ids": [chunk.id for chunk in chunks], "now": now})
    tally = Tally()
    for chunk in chunks:
        tally.chunks(chunk.job, chunk.kind, "running", "ready")
    tally.flush(connection)


def gone(connection: Connection, me: str, stale_after: float, now: float) -> list[Row[Any]]:
    """Dispatchers that are not there any more, or silent for too long."""
    others = connection.execute(_OTHERS, {"me": me}).fetchall()
    return [row for row in others if now - row.beat_at > stale_after or not _runs(row)]


def served(connection: Connection, now: float) -> set[str]:
    """Queues that somebody works on, and ``job:ID`` where somebody works on that job alone."""
    dead = {row.id for row in gone(connection, "", SILENT, now)}
    others = connection.execute(_OTHERS, {"me": ""}).fetchall()
    return {name for row in others if row.id not in dead for name in row.queues.split(",")}


def unowned(connection: Connection) -> list[str]:
    """Closed dispatchers that still have chunks."""
    return list(connection.scalars(_UNOWNED))


def _runs(row: Row[Any]) -> bool:
    """Whether its process is there; of another machine nobody can say, so yes."""
    if row.host != here()[0]:
        return True
    try:
        process = psutil.Process(row.pid)
        same = abs(process.create_time() - row.born_at) < 1.0
        # Killed, and its parent has not looked yet: it has a number still, and does nothing more.
        return bool(same) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def stalled(connection: Connection, chunks: Sequence[Row[Any]], now: float) -> None:
    """Note for listeners that these chunks lost their dispatcher."""
    events.add(connection, "stalled", {chunk.job: {"chunk": chunk.id} for chunk in chunks}, now)


def crash(chunk: Row[Any], *, alone: bool) -> Outcome:
    """The death of a process in which this chunk ran."""
    held = Claim(
        chunk_id=chunk.id,
        job_id="",
        lease=chunk.lease,
        attempt=chunk.attempt,
        crashes=chunk.crashes,
        kind=chunk.kind,
        spec="{}",
        job_kind="",
        job_args="",
        priority=0,
        timeout=0.0,
        deadline=0.0,
    )
    said = "the process that ran it is gone"
    return Outcome(held, failure=Failure("crash", "worker_crash", said, alone=alone))


def credit(
    connection: Connection, dispatcher: str, results: Sequence[ChunkResult | None], lost: int
) -> None:
    """Add to the figures of a dispatcher what it committed."""
    stats = [result.stats for result in results if result is not None]
    connection.execute(
        _CREDIT,
        {
            "id": dispatcher,
            "done": len(stats),
            "failed": lost,
            "pages": int(sum(s.get("pages", 0) for s in stats)),
            "emails": sum(
                r.records.num_rows for r in results if r is not None and r.records is not None
            ),
            "seconds": sum(s.get("seconds", 0.0) for s in stats),
        },
    )
