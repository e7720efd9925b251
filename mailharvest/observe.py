"""From what the ledger counts and Dask measures to a `Snapshot`, twice a second."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import psutil

from mailharvest.cluster.bag import DaskPool
from mailharvest.cluster.report import Reporter
from mailharvest.errors import ClusterError, UnknownJob
from mailharvest.meter import Meter
from mailharvest.progress import Snapshot, SystemStats, WorkerStats
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.ledger import JobRow, Ledger
from mailharvest.queue.tally import Counts
from mailharvest.ui.dashboard import Dashboard

log = logging.getLogger(__name__)

WAITING = ("delayed", "ready")

TICK = 0.5
"""Seconds between two snapshots."""

SHARE = 0.05
"""Of a processor that looking may take: with many jobs snapshots are farther apart."""

SELDOM = 5.0
"""Seconds between two snapshots at most, whatever they cost."""

SHORT = 5.0
"""Seconds that URLs may wait for their time without its being said: the pace of any crawl."""

JOBS = 50
"""Jobs that are observed at once: those that were begun last."""

Workers = Mapping[str, Mapping[str, Any]]
"""Address to what Dask knows of a worker: `DaskPool.status`."""


class Observer:
    """Observes the jobs that a dispatcher works on, and shows them on the scheduler's dashboard.

    Parameters
    ----------
    dispatcher : Dispatcher
    pool : DaskPool
        The dispatcher's.
    """

    def __init__(self, dispatcher: Dispatcher, pool: DaskPool) -> None:
        self.dispatcher = dispatcher
        self.pool = pool
        self._observed: dict[str, _Observed] = {}
        self._reporter = Reporter(pool.client, dispatcher.ledger, Dashboard)
        self._well = True
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        """Look now, so that there is something to see, and twice a second from now on."""
        self._look_well()
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and no more."""
        self._stopped.set()
        self._thread.join()

    @property
    def working(self) -> bool:
        """Whether snapshots still change."""
        return self._thread.is_alive()

    def add(self, job_id: str) -> None:
        """Observe this job, too, until it ends.

        Raises
        ------
        UnknownJob
        """
        self._observed.pop(job_id, None)
        self._observed[job_id] = _Observed(observe(self.dispatcher.ledger, job_id, None))
        while len(self._observed) > JOBS:
            del self._observed[next(iter(self._observed))]

    def snapshot(self, job_id: str) -> Snapshot:
        """A job that is observed, as it was at the last look."""
        return self._observed[job_id].now

    def look(self) -> None:
        """Take new snapshots, and show them."""
        try:
            workers: Workers | None = self.pool.status()
        except ClusterError:  # the dispatcher will find out, and say so
            workers = None
        for job_id in self.dispatcher.begun():
            if job_id not in self._observed or self._observed[job_id].now.ended:
                with contextlib.suppress(UnknownJob):  # it has ended, and was not to be kept
                    self.add(job_id)
        going = [each for each in self._observed.values() if not each.over]
        for each in going:
            self._see(each, workers)
        self._reporter.tell([each.now for each in going])

    def _see(self, observed: _Observed, workers: Workers | None) -> None:
        try:
            now = observe(self.dispatcher.ledger, observed.now.job_id, workers)
        except UnknownJob:  # forgotten: what was seen last stays
            observed.over = True
            return
        if self.pool.paused and not now.ended:
            now = replace(now, state="paused")
        elif self._stopped.is_set() and not now.ended:
            now = replace(now, state="stopped")
        observed.see(now)

    def _run(self) -> None:
        pause = TICK
        while not self._stopped.wait(pause):
            # Of this thread alone: on a busy machine a look may take long without costing much.
            began = time.thread_time()
            self._look_well()
            pause = min(max(TICK, (time.thread_time() - began) / SHARE), SELDOM)
        self._look_well()

    def _look_well(self) -> None:
        """Look, whatever happens: an observer that gave up would freeze all displays."""
        try:
            self.look()
            self._well = True
        except Exception:
            if self._well:  # once, not twice a second
                log.warning("cannot observe the jobs; trying again", exc_info=True)
            self._well = False


