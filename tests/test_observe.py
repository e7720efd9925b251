"""Who does the work is observed: the dashboard's routes say of a job what the ledger says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest
from distributed import Client, LocalCluster

from mailharvest import HarvestJob, Queue, Search, harvest, simweb
from mailharvest.chunk import ChunkResult, FoundURL
from mailharvest.cli import main
from mailharvest.errors import ClusterError
from mailharvest.observe import JOBS, Observer, observe
from mailharvest.progress import NO_WORKERS
from mailharvest.queue.commit import Committer
from mailharvest.queue.control import resolve, stats
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Outcome
from mailharvest.simweb import Running, World
from mailharvest.work import work
from tests.cluster.jobs import Echo
from tests.cluster.test_bag import until
from tests.harvesting import job_on

QUICK = World(seed=6, sites=40, results_per_query=80, slow=0, robots=0, errors=0.2)

NUMBER = (int, float)
NONE = type(None)
JOB = {
    "job_id": str, "title": str, "state": str, "reason": str, "emails_found": int,
    "emails_wanted": (int, NONE), "percentage": (*NUMBER, NONE), "remaining_emails": (int, NONE),
    "emails_per_minute": NUMBER, "elapsed_seconds": NUMBER, "elapsed_formatted": str,
    "eta_seconds": (*NUMBER, NONE), "eta_formatted": str, "emails_expected": (int, NONE),
    "out_of_reach": bool, "outlook": str, "pages": int, "sites": int, "duplicates": int,
    "errors": dict, "chunks_pending": int, "chunks_processing": int, "chunks_completed": int,
    "chunks_failed": int,
}  # fmt: skip
WORKER = {"name": str, "cpu": NUMBER, "memory": int, "memory_limit": int, "pages": int,
          "emails": int, "heartbeat": NUMBER}  # fmt: skip
ERROR = {"id": int, "job_id": str, "worker": (str, NONE), "chunk_id": (int, NONE), "severity": str,
         "kind": str, "site": (str, NONE), "message": str, "at": NUMBER,
         "resolved": bool}  # fmt: skip
ETA = ("job_id", "state", "emails_found", "emails_wanted", "percentage", "remaining_emails",
       "emails_per_minute", "elapsed_seconds", "elapsed_formatted", "eta_seconds", "eta_formatted",
       "emails_expected", "out_of_reach", "outlook")  # fmt: skip
SCHEMA: dict[str, Any] = {
    "jobs": {"jobs": [JOB]},
    "queue-stats": {"pending": int, "processing": int, "completed": int, "failed": int},
    "worker-stats": {"active_workers": int, "idle_workers": int, "total_pages": int,
                     "total_emails": int, "avg_runtime": NUMBER},
    "job-eta": {name: JOB[name] for name in ETA},
    "job-worker-status": {"job_id": str, "slots": int, "active_slots": int, "idle_slots": int,
                          "workers": [WORKER]},
    "system-resources": {"memory_used": int, "memory_peak": int, "memory_percent": NUMBER,
                         "load_1": NUMBER, "load_5": NUMBER, "load_15": NUMBER},
    "worker-errors": {"errors": [ERROR]},
}  # fmt: skip


def conforms(value: Any, schema: Any, path: str = "") -> None:
    """Exactly these keys, of these types, all the way down."""
    if isinstance(schema, dict):
        assert set(value) == set(schema), path
        for name, inner in schema.items():
            conforms(value[name], inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for each in value:
            conforms(each, schema[0], f"{path}[]")
    else:
        assert isinstance(value, schema), f"{path} is {value!r}"


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    with simweb.start(QUICK) as web:
        yield web


def api(client: Client, route: str) -> Any:
    base = client.dashboard_link.rpartition("/")[0]
    with urlopen(f"{base}/mailharvest/api/{route}", timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def alone() -> Iterator[Client]:
    """A cluster on which nobody else was seen."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=50, host="127.0.0.1",
                     dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client


def by_harvest(job: HarvestJob, client: Client, home: Path) -> str:
    with harvest(job, client, home=home) as run:
        run.wait(120)
        return run.job_id


