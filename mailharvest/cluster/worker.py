"""In every worker: one event loop in one thread, one fetcher, and the chunk task that uses them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from mailharvest.cluster.parcel import pack
from mailharvest.errors import WorkerNotReady
from mailharvest.queue.attempt import attempt
from mailharvest.queue.pool import Claim, Context, Outcome
from mailharvest.web import Web

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]
try:
    import uvloop as loops
except ImportError:  # Windows, PyPy: the standard loop does the same, slower
    loops = asyncio  # type: ignore[misc]

TOPIC = "mailharvest"
"""What the Dask event topics begin with on which chunks tell how far they are."""


class Harvester(WorkerPlugin):
    """Owns the event loop and the fetcher of a worker process.

    A chunk is an ordinary task in one of the worker's threads: it waits there while its pages are
    fetched on this loop, so the worker's own loop stays free for Dask's heartbeats.

    It carries no settings of a job: an idempotent plugin keeps those it was first registered with,
    so limits travel with each chunk.
    """

    name = "mailharvest"
    idempotent = True

    loop: asyncio.AbstractEventLoop
    web: Web

    def setup(self, worker: Worker) -> None:
        """Start the loop and open the fetcher; runs before the worker takes a task."""
        _raise_file_limit()
        self.counts = {"pages": 0.0, "bytes": 0.0, "emails": 0.0, "chunks": 0.0}
        self.loop = loops.new_event_loop()
        self.thread = threading.Thread(
            target=self.loop.run_forever, name="mailharvest-loop", daemon=True
        )
        self.thread.start()
        self.web = Web()
        asyncio.run_coroutine_threadsafe(self.web.open(), self.loop).result(30)
        worker.metrics["mailharvest"] = lambda _: dict(self.counts)
        # Hundreds of exchanges are some hundred thousand objects that are gone in a second or two:
        # with less than that between two looks, the cyclic collector walks them all again and
        # again (a third of the CPU at 10,000 sockets and the default, a tenth at 50,000).
        self.gc_threshold = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(250_000, 20, 50)

    async def teardown(self, worker: Worker) -> None:
        """Give up what still runs, close the fetcher, stop the loop."""
        worker.metrics.pop("mailharvest", None)
        gc.set_threshold(*self.gc_threshold)
        gc.unfreeze()
        closing = asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        await asyncio.wrap_future(closing)
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def _end(self) -> None:
        # Threads wait for these chunks, and Dask for its threads: five seconds, then it kills.
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.web.close()

    def count(self, outcome: Outcome) -> None:
        """Add a finished chunk to what this worker shows of itself."""
        self.counts["chunks"] += 1
        if outcome.result is not None:
            for key in ("pages", "bytes"):
                self.counts[key] += outcome.result.stats.get(key, 0)
            if outcome.result.records is not None:
                self.counts["emails"] += outcome.result.records.num_rows


def _raise_file_limit() -> None:
    """As many sockets as the system allows: the soft limit is often 1,024."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_chunk(claim: Claim, topic: str = TOPIC) -> bytes:
    """Do one chunk: the Dask task.

    Parameters
    ----------
    claim : Claim
    topic : str
        On which it tells how far it is.

    Returns
    -------
    bytes
        The outcome as :func:`mailharvest.cluster.parcel.unpack` reads it.

    Raises
    ------
    WorkerNotReady
        The plugin is not running here; Dask only logs that when a late worker starts.
    """
    worker = get_worker()
    harvester: Any = worker.plugins.get(Harvester.name)
    if harvester is None or not hasattr(harvester, "web"):
        raise WorkerNotReady(
            f"the mailharvest plugin did not start on {worker.address}; its log says why"
        )

    def tell(message: dict[str, Any]) -> None:
        worker.log_event(topic, {**message, "chunk": claim.chunk_id, "lease": claim.lease})

    context = Context(
        job_id=claim.job_id,
        chunk_id=claim.chunk_id,
        kind=claim.kind,
        data=claim.data,
        attempt=claim.attempt,
        # The dispatcher's clock may differ from ours: what counts is how long is left.
        deadline=time.time() + claim.timeout,
        web=harvester.web,
        tell=tell,
    )
    outcome = attempt(claim, context, harvester.loop)
    harvester.count(outcome)

    async def packed() -> bytes:
        return pack(outcome.result, outcome.failure, worker.address)

    # On the loop, where the tables are made: Arrow keeps some memory for every thread that it has
    # met, 5 MB for each of the hundreds here.
    parcel: bytes = asyncio.run_coroutine_threadsafe(packed(), harvester.loop).result()
    return parcel
