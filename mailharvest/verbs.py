"""The verbs of the queue on the command line: each calls one method of `Queue`, or `work`.

`VERBS` is added to the commands of `mailharvest.cli`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailharvest.errors import JobFailed, SpecError
from mailharvest.ui.text import visible

if TYPE_CHECKING:
    from mailharvest.queue.job import Job
    from mailharvest.queue.queue import Queue

VERBS: list[click.Command] = []

_home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the ledger and the parts; default: MAILHARVEST_HOME, else your data folder.",
)
_ledger = click.option("--ledger", "place", metavar="URL", help="sqlite:///… or postgresql://…")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


def _verb(*parameters: Callable[..., Any], name: str | None = None) -> Callable[..., click.Command]:
    """A command that is given a `Queue` first, opened for it and closed after it."""

    def make(act: Callable[..., int | None]) -> click.Command:
        def run(home: Path | None, place: str | None, **given: Any) -> int | None:
            from mailharvest.queue.queue import Queue

            with Queue(place, home=home) as queue:
                return act(queue, **given)

        run.__doc__ = act.__doc__
        body: Any = run
        for parameter in reversed([*parameters, _home, _ledger]):
            body = parameter(body)
        return click.command(name or act.__name__.strip("_").replace("_", "-"))(body)

    return make


def _listed(command: click.Command) -> click.Command:
    VERBS.append(command)
    return command


def _show(rows: Iterable[Any], columns: Sequence[str], *, as_json: bool) -> None:
    found = [row if isinstance(row, dict) else dataclasses.asdict(row) for row in rows]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    cells = [[c.upper().replace("_", " ") for c in columns]]
    cells += [[_cell(name, row[name]) for name in columns] for row in found]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name.endswith("at") and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, tuple):
        return ",".join(value)
    return str(visible(str(value), 80))


def job_from(path: Path) -> Job:
    """The job of a YAML file: a harvest, or with ``kind: module:Class`` a job of one's own.

    Raises
    ------
    SpecError
    """
    from mailharvest import jobfile
    from mailharvest.job import HarvestJob
    from mailharvest.queue.job import load_job

    said = jobfile.read(path).values
    if "kind" in said:
        kind = said.pop("kind")
        _here_on_path()
        return load_job(str(kind), json.dumps(said))
    job = HarvestJob.from_yaml(path)
    if job.search is not None and job.search.provider == "simweb" and job.search.base_url is None:
        raise SpecError(
            "only `run` starts a simulated web; workers of a queue must be told of one",
            file=str(path),
            field="search.base_url",
            fix="mailharvest simweb --port 8400, and base_url: http://127.0.0.1:8400",
        )
    return job


def _here_on_path() -> None:
    """A person's own classes are looked for in the current folder too."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


_dispatching = (
    click.option("--queue", "queue_name", metavar="NAME"),
    click.option("--priority", type=click.IntRange(1), help="1 is the most urgent."),
    click.option("--delay", metavar="TIME", default="0s", help="Such as 30s or 1h."),
    click.option("--id", "job_id", metavar="ID", help="If there is one of this id, that stays."),
)


def _dispatch(
    queue: Queue,
    job: Job,
    queue_name: str | None,
    priority: int | None,
    delay: str,
    job_id: str | None,
) -> None:
    ticket = queue.dispatch(job, queue=queue_name, priority=priority, delay=delay, job_id=job_id)
    click.echo(ticket.id)


@_listed
@_verb(click.argument("job_file", type=click.Path(path_type=Path)), *_dispatching)
def submit(queue: Queue, job_file: Path, **options: Any) -> None:
    """Put the job of a YAML file onto its queue; `work` does it."""
    _dispatch(queue, job_from(job_file), **options)


@_listed
@_verb(
    click.argument("kind", metavar="MODULE:CLASS"),
    click.option("--json", "args", default="{}", help="The fields of the job."),
    *_dispatching,
)
def dispatch(queue: Queue, kind: str, args: str, **options: Any) -> None:
    """Put a job of your own onto its queue."""
    from mailharvest.queue.job import load_job

    _here_on_path()
    _dispatch(queue, load_job(kind, args), **options)


@_listed
@_verb(click.argument("job_id"))
def logs(queue: Queue, job_id: str) -> None:
    """The lines that a job logged."""
    for line in queue.get(job_id).logs():
        click.echo(visible(line, 2000))


