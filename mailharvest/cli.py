"""The command line: every verb calls one public function.

Progress is drawn on stderr; results go to stdout, so that pipes work. Exit codes:

==  ==============================================================
0   the target was reached, or the source is exhausted
1   the job failed
2   bad input, or output that cannot be written: one clear line says what and where
3   interrupted, or the scheduler went away; ``mailharvest resume`` goes on
4   refused by the search provider: bad key, no credits, blocked
==  ==============================================================

What imports Dask is imported where it is used: ``--help`` should not take two seconds.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from mailharvest.errors import LedgerVersion, MailharvestError, Refused, SpecError, UnknownJob
from mailharvest.progress import Snapshot
from mailharvest.reason import Reason
from mailharvest.ui.text import visible
from mailharvest.verbs import VERBS
from mailharvest.verbs.making import HOME, JSON, LEDGER, table

if TYPE_CHECKING:
    from rich.console import Console

    from mailharvest.run import Run

FAILED, BAD_INPUT, INTERRUPTED, REFUSED = 1, 2, 3, 4
BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended: nobody reads on, and that is no failure."""

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Errors of a system that takes no more of our output; the last is of a stdout that was closed."""

STATES = ("planning", "waiting", "queued", "running", "completed", "failed", "cancelled")
"""What a job can be."""

STOP_SECONDS = 9.0
"""Seconds that an interrupted run has to put its chunks back, before the process just ends."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. What a person can mend is said in one line."""
    if sys.stdout is None:  # closed (>&-): who writes is to hear of it, as of a full disk
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    try:
        code = cli.main(argv, prog_name="mailharvest", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except click.Abort:
        return INTERRUPTED
    except MailharvestError as error:
        _let_go_of_stdout()  # it may be what could not be written
        _complain(str(error))
        return _code_of(error)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        _let_go_of_stdout()
        _complain(f"cannot write: {error.strerror}")
        return BAD_INPUT
    return code or 0


def _complain(what: str) -> None:
    for line in what.splitlines():
        click.echo(f"mailharvest: {visible(line, 2000)}", err=True)


def _code_of(error: Exception) -> int:
    if isinstance(error, (SpecError, UnknownJob, LedgerVersion)):
        return BAD_INPUT
    return REFUSED if isinstance(error, Refused) else FAILED


class _Verbs(click.Group):
    """A group of commands that is quiet when nobody reads its output any more."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _let_go_of_stdout()
            return BROKEN_PIPE
        return code


def _let_go_of_stdout() -> None:
    """The interpreter flushes stdout once more when it ends; that must not complain either."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="mailharvest")
def cli() -> None:
    """Harvest the e-mail addresses that the web publishes, politely and durably."""


def _running(verb: Callable[..., int]) -> Callable[..., int]:
    """The options of the verbs that execute a job."""
    options = (
        click.option("--scheduler", metavar="ADDR", help="Address of a Dask scheduler to run on."),
        click.option("--workers", type=click.IntRange(1), help="Processes of our own cluster."),
        click.option("--threads", type=click.IntRange(1), help="Chunks at once in each of them."),
        HOME,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
    )
    for option in reversed(options):
        verb = option(verb)
    return verb


@cli.command()
@click.argument("job_file", metavar="JOB.yaml", type=click.Path(path_type=Path))
@_running
@click.option(
    "--out", "outputs", metavar="FILE", multiple=True, help="Write here instead; repeatable."
)
def run(
    job_file: Path,
    scheduler: str | None,
    workers: int | None,
    threads: int | None,
    home: Path | None,
    as_json: bool,
    quiet: bool,
    outputs: tuple[str, ...],
) -> int:
    """Run a job to its end and write what it found."""
    from mailharvest.job import HarvestJob
    from mailharvest.run import harvest

    job = HarvestJob.from_yaml(job_file)
    if outputs:
        job = HarvestJob(**{**job.model_dump(), "output": outputs})
        job.check()
    if as_json and "-" in job.output:
        raise SpecError(
            "stdout takes the addresses or the result as JSON, not both",
            field="output",
            fix="name a file, or leave out --json",
        )
    return _follow(
        lambda: harvest(job, scheduler, home=home, workers=workers, threads=threads),
        home=home,
        scheduler=scheduler,
        as_json=as_json,
        quiet=quiet,
    )


@cli.command()
@click.argument("job_id")
@_running
def resume(
    job_id: str,
    scheduler: str | None,
    workers: int | None,
    threads: int | None,
    home: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Go on with a job where its run stopped, whatever stopped it."""
    from mailharvest.run import resume

    return _follow(
        lambda: resume(job_id, scheduler, home=home, workers=workers, threads=threads),
        home=home,
        scheduler=scheduler,
        as_json=as_json,
        quiet=quiet,
    )


def _follow(
    start: Callable[[], Run],
    *,
    home: Path | None,
    scheduler: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Start a run, show it until it ends or is interrupted, and say how it ended."""
    from mailharvest.ui.console import summary, terminal

    console = terminal(quiet=quiet)
    if scheduler is not None:  # one that does not answer is waited for
        console.print(f"connecting to {scheduler}", style="dim", markup=False)
    with _Interrupts() as interrupted, start() as run:
        again = f"mailharvest resume {run.job_id}" + (f" --home {home}" if home else "")
        interrupted.last_words = f"\ninterrupted; go on with: {again}\n"
        trouble = _watch(run, console, interrupted)
        stopped = not run.progress.ended if trouble else interrupted() and not run.wait(0)
        if stopped and trouble is None:
            console.print("stopping; Ctrl-C once more ends it at once", style="dim")
            run.stop()
        facts, now = run.summary(), run.progress
    if not stopped:
        console.print(summary(facts, now))
    if trouble is not None:
        _complain(str(trouble))
    elif quiet and not stopped and _exit_code(now):
        _complain(f"job {run.job_id}: {now.reason or now.state}")
    if stopped:
        click.echo(interrupted.last_words.strip(), err=True)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    if stopped:
        return INTERRUPTED
    return _exit_code(now) if trouble is None else _code_of(trouble)


def _watch(run: Run, console: Console, left: Callable[[], bool]) -> Exception | None:
    """Show a run until it ends; what went wrong with it, if something did.

    The job itself may be well: of one whose scheduler or disk is gone the ledger has all there was.
    """
    from mailharvest.ui.console import watch

    try:
        watch(run, console, left=left)
    except BrokenPipeError:
        raise
    except (MailharvestError, OSError) as error:
        return error
    return None


def _exit_code(now: Snapshot) -> int:
    try:
        return Reason(now.reason).exit_code
    except ValueError:  # a job of a person's own may end with any words
        return 0 if now.state == "completed" else FAILED


class _Interrupts(AbstractContextManager["_Interrupts"]):
    """Counts Ctrl-C and SIGTERM: the first asks for a stop, the second ends the process.

    Calling it says whether a stop was asked for. The process also ends when the stop has not come
    about after `STOP_SECONDS`: all that was committed is in the ledger, so nothing is lost.
    """

    def __init__(self) -> None:
        self.last_words = "\ninterrupted before the job was there; run it again\n"
        self._asked = False
        self._before: dict[int, Any] = {}
        self._deadline = threading.Timer(STOP_SECONDS, self._end)
        self._deadline.daemon = True

    def __call__(self) -> bool:
        return self._asked

    def __enter__(self) -> _Interrupts:
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the last is Windows' Ctrl-Break
            if number := getattr(signal, name, None):
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadline.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, *_: object) -> None:
        if self._asked:
            self._end()
        self._asked = True
        self._deadline.start()

    def _end(self) -> None:
        """End now, whatever other threads are doing; the live block may have hidden the cursor."""
        shown = "\x1b[?25h" if sys.stderr.isatty() else ""
        os.write(2, (shown + self.last_words).encode())
        os._exit(INTERRUPTED)


@cli.command()
@click.option("--state", type=click.Choice(STATES), help="Only those that are so.")
@click.option("--queue", metavar="NAME", help="Only those of this queue.")
@HOME
@LEDGER
@JSON
def jobs(
    state: str | None, queue: str | None, home: Path | None, place: str | None, as_json: bool
) -> None:
    """List the jobs of the ledger, the newest first."""
    from mailharvest.run import jobs

    found = jobs(state=state, queue=queue, home=home, place=place)
    if as_json:
        click.echo(json.dumps([job.as_dict() for job in found], ensure_ascii=False))
        return
    head = ("JOB", "STATE", "E-MAILS", "WANTED", "PAGES", "TITLE", "REASON")
    rows = [
        (
            job.job_id,
            job.state,
            f"{job.emails_found:,}",
            "" if job.emails_wanted is None else f"{job.emails_wanted:,}",
            f"{job.pages:,}",
            job.title,
            job.reason,
        )
        for job in found
    ]
    table([head, *rows])


@cli.command()
@click.argument("job_id")
@HOME
@LEDGER
@JSON
def show(job_id: str, home: Path | None, place: str | None, as_json: bool) -> None:
    """Show one job: its chunks, rates, and errors by kind."""
    from mailharvest.run import show
    from mailharvest.ui.console import errors

    job = show(job_id, home=home, place=place)
    if as_json:
        click.echo(json.dumps(job.as_dict(), ensure_ascii=False))
        return
    wanted = "" if job.emails_wanted is None else f" of {job.emails_wanted:,}"
    table(
        [
            ("job", job.job_id),
            ("title", job.title),
            ("state", f"{job.state}, {job.reason}" if job.reason else job.state),
            ("e-mails", f"{job.emails_found:,}{wanted}, {job.emails_per_minute:,.0f} a minute"),
            ("pages", f"{job.pages:,}, {job.pages_per_second:,.1f} a second"),
            ("time", job.elapsed_formatted),
            (
                "chunks",
                f"{job.chunks_pending:,} pending, {job.chunks_processing:,} processing,"
                f" {job.chunks_completed:,} completed, {job.chunks_failed:,} failed",
            ),
            ("errors", errors(job.errors, most=100) or "none"),
        ]
    )


@cli.command()
@click.argument("job_id")
@click.argument("file")
@HOME
@LEDGER
def export(job_id: str, file: str, home: Path | None, place: str | None) -> None:
    """Write what a job found: .csv, .json, .jsonl or .parquet; - is CSV on stdout."""
    from mailharvest.run import export

    export(job_id, file, home=home, place=place)


@cli.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def simweb(options: tuple[str, ...]) -> int:
    """Serve the simulated web by itself; `simweb --help` lists its options."""
    from mailharvest.simweb import main

    return main(options)


for _verb in VERBS:
    cli.add_command(_verb)
