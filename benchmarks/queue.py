"""The queue beside its peers: enqueue, claim and finish, pickup latency.

    python -m benchmarks.queue [--jobs 2000] [--rounds 3] [--postgres URL]

Every system does the same: a job with a small JSON payload is put onto the queue, fetched, and
marked done with its result kept, each step as durable as that system makes it (SQLite with
``synchronous=FULL`` for us, ``fsync=True`` for huey). Rounds alternate, the median counts. A
system that is not installed is left out: pip install huey procrastinate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.jobs import Report
from mailharvest.chunk import ChunkResult
from mailharvest.queue.commit import Committer
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.inline import InlinePool
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Outcome
from mailharvest.queue.queue import Queue

Row = dict[str, float]
WINDOW = 50
"""Chunks that a dispatcher has in flight."""


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def ours(place: str, home: Path, jobs: int) -> Row:
    """Put in singly and at once; claim and finish by windows, as a dispatcher does."""
    with Queue(place, home=home) as queue:
        singles = [timed(lambda i=i: queue.dispatch(Report(month=i))) for i in range(jobs // 4)]
        bulk = timed(lambda: queue.bulk([Report(month=i) for i in range(jobs)]))
        committer = Committer(queue.ledger, queue.parts)
        me = queue.ledger.register("benchmark", ["default"])
        count, began = 0, time.perf_counter()
        while claims := queue.ledger.claim(me, WINDOW, ["default"]):
            outcomes = [Outcome(c, ChunkResult(value={"rows": 1})) for c in claims]
            count += len(committer.commit(outcomes, dispatcher=me).finished)
        work = time.perf_counter() - began
        committer.close()
    return {
        "dispatch ms p50": 1000 * statistics.median(singles),
        "dispatch ms p95": 1000 * statistics.quantiles(singles, n=20)[-1],
        "enqueue/s single": len(singles) / sum(singles),
        "enqueue/s bulk": jobs / bulk,
        "claim+finish/s": count / work,
    }


def pickup(place: str, home: Path, sleep: float, wake: bool, jobs: int = 40) -> Row:
    """From dispatch to the start of its handle, with an idle dispatcher."""
    waits = []
    with Queue(place, home=home) as queue, Ledger(place) as ledger:
        if not wake:
            ledger.changed = lambda: False  # type: ignore[method-assign]
        pool = InlinePool(4)
        dispatcher = Dispatcher(ledger, pool, parts=queue.parts, sleep=sleep)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        for i in range(jobs if wake else jobs // 8):
            time.sleep(0.11 + i % 7 / 50)
            ticket = queue.dispatch(Report(month=i))
            while (started := ticket.row.started_at) is None:
                time.sleep(0.001)
            waits.append(started - ticket.row.created_at)
        dispatcher.stop()
        thread.join()
        pool.close()
    name = "pickup ms, wake-up" if wake else f"pickup ms, sleep {sleep:g}"
    return {
        f"{name} p50": 1000 * statistics.median(waits),
        f"{name} p95": 1000 * statistics.quantiles(waits, n=20)[-1],
    }


def huey(folder: Path, jobs: int) -> Row:
    from huey import SqliteHuey

    queue = SqliteHuey(filename=str(folder / "huey.db"), fsync=True, results=True)

    @queue.task()
    def report(month: int, year: int) -> dict[str, int]:
        return {"rows": month + 0 * year}

    singles = [timed(lambda i=i: report(i, 2026)) for i in range(jobs // 4)]
    bulk = timed(lambda: [report(i, 2026) for i in range(jobs)])
    count, began = 0, time.perf_counter()
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
        count += 1
    work = time.perf_counter() - began
    return {
        "dispatch ms p50": 1000 * statistics.median(singles),
        "dispatch ms p95": 1000 * statistics.quantiles(singles, n=20)[-1],
        "enqueue/s single": len(singles) / sum(singles),
        "enqueue/s bulk": jobs / bulk,
        "claim+finish/s": count / work,
    }


def procrastinate(url: str, jobs: int) -> Row:
    import asyncio

    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="report")
    async def report(month: int, year: int) -> dict[str, int]:
        return {"rows": month + 0 * year}

    async def run() -> Row:
        async with app.open_async():
            try:
                await app.schema_manager.apply_schema_async()
            except Exception:  # it is there from the round before
                await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
            singles = []
            for i in range(jobs // 4):
                began = time.perf_counter()
                await report.defer_async(month=i, year=2026)
                singles.append(time.perf_counter() - began)
            began = time.perf_counter()
            await report.batch_defer_async(*({"month": i, "year": 2026} for i in range(jobs)))
            bulk = time.perf_counter() - began
            began = time.perf_counter()
            await app.run_worker_async(
                wait=False, concurrency=WINDOW, listen_notify=False, install_signal_handlers=False
            )
            work = time.perf_counter() - began
        return {
            "dispatch ms p50": 1000 * statistics.median(singles),
            "dispatch ms p95": 1000 * statistics.quantiles(singles, n=20)[-1],
            "enqueue/s single": len(singles) / sum(singles),
            "enqueue/s bulk": jobs / bulk,
            "claim+finish/s": (jobs + len(singles)) / work,
        }

    return asyncio.run(run())


def fresh(url: str) -> str:
    """A new database on the server."""
    import psycopg

    name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rpartition("/")[0] + f"/{name}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", help="URL of a server on which databases may be made")
    parser.add_argument("--no-pickup", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found: dict[str, list[Row]] = defaultdict(list)
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            place = f"sqlite:///{folder / 'ledger.db'}"
            runs: dict[str, Callable[[], Row]] = {
                "mailharvest, SQLite": partial(ours, place, folder, args.jobs),
                "huey, SQLite": partial(huey, folder, args.jobs),
            }
            if args.postgres:
                one, two = fresh(args.postgres), fresh(args.postgres)
                runs["mailharvest, PostgreSQL"] = partial(ours, one, folder, args.jobs)
                runs["procrastinate"] = partial(procrastinate, two, args.jobs)
            for system, run in runs.items():
                try:
                    found[system].append(run())
                except ImportError:
                    continue
    rows = {
        system: {key: statistics.median(row[key] for row in each) for key in each[0]}
        for system, each in found.items()
    }
    if not args.no_pickup:
        for wake in (True, False):
            with tempfile.TemporaryDirectory() as name:
                place = f"sqlite:///{Path(name) / 'ledger.db'}"
                rows["mailharvest, SQLite"] |= pickup(place, Path(name), 2.0, wake)
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    for system, row in rows.items():
        print(system)
        for key, value in row.items():
            print(f"    {key:<32}{value:>12,.1f}")


if __name__ == "__main__":
    main()
