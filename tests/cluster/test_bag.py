"""`DaskPool` on a real LocalCluster: placement, outcomes, deaths, replacement."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from distributed import Scheduler

from mailharvest.cluster.bag import DaskPool, bag_of
from mailharvest.cluster.connect import connect
from mailharvest.errors import ClusterError
from mailharvest.queue.pool import Claim, Outcome

from .jobs import Die, Echo, Stuck, Tell, Where, claim_of


@pytest.fixture
def pool() -> Iterator[DaskPool]:
    connection = connect(workers=2, threads=4)
    pool = DaskPool(connection.client)
    yield pool
    pool.close()
    connection.close()


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.05)


def collect(pool: DaskPool, claims: Sequence[Claim]) -> dict[int, Outcome]:
    """Submit the claims and wait for all their outcomes."""
    pool.submit(claims)
    outcomes: dict[int, Outcome] = {}
    until(lambda: outcomes.update((o.claim.chunk_id, o) for o in pool.outcomes(0.2)) or
          len(outcomes) == len(claims))  # fmt: skip
    return outcomes


def value(outcome: Outcome) -> object:
    assert outcome.failure is None and outcome.result is not None, outcome
    return outcome.result.value


def test_outcomes_come_back_and_nothing_stays_on_the_workers(pool: DaskPool) -> None:
    claims = [claim_of(Echo(text=str(i)), i) for i in range(8)]
    outcomes = collect(pool, claims)
    assert [value(outcomes[i]) for i in range(8)] == [
        {"text": str(i), "attempt": 1} for i in range(8)
    ]
    assert pool.free() == 8
    until(lambda: not any(pool.client.has_what().values()))


def test_a_bag_has_one_element_a_claim_and_keys_of_our_own(pool: DaskPool) -> None:
    bag = bag_of([claim_of(Echo(text=str(i)), i) for i in (5, 6)])
    assert bag.npartitions == 2
    assert list(bag.dask) == [("harvest-j-test-5-1", 0), ("harvest-j-test-5-1", 1)]


def test_a_shard_keeps_its_worker_and_the_others_are_spread(pool: DaskPool) -> None:
    same = collect(pool, [claim_of(Where(), i, shard=3) for i in range(4)])
    assert len({str(value(outcome)) for outcome in same.values()}) == 1
    spread = collect(pool, [claim_of(Where(), i) for i in range(10, 14)])
    assert len({str(value(outcome)) for outcome in spread.values()}) == 2


def test_a_death_is_charged_to_those_who_shared_the_worker_only(pool: DaskPool) -> None:
    home = [claim_of(Die(), 0, shard=0), claim_of(Stuck(), 1, shard=0)]
    away = [claim_of(Echo(text="away"), 2, shard=1)]
    outcomes = collect(pool, [*home, *away])
    assert value(outcomes[2]) == {"text": "away", "attempt": 1}
    for chunk in (0, 1):
        failure = outcomes[chunk].failure
        assert failure is not None
        assert (failure.kind, failure.error, failure.alone) == ("crash", "worker_crash", False)


def test_a_suspect_runs_alone_while_the_others_go_on(pool: DaskPool) -> None:
    until(lambda: pool.quarantine(True))
    assert pool.free() == 4  # the other worker's
    outcomes = collect(pool, [claim_of(Die(), 0, crashes=1), claim_of(Echo(text="on"), 1)])
    assert value(outcomes[1]) == {"text": "on", "attempt": 1}
    failure = outcomes[0].failure
    assert failure is not None and failure.kind == "crash" and failure.alone
    assert pool.quarantine(False) is False
    until(lambda: pool.free() == 8)


def test_nothing_is_sent_to_a_worker_that_has_died(pool: DaskPool) -> None:
    until(lambda: pool.quarantine(True))
    collect(pool, [claim_of(Die(), 0, crashes=1)])
    until(lambda: pool.quarantine(True))
    outcomes = collect(pool, [claim_of(Echo(text="innocent"), 1, crashes=1)])
    assert value(outcomes[1]) == {"text": "innocent", "attempt": 1}


def test_the_worker_of_a_stuck_chunk_is_replaced_and_its_neighbours_are_named(
    pool: DaskPool,
) -> None:
    stuck = [claim_of(Stuck(), i, shard=0) for i in range(3)]
    pool.submit(stuck)
    neighbours = pool.replace_worker(stuck[1])
    assert {n.chunk_id for n in neighbours} == {0, 2}
    assert pool.free() == 4
    until(lambda: pool.free() == 8)
    assert pool.outcomes(0.1) == []


def test_what_is_dropped_has_no_outcome_and_frees_its_slot(pool: DaskPool) -> None:
    claims = [claim_of(Echo(text="x"), i) for i in range(4)]
    pool.submit(claims)
    pool.drop(claims)
    assert pool.free() == 8
    assert pool.outcomes(0.5) == []


def test_priorities_reach_dask_with_their_sign_turned(pool: DaskPool) -> None:
    pool.submit([claim_of(Echo(text="x", priority=7), 0)])

    def priorities(dask_scheduler: Scheduler) -> list[int]:
        return [task.priority[0] for task in dask_scheduler.tasks.values()]

    # The scheduler keeps the negative of what it is given, smaller first: as we do.
    until(lambda: pool.client.run_on_scheduler(priorities) == [7])


def test_workers_are_known_whatever_the_client_asks_for_itself(pool: DaskPool) -> None:
    """An answer without workers, taken for ours, was the death of every chunk in flight."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            pool.client.sync(pool.client._update_scheduler_info)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert {len(pool.status()) for _ in range(300)} == {2}
    finally:
        ended.set()
        asking.join()


