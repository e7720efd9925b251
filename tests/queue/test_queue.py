"""`Queue`: what people know from Laravel and Bull, by the names of the guide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from mailharvest.errors import JobFailed, SpecError, UnknownJob
from mailharvest.queue.control import stats
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.events import KEPT, LOG_LINES
from mailharvest.queue.inline import InlinePool
from mailharvest.queue.job import env, kind_of, load_job
from mailharvest.queue.queue import Queue
from tests.queue.desk import Clock, Desk, run_all
from tests.queue.jobs import (
    CHUNKS,
    Asks,
    Bytes,
    Crawl,
    Echo,
    Many,
    Secretive,
    SeededAsks,
    Talker,
    Unplannable,
)


@pytest.fixture
def desk(queue: Queue, clock: Clock) -> Iterator[Desk]:
    desk = Desk(queue.ledger, clock, queue.parts)
    yield desk
    desk.close()


# one job


def test_a_ticket_tells_of_its_job(queue: Queue, desk: Desk) -> None:
    ticket = queue.dispatch(Echo(value=3), job_id="report-2026-01")
    assert (ticket.id, ticket.state, ticket.result, ticket.progress) == (
        "report-2026-01", "queued", None, 0.0
    )  # fmt: skip
    run_all(desk, value=3)
    assert (ticket.state, ticket.result, ticket.progress) == ("completed", 3, 1.0)
    assert queue.get("report-2026-01").wait() == 3
    with pytest.raises(UnknownJob):
        queue.get("nope")


def test_waiting_says_how_it_ended(queue: Queue, desk: Desk) -> None:
    ticket = queue.dispatch(Echo(tries=1))
    with pytest.raises(TimeoutError, match="queued"):
        ticket.wait(0.01)
    desk.fail(desk.one())
    with pytest.raises(JobFailed, match="it went wrong"):
        ticket.wait("1s")
    many = queue.dispatch(Many(tries=1))
    desk.fail(*desk.claim(3))
    assert many.row.reason == "3 chunks failed; the last said: it went wrong"


def test_options_override_the_job(queue: Queue, desk: Desk, clock: Clock) -> None:
    ticket = queue.dispatch(Echo(), delay="1h", priority=1, queue="high")
    assert (ticket.row.queue, ticket.row.priority) == ("high", 1)
    assert queue.counts()["delayed"] == 1
    clock.tick(3599)
    desk.ledger.promote()
    assert desk.claim(1, queues=["high"]) == []
    clock.tick(1)
    desk.ledger.promote()
    assert len(desk.claim(1, queues=["high"])) == 1


def test_progress_and_log_lines_are_heard(place: str, tmp_path: Path) -> None:
    with Queue(place, home=tmp_path) as queue:
        ticket = queue.dispatch(Talker(lines=3))
        pool = InlinePool(2)
        Dispatcher(queue.ledger, pool, parts=queue.parts, jobs=[ticket.id]).run()
        pool.close()
        assert ticket.state == "completed"
        assert ticket.logs() == ["line 0", "line 1", "line [2J 2"]
        progress = [e.data for e in queue.events(0, follow=False) if e.type == "progress"]
        assert progress[-1] == {"progress": 0.5, "note": "half"}


def test_what_an_old_lease_says_is_not_heard(queue: Queue, desk: Desk) -> None:
    ticket = queue.dispatch(Echo())
    old = desk.one()
    desk.fail(old, kind="lost", error="lost")
    desk.ledger.hear([(old.chunk_id, old.lease, {"log": "late"})])
    now = desk.one()
    desk.ledger.hear([(now.chunk_id, now.lease, {"log": "now"}), (99, 1, {"log": "who?"})])
    assert ticket.logs() == ["now"]


def test_the_last_thousand_log_lines_are_kept(queue: Queue, desk: Desk) -> None:
    ticket = queue.dispatch(Echo())
    claim = desk.one()
    for start in (0, 900):
        notes = [(claim.chunk_id, claim.lease, {"log": str(n)}) for n in range(start, start + 900)]
        desk.ledger.hear(notes)
    logs = ticket.logs()
    assert (len(logs), logs[0], logs[-1]) == (LOG_LINES, "800", "1799")


# unique


def test_a_unique_job_is_there_once_while_it_is_incomplete(queue: Queue, desk: Desk) -> None:
    first = queue.dispatch(Echo(value=1), unique=True)
    assert queue.dispatch(Echo(value=1), unique=True).id == first.id
    assert queue.dispatch(Echo(value=2), unique=True).id != first.id
    assert queue.dispatch(Echo(value=1)).id != first.id
    claims = desk.claim(10)
    assert queue.dispatch(Echo(value=1), unique=True).id == first.id
    desk.finish(*claims)
    assert queue.dispatch(Echo(value=1), unique=True).id != first.id


def test_a_unique_key_may_outlive_the_job(queue: Queue, desk: Desk, clock: Clock) -> None:
    first = queue.dispatch(Echo(value=1), unique="report", unique_for="1d")
    run_all(desk)
    clock.tick(86_399)
    assert queue.dispatch(Echo(value=2), unique="report", unique_for="1d").id == first.id
    clock.tick(2)
    second = queue.dispatch(Echo(value=2), unique="report", unique_for="1d")
    assert second.id != first.id


def test_an_id_is_free_again_when_its_time_has_run_out(
    queue: Queue, desk: Desk, clock: Clock
) -> None:
    def dispatch(n: int) -> int:
        job = Echo(value=n)
        queue.dispatch(job, job_id="report-2026-01", unique_for="1d")
        return run_all(desk)

    assert [dispatch(1), dispatch(2)] == [1, 0]
    clock.tick(86_401)
    assert dispatch(3) == 1
    assert '"value":3' in queue.get("report-2026-01").row.args


# chains


def test_a_chain_runs_one_after_the_other(queue: Queue, desk: Desk) -> None:
    one, two, three = queue.chain([Echo(value=n) for n in range(3)])
    for ticket in (one, two, three):
        (claim,) = desk.claim(10)
        assert claim.job_id == ticket.id
        desk.finish(claim)
    assert [t.state for t in (one, two, three)] == ["completed"] * 3
    desk.check()


def test_a_failure_stops_a_chain_says_so_and_is_caught(queue: Queue, desk: Desk) -> None:
    one, two, three = queue.chain([Echo(value=n, tries=1) for n in range(3)], catch=Echo(value="c"))
    desk.finish(desk.one())
    desk.fail(desk.one())
    assert (two.state, three.state) == ("failed", "cancelled")
    assert three.row.reason == f"job {two.id}, which it waited for, is failed"
    (caught,) = desk.claim(10)
    assert '"value":"c"' in caught.job_args
    desk.finish(caught)
    assert desk.claim(10) == []
    assert one.state == "completed"


def test_a_chain_goes_on_after_a_retry(queue: Queue, desk: Desk) -> None:
    one, two, three = queue.chain([Echo(value=n, tries=1) for n in range(3)])
    desk.fail(desk.one())
    assert queue.retry(one.id) == [one.id]
    assert (two.state, three.state) == ("waiting", "waiting")
    assert run_all(desk) == 3
    assert three.state == "completed"


def test_a_link_that_cannot_be_planned_fails_alone_and_stops_its_chain(
    queue: Queue, desk: Desk
) -> None:
    first, second, third = queue.chain([Echo(), Unplannable(), Echo()], catch=Unplannable())
    desk.finish(desk.one())
    assert (first.state, second.state, third.state) == ("completed", "failed", "cancelled")
    assert "chunks is wrong" in second.row.reason
    assert len(queue.ledger.jobs()) == 3
    assert {e.kind for e in queue.ledger.errors()} == {"job_error"}
    desk.check()


def test_cancelling_a_link_ends_the_rest(queue: Queue, desk: Desk) -> None:
    one, two, three = queue.chain([Echo(), Echo(), Echo()], catch=Echo())
    assert queue.cancel(two.id)
    assert three.state == "cancelled"
    assert run_all(desk) == 1
    assert one.state == "completed"
    with pytest.raises(SpecError):
        queue.chain([])


def test_a_chain_may_begin_with_a_crawl(queue: Queue, desk: Desk) -> None:
    queue.chain([Echo(), Crawl(start=("http://a.example.com/",))])
    desk.finish(desk.one())
    desk.ledger.cut(5)
    assert desk.one().kind == "scrape"


# many


def test_many_jobs_go_in_at_once(queue: Queue, desk: Desk) -> None:
    jobs = [Echo(value=n) for n in range(2_500)]
    jobs[7] = Crawl(start=("http://a.example.com/",))  # type: ignore[call-overload]
    tickets = queue.bulk(jobs)
    assert len({t.id for t in tickets}) == 2_500
    assert '"value":1234' in tickets[1234].row.args
    assert tickets[7].row.kind.endswith(":Crawl")
    assert queue.counts()["waiting"] == 2_500
    later = queue.dispatch(Echo())
    assert later.row.no == 2_501
    first = desk.claim(5)
    assert [c.job_id for c in first[:5]] == [t.id for t in tickets[:5]]
    desk.check()


def test_bulk_takes_jobs_as_they_come(queue: Queue) -> None:
    tickets = queue.bulk(Echo(value=n) for n in range(3))
    assert [ticket.row.args.count(f'"value":{n}') for n, ticket in enumerate(tickets)] == [1] * 3


@pytest.mark.parametrize("cls", [Asks, SeededAsks])
@pytest.mark.parametrize("what", sorted(CHUNKS))
def test_chunks_that_cannot_be_are_refused_before_anything_is_stored(
    queue: Queue, desk: Desk, what: str, cls: type[Asks]
) -> None:
    bad = cls(what=what)
    for put in (
        lambda: queue.dispatch(bad),
        lambda: queue.bulk([Echo(), bad, Echo()]),
        lambda: queue.chain([bad, Echo()]),
    ):
        with pytest.raises(SpecError, match=rf"^{cls.__name__}\.chunks: "):
            put()
    assert queue.ledger.jobs() == []
    desk.check()


def test_a_field_that_is_no_json_is_named(queue: Queue) -> None:
    for put in (
        lambda: queue.dispatch(Bytes()),
        lambda: queue.bulk([Echo(), Bytes()]),
        lambda: queue.chain([Echo(), Bytes()]),
        lambda: queue.chain([Echo()], catch=Bytes()),
    ):
        with pytest.raises(SpecError, match=r"^Bytes\.b: cannot be written as JSON"):
            put()
    assert queue.ledger.jobs() == []


def test_the_values_of_several_chunks_are_a_list_in_their_order(
    queue: Queue, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def result(count: int) -> Any:
        ticket = queue.dispatch(Many(chunk_count=count))
        for claim in reversed(desk.claim(10)):
            desk.finish(claim, value=claim.data["n"])
        return ticket.wait(0)

    assert [result(n) for n in range(1, 4)] == [0, [0, 1], [0, 1, 2]]
    monkeypatch.setattr("mailharvest.queue.progressing.MOST_CHARACTERS", 2)
    assert [result(n) for n in (2, 3)] == [[0, 1], None]
    monkeypatch.setattr("mailharvest.queue.progressing.MOST_VALUES", 1)
    assert [result(n) for n in (1, 2)] == [0, None]


def test_bulk_may_be_delayed(queue: Queue, desk: Desk, clock: Clock) -> None:
    queue.bulk([Echo(), Echo()], delay=60)
    assert queue.counts()["delayed"] == 2
    clock.tick(60)
    assert desk.ledger.promote() == 2
    desk.check()


# lists, pauses, limits


def test_lists_and_counts_agree(queue: Queue, desk: Desk) -> None:
    queue.dispatch(Echo(), delay=10)
    queue.bulk([Echo(value=n, tries=1) for n in range(5)])
    completed, failed, _active = desk.claim(3)
    desk.finish(completed)
    desk.fail(failed)
    queue.cancel(queue.dispatch(Echo()).id)
    lists = {
        "waiting": queue.waiting(), "active": queue.active(), "delayed": queue.delayed(),
        "completed": queue.completed(), "failed": queue.failed(),
    }  # fmt: skip
    expected = {"waiting": 2, "active": 1, "delayed": 1, "completed": 1, "failed": 1}
    assert {name: len(found) for name, found in lists.items()} == expected
    assert queue.counts() == {**expected, "cancelled": 1}
    assert len(queue.waiting(limit=1, offset=1)) == 1


def test_a_job_between_two_tries_is_delayed(queue: Queue, desk: Desk) -> None:
    queue.dispatch(Echo(backoff=[10]))
    desk.fail(desk.one())
    assert queue.counts()["delayed"] == 1


def test_a_paused_queue_starts_nothing(queue: Queue, desk: Desk) -> None:
    queue.dispatch(Echo(queue="low"))
    running = desk.claim(1, queues=["low"])
    queue.dispatch(Echo(queue="low"))
    queue.dispatch(Echo())
    queue.pause("low")
    queue.pause("low")
    assert queue.paused() == ["low"]
    assert [queue.get(c.job_id).row.queue for c in desk.claim(5, queues=["low", "default"])] == [
        "default"
    ]
    desk.finish(*running)
    queue.resume("low")
    assert len(desk.claim(5, queues=["low"])) == 1
    with pytest.raises(SpecError):
        queue.pause("no such name!")


def test_a_queue_may_have_a_limit(queue: Queue, desk: Desk, clock: Clock) -> None:
    queue.limit("default", max=10, duration="1s")
    queue.bulk([Echo() for _ in range(25)])
    starts = []
    for _ in range(4):
        starts.append(len(desk.claim(100)))
        clock.tick(1.06)
    assert starts == [10, 10, 5, 0]
    with pytest.raises(SpecError):
        queue.limit("default", max=0, duration="1s")


# events


def test_events_tell_the_story_in_order(queue: Queue, desk: Desk, clock: Clock) -> None:
    ticket = queue.dispatch(Echo(tries=2, backoff=[1]))
    desk.fail(desk.one())
    clock.tick(1)
    desk.ledger.promote()
    desk.finish(desk.one())
    story = [e.type for e in queue.events(0, follow=False) if e.job_id == ticket.id]
    assert story == ["waiting", "active", "retrying", "completed"]


def test_listeners_are_called_and_may_fail(queue: Queue, desk: Desk) -> None:
    heard: list[str] = []

    def listener(event: Any) -> None:
        heard.append(event.job_id)
        raise ValueError("no matter")

    queue.on("completed", listener)
    queue.on("failed", lambda event: heard.append("failed"))
    with pytest.raises(SpecError, match="no event"):
        queue.on("finished", listener)
    tickets = [queue.dispatch(Echo()) for _ in range(2)]
    run_all(desk)
    for _ in range(600):
        if len(heard) == 2:
            break
        queue._closed.wait(0.02)
    assert sorted(heard) == sorted(t.id for t in tickets)


def test_events_are_bounded(queue: Queue, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailharvest.queue.events.KEPT", 50)
    queue.bulk([Echo() for _ in range(120)])
    queue.prune()
    found = list(queue.events(0, follow=False))
    assert len(found) == 50
    assert found[-1].type == "waiting"
    assert KEPT == 10_000


# payload


def test_a_secret_is_named_and_never_written(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match=r'mh\.env\("NAME"\)') as caught:
        Secretive(token="hunter2")
    assert "hunter2" not in str(caught.value)
    job = Secretive(token=env("REPORT_TOKEN"))
    ticket = queue.dispatch(job)
    assert "env:REPORT_TOKEN" in ticket.row.args
    loaded = load_job(kind_of(job), ticket.row.args)
    with pytest.raises(SpecError, match="REPORT_TOKEN is not set"):
        loaded.with_secrets()
    monkeypatch.setenv("REPORT_TOKEN", "real")
    assert Queue.dispatch_sync(job) == "real"
    assert "real" not in repr(loaded)
    assert isinstance(loaded, Secretive)
    assert loaded.token == SecretStr("env:REPORT_TOKEN")


def test_the_figures_of_the_specification(queue: Queue, desk: Desk, clock: Clock) -> None:
    queue.bulk([Many(chunk_count=2) for _ in range(3)])
    done, *_ = desk.claim(2)
    desk.finish(done, stats={"pages": 7})
    clock.tick(10)
    found = stats(queue.ledger)
    assert found["queue-stats"] == {"pending": 4, "processing": 1, "completed": 1, "failed": 0}
    assert found["worker-stats"] == {
        "active_workers": 1, "idle_workers": 0, "total_pages": 7, "total_emails": 0,
        "avg_runtime": 10.0,
    }  # fmt: skip
