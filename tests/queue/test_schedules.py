"""Schedules: one run a time, across clock changes, pauses and several dispatchers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from mailharvest.errors import SpecError
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.queue import Queue
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Echo, Unplannable


def at(zone: str, *moment: int) -> float:
    return datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp()  # type: ignore[misc,arg-type]


def local(zone: str, moments: list[float]) -> list[str]:
    return [datetime.fromtimestamp(m, ZoneInfo(zone)).strftime("%d %H:%M %z") for m in moments]


def times(queue: Queue, clock: Clock, count: int) -> list[float]:
    """When the next runs happen, each at its time."""
    found = []
    while len(found) < count:
        clock.now = queue.schedules()[0].next_at
        found += [clock.now] * len(queue.ledger.tick())
        queue.retry()
    return found


def test_every_day_at_midnight(queue: Queue, clock: Clock) -> None:
    clock.now = at("Africa/Cairo", 2026, 1, 30, 12)
    queue.schedule("daily", Echo(), cron="0 0 * * *", tz="Africa/Cairo", overlap="allow")
    assert local("Africa/Cairo", times(queue, clock, 3)) == [
        "31 00:00 +0200", "01 00:00 +0200", "02 00:00 +0200"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 to 03:00 is not there; 25 October: it is there twice.
        ("30 2 * * *", (2026, 3, 28, 12), ["29 03:00 +0200", "30 02:30 +0200"]),
        ("30 2 * * *", (2026, 10, 24, 12), ["25 02:30 +0200", "26 02:30 +0100"]),
        ("0 12 * * *", (2026, 3, 28, 13), ["29 12:00 +0200", "30 12:00 +0200"]),
        (
            "0 * * * *", (2026, 10, 25, 1, 30),
            ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"],
        ),
    ],
)  # fmt: skip
def test_clock_changes_neither_lose_nor_double_a_run(
    queue: Queue, clock: Clock, cron: str, start: tuple[int, ...], expected: list[str]
) -> None:
    clock.now = at("Europe/Berlin", *start)
    queue.schedule("s", Echo(), cron=cron, tz="Europe/Berlin", overlap="allow")
    assert local("Europe/Berlin", times(queue, clock, len(expected))) == expected


def test_every_so_often_without_drift(queue: Queue, clock: Clock) -> None:
    start = clock.now
    queue.schedule("s", Echo(), every="90s", overlap="allow")
    ran = []
    for _ in range(400):
        clock.tick(7)
        ran += [clock.now - start] * len(queue.ledger.tick())
    assert len(ran) == 400 * 7 // 90
    assert all(0 <= moment - 90 * n < 7 for n, moment in enumerate(ran, 1))


@pytest.mark.parametrize("how", [{"cron": "*/5 * * * *"}, {"every": "5m"}])
def test_after_a_pause_of_days_one_run_is_made_up_for(
    queue: Queue, clock: Clock, how: dict[str, Any]
) -> None:
    queue.schedule("s", Echo(), overlap="allow", **how)
    clock.tick(3 * 86_400)
    assert len(queue.ledger.tick()) == 1
    assert queue.ledger.tick() == []
    (schedule,) = queue.schedules()
    assert clock.now < schedule.next_at <= clock.now + 300


def test_a_run_that_is_too_late_is_left_out(queue: Queue, clock: Clock) -> None:
    queue.schedule("s", Echo(), every="1h", grace="10m")
    clock.tick(3600 + 601)
    assert queue.ledger.tick() == []
    clock.tick(3600 - 601)
    assert len(queue.ledger.tick()) == 1


def test_a_run_is_skipped_while_the_one_before_goes_on(queue: Queue, clock: Clock) -> None:
    desk = Desk(queue.ledger, clock, queue.parts)
    queue.schedule("s", Echo(), every="1m")
    clock.tick(60)
    assert len(queue.ledger.tick()) == 1
    clock.tick(60)
    assert queue.ledger.tick() == []
    desk.finish(desk.one())
    clock.tick(60)
    assert len(queue.ledger.tick()) == 1
    desk.close()


def test_two_dispatchers_run_each_time_once(queue: Queue, place: str, clock: Clock) -> None:
    queue.schedule("s", Echo(), every="1m", overlap="allow")
    with Ledger(place, clock=clock) as other:
        for _ in range(5):
            clock.tick(60)
            assert len(queue.ledger.tick()) + len(other.tick()) == 1


def test_schedules_are_listed_replaced_run_and_removed(queue: Queue, clock: Clock) -> None:
    queue.schedule("b", Echo(value=1), every="1h")
    queue.schedule("a", Echo(value=2), cron="0 0 * * *")
    queue.schedule("b", Echo(value=3), every="2h")
    assert [(s.name, s.every) for s in queue.schedules()] == [("a", None), ("b", 7200.0)]
    ticket = queue.run_now("b")
    assert '"value":3' in ticket.row.args
    assert queue.schedules()[1].next_at == clock.now + 7200
    assert [queue.unschedule("b"), queue.unschedule("b")] == [True, False]
    with pytest.raises(SpecError, match="no schedule 'b'"):
        queue.run_now("b")


def test_seconds_come_first_in_six_fields(queue: Queue, clock: Clock) -> None:
    clock.now = at("UTC", 2026, 1, 1, 0, 0, 10)
    assert queue.schedule("s", Echo(), cron="*/15 * * * * *").next_at == clock.now + 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "either cron or every"),
        ({"cron": "* * * * *", "every": 5}, "either cron or every"),
        ({"cron": "61 * * * *"}, "no cron expression"),
        ({"cron": "0 0 31 2 *"}, "no cron expression"),
        ({"cron": "daily"}, "no cron expression"),
        ({"cron": "* * * * *", "tz": "Cairo"}, "no time zone"),
        ({"cron": "* * * * *", "tz": "../etc"}, "no time zone"),
        ({"every": "soon"}, "no duration"),
        ({"every": 0}, "at most once a second"),
        ({"every": 5, "overlap": "queue"}, "no overlap"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(
    queue: Queue, wrong: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        queue.schedule("s", Echo(), **wrong)
    assert queue.schedules() == []


def test_a_schedule_whose_job_cannot_be_made_says_so_and_stops_nobody(
    queue: Queue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.schedule("broken", Unplannable(), every="1m")
    queue.schedule("gone", Echo(), every="1m")
    queue.schedule("good", Echo(), every="1m")
    with queue.ledger.database.write() as connection:
        connection.execute(
            text("UPDATE schedule SET kind = 'tests.queue.jobs:Gone' WHERE name = 'gone'")
        )
    for _ in range(2):
        clock.tick(60)
        (added,) = queue.ledger.tick()
        assert queue.get(added).row.title == "Echo"
        queue.cancel(added)
    assert len(queue.ledger.jobs()) == 2
    kinds = [(e.kind, e.job_id, "broken" in e.message) for e in queue.ledger.errors()]
    assert (
        sorted(kinds)
        == [("schedule_error", None, False)] * 2 + [("schedule_error", None, True)] * 2
    )
    monkeypatch.setattr("mailharvest.queue.notes.KEPT", 3)
    queue.prune()
    assert len(queue.ledger.errors()) == 3
