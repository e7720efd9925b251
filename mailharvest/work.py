"""`work`: a dispatcher as a process of its own, until it is told to stop."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from mailharvest.cluster.bag import DaskPool
from mailharvest.cluster.connect import connect
from mailharvest.errors import SpecError
from mailharvest.observe import Observer
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.job import queue_name
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.queue import Queue

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

LOOK = 0.5
"""Seconds between two looks at whether there is a reason to stop."""


def work(
    name: str | None = None,
    *,
    queues: Sequence[str] = ("default",),
    scheduler: Any = None,
    workers: int | None = None,
    threads: int | None = None,
    place: str | None = None,
    home: str | Path | None = None,
    sleep: float = 2.0,
    tries: int | None = None,
    timeout: float | None = None,
    max_jobs: int | None = None,
    max_time: float | None = None,
    max_memory: int | None = None,
    stop_when_empty: bool = False,
    drain: bool = False,
    stale_after: float = 300.0,
) -> str:
    """Work on the jobs of some queues; any number of these may run on one ledger.

    SIGTERM and SIGINT stop it: chunks in flight get ten seconds, the rest goes back to its queue
    without a try used. A second signal stops it at once.

    Parameters
    ----------
    name : str, optional
        For listings: letters, digits, dashes, underscores.
    queues : sequence of str
        Strictly in this order.
    scheduler, workers, threads
        See `mailharvest.cluster.connect.connect`.
    place : str, optional
        The ledger; that of `home` by default.
    sleep : float
        Seconds between two looks for work when nothing said that there is some.
    tries, timeout : optional
        Instead of what each job says.
    max_jobs : int, optional
        Take so many jobs and return when they have ended.
    max_time : float, optional
        Seconds after which it stops.
    max_memory : int, optional
        Bytes of this process and its children above which it stops.
    stop_when_empty : bool
        Stop when nothing is ready; what is delayed is left to another time.
    drain : bool
        Stop when no job is left, delayed ones included.

    Returns
    -------
    str
        Why it stopped.

    Raises
    ------
    MailharvestError
        Bad input, no cluster, or ledger or scheduler could not be reached five times in a row.
    """
    if name is not None and not _NAME.match(name):
        raise SpecError(
            f"{name[:80]!r} is no name for a dispatcher",
            fix="use letters, digits, dashes and underscores",
        )
    names = [queue_name(queue) for queue in queues]
    with contextlib.ExitStack() as opened:
        queue = opened.enter_context(Queue(place, home=home))
        connection = connect(scheduler, workers=workers, threads=threads)
        opened.callback(connection.close)
        pool = DaskPool(connection.client)
        dispatcher = Dispatcher(
            queue.ledger,
            pool,
            parts=queue.parts,
            queues=names,
            name=name,
            sleep=sleep,
            stale_after=stale_after,
            tries=tries,
            timeout=timeout,
            max_jobs=max_jobs,
        )
        opened.enter_context(_signals(dispatcher))
        observer = Observer(dispatcher, pool)
        observer.start()
        opened.callback(observer.stop)
        until = _Until(
            dispatcher, queue.ledger, names, max_time, max_memory, stop_when_empty, drain
        )
        return dispatcher.run(until)


class _Until:
    """Reasons to stop, asked for at most every `LOOK` seconds."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        ledger: Ledger,
        queues: Sequence[str],
        max_time: float | None,
        max_memory: int | None,
        stop_when_empty: bool,
        drain: bool,
    ) -> None:
        self.dispatcher, self.ledger, self.queues = dispatcher, ledger, list(queues)
        self.ends = None if max_time is None else time.monotonic() + max_time
        self.max_memory = max_memory
        self.empty, self.drain = stop_when_empty, drain
        self._next = 0.0

    def __call__(self) -> str | None:
        now = time.monotonic()
        if self.ends is not None and now >= self.ends:
            return "max_time"
        if now < self._next:
            return None
        self._next = now + LOOK
        if self.max_memory is not None and _memory() > self.max_memory:
            return "max_memory"
        if (self.empty or self.drain) and self.dispatcher.idle():
            left = self.ledger.left(self.queues, delayed=self.drain)
            return None if left else "empty"
        return None


def _memory() -> int:
    """Bytes of this process and those that it started."""
    total = 0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


@contextlib.contextmanager
def _signals(dispatcher: Dispatcher) -> Iterator[None]:
    """The first signal stops with grace, the second at once; only the main thread hears them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        dispatcher.stop(grace=0.0 if asked else 10.0)
        asked.append(number)

    before: dict[signal.Signals, Callable[..., Any] | int | None] = {}
    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
