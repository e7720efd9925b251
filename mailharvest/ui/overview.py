"""The whole queue on one screen of the terminal: what `mailharvest top` draws."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mailharvest.cluster.report import masked
from mailharvest.progress import Snapshot, about, duration
from mailharvest.queue.lately import Worker
from mailharvest.queue.rows import DispatcherRow, JobRow
from mailharvest.queue.schedules import Schedule
from mailharvest.ui.text import visible

FEW = 3
"""Rows of each list but that of the jobs, which has the rest of the screen."""

SILENT = 10.0
"""Seconds without a heartbeat after which a dispatcher is drawn as one that worries."""

COLOURS = {
    "running": "green",
    "interrupted": "yellow",
    "completed": "dim",
    "failed": "red",
    "cancelled": "dim",
}


@dataclass(frozen=True, slots=True)
class Overview:
    """The queue at one moment; times are epoch seconds.

    Attributes
    ----------
    place : str
        The ledger, for the head line.
    jobs : sequence of (JobRow, Snapshot)
        Those that go on first, then those that ended last.
    counts, chunks : mapping
        Jobs and chunks by state, all of them.
    workers : sequence of Worker
        Who did the newest chunks.
    errors : sequence of (kind, count, epoch seconds, message)
        Of the newest open errors.
    paused : sequence of str
        Queues.
    """

    at: float
    place: str = ""
    jobs: Sequence[tuple[JobRow, Snapshot]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    chunks: Mapping[str, int] = field(default_factory=dict)
    dispatchers: Sequence[DispatcherRow] = ()
    workers: Sequence[Worker] = ()
    failed: Sequence[JobRow] = ()
    errors: Sequence[tuple[str, int, float, str]] = ()
    schedules: Sequence[Schedule] = ()
    paused: Sequence[str] = ()


def overview(now: Overview, height: int | None = None, hint: str = "") -> RenderableType:
    """All of it, in at most `height` lines."""
    lists = [
        ("dispatchers", _dispatchers(now), len(now.dispatchers)),
        ("workers", _workers(now), len(now.workers)),
        ("failed jobs", _failed(now), now.counts.get("failed", 0)),
        ("open errors", _errors(now), len(now.errors)),
        ("schedules", _schedules(now), len(now.schedules)),
    ]
    below: list[RenderableType] = []
    used = 4
    for title, table, there in lists:
        if there or title == "dispatchers":
            below += [_title(title, there), table or _none("none: start one: mailharvest work")]
            used += 1 + (table.row_count if table else 1)
    room = len(now.jobs) if height is None else max(height - used, 1)
    jobs = _jobs(now, now.jobs[:room])
    head = [_head(now, hint), _counts(now), _title("jobs", sum(now.counts.values()))]
    return Group(*head, jobs or _none("none: mailharvest submit JOB.yaml"), *below)


def _head(now: Overview, hint: str) -> RenderableType:
    line = _table()
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    clock = time.strftime("%H:%M:%S", time.localtime(now.at))
    name = Text.assemble(("mailharvest top ", "bold"), (visible(now.place), "dim"))
    line.add_row(name, Text(f"{hint}  {clock}".strip(), style="dim"))
    return line


def _counts(now: Overview) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    for of, n in now.counts.items():
        style = "" if n else "dim"
        line.append(f"{n:,} ", style="bold red" if of == "failed" and n else style or "bold")
        line.append(f"{of}   ", style="dim")
    if now.paused:
        line.append(f"paused: {', '.join(visible(q, 64) for q in now.paused)}   ", style="yellow")
    line.append("chunks ", style="dim")
    line.append(", ".join(f"{n:,} {of}" for of, n in now.chunks.items()))
    return line


def _jobs(now: Overview, shown: Sequence[tuple[JobRow, Snapshot]]) -> Table | None:
    table = _table()
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, min_width=6)
    for _ in range(4):
        table.add_column(justify="right", no_wrap=True)
    for row, seen in shown:
        colour = "yellow" if row.queue in now.paused and not row.ended else ""
        table.add_row(
            Text(visible(row.title, 120)),
            Text(visible(seen.state, 20), style=colour or COLOURS.get(seen.state, "")),
            _bar(row, seen),
            Text(_found(row, seen)),
            Text(
                f"{seen.emails_per_minute:,.0f}/min" if seen.state == "running" else "", style="dim"
            ),
            Text(_when(row, seen), style="yellow" if seen.out_of_reach else ""),
            Text(f"{row.errors:,} err" if row.errors else "", style="dim"),
        )
    return table if shown else None


def _bar(row: JobRow, seen: Snapshot) -> ProgressBar:
    share = _share(row, seen)
    bad = "red" if row.state == "failed" else "green"
    return ProgressBar(total=1.0, completed=share, complete_style=bad, finished_style=bad)


def _share(row: JobRow, seen: Snapshot) -> float:
    """How much of a job is done, by the best there is to go by: 0 to 1."""
    if row.state == "completed":
        return 1.0
    if seen.percentage is not None:
        return seen.percentage / 100
    if row.progress is not None:
        return row.progress
    ended = seen.chunks_completed + seen.chunks_failed
    return ended / max(ended + seen.chunks_pending + seen.chunks_processing, 1)


def _found(row: JobRow, seen: Snapshot) -> str:
    of = "" if row.wanted is None else f"/{row.wanted:,}"
    return f"{100 * _share(row, seen):.0f}%  {seen.emails_found:,}{of}"


def _when(row: JobRow, seen: Snapshot) -> str:
    if row.ended:
        return duration(row.seconds)
    if seen.state != "running":
        return "waits"
    if seen.waits_until:
        return f"until {seen.waits_until}"
    return f"ETA {'…' if seen.eta_seconds is None else about(seen.eta_seconds)}"


def _dispatchers(now: Overview) -> Table | None:
    return _rows(
        (
            Text(visible(row.name, 40), style="bold"),
            Text(visible(row.host.partition("#")[0], 40), style="dim"),
            Text(visible(",".join(row.queues), 40)),
            Text(f"{row.running:,} running"),
            Text(f"{row.done:,} done, {row.failed:,} failed"),
            Text(f"{row.pages:,} pages"),
            Text(
                f"heard of {_ago(now, row.beat_at)}",
                style="yellow" if now.at - row.beat_at > SILENT else "dim",
            ),
        )
        for row in now.dispatchers[:FEW]
    )


def _workers(now: Overview) -> Table | None:
    return _rows(
        (
            Text(visible(worker.name.rpartition("/")[2], 60)),
            Text(f"{worker.chunks:,} of the newest chunks"),
            Text(f"the last {_ago(now, worker.at)}", style="dim"),
        )
        for worker in now.workers[:FEW]
    )


def _failed(now: Overview) -> Table | None:
    return _rows(
        (
            Text(visible(row.id, 40), style="bold"),
            Text(visible(row.title, 40)),
            Text(visible(masked(row.reason or ""), 100), style="red"),
            Text(_ago(now, row.finished_at or now.at), style="dim"),
        )
        for row in now.failed[:FEW]
    )


def _errors(now: Overview) -> Table | None:
    return _rows(
        (
            Text(f"{n:,}", style="yellow"),
            Text(visible(kind, 40)),
            Text(visible(masked(message), 100), style="dim"),
            Text(f"the last {_ago(now, at)}", style="dim"),
        )
        for kind, n, at, message in now.errors[:FEW]
    )


def _schedules(now: Overview) -> Table | None:
    return _rows(
        (
            Text(visible(row.name, 40), style="bold"),
            Text(visible(f"{row.cron} {row.tz}" if row.cron else f"every {row.every:g} s", 60)),
            Text(f"next in {about(max(row.next_at - now.at, 0))}", style="dim"),
        )
        for row in now.schedules[:FEW]
    )


def _rows(rows: Iterable[tuple[Text, ...]]) -> Table | None:
    """A line each; the last column but one may be cut."""
    listed = list(rows)
    if not listed:
        return None
    table = _table()
    for i in range(len(listed[0])):
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1 if i == 2 else None)
    for row in listed:
        table.add_row(*row)
    return table


def _table() -> Table:
    return Table.grid(expand=True, padding=(0, 2, 0, 0))


def _title(title: str, there: int) -> Text:
    return Text.assemble((title.upper(), "bold cyan"), (f"  {there:,}" if there else "", "dim"))


def _none(said: str) -> Text:
    return Text(said, style="dim")


def _ago(now: Overview, at: float) -> str:
    return f"{about(max(now.at - at, 0.0))} ago"
