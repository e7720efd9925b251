"""Committing: what came back from the workers becomes part of the ledger, exactly once.

Parts are written first, under a name that holds the lease; then one transaction checks every
lease, gives the parts their names, and moves everything that belongs together. Whoever dies in
between leaves a chunk that still runs: it is freed, runs again, and its part is overwritten.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Connection, Row, bindparam, text

from mailharvest import records
from mailharvest.chunk import FoundURL
from mailharvest.errors import SpecError
from mailharvest.queue import frontier, members
from mailharvest.queue.attempt import failure_of, tell_failed
from mailharvest.queue.claim import TOUCH
from mailharvest.queue.database import many
from mailharvest.queue.failing import Settlement, judge, unfit
from mailharvest.queue.job import Job, load_job
from mailharvest.queue.notes import note_errors, note_pages
from mailharvest.queue.parts import part_path, publish, sweep, write_pending
from mailharvest.queue.pool import Claim, Outcome
from mailharvest.queue.progressing import Progress, advance, spec_of
from mailharvest.queue.storable import is_table
from mailharvest.queue.tally import Tally

if TYPE_CHECKING:
    from mailharvest.queue.ledger import Ledger

log = logging.getLogger(__name__)

WRITERS = 4
"""Parts that are written at a time; each waits for the disk."""

_CHUNKS = text("SELECT * FROM chunk WHERE id IN :ids AND state = 'running'").bindparams(
    bindparam("ids", expanding=True)
)
_JOBS = text("SELECT * FROM job WHERE no IN :jobs").bindparams(bindparam("jobs", expanding=True))
_TOUCH = text(f"UPDATE job SET {TOUCH} WHERE no IN :jobs").bindparams(
    bindparam("jobs", expanding=True)
)
_FINISH = text("""
    UPDATE chunk SET state = 'done', finished_at = :now, worker = :worker, part = :part,
        records = :records, stats = :stats, value = :value, pace = :pace, data = :data
    WHERE id = :id
""")
_PARTS = text("UPDATE job SET parts = :parts, found = :found WHERE no = :no")
_LATER = text("SELECT id FROM chunk WHERE job = :no AND part > :seen ORDER BY part")


@dataclass(slots=True)
class Committed:
    """What a commit did, for whoever called it.

    Attributes
    ----------
    finished : list of Claim
        Chunks that are done.
    ended : list of (job id, state, reason)
        Jobs that ended.
    """

    finished: list[Claim] = field(default_factory=list)
    ended: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: Committed) -> None:
        """What another commit did as well."""
        self.finished += other.finished
        self.ended += other.ended


@dataclass(slots=True)
class _Known:
    """What a dispatcher remembers of a job's addresses."""

    index: records.UniqueIndex = field(default_factory=records.UniqueIndex)
    seen: int = 0  # parts of the job that are in the index


@dataclass(frozen=True, slots=True)
class _Arrived:
    """An outcome whose part, if it has one, lies on the disk under a name of its own."""

    outcome: Outcome
    table: pa.Table | None = None
    part: Path | None = None
    pending: Path | None = None