class _Observed:
    """A job under observation: its meter, its clock, and its last snapshot."""

    def __init__(self, begun: Snapshot) -> None:
        self._meter = Meter(since=begun)
        self._began = time.monotonic() - begun.elapsed_seconds
        self.see(begun)
        self.over = False  # only after its end was shown

    def see(self, now: Snapshot) -> None:
        """Complete `now` and keep it."""
        if not now.ended:
            # The ledger's own figure moves with its commits; a clock that stands still looks dead.
            now = replace(now, elapsed_seconds=time.monotonic() - self._began)
        self.now = self._meter.see(now)
        self.over = now.ended


def observe(
    ledger: Ledger, job_id: str, workers: Workers | None, served: Collection[str] | None = None
) -> Snapshot:
    """The job at this moment, without rates and estimates: `Meter.see` adds those.

    Parameters
    ----------
    workers : mapping or None
        Empty is a cluster that has none; None is not known.
    served : collection of str, optional
        `Ledger.served`, for who does not work on the job: one of which nobody does is
        ``interrupted``. None is for who does.

    Raises
    ------
    UnknownJob
        The ledger has no such job.
    """
    row = ledger.job(job_id)
    counts = ledger.tallies(job_id)
    chunks: Counter[str] = Counter()
    for (_, state), n in counts.chunks.items():
        chunks[state] += n
    running = sum(int(w["nthreads"]) for w in (workers or {}).values())
    waits_until = _waits_until(ledger, row)
    return Snapshot(
        job_id=job_id,
        title=row.title,
        state=row.state if served is None else row.state_when(served),
        reason=row.reason or "",
        elapsed_seconds=row.seconds,
        emails_found=row.found if row.wanted is None else min(row.found, row.wanted),
        emails_wanted=row.wanted,
        pages=row.pages,
        bytes=row.bytes,
        sites=ledger.site_count(job_id),
        duplicates=row.duplicates,
        pages_ahead=_ahead(row, counts),
        errors=counts.errors,
        urls_known=sum(counts.urls.values()),
        urls_done=counts.urls.get("done", 0),
        urls_waiting=counts.urls.get("waiting", 0) if waits_until else 0,
        waits_until=waits_until,
        chunks_pending=sum(chunks[state] for state in WAITING),
        chunks_processing=chunks["running"],
        chunks_completed=chunks["done"],
        chunks_failed=chunks["failed"],
        slots=min(row.slots, running) if running else row.slots,
        active_slots=row.running,
        workers=tuple(_worker(address, known) for address, known in (workers or {}).items()),
        no_workers=workers is not None and not workers,
        system=_system(workers or {}),
    )


def _ahead(row: JobRow, counts: Counts) -> int | None:
    """Pages that wait or are being fetched, of a job that was given all its URLs.

    A search plans and finds more as it goes, so what waits then is not all that will come.
    """
    kinds, urls = {kind for kind, _ in counts.chunks}, counts.urls
    if row.state not in ("queued", "running") or not kinds <= {"scrape", "seed"} or not urls:
        return None
    left, done = urls.get("waiting", 0) + urls.get("taken", 0), urls.get("done", 0)
    # Not every URL is a page in the end: as many as so far.
    return round(left * min(row.pages / done, 1.0)) if done and row.pages else left


def _waits_until(ledger: Ledger, row: JobRow) -> str:
    """The time of day when a job goes on that has nothing but URLs whose time has not come."""
    if row.state != "running" or row.incomplete:
        return ""
    due = ledger.next_due(row.id)
    if due is None or due < ledger.clock() + SHORT:
        return ""
    return time.strftime("%H:%M", time.localtime(due))


def _worker(address: str, known: Mapping[str, Any]) -> WorkerStats:
    metrics = known.get("metrics", {})
    ours = metrics.get("mailharvest", {})
    return WorkerStats(
        name=address,
        cpu=float(metrics.get("cpu", 0.0)),
        memory=int(metrics.get("memory", 0)),
        memory_limit=int(known.get("memory_limit") or 0),
        pages=int(ours.get("pages", 0)),
        emails=int(ours.get("emails", 0)),
        heartbeat=max(0.0, time.time() - float(known.get("last_seen", time.time()))),
    )


def _system(workers: Workers) -> SystemStats:
    """The machine that we are on; the memory is what our workers use of it."""
    used = sum(int(w.get("metrics", {}).get("memory", 0)) for w in workers.values())
    load = psutil.getloadavg()
    return SystemStats(
        memory_used=used,
        memory_percent=psutil.virtual_memory().percent,
        load_1=load[0],
        load_5=load[1],
        load_15=load[2],
    )
