"""A dispatcher that a test moves by hand, step by step, with a clock that it sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from mailharvest.chunk import ChunkResult, FoundURL
from mailharvest.queue.commit import Committed, Committer
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Claim, Failure, Outcome


class Clock:
    """Epoch seconds that pass when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


class Desk:
    """One dispatcher on a ledger."""

    def __init__(
        self, ledger: Ledger, clock: Clock, parts: Path, *, inline: bool = False, seed: int = 1
    ) -> None:
        self.ledger, self.clock = ledger, clock
        self.committer = Committer(ledger, parts, seed=seed)
        self.id = ledger.register("desk", ["default"], inline=inline)

    def close(self) -> None:
        self.committer.close()

    def claim(
        self, n: int = 1, queues: Sequence[str] = ("default",), **options: Any
    ) -> list[Claim]:
        return self.ledger.claim(self.id, n, queues, **options)

    def one(self, **options: Any) -> Claim:
        (claim,) = self.claim(1, **options)
        return claim

    def finish(self, *claims: Claim, **result: Any) -> Committed:
        return self.commit(*(Outcome(c, result=ChunkResult(**result)) for c in claims))

    def fail(
        self, *claims: Claim, kind: str = "exception", error: str = "chunk_error", **more: Any
    ) -> Committed:
        failure = Failure(kind, error, "it went wrong", **more)
        return self.commit(*(Outcome(c, failure=failure) for c in claims))

    def commit(self, *outcomes: Outcome) -> Committed:
        return self.committer.commit(outcomes, dispatcher=self.id)

    def sql(self, query: str, **asked: Any) -> list[Any]:
        with self.ledger.database.read() as connection:
            return list(connection.execute(text(query), asked).fetchall())

    def chunk(self, chunk_id: int) -> Any:
        (row,) = self.sql("SELECT * FROM chunk WHERE id = :id", id=chunk_id)
        return row

    def check(self) -> None:
        """Every counter equals the rows that it counts; no shard runs twice."""
        chunks = {
            (job, kind, state): n
            for job, kind, state, n in self.sql(
                "SELECT job, kind, state, COUNT(*) FROM chunk GROUP BY job, kind, state"
            )
        }
        urls = {
            (job, state): n
            for job, state, n in self.sql(
                "SELECT job, state, COUNT(*) FROM frontier GROUP BY job, state"
            )
        }
        tallied = self.sql("SELECT job, of, name, n FROM tally WHERE n <> 0")
        assert {
            (job, of[6:], name): n for job, of, name, n in tallied if of.startswith("chunk.")
        } == chunks
        for job, n in self.sql(
            "SELECT job, COUNT(*) FROM frontier WHERE state = 'done' AND tries >= 3 GROUP BY job"
        ):
            urls[job, "lost"] = n
        assert {(job, name): n for job, of, name, n in tallied if of == "url"} == urls
        for job, incomplete, running in self.sql("SELECT no, incomplete, running FROM job"):
            states = dict.fromkeys(("delayed", "ready", "running"), 0)
            for (of, _, state), n in chunks.items():
                if of == job and state in states:
                    states[state] += n
            assert incomplete == sum(states.values())
            assert running == states["running"]


def urls(*names: str, **more: Any) -> list[FoundURL]:
    return [FoundURL(f"http://{name}", **more) for name in names]


def run_all(desk: Desk, **result: Any) -> int:
    """Finish what is ready, until nothing is."""
    done = 0
    while claims := desk.claim(50, queues=["default", "high", "low"]):
        desk.finish(*claims, **result)
        done += len(claims)
    return done
