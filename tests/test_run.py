"""`harvest` and the handle it gives: what a person does with a run, on a real cluster."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from distributed import Client

from mailharvest import Fetch, HarvestJob, Run, Search, harvest, resume, simweb
from mailharvest.errors import Interrupted, JobFailed, SpecError
from mailharvest.queue.job import queue_name
from mailharvest.reason import Reason
from mailharvest.run import jobs, show
from mailharvest.simweb import Running, World
from tests.harvesting import emails, evidence, job_on

QUICK = World(seed=6, sites=60, results_per_query=120, slow=0, robots=0, errors=0, flaky=0)
LONG = World(
    seed=8,
    sites=400,
    pages_per_site=1,
    results_per_query=300,
    slow=0,
    robots=0,
    errors=0,
    flaky=0,
    latency=0.5,
)
QUERY = "estate agents in Cairo"

SLOWLY = Fetch(per_site_delay=0, concurrency=1)
"""One page at a time in each chunk: its seconds are over before its pages are."""

Start = Callable[..., Run]


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    with simweb.start(QUICK) as web:
        yield web


@pytest.fixture(scope="module")
def slow_web() -> Iterator[Running]:
    """One that keeps a run busy for as long as a test needs it."""
    with simweb.start(LONG) as web:
        yield web


@pytest.fixture
def start(client: Client, tmp_path: Path) -> Iterator[Start]:
    """`harvest` on the shared cluster, in a home of the test's own; closed when it is over."""
    opened: list[Run] = []

    def start(job: HarvestJob) -> Run:
        opened.append(harvest(job, client, home=tmp_path))
        return opened[-1]

    yield start
    for run in opened:
        run.close()


def wait_for(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.05)


# what a person sees and takes


def test_the_result_is_the_truth_and_the_cluster_that_was_given_stays(
    client: Client, web: Running, tmp_path: Path
) -> None:
    with harvest(job_on(web, QUERY), client, home=tmp_path) as run:
        frame = run.result(timeout=90)
        assert emails(frame) == QUICK.truth([QUERY])
        assert emails(run.frame()) == emails(frame)
        assert (run.state, run.reason) == ("completed", Reason.EXHAUSTED)
        assert len(run.sightings()) == frame["sightings"].sum() > len(frame)
        facts = run.summary()
        assert facts["emails"] == len(frame)
        assert facts["job_id"] == run.job_id in repr(run)
        assert run.job_id == frame["job_id"].unique()
    assert client.status == "running"
    assert client.submit(int, "7").result() == 7


def test_progress_ends_where_the_ledger_does(start: Start, web: Running) -> None:
    run = start(job_on(web, QUERY))
    run.wait(90)
    seen = run.progress
    assert (seen.state, seen.reason) == ("completed", Reason.EXHAUSTED)
    assert seen.emails_found == len(run.frame())
    assert seen.pages == run.summary()["pages"] > 0
    assert seen.chunks_pending == seen.chunks_processing == seen.chunks_failed == 0
    assert len(seen.workers) == 2
    assert seen.elapsed_seconds > 0


def test_it_streams_what_is_committed_once_and_all_of_it(start: Start, web: Running) -> None:
    run = start(job_on(web, QUERY))
    pieces = list(run)
    assert len(pieces) > 1
    together = pd.concat(pieces)
    assert len(together) == len(run.sightings())
    assert set(together["email"]) == emails(run.frame())


def test_a_frame_and_progress_while_it_runs_and_a_result_that_does_not_come(
    start: Start, slow_web: Running
) -> None:
    run = start(job_on(slow_web, QUERY, slots=4, fetch=SLOWLY))
    wait_for(lambda: len(run.frame()) > 0 and run.progress.emails_found > 0)
    assert not run.wait(0)
    assert run.reason is None
    assert emails(run.frame()) <= LONG.truth([QUERY])
    assert run.progress.state == "running"
    assert 1 <= run.progress.active_slots <= 4
    with pytest.raises(TimeoutError, match=run.job_id):
        run.result(timeout=0.1)


def test_outputs_are_written_when_it_ends(start: Start, web: Running, tmp_path: Path) -> None:
    target = tmp_path / "leads.parquet"
    run = start(job_on(web, QUERY, output=[str(target)]))
    frame = run.result(timeout=90)
    assert run.summary()["outputs"] == [str(target)]
    assert set(pd.read_parquet(target)["email"]) == emails(frame)


@pytest.mark.parametrize("job", [None, "x", {"query": "x"}, HarvestJob])
def test_what_is_no_job_is_refused_before_anything_starts(job: Any, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"^job: .* job ") as said:
        harvest(job, "tcp://127.0.0.1:1", home=tmp_path)
    assert "\n" not in str(said.value)
    assert not list(tmp_path.iterdir())


