"""Jobs that have ended: retried, forgotten, and kept for as long as somebody said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mailharvest.errors import LedgerError, SpecError
from mailharvest.queue.queue import Queue
from tests.queue.desk import Clock, Desk, run_all
from tests.queue.jobs import Echo, Many


@pytest.fixture
def desk(queue: Queue, clock: Clock) -> Iterator[Desk]:
    desk = Desk(queue.ledger, clock, queue.parts)
    yield desk
    desk.close()


def fail_some(on: Queue, desk: Desk, count: int, **options: Any) -> list[str]:
    ids = [on.dispatch(Echo(tries=1), **options).id for _ in range(count)]
    desk.fail(*desk.claim(count, queues=["default", "low"]))
    return ids


def test_failed_jobs_are_retried_by_id_by_queue_or_all(queue: Queue, desk: Desk) -> None:
    a, b, c = fail_some(queue, desk, 3)
    (d,) = fail_some(queue, desk, 1, queue="low")
    assert queue.retry(a) == [a]
    assert queue.retry(a) == []
    assert queue.retry(queue="low") == [d]
    assert sorted(queue.retry()) == sorted([b, c])
    assert run_all(desk) == 4
    assert queue.counts()["completed"] == 4


def test_forgetting_leaves_nothing(queue: Queue, desk: Desk) -> None:
    (job_id,) = fail_some(queue, desk, 1)
    (queue.parts / job_id).mkdir(parents=True)
    queue.forget(job_id)
    assert not (queue.parts / job_id).exists()
    for table in ("job", "chunk", "tally", "error", "event"):
        assert desk.sql(f"SELECT * FROM {table}") == []
    running = queue.dispatch(Echo())
    with pytest.raises(LedgerError, match="cancel it first"):
        queue.forget(running.id)


def test_flushing_forgets_the_old_failures(queue: Queue, desk: Desk, clock: Clock) -> None:
    old = fail_some(queue, desk, 2)
    clock.tick(8 * 86_400)
    new = fail_some(queue, desk, 1)
    assert sorted(queue.flush(older_than="7d")) == sorted(old)
    assert [row.id for row in queue.failed()] == new
    clock.tick(1)
    assert queue.flush() == new


def test_retention_by_count_age_or_not_at_all(queue: Queue, desk: Desk, clock: Clock) -> None:
    for keep in (False, 3, {"age": "1h", "count": 100}, {"age": 7200}, True):
        for n in range(5):
            queue.dispatch(Many(chunk_count=1), keep_completed=keep)  # type: ignore[arg-type]
            clock.tick(n)
        run_all(desk)
    assert len(queue.prune()) == 5 + 2
    clock.tick(3601)
    assert len(queue.prune()) == 5
    clock.tick(7200)
    assert len(queue.prune()) == 5
    assert queue.counts()["completed"] == 3 + 5


@pytest.mark.parametrize("keep", ["7d", -1, {"age": "x"}, {"days": 3}, {}, None])
def test_a_retention_that_says_nothing_is_refused(queue: Queue, keep: Any) -> None:
    with pytest.raises(SpecError, match="how long a job is kept"):
        queue.dispatch(Echo(), keep_failed=keep)


def test_what_comes_in_by_the_dozen_is_kept_no_longer_either(
    queue: Queue, desk: Desk, clock: Clock
) -> None:
    queue.bulk([Echo(), Echo()], keep_completed=False)
    queue.chain([Echo(), Echo()], keep_completed={"age": "1h"})
    queue.schedule("daily", Echo(), every="1d", keep_completed=1)
    for _ in range(3):
        clock.tick(86_400)
        queue.ledger.tick()
        run_all(desk)
    assert queue.counts()["completed"] == 2 + 2 + 3
    queue.prune()
    assert [row.reason for row in queue.completed()] == ["done"]


def test_keeping_failed_and_completed_are_apart(queue: Queue, desk: Desk) -> None:
    fail_some(queue, desk, 2, keep_completed=False)
    fail_some(queue, desk, 2, keep_failed=1)
    assert len(queue.prune()) == 1
