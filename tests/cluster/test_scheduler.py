"""What the scheduler keeps and serves of a job: the board, the JSON routes, the metrics."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from mailharvest.cluster.report import Reporter, masked, view
from mailharvest.cluster.scheduler import ETA, JOBS, POINTS, STATES, WORKERS, Board, Metrics
from mailharvest.progress import Snapshot, SystemStats
from mailharvest.queue.ledger import Ledger
from mailharvest.ui.dashboard import Dashboard
from tests.cluster.jobs import Echo
from tests.cluster.test_bag import until

NOW = Snapshot(
    job_id="j1",
    title="dentists",
    state="running",
    elapsed_seconds=10,
    emails_found=40,
    emails_wanted=100,
    pages=20,
    errors={"dns": 3},
    chunks_pending=3,
    chunks_processing=2,
    chunks_completed=5,
    slots=4,
    active_slots=2,
    emails_per_minute=240,
    system=SystemStats(memory_used=1000),
)
ROUTES = (
    "jobs",
    "queue-stats",
    "worker-stats",
    "job-eta",
    "job-worker-status",
    "system-resources",
    "worker-errors",
)


@contextmanager
def cluster() -> Iterator[tuple[Client, str]]:
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            host="127.0.0.1",
            protocol="tcp://",
            dashboard_address="127.0.0.1:0",
        ) as given,
        Client(given, set_as_default=False) as client,
    ):
        yield client, given.dashboard_link.rsplit("/", 1)[0]


@pytest.fixture(scope="module")
def seen() -> Iterator[tuple[Client, str]]:
    with cluster() as (client, base):
        client.register_plugin(Dashboard())
        client.register_plugin(Dashboard())  # a second run on the same cluster
        yield client, base


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def api(base: str, route: str) -> Any:
    return json.loads(get(f"{base}/mailharvest/api/{route}"))


def tell(client: Client, now: Snapshot, ledger: Ledger) -> None:
    assert Reporter(client, ledger, Dashboard).tell([now])


def test_a_board_is_bounded():
    board = Board()
    for i in range(JOBS + 5):
        board.see(view(replace(NOW, job_id=f"j{i}")))
    assert list(board.views) == list(board.curves) == [f"j{i}" for i in range(5, JOBS + 5)]
    for i in range(10 * POINTS):
        board.see(view(replace(NOW, job_id="long", elapsed_seconds=i)))
    curve = board.curves["long"]
    assert len(curve) <= POINTS + 1
    assert (curve[0][0], curve[-1][0]) == (0, 10 * POINTS - 1)


def test_the_newest_is_one_that_goes_on():
    board = Board()
    assert board.newest() is None
    board.see(view(NOW))
    board.see(view(replace(NOW, job_id="j2", state="completed")))
    newest = board.newest()
    assert newest is not None and newest["job_id"] == "j1"


def test_sums_are_over_all_ledgers():
    board = Board()
    nothing: dict[str, Any] = {"queue-stats": dict.fromkeys(STATES, 0), "errors": []}
    for i, ledger in enumerate(("one", "two")):
        board.count(ledger, {**nothing, "worker-stats": dict.fromkeys(WORKERS, 0)})
        error = {"id": 1, "at": float(i), "resolved": ledger == "two"}
        stats = {name: n for n, name in enumerate(STATES)}
        work = dict.fromkeys(WORKERS, 10.0 * (i + 1))
        board.count(ledger, {"queue-stats": stats, "worker-stats": work, "errors": [error]})
    assert board.queue_stats() == {"pending": 0, "processing": 2, "completed": 4, "failed": 6}
    assert board.worker_stats()["total_pages"] == 30.0
    assert board.worker_stats()["avg_runtime"] == 15.0
    assert [error["at"] for error in board.errors()] == [1.0, 0.0]
    assert [error["at"] for error in board.errors(unresolved_only=True)] == [0.0]
    for i in range(JOBS + 5):
        board.count(str(i), {**nothing, "worker-stats": dict.fromkeys(WORKERS, 0)})
    assert len(board.totals) == JOBS


@pytest.mark.parametrize(
    "text", ["info@example.org", "mailto:a%40example.org", "x&#64;example.org", "<b@example.net>"]
)
def test_an_address_is_masked(text):
    told = masked(f"no answer from {text} today")
    assert "example" not in told
    assert told.startswith("no answer from ") and told.endswith(" today")


def test_routes_answer_with_what_was_told(seen, tmp_path):
    client, base = seen
    with Ledger(tmp_path / "ledger.db") as ledger:
        job_id = ledger.add(Echo(text="x"))
        tell(client, replace(NOW, job_id=job_id), ledger)
    assert set(api(base, f"job-eta?job_id={job_id}")) == set(ETA)
    assert api(base, f"job-eta?job_id={job_id}")["remaining_emails"] == 60
    assert api(base, f"system-resources?job_id={job_id}")["memory_used"] == 1000
    status = api(base, f"job-worker-status?job_id={job_id}")
    assert (status["active_slots"], len(status["workers"])) == (2, 1)
    assert set(api(base, "queue-stats")) == {"pending", "processing", "completed", "failed"}
    assert job_id in {job["job_id"] for job in api(base, "jobs")["jobs"]}
    metrics = get(f"{base}/metrics")
    assert f'mailharvest_emails_total{{job="{job_id}"}} 40.0' in metrics
    assert f'mailharvest_errors_total{{job="{job_id}",kind="dns"}} 3.0' in metrics
    assert f'mailharvest_chunks{{job="{job_id}",state="pending"}} 3.0' in metrics


@pytest.mark.parametrize("route", ROUTES)
def test_routes_are_read_only(seen, route):
    asked = urllib.request.Request(f"{seen[1]}/mailharvest/api/{route}", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked, timeout=30)
    assert caught.value.code == 405
    caught.value.close()


def test_an_unknown_job_is_not_found(seen):
    with pytest.raises(urllib.error.HTTPError) as caught:
        api(seen[1], "job-eta?job_id=nothing")
    assert caught.value.code == 404
    caught.value.close()


def test_the_page_is_listed_where_people_look(seen):
    base = seen[1]
    assert json.loads(get(f"{base}/individual-plots.json"))["Individual Harvest"] == (
        "/individual-harvest"
    )
    status = get(f"{base}/status")
    assert 'href="harvest"' in status and 'href="individual-harvest"' in status
    for page in ("harvest", "individual-harvest"):
        assert "data-root-id" in get(f"{base}/{page}")


def test_two_schedulers_in_a_process_and_one_after_the_other(seen):
    """The registry of Prometheus refuses what is registered twice."""
    for _ in range(2):
        with cluster() as (client, base):
            client.register_plugin(Dashboard())
            assert "mailharvest_jobs" in get(f"{base}/metrics")
    assert "mailharvest_jobs" in get(f"{seen[1]}/metrics")


def test_a_scheduler_of_its_own_preloads_it(tmp_path):
    file = tmp_path / "scheduler.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--dashboard-address", "127.0.0.1:0",
         "--scheduler-file", str(file), "--preload", "mailharvest.ui.dashboard"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with Client(scheduler_file=str(file), set_as_default=False, timeout=60) as client:
            assert api(client.dashboard_link.rsplit("/", 1)[0], "jobs") == {"jobs": []}
    finally:
        process.terminate()
        process.wait(30)


def test_a_scheduler_that_was_restarted_is_told_again(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
               "--port", str(port), "--dashboard-address", "127.0.0.1:0"]  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    scheduler = start()
    with Ledger(tmp_path / "ledger.db") as ledger:
        job_id = ledger.add(Echo(text="x"))
        now = replace(NOW, job_id=job_id)
        try:
            with Client(f"tcp://127.0.0.1:{port}", set_as_default=False, timeout=60) as client:
                reporter = Reporter(client, ledger, Dashboard)
                assert reporter.tell([now])
                scheduler.kill()
                scheduler.wait()
                until(lambda: not reporter.tell([now]))
                scheduler = start()
                until(lambda: reporter.tell([now]))
                base = client.dashboard_link.rsplit("/", 1)[0]
                assert [job["job_id"] for job in api(base, "jobs")["jobs"]] == [job_id]
        finally:
            scheduler.kill()
            scheduler.wait()


class Elsewhere(Dashboard):
    """A plugin that the scheduler cannot take."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("no_such_module",)


def test_a_scheduler_that_cannot_have_us_is_asked_seldom(tmp_path):
    asked: list[int] = []

    def plugin() -> Dashboard:
        asked.append(1)
        return Elsewhere()

    with cluster() as (client, _), Ledger(tmp_path / "ledger.db") as ledger:
        reporter = Reporter(client, ledger, plugin)
        for _ in range(20):
            assert not reporter.tell([])
    assert asked == [1]


def test_grafana_asks_for_metrics_that_there_are():
    dashboard = (Path(__file__).parents[2] / "docs" / "grafana.json").read_text("utf-8")
    asked = set(re.findall(r"mailharvest_\w+", dashboard))
    metrics = Metrics()
    board = Board()
    board.see(view(NOW))
    metrics.boards.append(board)
    there = {sample.name for family in metrics.collect() for sample in family.samples}
    assert json.loads(dashboard)["panels"] and asked <= there
