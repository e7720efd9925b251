"""Killed with everything it started, again and again, a run loses nothing and doubles nothing."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed import Client

from mailharvest import harvest, records, simweb
from mailharvest.queue.ledger import Ledger
from mailharvest.run import open_ledger, part_files
from mailharvest.simweb import World
from tests.harvesting import evidence, job_on

KILLS = 10
WORLD = World(
    seed=6, sites=1000, pages_per_site=3, results_per_query=2400, slow=0, robots=0, latency=0.3
)
QUERY = "photographers in Alexandria"

pytestmark = pytest.mark.filterwarnings("default:subprocess .* is still running:ResourceWarning")


class Command:
    """``mailharvest`` in a process of its own, until it ends or is killed with all its children."""

    def __init__(self, *args: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailharvest", *map(str, args), "--workers", "1", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL to the whole tree; nobody has the time to say good-bye."""
        tree = [psutil.Process(self.process.pid)]
        tree[0].suspend()  # so that it starts nothing meanwhile
        tree += tree[0].children(recursive=True)
        for process in tree:
            process.kill()
        psutil.wait_procs(tree[1:], timeout=20)
        self.process.communicate()

    def end(self) -> dict[str, object]:
        out, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0
        facts: dict[str, object] = json.loads(out)
        return facts


def done(ledger: Ledger) -> int:
    """Chunks that are committed."""
    return sum(
        n for job in ledger.jobs() for (_, s), n in ledger.counts(job.id).items() if s == "done"
    )


def let_it_work(command: Command, ledger: Ledger, rng: random.Random, *, patient: bool) -> None:
    """A moment; when `patient`, one that begins when it has committed something."""
    before, end = done(ledger), time.monotonic() + 60
    while patient and done(ledger) == before:
        assert command.process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < end, "no chunk was committed"
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 1) if patient else rng.uniform(0, 4))


def test_killed_ten_times_it_ends_with_the_frame_of_an_undisturbed_run(
    client: Client, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)
    home = tmp_path / "home"
    with simweb.start(WORLD) as web, open_ledger(home) as ledger:
        job = job_on(web, QUERY, slots=5)
        with harvest(job, client, home=tmp_path / "undisturbed") as run:
            expected = run.result(timeout=120)
        assert set(expected["email"]) >= WORLD.truth([QUERY])

        file = tmp_path / "job.json"  # JSON is YAML
        file.write_text(job.model_dump_json(exclude_defaults=True), "utf-8")
        verb: tuple[str | Path, ...] = ("run", file)
        for number in range(KILLS):
            command = Command(*verb, "--home", home)
            let_it_work(command, ledger, rng, patient=number == 0 or rng.random() < 0.7)
            command.kill()
            (row,) = ledger.jobs()
            assert not row.ended, f"it ended before kill {number + 1}"
            verb = ("resume", row.id)
        facts = Command(*verb, "--home", home).end()

        assert (facts["state"], facts["reason"]) == ("completed", "source exhausted")
        files = part_files(ledger, home, row.id)
        assert set(ledger.frontier_count(row.id)) == {"done"}
        assert {state for _, state in ledger.counts(row.id)} == {"done"}
    frame = records.to_frame(records.read_parts(files))
    pd.testing.assert_frame_equal(evidence(frame), evidence(expected))
    assert facts["emails"] == len(frame)
    # What lies in the folder is what the ledger knows of: nothing half-written stays behind.
    assert {path for path in (home / "parts").rglob("*") if path.is_file()} == set(files)
