"""Counters of a job, moved in the same transaction as the rows that they count.

Counting a million rows takes a second; so every transaction sums up what it changed, and adds
that to the `tally` table (``of``, ``name``, ``n``) and to the job's own counters.

======================  ==============================================
of                      name
======================  ==============================================
``chunk.`` and a kind   a state of a chunk
``url``                 a state of a row of the frontier
``error``               a kind of error
``stat``                a key of ``ChunkResult.stats``
``site``                a site: pages fetched there
======================  ==============================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

from mailharvest.queue.database import announce, many
from mailharvest.queue.schema import INCOMPLETE

_ADD = text(
    "INSERT INTO tally (job, of, name, n) VALUES (:job, :of, :name, :n)"
    " ON CONFLICT (job, of, name) DO UPDATE SET n = tally.n + excluded.n"
)
_MOVE = text(
    "UPDATE job SET incomplete = incomplete + :incomplete, running = running + :running"
    " WHERE no = :job"
)
_READ = text("SELECT job, of, name, n FROM tally WHERE job IN :jobs AND of NOT IN ('site')")


class Tally:
    """What one transaction changed; `flush` writes it."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[int, str, str]] = Counter()
        self._incomplete: Counter[int] = Counter()
        self._running: Counter[int] = Counter()

    def add(self, job: int, of: str, name: str, n: float = 1) -> None:
        """Count `n` more."""
        self._sums[job, of, name] += n  # type: ignore[assignment]

    def chunks(self, job: int, kind: str, old: str | None, new: str | None, n: int = 1) -> None:
        """`n` chunks went from one state to another; None is that they came, or were deleted."""
        for state, sign in ((old, -n), (new, n)):
            if state is not None:
                self.add(job, f"chunk.{kind}", state, sign)
                self._incomplete[job] += sign * (state in INCOMPLETE)
                self._running[job] += sign * (state == "running")

    def flush(self, connection: Connection) -> None:
        """Write the changes, and begin anew."""
        sums = [
            {"job": job, "of": of, "name": name, "n": n}
            for (job, of, name), n in sorted(self._sums.items())
            if n
        ]
        if sums:
            many(connection, _ADD, sums)
        moves = [
            {"job": job, "incomplete": n, "running": self._running[job]}
            for job, n in sorted(self._incomplete.items())
            if n or self._running[job]
        ]
        if moves:
            many(connection, _MOVE, moves)
        if any(n > 0 and name in ("ready", "waiting") for (_, _, name), n in self._sums.items()):
            announce(connection)
        self.__init__()  # type: ignore[misc]


class Counts:
    """The counters of one job as they are read."""

    def __init__(self) -> None:
        self.chunks: dict[tuple[str, str], int] = {}
        self.urls: dict[str, int] = {}
        self.lost = 0  # of the URLs that are done
        self.errors: dict[str, int] = {}
        self.stats: dict[str, float] = {}


def read_counts(connection: Connection, jobs: Iterable[int]) -> dict[int, Counts]:
    """The counters of `jobs`, zeros left out."""
    found = {job: Counts() for job in jobs}
    rows = connection.execute(
        _READ.bindparams(bindparam("jobs", expanding=True)), {"jobs": list(found)}
    )
    for job, of, name, n in rows:
        counts = found[job]
        if not n:
            continue
        if of.startswith("chunk."):
            counts.chunks[of[6:], name] = int(n)
        elif of == "stat":
            counts.stats[name] = n
        elif (of, name) == ("url", "lost"):
            counts.lost = int(n)
        else:
            (counts.urls if of == "url" else counts.errors)[name] = int(n)
    return found
