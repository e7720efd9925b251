"""How far apart jobs start that could start together: 10, 50, 100 and 1,000 jobs of two seconds.

    python -m benchmarks.parallelism [--sizes 10,50,100,1000] [--rounds 1]

The table of the old worker system, which started a process for each job, was 68, 371 and 964 ms
of spread for 10, 50 and 100 jobs, and 2.07, 2.37 and 4.96 s in total.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.jobs import SECONDS, Naps
from mailharvest.cluster.bag import DaskPool
from mailharvest.cluster.connect import connect
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.ledger import Ledger


def measure(ledger: Ledger, pool: DaskPool, home: Path, count: int) -> tuple[float, float]:
    """Seconds between the first start and the last, and from dispatch to the end of the job."""
    began = time.time()
    job_id = ledger.add(Naps(count=count))
    Dispatcher(ledger, pool, parts=home / "parts", jobs=[job_id]).run()
    row = ledger.job(job_id)
    assert row.finished_at is not None
    with ledger.database.read() as connection:
        query = text("SELECT value FROM chunk WHERE job = :no")
        starts = [float(value) for value in connection.scalars(query, {"no": row.no})]
    assert len(starts) == count
    return max(starts) - min(starts), row.finished_at - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", default="10,50,100,1000")
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    connection = connect(workers=2, threads=500)
    with tempfile.TemporaryDirectory() as name, Ledger(Path(name) / "ledger.db") as ledger:
        pool = DaskPool(connection.client)
        measure(ledger, pool, Path(name), 10)  # threads and imports are there, as in a service
        print(f"{'jobs':>6}{'spread ms':>12}{'total s':>10}{'speed-up':>10}")
        for size in map(int, args.sizes.split(",")):
            spreads, totals = zip(
                *(measure(ledger, pool, Path(name), size) for _ in range(args.rounds)), strict=True
            )
            total = sorted(totals)[len(totals) // 2]
            spread = sorted(spreads)[len(spreads) // 2]
            print(f"{size:>6}{1000 * spread:>12.0f}{total:>10.2f}{size * SECONDS / total:>10.1f}")
        pool.close()
    connection.close()


if __name__ == "__main__":
    main()
