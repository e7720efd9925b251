"""The verb `work`: a dispatcher in this terminal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from mailharvest.errors import SpecError
from mailharvest.verbs.making import HOME, LEDGER, here_on_path

if TYPE_CHECKING:
    pass


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
@HOME
@LEDGER
def work(
    name: str | None, queues: str, once: bool, max_jobs: int | None, stop_when_empty: bool,
    log_format: str, **options: Any,
) -> int:  # fmt: skip
    """Do the jobs of the queue until stopped; start as many of these as you like."""
    from mailharvest.queue.report import JsonLines
    from mailharvest.work import work

    here_on_path()
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
