"""The door to the database: SQLite by default, PostgreSQL by URL; one writer at a time on both.

Every write holds the ledger's one write lock from its first statement to its commit: SQLite's own
(``BEGIN IMMEDIATE``), or an advisory lock on PostgreSQL. A write takes a few milliseconds for a
hundred chunks, so the lock is never the bottleneck, and what holds on one database holds on the
other: no deadlocks, no lost counters, no claim that raced another. Reads never wait for it.

Whoever waits for work is woken: SQLite counts the commits of others (``data_version``), on
PostgreSQL a transaction that made something ready says so (``NOTIFY``).
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    TextClause,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)

from mailharvest.config import made
from mailharvest.errors import LedgerError, LedgerVersion, SpecError
from mailharvest.given import a_path
from mailharvest.queue.schema import migrate

PATIENCE = 60.0
"""Seconds that a write waits for its turn before it says that the ledger is busy."""

RECONNECT = 5.0
"""Seconds before we listen again when the connection on which we listened was lost."""

_LOCK = 0x6D61696C  # "mail"; the number of the advisory lock
_NOTIFY = text("NOTIFY mailharvest")


def address(place: str | os.PathLike[str]) -> URL:
    """The database's URL; a path is an SQLite file.

    Raises
    ------
    SpecError
        Neither SQLite nor PostgreSQL.
    """
    if not isinstance(place, str) or "://" not in place:
        return URL.create("sqlite", database=str(Path(a_path(place, "ledger")).absolute()))
    fix = "sqlite:///file or postgresql://user@host/database"
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):  # not repeated: there may be a password in it
        raise SpecError("this is no URL", field="ledger", fix=fix) from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        said = f"a ledger is SQLite or PostgreSQL, not {url.get_backend_name()}"
        raise SpecError(said, field="ledger", fix=fix)
    return url


class Database:
    """A pool of connections to read, one connection to write, and the lock between them.

    Parameters
    ----------
    place : str or path
        A file, ``sqlite:///…`` or ``postgresql://…``.

    Raises
    ------
    LedgerError
        It cannot be opened.
    LedgerVersion
        It is of a newer mailharvest.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self.url = address(place)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.sqlite else _postgresql(self.url)
        self._turn = threading.RLock()
        self._writer: Connection | None = None
        self._seen = 0
        self._ear = _Ear(self.engine)
        try:
            with self.write() as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short read-only look at one moment of the ledger."""
        with _plainly(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; an exception undoes it.

        Raises
        ------
        LedgerError
            The database is gone, or another process kept the lock for `PATIENCE` seconds.
        """
        with self._turn, _plainly(self.url):
            connection = self._begin()
            try:
                yield connection
                connection.commit()
            except BaseException:
                self._undo(connection)
                raise

    def _begin(self) -> Connection:
        until = time.monotonic() + PATIENCE
        while True:
            if self._writer is None:
                self._writer = self.engine.connect().execution_options(write=True)
            try:
                self._writer.begin()
                if not self.sqlite:
                    self._writer.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
                return self._writer
            except DBAPIError as error:
                self._undo(self._writer)
                # The pool's connection may have died while nobody used it: one fresh try is due.
                if not (error.connection_invalidated or _busy(error)) or time.monotonic() > until:
                    raise

    def _undo(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except DBAPIError:
            connection.invalidate()
        if connection.invalidated or connection.closed:
            self._writer = None

    def changed(self) -> bool:
        """Whether somebody else committed since the last call: on SQLite anything, on PostgreSQL
        something that is ready.
        """
        with self._turn:
            driver = None if self._writer is None else self._writer.connection.driver_connection
            if driver is None:
                return True
            if not self.sqlite:
                return self._ear.heard(driver.info.backend_pid)
            seen = driver.execute("PRAGMA data_version").fetchone()[0]
            changed = bool(seen != self._seen)
            self._seen = seen
            return changed

    def close(self) -> None:
        """Let go of every connection."""
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._ear.close()
            self.engine.dispose()


def announce(connection: Connection) -> None:
    """Wake those who wait for work when this transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


class _Ear:
    """Listens for `announce` on a connection of its own; while there is none, nothing is heard."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._driver: Any = None
        self._again_at = 0.0

    def heard(self, own: int) -> bool:
        """Whether another backend than `own` announced something since the last call."""
        try:
            if self._driver is None:
                return self._listen()
            return bool({said.pid for said in self._driver.notifies(timeout=0)} - {own})
        except (DBAPIError, self._engine.dialect.dbapi.Error):  # type: ignore[union-attr]
            self.close()
            return False

    def _listen(self) -> bool:
        if time.monotonic() < self._again_at:
            return False
        self._again_at = time.monotonic() + RECONNECT
        made = self._engine.raw_connection()
        self._driver = made.dbapi_connection
        made.detach()  # from the pool: whoever came next would hear what we listen for
        self._driver.autocommit = True
        self._driver.execute("LISTEN mailharvest")
        return True  # nobody listened until now

    def close(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None


def _sqlite(url: URL) -> Engine:
    if sqlite3.sqlite_version_info < (3, 35):
        raise LedgerError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
    if url.database in (None, "", ":memory:"):
        raise SpecError("a ledger in memory would not survive: give it a file", field="ledger")
    made(Path(str(url.database)).parent)
    # timeout: how long SQLite itself waits for a lock, before our own patience is asked.
    engine = create_engine(
        url,
        connect_args={"timeout": 10.0, "check_same_thread": False},
        paramstyle="named",  # as `many` gives the rows to the driver
        pool_size=8,
        max_overflow=8,
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: Any, _: Any) -> None:
        driver.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            driver.execute(f"PRAGMA {pragma}")
        _patiently(lambda: driver.execute("PRAGMA journal_mode=WAL").fetchall())

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes fails at once when another wrote
        # in between, whatever the timeout: writers take the lock first.
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _patiently(act: Callable[[], object]) -> None:
    """Do `act`, again while SQLite is locked: a change of journal mode does not wait by itself."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _postgresql(url: URL) -> Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise SpecError(
            "PostgreSQL needs psycopg", field="ledger", fix="pip install 'mailharvest[postgres]'"
        ) from None
    # A writer that was stopped in the middle of a transaction must not hold the lock for ever.
    options = f"-c lock_timeout={int(PATIENCE)}s -c idle_in_transaction_session_timeout=60s"
    return create_engine(
        url,
        connect_args={"options": options, "connect_timeout": 10},
        pool_size=4,
        max_overflow=8,
        pool_pre_ping=True,
    )


def many(connection: Connection, statement: TextClause, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute `statement` for each of `rows`; how many rows of the table that changed.

    SQLAlchemy would look at every value of every row on its way to the driver: half of the time.
    """
    said = _said(statement, connection.dialect)
    return connection.exec_driver_sql(said, cast(Any, rows)).rowcount


@lru_cache(maxsize=128)
def _said(statement: TextClause, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def _busy(error: DBAPIError) -> bool:
    return isinstance(error, OperationalError) and "locked" in str(error.orig)


@contextmanager
def _plainly(url: URL) -> Iterator[None]:
    """Say in one line what the database said in many; no password in it."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        raise  # a bug of ours, to be seen whole
    except DatabaseError as error:
        where = url.render_as_string(hide_password=True)
        if _busy(error):
            raise LedgerError(
                f"the ledger {where} is busy: another process has been writing for {PATIENCE:.0f} s"
            ) from error
        said = re.sub(r"\s+", " ", str(error.orig)).strip()[:300]
        kind = LedgerVersion if "not a database" in said else LedgerError
        raise kind(f"the ledger {where} cannot be used: {said}") from error
