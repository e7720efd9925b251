"""`InlinePool`: chunks in threads of this process, without Dask."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from mailharvest.queue.attempt import attempt
from mailharvest.queue.pool import Claim, Context, Outcome
from mailharvest.web import Web


class InlinePool:
    """Runs chunks in threads of this process: for small machines, and for tests of a job.

    Its weakness: a chunk that does not come back cannot be stopped, only given up (its thread
    stays behind); and one that kills its process kills the dispatcher with it.

    Parameters
    ----------
    threads : int
        Chunks at a time.
    web : bool
        Open a fetcher, for jobs that use ``ctx.web``.
    """

    inline = True

    def __init__(self, threads: int = 4, *, web: bool = False) -> None:
        self.threads = threads
        self._todo: queue.SimpleQueue[Claim | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._listener: Callable[[dict[str, Any]], None] = lambda _: None
        self._flying: dict[str, Claim] = {}
        self._lost: set[str] = set()  # given up: whoever runs it ends its thread
        self._alone = False  # suspects have the pool to themselves
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._looping = threading.Thread(
            target=self._loop.run_forever, name="inline-loop", daemon=True
        )
        self._looping.start()
        self._web = Web() if web else None
        if self._web is not None:
            asyncio.run_coroutine_threadsafe(self._web.open(), self._loop).result()
        self._started = 0

    def free(self) -> int:
        """Chunks that may be submitted now."""
        return 0 if self._alone else self.threads - len(self._flying)

    def quarantine(self, wanted: bool) -> bool:
        """Suspects run when nothing else does."""
        self._alone = wanted
        return wanted and not self._flying

    def submit(self, claims: Sequence[Claim]) -> None:
        """Start them."""
        with self._lock:
            for claim in claims:
                self._flying[claim.key] = claim
            self._hire(min(self.threads, len(self._flying)))
        for claim in claims:
            self._todo.put(claim)

    def _hire(self, wanted: int) -> None:
        while self._started < wanted:
            self._started += 1
            threading.Thread(target=self._work, name="inline", daemon=True).start()

    def _work(self) -> None:
        while (claim := self._todo.get()) is not None:
            outcome = attempt(claim, self._context(claim), self._loop)
            with self._lock:
                if claim.key in self._lost:
                    self._lost.discard(claim.key)
                    return  # another thread has taken this one's place
            self._done.put(outcome)

    def _context(self, claim: Claim) -> Context:
        return Context(
            job_id=claim.job_id,
            chunk_id=claim.chunk_id,
            kind=claim.kind,
            data=claim.data,
            attempt=claim.attempt,
            deadline=time.time() + claim.timeout,
            web=self._web,
            tell=self._tell(claim),
        )

    def _tell(self, claim: Claim) -> Callable[[dict[str, Any]], None]:
        whose = {"chunk": claim.chunk_id, "lease": claim.lease}
        return lambda message: self._listener({**message, **whose})

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Tell `listener` what chunks say of themselves, with their ``chunk`` and ``lease``."""
        self._listener = listener

    def outcomes(self, timeout: float) -> list[Outcome]:
        """Those that ended, waiting at most `timeout` seconds for the first."""
        found: list[Outcome] = []
        try:
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            pass
        return [o for o in found if self._flying.pop(o.claim.key, None) is not None]

    def drop(self, claims: Sequence[Claim]) -> None:
        """Forget them: nobody wants their outcome. Their threads are busy until they are done."""
        for claim in claims:
            self._flying.pop(claim.key, None)

    def replace_worker(self, claim: Claim) -> list[Claim]:
        """Give up a chunk that does not come back: its thread is left behind, a new one begins."""
        with self._lock:
            if self._flying.pop(claim.key, None) is not None:
                self._lost.add(claim.key)
                self._started -= 1
        return []

    def close(self) -> None:
        """Let the threads end when they are done; close the fetcher."""
        for _ in range(self._started):
            self._todo.put(None)
        if self._web is not None:
            asyncio.run_coroutine_threadsafe(self._web.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._looping.join()
        self._loop.close()
