"""All tables of the issue, one after the other: ``python -m benchmarks.all --write``.

``--smoke`` is one hundredth of it, which shows that everything still runs and finds what it
should; its times say nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks.harness import RESULTS, note

FULL = (
    "million --scenario spec --scale 1M",
    "million --scenario flat --scale 10k,100k,1M,5M",
    "layers --rounds 3",
    "peers --pages 10000 --rounds 3",
    "scaling --rounds 2",
    "sockets",
    "dedup --scale 1M --rounds 3",
    "dedup --scale 10M --rounds 1",
    "dedup --scale 100M --rounds 1",
    "extraction",
    "queue",
    "parallelism",
    "overhead",
)
SMOKE = (
    "million --scenario flat --scale 10k",
    "layers --sites 50 --rounds 1",
    "peers --pages 500 --rounds 1 --only mailharvest aiohttp",
    "scaling --pages 100 --workers 1,2 --chunks 20 --rounds 1",
    "sockets --sites 300 --latency 1",
    "dedup --scale 10k --rounds 1",
)


OWN_TABLE = ("million", "layers", "peers", "scaling", "sockets", "dedup", "queue")
"""Those that write their table themselves; what the others print is kept."""
KEPT_AS = {"extraction": "extraction-speed"}
"""It has another table, of quality, which needs corpora that are not here."""


def run(name: str, options: list[str], *, write: bool) -> bool:
    """Run one benchmark; whether it found all as it should be."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    if write and name in OWN_TABLE:
        return not subprocess.run([*command, "--write"], check=False).returncode
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    if write and not done.returncode:
        (RESULTS / f"{KEPT_AS.get(name, name)}.md").write_text(done.stdout)
    return not done.returncode


def main(argv: list[str] | None = None) -> int:
    """The command line; 1 when a benchmark found something wrong."""
    made = argparse.ArgumentParser(description="All benchmarks.")
    made.add_argument("--smoke", action="store_true", help="one hundredth, to see that it runs")
    made.add_argument("--write", action="store_true", help="keep the tables in benchmarks/results")
    options = made.parse_args(argv)
    failed = []
    for line in SMOKE if options.smoke else FULL:
        name, *rest = line.split()
        note(f"== {line}")
        began = time.monotonic()
        if not run(name, rest, write=options.write):
            failed.append(line)
        note(f"== {time.monotonic() - began:.0f} s")
    for line in failed:
        note(f"wrong, or did not run: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
