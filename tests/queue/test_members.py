"""Dispatchers come, beat, and are found out when they are gone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from mailharvest.queue.ledger import Ledger
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Many


@pytest.fixture
def other(ledger: Ledger, clock: Clock, tmp_path: Path):  # type: ignore[no-untyped-def]
    desk = Desk(ledger, clock, tmp_path / "parts")
    yield desk
    desk.close()


def elsewhere(ledger: Ledger, desk: Desk, host: str = "far.example.com", pid: int = 1) -> None:
    with ledger.database.write() as connection:
        connection.execute(
            text("UPDATE dispatcher SET host = :host, pid = :pid WHERE id = :id"),
            {"host": host, "pid": pid, "id": desk.id},
        )


def test_a_silent_one_is_rescued_after_five_minutes(desk: Desk, other: Desk, clock: Clock) -> None:
    job_id = desk.ledger.add(Many(chunk_count=2))
    elsewhere(desk.ledger, other)
    late, _ = other.claim(2)
    clock.tick(299)
    desk.ledger.rescue(desk.id)
    assert len(desk.ledger.mine(other.id)) == 2
    clock.tick(2)
    assert desk.ledger.rescue(desk.id) == []
    assert desk.ledger.mine(other.id) == {}
    again = desk.claim(2)
    assert [c.attempt for c in again] == [1, 1]
    assert [c.lease for c in again] == [2, 2]
    other.finish(late, stats={"pages": 7})  # it wakes up: too late
    assert desk.ledger.job(job_id).pages == 0
    rows = {row.id: row for row in desk.ledger.dispatchers()}
    assert rows[other.id].reason == "gone"
    assert rows[desk.id].stopped_at is None
    desk.check()


def test_one_that_beats_is_left_alone(desk: Desk, other: Desk, clock: Clock) -> None:
    desk.ledger.add(Many(chunk_count=1))
    elsewhere(desk.ledger, other)
    other.claim(1)
    for _ in range(10):
        clock.tick(200)
        assert desk.ledger.beat(other.id, 4)
        desk.ledger.rescue(desk.id)
    assert len(desk.ledger.mine(other.id)) == 1


def test_one_that_was_given_up_learns_of_it_and_gets_nothing(
    desk: Desk, other: Desk, clock: Clock
) -> None:
    desk.ledger.add(Many(chunk_count=1))
    elsewhere(desk.ledger, other)
    clock.tick(301)
    desk.ledger.rescue(desk.id)
    assert desk.ledger.beat(other.id) is False
    assert other.claim(1) == []


def test_a_process_of_this_machine_that_is_gone_is_rescued_at_once(desk: Desk, other: Desk) -> None:
    desk.ledger.add(Many(chunk_count=3))
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pid = process.pid
    other.claim(3)
    with desk.ledger.database.write() as connection:
        connection.execute(
            text("UPDATE dispatcher SET pid = :pid WHERE id = :id"), {"pid": pid, "id": other.id}
        )
    desk.ledger.rescue(desk.id)
    assert len(desk.claim(3)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="a dead child keeps its number there")
def test_a_killed_process_that_its_parent_has_not_missed_is_gone(desk: Desk, other: Desk) -> None:
    desk.ledger.add(Many(chunk_count=1))
    other.claim(1)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        killed = psutil.Process(process.pid)
        with desk.ledger.database.write() as connection:
            connection.execute(
                text("UPDATE dispatcher SET pid = :pid, born_at = :born_at WHERE id = :id"),
                {"pid": killed.pid, "born_at": killed.create_time(), "id": other.id},
            )
        desk.ledger.rescue(desk.id)
        assert desk.claim(1) == []
        killed.kill()
        while killed.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.005)
        desk.ledger.rescue(desk.id)
        assert len(desk.claim(1)) == 1


def test_a_process_id_that_was_given_to_another_is_no_sign_of_life(desk: Desk, other: Desk) -> None:
    desk.ledger.add(Many(chunk_count=1))
    other.claim(1)
    with desk.ledger.database.write() as connection:
        connection.execute(
            text("UPDATE dispatcher SET born_at = born_at - 100 WHERE id = :id"), {"id": other.id}
        )
    assert psutil.pid_exists(desk.ledger.dispatchers()[0].pid)
    desk.ledger.rescue(desk.id)
    assert len(desk.claim(1)) == 1


def test_what_a_closed_one_held_is_freed(desk: Desk, other: Desk) -> None:
    desk.ledger.add(Many(chunk_count=2))
    other.claim(2)
    with desk.ledger.database.write() as connection:  # as if it had been closed by hand
        connection.execute(
            text("UPDATE dispatcher SET stopped_at = 1 WHERE id = :id"), {"id": other.id}
        )
    desk.ledger.rescue(desk.id)
    assert len(desk.claim(2)) == 2


def test_closing_hands_back_what_is_held(desk: Desk, other: Desk) -> None:
    desk.ledger.add(Many(chunk_count=2))
    other.claim(2)
    desk.ledger.close_dispatcher(other.id, "stopped")
    assert [c.attempt for c in desk.claim(2)] == [1, 1]
    desk.check()


def test_chunks_that_ran_in_the_process_that_died_are_charged(
    ledger: Ledger, desk: Desk, clock: Clock, tmp_path: Path
) -> None:
    """Else one that kills its process would do so for ever."""
    job_id = ledger.add(Many(chunk_count=1))
    for crashes in range(3):
        inline = Desk(ledger, clock, tmp_path / "parts", inline=True)
        elsewhere(ledger, inline)
        (claim,) = inline.claim(1) or inline.claim(1, suspects=True)
        assert claim.crashes == crashes
        clock.tick(301)
        ledger.beat(desk.id)
        charged = ledger.rescue(desk.id)
        assert len(charged) == 1
        desk.commit(*charged)
        assert ledger.rescue(desk.id) == []
        inline.close()
    assert ledger.job(job_id).state == "failed"
    assert ledger.error_counts(job_id) == {"worker_crash": 3}
    desk.check()


def test_what_nobody_serves_is_known(desk: Desk, other: Desk, clock: Clock) -> None:
    ledger = desk.ledger
    assert ledger.served() == {"default"}
    ledger.close_dispatcher(desk.id, "stopped")
    elsewhere(ledger, other)
    assert ledger.served() == {"default"}
    clock.tick(31)
    assert ledger.served() == set()  # it was silent for longer than anybody who lives
    ledger.beat(other.id)
    assert ledger.served() == {"default"}
    mine = next(row.host for row in ledger.dispatchers() if row.id == desk.id)
    with subprocess.Popen([sys.executable, "-c", ""]) as killed:
        pass
    elsewhere(ledger, other, host=mine, pid=killed.pid)
    assert ledger.served() == set()
