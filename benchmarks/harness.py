"""What all benchmarks share: alternating runs, medians and ranges, the machine, tables.

A run is measured in seconds by the clock, in CPU-seconds of a process and all below it, and in
memory. Memory is **PSS** where the system tells it (Linux): the pages that a process has to itself
plus its share of those it shares, so the sum over processes counts nothing twice. Elsewhere it is
USS, which leaves shared pages out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from mailharvest import HarvestJob
from mailharvest.cluster.connect import Connection
from mailharvest.run import harvest
from mailharvest.simweb.world import World

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mailharvest", "aiohttp", "distributed", "isal", "pandas", "pyarrow", "uvloop")
EVERY = 1.0
"""Seconds between two looks at the memory."""


# the machine


def machine(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """What the figures depend on, for the foot of a table."""
    versions = {name: _version(name) for name in packages}
    return {
        "cpu": f"{_cpu()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
        "commit": _commit(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "load before": " ".join(f"{load:.1f}" for load in psutil.getloadavg()),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    asked = ["git", "-C", str(RESULTS.parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=10).stdout.strip()
    except OSError:  # no git here
        return ""


def plain_web(sites: int, latency: float, *, pages: int = 1) -> World:
    """A web that takes `latency` seconds a page; nothing else holds one up, and nothing fails."""
    return World(
        sites=sites,
        pages_per_site=pages,
        latency=latency,
        slow=0,
        errors=0,
        flaky=0,
        robots=0,
        redirects=0,
    )


def listed(urls: Iterable[str], folder: str) -> dict[str, str]:
    """`urls` as a job takes any number of them: the name of a file with one a line."""
    path = Path(folder) / "urls.txt"
    path.write_text("".join(f"{url}\n" for url in urls))
    return {"file": str(path)}


def warm(connection: Connection, home: str) -> None:
    """Have one page read, so that the workers too have imported everything when a clock begins."""
    page = Path(home, "page.html")
    page.write_text('<a href="mailto:info@example.com">Write</a>', "utf-8")
    with harvest(HarvestJob(files=(str(page),)), on=connection.client, home=home) as run:
        run.wait()


# CPU and memory of processes


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; those that end meanwhile are left out."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_of(process: psutil.Process) -> int:
    """PSS of a process in bytes, USS where there is no PSS, 0 when it has ended."""
    try:
        info = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(getattr(info, "pss", 0) or info.uss)


class Watch:
    """Peak memory and CPU of this process and those below it, by what they are.

    Parameters
    ----------
    apart : mapping
        Pid to name, of processes to be counted apart: the simulated web, say. All the others are
        ``product``.
    """

    def __init__(self, apart: Mapping[int, str] | None = None) -> None:
        self.apart = dict(apart or {})
        self.peak: dict[str, int] = {}
        self.client = 0  # of this process alone
        self._cpu: dict[int, tuple[str, float]] = {}
        self._begin: dict[int, float] = {}
        self._own = 0.0  # CPU-seconds of the looks: they are nobody's work
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._look(first=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            self._look()
            self._own = time.thread_time()

    def _look(self, *, first: bool = False) -> None:
        now: dict[str, int] = {}
        for process in family(os.getpid()):
            role = self.apart.get(process.pid, "product")
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent = times.user + times.system
            self._cpu[process.pid] = (role, spent)
            if first:
                self._begin[process.pid] = spent
            size = memory_of(process)
            now[role] = now.get(role, 0) + size
            if process.pid == os.getpid():
                self.client = max(self.client, size)
        for role, size in now.items():
            self.peak[role] = max(self.peak.get(role, 0), size)

    @property
    def cpu(self) -> dict[str, float]:
        """CPU-seconds by role since this was entered."""
        spent: dict[str, float] = {}
        for pid, (role, seconds) in self._cpu.items():
            own = self._own if pid == os.getpid() else 0.0
            spent[role] = spent.get(role, 0.0) + seconds - self._begin.get(pid, 0.0) - own
        return spent


# rounds


def alternate(
    kinds: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int
) -> dict[str, list[dict[str, float]]]:
    """Run each kind `rounds` times, in turn, so that a slow minute of the machine meets all.

    A kind returns its measurements; one that cannot run here raises :class:`Missing`.
    """
    found: dict[str, list[dict[str, float]]] = {}
    missing: set[str] = set()
    for turn in range(rounds):
        for name, run in kinds.items():
            if name in missing:
                continue
            note(f"round {turn + 1} of {rounds}: {name}")
            try:
                found.setdefault(name, []).append(dict(run()))
            except Missing as error:
                missing.add(name)
                note(f"{name} is left out: {error}")
    return {name: runs for name, runs in found.items() if runs}


class Missing(Exception):
    """What a benchmark compares with is not installed here; the message says what to install."""


def middle(values: Sequence[float], digits: int = 2) -> str:
    """Median and range of several runs.

    >>> middle([1.0, 3.0, 2.0]), middle([1234.5], 0)
    ('2.00 [1.00-3.00]', '1,234')
    """
    shown = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return shown
    return f"{shown} [{min(values):,.{digits}f}-{max(values):,.{digits}f}]"


def note(line: str) -> None:
    """Say on stderr how far it has come."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


