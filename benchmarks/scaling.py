"""More worker processes on a site that makes one wait, and Dask's share of the work.

Every page takes 0.5 s (from 0.25 to 0.75), so processes are not needed for their CPU; each has so
many slots, and should bring as many pages as the others do. Efficiency is pages a second over what
one process brought, divided by the number of processes. On fewer cores than processes (and the
web's) it tells how little they are in each other's way.

Dask's share is what empty chunks cost, measured apart: chunks that do nothing, through the same
pool, in CPU-seconds of client, scheduler and workers.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from functools import partial

import psutil
from distributed import futures_of

from benchmarks.harness import Report, Watch, alternate, family, listed, middle, parser, plain_web
from mailharvest import HarvestJob, simweb
from mailharvest.cluster.bag import bag_of
from mailharvest.cluster.connect import connect
from mailharvest.queue.pool import Claim
from mailharvest.run import harvest
from mailharvest.spec import Fetch

LATENCY = 0.5
SLOTS = 64
SITES_AT_ONCE = 4
"""Of a chunk: so many sockets a slot."""


def measure(workers: int, pages: int) -> Mapping[str, float]:
    """Fetch `pages` with so many worker processes."""
    with simweb.start(plain_web(pages, LATENCY)) as web, tempfile.TemporaryDirectory() as home:
        job = HarvestJob(
            urls=listed(map(web.link, range(pages)), home),
            fetch=Fetch(allow_private=True, robots=False, concurrency=SITES_AT_ONCE),
            slots=SLOTS * workers,
        )
        connection = connect(workers=workers, threads=SLOTS)
        try:
            with Watch({web.pid: "web"}) as used:
                began = time.monotonic()
                with harvest(job, on=connection.client, home=home) as run:
                    run.wait()
                    seconds, done = time.monotonic() - began, run.row.pages
                    chunks = run.progress.chunks_completed
        finally:
            connection.close()
    return {"pages": done, "chunks": chunks, "seconds": seconds, "cpu": used.cpu["product"]}


def dask_alone(chunks: int) -> Mapping[str, float]:
    """CPU-seconds that `chunks` empty chunks cost everywhere."""
    connection = connect(workers=1, threads=SLOTS)
    try:
        before = _spent()
        for start in range(0, chunks, 100):
            bag = bag_of([_claim(start + n) for n in range(min(100, chunks - start))])
            held = connection.client.persist(bag, optimize_graph=False, retries=0)
            connection.client.gather(futures_of(held), direct=True)
        return {"chunks": chunks, "cpu": _spent() - before}
    finally:
        connection.close()


def _claim(number: int) -> Claim:
    job = HarvestJob(files=("none",))
    return Claim(
        chunk_id=number,
        job_id="empty",
        lease=1,
        attempt=1,
        crashes=0,
        kind="seed",
        spec='{"bad": []}',
        job_kind="mailharvest.job:HarvestJob",
        job_args=job.model_dump_json(),
        priority=5,
        timeout=60.0,
        deadline=time.time() + 60.0,
        shard=None,
    )


def _spent() -> float:
    spent = 0.0
    for process in family(psutil.Process().pid):
        times = process.cpu_times()
        spent += times.user + times.system
    return spent


def main(argv: list[str] | None = None) -> int:
    """The command line; 1 when a page was missed."""
    options = parse(argv)
    report = Report(
        "scaling",
        "More processes on a site that makes one wait",
        f"python -m benchmarks.scaling --pages {options.pages} --rounds {options.rounds}",
    )
    counts = [int(n) for n in options.workers.split(",")]
    kinds = {str(n): partial(measure, n, options.pages * n) for n in counts}
    runs = alternate(kinds, options.rounds)
    rates = {
        n: statistics.median(run["pages"] / run["seconds"] for run in runs[str(n)]) for n in counts
    }
    for n in counts:
        some = runs[str(n)]
        report.rows.append(
            {
                "processes": n,
                "pages": int(some[0]["pages"]),
                "pages/s": middle([run["pages"] / run["seconds"] for run in some], 0),
                "efficiency": f"{rates[n] / n / (rates[counts[0]] / counts[0]):.2f}",
                "CPU ms a page": middle([run["cpu"] / run["pages"] * 1e3 for run in some]),
            }
        )
    chunk = [
        run["cpu"] / run["chunks"] * 1e3
        for run in alternate({"Dask": partial(dask_alone, options.chunks)}, options.rounds)["Dask"]
    ]
    first = runs[str(counts[0])]
    share = statistics.median(
        statistics.median(chunk) / 1e3 * run["chunks"] / run["cpu"] for run in first
    )
    report.notes.append(
        f"An empty chunk costs {middle(chunk)} ms of CPU over client, scheduler and worker;"
        f" with {counts[0]} process the {first[0]['pages']:,.0f} pages were"
        f" {statistics.median(run['chunks'] for run in first):,.0f} chunks."
    )
    report.goal("Dask's share of the CPU <= 5 %", f"{share:.1%}", share <= 0.05)
    report.notes.append(__doc__.partition("\n\n")[2].strip())
    report.close(options)
    missed = any(run["pages"] != options.pages * n for n in counts for run in runs[str(n)])
    return 1 if missed else 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    made = parser("1, 2 and 4 worker processes on a latency-bound site.")
    made.add_argument("--pages", type=int, default=4_000, help="for each process; default 4000")
    made.add_argument("--workers", default="1,2,4", help="processes; default 1,2,4")
    made.add_argument("--chunks", type=int, default=1_000, help="empty ones, for Dask's share")
    return made.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