def by_queue(job: HarvestJob, client: Client, home: Path) -> str:
    with Queue(home=home) as queue:
        ticket = queue.dispatch(job)
        assert work(scheduler=client, home=home, drain=True) == "empty"
        return ticket.id


@pytest.mark.parametrize("do", [by_harvest, by_queue])
def test_the_routes_conform_and_agree_with_the_ledger_at_the_end(do, alone, web, tmp_path):
    with Queue(home=tmp_path) as queue:
        queue.dispatch(Echo(text="not begun"), delay="1h", queue="later")
    job_id = do(job_on(web, "estate agents in Cairo", slots=20), alone, tmp_path)
    for route, schema in SCHEMA.items():
        conforms(api(alone, route), schema, route)
        conforms(api(alone, f"{route}?job_id={job_id}"), schema, route)
    with Ledger(tmp_path / "ledger.db") as ledger:
        row, figures = ledger.job(job_id), stats(ledger)
        [seen] = api(alone, "jobs")["jobs"]
        assert (seen["job_id"], seen["state"], seen["reason"]) == (job_id, "completed", row.reason)
        assert (seen["emails_found"], seen["pages"]) == (row.found, row.pages)
        assert (seen["duplicates"], seen["errors"]) == (row.duplicates, ledger.error_counts(job_id))
        assert seen["emails_per_minute"] > 0
        # Of the whole ledger, what has not been begun included.
        assert api(alone, "queue-stats") == figures["queue-stats"]
        assert figures["queue-stats"]["pending"] == 1
        told = api(alone, "worker-stats")
        assert (told["total_pages"], told["total_emails"]) == (
            figures["worker-stats"]["total_pages"],
            figures["worker-stats"]["total_emails"],
        )
        errors = api(alone, "worker-errors")["errors"]
        newest = ledger.errors(limit=50)
        assert [error["id"] for error in errors] == [error.id for error in newest] != []
    with urlopen(alone.dashboard_link.replace("/status", "/metrics"), timeout=30) as answer:
        assert f'mailharvest_pages_total{{job="{job_id}"}} {row.pages}.0' in answer.read().decode()
    everything = json.dumps([api(alone, route) for route in SCHEMA])
    assert "@" not in everything.replace("…@…", "")


def test_errors_that_were_resolved_are_told_apart(alone, web, tmp_path):
    by_queue(job_on(web, "estate agents in Giza", slots=20), alone, tmp_path)
    with Queue(home=tmp_path) as queue:
        first, *others = api(alone, "worker-errors?unresolved_only=1")["errors"]
        resolve(queue.ledger, first["id"])
    by_harvest(job_on(web, "estate agents in Luxor", slots=20), alone, tmp_path)
    everything = {error["id"]: error["resolved"] for error in api(alone, "worker-errors")["errors"]}
    open_ = {error["id"] for error in api(alone, "worker-errors?unresolved_only=1")["errors"]}
    assert everything[first["id"]] is True
    assert first["id"] not in open_ and {error["id"] for error in others} <= open_
    assert api(alone, "worker-errors?unresolved_only=0") == api(alone, "worker-errors")


