"""Verbs on jobs: put them onto their queue, wait for them, end them, forget them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailharvest.errors import JobFailed, SpecError
from mailharvest.ui.text import visible
from mailharvest.verbs.making import JSON, here_on_path, show, verb

if TYPE_CHECKING:
    from mailharvest.queue.job import Job
    from mailharvest.queue.queue import Queue


def job_from(path: Path) -> Job:
    """The job of a YAML file: a harvest, or with ``kind: module:Class`` a job of one's own.

    Raises
    ------
    SpecError
    """
    from mailharvest import jobfile
    from mailharvest.job import HarvestJob

    said = jobfile.read(path).values
    if "kind" in said:
        kind = said.pop("kind")
        return _own(str(kind), json.dumps(said))
    job = HarvestJob.from_yaml(path)
    if job.search is not None and job.search.provider == "simweb" and job.search.base_url is None:
        raise SpecError(
            "only `run` starts a simulated web; workers of a queue must be told of one",
            file=str(path),
            field="search.base_url",
            fix="mailharvest simweb --port 8400, and base_url: http://127.0.0.1:8400",
        )
    return job


def _own(kind: str, args: str) -> Job:
    """A job of a person's own class, which may stand in the current folder."""
    from mailharvest.queue.job import load_job

    module, _, name = kind.partition(":")
    if not module or not name:
        raise SpecError(f"{kind!r} names no class", field="kind", fix="write module:Class")
    here_on_path()
    return load_job(kind, args)


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
    warn_of_outputs(job, ticket.id)


def warn_of_outputs(job: Job, job_id: str) -> None:
    """Say on stderr that nobody will write the files that this job names, and what does."""
    from mailharvest.job import HarvestJob

    if isinstance(job, HarvestJob) and job.output:
        said = f"`work` writes no output; when the job has ended: mailharvest export {job_id}"
        click.echo(f"mailharvest: {said} {visible(job.output[0], 1000)}", err=True)


@verb(click.argument("job_file", type=click.Path(path_type=Path)), *_dispatching)
def submit(queue: Queue, job_file: Path, **options: Any) -> None:
    """Put the job of a YAML file onto its queue; `work` does it."""
    _dispatch(queue, job_from(job_file), **options)


@verb(
    click.argument("kind", metavar="MODULE:CLASS"),
    click.option("--json", "args", default="{}", help="The fields of the job."),
    *_dispatching,
)
def dispatch(queue: Queue, kind: str, args: str, **options: Any) -> None:
    """Put a job of your own onto its queue."""
    _dispatch(queue, _own(kind, args), **options)


@verb(click.argument("job_id"))
def logs(queue: Queue, job_id: str) -> None:
    """The lines that a job logged."""
    for line in queue.get(job_id).logs():
        click.echo(visible(line, 2000))


@verb(click.argument("job_id"), click.option("--timeout", metavar="TIME"))
def wait(queue: Queue, job_id: str, timeout: str | None) -> int:
    """Wait until a job has ended, and print its result; exit code 1 if it failed."""
    try:
        click.echo(json.dumps(queue.get(job_id).wait(timeout), ensure_ascii=False))
    except (JobFailed, TimeoutError) as error:
        click.echo(f"mailharvest: {visible(str(error), 2000)}", err=True)
        return 1
    return 0


@verb(click.argument("job_id"))
def cancel(queue: Queue, job_id: str) -> None:
    """End a job; what it found stays."""
    click.echo("cancelled" if queue.cancel(job_id) else "it had ended before")


@verb(
    click.argument("job_id", required=False),
    click.option("--queue", "queue_name", metavar="NAME", help="All failed jobs of this queue."),
    click.option("--all", "every", is_flag=True, help="All failed jobs."),
)
def retry(queue: Queue, job_id: str | None, queue_name: str | None, every: bool) -> None:
    """Let failed jobs go on with what they did not finish."""
    if job_id is None and queue_name is None and not every:
        raise click.UsageError("which? give an ID, --queue NAME or --all")
    if job_id is not None and every:
        raise click.UsageError("an ID, or --all: not both")
    again = queue.retry(job_id, queue=queue_name)
    for each in again:
        click.echo(each)
    if not again:
        there = "" if queue_name is None else f" in queue {queue_name}"
        why = f"there is no failed job{there}"
        if job_id is not None:
            why = f"job {job_id} is {queue.get(job_id).state}; failed jobs{there} are retried"
        click.echo(f"nothing to retry: {why}", err=True)


@verb(JSON, click.option("--limit", type=click.IntRange(1), default=100))
def failed(queue: Queue, as_json: bool, limit: int) -> None:
    """List the failed jobs, the newest first."""
    columns = ("id", "title", "queue", "errors", "finished_at", "reason")
    show(queue.failed(limit=limit), columns, as_json=as_json)


@verb(click.argument("job_id"))
def forget(queue: Queue, job_id: str) -> None:
    """Delete a job that has ended, with everything that it found."""
    queue.forget(job_id)


@verb(click.option("--older-than", metavar="TIME", default="0s", help="Such as 7d."))
def flush(queue: Queue, older_than: str) -> None:
    """Delete the failed jobs."""
    click.echo(f"{len(queue.flush(older_than))} jobs deleted")


@verb()
def prune(queue: Queue) -> None:
    """Delete the jobs that need not be kept any longer."""
    click.echo(f"{len(queue.prune())} jobs deleted")
