"""Verbs on schedules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailharvest.errors import SpecError
from mailharvest.verbs.jobs import job_from, warn_of_outputs
from mailharvest.verbs.making import JSON, cell, show, verb

if TYPE_CHECKING:
    from mailharvest.queue.queue import Queue


@click.group()
def schedule() -> None:
    """Jobs that run again and again."""


@verb(
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
    job = job_from(job_file)
    made = queue.schedule(name, job, **when)
    click.echo(f"{name}: next at {cell('next_at', made.next_at)} UTC")
    warn_of_outputs(job, "ID")


@verb(JSON)
def _list(queue: Queue, as_json: bool) -> None:
    """List the schedules."""
    columns = ("name", "kind", "cron", "every", "tz", "next_at", "last_at")
    show(queue.schedules(), columns, as_json=as_json)


@verb(click.argument("name"))
def remove(queue: Queue, name: str) -> int:
    """Remove a schedule."""
    if queue.unschedule(name):
        return 0
    raise SpecError(f"no schedule {name!r}", fix="mailharvest schedule list")


@verb(click.argument("name"))
def run_now(queue: Queue, name: str) -> None:
    """Put the job of a schedule onto its queue now."""
    click.echo(queue.run_now(name).id)


for _command in (add, _list, remove, run_now):
    schedule.add_command(_command)
