"""Dispatchers on a real Dask cluster: a chunk that is stuck, and a dispatcher that was asleep."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client

from mailharvest.cluster.bag import DaskPool
from mailharvest.cluster.connect import connect
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.queue import Queue
from tests.queue.jobs import Echo, Slow, Started


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(home=tmp_path) as queue:
        yield queue


def until(true: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)


@pytest.mark.timeout(200)
def test_the_process_of_a_stuck_handle_is_replaced_and_its_neighbours_are_not_charged(
    queue: Queue, tmp_path: Path
) -> None:
    gate, log = tmp_path / "gate", tmp_path / "started"
    stuck = queue.dispatch(Slow(until=str(tmp_path / "never"), timeout=3.0, tries=1))
    fields = {"until": str(gate), "path": str(log), "tries": 1}
    others = [queue.dispatch(Started(**fields)) for _ in range(3)]
    connection = connect(workers=1, threads=4)
    pool = DaskPool(connection.client)
    dispatcher = Dispatcher(queue.ledger, pool, parts=queue.parts, overdue=0.5)
    thread = threading.Thread(target=dispatcher.run, daemon=True)
    thread.start()
    until(lambda: stuck.row.ended)
    assert stuck.state == "failed"
    assert [(e.kind, e.severity) for e in queue.ledger.errors(stuck.id)] == [("timeout", "error")]
    until(lambda: log.read_text().count("\n") == 6)
    gate.touch()
    (before, after) = dict.fromkeys(log.read_text().split())
    assert [ticket.wait("60s") for ticket in others] == [int(after)] * 3
    assert before != after
    assert queue.ledger.errors() == queue.ledger.errors(stuck.id)
    dispatcher.stop()
    thread.join()
    pool.close()
    connection.close()


@pytest.mark.timeout(200)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP is not there")
def test_a_dispatcher_that_was_asleep_is_given_up_and_begins_anew(
    queue: Queue, tmp_path: Path, client: Client
) -> None:
    def work(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mailharvest", "work", name, "--stale-after", "3s",
                   "--home", str(tmp_path), "--scheduler", client.scheduler.address]  # fmt: skip
        with (tmp_path / f"{name}.log").open("wb") as log:
            return subprocess.Popen(command, stderr=log)

    gate, log = tmp_path / "gate", tmp_path / "started"
    held = [queue.dispatch(Started(until=str(gate), path=str(log))) for _ in range(6)]
    sleeper = work("sleeper")
    others: list[subprocess.Popen[bytes]] = []
    try:
        until(lambda: log.exists() and log.read_text().count("\n") == 6)
        with queue.ledger.database.write():  # so that it does not fall asleep in a transaction
            sleeper.send_signal(signal.SIGSTOP)
        others.append(work("other"))
        until(lambda: log.read_text().count("\n") == 12)  # all of them again
        gate.touch()
        for ticket in held:
            ticket.wait("60s")
        sleeper.send_signal(signal.SIGCONT)
        names = lambda: Counter(d.name for d in queue.ledger.dispatchers())  # noqa: E731
        until(lambda: names()["sleeper"] == 2)
        others[0].terminate()
        assert others[0].wait(60) == 0
        assert queue.dispatch(Echo(value=7)).wait("60s") == 7
    finally:
        for process in (sleeper, *others):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(60)
    new, other, old = queue.ledger.dispatchers()
    assert (new.name, new.done, new.reason) == ("sleeper", 1, "stopped")
    assert (other.name, other.done) == ("other", 6)
    assert (old.name, old.done, old.reason) == ("sleeper", 0, "gone")
    assert queue.ledger.errors() == []
    assert b"begins anew" in (tmp_path / "sleeper.log").read_bytes()