# how it ends


def test_it_ends_at_its_target_and_soon(start: Start, slow_web: Running) -> None:
    slow_web.reset()
    run = start(job_on(slow_web, QUERY, max_emails=100, slots=4, fetch=SLOWLY))
    frame = run.result(timeout=90)
    assert (run.state, run.reason) == ("completed", Reason.TARGET)
    assert len(frame) == 100
    assert emails(frame) <= LONG.truth([QUERY])
    assert run.row.found >= 100  # what came with the last page is kept in the ledger's parts
    assert len(run.sightings()) >= 100
    assert run.progress.emails_found == run.summary()["emails"] == 100
    assert run.progress.chunks_pending == run.progress.chunks_processing == 0
    # It did not go on to the rest of the pages.
    assert slow_web.stats()["pages"] < len(LONG.results(QUERY)) / 2


def test_a_target_beyond_the_source_ends_with_the_true_reason(start: Start, web: Running) -> None:
    run = start(job_on(web, QUERY, max_emails=100_000, slots=10))
    assert emails(run.result(timeout=90)) == QUICK.truth([QUERY])
    assert (run.state, run.reason) == ("completed", Reason.EXHAUSTED)


def test_cancelled_it_keeps_what_it_found(start: Start, slow_web: Running) -> None:
    run = start(job_on(slow_web, QUERY, slots=4, fetch=SLOWLY))
    wait_for(lambda: len(run.frame()) > 0)
    run.cancel()
    assert run.wait(20)
    assert (run.state, run.reason) == ("cancelled", Reason.CANCELLED)
    assert len(run.result()) > 0
    assert run.progress.chunks_pending == run.progress.chunks_processing == 0


def test_stopped_it_goes_on_later_to_the_same_end(
    client: Client, web: Running, tmp_path: Path
) -> None:
    job = job_on(web, QUERY, slots=3)
    with harvest(job, client, home=tmp_path / "whole") as run:
        whole = run.result(timeout=90)
    with harvest(job, client, home=tmp_path / "halves") as run:
        wait_for(lambda: run.row.found > 0)
        assert show(run.job_id, home=tmp_path / "halves").state == "running"
        run.stop()
        assert run.wait(0)
        begun, running = len(run.frame()), run.progress.chunks_processing
    assert 0 < begun < len(whole)
    assert running == 0
    assert run.state == "interrupted" == run.summary()["state"]
    assert "interrupted" in repr(run)
    [listed] = jobs(home=tmp_path / "halves")
    assert listed.state == "interrupted"
    with resume(run.job_id, client, home=tmp_path / "halves") as again:
        frame = again.result(timeout=90)
        assert again.reason == Reason.EXHAUSTED
    pd.testing.assert_frame_equal(evidence(frame), evidence(whole))


def test_what_was_left_early_passes_for_no_result(start: Start, slow_web: Running) -> None:
    run = start(job_on(slow_web, QUERY, slots=4, fetch=SLOWLY))
    wait_for(lambda: len(run.frame()) > 0)
    closing = threading.Timer(0.2, run.close)
    closing.start()
    with pytest.raises(Interrupted, match=rf"go on with mh\.resume\('{run.job_id}', home='.+'\);"):
        run.result(timeout=60)
    closing.join()
    with pytest.raises(Interrupted, match="is interrupted"):
        list(run)
    assert len(run.frame()) == run.row.found > 0


def test_what_was_left_before_it_began_passes_for_no_result(
    client: Client, slow_web: Running, tmp_path: Path
) -> None:
    with harvest(job_on(slow_web, QUERY), client, home=tmp_path) as run:
        pass
    with pytest.raises(Interrupted, match="0 addresses found before"):
        run.result()


def test_only_resume_goes_on_where_the_simulated_web_ended_with_its_run(
    client: Client, web: Running, tmp_path: Path
) -> None:
    with harvest(job_on(web, QUERY), client, home=tmp_path) as others:
        assert others.row.queue == "default"  # a web that is there without it
    own = HarvestJob(query=QUERY, search=Search(provider="simweb"), slots=3)
    with harvest(own, client, home=tmp_path) as run:
        wait_for(lambda: run.row.found > 0)
    assert run.row.incomplete > 0
    with pytest.raises(SpecError):  # so `work` cannot even be asked to
        queue_name(run.row.queue)
    with resume(run.job_id, client, home=tmp_path) as again:
        begun = again.row.found
        wait_for(lambda: again.row.found > begun)


@pytest.fixture
def key(client: Client) -> str:
    """A variable of the workers with a key that is good for the webs of these tests."""
    name, value = f"TEST_KEY_{os.getpid()}", "the-right-one"

    def put(values: dict[str, str]) -> None:
        os.environ.update(values)

    client.run(put, {name: value})
    return f"env:{name}"


