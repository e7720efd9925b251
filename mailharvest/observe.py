"""From what the ledger counts and Dask measures to a `Snapshot`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import psutil

from mailharvest.progress import Snapshot, SystemStats, WorkerStats
from mailharvest.queue.ledger import Ledger

WAITING = ("delayed", "ready")


def observe(ledger: Ledger, job_id: str, workers: Mapping[str, Mapping[str, Any]]) -> Snapshot:
    """The job at this moment, without rates and estimates: `Meter.see` adds those.

    Parameters
    ----------
    workers : mapping
        Address to what Dask knows of the worker: ``client.scheduler_info()["workers"]``.

    Raises
    ------
    UnknownJob
        The ledger has no such job.
    """
    row = ledger.job(job_id)
    chunks: Counter[str] = Counter()
    for (_, state), n in ledger.counts(job_id).items():
        chunks[state] += n
    running = sum(int(w["nthreads"]) for w in workers.values())
    return Snapshot(
        job_id=job_id,
        title=row.title,
        state=row.state,
        reason=row.reason or "",
        elapsed_seconds=row.seconds,
        emails_found=row.found if row.wanted is None else min(row.found, row.wanted),
        emails_wanted=row.wanted,
        pages=row.pages,
        bytes=row.bytes,
        sites=ledger.site_count(job_id),
        duplicates=row.duplicates,
        errors=ledger.error_counts(job_id),
        chunks_pending=sum(chunks[state] for state in WAITING),
        chunks_processing=chunks["running"],
        chunks_completed=chunks["done"],
        chunks_failed=chunks["failed"],
        slots=min(row.slots, running) if running else row.slots,
        active_slots=row.running,
        workers=tuple(_worker(address, known) for address, known in workers.items()),
        system=_system(workers),
    )


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


def _system(workers: Mapping[str, Mapping[str, Any]]) -> SystemStats:
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
