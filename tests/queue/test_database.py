"""The door to the database: who waits for work is woken, and what is no ledger is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from mailharvest.errors import LedgerError, SpecError
from mailharvest.queue import control, database
from mailharvest.queue.database import address
from mailharvest.queue.ledger import Ledger
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Echo


@pytest.fixture
def other(place: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger(place, clock=clock) as ledger:
        yield ledger


def heard(ledger: Ledger) -> bool:
    """What one process commits another hears a moment later."""
    until = time.monotonic() + 10
    while not ledger.changed():
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def test_one_who_waits_hears_what_others_made_ready(
    ledger: Ledger, other: Ledger, desk: Desk
) -> None:
    assert ledger.changed()  # nobody listened until now
    other.add(Echo())
    assert heard(ledger)
    assert not ledger.changed()
    ledger.add(Echo())  # its own
    assert not ledger.changed()
    control.pause(other, "default")
    ledger.changed()  # SQLite counts every commit, PostgreSQL what makes something ready
    assert not ledger.changed()
    control.resume(other, "default")
    assert heard(ledger)
    desk.finish(*desk.claim(2))
    assert not ledger.changed()


def test_a_connection_that_was_lost_is_made_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RECONNECT", 1e9)
    with Ledger(postgres_url) as ledger, Ledger(postgres_url) as other:
        assert ledger.changed()
        with other.database.write() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query = 'LISTEN mailharvest'"
                )
            )
        other.add(Echo())
        for _ in range(50):  # not heard, and no error; nor is the server asked each time
            assert not ledger.changed()
        ledger.database._ear._again_at = 0.0
        assert ledger.changed()
        other.add(Echo())
        assert heard(ledger)


def test_an_exception_undoes_a_transaction(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.database.write() as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('k', 'v')"))
        raise ZeroDivisionError
    with ledger.database.read() as connection:
        assert connection.scalar(text("SELECT value FROM meta WHERE key = 'k'")) is None
    ledger.add(Echo())


def test_what_is_no_ledger_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but long enough to be looked at" * 50)
    with pytest.raises(LedgerError) as caught:
        Ledger(tmp_path / "text.db")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", ["mysql://x/y", "sqlite://", "://", "postgresql://me:secret@h:p/d"])
def test_what_can_be_no_ledger_is_bad_input(bad: str) -> None:
    with pytest.raises(SpecError) as caught:
        Ledger(bad)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger("postgresql://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(caught.value)
    assert address("postgres://me@x/y").drivername == "postgresql+psycopg"
