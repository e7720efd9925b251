"""The dispatcher: claims chunks for a pool, commits what comes back, looks after the rest."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailharvest.errors import ClusterError, MailharvestError
from mailharvest.queue.attempt import one_line
from mailharvest.queue.commit import Committer
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.members import STALE_AFTER
from mailharvest.queue.pool import Claim, Failure, Outcome, Pool
from mailharvest.queue.report import Report

log = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between two heartbeats."""

PULSE = 0.05
"""Seconds between two looks at whether the ledger changed."""

COMMIT = 0.25
"""Seconds between two commits at most, while most of the chunks still run: a commit of ten costs
hardly more than that of one."""

TEND = 1.0
"""Seconds between two looks for dispatchers that are gone and jobs that have nothing left."""

PRUNE = 30.0
"""Seconds between two looks for jobs that need not be kept any longer."""

CUT = 64
"""Chunks that are cut from frontiers at a time."""

NOTES = 10_000
"""Lines that running chunks may say between two commits; what is more is not heard."""

BEGUN = 100
"""Jobs with new claims that are remembered for who observes them."""

CLAIM = 500
"""Chunks that are claimed at a time."""

ERRORS = 5
"""Errors of its own loop in a row after which a dispatcher stops."""


class Dispatcher:
    """Moves chunks between a ledger and a pool until it is told to stop.

    Parameters
    ----------
    ledger : Ledger
    pool : Pool
        Never closed here.
    parts : path
        Folder of the parts; the same for all dispatchers of a ledger.
    queues : sequence of str
        To serve, strictly in this order.
    name : str, optional
        For people; its id is another.
    jobs : sequence of str, optional
        Work on these jobs only, whatever their queue, and return when they have ended.
    sleep : float
        Seconds after which it looks for work when nothing said that there is some.
    stale_after : float
        Seconds of silence after which another dispatcher is taken for dead.
    overdue : float
        Seconds past its deadline that a chunk may take to come back by itself.
    tries, timeout : optional
        Instead of what each job says.
    max_jobs : int, optional
        Take so many jobs, and return when they have ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        pool: Pool,
        *,
        parts: str | os.PathLike[str],
        queues: Sequence[str] = ("default",),
        name: str | None = None,
        jobs: Sequence[str] | None = None,
        sleep: float = 2.0,
        stale_after: float = STALE_AFTER,
        overdue: float = 2.0,
        tries: int | None = None,
        timeout: float | None = None,
        max_jobs: int | None = None,
    ) -> None:
        self.ledger, self.pool = ledger, pool
        self.committer = Committer(ledger, parts, tries=tries)
        self.queues = list(queues)
        self.name = name or f"dispatcher-{os.getpid()}"
        self.jobs = None if jobs is None else list(jobs)
        self.sleep, self.stale_after, self.overdue = sleep, stale_after, overdue
        self.timeout, self.max_jobs = timeout, max_jobs
        self.id = ""
        self.done = 0
        self._report = Report(ledger, self.name)
        self._adopted: list[str] = []
        self._notes: list[dict[str, Any]] = []
        pool.subscribe(self.note)
        self._numbers: list[int] | None = None
        self._flying: dict[int, Claim] = {}
        self._begun: deque[str] = deque(maxlen=BEGUN)
        self._pending: list[Outcome] = []
        self._given_up = "-"  # the id under which the others gave us up
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._grace = 10.0
        self._dirty = True  # there may be something to claim
        self._look_at = self._tend_at = self._committed_at = self._prune_at = 0.0
        self._suspects = False

    def part(self, job_id: str, chunk_id: int) -> Path:
        """Where the records of a chunk are."""
        return self.committer.part(job_id, chunk_id)

    @property
    def in_flight(self) -> int:
        """Chunks that the pool has."""
        return len(self._flying)

    def idle(self) -> bool:
        """Whether nothing is in its hands, nor in those of a dispatcher that is gone.

        Asked in its own thread, by the `until` of `run`: what the dead held is put back before the
        answer, so that who stops for want of work does not leave theirs behind.
        """
        if not self._flying:
            self._rescue()
        return not self._flying and not self._pending

    # from other threads

    def begun(self) -> list[str]:
        """Jobs of which chunks were claimed since this was asked last; the newest `BEGUN`."""
        return [self._begun.popleft() for _ in range(len(self._begun))]

    def wake(self) -> None:
        """Look for work, and for jobs that were cancelled, now."""
        self._dirty = True
        self._tend_at = 0.0

    def note(self, message: dict[str, Any]) -> None:
        """What a running chunk says of itself: progress or a log line, its chunk and its lease."""
        if len(self._notes) < NOTES:
            self._notes.append(message)

    def stop(self, grace: float = 10.0) -> None:
        """Claim nothing more; after `grace` seconds hand back what still runs, and return."""
        self._grace = time.monotonic() + grace
        self._stopping.set()

    # the loop

    def run(self, until: Callable[[], str | None] | None = None) -> str:
        """Work until stopped.

        Parameters
        ----------
        until : callable, optional
            Asked again and again; a reason to stop, or None.

        Returns
        -------
        str
            Why it stopped.

        Raises
        ------
        MailharvestError
            Ledger or scheduler could not be reached five times in a row.
        """
        reason = "error"
        # What was there before stays, for as long as this runs: nobody need walk it again and again
        # to find that out (an eighth of the client's CPU over 20,000 pages).
        gc.freeze()
        beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        try:
            self._join()
            beating.start()
            reason = self._loop(until)
        finally:
            try:
                self._leave(reason)
            finally:
                self._ended.set()
                gc.unfreeze()
                if beating.is_alive():
                    beating.join()
                self.committer.close()
        return reason

    def _join(self) -> None:
        served = self.queues
        if self.jobs is not None:
            self.queues = list(dict.fromkeys(self.ledger.job(job).queue for job in self.jobs))
            self._numbers = self.ledger.numbers(self.jobs)
            served = [f"job:{job}" for job in self.jobs]  # of those queues it does nothing else
        inline = bool(getattr(self.pool, "inline", False))
        self.id = self.ledger.register(self.name, served, inline=inline)

    def _loop(self, until: Callable[[], str | None] | None) -> str:
        errors = 0
        while True:
            try:
                reason = self._reason(until)
                if reason is not None:
                    return reason
                self._step()
                errors = 0
            except Exception as error:
                errors += 1
                self._dirty = True  # whatever it was, it is not done
                # What a person can mend is one line; a bug of ours is shown whole.
                bug = not isinstance(error, MailharvestError)
                log.warning("dispatcher %s: %s", self.name, one_line(str(error)), exc_info=bug)
                if errors == ERRORS:
                    raise
                if isinstance(error, ClusterError):
                    self._lose("the scheduler went away")
                self._rest(2.0 ** (errors - 1))

    def _rest(self, seconds: float) -> None:
        """After an error of the loop; a stop ends it early."""
        self._stopping.wait(seconds)

    def _reason(self, until: Callable[[], str | None] | None) -> str | None:
        if self._stopping.is_set():
            return "stopped"
        if not self._pending and not self._flying and self._all_ended():
            return "done"
        return until() if until is not None else None

    def _all_ended(self) -> bool:
        return self.jobs is not None and all(self.ledger.job(job).ended for job in self.jobs)

    def _step(self) -> None:
        now = time.monotonic()
        if self._given_up == self.id:
            self._start_over()
        if now >= self._tend_at:
            self._tend_at = now + TEND
            self._tend(now)
        if self._dirty or now >= self._look_at or self.ledger.changed():
            self._look()
        self._pending += self._collect(self._pause())
        if time.monotonic() - self._committed_at >= PULSE:
            self._listen()
        if self._pending and time.monotonic() >= self._commit_at():
            self._commit()

    def _pause(self) -> float:
        """How long to wait for an outcome before the next look around."""
        if self._pending:
            return max(0.0, self._commit_at() - time.monotonic())
        return 0.0 if self._dirty and self.pool.free() > 0 else PULSE

    def _commit_at(self) -> float:
        """When to commit what has come: the fewer chunks still run, the sooner."""
        busy = len(self._flying)
        return self._committed_at + COMMIT * busy / (busy + len(self._pending))

    def _collect(self, timeout: float) -> list[Outcome]:
        outcomes = self.pool.outcomes(timeout)
        for outcome in outcomes:
            self._flying.pop(outcome.claim.chunk_id, None)
        return outcomes

    def _commit(self) -> None:
        done = self.committer.commit(self._pending, dispatcher=self.id)
        self._pending = []
        self._committed_at = time.monotonic()
        self._dirty = True
        self.done += len(done.finished)
        self._report.committed(done)

    def _listen(self) -> None:
        """What running chunks say of themselves goes into the ledger with the next commit."""
        if self._notes:
            said, self._notes = self._notes, []
            self.ledger.hear([(note["chunk"], note["lease"], note) for note in said])

    # claiming

    def _look(self) -> None:
        self._dirty = False
        self._look_at = time.monotonic() + self.sleep
        self.ledger.promote()
        self._release_suspects()
        free = min(self.pool.free(), CLAIM)
        if free > 0:
            self.ledger.cut(min(free, CUT), jobs=self.jobs)
            claims = self._claim(free)
            if claims:
                self._dirty = True
            else:
                self._look_at = min(self._look_at, time.monotonic() + self._next())

    def _next(self) -> float:
        """Seconds until something that waits for its time may start."""
        now = self.ledger.clock()
        times = [
            self.ledger.next_delayed(),
            self.ledger.next_limit(),
            self.ledger.next_url(self.jobs),
        ]
        return max(PULSE, min((at - now for at in times if at is not None), default=self.sleep))

    def _claim(self, n: int, *, suspects: bool = False) -> list[Claim]:
        if self.max_jobs is not None and len(self._adopted) < self.max_jobs:
            n = min(n, self.max_jobs - len(self._adopted))
        claims = self.ledger.claim(
            self.id,
            n,
            self.queues,
            jobs=self._numbers,
            suspects=suspects,
            timeout=self.timeout,
        )
        for claim in claims:
            self._flying[claim.chunk_id] = claim
            if claim.job_id not in self._begun:
                self._begun.append(claim.job_id)
        if claims:
            self._adopt(claims)
            self.pool.submit(claims)
            self._report.claimed(claims)
        return claims

    def _adopt(self, claims: Sequence[Claim]) -> None:
        """With `max_jobs`, the first so many jobs are ours; then there are no others."""
        if self.max_jobs is None or len(self._adopted) >= self.max_jobs:
            return
        self._adopted = list(dict.fromkeys([*self._adopted, *(c.job_id for c in claims)]))
        if len(self._adopted) >= self.max_jobs:
            self.jobs = self._adopted
            self._numbers = self.ledger.numbers(self._adopted)

    def _release_suspects(self) -> None:
        """Chunks that were part of a crash run apart, by halves, until the culprit is alone."""
        worst = self.ledger.suspects(self._numbers)
        if worst or self._suspects:
            self._suspects = worst > 0
            if self.pool.quarantine(self._suspects):
                half = max(1, worst // 2)
                self._claim(half, suspects=True)

    # looking after

    def _tend(self, now: float) -> None:
        self._rescue()
        self.ledger.tick()
        self._report.committed(self.committer.settle(self._numbers))
        self._report.progress(now)
        if now >= self._prune_at:
            self._prune_at = now + PRUNE
            for job_id in self.ledger.prune():
                shutil.rmtree(self.committer.parts / job_id, ignore_errors=True)
        self._drop_cancelled()
        self._replace_overdue()
        self._dirty = True

    def _rescue(self) -> None:
        """What the dead held waits again, or is charged with their death: once, until committed."""
        known = {outcome.claim.chunk_id for outcome in self._pending}
        crashes = self.ledger.rescue(self.id, self.stale_after)
        self._pending += [crash for crash in crashes if crash.claim.chunk_id not in known]

    def _drop_cancelled(self) -> None:
        mine = self.ledger.mine(self.id)
        gone = [c for c in self._flying.values() if mine.get(c.chunk_id) != c.lease]
        if gone:
            self.pool.drop(gone)
            for claim in gone:
                del self._flying[claim.chunk_id]

    def _replace_overdue(self) -> None:
        latest = self.ledger.clock() - self.overdue
        for claim in [c for c in self._flying.values() if c.deadline < latest]:
            if claim.chunk_id not in self._flying:
                continue  # a neighbour of one before it
            said = f"not done within {claim.timeout:g} s; its worker is replaced"
            neighbours = self.pool.replace_worker(claim)
            self._settle_lost([claim], Failure("timeout", "timeout", said))
            late = [c for c in neighbours if c.deadline < latest]
            self._settle_lost(late, Failure("timeout", "timeout", said))
            others = [c for c in neighbours if c.deadline >= latest]
            self._settle_lost(others, Failure("lost", "worker_lost", "its worker was replaced"))

    def _settle_lost(self, claims: Sequence[Claim], failure: Failure) -> None:
        for claim in claims:
            if self._flying.pop(claim.chunk_id, None) is not None:
                self._pending.append(Outcome(claim, failure=failure))

    def _lose(self, why: str) -> None:
        """Something is out of order: what the pool has is given back, no try used."""
        flying = list(self._flying.values())
        try:
            self.pool.drop(flying)
        except Exception as error:
            log.warning(
                "dispatcher %s: cannot drop its chunks: %s", self.name, one_line(str(error))
            )
        self._settle_lost(flying, Failure("lost", "scheduler_lost", why))

    def _start_over(self) -> None:
        """The others thought that we were gone and took our chunks: begin anew."""
        log.warning("dispatcher %s was silent for too long and begins anew", self.name)
        self.pool.drop(list(self._flying.values()))
        self._flying.clear()
        self._pending.clear()
        self._join()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            me = self.id
            try:
                if not self.ledger.beat(me, self.in_flight):
                    self._given_up = me
            except Exception as error:
                log.warning("dispatcher %s cannot beat: %s", self.name, one_line(str(error)))

    # its end

    def _leave(self, reason: str) -> None:
        """Finish or hand back what runs; a try is not used."""
        if not self.id:
            return
        while self._flying and self._stopping.is_set() and time.monotonic() < self._grace:
            self._pending += [_spared(outcome) for outcome in self._collect(PULSE)]
        self._lose("the dispatcher stopped")
        if self._pending:
            self._commit()
        self._listen()
        self.ledger.close_dispatcher(self.id, reason)


def _spared(outcome: Outcome) -> Outcome:
    """Who stops us may well stop the workers at the same moment: no chunk is charged with that."""
    if outcome.failure is None or outcome.failure.kind != "crash":
        return outcome
    return replace(outcome, failure=Failure("lost", "worker_lost", "stopped with its dispatcher"))
