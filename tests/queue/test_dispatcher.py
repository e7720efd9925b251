"""The dispatcher and the pool of threads: chunks go out, outcomes come back, nothing is stuck."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mailharvest.errors import ClusterError, LedgerError
from mailharvest.queue import dispatcher as module
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.inline import InlinePool
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Claim, Outcome
from tests.queue.jobs import AsyncEcho, AsyncSlow, Crawl, Echo, Many, Moody, Slow


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    with Ledger(place) as ledger:
        yield ledger


@pytest.fixture
def pool() -> Iterator[InlinePool]:
    pool = InlinePool(4)
    yield pool
    pool.close()


def ended(ledger: Ledger, *job_ids: str) -> Callable[[], str | None]:
    return lambda: "ended" if all(ledger.job(j).ended for j in job_ids) else None


def work(ledger: Ledger, pool: Any, tmp_path: Path, *job_ids: str, **options: Any) -> str:
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path / "parts", jobs=job_ids, **options)
    return dispatcher.run()


def test_jobs_are_done(ledger: Ledger, pool: InlinePool, tmp_path: Path) -> None:
    jobs = [Echo(value=1), AsyncEcho(value=2), Many(chunk_count=50)]
    ids = [ledger.add(job) for job in jobs]
    assert work(ledger, pool, tmp_path, *ids) == "done"
    assert [ledger.job(i).state for i in ids] == ["completed"] * 3
    assert [ledger.job(i).result for i in ids[:2]] == [1, 2]
    (row,) = ledger.dispatchers()
    assert (row.reason, row.done, row.running) == ("done", 52, 0)


def test_the_collector_leaves_what_was_there_before_alone_while_it_runs(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    job_id = ledger.add(Echo(value=1))
    frozen: list[int] = []
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path / "parts", jobs=[job_id])
    dispatcher.run(until=lambda: frozen.append(gc.get_freeze_count()))
    assert min(frozen) > 0
    assert gc.get_freeze_count() == 0


def test_a_frontier_is_worked_off(ledger: Ledger, pool: InlinePool, tmp_path: Path) -> None:
    start = tuple(f"http://site{i}.example.com/{n}" for i in range(30) for n in range(3))
    job_id = ledger.add(Crawl(start=start))
    work(ledger, pool, tmp_path, job_id)
    assert ledger.frontier_count(job_id) == {"done": 90}


def test_a_failure_is_tried_again_and_then_final(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    job_id = ledger.add(Moody(mood="odd", tries=3, backoff=[0.01], log=str(log)))
    work(ledger, pool, tmp_path, job_id)
    row = ledger.job(job_id)
    assert (row.state, row.errors) == ("failed", 3)
    assert log.read_text() == "ValueError: odd\n"


def test_a_job_that_comes_later_is_picked_up(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path, sleep=0.2)
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    try:
        for n in range(3):
            job_id = ledger.add(Echo(value=n))
            _wait_for(lambda job_id=job_id: ledger.job(job_id).ended)
    finally:
        dispatcher.stop()
        thread.join()


def test_an_asynchronous_handle_that_hangs_times_out(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    job_id = ledger.add(AsyncSlow(timeout=0.05, tries=1))
    work(ledger, pool, tmp_path, job_id)
    assert ledger.error_counts(job_id) == {"timeout": 1}


def test_a_stuck_handle_is_replaced_and_its_neighbours_go_on(
    ledger: Ledger, pool: InlinePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEND", 0.05)
    gate = tmp_path / "gate"
    stuck = ledger.add(Slow(until=str(gate), timeout=0.1, tries=2, backoff=[0.01]))
    other = ledger.add(Many(chunk_count=20))
    work(ledger, pool, tmp_path, stuck, other, overdue=0.05)
    assert ledger.error_counts(stuck) == {"timeout": 2}
    assert ledger.error_counts(other) == {}
    assert ledger.job(stuck).state == "failed"
    gate.touch()  # the threads that were left behind end


def test_a_stop_hands_back_what_runs_and_uses_no_try(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = ledger.add(Slow(until=str(gate)))
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path)
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    _wait_for(lambda: dispatcher.in_flight == 1)
    dispatcher.stop(grace=0.0)
    thread.join()
    assert ledger.counts(job_id) == {("handle", "ready"): 1}
    gate.touch()
    work(ledger, pool, tmp_path, job_id)
    assert ledger.job(job_id).result == "done"
    (attempt,) = _sql(ledger, "SELECT attempt FROM chunk")
    assert attempt == (1,)


def test_a_stop_lets_what_is_nearly_done_finish(
    ledger: Ledger, pool: InlinePool, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = ledger.add(Slow(until=str(gate)))
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path)
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    _wait_for(lambda: dispatcher.in_flight == 1)
    dispatcher.stop(grace=60.0)
    gate.touch()
    thread.join()
    assert ledger.job(job_id).state == "completed"


def test_a_cancelled_job_is_dropped(ledger: Ledger, pool: InlinePool, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job_id = ledger.add(Slow(until=str(gate)))
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path)
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    _wait_for(lambda: dispatcher.in_flight == 1)
    ledger.cancel(job_id)
    dispatcher.wake()
    _wait_for(lambda: dispatcher.in_flight == 0)
    gate.touch()
    dispatcher.stop()
    thread.join()
    assert ledger.job(job_id).state == "cancelled"


class Unreachable(InlinePool):
    """A scheduler that is gone for a while."""

    def __init__(self, failures: int) -> None:
        super().__init__(2)
        self.failures = failures

    def outcomes(self, timeout: float) -> list[Outcome]:
        if self._flying and self.failures:
            self.failures -= 1
            raise ClusterError("the scheduler is gone")
        return super().outcomes(timeout)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses after errors of the loop; they are not made."""
    made: list[float] = []
    monkeypatch.setattr(Dispatcher, "_rest", lambda self, seconds: made.append(seconds))
    return made


