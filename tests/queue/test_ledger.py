"""The ledger: what goes in stays, is claimed in order, and is committed once."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from sqlalchemy import text

from mailharvest.chunk import PageError
from mailharvest.errors import SpecError, UnknownJob
from mailharvest.queue import control
from mailharvest.queue.jobs import Options, new_id
from mailharvest.queue.ledger import Ledger
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Broken, Echo, Limited, Many


def test_a_job_goes_in_and_comes_out_done(desk: Desk) -> None:
    job_id = desk.ledger.add(Echo(value={"a": [1]}), job_id="report-1")
    row = desk.ledger.job("report-1")
    assert (job_id, row.state, row.title, row.incomplete) == ("report-1", "queued", "Echo", 1)
    claim = desk.one()
    assert (claim.job_id, claim.attempt, claim.lease, claim.kind) == ("report-1", 1, 1, "handle")
    assert desk.ledger.job("report-1").state == "running"
    done = desk.finish(claim, value={"a": [1]}, stats={"pages": 2})
    row = desk.ledger.job("report-1")
    assert (row.state, row.reason, row.result, row.pages) == ("completed", "done", {"a": [1]}, 2)
    assert done.ended == [("report-1", "completed", "done")]
    desk.check()


def test_what_is_there_survives_a_reopening(place: str, clock: Clock) -> None:
    with Ledger(place, clock=clock) as ledger:
        job_id = ledger.add(Many(chunk_count=4))
    with Ledger(place, clock=clock) as again:
        assert again.counts(job_id) == {("work", "ready"): 4}


def test_an_unknown_job_is_said_to_be_unknown(ledger: Ledger) -> None:
    for ask in (ledger.job, ledger.counts, ledger.cancel, ledger.reopen):
        with pytest.raises(UnknownJob, match="'nope'"):
            ask("nope")


@pytest.mark.parametrize("bad", ["../up", "a b", "a/b", "x" * 65, ".hidden", "a\n"])
def test_an_id_is_safe_in_a_path_and_a_url(ledger: Ledger, bad: str) -> None:
    with pytest.raises(SpecError, match="cannot be the id"):
        ledger.add(Echo(), job_id=bad)


def test_an_id_names_one_job(ledger: Ledger) -> None:
    ledger.add(Echo(value=1), job_id="one")
    assert ledger.add(Echo(value=2), job_id="one") == "one"
    assert '"value":1' in ledger.job("one").args


def test_new_ids_sort_by_time_and_never_meet() -> None:
    ids = [new_id(1_800_000_000.0 + i / 1000) for i in range(100)]
    assert ids == sorted(ids)
    same = {new_id(1_800_000_000.5) for _ in range(10_000)}
    assert len(same) == 10_000
    assert all(len(i) == 14 and i.isalnum() for i in same)


def test_lower_priority_first_then_the_older_job(desk: Desk) -> None:
    names = {}
    for priority in (5, 1, 9, 1):
        job_id = desk.ledger.add(Echo(priority=priority))
        names[job_id] = priority
    order = [names[c.job_id] for c in desk.claim(10)]
    assert order == [1, 1, 5, 9]
    assert [c.job_id for c in desk.claim(10)] == []


def test_queues_are_served_strictly_in_order(desk: Desk) -> None:
    for queue in ("low", "high", "default", "high"):
        desk.ledger.add(Echo(queue=queue, priority=1 if queue == "low" else 9))
    claims = desk.claim(3, ["high", "default", "low"])
    assert [desk.ledger.job(c.job_id).queue for c in claims] == ["high", "high", "default"]
    assert desk.claim(3, ["high", "default"]) == []


def test_a_low_priority_never_starves(desk: Desk, clock: Clock) -> None:
    old = desk.ledger.add(Echo(priority=1000))
    clock.tick(61)
    seen = []
    for _ in range(10):
        desk.ledger.add(Echo(priority=1))
        seen.append(desk.one().job_id)
    assert seen.count(old) == 1


def test_one_start_in_ten_is_for_the_old_and_no_more(desk: Desk, clock: Clock) -> None:
    old = {desk.ledger.add(Echo(priority=1000)) for _ in range(30)}
    clock.tick(61)
    for _ in range(40):
        desk.ledger.add(Echo(priority=1))
    seen = list(itertools.chain.from_iterable(desk.claim(4) for _ in range(10)))
    assert sum(c.job_id in old for c in seen) == 4


def test_a_job_has_no_more_in_flight_than_it_may(desk: Desk) -> None:
    big = desk.ledger.add(Many(chunk_count=500, slots=3))
    other = desk.ledger.add(Echo())
    claims = desk.claim(10)
    assert [c.job_id for c in claims] == [big, big, big, other]
    assert desk.claim(10) == []
    desk.finish(claims[0])
    assert [c.job_id for c in desk.claim(10)] == [big]
    desk.check()


def test_two_chunks_of_a_shard_never_run_at_once(
    ledger: Ledger, desk: Desk, tmp_path: Path
) -> None:
    ledger.add(Many(chunk_count=5, shard=7))
    other = Desk(ledger, desk.clock, tmp_path / "parts")
    (claim,) = desk.claim(10)
    assert other.claim(10) == []
    desk.finish(claim)
    assert len(other.claim(10)) == 1
    other.close()


def test_a_shard_runs_once_whatever_the_code_does(ledger: Ledger, desk: Desk) -> None:
    ledger.add(Many(chunk_count=2, shard=7))
    desk.claim(1)
    with pytest.raises(Exception, match=r"(?i)unique"), ledger.database.write() as connection:
        connection.execute(text("UPDATE chunk SET state = 'running'"))


def test_only_these_jobs_are_worked_on(desk: Desk) -> None:
    desk.ledger.add(Echo())
    wanted = desk.ledger.add(Echo())
    numbers = desk.ledger.numbers([wanted])
    assert [c.job_id for c in desk.claim(10, jobs=numbers)] == [wanted]
    assert desk.claim(10, jobs=[]) == []


def test_an_old_lease_changes_nothing(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1))
    late = desk.one()
    desk.fail(late, kind="lost", error="scheduler_lost")
    again = desk.one()
    assert (again.lease, again.attempt) == (2, 1)
    desk.finish(late, value="late", stats={"pages": 100})
    assert desk.ledger.job(job_id).state == "running"
    desk.finish(again, value="good", stats={"pages": 1})
    desk.finish(late, value="late", stats={"pages": 100})
    row = desk.ledger.job(job_id)
    assert (row.state, row.result, row.pages) == ("completed", "good", 1)
    desk.check()


def test_twice_the_same_finish_counts_once(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=2))
    first, _ = desk.claim(2)
    desk.finish(first, stats={"pages": 1})
    desk.finish(first, stats={"pages": 1})
    assert desk.ledger.job(job_id).pages == 1
    assert desk.ledger.counts(job_id) == {("work", "done"): 1, ("work", "running"): 1}


def test_more_sees_each_finished_chunk_once(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=20))
    while claims := desk.claim(7):
        desk.finish(*claims)
    row = desk.ledger.job(job_id)
    assert (row.state, row.memo) == ("completed", {"seen": 20})


def test_a_cancelled_job_ends_at_once_and_stays_so(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=3, slots=1))
    claim = desk.one()
    assert desk.ledger.cancel(job_id, "not wanted") is True
    assert desk.ledger.cancel(job_id) is False
    assert desk.ledger.mine(desk.id) == {}
    desk.finish(claim, stats={"pages": 9})
    row = desk.ledger.job(job_id)
    assert (row.state, row.reason, row.pages) == ("cancelled", "not wanted", 0)
    assert desk.claim(5) == []
    desk.check()


def test_a_reopened_job_does_what_it_did_not_finish(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=4, tries=1))
    claims = desk.claim(4)
    desk.finish(*claims[:2])
    desk.fail(*claims[2:])
    assert desk.ledger.job(job_id).state == "failed"
    desk.ledger.reopen(job_id)
    desk.ledger.reopen(job_id)
    again = desk.claim(10)
    assert sorted(c.data["n"] for c in again) == [2, 3]
    desk.finish(*again)
    assert desk.ledger.job(job_id).state == "completed"
    desk.check()


def test_a_completed_job_is_not_reopened(desk: Desk) -> None:
    job_id = desk.ledger.add(Echo())
    desk.finish(desk.one())
    desk.ledger.reopen(job_id)
    assert desk.ledger.job(job_id).state == "completed"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("more", "more is wrong"),
        ("verdict", "verdict is wrong"),
        ("added", "Broken.more: ChunkSpec.shard: must be a whole number"),
        ("memo", "not JSON serializable"),
        ("kinds", "'int' object is not iterable"),
        ("judged", "verdict() must say completed or failed"),
    ],
)
def test_a_job_whose_own_code_is_wrong_fails_alone(desk: Desk, where: str, said: str) -> None:
    bad = desk.ledger.add(Broken(where=where, chunk_count=2))
    good = desk.ledger.add(Many(chunk_count=2))
    desk.finish(*desk.claim(10))
    assert desk.ledger.job(bad).state == "failed"
    assert said in str(desk.ledger.job(bad).reason)
    assert desk.ledger.job(good).state == "completed"
    desk.check()


def test_a_job_whose_class_is_gone_fails_with_the_reason(desk: Desk) -> None:
    job_id = desk.ledger.add(Echo())
    with desk.ledger.database.write() as connection:
        connection.execute(text("UPDATE job SET kind = 'no.such:Thing'"))
    desk.finish(desk.one())
    row = desk.ledger.job(job_id)
    assert row.state == "failed"
    assert "no.such:Thing" in str(row.reason)


def test_an_empty_job_completes(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=0))
    assert desk.committer.settle().ended == [(job_id, "completed", "done")]
    assert desk.committer.settle().ended == []


def test_a_limit_holds_back_and_uses_no_try(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Limited(chunk_count=10, rate="3/s"))
    other = desk.ledger.add(Echo())
    claims = desk.claim(10)
    assert [c.kind for c in claims] == ["call"] * 3 + ["handle"]
    assert claims[3].job_id == other
    assert desk.claim(10) == []
    opens = desk.ledger.next_limit()
    assert opens == pytest.approx(clock.now + 1.0)
    clock.tick(1.01)
    again = desk.claim(10)
    assert [c.attempt for c in again] == [1, 1, 1]


def test_in_no_second_more_start_than_the_limit_says(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Limited(chunk_count=300, rate="7/s", slots=1000))
    starts: list[float] = []
    for step in range(200):
        clock.tick((0.013, 0.31, 0.002, 0.9)[step % 4])
        starts += [clock.now] * len(desk.claim(5))
    assert len(starts) == 300
    for i in range(len(starts) - 7):
        assert starts[i + 7] - starts[i] > 1.0 - 1e-6


def test_a_cost_above_the_limit_waits_longer(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Limited(chunk_count=3, rate="10/s", cost=25))
    assert len(desk.claim(10)) == 1
    clock.tick(2.4)
    assert desk.claim(10) == []
    clock.tick(0.2)
    assert len(desk.claim(10)) == 1


def test_a_clock_set_back_does_not_stop_the_queue(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Limited(chunk_count=10, rate="3/s"))
    assert len(desk.claim(10)) == 3
    clock.tick(-3600)
    assert len(desk.claim(10)) == 3


def test_errors_are_named_and_counted(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1))
    pages = [PageError(f"http://{i}.example.com/", f"{i}.example.com", "dns", "no") for i in "abc"]
    desk.finish(
        desk.one(), errors=[*pages, PageError("http://x/", "x", "too_large", "\x1b[2J big")]
    )
    assert desk.ledger.error_counts(job_id) == {"dns": 3, "too_large": 1}
    newest = desk.ledger.errors(job_id)[0]
    assert (newest.kind, newest.message, newest.job_id) == ("too_large", "[2J big", job_id)
    assert len(desk.ledger.errors(kind="dns", limit=2)) == 2
    assert desk.ledger.job(job_id).errors == 4


def test_the_views_have_what_the_specification_names(desk: Desk) -> None:
    failed = desk.ledger.add(Many(chunk_count=2, tries=1))
    desk.fail(*desk.claim(2))
    desk.ledger.add(Many(chunk_count=3))
    desk.claim(1)
    rows = desk.sql("SELECT id, exception, payload FROM failed_jobs")
    said = "2 chunks failed; the last said: it went wrong"
    assert [(r.id, r.exception) for r in rows] == [(failed, said)]
    assert len(desk.sql("SELECT * FROM worker_errors")) == 2
    assert [tuple(r) for r in desk.sql("SELECT * FROM queue_stats")] == [("default", 2, 1, 0, 2)]


def test_sites_are_counted(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=2))
    desk.finish(*desk.claim(2), sites={"a.example.com": 2, "b.example.com": 3})
    assert desk.ledger.sites(job_id, 1) == [("b.example.com", 6)]


def test_jobs_are_listed_newest_first_and_paged(ledger: Ledger) -> None:
    ids = [ledger.add(Echo(queue="a" if i % 2 else "b")) for i in range(5)]
    assert [row.id for row in ledger.jobs()] == ids[::-1]
    assert [row.id for row in ledger.jobs(limit=2, offset=1)] == [ids[3], ids[2]]
    assert [row.id for row in ledger.jobs("queued", "a")] == [ids[3], ids[1]]
    assert ledger.jobs(["completed", "failed"]) == []


def test_time_between_runs_is_not_work(desk: Desk, clock: Clock) -> None:
    job_id = desk.ledger.add(Many(chunk_count=3, slots=1))
    for pause in (100_000, 3, 50_000):
        clock.tick(pause)
        claim = desk.one()
        clock.tick(20)
        desk.finish(claim)
    assert desk.ledger.job(job_id).seconds == pytest.approx(20 + 3 + 20 + 10 + 20)


def test_options_set_queue_priority_and_delay(desk: Desk, clock: Clock) -> None:
    options = Options(queue="night", priority=2, run_at=clock.now + 60)
    job_id = desk.ledger.add(Echo(), options=options)
    assert desk.claim(1, ["night"]) == []
    assert desk.ledger.next_delayed() == clock.now + 60
    clock.tick(59.9)
    assert desk.ledger.promote() == 0
    clock.tick(0.2)
    assert desk.ledger.promote() == 1
    assert desk.one(queues=["night"]).job_id == job_id
    assert desk.ledger.job(job_id).priority == 2
    desk.check()


def test_what_is_left_for_one_who_comes_now_and_ever(desk: Desk, clock: Clock) -> None:
    def left() -> tuple[bool, bool]:
        return tuple(desk.ledger.left(["default"], delayed=ever) for ever in (False, True))

    assert left() == (False, False)
    desk.ledger.add(Echo())
    assert left() == (True, True)
    control.pause(desk.ledger, "default")
    assert left() == (False, True)
    control.resume(desk.ledger, "default")
    claim = desk.one()
    assert left() == (False, True)  # who runs it sees to it
    desk.fail(claim)
    assert left() == (False, True)  # delayed
    clock.tick(5)
    desk.ledger.promote()
    assert left() == (True, True)
    desk.finish(desk.one())
    assert left() == (False, False)
