"""mailharvest's whole pipeline against what else there is: the same pages, one core for the client.

The server has the first core, the client the last one. CPU-seconds count from when everything is
imported and, for mailharvest, its cluster stands: ledger, Dask, robots.txt, fetch, extraction,
dedup, Parquet and progress are in it. The peers ask one host, without robots.txt, dedup beyond a
set, or anything kept. mailharvest sees 256 hosts, which it asks politely, without a pause.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import psutil

from benchmarks.clients import CLIENTS
from benchmarks.harness import Missing, Report, Watch, alternate, middle, note, parser, warm
from benchmarks.pages import PAGES, SITES, serving
from mailharvest import HarvestJob
from mailharvest.cluster.connect import connect
from mailharvest.run import harvest
from mailharvest.spec import Fetch

OURS = "mailharvest, everything"
CHEERIO = "Crawlee (JS, Cheerio) + pattern"
SHARE = {OURS: 1.0, "bare aiohttp, no extraction": 1.0, "aiohttp + lxml by hand": 0.5}
"""Pages of each, relative to `--pages`; the slow ones need not wait for so many."""
GOALS = {
    "Scrapy, tuned, + pattern": 10.0,
    CHEERIO: 20.0,
    "requests + threads + pattern": 4.0,
    "aiohttp + lxml by hand": 3.0,
    "bare aiohttp, no extraction": 0.9,
}
"""CPU a page of a peer over ours, at least."""

Runs = dict[str, list[dict[str, float]]]


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[core]})


def ours(port: int, pages: int) -> Mapping[str, float]:
    """The whole product, in a process of its own so that it can be pinned with all its children."""
    return _measured([sys.executable, "-m", "benchmarks.peers", "--child", f"{port}:{pages}"])


def child(port: int, pages: int) -> None:
    """What `ours` runs."""
    job = HarvestJob(
        urls=tuple(f"http://s{n % SITES}.simweb.localhost:{port}/p/{n}" for n in range(pages)),
        fetch=Fetch(allow_private=True, per_site_delay="0s"),
    )
    with tempfile.TemporaryDirectory() as home:
        connection = connect(workers=1, threads=64)
        try:
            warm(connection, home)
            with Watch() as used:
                began = time.monotonic()
                with harvest(job, on=connection.client, home=home) as run:
                    run.wait()
                    emails = len(run.frame())
                    done = run.row.pages
                seconds = time.monotonic() - began
        finally:
            connection.close()
    cpu = used.cpu["product"]
    print(json.dumps({"pages": done, "emails": emails, "seconds": seconds, "cpu": cpu}))


def peer(python: str, name: str, port: int, pages: int) -> Mapping[str, float]:
    """One of the clients."""
    return _measured([python, "-m", "benchmarks.clients", name, str(port), str(pages)])


def cheerio(port: int, pages: int) -> Mapping[str, float]:
    """Crawlee in JavaScript."""
    node = shutil.which("node")
    if node is None:
        raise Missing("there is no node; install Node.js 20 and npm install crawlee")
    script = str(Path(__file__).with_name("crawlee.mjs"))
    return _measured([node, script, str(port), str(pages)])


def _measured(command: list[str]) -> Mapping[str, float]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pin(process.pid, -1)
    out, err = process.communicate(timeout=600)
    if process.returncode == 3:
        raise Missing(err.strip().splitlines()[-1])
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {err[-800:]}")
    found: Mapping[str, float] = json.loads(out.strip().splitlines()[-1])
    return found


def wrk(port: int, pages: int) -> Mapping[str, float]:
    """wrk on one URL, for as long as it is told: the limit of the server."""
    binary = shutil.which("wrk")
    if binary is None:
        raise Missing("there is no wrk; apt install wrk")
    seconds = max(1, min(5, pages // 2000))
    command = [binary, "-t1", "-c256", f"-d{seconds}s", f"http://127.0.0.1:{port}/p/1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pin(process.pid, -1)
    watched = psutil.Process(process.pid)
    time.sleep(seconds * 0.9)
    times = watched.cpu_times()
    out, _ = process.communicate(timeout=60)
    done = int(out.split(" requests in ")[0].split()[-1])
    return {
        "pages": done,
        "emails": 0,
        "seconds": seconds,
        "cpu": (times.user + times.system) / 0.9,
    }


def compare(size: int, packed: bool, options: argparse.Namespace) -> Runs:
    """All clients on pages of one kind."""
    pages, wanted = options.pages, options.only
    with serving(size, packed) as (port, pid):
        pin(pid, 0)
        kinds: dict[str, Callable[[], Mapping[str, float]]] = {OURS: partial(ours, port, pages)}
        for name in CLIENTS:
            some = max(int(pages * SHARE.get(name, 0.25)), PAGES)
            kinds[name] = partial(peer, options.python, name, port, some)
        kinds[CHEERIO] = partial(cheerio, port, max(pages // 4, PAGES))
        kinds["wrk, one URL"] = partial(wrk, port, pages)
        chosen = {
            name: run
            for name, run in kinds.items()
            if wanted is None or any(word.lower() in name.lower() for word in wanted)
        }
        return alternate(chosen, options.rounds)


def rows(runs: Runs, kind: str, report: Report) -> None:
    """Add the runs on pages of one `kind` to the table, and judge them."""
    cost = {name: [run["cpu"] / run["pages"] * 1e4 for run in some] for name, some in runs.items()}
    for name, some in runs.items():
        mean = statistics.median(cost[name]) / statistics.median(cost[OURS])
        report.rows.append(
            {
                "pages": kind,
                "client": name,
                "pages/s": middle([run["pages"] / run["seconds"] for run in some], 0),
                "CPU s / 10k pages": middle(cost[name]),
                "CPU over ours": f"{mean:.2f}",
                "addresses": int(statistics.median(run["emails"] for run in some)),
                "fetched": int(statistics.median(run["pages"] for run in some)),
            }
        )
        if name in GOALS:
            least = GOALS[name]
            report.goal(f"{kind}: {name} >= {least:g} x our CPU", f"{mean:.2f}", mean >= least)


def main(argv: list[str] | None = None) -> int:
    """The command line; 1 when mailharvest missed a page or an address."""
    options = parse(argv)
    if options.child:
        child(*map(int, options.child.split(":")))
        return 0
    report = Report(
        "peers",
        "mailharvest and its peers: one core for the client",
        f"python -m benchmarks.peers --pages {options.pages} --rounds {options.rounds}",
    )
    right = True
    for size in (25_000, 5_000):
        for packed in (True, False):
            kind = f"{size // 1000} KB{' gzip' if packed else ''}"
            note(kind)
            runs = compare(size, packed, options)
            if OURS in runs:
                rows(runs, kind, report)
                expected = min(options.pages, PAGES) * 4
                right &= all(
                    run["pages"] == options.pages and run["emails"] == expected
                    for run in runs[OURS]
                )
    report.notes.append(__doc__.partition("\n\n")[2].strip())
    report.close(options)
    return 0 if right else 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    made = parser("mailharvest against Scrapy, Crawlee, aiohttp, requests and wrk.")
    made.add_argument("--pages", type=int, default=10_000, help="pages of one run; default 10000")
    made.add_argument("--only", nargs="*", help="words of the names of clients to run")
    made.add_argument("--python", default=sys.executable, help="interpreter that has the peers")
    made.add_argument("--child", help=argparse.SUPPRESS)
    return made.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
