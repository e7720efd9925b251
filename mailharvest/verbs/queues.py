"""Verbs on whole queues: pauses, errors, dispatchers, figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailharvest.verbs.making import HOME, JSON, LEDGER, show, verb

if TYPE_CHECKING:
    from mailharvest.queue.queue import Queue


@verb(click.argument("queue_name", metavar="QUEUE"))
def pause(queue: Queue, queue_name: str) -> None:
    """Start nothing more of a queue; what runs goes on."""
    queue.pause(queue_name)
    empty = (
        ""
        if queue.ledger.jobs(queue=queue_name, limit=1)
        else "; no job is in a queue of that name"
    )
    click.echo(f"{queue_name} is paused{empty}")


@verb(click.argument("queue_name", metavar="QUEUE"))
def unpause(queue: Queue, queue_name: str) -> None:
    """Start what waits in a queue again."""
    paused = queue.paused()
    queue.resume(queue_name)
    if queue_name in paused:
        click.echo(f"{queue_name} goes on")
    else:
        click.echo(f"{queue_name} was not paused; paused queues: {', '.join(paused) or 'none'}")


@verb(JSON, click.option("--limit", type=click.IntRange(1), default=100))
def dispatchers(queue: Queue, as_json: bool, limit: int) -> None:
    """List the dispatchers, the newest first."""
    columns = ("name", "host", "pid", "queues", "running", "done", "failed", "beat_at", "reason")
    show(queue.ledger.dispatchers(limit), columns, as_json=as_json)


@verb()
def stats(queue: Queue) -> None:
    """Figures of queue and dispatchers, as JSON."""
    from mailharvest.queue.control import stats

    click.echo(json.dumps(stats(queue.ledger)))


@verb(click.option("--once", is_flag=True, help="One picture, and no more."))
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
@JSON
@HOME
@LEDGER
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
            if job_id is not None:
                queue.get(job_id)  # or it is said that there is none
            found = queue.ledger.errors(job_id, kind=kind, resolved=False, limit=limit)
        show(found, ("id", "at", "job_id", "severity", "kind", "site", "message"), as_json=as_json)


@verb(
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
