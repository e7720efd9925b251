"""SIGKILL at random moments, of whatever: every job is done, once, and nothing is stuck."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mailharvest.queue.ledger import Ledger
from tests.queue.jobs import Nap

KILLS = int(os.environ.get("MAILHARVEST_KILLS", "50"))
"""In one run; the sweep goes on until so many processes have been killed."""

JOBS = 40
"""Of these at least; more are added as long as there are kills to come."""


class Village:
    """A scheduler, two workers, two dispatchers; whoever dies is replaced."""

    def __init__(self, place: str, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        self.commands = {
            "scheduler": ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
                          "--port", str(port), "--no-dashboard", "--no-show"],
            "worker": ["-m", "distributed.cli.dask_worker", address, "--no-nanny",
                       "--nthreads", "4", "--no-dashboard", "--death-timeout", "60"],
            "dispatcher": ["-m", "tests.queue.dispatch", place, str(home), address],
        }  # fmt: skip
        self.home = home
        self.alive: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, kind: str) -> None:
        log = (self.home / f"{kind}.log").open("ab")
        command = [sys.executable, *self.commands[kind]]
        # DASK_…: a worker that dies is charged by the ledger, not tried again by Dask.
        settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **settings})
        log.close()
        self.alive.append((kind, process))

    def replace_the_dead(self) -> None:
        for entry in [e for e in self.alive if e[1].poll() is not None]:
            self.alive.remove(entry)
            self.start(entry[0])

    def kill(self, rng: random.Random) -> str:
        kinds = ["dispatcher"] * 6 + ["worker"] * 6 + ["scheduler"]
        kind = rng.choice(kinds)
        process = rng.choice([p for k, p in self.alive if k == kind])
        process.send_signal(signal.SIGKILL)
        process.wait()
        return kind

    def end(self) -> None:
        for _, process in self.alive:
            process.kill()
            process.wait()


@pytest.mark.timeout(1500)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not there")
def test_every_job_is_done_once_whoever_dies(place: str, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    rng = random.Random(seed)
    village = Village(place, tmp_path)
    killed: list[str] = []
    ids: list[str] = []
    with Ledger(place) as ledger:
        try:
            for kind in ("scheduler", "worker", "worker", "dispatcher", "dispatcher"):
                village.start(kind)
            until = time.monotonic() + 1200
            while len(killed) < KILLS:
                waiting = sum(not row.ended for row in ledger.jobs(["queued", "running"]))
                if waiting < JOBS:
                    jobs = [Nap(seconds=rng.uniform(0.0, 0.5), tries=1) for _ in range(JOBS)]
                    ids += ledger.add_many(jobs)
                time.sleep(rng.uniform(0.2, 1.5))
                killed.append(village.kill(rng))
                village.replace_the_dead()
                assert time.monotonic() < until
            set_aside, crashes = 0, Counter[str]()
            while left := [row for row in map(ledger.job, ids) if row.state != "completed"]:
                village.replace_the_dead()
                assert time.monotonic() < until, left
                for row in left:
                    if row.state == "failed":
                        # Its worker died three times or more, the last time with this job alone on
                        # it: in such a storm that happens to innocents. It is said, and can be
                        # retried.
                        errors = ledger.errors(row.id)
                        assert {e.kind for e in errors} == {"worker_crash"}, errors
                        assert len(errors) >= crashes[row.id] + 3
                        crashes[row.id] = len(errors)
                        ledger.reopen(row.id)
                        set_aside += 1
                time.sleep(0.2)
            print(f"{len(ids)} jobs, {set_aside} set aside")  # noqa: T201
            assert set_aside <= 0.05 * len(ids)
        finally:
            village.end()
        rows = [ledger.job(job_id) for job_id in ids]
        assert all(row.result == "rested" and row.pages == 0 for row in rows)
        assert all(row.incomplete == row.running == 0 for row in rows)
        counts = [ledger.counts(job_id) for job_id in ids]
        assert counts == [{("handle", "done"): 1}] * len(ids)
        # A worker's death is no try, so one try was enough for each.
        assert set(ledger.error_counts(ids[0])) <= {"worker_crash"}
        assert ledger.errors(kind="chunk_error") == []