def test_a_scheduler_that_comes_back_costs_no_try(
    ledger: Ledger, tmp_path: Path, pauses: list[float]
) -> None:
    pool = Unreachable(3)
    job_id = ledger.add(Echo(value=1, tries=1))
    work(ledger, pool, tmp_path, job_id)
    pool.close()
    assert ledger.job(job_id).state == "completed"
    assert pauses == [1.0, 1.0, 1.0] or pauses == [1.0, 2.0, 4.0]
    assert ledger.errors(job_id) == []


def test_five_errors_in_a_row_stop_it(
    ledger: Ledger,
    pool: InlinePool,
    tmp_path: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job_id = ledger.add(Echo())

    def gone(*args: object, **more: object) -> None:
        raise LedgerError("the ledger is gone")

    monkeypatch.setattr(ledger, "promote", gone)
    with pytest.raises(LedgerError, match="gone"):
        work(ledger, pool, tmp_path, job_id)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    said = [record for record in caplog.records if record.name == "mailharvest.queue.dispatcher"]
    assert len(said) == 5
    assert not any(record.exc_info for record in said)  # one line each
    assert ledger.job(job_id).state == "queued"
    assert ledger.dispatchers()[0].reason == "error"


def test_failing_jobs_never_stop_it(ledger: Ledger, pool: InlinePool, tmp_path: Path) -> None:
    ids = [ledger.add(Moody(mood="odd", tries=1, log=str(tmp_path / "log"))) for _ in range(30)]
    assert work(ledger, pool, tmp_path, *ids) == "done"
    assert {ledger.job(i).state for i in ids} == {"failed"}


def test_one_that_was_given_up_begins_anew(
    ledger: Ledger, pool: InlinePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)
    gate = tmp_path / "gate"
    job_id = ledger.add(Slow(until=str(gate)))
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path, jobs=[job_id])
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    _wait_for(lambda: dispatcher.in_flight == 1)
    first = dispatcher.id
    ledger.close_dispatcher(first, "gone")  # as another one's rescue does
    _wait_for(lambda: dispatcher.id != first and dispatcher.in_flight == 1)
    gate.touch()
    thread.join()
    assert ledger.job(job_id).state == "completed"


class Deadly(InlinePool):
    """Threads that play workers of `size` chunks; chunk `n` of a job kills the one it is on."""

    def __init__(self, fatal: int) -> None:
        super().__init__(8)
        self.fatal = fatal
        self.deaths = 0
        self.crashed: list[Outcome] = []

    inline = False

    def submit(self, claims: Sequence[Claim]) -> None:
        from mailharvest.queue.pool import Failure

        if any(c.data.get("n") == self.fatal for c in claims):
            self.deaths += 1
            failure = Failure("crash", "worker_crash", "died", alone=len(claims) == 1)
            self.crashed += [Outcome(c, failure=failure) for c in claims]
        else:
            super().submit(claims)

    def outcomes(self, timeout: float) -> list[Outcome]:
        crashed, self.crashed = self.crashed, []
        return crashed or super().outcomes(timeout)


def test_a_chunk_that_kills_its_workers_is_found_among_its_neighbours(
    ledger: Ledger, tmp_path: Path
) -> None:
    pool = Deadly(fatal=5)
    job_id = ledger.add(Many(chunk_count=8, slots=8))
    work(ledger, pool, tmp_path, job_id)
    pool.close()
    assert ledger.counts(job_id) == {("work", "done"): 7, ("work", "failed"): 1}
    assert pool.deaths <= 6


def test_it_sleeps_when_there_is_nothing_to_do(
    ledger: Ledger, pool: InlinePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[float] = []
    plain = ledger.claim
    monkeypatch.setattr(
        ledger, "claim", lambda *a, **k: (claims.append(time.monotonic()), plain(*a, **k))[1]
    )
    began = time.monotonic()
    dispatcher = Dispatcher(ledger, pool, parts=tmp_path, sleep=60)
    dispatcher.run(until=lambda: "enough" if time.monotonic() > began + 1 else None)
    assert len(claims) <= 3


def _sql(ledger: Ledger, query: str) -> list[Any]:
    with ledger.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)