@_listed
@_verb(click.argument("job_id"), click.option("--timeout", metavar="TIME"))
def wait(queue: Queue, job_id: str, timeout: str | None) -> int:
    """Wait until a job has ended, and print its result; exit code 1 if it failed."""
    try:
        click.echo(json.dumps(queue.get(job_id).wait(timeout), ensure_ascii=False))
    except (JobFailed, TimeoutError) as error:
        click.echo(f"mailharvest: {visible(str(error), 2000)}", err=True)
        return 1
    return 0


@_listed
@_verb(click.argument("job_id"))
def cancel(queue: Queue, job_id: str) -> None:
    """End a job; what it found stays."""
    click.echo("cancelled" if queue.cancel(job_id) else "it had ended before")


@_listed
@_verb(click.argument("queue_name", metavar="QUEUE"))
def pause(queue: Queue, queue_name: str) -> None:
    """Start nothing more of a queue; what runs goes on."""
    queue.pause(queue_name)


@_listed
@_verb(click.argument("queue_name", metavar="QUEUE"))
def unpause(queue: Queue, queue_name: str) -> None:
    """Start what waits in a queue again."""
    queue.resume(queue_name)


@_listed
@_verb(
    click.argument("job_id", required=False),
    click.option("--queue", "queue_name", metavar="NAME", help="All failed jobs of this queue."),
    click.option("--all", "every", is_flag=True, help="All failed jobs."),
)
def retry(queue: Queue, job_id: str | None, queue_name: str | None, every: bool) -> None:
    """Let failed jobs go on with what they did not finish."""
    if job_id is None and queue_name is None and not every:
        raise click.UsageError("which? give an ID, --queue NAME or --all")
    for each in queue.retry(job_id, queue=queue_name):
        click.echo(each)


@_listed
@_verb(_json, click.option("--limit", type=click.IntRange(1), default=100))
def failed(queue: Queue, as_json: bool, limit: int) -> None:
    """List the failed jobs, the newest first."""
    columns = ("id", "title", "queue", "errors", "finished_at", "reason")
    _show(queue.failed(limit=limit), columns, as_json=as_json)


@_listed
@_verb(click.argument("job_id"))
def forget(queue: Queue, job_id: str) -> None:
    """Delete a job that has ended, with everything that it found."""
    queue.forget(job_id)


@_listed
@_verb(click.option("--older-than", metavar="TIME", default="0s", help="Such as 7d."))
def flush(queue: Queue, older_than: str) -> None:
    """Delete the failed jobs."""
    click.echo(f"{len(queue.flush(older_than))} jobs deleted")


@_listed
@_verb()
def prune(queue: Queue) -> None:
    """Delete the jobs that need not be kept any longer."""
    click.echo(f"{len(queue.prune())} jobs deleted")


@_listed
@_verb(_json, click.option("--limit", type=click.IntRange(1), default=100))
def dispatchers(queue: Queue, as_json: bool, limit: int) -> None:
    """List the dispatchers, the newest first."""
    columns = ("name", "host", "pid", "queues", "running", "done", "failed", "beat_at", "reason")
    _show(queue.ledger.dispatchers(limit), columns, as_json=as_json)


@_listed
@_verb()
def stats(queue: Queue) -> None:
    """Figures of queue and dispatchers, as JSON."""
    from mailharvest.queue.control import stats

    click.echo(json.dumps(stats(queue.ledger)))


@_listed
@_verb(click.option("--once", is_flag=True, help="One picture, and no more."))
def top(queue: Queue, once: bool) -> None:
    """Watch the whole queue live; q or Ctrl-C ends it."""
    from rich.console import Console

    from mailharvest.top import top

    top(queue, Console(highlight=False), once=once)


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--job", "job_id", metavar="ID")
@click.option("--kind", metavar="KIND", help="Such as dns, timeout, chunk_error.")
@click.option("--limit", type=click.IntRange(1), default=100)
@_json
@_home
@_ledger
def errors(
    ctx: click.Context,
    job_id: str | None,
    kind: str | None,
    limit: int,
    as_json: bool,
    home: Path | None,
    place: str | None,
) -> None:
    """List the errors that nobody has seen to; `errors resolve` marks them."""
    from mailharvest.queue.queue import Queue

    if ctx.invoked_subcommand is None:
        with Queue(place, home=home) as queue:
            found = queue.ledger.errors(job_id, kind=kind, resolved=False, limit=limit)
        _show(found, ("id", "at", "job_id", "severity", "kind", "site", "message"), as_json=as_json)


@_verb(
    click.argument("error_id", type=int, required=False),
    click.option("--all", "every", is_flag=True),
)
def _resolve(queue: Queue, error_id: int | None, every: bool) -> None:
    """Mark an error, or all, as seen to."""
    from mailharvest.queue.control import resolve

    if (error_id is None) != every:
        raise click.UsageError("which? give an ID, or --all")
    click.echo(f"{resolve(queue.ledger, error_id)} resolved")


