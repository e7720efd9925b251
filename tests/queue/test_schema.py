"""Versions of the ledger: each step is taken once, and a newer ledger is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mailharvest.errors import LedgerVersion
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.schema import STEPS, migrate
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Echo


def test_a_newer_ledger_is_refused(place: str) -> None:
    with Ledger(place) as ledger, ledger.database.write() as connection:
        connection.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema_version'"))
    with pytest.raises(LedgerVersion, match=r"version 99.*upgrade mailharvest"):
        Ledger(place)


def test_a_damaged_version_is_said_to_be_one(place: str) -> None:
    with Ledger(place) as ledger, ledger.database.write() as connection:
        connection.execute(text("UPDATE meta SET value = 'abc' WHERE key = 'schema_version'"))
    with pytest.raises(LedgerVersion, match="'abc', which is none"):
        Ledger(place)


def test_a_database_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE jobs (a)")
    with pytest.raises(LedgerVersion, match="a table 'jobs' and is no ledger"):
        Ledger(path)
    with closing(sqlite3.connect(path)) as theirs:
        assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("jobs",)]


def test_migrating_twice_changes_nothing(ledger: Ledger) -> None:
    with ledger.database.write() as connection:
        assert migrate(connection) == 0


def test_a_ledger_of_the_first_version_is_brought_up_to_date_with_all_it_has(
    place: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("mailharvest.queue.schema.STEPS", STEPS[:1])
        with Ledger(place, clock=clock) as old:
            ids = [old.add(Echo(value=n)) for n in range(3)]
    with Ledger(place, clock=clock) as ledger:
        desk = Desk(ledger, clock, tmp_path / "parts")
        desk.finish(*desk.claim(3))
        assert {ledger.job(job_id).state for job_id in ids} == {"completed"}
        assert desk.sql("SELECT keep FROM schedule") == []
        desk.close()


def test_a_step_is_taken_once(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(place).close()
    step = "CREATE TABLE later (a $int) $strict; INSERT INTO later VALUES (1)"
    monkeypatch.setattr("mailharvest.queue.schema.STEPS", (*STEPS, step))
    for _ in range(2):
        with Ledger(place) as ledger, ledger.database.read() as connection:
            assert connection.scalar(text("SELECT COUNT(*) FROM later")) == 1


def test_a_step_that_fails_leaves_the_old_ledger(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger(place).close()
    with monkeypatch.context() as patch:
        patch.setattr(
            "mailharvest.queue.schema.STEPS", (*STEPS, "CREATE TABLE b (a $int); NONSENSE")
        )
        with pytest.raises(Exception, match="NONSENSE"):
            Ledger(place)
    with Ledger(place) as ledger, ledger.database.read() as connection:
        version = connection.scalar(text("SELECT value FROM meta WHERE key = 'schema_version'"))
        assert version == str(len(STEPS))
