"""Ten thousand sockets in one worker: how late its event loop is, and Dask's heartbeats.

    python -m benchmarks.sockets [--sites 40000] [--latency 8]

Every site has one page and takes `latency` seconds (from half to one and a half of that), so that
many wait at once; how many is found out by the product itself. The lateness of the loop is that of
a call every 50 ms, on the loop that fetches; a heartbeat's age is what the scheduler knows, looked
at twice a second. Both are told for the time in which at least 90 % of the most sockets were open.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from typing import Any

from distributed import Worker

from benchmarks.harness import Report, listed, parser, plain_web
from mailharvest import HarvestJob, simweb
from mailharvest.cluster.connect import connect
from mailharvest.cluster.worker import Harvester
from mailharvest.run import harvest
from mailharvest.spec import Fetch

EVERY = 0.05
LOOK = 0.5
FULL = 0.9


def begin(dask_worker: Worker) -> None:
    """On the worker: note, every 50 ms, how many exchanges there are and how late the loop is."""
    harvester: Any = dask_worker.plugins[Harvester.name]
    harvester.seen = []

    async def look() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += EVERY
            await asyncio.sleep(due - loop.time())
            late = loop.time() - due
            harvester.seen.append((time.time(), harvester.web.gate.busy, late))
            due += max(late, 0.0)

    harvester.looking = asyncio.run_coroutine_threadsafe(look(), harvester.loop)


def end(dask_worker: Worker) -> list[tuple[float, int, float]]:
    """On the worker: what was noted: (epoch second, exchanges, seconds of lateness)."""
    harvester: Any = dask_worker.plugins[Harvester.name]
    harvester.looking.cancel()
    seen: list[tuple[float, int, float]] = harvester.seen
    return seen


def measure(sites: int, latency: float) -> dict[str, Any]:
    """Fetch a page of every site with one worker process."""
    with simweb.start(plain_web(sites, latency)) as web, tempfile.TemporaryDirectory() as home:
        job = HarvestJob(
            urls=listed(map(web.link, range(sites)), home),
            fetch=Fetch(allow_private=True, robots=False, per_site_delay="0s", timeout="60s"),
        )
        connection = connect(workers=1, threads=1000)
        try:
            connection.client.run(begin)
            beats: list[tuple[float, float]] = []
            began = time.monotonic()
            with harvest(job, on=connection.client, home=home) as run:
                while not run.wait(LOOK):
                    beats += [(time.time(), each.heartbeat) for each in run.progress.workers]
                seconds, pages = time.monotonic() - began, run.row.pages
            (seen,) = connection.client.run(end).values()
        finally:
            connection.close()
    most = max(busy for _, busy, _ in seen)
    crowded = [(at, late) for at, busy, late in seen if busy >= FULL * most]
    first, last = crowded[0][0], crowded[-1][0]
    lates = sorted(late for _, late in crowded)
    return {
        "pages": pages,
        "wall s": round(seconds, 1),
        "sockets": most,
        "s with 90 % of them": round(len(crowded) * EVERY, 1),
        "loop late, median ms": round(lates[len(lates) // 2] * 1e3, 1),
        "99 % ms": round(lates[len(lates) * 99 // 100] * 1e3, 1),
        "most ms": round(lates[-1] * 1e3, 1),
        "oldest heartbeat s": round(
            max((age for at, age in beats if first <= at <= last), default=0.0), 1
        ),
    }


def main(argv: list[str] | None = None) -> int:
    """The command line; 1 when a page was missed."""
    options = parse(argv)
    report = Report(
        "sockets",
        "Ten thousand sockets in one worker",
        f"python -m benchmarks.sockets --sites {options.sites} --latency {options.latency:g}",
    )
    row = measure(options.sites, options.latency)
    report.rows.append(row)
    report.goal("sockets >= 9,500", f"{row['sockets']:,}", row["sockets"] >= 9_500)
    report.goal(
        "99 % of the time the loop is <= 250 ms late", f"{row['99 % ms']} ms", row["99 % ms"] <= 250
    )
    beat = row["oldest heartbeat s"]
    report.goal("no heartbeat older than 3 s", f"{beat} s", beat <= 3.0)
    report.notes.append(__doc__.rpartition("\n\n")[2].strip())
    report.close(options)
    return 0 if row["pages"] == options.sites else 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    made = parser("How late a worker is with ten thousand sockets.")
    made.add_argument("--sites", type=int, default=40_000, help="of one page each; default 40000")
    made.add_argument("--latency", type=float, default=8.0, help="seconds of a page; default 8")
    return made.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
