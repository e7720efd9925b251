"""Queues that do the same: put a small job in, fetch it, run it, mark it done with its result.

Each is as durable as it can be: a job that was put in, or marked done, survives a power cut
(``synchronous=FULL`` for SQLite, ``fsync`` for PostgreSQL, ``appendfsync always`` for Redis).
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from benchmarks.harness import Missing
from benchmarks.jobs import Report, Stamp, report, stamp
from mailharvest.queue.attempt import attempt
from mailharvest.queue.commit import Committer
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.inline import InlinePool, Loop
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Context
from mailharvest.queue.queue import Queue

Row = dict[str, float]

WINDOW = 50
"""Jobs in flight, where a system can have several."""


class System(Protocol):
    """A queue at `place`, which is new."""

    def __init__(self, place: str) -> None: ...

    def one(self, n: int) -> None:
        """Put a job in; durable when this returns."""

    def many(self, count: int) -> None:
        """Put many in at once, if there is a way."""

    def drain(self) -> None:
        """Run all that is there, in this process."""

    def stamp(self, path: str, n: int) -> None:
        """Put a job in that writes down when it began."""

    def work(self) -> None:
        """Work for ever."""

    def close(self) -> None: ...


def throughput(make: Callable[[], System], jobs: int) -> Row:
    """Put in singly and at once, then run all."""
    system = make()
    singles = [_timed(lambda n=n: system.one(n)) for n in range(jobs // 4)]
    bulk = _timed(lambda: system.many(jobs))
    work = _timed(system.drain)
    system.close()
    return {
        "dispatch p50": 1000 * statistics.median(singles),
        "dispatch p95": 1000 * statistics.quantiles(singles, n=20)[-1],
        "single/s": len(singles) / sum(singles),
        "bulk/s": jobs / bulk,
        "done/s": (jobs + len(singles)) / work,
    }


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


class Ours:
    """mailharvest, on SQLite or PostgreSQL: claims and commits by windows, as a dispatcher does."""

    wake = True

    def __init__(self, place: str) -> None:
        self.queue = Queue(place, home=Path(place.removeprefix("sqlite:///")).parent)

    def one(self, n: int) -> None:
        self.queue.dispatch(Report(month=n))

    def many(self, count: int) -> None:
        self.queue.bulk([Report(month=n) for n in range(count)])

    def drain(self) -> None:
        ledger, loop = self.queue.ledger, Loop(web=False)
        committer = Committer(ledger, self.queue.parts)
        me = ledger.register("benchmark", ["default"])
        while claims := ledger.claim(me, WINDOW, ["default"]):
            contexts = [
                Context(c.job_id, c.chunk_id, c.kind, c.data, c.attempt, c.deadline) for c in claims
            ]
            outcomes = [
                attempt(claim, context, loop.asyncio)
                for claim, context in zip(claims, contexts, strict=True)
            ]
            committer.commit(outcomes, dispatcher=me)
        committer.close()
        loop.close()

    def stamp(self, path: str, n: int) -> None:
        self.queue.dispatch(Stamp(path=path, n=n))

    def work(self) -> None:
        ledger: Ledger = self.queue.ledger
        if not self.wake:
            ledger.changed = lambda: False  # type: ignore[method-assign]
        Dispatcher(ledger, InlinePool(4), parts=self.queue.parts, sleep=2.0).run()

    def close(self) -> None:
        self.queue.close()


class Asleep(Ours):
    """The same, and nothing wakes it: it looks every two seconds."""

    wake = False


class Huey:
    """huey on SQLite; its consumer polls."""

    def __init__(self, place: str) -> None:
        from huey import SqliteHuey

        self.huey = SqliteHuey(filename=place.removeprefix("sqlite:///"), fsync=True, results=True)
        self._report = self.huey.task(name="report")(report)
        self._stamp = self.huey.task(name="stamp")(stamp)

    def one(self, n: int) -> None:
        self._report(n)

    def many(self, count: int) -> None:
        for n in range(count):
            self._report(n)

    def drain(self) -> None:
        while (task := self.huey.dequeue()) is not None:
            self.huey.execute(task)

    def stamp(self, path: str, n: int) -> None:
        self._stamp(path, n)

    def work(self) -> None:
        self.huey.create_consumer(workers=4).run()

    def close(self) -> None:
        self.huey.storage.close()


class Procrastinate:
    """procrastinate on PostgreSQL; its worker listens."""

    def __init__(self, place: str) -> None:
        from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

        self.app = App(connector=SyncPsycopgConnector(conninfo=place))
        self._report = self.app.task(name="report")(report)
        self._stamp = self.app.task(name="stamp")(stamp)
        self.app.open()
        found = self.app.connector.execute_query_one(
            query="SELECT to_regclass('procrastinate_jobs') AS made"
        )
        if found["made"] is None:
            self.app.schema_manager.apply_schema()
        self._busy = lambda: self.app.with_connector(PsycopgConnector(conninfo=place))

    def one(self, n: int) -> None:
        self._report.defer(month=n)

    def many(self, count: int) -> None:
        self._report.batch_defer(*({"month": n} for n in range(count)))

    def drain(self) -> None:
        self._run(wait=False, listen_notify=False)

    def _run(self, **options: Any) -> None:
        async def run() -> None:
            async with self._busy().open_async() as app:
                await app.run_worker_async(
                    concurrency=WINDOW, install_signal_handlers=False, **options
                )

        asyncio.run(run())

    def stamp(self, path: str, n: int) -> None:
        self._stamp.defer(path=path, n=n)

    def work(self) -> None:
        self._run(wait=True)

    def close(self) -> None:
        self.app.close()


class RQ:
    """RQ on Redis; its worker blocks on a list. It runs in the worker's own process: no fork."""

    def __init__(self, place: str) -> None:
        from redis import Redis
        from rq import Queue as RedisQueue

        self.redis = Redis.from_url(place)
        self.queue = RedisQueue(connection=self.redis)

    def one(self, n: int) -> None:
        self.queue.enqueue(report, n)

    def many(self, count: int) -> None:
        from rq import Queue as RedisQueue

        self.queue.enqueue_many([RedisQueue.prepare_data(report, (n,)) for n in range(count)])

    def drain(self) -> None:
        self._worker().work(burst=True, logging_level="ERROR")

    def _worker(self) -> Any:
        from rq import SimpleWorker

        return SimpleWorker([self.queue], connection=self.redis)

    def stamp(self, path: str, n: int) -> None:
        self.queue.enqueue(stamp, path, n)

    def work(self) -> None:
        self._worker().work(logging_level="ERROR")

    def close(self) -> None:
        self.redis.close()


SYSTEMS: dict[str, type[System]] = {
    "mailharvest, SQLite": Ours,
    "mailharvest, SQLite, not woken": Asleep,
    "huey, SQLite": Huey,
    "mailharvest, PostgreSQL": Ours,
    "mailharvest, PostgreSQL, not woken": Asleep,
    "procrastinate, PostgreSQL": Procrastinate,
    "RQ, Redis": RQ,
}


def made(name: str, place: str) -> System:
    """A system by its name; `Missing` if it is not installed."""
    try:
        return SYSTEMS[name](place)
    except ImportError as error:
        raise Missing(f"{error}: pip install 'mailharvest[bench]'") from None
