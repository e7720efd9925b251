"""Which of many addresses are new: what it costs, in seconds and in memory.

Each way runs in a process of its own and is fed the same addresses in batches of 10,000, as parts
arrive; one address in five has come before. Memory is what the process grew by, at its peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import psutil
import pyarrow as pa

from benchmarks.harness import Missing, Report, alternate, memory_of, middle, parser, sizes

BATCH = 10_000
REPEATED = 5
"""One address in so many has come before."""
BUDGET = 4e9
"""Bytes within which 100 million must fit."""


def batches(total: int) -> Iterator[pa.Array]:
    """`total` addresses, of which four in five are different."""
    new = total - total // REPEATED
    for start in range(0, total, BATCH):
        numbers = range(start, min(start + BATCH, total))
        yield pa.array([_address(n if n < new else n * 7919 % new) for n in numbers])


def _address(n: int) -> str:
    return f"person.{n}@site-{n % 9973}.example.com"


def exact_set(total: int) -> int:
    """A Python set of the strings."""
    seen: set[str] = set()
    for batch in batches(total):
        seen.update(batch.to_pylist())
    return len(seen)


def hash_index(total: int) -> int:
    """`records.UniqueIndex`: 64-bit hashes in numpy; what a run counts with."""
    from mailharvest.records import UniqueIndex

    index = UniqueIndex()
    for batch in batches(total):
        index.add(batch)
    return len(index)


def bloom(total: int) -> int:
    """A Bloom filter with one error in a million, of the specification; some are lost."""
    try:
        from rbloom import Bloom
    except ImportError:
        raise Missing("there is no rbloom; pip install rbloom") from None
    filter_, count = Bloom(total, 1e-6), 0
    for batch in batches(total):
        new = [email for email in batch.to_pylist() if email not in filter_]
        count += len(set(new))
        filter_.update(new)
    return count


def with_pandas(total: int) -> int:
    """pandas: everything kept, then `unique`."""
    import pandas as pd

    return len(pd.Series(pa.chunked_array(list(batches(total))).to_pandas()).unique())


def with_polars(total: int) -> int:
    """Polars: everything kept, then `n_unique`."""
    try:
        import polars as pl
    except ImportError:
        raise Missing("there is no polars; pip install polars") from None
    return int(pl.from_arrow(pa.chunked_array(list(batches(total)))).n_unique())


def nothing(total: int) -> int:
    """Only making the addresses: taken off the seconds of the others."""
    return sum(len(batch.to_pylist()) for batch in batches(total))


WAYS: dict[str, Callable[[int], int]] = {
    "nothing": nothing,
    "set of str": exact_set,
    "64-bit hash index (ours)": hash_index,
    "Bloom, 1e-6": bloom,
    "pandas unique": with_pandas,
    "Polars n_unique": with_polars,
}
LARGE = ("nothing", "64-bit hash index (ours)", "Bloom, 1e-6")
"""What fits 4 GB at 100 million."""


def child(name: str, total: int) -> None:
    """Run one way in this process, and print what it took."""
    import mailharvest.records  # noqa: F401 - before the memory is looked at

    WAYS[name](BATCH)
    process = psutil.Process()
    before, peak = memory_of(process), 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, memory_of(process))

    watching = threading.Thread(target=watch)
    watching.start()
    times, began = process.cpu_times(), time.monotonic()
    count = WAYS[name](total)
    seconds, after = time.monotonic() - began, process.cpu_times()
    ended.set()
    watching.join()
    cpu = after.user - times.user
    print(json.dumps({"count": count, "seconds": seconds, "cpu": cpu, "memory": peak - before}))


def measure(name: str, total: int) -> Mapping[str, float]:
    """One way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.dedup", "--child", f"{name}:{total}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Missing" in done.stderr:
        raise Missing(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def row(name: str, total: int, runs: list[dict[str, float]], base: float) -> dict[str, Any]:
    """One way as a row of the table."""
    new = total - total // REPEATED
    memory = [run["memory"] for run in runs]
    return {
        "addresses": total,
        "way": name,
        "CPU s, without making them": middle([max(run["cpu"] - base, 0.0) for run in runs]),
        "peak MB": middle([size / 1e6 for size in memory], 0),
        "bytes an address": f"{min(memory) / new:.1f}",
        "lost": new - int(runs[0]["count"]),
    }


def main(argv: list[str] | None = None) -> int:
    """The command line; 1 when an exact way is not."""
    options = parse(argv)
    if options.child:
        name, _, total = options.child.rpartition(":")
        child(name, int(total))
        return 0
    report = Report(
        "dedup-" + options.scale.replace(",", "-"),
        "Which addresses are new",
        f"python -m benchmarks.dedup --scale {options.scale} --rounds {options.rounds}",
    )
    right = True
    for total in sizes(options.scale):
        names = WAYS if total <= 10_000_000 else LARGE
        runs = alternate({name: partial(measure, name, total) for name in names}, options.rounds)
        base = min(run["cpu"] for run in runs.pop("nothing"))
        for name, some in runs.items():
            report.rows.append(row(name, total, some, base))
            lost = report.rows[-1]["lost"]
            right &= lost == 0 or name.startswith("Bloom") or abs(lost) <= 1 + total // 10**7
        index = runs["64-bit hash index (ours)"]
        each = min(run["memory"] for run in index) / (total - total // REPEATED)
        if total >= 1_000_000:
            report.goal(f"{total:,}: <= 20 bytes an address", f"{each:.1f}", each <= 20)
        if total >= 100_000_000:
            most = max(run["memory"] for run in index)
            report.goal("100 million in 4 GB", f"{most / 1e9:.2f} GB", most <= BUDGET)
    report.notes.append(__doc__.partition("\n\n")[2].strip())
    report.close(options)
    return 0 if right else 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    made = parser("Ways to tell which of many addresses are new.")
    made.add_argument("--scale", default="1M,10M", help="addresses: 1M,10M,100M")
    made.add_argument("--child", help=argparse.SUPPRESS)
    return made.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
