from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailharvest.queue.ledger import Ledger
from mailharvest.queue.queue import Queue
from tests.queue import postgres
from tests.queue.desk import Clock, Desk


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="pip install 'mailharvest[postgres]'")
    if postgres.binaries() is None:
        pytest.skip(postgres.INSTALL)
    # Nothing here pulls the plug, so the disk need not be waited for.
    with postgres.server("fsync=off", "max_connections=200") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres", f"/{name}")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger may be made: every test that asks for it runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(place: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger(place, clock=clock) as ledger:
        yield ledger


@pytest.fixture
def sqlite_ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db", clock=clock) as ledger:
        yield ledger


@pytest.fixture
def queue(place: str, clock: Clock, tmp_path: Path) -> Iterator[Queue]:
    with Queue(place, home=tmp_path, clock=clock) as queue:
        yield queue


@pytest.fixture
def desk(ledger: Ledger, clock: Clock, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(ledger, clock, tmp_path / "parts")
    yield desk
    desk.close()
