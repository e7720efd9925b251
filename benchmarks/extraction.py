"""Extraction beside its peers: how fast on one core, and how right.

::

    python -m benchmarks.extraction /usr/share/doc                # speed, real pages and simweb's
    python -m benchmarks.extraction --cases dev.jsonl             # quality on a corpus of cases
    python -m benchmarks.extraction --agreement /usr/share/doc    # where we differ on real pages
    python -m benchmarks.extraction --quality --cases dev.jsonl /usr/share/doc   # on all of them
    python -m benchmarks.extraction … --json > result.json

All read the same bytes in one process, pinned to one core where the system can do that, alternating
within each round. Every round has pages of its own, so no reader meets a page or an address twice
that it would not meet twice on the web. CPU seconds; medians and ranges of the rounds, and of the
ratios round by round.
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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import extraction_quality as quality
from benchmarks.extraction_peers import NAIVE, Page, Read, peers, real_pages, simweb_pages
from benchmarks.harness import machine

PACKAGES = ("mailharvest", "hyperscan", "lxml", "extract-emails", "linkify-it-py", "urlextract",
            "parsel", "resiliparse")  # fmt: skip
SLOW = {"urlextract": 40, "extract-emails": 20, "linkify-it-py": 20, "Scrapy selectors": 8,
        "naive re": 4, "lxml text + re": 4, "resiliparse + re": 4}  # fmt: skip
"""Which part of the pages a slow peer reads in a round: one in so many, spread over all."""
RIPGREP = "ripgrep -o"


def cpu_seconds(read: Read, pages: Sequence[Page]) -> float:
    """CPU seconds that a reader takes for pages."""
    started = time.process_time()
    for page in pages:
        for _ in read(page.data):
            pass
    return time.process_time() - started


def ripgrep_seconds(pages: Sequence[Page], folder: Path) -> float:
    """CPU seconds of ripgrep for the same bytes in one file, its start and printing included."""
    joined = folder / "pages"
    joined.write_bytes(b"\n".join(page.data for page in pages))
    before = os.times()
    subprocess.run(
        ["rg", "-o", "-a", "-j1", "--no-filename", NAIVE.pattern, str(joined)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def speed(pages: Sequence[Page], rounds: int) -> dict[str, Any]:
    """CPU seconds a megabyte of every reader, round by round, each with pages of its own."""
    there, missing = peers()
    names = list(there)
    if shutil.which("rg"):
        names.append(RIPGREP)
    else:
        missing.append(RIPGREP)
    warm, pages = pages[:10], pages[10:]
    for read in there.values():  # patterns compiled, tables loaded
        cpu_seconds(read, warm)
    spent: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            mine = pages[number::rounds]
            for name in names[number % len(names) :] + names[: number % len(names)]:
                if name == RIPGREP:
                    part, seconds = mine, ripgrep_seconds(mine, Path(folder))
                else:
                    part = mine[:: SLOW.get(name, 1)]
                    own = there["mailharvest"]
                    seconds = cpu_seconds(there[name], part)
                    if name in SLOW:  # ours on the same part, for the ratio
                        spent.setdefault(f"mailharvest beside {name}", []).append(
                            cpu_seconds(own, part) / sum(len(page.data) for page in part)
                        )
                spent[name].append(seconds / sum(len(page.data) for page in part))
    return {
        "pages": len(pages),
        "bytes": sum(len(page.data) for page in pages),
        "seconds a byte": spent,
        "missing": missing,
    }


def print_speed(title: str, result: dict[str, Any]) -> None:
    """The table of one kind of pages."""
    pages, size, spent = result["pages"], result["bytes"], result["seconds a byte"]
    print(f"\n{title}: {pages:,} pages, {size / 1e6:,.1f} MB, one core, CPU time\n")
    print("| reader | MB/s | pages/s | µs/page | mailharvest is … × as fast |")
    print("|---|---|---|---|---|")
    names = [name for name in spent if " beside " not in name]
    for name in sorted(names, key=lambda name: statistics.median(spent[name])):
        median = statistics.median(spent[name])
        own = spent.get(f"mailharvest beside {name}", spent["mailharvest"])
        ratios = sorted(other / mine for other, mine in zip(spent[name], own, strict=True))
        each = median * size / pages
        print(
            f"| {name} | {1e-6 / median:,.0f} | {1 / each:,.0f} | {each * 1e6:,.1f} |"
            f" {statistics.median(ratios):.1f} [{ratios[0]:.1f} – {ratios[-1]:.1f}] |"
        )
    if result["missing"]:
        print(f"\nnot installed: {', '.join(result['missing'])}")


def run_speed(options: argparse.Namespace) -> dict[str, Any]:
    kinds = {
        f"real pages ({options.directory})": real_pages(options.directory, options.pages),
        "simweb's pages": simweb_pages(options.pages)[0],
    }
    results = {}
    for title, pages in kinds.items():
        if len(pages) < 20 * options.rounds:
            print(f"{title}: too few HTML files there", file=sys.stderr)
            continue
        results[title] = speed(pages, options.rounds)
        if not options.json:
            print_speed(title, results[title])
    return results


def run_quality(options: argparse.Namespace) -> dict[str, Any]:
    there, missing = peers()
    columns: dict[str, quality.Scores] = {}
    rows = []
    for path in options.cases or ():
        samples = quality.from_file(path)
        rows += quality.answers(samples)
        columns[path.name] = quality.score(samples, there)
        for title, cloaked in (("without cloaks", False), ("cloaks", True)):
            part = [sample for sample in samples if sample.cloaked == cloaked]
            columns[f"{path.name}, {title}"] = quality.score(part, there)
    judged = None
    if options.quality:
        for title, samples in (
            ("own cases", quality.own()),
            ("simweb's pages", quality.simulated(options.pages // 4)),
        ):
            rows += quality.answers(samples)
            columns[title] = quality.score(samples, there)
    if options.quality or options.agreement:
        judged = quality.agreement(real_pages(options.directory, options.pages // 2), there)
        rows += judged.answers
        columns["real pages (agreement)"] = judged.scores
    if not options.json:
        quality.print_table(columns)
        quality.print_reliability(rows)
        if judged and options.agreement:
            quality.print_differences(judged)
        if missing:
            print(f"\nnot installed: {', '.join(missing)}")
    return {title: {n: s._asdict() for n, s in scores.items()} for title, scores in columns.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", nargs="?", type=Path, default=Path("/usr/share/doc"))
    parser.add_argument("--cases", type=Path, action="append", help="a file of cases (JSON lines)")
    parser.add_argument("--agreement", action="store_true", help="quality on the real pages")
    parser.add_argument("--quality", action="store_true", help="quality on every corpus there is")
    parser.add_argument("--pages", type=int, default=2000, help="pages of each kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="machine-readable, on standard output")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    about = machine(PACKAGES)
    if options.cases or options.agreement or options.quality:
        result = run_quality(options)
    else:
        result = run_speed(options)
    if options.json:
        json.dump({"machine": about, "result": result}, sys.stdout, indent=1)
    else:
        print("\n" + ", ".join(f"{name}: {value}" for name, value in about.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