def test_a_run_on_a_cluster_without_workers_says_so_until_there_are_some(web, tmp_path):
    with (
        LocalCluster(n_workers=0, threads_per_worker=20, host="127.0.0.1",
                     dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
        harvest(job_on(web, "estate agents", slots=5), client, home=tmp_path) as run,
    ):  # fmt: skip
        assert run.progress.outlook == NO_WORKERS
        assert api(client, "jobs")["jobs"][0]["outlook"] == NO_WORKERS
        cluster.scale(1)
        assert run.wait(90)
        assert (run.state, run.progress.no_workers) == ("completed", False)


# without a cluster


class Pretend:
    """A pool of which a test says what it knows."""

    paused = False
    client = SimpleNamespace(status="closed")

    def __init__(self) -> None:
        self.workers: dict[str, Any] | Exception = {}

    def subscribe(self, listener: object) -> None:
        """Nothing is said here."""

    def status(self) -> dict[str, Any]:
        if isinstance(self.workers, Exception):
            raise self.workers
        return self.workers


@pytest.fixture
def observed(tmp_path) -> Iterator[tuple[Observer, Pretend, Ledger]]:
    with Ledger(tmp_path / "ledger.db") as ledger:
        pool: Any = Pretend()
        dispatcher = Dispatcher(ledger, pool, parts=tmp_path)
        yield Observer(dispatcher, pool), pool, ledger


def test_a_cluster_without_workers_is_said_to_have_none(observed):
    observer, pool, ledger = observed
    job_id = ledger.add(Echo(text="x"))
    observer.add(job_id)
    observer.look()
    assert observer.snapshot(job_id).outlook == NO_WORKERS
    pool.workers = {"tcp://1": {"nthreads": 4}}
    observer.look()
    assert observer.snapshot(job_id).outlook == "queued"
    pool.workers = ClusterError("gone")  # then nobody knows
    observer.look()
    assert observer.snapshot(job_id).outlook == "queued"


def test_an_observer_does_not_give_up(observed, caplog):
    observer, pool, ledger = observed
    job_id = ledger.add(Echo(text="x"))
    observer.add(job_id)
    pool.workers = RuntimeError("no such handler")
    observer.start()
    until(lambda: "no such handler" in caplog.text)
    pool.workers = {}
    until(lambda: observer.snapshot(job_id).no_workers)
    assert caplog.text.count("Traceback") == 1
    observer.stop()
    assert not observer.working
    assert observer.snapshot(job_id).state == "stopped"


def test_it_keeps_to_the_jobs_that_were_begun_last(observed):
    observer, _, ledger = observed
    ids = ledger.add_many([Echo(text=str(i)) for i in range(JOBS + 5)])
    for job_id in ids:
        observer.add(job_id)
    ledger.cancel(ids[-1])
    observer.look()
    assert observer.snapshot(ids[-1]).state == "cancelled"
    with pytest.raises(KeyError):
        observer.snapshot(ids[0])


def test_of_a_job_that_was_forgotten_the_last_look_stays(observed, tmp_path):
    observer, _, ledger = observed
    job_id = ledger.add(Echo(text="x"))
    observer.add(job_id)
    ledger.cancel(job_id)
    observer.look()
    with Queue(tmp_path / "ledger.db", home=tmp_path) as queue:
        queue.forget(job_id)
    observer.look()
    assert observer.snapshot(job_id).state == "cancelled"
    unseen = ledger.add(Echo(text="x"))
    observer.add(unseen)
    ledger.cancel(unseen)
    with Queue(tmp_path / "ledger.db", home=tmp_path) as queue:
        queue.forget(unseen)
    observer.look()
    assert observer.snapshot(unseen).state == "queued"


def test_what_waits_is_known_of_a_list_of_urls_and_not_of_a_search(tmp_path):
    with Ledger(tmp_path / "ledger.db") as ledger:
        urls = [f"https://site{i}.example.org/" for i in range(7)]
        listed = ledger.add(HarvestJob(urls=urls))
        searched = ledger.add(HarvestJob(query="x", search=Search(provider="simweb")))
        seen = observe(ledger, listed, None)
        assert (seen.pages_ahead, seen.urls_known, seen.urls_done) == (7, 7, 0)
        assert observe(ledger, searched, None).pages_ahead is None


def test_a_job_whose_urls_all_wait_for_their_time_says_until_when(tmp_path, capsys):
    urls = [f"https://example.com/{i}" for i in range(3)]
    with Ledger(tmp_path / "ledger.db") as ledger:
        job_id = ledger.add(HarvestJob(urls=urls))
        me = ledger.register("w", ["default"])
        ledger.cut(1)
        [claim] = ledger.claim(me, 1, ["default"])
        assert observe(ledger, job_id, None).waits_until == ""  # it runs
        until = time.time() + 3600
        busy = [FoundURL(url, not_before=until, tries=1) for url in urls]
        committer = Committer(ledger, tmp_path / "parts")
        committer.commit([Outcome(claim, ChunkResult(leftovers=busy))], dispatcher=me)
        committer.close()
        seen = observe(ledger, job_id, None)
        said = f"waiting for 3 URLs until {time.strftime('%H:%M', time.localtime(until))}"
        assert (seen.urls_waiting, seen.outlook) == (3, said)
    assert main(["show", job_id, "--home", str(tmp_path)]) == 0
    assert f"running, {said}" in capsys.readouterr().out