# tables


@dataclass
class Report:
    """The outcome of one benchmark: printed, and written on request.

    Attributes
    ----------
    name : str
        Of the file in ``results/``.
    title : str
    command : str
        What to type for the same again.
    rows : list of dict
        Column to value; a value that is no string is printed with three digits.
    notes : list of str
        What the table does not say by itself.
    goals : list of (goal, reached, met)
    """

    name: str
    title: str
    command: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    goals: list[tuple[str, str, bool]] = field(default_factory=list)
    machine: dict[str, str] = field(default_factory=machine)

    def goal(self, wanted: str, reached: str, met: bool) -> None:
        """Note what was wanted, and whether it was reached."""
        self.goals.append((wanted, reached, met))

    def markdown(self) -> str:
        """The table with its goals, notes and machine."""
        parts = [f"# {self.title}", f"`{self.command}`", markdown(self.rows)]
        if self.goals:
            table = [
                {"goal": goal, "reached": reached, "met": "yes" if met else "**no**"}
                for goal, reached, met in self.goals
            ]
            parts.append(markdown(table))
        parts += self.notes
        parts.append("\n".join(f"- {key}: {value}" for key, value in self.machine.items()))
        return "\n\n".join(parts) + "\n"

    def close(self, options: argparse.Namespace) -> None:
        """Print it as `options` ask: a table, or JSON; write it with ``--write``."""
        if options.json:
            values = {**vars(self), "goals": [list(goal) for goal in self.goals]}
            print(json.dumps(values, indent=1, default=str))
        else:
            print(self.markdown())
        if options.write:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{self.name}.md").write_text(self.markdown())


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table; its columns are the keys, in the order in which they first come.

    >>> print(markdown([{"what": "a", "seconds": 1.25}]))
    | what | seconds |
    |---|---|
    | a | 1.25 |
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_shown(row.get(column, "")) for column in columns] for row in rows]
    head, rule, *rest = (" | ".join(line) for line in lines)
    return "\n".join([f"| {head} |", f"|{rule.replace(' ', '')}|", *(f"| {r} |" for r in rest)])


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def parser(purpose: str) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(description=purpose)
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    made.add_argument("--write", action="store_true", help="keep the table in benchmarks/results")
    made.add_argument("--rounds", type=int, default=3, help="runs of each kind; default 3")
    return made


def sizes(text: str) -> list[int]:
    """Numbers as people write them: ``10k,1M``.

    >>> sizes("10k,1M,7")
    [10000, 1000000, 7]
    """
    factor = {"k": 1_000, "m": 1_000_000}
    return [
        int(float(one[:-1]) * factor[one[-1].lower()]) if one[-1].lower() in factor else int(one)
        for one in text.split(",")
    ]