def test_each_pool_of_a_client_hears_its_own_chunks_and_no_others(pool: DaskPool) -> None:
    """Two runs on one client; and chunk 1 of one ledger is not chunk 1 of another."""
    pools = {"one": pool, "two": DaskPool(pool.client)}
    heard: dict[str, list[dict[str, object]]] = {name: [] for name in pools}
    for name, each in pools.items():
        each.subscribe(heard[name].append)
        assert each.free() == 8
    for number, each in enumerate(pools.values()):
        assert value(collect(each, [claim_of(Tell(), number)])[number]) is None
    until(lambda: all(heard.values()))
    assert [[line["chunk"] for line in lines] for lines in heard.values()] == [[0], [1]]
    pools["two"].close()
    assert value(collect(pool, [claim_of(Tell(), 2)])[2]) is None
    until(lambda: len(heard["one"]) == 2)
    assert len(heard["two"]) == 1


def test_a_scheduler_that_was_restarted_is_made_to_know_us_again(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    commands = [
        ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        ["dask_worker", address, "--no-nanny", "--nthreads", "2", "--no-dashboard"],
    ]

    def start() -> list[subprocess.Popen[bytes]]:
        with (tmp_path / "log").open("ab") as log:
            return [
                subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.{name}", *rest], stdout=log, stderr=log
                )
                for name, *rest in commands
            ]

    def kill(processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            process.kill()
            process.wait()

    def there_is_room() -> bool:
        with contextlib.suppress(ClusterError):
            return pool.free() == 2
        return False

    alive = start()
    connection = connect(address)
    try:
        pool = DaskPool(connection.client)
        heard: list[dict[str, object]] = []
        pool.subscribe(heard.append)
        until(there_is_room)
        assert value(collect(pool, [claim_of(Tell(), 1)])[1]) is None
        until(lambda: [line["chunk"] for line in heard] == [1])
        kill(alive)
        until(lambda: not there_is_room())
        alive = start()
        until(there_is_room)
        assert value(collect(pool, [claim_of(Tell(), 2)])[2]) is None
        until(lambda: [line["chunk"] for line in heard] == [1, 2])
    finally:
        connection.close()
        kill(alive)
