"""`Queue`: what a person calls to put jobs onto the queue and to look after them."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mailharvest.config import home_folder
from mailharvest.errors import LedgerError, SpecError
from mailharvest.given import a_function, whole
from mailharvest.queue import control, events, keeping, rows, schedules
from mailharvest.queue.control import Counts
from mailharvest.queue.events import Event
from mailharvest.queue.given import a_job
from mailharvest.queue.job import Job, kind_of, queue_name, seconds, urgency
from mailharvest.queue.jobs import Options
from mailharvest.queue.keeping import Keep
from mailharvest.queue.ledger import JobRow, Ledger
from mailharvest.queue.schedules import Schedule
from mailharvest.queue.storable import args_of
from mailharvest.queue.ticket import Ticket

log = logging.getLogger(__name__)

LISTEN = 0.1
"""Seconds between two looks for new events."""


class Queue:
    """The queue of a ledger.

    Parameters
    ----------
    place : str or path, optional
        ``sqlite:///…``, ``postgresql://…`` or a file; the ledger of `home` by default.
    home : path, optional
        Folder of ledger and parts; ``MAILHARVEST_HOME``, else the user's data folder.

    Examples
    --------
    >>> queue = Queue()                                              # doctest: +SKIP
    >>> queue.dispatch(MonthlyReport(month=1), delay="1h").wait()    # doctest: +SKIP
    """

    def __init__(
        self,
        place: str | Path | None = None,
        *,
        home: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        folder = home_folder(home)
        self.parts = folder / "parts"
        self.ledger = Ledger(place if place is not None else folder / "ledger.db", clock=clock)
        self._listeners: list[tuple[str, Callable[[Event], None]]] = []
        self._closed = threading.Event()
        self._listening: threading.Thread | None = None

    def close(self) -> None:
        """Stop listening, let go of the ledger."""
        self._closed.set()
        if self._listening is not None:
            self._listening.join()
        self.ledger.close()

    def __enter__(self) -> Queue:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # jobs go in

    def dispatch(
        self,
        job: Job,
        *,
        delay: float | str = 0.0,
        priority: int | None = None,
        queue: str | None = None,
        job_id: str | None = None,
        unique: str | bool = False,
        unique_for: float | str | None = None,
        keep_completed: Keep = True,
        keep_failed: Keep = True,
    ) -> Ticket:
        """Put a job onto its queue; it is durable when this returns.

        Parameters
        ----------
        delay : float or str
            Seconds, or ``"1h"``, before it may start.
        priority, queue : optional
            Instead of the job's own.
        job_id : str, optional
            If there is a job of this id already, that one is returned.
        unique : str or bool
            A key: while a job of this key is incomplete, that one is returned. True makes the
            key of the id, or else of the job's class and fields.
        unique_for : float or str, optional
            The key holds for so long from now on, even when the job has completed before.
        keep_completed, keep_failed : bool, int or dict
            How long it stays when it has ended: True, False, the last N of its class, or
            ``{"age": "7d", "count": 1000}``.
        """
        job, now = a_job(job), self.ledger.clock()
        key = _key(job, unique, job_id) if unique or unique_for is not None else None
        options = Options(
            job_id=job_id,
            run_at=_later(now, delay),
            queue=None if queue is None else queue_name(queue),
            priority=None if priority is None else urgency(priority),
            unique_key=key,
            unique_until=None if unique_for is None else now + seconds(unique_for, "unique_for"),
            keep=keeping.policy(keep_completed, keep_failed),
        )
        return Ticket(self.ledger, self.ledger.add(job, options=options))

    def bulk(
        self,
        jobs: Iterable[Job],
        *,
        delay: float | str = 0.0,
        keep_completed: Keep = True,
        keep_failed: Keep = True,
    ) -> list[Ticket]:
        """Put many jobs onto their queues in one transaction; see `dispatch`."""
        options = Options(
            run_at=_later(self.ledger.clock(), delay),
            keep=keeping.policy(keep_completed, keep_failed),
        )
        ids = self.ledger.add_many(jobs, options)
        return [Ticket(self.ledger, job_id) for job_id in ids]

    def chain(
        self,
        jobs: Sequence[Job],
        *,
        catch: Job | None = None,
        keep_completed: Keep = True,
        keep_failed: Keep = True,
    ) -> list[Ticket]:
        """Jobs one after the other: the next only when the one before has completed.

        When one fails the rest is cancelled and says so, and `catch` is put onto its queue.
        """
        keep = keeping.policy(keep_completed, keep_failed)
        ids = control.chain(self.ledger, jobs, catch, keep)
        return [Ticket(self.ledger, job_id) for job_id in ids]

    @staticmethod
    def dispatch_sync(job: Job) -> Any:
        """Do the job here and now, without ledger and Dask; what its ``handle`` returns.

        A job of several chunks gives a list. What it raises comes through, after its ``failed``.
        Each chunk is tried once and ``more`` is not asked. What is returned must be JSON or a
        `ChunkResult`, as on a worker. Only an asynchronous ``handle`` is stopped at its timeout.
        """
        from mailharvest.queue.inline import here_and_now  # the fetcher, which few need

        return here_and_now(a_job(job))

    # one job

    def get(self, job_id: str) -> Ticket:
        """A job by its id.

        Raises
        ------
        UnknownJob
        """
        self.ledger.job(job_id)
        return Ticket(self.ledger, job_id)

    def cancel(self, job_id: str) -> bool:
        """End a job; False if it had ended before."""
        return self.ledger.cancel(job_id)

    def retry(self, job_id: str | None = None, *, queue: str | None = None) -> list[str]:
        """Let failed jobs go on with what they did not finish: one, those of a queue, or all.

        One that is named may be completed: then it asks again for the pages that were given up
        though the reason may have passed.
        """
        wanted = control.failed(self.ledger, job_id, queue)
        for each in wanted:
            self.ledger.reopen(each, lost=True)
        return wanted

    def forget(self, job_id: str) -> None:
        """Delete a job that has ended, with everything that it found.

        Raises
        ------
        LedgerError
            It has not ended.
        """
        if not self.ledger.job(job_id).ended:
            raise LedgerError(f"job {job_id} has not ended; cancel it first")
        self._forget([job_id])

    def flush(self, older_than: float | str = 0.0) -> list[str]:
        """Forget the failed jobs that ended before; their ids."""
        gone: list[str] = []
        before = self.ledger.clock() - seconds(older_than, "older_than")
        while True:
            with self.ledger.database.read() as connection:
                found = keeping.older(connection, ["failed"], before)
            self._forget(found)
            gone += found
            if len(found) < keeping.BATCH:
                return gone

    def prune(self) -> list[str]:
        """Forget what need not be kept any longer (dispatchers do it now and then); the ids."""
        gone = self.ledger.prune()
        self._remove_parts(gone)
        return gone

    def _forget(self, job_ids: list[str]) -> None:
        with self.ledger.database.write() as connection:
            keeping.forget(connection, job_ids)
        self._remove_parts(job_ids)

    def _remove_parts(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            shutil.rmtree(self.parts / job_id, ignore_errors=True)

    # lists

    def waiting(self, *, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs that could start now."""
        return self._list(control.WAITING, limit, offset)

    def active(self, *, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs of which a chunk runs."""
        return self._list(control.ACTIVE, limit, offset)

    def delayed(self, *, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs that wait for their time: delayed, or until they are tried again."""
        return self._list(control.DELAYED, limit, offset)

    def completed(self, *, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs that have completed."""
        return self._list("state = 'completed'", limit, offset)

    def failed(self, *, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs that have failed."""
        return self._list("state = 'failed'", limit, offset)

    def _list(self, where: str, limit: int, offset: int) -> list[JobRow]:
        with self.ledger.database.read() as connection:
            return rows.jobs_where(connection, where, {"limit": limit, "offset": offset})

    def counts(self) -> Counts:
        """How many jobs there are of each of these lists."""
        return control.counts(self.ledger)

    # whole queues

    def pause(self, queue: str) -> None:
        """Start nothing more of this queue; what runs goes on."""
        control.pause(self.ledger, queue)

    def resume(self, queue: str) -> None:
        """Start what waits in this queue again."""
        control.resume(self.ledger, queue)

    def paused(self) -> list[str]:
        """The queues that are paused."""
        return control.paused(self.ledger)

    def limit(self, queue: str, *, max: int, duration: float | str) -> None:
        """At most `max` starts of this queue in `duration`, over all dispatchers."""
        control.limit(self.ledger, queue, max, seconds(duration, "duration"))

    # schedules

    def schedule(
        self,
        name: str,
        job: Job,
        *,
        cron: str | None = None,
        every: float | str | None = None,
        tz: str = "UTC",
        overlap: str = "skip",
        grace: float | str | None = None,
        keep_completed: Keep = True,
        keep_failed: Keep = True,
    ) -> Schedule:
        """Put a job onto its queue again and again; a schedule of this name is replaced.

        Parameters
        ----------
        cron : str, optional
            Five fields, or six with the seconds first, in the time zone `tz`.
        every : float or str, optional
            Instead of `cron`: seconds, or ``"1h"``.
        overlap : {"skip", "allow"}
            What to do when the job of the time before has not ended.
        grace : float or str, optional
            Leave a run out that is later than this. Of several that were missed one is made up
            for in any case, not all.
        keep_completed, keep_failed
            How long its jobs stay; see `dispatch`.
        """
        now, keep = self.ledger.clock(), keeping.policy(keep_completed, keep_failed)
        made = schedules.make(
            name, job, cron=cron, every=every, tz=tz, overlap=overlap, grace=grace, keep=keep,
            now=now,
        )  # fmt: skip
        with self.ledger.database.write() as connection:
            schedules.save(connection, made, now)
        return made

    def schedules(self) -> list[Schedule]:
        """Every schedule, by name."""
        with self.ledger.database.read() as connection:
            return schedules.all_of(connection)

    def unschedule(self, name: str) -> bool:
        """Remove a schedule; False if there is none of this name."""
        with self.ledger.database.write() as connection:
            return schedules.remove(connection, name)

    def run_now(self, name: str) -> Ticket:
        """Put the job of a schedule onto its queue now; its times stay as they are."""
        with self.ledger.database.write() as connection:
            found = schedules.one(connection, name)
            if found is None:
                raise SpecError(f"no schedule {name!r}", fix="see the list of schedules")
            return Ticket(self.ledger, schedules.run(connection, found, self.ledger.clock()))

    # events

    def events(self, since: int | None = None, *, follow: bool = True) -> Iterator[Event]:
        """Events after number `since` (None: from now on), one by one, as they come.

        Parameters
        ----------
        follow : bool
            Wait for more; else end with the newest.
        """
        with self.ledger.database.read() as connection:
            last = events.newest(connection) if since is None else whole(since, "since", 0)
        return self._events(last, follow)

    def _events(self, last: int, follow: bool) -> Iterator[Event]:
        while True:
            with self.ledger.database.read() as connection:
                found = events.since(connection, last)
            for event in found:
                yield event
                last = event.id
            if not found and (not follow or self._closed.wait(LISTEN)):
                return

    def on(self, type: str, handler: Callable[[Event], None]) -> None:
        """Call `handler` for each event of this type from now on, in a thread of the queue.

        What it raises is logged and stops nothing.
        """
        if type not in events.TYPES:
            raise SpecError(f"no event {type!r}", fix="one of " + ", ".join(events.TYPES))
        self._listeners.append((type, a_function(handler, "handler")))
        if self._listening is None:
            source = self.events()
            self._listening = threading.Thread(
                target=self._listen, args=(source,), name="listeners", daemon=True
            )
            self._listening.start()

    def _listen(self, source: Iterator[Event]) -> None:
        for event in source:
            for type, handler in list(self._listeners):
                if type == event.type:
                    try:
                        handler(event)
                    except Exception:
                        log.exception("a listener to %s raised an exception", type)


def _later(now: float, delay: float | str) -> float | None:
    """When a delayed job may start; None is at once."""
    pause = seconds(delay, "delay")
    return now + pause if pause else None


def _key(job: Job, unique: str | bool, job_id: str | None) -> str:
    if isinstance(unique, str):
        return unique
    if job_id is not None:
        return f"id:{job_id}"
    said = f"{kind_of(job)} {args_of(job)}"
    return "job:" + hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
