"""What being seen costs: the same harvest with all displays and with none, in turn.

``python -m benchmarks.overhead [--pairs 6] [--emails 10000]``. With all of them: snapshots sent to
the scheduler, the tab Harvest open in a session, ``/metrics`` asked every second, the panel of a
notebook and the block of the terminal drawn. The goal is 3 % of the paired median.

The order turns from pair to pair, so that a machine that grows warmer or busier favours neither.
The CPU seconds are of this process (dispatcher, scheduler, displays) and the workers, not of the
one who looks. On a machine that does other things as well they tell more than the clock.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

import psutil
from rich.console import Console

from mailharvest import Fetch, HarvestJob, Search, run, simweb
from mailharvest.cluster.connect import connect
from mailharvest.cluster.report import Reporter
from mailharvest.ui import console
from mailharvest.ui.dashboard import Dashboard
from mailharvest.ui.widgets import Panel

GOAL = 3.0
"""Percent."""


Cost = tuple[float, float]
"""Seconds by the clock, and of CPU."""


def harvest(client: Any, job: HarvestJob, *, seen: bool) -> Cost:
    """What the job takes."""
    with tempfile.TemporaryDirectory() as home, ExitStack() as shown:
        if seen:
            shown.enter_context(viewer(client))
        else:
            shown.enter_context(patch.object(Reporter, "tell", lambda *_: False))
        began, cpu = time.perf_counter(), used(client)
        going = shown.enter_context(run.harvest(job, client, home=home))
        if seen:
            shown.enter_context(displays(going))
        going.wait()
        took = time.perf_counter() - began, used(client) - cpu
        if going.state != "completed":
            raise SystemExit(f"the job ended as {going.state}: {going.reason}")
        return took


def used(client: Any) -> float:
    """CPU seconds of this process and the workers so far."""
    pids = [os.getpid(), *client.run(os.getpid).values()]
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


VIEWER = """
import sys
from bokeh.client import pull_session
with pull_session(url=sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def viewer(client: Any) -> Iterator[None]:
    """Somebody who has the tab Harvest open."""
    page = client.dashboard_link.rpartition("/")[0] + "/harvest"
    process = subprocess.Popen(
        [sys.executable, "-c", VIEWER, page], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@contextmanager
def displays(going: run.Run) -> Iterator[None]:
    """Everything that can be looked at, looked at."""
    base = going.client.dashboard_link.rpartition("/")[0]
    left = threading.Event()

    def scrape() -> None:
        while not left.wait(1.0):
            urlopen(f"{base}/metrics").close()

    def watch() -> None:
        console.watch(going, Console(file=io.StringIO(), force_terminal=True), left.is_set)

    threads = [threading.Thread(target=target) for target in (scrape, watch)]
    panel = Panel(going)
    panel.follow()
    for thread in threads:
        thread.start()
    yield
    left.set()
    for thread in threads:
        thread.join()


def main(argv: list[str] | None = None) -> int:
    """The command line; prints a table in Markdown."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--pairs", type=int, default=6)
    options.add_argument("--emails", type=int, default=10_000)
    asked = options.parse_args(argv)
    pairs = []
    with simweb.start(simweb.DEMO) as web:
        job = HarvestJob(
            query="{trade} {city}",
            # Enough of them: where the source runs dry, the clock is that of sites that fail.
            expand={
                "trade": ["dentists", "architects", "bakers", "lawyers"],
                "city": ["Cairo", "Giza", "Luxor", "Aswan", "Alexandria"],
            },
            max_emails=asked.emails,
            slots=200,
            search=Search(provider="simweb", base_url=web.url),
            fetch=Fetch(per_site_delay=0.1),
        )
        connection = connect(workers=2, threads=100)
        connection.client.register_plugin(Dashboard())
        harvest(connection.client, job, seen=True)  # everything is imported and warm
        for i in range(asked.pairs):
            order = (True, False) if i % 2 else (False, True)
            took = {seen: harvest(connection.client, job, seen=seen) for seen in order}
            pairs.append((took[False], took[True]))
        connection.close()
    print(table(pairs))
    return 0


def table(pairs: list[tuple[Cost, Cost]]) -> str:
    """The pairs, and the medians of what being seen cost."""
    lines = [
        "| pair | no display, s | all, s | cost | no display, CPU s | all, CPU s | cost |",
        "|---|---|---|---|---|---|---|",
    ]
    costs = []
    for i, (unseen, seen) in enumerate(pairs, 1):
        clock, cpu = (
            100 * (after / before - 1) for before, after in zip(unseen, seen, strict=True)
        )
        costs.append((clock, cpu))
        lines.append(
            f"| {i} | {unseen[0]:.2f} | {seen[0]:.2f} | {clock:+.1f} %"
            f" | {unseen[1]:.2f} | {seen[1]:.2f} | {cpu:+.1f} % |"
        )
    clock, cpu = (
        f"{statistics.median(column):+.1f} % ({min(column):+.1f} to {max(column):+.1f})"
        for column in zip(*costs, strict=True)
    )
    lines.append(f"\nMedian cost and range: {clock}, of CPU {cpu}; the goal is {GOAL:.0f} %.")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