@pytest.mark.parametrize(
    ("world", "path", "reason"),
    [
        (World(sites=30, api_key="another"), "", Reason.KEY),
        (World(sites=30, credits=0), "", Reason.CREDITS),
        (World(sites=30), "/no/such/api", Reason.BLOCKED),
    ],
    ids=["key", "credits", "blocked"],
)
def test_a_provider_that_refuses_fails_the_job_with_its_reason(
    start: Start, key: str, world: World, path: str, reason: Reason
) -> None:
    with simweb.start(world) as web:
        search = Search(provider="simweb", base_url=web.url + path, api_key=key)
        queries = (f"{QUERY} {n}" for n in range(40))
        run = start(job_on(web, *queries, search=search, slots=4))
        with pytest.raises(JobFailed, match=reason):
            run.result(timeout=60)
        searches = web.stats()["searches"]
    assert (run.state, run.reason) == ("failed", reason)
    assert reason.exit_code == 4
    assert run.frame().empty
    assert searches < 20  # those that were under way when the first refusal came


def test_credits_that_run_out_leave_what_was_found(start: Start) -> None:
    world = World(seed=8, sites=60, results_per_query=100, slow=0, robots=0, credits=2)
    with simweb.start(world) as web:
        job = job_on(web, *(f"{QUERY} {n}" for n in range(30)), slots=2)
        run = start(job)
        with pytest.raises(JobFailed, match="out of credits"):
            run.result(timeout=90)
    assert run.reason == Reason.CREDITS
    # The pages of the searches that were paid for were fetched, too.
    first = [f"{QUERY} {n}" for n in range(2)]
    assert world.truth(first) <= emails(run.frame())


def test_a_provider_that_asks_to_slow_down_is_obeyed_and_loses_nothing(start: Start) -> None:
    world = World(seed=6, sites=60, results_per_query=20, slow=0, robots=0, errors=0, search_rate=4)
    queries = [f"{QUERY} {n}" for n in range(10)]
    with simweb.start(world) as web:
        frame = start(job_on(web, *queries)).result(timeout=120)
    assert emails(frame) == world.truth(queries)


def test_the_rate_of_a_search_is_kept_over_all_workers(start: Start) -> None:
    world = World(seed=6, sites=60, results_per_query=20, slow=0, robots=0, errors=0, search_rate=8)
    queries = [f"{QUERY} {n}" for n in range(12)]
    with simweb.start(world) as web:
        search = Search(provider="simweb", base_url=web.url, results_per_page=100, rate="4/s")
        run = start(job_on(web, *queries, search=search))
        frame = run.result(timeout=120)
    assert emails(frame) == world.truth(queries)
    assert "rate_limited" not in run.progress.errors


# what it keeps


def test_suppressed_addresses_and_domains_are_nowhere(
    start: Start, web: Running, tmp_path: Path
) -> None:
    truth = QUICK.truth([QUERY])
    address, *_, other = sorted(truth)
    domain = other.partition("@")[2]
    listed = tmp_path / "suppressed.txt"
    listed.write_text(f"# left alone\n{address.upper()}\n@{domain}\n", "utf-8")
    run = start(job_on(web, QUERY, suppress=[str(listed)]))
    left = {e for e in truth if e != address and not e.endswith(f"@{domain}")}
    assert len(left) < len(truth) - 1
    assert emails(run.result(timeout=90)) == left
    parts = (tmp_path / "parts").rglob("*")
    assert not any(address.encode() in p.read_bytes() for p in parts if p.is_file())


def test_hidden_addresses_are_left_out_unless_asked_for(start: Start, web: Running) -> None:
    frame = start(job_on(web, QUERY, include_obfuscated=True)).result(timeout=90)
    everything = QUICK.truth([QUERY], obfuscated=True)
    assert emails(frame) == everything
    shown = QUICK.truth([QUERY])
    assert shown < everything
    assert not frame.loc[frame["email"].isin(shown), "obfuscated"].any()
    assert frame.loc[~frame["email"].isin(shown), "obfuscated"].all()


@pytest.mark.parametrize("email_type", ["role", "personal"])
def test_only_addresses_of_the_type_that_was_asked_for(
    start: Start, web: Running, email_type: str
) -> None:
    frame = start(job_on(web, QUERY, email_type=email_type)).result(timeout=90)
    assert 0 < len(frame) < len(QUICK.truth([QUERY]))
    assert emails(frame) <= QUICK.truth([QUERY])
    assert frame["role"].notna().all() if email_type == "role" else frame["role"].isna().all()


