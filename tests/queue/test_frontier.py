"""The frontier: each URL once a job, cut by shard, never lost, never slow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from mailharvest.chunk import ChunkResult, FoundURL
from mailharvest.queue import frontier
from mailharvest.queue.job import kind_of, lean_args, load_job
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Outcome
from mailharvest.web.urls import shard_of, site_of
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Both, Crawl, Pages


def page(site: int, n: int) -> str:
    return f"http://site{site}.example.com/{n}"


def addresses(*sites: int, pages: int = 1) -> list[str]:
    return [page(site, n) for n in range(pages) for site in sites]


def same_shard(count: int) -> list[str]:
    """Sites of one shard."""
    home, found = shard_of("site0.example.com"), []
    for i in range(1_000_000):
        if shard_of(f"site{i}.example.com") == home:
            found.append(f"site{i}.example.com")
            if len(found) == count:
                return found
    raise AssertionError


def cut_all(desk: Desk, job_id: str) -> list[list[str]]:
    """Cut, claim and finish until nothing is left; the URLs of each chunk."""
    chunks = []
    while True:
        desk.ledger.cut(100)
        claims = desk.claim(100)
        if not claims:
            return chunks
        chunks += [[u[0] for u in claim.data["urls"]] for claim in claims]
        desk.finish(*claims)


def test_each_url_is_fetched_once(desk: Desk) -> None:
    start = addresses(*range(40), pages=3)
    job_id = desk.ledger.add(Crawl(start=[*start, *start]))
    fetched = Counter(url for chunk in cut_all(desk, job_id) for url in chunk)
    assert fetched == Counter(start)
    assert desk.ledger.frontier_count(job_id) == {"done": 120}
    assert desk.ledger.job(job_id).state == "completed"
    desk.check()


def test_jobs_do_not_share_their_frontiers(desk: Desk) -> None:
    one, two = (desk.ledger.add(Crawl(start=addresses(1, 2))) for _ in "ab")
    cut_all(desk, one)
    for job_id in (one, two):
        assert desk.ledger.frontier_count(job_id) == {"done": 2}


def test_two_spellings_of_a_url_are_one(desk: Desk) -> None:
    spellings = [
        "http://Example.com:80/a#x",
        "http://example.com/a",
        "ftp://example.com/",
        "nonsense",
    ]
    job_id = desk.ledger.add(Crawl(start=spellings))
    assert desk.ledger.frontier_count(job_id) == {"waiting": 1}
    assert desk.ledger.error_counts(job_id) == {"bad_url": 2}


@pytest.mark.parametrize("slots", [1, 10, 1000])
def test_a_chunk_has_urls_of_one_shard(desk: Desk, slots: int) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(*range(300)), size=300, slots=slots))
    shards = frontier.shards_for(slots)
    used = []
    for chunk in cut_all(desk, job_id):
        (shard,) = {shard_of(site_of(url)) % shards for url in chunk}
        used.append(shard)
    assert len(used) == len(set(used)) >= min(shards, 100)


def test_a_url_waits_a_second_for_company(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Crawl(start=addresses(1, pages=2), enough=3))
    busy = desk.ledger.add(Crawl(start=addresses(2, 4, pages=3), enough=3))
    assert desk.ledger.cut(10) == 3  # the first has nothing else to do, the second has enough
    claims = desk.claim(10)
    one = next(claim for claim in claims if claim.job_id == busy)
    desk.finish(one, urls=[FoundURL(page(3, 0))])
    assert desk.ledger.cut(10) == 0
    assert desk.ledger.next_url() == pytest.approx(clock.now + 1)
    clock.tick(1.0)
    assert desk.ledger.cut(10) == 1


def test_a_shard_has_one_incomplete_chunk(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1, pages=20)))
    assert desk.ledger.cut(10) == 1
    assert desk.ledger.cut(10) == 0
    claim = desk.one()
    assert desk.ledger.cut(10) == 0
    desk.finish(claim)
    assert desk.ledger.cut(10) == 1
    assert desk.ledger.frontier_count(job_id) == {"done": 5, "taken": 5, "waiting": 10}


def test_a_site_has_its_share_of_a_chunk(desk: Desk) -> None:
    first, second, third = same_shard(3)
    start = [f"http://{first}/{n}" for n in range(100)]
    start += [f"http://{site}/{n}" for site in (second, third) for n in range(2)]
    job_id = desk.ledger.add(Crawl(start=start, size=40, per_site=10))
    desk.ledger.cut(10)
    sites = Counter(site_of(u[0]) for u in desk.one().data["urls"])
    assert sites == {first: 10, second: 2, third: 2}
    assert desk.ledger.frontier_count(job_id)["waiting"] == 90


def test_no_more_is_cut_than_the_job_may_have_in_flight(desk: Desk) -> None:
    desk.ledger.add(Crawl(start=addresses(*range(200)), slots=3))
    assert desk.ledger.cut(100) == 3
    assert desk.ledger.cut(100) == 0
    desk.finish(*desk.claim(2))
    assert desk.ledger.cut(100) == 2


def test_cutting_goes_round_the_shards(desk: Desk) -> None:
    desk.ledger.add(Crawl(start=addresses(*range(8), pages=6), size=2, enough=1, slots=1000))
    shards = []
    for _ in range(8):
        desk.ledger.cut(1)
        claim = desk.one()
        shards.append(claim.shard)
        desk.finish(claim)
    assert len(set(shards)) == 8


def test_a_crawl_whose_class_is_gone_fails_with_the_reason(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1)))
    with desk.ledger.database.write() as connection:
        connection.execute(text("UPDATE job SET kind = 'no.such:Thing'"))
    assert desk.ledger.cut(10) == 1
    desk.finish(desk.one())
    row = desk.ledger.job(job_id)
    assert (row.state, "no.such:Thing" in str(row.reason)) == ("failed", True)


def _cut_wrongly(_: Crawl) -> None:
    raise KeyError("cut is wrong")


@pytest.mark.parametrize(
    ("cut", "said"), [(_cut_wrongly, "cut is wrong"), (lambda _: 5, "must return a Cut, not int")]
)
def test_a_cut_that_is_wrong_stops_no_dispatcher(
    desk: Desk,
    cut: Any,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Crawl, "cut", cut)
    job_id = desk.ledger.add(Crawl(start=addresses(1, 2)))
    cut_all(desk, job_id)
    assert desk.ledger.job(job_id).state == "completed"
    assert said in caplog.text


def test_claims_carry_the_lean_job_and_all_of_it_where_that_cannot_be_had(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lean_args.cache_clear()
    job = Crawl(start=(page(0, 0),), target=3)
    desk.ledger.add(job)
    desk.ledger.cut(1)
    assert desk.one().job_args == job.model_dump_json()
    monkeypatch.setattr(Crawl, "lean", lambda self: self.model_copy(update={"start": ()}))
    other = Crawl(start=(page(1, 0),), target=4)
    desk.ledger.add(other)
    desk.ledger.cut(1)
    assert load_job(kind_of(other), desk.one().job_args) == Crawl(start=(), target=4)
    monkeypatch.setattr(Crawl, "lean", lambda self: 1 / 0)
    last = Crawl(start=(page(2, 0),), target=5)
    desk.ledger.add(last)
    desk.ledger.cut(1)
    assert desk.one().job_args == last.model_dump_json()
    assert "lean() of" in caplog.text


def test_what_was_cut_comes_before_what_was_planned(desk: Desk) -> None:
    desk.ledger.add(Both(start=addresses(1, pages=3)))
    desk.ledger.cut(5)
    assert [c.kind for c in desk.claim(5)] == ["scrape", "work", "work"]


def test_leftovers_come_back_when_they_may(desk: Desk, clock: Clock) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1, pages=3)))
    desk.ledger.cut(5)
    claim = desk.one()
    url, *_ = claim.data["urls"][1]
    desk.finish(claim, leftovers=[FoundURL(url, hops=2, tries=1, not_before=clock.now + 30)])
    assert desk.ledger.frontier_count(job_id) == {"done": 2, "waiting": 1}
    assert desk.ledger.job(job_id).state == "running"
    assert desk.ledger.cut(5) == 0
    clock.tick(30)
    assert desk.ledger.cut(5) == 1
    claim = desk.one()
    assert claim.data["urls"] == [[url, None, None, 2, 1]]
    desk.finish(claim)
    assert desk.ledger.job(job_id).state == "completed"
    desk.check()


def test_a_leftover_that_was_not_its_own_is_kept(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1)))
    desk.ledger.cut(5)
    desk.finish(desk.one(), leftovers=[FoundURL(page(9, 9))])
    assert desk.ledger.frontier_count(job_id) == {"done": 1, "waiting": 1}
    desk.check()


def test_discovered_urls_are_followed_once(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1)))
    desk.ledger.cut(5)
    found = [FoundURL(page(1, 0)), FoundURL(page(2, 0), query="q", rank=3), FoundURL(page(2, 0))]
    desk.finish(desk.one(), urls=found)
    assert desk.ledger.frontier_count(job_id) == {"done": 1, "waiting": 1}
    desk.ledger.cut(5)
    assert desk.one().data["urls"] == [[page(2, 0), "q", 3, 0, 0]]


def test_the_pace_of_a_site_is_handed_to_the_next_chunk(desk: Desk, clock: Clock) -> None:
    desk.ledger.add(Crawl(start=addresses(1, pages=12)))
    desk.ledger.cut(5)
    site = "site1.example.com"
    desk.finish(desk.one(), pace={site: clock.now + 60, "old.example.com": clock.now - 1})
    desk.ledger.cut(5)
    assert desk.one().data["pace"] == {site: clock.now + 60}


def test_a_cancelled_job_keeps_its_frontier_and_goes_on_with_it(desk: Desk) -> None:
    start = addresses(*range(20), pages=2)
    job_id = desk.ledger.add(Crawl(start=start))
    desk.ledger.cut(10)
    desk.finish(*desk.claim(3))
    desk.ledger.cancel(job_id)
    assert desk.ledger.cut(10) == 0
    desk.ledger.reopen(job_id)
    cut_all(desk, job_id)
    assert desk.ledger.frontier_count(job_id) == {"done": 40}
    assert desk.ledger.job(job_id).state == "completed"
    desk.check()


def test_a_job_that_is_cancelled_while_it_is_cut_stays_cancelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(*range(20), pages=2)))
    look = frontier.shards_to_cut

    def cancelled_meanwhile(*args: Any, **options: Any) -> list[int]:
        shards = look(*args, **options)
        assert shards and desk.ledger.cancel(job_id)
        return shards

    monkeypatch.setattr(frontier, "shards_to_cut", cancelled_meanwhile)
    assert desk.ledger.cut(10) == 0
    assert desk.claim(3) == []
    assert desk.ledger.job(job_id).state == "cancelled"
    desk.check()


def test_a_failed_chunk_keeps_its_urls_for_a_reopening(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1, pages=4), tries=1))
    desk.ledger.cut(10)
    desk.fail(desk.one())
    assert desk.ledger.job(job_id).state == "failed"
    assert desk.ledger.frontier_count(job_id) == {"taken": 4}
    desk.ledger.reopen(job_id)
    cut_all(desk, job_id)
    assert desk.ledger.frontier_count(job_id) == {"done": 4}


def test_a_job_that_died_while_its_urls_went_in_is_completed_by_a_reopening(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_seed", die)
        with pytest.raises(KeyboardInterrupt):
            desk.ledger.add(Crawl(start=addresses(1, 2)), job_id="c")
    assert desk.ledger.job("c").state == "planning"
    assert desk.committer.settle().ended == []
    desk.ledger.reopen("c")
    assert desk.ledger.job("c").state == "queued"
    assert desk.ledger.frontier_count("c") == {"waiting": 2}


def test_a_job_that_is_cancelled_while_its_urls_go_in_stays_cancelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal = frontier.normal

    def cancelled_meanwhile(batch: list[FoundURL]) -> tuple[list[FoundURL], list[str]]:
        assert desk.ledger.cancel("c")
        return normal(batch)

    monkeypatch.setattr(frontier, "normal", cancelled_meanwhile)
    desk.ledger.add(Crawl(start=addresses(1, 2)), job_id="c")
    assert desk.ledger.job("c").state == "cancelled"
    assert desk.ledger.cut(10) == 0
    desk.check()


def test_a_hundred_thousand_urls_cost_a_claim_no_more_than_a_few_rows(
    sqlite_ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    """Not a time but the plan: no statement may walk the frontier."""
    ledger = sqlite_ledger  # its virtual machine counts its steps
    desk = Desk(ledger, clock, tmp_path / "parts")

    def steps(urls: int, job_id: str) -> int:
        ledger.add(Pages(size=50, enough=20, slots=1000, count=urls), job_id=job_id)
        clock.tick(2)
        counted = [0]
        driver = ledger.database._writer.connection.driver_connection  # type: ignore[union-attr]
        count = lambda: counted.__setitem__(0, counted[0] + 1)  # noqa: E731
        driver.set_progress_handler(count, 100)
        with ledger.database.read() as connection:
            reader = connection.connection.driver_connection
            reader.set_progress_handler(count, 100)  # type: ignore[union-attr]
        try:
            assert ledger.cut(8, jobs=[job_id]) == 8
            assert len(desk.claim(8, jobs=ledger.numbers([job_id]))) == 8
        finally:
            driver.set_progress_handler(None, 100)
        return counted[0]

    few, many = steps(5_000, "few"), steps(100_000, "many")
    desk.close()
    assert many < 3 * few + 100


def test_every_statement_on_the_frontier_uses_an_index(sqlite_ledger: Ledger) -> None:
    asked = dict.fromkeys(
        ("job", "first", "oldest", "enough", "now", "room", "shard", "limit", "chunk", "id"), 0
    )
    statements = [frontier._SHARDS, frontier._NEXT, frontier._PACE, frontier._DUE, frontier._DONE]
    with sqlite_ledger.database.read() as connection:
        for statement in statements:
            sql = re.sub(r":(chunk|shard)s", r"(:\1)", statement.text)
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"), asked).fetchall()
            said = [row.detail for row in plan]
            assert not [
                s for s in said if s.startswith("SCAN") and "step" not in s and "CONSTANT" not in s
            ]
            assert not [s for s in said if "TEMP B-TREE" in s]


class Watched(Crawl):
    """Looks, while its URLs are asked for, how many of them are in the ledger already."""

    ledger: ClassVar[Ledger]
    ahead: ClassVar[list[int]]

    def seeds(self) -> Iterator[FoundURL]:
        for i in range(3 * frontier.BATCH):
            if i % frontier.BATCH == 0:
                self.ahead.append(i - self.ledger.frontier_count("w").get("waiting", 0))
            yield FoundURL(page(i % 50, i))


def test_seeding_keeps_memory_bounded(ledger: Ledger) -> None:
    """The source is read as it is written: never more than a batch ahead."""
    Watched.ledger, Watched.ahead = ledger, []
    ledger.add(Watched(), job_id="w")
    assert Watched.ahead == [0, 0, 0]


def test_a_split_hands_its_urls_on(desk: Desk) -> None:
    """A chunk that kills its worker is halved until the URL that does it is alone and named."""
    start = addresses(1, pages=5)
    poison = start[3]
    job_id = desk.ledger.add(Crawl(start=start))
    deaths, fetched = 0, []
    for _ in range(100):
        desk.ledger.cut(5)
        claims = desk.claim(1) or desk.claim(1, suspects=True)
        if not claims:
            break
        (claim,) = claims
        found = [u[0] for u in claim.data["urls"]]
        if poison in found:
            deaths += 1
            desk.fail(claim, kind="crash", error="worker_crash", alone=True)
        else:
            fetched += found
            desk.commit(Outcome(claim, result=ChunkResult()))
        desk.check()
    assert sorted(fetched) == sorted(set(start) - {poison})
    assert deaths <= 3 + 3
    row = desk.ledger.job(job_id)
    assert row.state == "completed"
    assert desk.ledger.frontier_count(job_id) == {"done": 5}
    (named,) = desk.ledger.errors(job_id, kind="crash")
    assert (named.url, named.site) == (poison, "site1.example.com")


def test_what_was_lost_is_asked_for_again_when_a_person_wants_it(desk: Desk) -> None:
    job_id = desk.ledger.add(Crawl(start=addresses(1, pages=4)))
    desk.ledger.cut(10)
    desk.finish(desk.one(), lost=[page(1, 1), page(1, 2)])
    assert desk.ledger.job(job_id).state == "completed"
    assert desk.ledger.frontier_count(job_id) == {"done": 4}
    desk.check()
    desk.ledger.reopen(job_id)  # it is complete: nobody asked for more
    assert desk.ledger.job(job_id).state == "completed"
    desk.ledger.reopen(job_id, lost=True)
    assert desk.ledger.frontier_count(job_id) == {"done": 2, "waiting": 2}
    assert sorted(url for chunk in cut_all(desk, job_id) for url in chunk) == [
        page(1, 1),
        page(1, 2),
    ]
    assert desk.ledger.frontier_count(job_id) == {"done": 4}
    desk.check()
