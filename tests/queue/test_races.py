"""Several dispatcher processes on one ledger: each effect once, and nobody is locked out."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from mailharvest.queue.ledger import Ledger
from tests.queue.jobs import Echo, Mark

DISPATCHERS = 8
JOBS = 5_000


@pytest.mark.timeout(600)
def test_eight_dispatchers_do_each_job_once(place: str, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    with Ledger(place) as ledger:
        ids = ledger.add_many([Mark(path=str(effects), n=n) for n in range(JOBS)])
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.queue.dispatch",
            place,
            str(tmp_path),
        ]
        processes = [
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(DISPATCHERS)
        ]
        said = [process.communicate()[1] for process in processes]
        assert [p.returncode for p in processes] == [0] * DISPATCHERS, said
        assert "locked" not in "".join(said)
        done = Counter(map(int, effects.read_text().split()))
        assert done == Counter(range(JOBS))
        assert {row.state for row in ledger.jobs(limit=JOBS)} == {"completed"}
        assert sum(row.done for row in ledger.dispatchers()) == JOBS
        assert ledger.job(ids[-1]).result == JOBS - 1


def test_threads_share_a_ledger(place: str) -> None:
    errors: list[BaseException] = []
    with Ledger(place) as ledger, Ledger(place) as other:

        def use(which: Ledger, n: int) -> None:
            try:
                for i in range(20):
                    job_id = which.add(Echo(value=[n, i]))
                    assert which.job(job_id).state == "queued"
            except BaseException as error:
                errors.append(error)

        threads = [
            threading.Thread(target=use, args=(ledger if n % 2 else other, n)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(ledger.jobs()) == 160


def test_many_processes_may_open_a_new_ledger_at_once(place: str) -> None:
    code = f"from mailharvest.queue.ledger import Ledger; Ledger({place!r}).close()"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate()[1] for process in processes]
    assert [p.returncode for p in processes] == [0] * 4, said
