"""`harvest` starts a job on a cluster; `Run` is the handle on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from mailharvest import records, simweb
from mailharvest.cluster.bag import DaskPool
from mailharvest.cluster.connect import check, connect, need
from mailharvest.config import home_folder, made
from mailharvest.errors import Interrupted, JobFailed, SpecError
from mailharvest.job import HarvestJob
from mailharvest.meter import Meter
from mailharvest.observe import TICK, Observer, observe
from mailharvest.progress import Snapshot
from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.given import a_job
from mailharvest.queue.job import Job, kind_of, load_job
from mailharvest.queue.jobs import Options
from mailharvest.queue.ledger import JobRow, Ledger
from mailharvest.queue.parts import part_path
from mailharvest.ui.words import Language

APART = "run:simweb"
"""Queue of the jobs whose simulated web ends with their run: `work` would find all its pages dead.
It is no name that `work` could be given; who names such a job goes on with it."""


def harvest(
    job: Job,
    on: Any = None,
    *,
    home: str | Path | None = None,
    workers: int | None = None,
    threads: int | None = None,
) -> Run:
    """Start `job` on a cluster and return its `Run` at once.

    Parameters
    ----------
    job : Job
        Usually a `HarvestJob`.
    on : distributed.Client, cluster, str or None
        Where: see `mailharvest.cluster.connect.connect`. A client that is given is never closed.
    home : path, optional
        Folder of the ledger and the parts; ``MAILHARVEST_HOME``, else the user's data folder.
    workers, threads : int, optional
        Size of our own cluster: processes, and chunks that each takes at once.

    Raises
    ------
    MailharvestError
        Bad input or no cluster; nothing has started.
    """
    with ExitStack() as opened:
        kind_of(a_job(job))  # one that workers cannot import is refused before there are any
        check(on, workers, threads)
        asked, job = job, _with_simweb(job, opened)
        ledger = open_ledger(home)
        opened.callback(ledger.close)
        connection = connect(on, workers=workers, threads=threads)
        opened.callback(connection.close)
        need(_key(job), connection.client)
        job_id = ledger.add(job, options=Options(queue=None if job is asked else APART))
        return Run(job_id, ledger, connection.client, folder(home), opened.pop_all())


def resume(
    job_id: str,
    on: Any = None,
    *,
    home: str | Path | None = None,
    workers: int | None = None,
    threads: int | None = None,
) -> Run:
    """Go on with a job where its run stopped, whatever stopped it; as `harvest`.

    Raises
    ------
    UnknownJob
        The ledger of `home` has no such job.
    """
    with ExitStack() as opened:
        check(on, workers, threads)
        ledger = open_ledger(home)
        opened.callback(ledger.close)
        row = ledger.job(job_id)
        job = _with_simweb(load_job(row.kind, row.args), opened)
        connection = connect(on, workers=workers, threads=threads)
        opened.callback(connection.close)
        need(_key(job), connection.client)
        ledger.reopen(job_id)
        return Run(job_id, ledger, connection.client, folder(home), opened.pop_all())


def folder(home: str | Path | None = None) -> Path:
    """Where ledger and parts of `home` live; made when it is not there."""
    return made(home_folder(home))


def open_ledger(home: str | Path | None = None, place: str | None = None) -> Ledger:
    """The ledger at `place`; that of `home` when none is named."""
    return Ledger(folder(home) / "ledger.db" if place is None else place)


def jobs(
    *,
    state: str | None = None,
    queue: str | None = None,
    home: str | Path | None = None,
    place: str | None = None,
) -> list[Snapshot]:
    """The jobs of the ledger, the newest first; those of one `state` or one `queue` only."""
    with open_ledger(home, place) as ledger:
        served = ledger.served()
        return [_still(ledger, row.id, served) for row in ledger.jobs(state, queue)]


def show(job_id: str, *, home: str | Path | None = None, place: str | None = None) -> Snapshot:
    """One job as the ledger has it.

    Raises
    ------
    UnknownJob
    """
    with open_ledger(home, place) as ledger:
        return _still(ledger, job_id, ledger.served())


def _still(ledger: Ledger, job_id: str, served: set[str]) -> Snapshot:
    """A job seen from outside: its rates are averages over all its time."""
    now = Meter().see(observe(ledger, job_id, None, served))
    if now.state == "interrupted":
        reason = f"nobody works on it; go on with: mailharvest resume {job_id}"
        return replace(now, reason=reason)
    return replace(now, reason=now.outlook) if now.waits_until else now


def export(
    job_id: str, path: str | Path, *, home: str | Path | None = None, place: str | None = None
) -> None:
    """Write what a job found to `path`: .csv, .json, .jsonl or .parquet; ``-`` is CSV on stdout.

    Raises
    ------
    UnknownJob
    SpecError
        The ending is none of these.
    """
    with open_ledger(home, place) as ledger:
        wanted = ledger.job(job_id).wanted
        files = part_files(ledger, folder(home), job_id)
    records.export(_frame(files, wanted), path)


def part_files(ledger: Ledger, home: Path, job_id: str, after: int = 0) -> list[Path]:
    """The committed parts of a job, in the order of their commits, from number `after` on."""
    return [part_path(home / "parts", job_id, chunk) for chunk in ledger.parts(job_id, after)]


def _frame(files: Sequence[Path], wanted: int | None) -> pd.DataFrame:
    # Handed on without a name here, so that to_frame can let go of a column that it has read.
    return records.to_frame(records.read_parts(files, encoded=True), limit=wanted)


def _with_simweb(job: Job, opened: ExitStack) -> Job:
    """A job on the simulated web needs one: it is started here unless one answers already.

    A job that is taken up again finds its pages where they were, for its web is back on its port.
    """
    if not isinstance(job, HarvestJob) or job.search is None or job.search.provider != "simweb":
        return job
    port = urlsplit(job.search.base_url or "").port or 0
    if port and _answers(port):
        return job
    server = opened.enter_context(simweb.start(port=port))
    search = job.search.model_copy(update={"base_url": server.url})
    return job.model_copy(update={"search": search})


def _key(job: Job) -> str | None:
    """The environment variable with the key that a job searches with."""
    search = job.search if isinstance(job, HarvestJob) else None
    return search.api_key.name if search is not None and search.api_key is not None else None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Run:
    """A job being executed, and the handle on it.

    Closing it (or leaving its ``with`` block) stops the work here; the job stays in the ledger,
    and `resume` goes on with it.

    Attributes
    ----------
    job_id : str
    client : distributed.Client
    outputs : tuple of str
        Files that are written when the job has ended.
    """

    def __init__(
        self, job_id: str, ledger: Ledger, client: Any, home: Path, opened: ExitStack
    ) -> None:
        self.job_id = job_id
        self.client = client
        self._ledger = ledger
        self._home = home
        self._opened = opened
        self._pool = DaskPool(client)
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._dispatcher = Dispatcher(ledger, self._pool, parts=home / "parts", jobs=[job_id])
        job = load_job(self.row.kind, self.row.args)
        self.outputs = job.output if isinstance(job, HarvestJob) else ()
        self._written: list[str] = []
        self._observer = Observer(self._dispatcher, self._pool)
        self._observer.add(job_id)
        self._work = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._observer.start()
        self._work.start()

    # its thread

    def _dispatch(self) -> None:
        try:
            self._dispatcher.run()
            if self.row.ended:
                self._write_outputs()
        except Exception as error:
            self._error = error
        finally:
            self._observer.stop()  # so that `progress` is of the end
            self._ended.set()

    def _write_outputs(self) -> None:
        """Write all that can be written; the first that cannot be is said when the rest is safe."""
        frame = self.frame() if self.outputs else pd.DataFrame()
        wrong: list[SpecError] = []
        for path in self.outputs:
            try:
                records.export(frame, path)
                self._written.append(path)
            except SpecError as error:
                wrong.append(error)
        if wrong:
            there = "" if self._home == home_folder() else f" --home {self._home}"
            raise SpecError(
                f"job {self.job_id} has ended, but {wrong[0].message}",
                fix=f"what it found is kept: mailharvest export {self.job_id} FILE{there}",
            )

    # what a person asks

    @property
    def row(self) -> JobRow:
        """The job as the ledger has it."""
        return self._ledger.job(self.job_id)

    @property
    def state(self) -> str:
        """``queued``, ``running``, ``completed``, ``failed`` or ``cancelled``; ``interrupted`` when
        it was begun and nobody works on it any more."""
        return self.row.state_when(self._ledger.served())

    @property
    def reason(self) -> str | None:
        """Why it ended; None while it has not."""
        return self.row.reason

    @property
    def progress(self) -> Snapshot:
        """Counts, rates, ETA and resources, at most half a second old."""
        return self._observer.snapshot(self.job_id)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the work here has ended, at most `timeout` seconds; say whether it has."""
        ended = self._ended.wait(timeout)
        if ended and self._error is not None:
            raise self._error
        return ended

    def result(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait for the end and return the frame.

        Raises
        ------
        TimeoutError
            It goes on; `frame` has what is there now.
        JobFailed
            It failed; the reason is in the message, and `frame` has what was found before.
        Interrupted
            The run was closed before the end; `resume` goes on with the job.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"job {self.job_id} still runs after {timeout} s; see run.frame()")
        self._need_end()
        if self.state == "failed":
            raise JobFailed(
                f"job {self.job_id} failed: {self.reason};"
                f" run.frame() has the {self.row.found} addresses found before"
            )
        return self.frame()

    def _need_end(self) -> None:
        """The work here is over: see that the job is, too, so that no part passes for the whole."""
        if not self.row.ended:
            home = "" if self._home == home_folder() else f", home={str(self._home)!r}"
            raise Interrupted(
                f"job {self.job_id} is interrupted: go on with mh.resume({self.job_id!r}{home});"
                f" run.frame() has the {self.row.found} addresses found before"
            )

    def frame(self) -> pd.DataFrame:
        """One row per address found so far, best evidence first; at most as many as wanted."""
        return _frame(self._files(), self.row.wanted)

    def sightings(self) -> pd.DataFrame:
        """One row per sighting: each time that an address was seen."""
        frame: pd.DataFrame = records.read_parts(self._files()).to_pandas()
        return frame

    def _files(self, after: int = 0) -> list[Path]:
        return part_files(self._ledger, self._home, self.job_id, after)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """The sightings of each chunk as it is committed, from the first to the last.

        Raises
        ------
        Interrupted
            As `result`, when there will be no more.
        """
        seen = 0
        while True:
            ended = self._ended.wait(TICK)
            for path in self._files(after=seen):
                seen += 1
                yield records.read_parts([path]).to_pandas()
            if ended:
                self.wait()  # it knows what went wrong
                self._need_end()
                return

    def export(self, path: str | Path) -> None:
        """Write the frame to `path`: .csv, .json, .jsonl or .parquet."""
        records.export(self.frame(), path)

    def summary(self) -> dict[str, Any]:
        """The figures of the run: what ``mailharvest run --json`` prints."""
        row, seen = self.row, self.progress
        return {
            "job_id": self.job_id,
            "state": self.state,
            "reason": row.reason,
            "emails": row.found if row.wanted is None else min(row.found, row.wanted),
            "pages": row.pages,
            "errors": row.errors,
            "seconds": round(seen.elapsed_seconds, 3),
            "emails_per_minute": round(seen.emails_per_minute, 1),
            "outputs": list(self._written),
        }

    @property
    def working(self) -> bool:
        """Whether `progress` still changes."""
        return self._observer.working

    # its course

    def pause(self) -> None:
        """Begin no more chunks until `resume`; those that run now finish."""
        self._pool.paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._pool.paused = False
        self._dispatcher.wake()

    # its end

    def cancel(self) -> None:
        """End the job now; what was found stays."""
        self._ledger.cancel(self.job_id, "cancelled")
        self._dispatcher.wake()

    def stop(self, grace: float = 8.0) -> None:
        """Stop working on it here: chunks in flight get `grace` seconds, the rest goes back."""
        self._dispatcher.stop(grace)
        self._work.join()

    def close(self) -> None:
        """Stop, and close what this run opened."""
        self.stop(0.0)
        self._pool.close()
        self._opened.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def show(self, language: Language | None = None) -> None:
        """Show a live panel under the cell of a notebook; as a cell's last line a run does so.

        Parameters
        ----------
        language : {"en", "ar"}, optional
            None is the browser's.
        """
        from mailharvest.ui.widgets import Panel  # where there is no notebook nobody waits for it

        Panel(self, language).show()

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        seen = self.progress
        return f"<Run {self.job_id}: {self.state}, {seen.emails_found} addresses>"