def test_types_by_provider(start: Start, tmp_path: Path) -> None:
    lines = ["a.b@gmail.com", "a.b@yahoo.com", "a.b@hotmail.com", "a.b@firm.example.com"]
    (tmp_path / "list.txt").write_text("\n".join(lines), "utf-8")
    expected = {
        "all": lines,
        "business": lines[3:],
        "free": lines[:3],
        "gmail": lines[:1],
        "yahoo": lines[1:2],
    }
    for email_type, wanted in expected.items():
        job = HarvestJob(files=[str(tmp_path / "*.txt")], email_type=email_type)
        assert emails(start(job).result(timeout=60)) == set(wanted), email_type


def test_placeholders_are_kept(start: Start, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>name@example.com or info@firm.example.com", "utf-8")
    frame = start(HarvestJob(files=[str(tmp_path / "*.html")])).result(timeout=60)
    assert emails(frame) == {"name@example.com", "info@firm.example.com"}


def test_snippets_only(start: Start, web: Running) -> None:
    web.reset()
    frame = start(job_on(web, QUERY, deep_scrape=False)).result(timeout=60)
    assert emails(frame) == QUICK.truth([QUERY], pages=False)
    assert set(frame["source_kind"]) == {"snippet"}
    assert web.stats()["pages"] == web.stats()["robots"] == 0


def test_a_page_whose_snippet_gave_enough_is_not_fetched(start: Start, web: Running) -> None:
    web.reset()
    frame = start(job_on(web, QUERY, deep_scrape={"threshold": 1})).result(timeout=90)
    with_address = [p for p in QUICK.results(QUERY) if QUICK.snippet_address(p)]
    assert 0 < len(with_address) < len(QUICK.results(QUERY))
    spared = [web.link(page) for page in with_address]
    assert emails(frame) == QUICK.truth([QUERY], without=spared)
    assert web.stats()["pages"] == len(QUICK.results(QUERY)) - len(with_address)


# manners


def test_four_processes_are_as_polite_as_one(tmp_path: Path) -> None:
    world = World(seed=6, sites=40, pages_per_site=4, results_per_query=150, slow=0, robots=0.3)
    with simweb.start(world) as web:
        job = job_on(web, QUERY, fetch=Fetch(per_site_delay=1))
        with harvest(job, home=tmp_path, workers=4, threads=25) as run:
            frame = run.result(timeout=120)
        stats = web.stats(pace=1.0)
    assert emails(frame) == world.truth([QUERY])
    assert stats["too_fast"] == 0, stats["worst"]
    assert stats["disallowed"] == stats["crawl_delay_violations"] == 0
    assert stats["min_gap"] < 2  # it did not dawdle, either


def test_pages_that_nobody_could_reach_are_kept_and_asked_for_again(
    start: Start, client: Client, tmp_path: Path
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<p>info@{self.headers['Host'][0]}.example.com</p>".encode())

        def log_message(self, *_: object) -> None: ...

    # As when a machine has lost its network: nothing answers, and later everything does.
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        urls = tuple(f"http://{site}.localhost:{port}/" for site in "abc")
        run = start(
            HarvestJob(urls=urls, fetch=Fetch(allow_private=True, robots=False, per_site_delay=0))
        )
        assert run.wait(60)
    assert (run.reason, run.row.state) == (Reason.UNREACHABLE, "failed")
    assert Reason.UNREACHABLE.exit_code == 1
    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with resume(run.job_id, client, home=tmp_path) as again:
            assert again.wait(60)
            assert again.reason == Reason.EXHAUSTED
            assert emails(again.frame()) == {f"info@{site}.example.com" for site in "abc"}
    finally:
        server.shutdown()
        server.server_close()


def test_sites_that_are_slow_break_or_hang_up_end_no_run(start: Start) -> None:
    world = World(
        seed=8,
        sites=60,
        results_per_query=200,
        errors=0.3,
        flaky=0.2,
        redirects=0.3,
        slow=0.1,
        slow_seconds=30,
        robots=0,
    )
    with simweb.start(world) as web:
        run = start(job_on(web, QUERY, fetch=Fetch(per_site_delay=0, timeout=2)))
        found = emails(run.result(timeout=150))
    never = itertools.chain.from_iterable(
        range(site, world.pages, world.sites)
        for site in range(world.sites)
        if world.site(site).slow
    )
    slow = {web.link(page) for page in never}
    assert slow
    assert found == world.truth([QUERY], without=slow)
    errors = run.progress.errors
    assert errors["robots"] > 0  # which is as slow as the pages
    assert errors["http_4xx"] > 0 and errors["http_5xx"] > 0 and errors["redirects"] > 0
    # Each URL has been given up or fetched.
    assert run.progress.chunks_pending == run.progress.chunks_processing == 0