class Committer:
    """Commits outcomes, batch by batch.

    Parameters
    ----------
    ledger : Ledger
    parts : path
        Folder of the parts: ``job id / chunk id .parquet``. Dispatchers that share a ledger
        share this folder too.
    seed : int, optional
        For the jitter of retries.
    tries : int, optional
        Instead of each job's own.
    """

    def __init__(
        self,
        ledger: Ledger,
        parts: str | os.PathLike[str],
        *,
        seed: int | None = None,
        tries: int | None = None,
    ) -> None:
        self.ledger = ledger
        self.parts = Path(parts)
        self.rng = random.Random(seed)
        self.tries = tries
        self._jobs: dict[str, Job] = {}
        self._known: defaultdict[int, _Known] = defaultdict(_Known)
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="parts")

    def part(self, job_id: str, chunk_id: int) -> Path:
        """Where the records of a chunk are."""
        return part_path(self.parts, job_id, chunk_id)

    def close(self) -> None:
        """Wait for what is being written."""
        self._threads.shutdown()

    def load(self, row: Row[Any]) -> Job:
        """The job of a row; SpecError if its class cannot be had here."""
        job = self._jobs.get(row.id)
        if job is None:
            job = self._jobs[row.id] = load_job(row.kind, row.args)
            if len(self._jobs) > 1_000:
                del self._jobs[next(iter(self._jobs))]
        return job

    def commit(self, outcomes: Sequence[Outcome], *, dispatcher: str | None = None) -> Committed:
        """Make these outcomes part of the ledger; those with an old lease change nothing.

        One that cannot be committed, whatever its job handed back, fails; the others do not.

        Raises
        ------
        LedgerError
            The ledger cannot be written; what is not committed may be given again.
        """
        try:
            return self._commit(outcomes, dispatcher)
        except Exception as error:
            if unfit(error) is None:
                raise
        done = Committed()
        for outcome in outcomes:
            done.add(self._alone(outcome, dispatcher))
        return done

    def _alone(self, outcome: Outcome, dispatcher: str | None) -> Committed:
        """Commit one of a batch that could not be; if it was the reason, that is its failure."""
        try:
            return self._commit([outcome], dispatcher)
        except Exception as error:
            failure = unfit(error)
            if failure is None:
                raise
            log.exception("chunk %d cannot be committed", outcome.claim.chunk_id)
        return self._commit([replace(outcome, result=None, failure=failure)], dispatcher)

    def _commit(self, outcomes: Sequence[Outcome], dispatcher: str | None) -> Committed:
        arrived = list(self._threads.map(self._write, outcomes))
        done = Committed()
        touched: dict[int, Progress] = {}
        try:
            with self.ledger.database.write() as connection:
                touched = self._settle(connection, arrived, dispatcher, done)
        except BaseException:
            for no in touched or list(self._known):
                self._known.pop(no, None)  # it may count what was undone: to be read anew
            raise
        self._afterwards(arrived, touched, done)
        return done

    def settle(self, jobs: Sequence[int] | None = None) -> Committed:
        """End the jobs that have nothing left to do, such as one that was added empty."""
        done = Committed()
        with self.ledger.database.write() as connection:
            rows = self.ledger.idle_jobs(connection, jobs)
            if rows:
                now, tally = self.ledger.clock(), Tally()
                touched = {row.no: self._progress(row) for row in rows}
                done.ended = advance(connection, touched, now, tally)
        self._afterwards([], touched if rows else {}, done)
        return done

    def _write(self, outcome: Outcome) -> _Arrived:
        table = outcome.result.records if outcome.result is not None else None
        if table is None or table.num_rows == 0:
            return _Arrived(outcome)
        claim = outcome.claim
        try:
            table = load_job(claim.job_kind, claim.job_args).sift(table)
            if not is_table(table):
                raise TypeError("sift must return a table in records.SCHEMA")
        except Exception as error:
            return _Arrived(Outcome(claim, failure=failure_of(error), worker=outcome.worker))
        if table.num_rows == 0:
            return _Arrived(outcome)
        final = self.part(claim.job_id, claim.chunk_id)
        return _Arrived(outcome, table, final, write_pending(table, final, claim.lease))

    def _settle(
        self,
        connection: Connection,
        arrived: Sequence[_Arrived],
        dispatcher: str | None,
        done: Committed,
    ) -> dict[int, Progress]:
        now, tally = self.ledger.clock(), Tally()
        ids = [a.outcome.claim.chunk_id for a in arrived]
        rows = {row.id: row for row in connection.execute(_CHUNKS, {"ids": ids})}
        live: list[tuple[_Arrived, Row[Any]]] = []
        for a in arrived:
            row = rows.get(a.outcome.claim.chunk_id)
            if row is not None and row.lease == a.outcome.claim.lease:
                live.append((a, row))
        numbers = sorted({row.job for _, row in live})
        touched = {
            job.no: self._progress(job) for job in connection.execute(_JOBS, {"jobs": numbers})
        }
        if not live:
            return touched
        connection.execute(_TOUCH, {"jobs": numbers, "now": now})
        results = [(a, row) for a, row in live if a.outcome.result is not None]
        self._finish(connection, results, touched, now, tally)
        done.finished = [a.outcome.claim for a, _ in results]
        failures = [(a.outcome, row) for a, row in live if a.outcome.failure is not None]
        lost = self._fail(connection, failures, touched, now, tally)
        if dispatcher is not None:
            members.credit(connection, dispatcher, [a.outcome.result for a, _ in results], lost)
        done.ended = advance(connection, touched, now, tally)
        return touched

    def _progress(self, row: Row[Any]) -> Progress:
        try:
            return Progress(row, self.load(row))
        except SpecError as error:
            return Progress(row, None, broken=str(error))

    # what came back well

    def _finish(
        self,
        connection: Connection,
        results: Sequence[tuple[_Arrived, Row[Any]]],
        touched: dict[int, Progress],
        now: float,
        tally: Tally,
    ) -> None:
        parts = self._keep(connection, results, touched, tally)
        updates = []
        for a, row in results:
            result, job = a.outcome.result, touched[row.job]
            assert result is not None
            note_pages(connection, row, result.errors, now, tally)
            for name, n in result.stats.items():
                tally.add(row.job, "stat", name, n)
            for site, n in result.sites.items():
                tally.add(row.job, "site", site, n)
            job.done.append((spec_of(row), result.value))
            tally.chunks(row.job, row.kind, "running", "done")
            updates.append(
                {
                    "id": row.id,
                    "now": now,
                    "worker": a.outcome.worker,
                    "part": parts.get(row.id),
                    "records": 0 if a.table is None else a.table.num_rows,
                    "stats": json.dumps(result.stats),
                    "value": None if result.value is None else json.dumps(result.value),
                    "pace": json.dumps(result.pace) if result.pace else None,
                    # The URLs of a chunk are in the frontier; there is no need to keep them twice.
                    "data": row.data if row.planned else "{}",
                }
            )
        if updates:
            many(connection, _FINISH, updates)
            self._spread(connection, results, now, tally)
        publish((a.pending, a.part) for a, _ in results if a.pending and a.part)
        counted = [
            {"no": no, "parts": job.parts, "found": job.found}
            for no, job in sorted(touched.items())
        ]
        many(connection, _PARTS, counted)

    def _keep(
        self,
        connection: Connection,
        results: Sequence[tuple[_Arrived, Row[Any]]],
        touched: dict[int, Progress],
        tally: Tally,
    ) -> dict[int, int]:
        """Count the records of these chunks; the number of its part for each that has one."""
        emails: defaultdict[int, dict[int, pa.ChunkedArray]] = defaultdict(dict)
        for a, row in results:
            if a.table is not None:
                emails[row.job][row.id] = a.table["email"]
        parts: dict[int, int] = {}
        for no, columns in emails.items():
            job, known = touched[no], self._known[no]
            if known.seen < job.parts:  # of another dispatcher, or of an earlier run
                later = connection.scalars(_LATER, {"no": no, "seen": known.seen})
                for path in [self.part(job.row.id, chunk) for chunk in later]:
                    known.index.add(records.read_parts([path], columns=["email"])["email"])
            new = known.index.add(*columns.values())
            parts |= {chunk: job.parts + n for n, chunk in enumerate(columns, 1)}
            known.seen = job.parts = job.parts + len(columns)
            job.found = len(known.index)
            count = sum(map(len, columns.values()))
            tally.add(no, "stat", "records", count)
            tally.add(no, "stat", "duplicates", count - new)
        return parts

    def _spread(
        self,
        connection: Connection,
        results: Sequence[tuple[_Arrived, Row[Any]]],
        now: float,
        tally: Tally,
    ) -> None:
        """Into the frontiers: what was fetched, what was handed back, what was found."""
        fetched: defaultdict[int, dict[int, Sequence[FoundURL]]] = defaultdict(dict)
        found: defaultdict[int, list[FoundURL]] = defaultdict(list)
        lost: defaultdict[int, dict[int, Sequence[str]]] = defaultdict(dict)
        for a, row in results:
            result = a.outcome.result
            assert result is not None
            if row.shard is not None and not row.planned:
                fetched[row.job][row.id] = result.leftovers
                lost[row.job][row.id] = result.lost
            else:
                found[row.job] += result.leftovers
            found[row.job] += result.urls
        for job, chunks in fetched.items():
            frontier.finish(connection, job, chunks, now, tally, lost[job])
        for job, urls in found.items():
            frontier.put(connection, job, urls, now, tally)

    # what did not

    def _fail(
        self,
        connection: Connection,
        failures: Sequence[tuple[Outcome, Row[Any]]],
        touched: dict[int, Progress],
        now: float,
        tally: Tally,
    ) -> int:
        """Retry, release, split or give up; how many chunks failed for good."""
        lost = 0
        verdicts: list[Settlement] = []
        for outcome, row in failures:
            assert outcome.failure is not None
            job = touched[row.job]
            verdict = judge(job, row, outcome.failure, self.tries or job.row.tries, now, self.rng)
            verdicts.append(verdict)
            if verdict.state == "failed":
                lost += 1
                job.failed.append((spec_of(row), outcome.failure.error))
                job.last_error = outcome.failure.message
            verdict.carry_out(connection, job.place, now, tally)
        note_errors(connection, [(o, r) for o, r in failures], verdicts, now, tally)
        return lost

    # afterwards, out of the transaction

    def _afterwards(
        self, arrived: Sequence[_Arrived], touched: dict[int, Progress], done: Committed
    ) -> None:
        for a in arrived:
            if a.pending is not None:
                a.pending.unlink(missing_ok=True)  # its lease was old
        by_id = {job.row.id: job for job in touched.values()}
        for job_id, state, reason in done.ended:
            self._known.pop(by_id[job_id].row.no, None)
            self._jobs.pop(job_id, None)
            sweep(self.parts / job_id)
            if state == "failed" and (job := by_id[job_id].job) is not None:
                self._threads.submit(tell_failed, job, by_id[job_id].last_error or reason)
