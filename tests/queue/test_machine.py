"""Whatever happens in whatever order: no job is lost, none is done twice, counters equal rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from mailharvest.chunk import FoundURL
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Claim
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Crawl, Many

KINDS = ["exception", "timeout", "fail", "release", "crash", "lost"]


class Life(RuleBasedStateMachine):
    """A ledger, three dispatchers that come and go, and a person who changes their mind."""

    claims = Bundle("claims")
    place: str | None = None  # None: a new SQLite file

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        home = Path(self.folder.name)
        self.ledger = Ledger(self.place or home / "ledger.db", clock=self.clock)
        self.desks = [self._desk() for _ in range(3)]
        self.effects: Counter[tuple[str, int]] = Counter()  # (job, chunk) → times that it was done
        self.added: list[str] = []
        self.reopened: set[str] = set()
        self.last_lease: dict[int, int] = {}
        self.added.append(self.ledger.add(Many(chunk_count=2, tries=3, slots=2, backoff=[5])))

    def _desk(self) -> Desk:
        return Desk(self.ledger, self.clock, Path(self.folder.name) / "parts")

    @rule(chunks=st.integers(0, 4), tries=st.integers(1, 3), slots=st.integers(1, 3),
          shard=st.sampled_from([None, 1]))  # fmt: skip
    def add(self, chunks: int, tries: int, slots: int, shard: int | None) -> None:
        job = Many(chunk_count=chunks, tries=tries, slots=slots, shard=shard, backoff=[5])
        self.added.append(self.ledger.add(job))

    @rule(sites=st.lists(st.integers(0, 5), max_size=6), delay=st.booleans())
    def crawl(self, sites: list[int], delay: bool) -> None:
        start = tuple(f"http://s{site}.example.com/{n}" for n, site in enumerate(sites))
        self.added.append(self.ledger.add(Crawl(start=start, tries=2, backoff=[5], size=2)))

    @rule(target=claims, who=st.integers(0, 2), n=st.integers(1, 5), suspects=st.booleans())
    def claim(self, who: int, n: int, suspects: bool) -> Any:
        self.ledger.promote()
        self.ledger.cut(n)
        self.desks[who].committer.settle()
        got = self.desks[who].claim(n, suspects=suspects)
        for claim in got:
            assert claim.lease > self.last_lease.get(claim.chunk_id, 0)
            self.last_lease[claim.chunk_id] = claim.lease
        return multiple(*got)

    @rule(claim=claims, who=st.integers(0, 2), more=st.lists(st.integers(0, 9), max_size=2),
          back=st.booleans())  # fmt: skip
    def finish(self, claim: Claim, who: int, more: list[int], back: bool) -> None:
        """Perhaps a second time, perhaps by another, perhaps long after it was freed."""
        result: dict[str, Any] = {"stats": {"pages": 1.0}}
        if claim.kind == "scrape":
            urls = claim.data["urls"]
            result["urls"] = [FoundURL(f"http://s{n}.example.com/more") for n in more]
            if back:
                result["leftovers"] = [FoundURL(urls[0][0], not_before=self.clock.now + 3)]
        done = self.desks[who].finish(claim, **result)
        for finished in done.finished:
            assert finished.lease == self.last_lease[finished.chunk_id]
            self.effects[finished.job_id, finished.chunk_id] += 1

    @rule(claim=claims, who=st.integers(0, 2), alone=st.booleans(),
          kind=st.sampled_from(KINDS))  # fmt: skip
    def fail(self, claim: Claim, who: int, alone: bool, kind: str) -> None:
        before = self.desks[who].chunk(claim.chunk_id)
        self.desks[who].fail(claim, kind=kind, error=kind, alone=alone)
        if claim.lease != self.last_lease[claim.chunk_id] or before.state != "running":
            assert self.desks[who].chunk(claim.chunk_id) == before

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 60.0, 301.0, -30.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.tick(seconds)

    @rule(
        who=st.integers(0, 2),
        what=st.sampled_from(["die", "cancel", "reopen"]),
        n=st.integers(0, 99),
    )
    def meddle(self, who: int, what: str, n: int) -> None:
        """A dispatcher dies and is found out at once; a person changes their mind."""
        job_id = self.added[n % len(self.added)]
        if what == "cancel":
            self.ledger.cancel(job_id)
        elif what == "reopen":
            self.ledger.reopen(job_id)
        else:
            dead = self.desks[who]
            self.ledger.close_dispatcher(dead.id, "gone")
            dead.close()
            self.desks[who] = self._desk()

    @invariant()
    def counters_equal_rows(self) -> None:
        if hasattr(self, "desks"):
            self.desks[0].check()

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if hasattr(self, "desks"):
            assert all(n == 1 for n in self.effects.values())
            pages = sum(self.ledger.job(job_id).pages for job_id in self.added)
            assert pages == sum(self.effects.values())

    @invariant()
    def states_fit_together(self) -> None:
        if not hasattr(self, "desks"):
            return
        query = self.desks[0].sql
        assert query("SELECT id FROM chunk WHERE state = 'running' AND dispatcher IS NULL") == []
        ended = "('completed', 'failed', 'cancelled')"
        assert query(f"SELECT id FROM job WHERE state IN {ended} AND incomplete > 0") == []
        # A URL that is taken has a chunk which is not done; one that waits has none.
        assert query("""
            SELECT f.id FROM frontier f LEFT JOIN chunk c ON c.id = f.chunk
            WHERE (f.state = 'taken' AND (c.id IS NULL OR c.state = 'done'))
               OR (f.state <> 'taken' AND f.chunk IS NOT NULL)
        """) == []  # fmt: skip

    def teardown(self) -> None:
        if not hasattr(self, "desks"):
            return
        self._work_off()
        for desk in self.desks:
            desk.close()
        self.ledger.close()
        self.folder.cleanup()

    def _work_off(self) -> None:
        """In the end everything ends: nothing is stuck."""
        for desk in self.desks[1:]:
            self.ledger.close_dispatcher(desk.id, "gone")
        self.ledger.close_dispatcher(self.desks[0].id, "gone")
        last = self._desk()
        for _ in range(200):
            self.clock.tick(10)
            self.ledger.promote()
            self.ledger.cut(50)
            last.committer.settle()
            claims = last.claim(50) + last.claim(50, suspects=True)
            last.finish(*claims)
            if not claims and all(self.ledger.job(job_id).ended for job_id in self.added):
                break
        else:
            raise AssertionError("something is stuck")
        last.check()
        last.close()


def test_a_life_of_a_ledger_on_sqlite() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=25,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_life_of_a_ledger_on_postgresql(postgres_server: str) -> None:
    import psycopg

    class Life2(Life):
        def open(self) -> None:
            with psycopg.connect(postgres_server, autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS life WITH (FORCE)")
                connection.execute("CREATE DATABASE life")
            self.place = postgres_server.replace("/postgres", "/life")
            super().open()

        open = initialize()(open)  # type: ignore[assignment]

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life2,
        settings=settings(
            max_examples=4,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
