"""Budgets: what an attempt that gave nothing costs, and who pays."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mailharvest.chunk import ChunkResult, ChunkSpec
from mailharvest.queue.job import Backoff, Exponential
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Claim, Failure, Outcome
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Limited, Many, Moody


class Files(Many):
    path: str = "pages.html"

    def chunks(self) -> Iterable[ChunkSpec]:
        return [ChunkSpec("read", {"path": self.path, "start": 0, "end": None})]


def test_an_exception_uses_a_try_and_waits(desk: Desk, clock: Clock) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1, tries=3, backoff=[10, 20]))
    for wait in (10, 20):
        desk.fail(desk.one())
        assert desk.claim() == []
        clock.tick(wait - 0.5)
        assert desk.ledger.promote() == 0
        clock.tick(0.6)
        assert desk.ledger.promote() == 1
    claim = desk.one()
    assert (claim.attempt, claim.lease) == (3, 3)
    desk.fail(claim)
    row = desk.ledger.job(job_id)
    assert (row.state, row.reason) == ("failed", "it went wrong")
    severities = [e.severity for e in desk.ledger.errors(job_id)]
    assert severities == ["error", "warning", "warning"]
    desk.check()


def test_backoff_doubles_is_capped_and_jitters_within_bounds() -> None:
    rng = random.Random(7)
    plain = Backoff(delay=1, cap=60, jitter=0)
    assert [plain.pause(n, rng) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    jittery = Exponential("2s", cap="1m", jitter=0.5)
    for n in range(1, 2000):
        full = min(2 * 2.0 ** min(n - 1, 64), 60)
        assert full / 2 <= jittery.pause(n, rng) <= full
    listed = Backoff(delays=(1, 5, 10))
    assert [listed.pause(n, rng) for n in range(1, 6)] == [1, 5, 10, 10, 10]


def test_a_backoff_begins_when_the_attempt_fails(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Many(chunk_count=1, backoff=[10]))
    claim = desk.one()
    clock.tick(500)
    desk.fail(claim)
    assert desk.ledger.next_delayed() == clock.now + 10


@pytest.mark.parametrize("kind", ["release", "lost"])
def test_a_release_is_free(desk: Desk, kind: str) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1, tries=1))
    for lease in range(1, 50):
        claim = desk.one()
        assert (claim.attempt, claim.lease) == (1, lease)
        desk.fail(claim, kind=kind, error="released")
    assert desk.ledger.job(job_id).state == "running"
    assert desk.ledger.errors(job_id) == []
    desk.check()


def test_a_release_may_ask_for_a_pause(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Many(chunk_count=1))
    desk.fail(desk.one(), kind="release", error="released", delay=30.0)
    assert desk.claim() == []
    assert desk.ledger.next_delayed() == clock.now + 30


def test_being_rate_limited_closes_the_limit_for_all(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Limited(chunk_count=10, rate="5/s"))
    claim, *_ = desk.claim(2)
    desk.fail(claim, kind="release", error="rate_limited", delay=40.0)
    clock.tick(39)
    desk.ledger.promote()
    assert desk.claim(5) == []
    clock.tick(2)
    desk.ledger.promote()
    assert len(desk.claim(5)) == 5


@pytest.mark.parametrize(("kind", "error"), [("fail", "failed"), ("refused", "bad_key")])
def test_no_more_tries(desk: Desk, kind: str, error: str) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1, tries=9))
    desk.fail(desk.one(), kind=kind, error=error)
    assert desk.ledger.job(job_id).state == "failed"
    assert desk.ledger.error_counts(job_id) == {error: 1}


def test_a_crash_is_no_try(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1, tries=1))
    desk.fail(desk.one(), kind="crash", error="worker_crash")
    assert desk.claim() == []  # a suspect runs apart
    assert desk.ledger.suspects() == 1
    claim = desk.one(suspects=True)
    assert claim.crashes == 1
    desk.finish(claim)
    assert desk.ledger.job(job_id).state == "completed"


def test_an_innocent_neighbour_is_never_charged(desk: Desk) -> None:
    """Ten chunks share a worker that dies again and again; only who died alone is to blame."""
    job_id = desk.ledger.add(Many(chunk_count=10, tries=1))
    claims = desk.claim(10)
    guilty = claims[6].chunk_id
    desk.fail(*claims, kind="crash", error="worker_crash", alone=False)
    for _ in range(60):
        worst = desk.ledger.suspects()
        if not worst:
            break
        group = desk.claim(max(1, worst // 2), suspects=True)
        if any(c.chunk_id == guilty for c in group):
            desk.fail(*group, kind="crash", error="worker_crash", alone=len(group) == 1)
        else:
            desk.finish(*group)
    counts = desk.ledger.counts(job_id)
    assert counts == {("work", "done"): 9, ("work", "failed"): 1}
    assert desk.chunk(guilty).state == "failed"
    desk.check()


def test_the_worst_suspects_run_first(desk: Desk) -> None:
    desk.ledger.add(Many(chunk_count=3))
    first, second, third = desk.claim(3)
    desk.fail(first, second, third, kind="crash", error="worker_crash")
    again = desk.one(suspects=True)
    desk.fail(again, kind="crash", error="worker_crash")
    assert desk.ledger.suspects() == 1
    assert [c.crashes for c in desk.claim(3, suspects=True)] == [2, 1, 1]


def test_a_file_that_kills_is_set_aside_and_named(desk: Desk) -> None:
    job_id = desk.ledger.add(Files(path="bad.html"))
    desk.fail(desk.one(), kind="crash", error="worker_crash", alone=True)
    for _ in range(2):
        desk.fail(desk.one(suspects=True), kind="crash", error="worker_crash", alone=True)
    assert desk.ledger.job(job_id).state == "completed"
    (named,) = desk.ledger.errors(job_id, kind="crash")
    assert named.url == "bad.html"
    assert desk.ledger.error_counts(job_id) == {"worker_crash": 3, "crash": 1}


@pytest.mark.parametrize(
    ("data", "name"), [({"path": 5}, "5"), ({"urls": [[]]}, "[]"), ({"items": [7]}, "7")]
)
def test_whatever_is_set_aside_is_named(
    desk: Desk, data: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Files, "chunks", lambda _: [ChunkSpec("read", data)])
    job_id = desk.ledger.add(Files(tries=1))
    desk.fail(desk.one(), kind="timeout", error="timeout")
    assert desk.ledger.job(job_id).state == "completed"
    assert name in [error.url for error in desk.ledger.errors(job_id)]
    desk.check()


def test_failed_is_called_once_after_the_last_try(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    log = tmp_path / "failed.log"
    desk = Desk(ledger, clock, tmp_path / "parts")
    job_id = ledger.add(Moody(mood="x", log=str(log), tries=2, backoff=[0]))
    desk.fail(desk.one())
    assert not log.exists()
    desk.fail(desk.one())
    desk.close()  # waits for the hook
    assert log.read_text() == "it went wrong\n"
    assert ledger.job(job_id).state == "failed"


def test_a_batch_of_all_kinds_is_one_transaction(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=6, tries=2, backoff=[5]))
    a, b, c, d, e, f = desk.claim(6)

    def failure(claim: Claim, kind: str) -> Outcome:
        return Outcome(claim, failure=Failure(kind, kind, "no"))

    stale = Outcome(f, result=ChunkResult(stats={"pages": 1000}))
    desk.fail(f, kind="lost", error="lost")
    desk.commit(
        Outcome(a, result=ChunkResult(stats={"pages": 1})),
        failure(b, "exception"),
        failure(c, "fail"),
        failure(d, "crash"),
        failure(e, "release"),
        stale,
    )
    assert desk.ledger.counts(job_id) == {
        ("work", "done"): 1, ("work", "delayed"): 1, ("work", "failed"): 1, ("work", "ready"): 3
    }  # fmt: skip
    assert desk.ledger.job(job_id).pages == 1
    desk.check()
