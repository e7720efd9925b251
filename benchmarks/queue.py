"""The queue beside its peers: dispatch, claim and finish, and how soon a job begins.

Every system does the same: a job with a small JSON payload is put onto the queue, fetched, run
and marked done with its result kept, each step as durable as its database makes it. **single/s**
is one job a call, **bulk/s** many in one call where there is such a call, **done/s** is claim, run
and finish of a job that does nothing, in one process. **Pickup** is from the call that puts a job
in to the first line of its handle in another process that has nothing to do; *not woken* is our
dispatcher deaf, with ``--sleep 2``, on a database that could not wake it (once a second it looks
after others, and sees). RQ writes to Redis several times a job, and Redis waits for the disk at
each.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Missing, Report, alternate, machine, middle, note, parser
from benchmarks.queue_systems import SYSTEMS, made, throughput

PATIENCE = 30.0
"""Seconds that a worker may take to begin its first job."""


WORKER = "import sys; from benchmarks.queue_systems import made; made(*sys.argv[1:]).work()"
PACKAGES = ("mailharvest", "sqlalchemy", "psycopg", "huey", "procrastinate", "rq", "redis")


class Places:
    """Where each system may have a fresh database; servers are started when first asked for."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._servers: dict[str, str] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def fresh(self, name: str) -> str:
        """A place for the system `name`, with nothing in it."""
        if "SQLite" in name:
            folder = self._open.enter_context(tempfile.TemporaryDirectory())
            return f"sqlite:///{Path(folder) / 'queue.db'}"
        if "Redis" in name:
            return self._server("redis", redis_server) + f"/{next(self._numbers) % 16}"
        url = self._server("postgres", postgres_server)
        import psycopg

        database = f"bench_{os.getpid()}_{time.monotonic_ns()}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        return url.rpartition("/")[0] + f"/{database}"

    def _server(self, name: str, start: Any) -> str:
        if name not in self._servers:
            self._servers[name] = self._open.enter_context(start())
        return self._servers[name]


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    from tests.queue import postgres

    if postgres.binaries() is None:
        raise Missing(postgres.INSTALL)
    with postgres.server() as url:
        yield url


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    if shutil.which("redis-server") is None:
        raise Missing("apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "port": str(port), "bind": "127.0.0.1", "dir": folder, "loglevel": "warning",
            "save": "", "appendonly": "yes", "appendfsync": "always",
        }  # fmt: skip
        words = [part for key, value in settings.items() for part in (f"--{key}", value)]
        process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        try:
            _wait(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait(true: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            raise RuntimeError("it did not begin")
        time.sleep(0.0005)


def pickup(places: Places, name: str, jobs: int) -> list[float]:
    """Seconds from putting a job in to its beginning in an idle worker, job by job."""
    place = places.fresh(name)
    system = made(name, place)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, name, place])
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stamps"
        try:
            for n in range(jobs + 1):
                time.sleep(0.15 + n % 7 / 50)  # so that it has nothing to do, at no fixed beat
                began = time.time()
                system.stamp(str(path), n)
                _wait(lambda n=n: path.exists() and path.read_text().endswith(f"\n{n}.\n"))
                waits.append(float(path.read_text().split()[-2]) - began)
        finally:
            worker.kill()
            worker.wait()
            system.close()
    return waits[1:]  # the first waited for the worker to start


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    made_ = parser(__doc__)
    made_.add_argument("--jobs", type=int, default=500, help="jobs of a run; default 500")
    options = made_.parse_args(argv)
    report = Report(
        "queue", "The queue and its peers",
        f"python -m benchmarks.queue --jobs {options.jobs} --rounds {options.rounds}",
        machine=machine(PACKAGES),
    )  # fmt: skip
    with Places() as places:

        def run(name: str) -> dict[str, float]:
            return throughput(lambda: made(name, places.fresh(name)), options.jobs)

        awake = [name for name in SYSTEMS if "not woken" not in name]
        found = alternate({name: partial(run, name) for name in awake}, options.rounds)
        waits: dict[str, list[float]] = {}
        for name in SYSTEMS:
            jobs = 30 if name in awake else 10
            with contextlib.suppress(Missing):
                note(f"pickup: {name}")
                waits[name] = pickup(places, name, jobs)
    for name in SYSTEMS:
        if name in waits:
            report.rows.append(row(name, found.get(name, []), waits[name]))
    goals(report, found)
    report.notes.append(__doc__.partition("\n\n")[2].strip())
    report.close(options)
    return 0


def row(name: str, runs: list[dict[str, float]], waits: list[float]) -> dict[str, Any]:
    """One system as a row of the table."""

    def of(key: str, digits: int) -> str:
        return middle([run[key] for run in runs], digits) if runs else ""

    return {
        "system": name,
        "dispatch ms p50": of("dispatch p50", 2),
        "p95": of("dispatch p95", 2),
        "single/s": of("single/s", 0),
        "bulk/s": of("bulk/s", 0),
        "done/s": of("done/s", 0),
        "pickup ms p50": f"{1000 * statistics.median(waits):,.0f}",
        "pickup ms p95": f"{1000 * statistics.quantiles(waits, n=20)[-1]:,.0f}",
    }


def goals(report: Report, found: dict[str, list[dict[str, float]]]) -> None:
    """What the queue is to reach."""

    def median(name: str, key: str) -> float:
        return statistics.median(run[key] for run in found[name])

    for base in ("SQLite", "PostgreSQL"):
        ours = f"mailharvest, {base}"
        if ours in found:
            usual = median(ours, "dispatch p50")
            report.goal(f"{base}: dispatch returns in under 5 ms", f"{usual:.1f} ms", usual < 5)
            peers = [n for n in found if n.endswith(base) and n != ours]
            for peer in peers:
                times = median(ours, "done/s") / median(peer, "done/s")
                report.goal(
                    f"claim and finish not slower than {peer}", f"{times:.1f} x", times >= 1
                )
    bulk = median("mailharvest, SQLite", "bulk/s")
    report.goal("5,000 bulk enqueues/s on SQLite", f"{bulk:,.0f}", bulk >= 5000)


if __name__ == "__main__":
    raise SystemExit(main())
