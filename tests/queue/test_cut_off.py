"""Cut off at any moment, copied at any moment: what was promised is there, and it goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mailharvest.queue.ledger import Ledger
from tests.queue.desk import Clock, Desk
from tests.queue.test_commit import found

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


def facts(path: Path) -> list[list[str]]:
    """What was said to be durable; a line that was cut off was not said."""
    whole, _, _ = path.read_text().rpartition("\n") if path.exists() else ("", "", "")
    return [line.split() for line in whole.splitlines()]


def goes_on(home: Path, said: list[list[str]]) -> None:
    """The ledger in this folder is whole, has what was said, and can be finished."""
    checked = sqlite3.connect(home / "ledger.db")
    assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    checked.close()
    clock = Clock(1_900_000_000.0)
    with Ledger(home / "ledger.db", clock=clock) as ledger:
        desk = Desk(ledger, clock, home / "parts")
        desk.check()
        for fact in said:
            row = ledger.job(fact[1])
            if fact[0] == "done":
                assert desk.chunk(int(fact[2])).state == "done"
                assert row.found > 0
        for row in ledger.jobs():
            ledger.reopen(row.id)
        while not all(row.ended for row in ledger.jobs()):
            ledger.rescue(desk.id, stale_after=1.0)
            clock.tick(100.0)
            ledger.promote()
            ledger.cut(10)
            desk.finish(*desk.claim(50))
            desk.committer.settle()
        desk.check()
        for row in ledger.jobs():
            assert row.state == "completed", row
            emails = found(desk, row.id)
            assert row.found == len(emails) == len(set(emails))
        urls = desk.sql("SELECT job, url, state FROM frontier")
        assert {u.state for u in urls} <= {"done"}
        assert set(Counter((u.job, u.url) for u in urls).values()) <= {1}
        desk.close()


@pytest.mark.timeout(300)
def test_killed_at_any_statement_or_commit_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.queue.killed", str(tmp_path)], check=True, timeout=250
    )
    homes = sorted(tmp_path.iterdir(), key=lambda home: int(home.name))
    assert len(homes) > 100
    for home in homes:
        goes_on(home, facts(home / "acked"))


@pytest.mark.timeout(200)
def test_a_copy_of_the_files_at_any_moment_is_a_ledger(tmp_path: Path) -> None:
    """As a power cut or a snapshot of the disk leaves them: ``ledger.db`` and its ``-wal``."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    rng = random.Random(seed)
    home = tmp_path / "home"
    home.mkdir()
    working = subprocess.Popen([sys.executable, "-m", "tests.queue.killed", str(home), "for-ever"])
    try:
        said = 0
        for n in range(12):
            while len(facts(home / "acked")) <= said:
                assert working.poll() is None
                time.sleep(0.001)
            said = len(facts(home / "acked"))
            # Not a pause for something to happen: any moment will do.
            time.sleep(rng.uniform(0.0, 0.05))
            working.send_signal(signal.SIGSTOP)
            os.waitpid(working.pid, os.WUNTRACED)
            copy = tmp_path / str(n)
            copy.mkdir()
            for path in [*home.glob("ledger.db"), *home.glob("ledger.db-wal"), home / "acked"]:
                shutil.copy(path, copy)
            if (home / "parts").exists():
                shutil.copytree(home / "parts", copy / "parts")
            working.send_signal(signal.SIGCONT)
    finally:
        working.kill()
        working.wait()
    for n in range(12):
        goes_on(tmp_path / str(n), facts(tmp_path / str(n) / "acked"))
