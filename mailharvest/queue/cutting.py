"""Cutting chunks from the frontiers of all jobs: how many, of which job, from which shard on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from mailharvest.errors import SpecError
from mailharvest.queue import frontier
from mailharvest.queue.database import Database
from mailharvest.queue.job import Cut, load_job
from mailharvest.queue.jobs import Place, add_chunk
from mailharvest.queue.tally import Tally, read_counts

log = logging.getLogger(__name__)

_CUTTABLE = text("""
    SELECT j.no, j.id, j.kind, j.args, j.queue, j.priority, j.in_flight
    FROM job j JOIN tally t ON t.job = j.no AND t.of = 'url' AND t.name = 'waiting'
    WHERE j.state IN ('queued', 'running') AND t.n > 0
    ORDER BY j.priority, j.no
""")


_LIVE = text("SELECT COUNT(*) FROM job WHERE no = :no AND state IN ('queued', 'running')")


class Scissors:
    """Cuts chunks from frontiers; remembers at which shard each job's next cut begins."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._first: dict[int, int] = {}

    def cut(self, room: int, only: Sequence[str] | None, now: float) -> int:
        """Cut at most `room` chunks, minus those that wait already; how many."""
        cut = 0
        for row in self._jobs(only):
            cut += self._cut(row, room - cut, now)
        return cut

    def next_due(self, only: Sequence[str] | None) -> float | None:
        """When the first URL that could be cut is due, or has waited long enough."""
        rows = self._jobs(only)
        with self.database.read() as connection:
            due = [frontier.next_due(connection, row.no) for row in rows]
        return min((at + frontier.PATIENCE for at in due if at is not None), default=None)

    def _jobs(self, only: Sequence[str] | None) -> list[Row[Any]]:
        with self.database.read() as connection:
            rows = connection.execute(_CUTTABLE).fetchall()
        return [row for row in rows if only is None or row.id in only]

    def _cut(self, row: Row[Any], room: int, now: float) -> int:
        size = _size(row)
        with self.database.read() as connection:
            chunks = read_counts(connection, [row.no])[row.no].chunks
            room = _room(room, chunks, row.in_flight)
            if room <= 0:
                return 0
            shards = frontier.shards_to_cut(
                connection,
                row.no,
                size,
                room=room,
                first=self._first.get(row.no, 0),
                idle=not any(
                    chunks.get((kind, s)) for kind, s in chunks if s in ("ready", "running")
                ),
                now=now,
            )
        if not shards:
            return 0
        tally, place = Tally(), Place(row.no, row.queue, row.priority, now)
        with self.database.write() as connection:
            if not connection.scalar(_LIVE, {"no": row.no}):
                return 0  # it was cancelled since: a chunk now would bring it back to life
            taken = {}
            busy = frontier.busy(connection, row.no, shards)  # another may have cut there since
            pauses = frontier.pauses(connection, row.no, shards, now)
            for shard in shards:
                urls = frontier.next_urls(connection, row.no, shard, size, now)
                if urls and shard not in busy:
                    spec = frontier.scrape_spec(shard, urls, pauses.get(shard, {}))
                    chunk = add_chunk(connection, place, spec, crashes=0, planned=0, tally=tally)
                    taken[chunk] = urls
            frontier.take(connection, row.no, taken, tally)
            tally.flush(connection)
        self._first[row.no] = shards[-1] + 1
        return len(shards)


def _size(row: Row[Any]) -> Cut:
    try:
        size = load_job(row.kind, row.args).cut()
        if not isinstance(size, Cut):
            raise TypeError(f"cut() must return a Cut, not {type(size).__name__}")
        return size
    except SpecError:
        return Cut()  # its class is not installed here: the chunk will say so, and end the job
    except Exception:  # the job's own code; it stops no dispatcher
        log.exception("cut() of %s raised an exception", row.kind)
        return Cut()


def _room(room: int, chunks: dict[tuple[str, str], int], in_flight: int) -> int:
    """How many more scrape chunks are wanted: a few ahead, and no more than may be in flight."""
    ready = chunks.get(("scrape", "ready"), 0)
    incomplete = ready + sum(chunks.get(("scrape", s), 0) for s in ("delayed", "running"))
    return min(room - ready, in_flight - incomplete)