errors.add_command(_resolve)
VERBS.append(errors)


@click.group()
def schedule() -> None:
    """Jobs that run again and again."""


VERBS.append(schedule)


@_verb(
    click.argument("name"),
    click.argument("job_file", type=click.Path(path_type=Path)),
    click.option("--cron", metavar="'M H D M W'", help="Five fields; six with the seconds first."),
    click.option("--every", metavar="TIME", help="Such as 1h."),
    click.option("--tz", default="UTC", show_default=True),
    click.option("--overlap", type=click.Choice(["skip", "allow"]), default="skip"),
    click.option("--grace", metavar="TIME", help="Leave a run out that is later than this."),
)
def add(queue: Queue, name: str, job_file: Path, **when: Any) -> None:
    """Put the job of a YAML file onto its queue again and again."""
    made = queue.schedule(name, job_from(job_file), **when)
    click.echo(f"{name}: next at {_cell('next_at', made.next_at)} UTC")


@_verb(_json)
def _list(queue: Queue, as_json: bool) -> None:
    """List the schedules."""
    columns = ("name", "kind", "cron", "every", "tz", "next_at", "last_at")
    _show(queue.schedules(), columns, as_json=as_json)


@_verb(click.argument("name"))
def remove(queue: Queue, name: str) -> int:
    """Remove a schedule."""
    if queue.unschedule(name):
        return 0
    raise SpecError(f"no schedule {name!r}", fix="mailharvest schedule list")


@_verb(click.argument("name"))
def run_now(queue: Queue, name: str) -> None:
    """Put the job of a schedule onto its queue now."""
    click.echo(queue.run_now(name).id)


for _command in (add, _list, remove, run_now):
    schedule.add_command(_command)


@_listed
@click.command()
@click.argument("name", required=False)
@click.option("--queue", "queues", default="default", show_default=True, metavar="A,B,C",
              help="Strictly in this order.")  # fmt: skip
@click.option("--scheduler", metavar="ADDR", help="Address of a Dask scheduler to run on.")
@click.option("--workers", type=click.IntRange(1), help="Processes of our own cluster.")
@click.option("--threads", type=click.IntRange(1), help="Chunks at once in each of them.")
@click.option("--sleep", default="2s", show_default=True, metavar="TIME")
@click.option("--tries", type=click.IntRange(1), help="Instead of what each job says.")
@click.option("--timeout", metavar="TIME", help="Instead of what each job says.")
@click.option("--max-jobs", type=click.IntRange(1))
@click.option("--max-time", metavar="TIME", help="Such as 1h.")
@click.option("--max-memory", metavar="SIZE", help="Such as 512MB.")
@click.option("--stop-when-empty", is_flag=True, help="Stop when nothing is ready: for cron.")
@click.option("--once", is_flag=True, help="Do one job, if there is one, and stop.")
@click.option("--drain", is_flag=True, help="Stop when no job is left, delayed ones included.")
@click.option("--stale-after", default="5m", show_default=True, metavar="TIME")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text")
@_home
@_ledger
def work(
    name: str | None, queues: str, once: bool, max_jobs: int | None, stop_when_empty: bool,
    log_format: str, **options: Any,
) -> int:  # fmt: skip
    """Do the jobs of the queue until stopped; start as many of these as you like."""
    from mailharvest.queue.report import JsonLines
    from mailharvest.work import work

    _here_on_path()
    shown = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    shown.setFormatter(JsonLines() if log_format == "json" else plain)
    logger = logging.getLogger("mailharvest")
    logger.addHandler(shown)
    logger.setLevel(logging.INFO)
    try:
        reason = work(
            name,
            queues=[part.strip() for part in queues.split(",")],
            max_jobs=1 if once else max_jobs,
            stop_when_empty=stop_when_empty or once,
            **_measured(options),
        )
        logger.info("stopped: %s", reason)
    finally:
        logger.removeHandler(shown)
    return 0


def _measured(options: dict[str, Any]) -> dict[str, Any]:
    """Durations in seconds and sizes in bytes."""
    from dask.utils import parse_bytes

    from mailharvest.queue.job import seconds

    for key in ("sleep", "timeout", "max_time", "stale_after"):
        if options[key] is not None:
            options[key] = seconds(options[key], key)
    if options["max_memory"] is not None:
        try:
            options["max_memory"] = parse_bytes(options["max_memory"])
        except ValueError:
            raise SpecError(
                f"{options['max_memory']!r} is no size", field="max_memory", fix="such as 512MB"
            ) from None
    return options
