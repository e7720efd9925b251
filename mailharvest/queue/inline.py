"""Chunks in this process, without Dask: `InlinePool` in its threads, `here_and_now` at once."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from mailharvest.chunk import ChunkResult
from mailharvest.errors import SpecError
from mailharvest.queue.attempt import attempt, tell_failed, until_deadline
from mailharvest.queue.job import Job, seconds
from mailharvest.queue.pool import Claim, Context, Outcome
from mailharvest.queue.storable import result_of, specs_of
from mailharvest.web import Web

T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own, as a worker has one, and perhaps a fetcher on it."""

    def __init__(self, *, web: bool) -> None:
        self.asyncio = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.asyncio.run_forever, name="inline-loop", daemon=True
        )
        self._thread.start()
        self.web = Web() if web else None
        if self.web is not None:
            self._run(self.web.open())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.asyncio).result()

    def close(self) -> None:
        """Close the fetcher, end the thread."""
        if self.web is not None:
            self._run(self.web.close())
        self.asyncio.call_soon_threadsafe(self.asyncio.stop)
        self._thread.join()
        self.asyncio.close()


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
        self._loop = Loop(web=web)
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
            outcome = attempt(claim, self._context(claim), self._loop.asyncio)
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
            web=self._loop.web,
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
        self._loop.close()


def here_and_now(job: Job) -> Any:
    """Do a job in this thread, each chunk once; see `Queue.dispatch_sync`."""
    if job.seeds():
        raise SpecError("a job with URLs needs a ledger", fix="use mh.harvest(job)")
    ready, loop = job.with_secrets(), Loop(web=True)
    try:
        answers = []
        for n, spec in enumerate(specs_of(job, job.chunks())):
            deadline = time.time() + seconds(job.timeout)
            ctx = Context("sync", n, spec.kind, spec.data, 1, deadline, web=loop.web)
            answer = ready.handle(ctx)
            if inspect.isawaitable(answer):
                answer = until_deadline(answer, deadline, loop.asyncio)
            result = result_of(answer)
            answers.append(result if isinstance(answer, ChunkResult) else result.value)
    except Exception as error:
        tell_failed(job, str(error))
        raise
    finally:
        loop.close()
    return answers[0] if len(answers) == 1 else answers or None
