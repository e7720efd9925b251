"""The terminal: one calm block while a run goes on, and a summary when it has ended.

All of it is for stderr, so that results on stdout can be piped. Where stderr is no terminal there
are plain lines instead, a few seconds apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mailharvest.progress import Snapshot, duration
from mailharvest.ui.text import visible

FRAME = 0.25
"""Seconds between two looks at whether there is something new to draw."""

LINE = 5.0
"""Seconds between two plain lines."""


class Watched(Protocol):
    """What can be watched: a run, or anything that has a snapshot and an end."""

    @property
    def progress(self) -> Snapshot:
        """How far it is now."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; say whether it has come."""


def terminal(*, quiet: bool = False) -> Console:
    """The console on stderr; a quiet one shows nothing."""
    return Console(stderr=True, quiet=quiet, highlight=False)


def watch(run: Watched, console: Console, left: Callable[[], bool] = lambda: False) -> None:
    """Draw `run` on `console` until it has ended, or `left` says that nobody wants to see more."""
    live = console.is_terminal and not console.is_dumb_terminal
    drawing: AbstractContextManager[Live | None] = nullcontext()
    if live:
        drawing = Live(
            block(run.progress), console=console, auto_refresh=False, redirect_stdout=False
        )
    with drawing as screen:
        said = time.monotonic()
        ended, drawn = False, run.progress
        while not ended and not left():
            ended = run.wait(FRAME)
            if screen is not None:
                if run.progress is not drawn:
                    drawn = run.progress
                    screen.update(block(drawn), refresh=True)
            elif time.monotonic() - said >= LINE:
                console.print(line(run.progress), soft_wrap=True)
                said = time.monotonic()


def block(now: Snapshot) -> RenderableType:
    """The live block."""
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(justify="right", no_wrap=True)
    head.add_row(Text(visible(now.title) or "job", style="bold"), Text(now.state, style="dim"))
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    bar.add_row(_bar(now), Text(_found(now), style="bold"))
    return Group(head, bar, *(_row(parts) for parts in _rows(now)))


def _bar(now: Snapshot) -> ProgressBar:
    if now.percentage is None:
        # Without a target there is nothing to fill; it pulses while the run goes on.
        return ProgressBar(total=1, completed=int(now.ended), pulse=now.state == "running")
    return ProgressBar(total=100, completed=now.percentage)


def _found(now: Snapshot) -> str:
    if now.emails_wanted is None:
        return f"{now.emails_found:,} e-mails"
    return f"{now.percentage:.0f}%  {now.emails_found:,} of {now.emails_wanted:,} e-mails"


def _rows(now: Snapshot) -> list[list[tuple[str, str, str]]]:
    """What the lines under the bar say: label, value, style."""
    worried = "yellow" if now.out_of_reach or now.no_workers else "green"
    rows = [
        [
            ("ETA", now.eta_formatted, "bold"),
            ("elapsed", now.elapsed_formatted, ""),
            ("e-mails/min", f"{now.emails_per_minute:,.0f}", ""),
            ("", now.outlook if not now.ended else "", worried),
        ],
        [
            ("pages", f"{now.pages:,} ({now.pages_per_second:,.0f}/s)", ""),
            ("sites", f"{now.sites:,}", ""),
            ("new per page", f"{now.new_per_page:.2f}", ""),
            ("duplicates", f"{now.duplicates:,}", ""),
        ],
        [
            ("slots", f"{now.active_slots:,} active of {now.slots:,}", ""),
            (
                "chunks",
                f"{now.chunks_pending:,} waiting, {now.chunks_processing:,} running,"
                f" {now.chunks_completed:,} done",
                "",
            ),
            ("failed", f"{now.chunks_failed:,}" if now.chunks_failed else "", "red"),
        ],
        [("errors", errors(now.errors) or "none", "yellow" if now.errors else "")],
    ]
    return [[cell for cell in row if cell[1]] for row in rows]


def _row(cells: list[tuple[str, str, str]]) -> Text:
    row = Text(no_wrap=True, overflow="ellipsis")
    for i, (label, value, style) in enumerate(cells):
        row.append("   " if i else "")
        row.append(f"{label} " if label else "", style="dim")
        row.append(visible(value), style=style)
    return row


def errors(kinds: Mapping[str, int], most: int = 6) -> str:
    """Errors by kind, the commonest first.

    >>> errors({"dns": 2, "timeout": 31})
    '33: timeout 31, dns 2'
    """
    if not kinds:
        return ""
    ranked = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{visible(kind, 40)} {count:,}" for kind, count in ranked[:most])
    return f"{sum(kinds.values()):,}: {shown}{', …' if len(ranked) > most else ''}"


def line(now: Snapshot) -> Text:
    """The same in one plain line, for logs."""
    parts = [
        _found(now),
        f"{now.emails_per_minute:,.0f}/min",
        f"ETA {now.eta_formatted}",
        f"{now.pages:,} pages",
        f"{now.active_slots} active",
        f"errors {errors(now.errors)}" if now.errors else "",
        now.outlook,
    ]
    return Text(f"[{now.elapsed_formatted}] " + " · ".join(visible(p) for p in parts if p))


def summary(facts: Mapping[str, Any], now: Snapshot) -> RenderableType:
    """How it ended: the reason, the figures, and what was written.

    Parameters
    ----------
    facts : mapping
        `Run.summary()`.
    now : Snapshot
        The last one.
    """
    good = facts["state"] == "completed"
    reason = Text(visible(str(facts["reason"] or facts["state"])), style="bold")
    head = Text.assemble(("✓ " if good else "✗ ", "green" if good else "red"), reason)
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim")
    rows.add_column(overflow="fold")
    rows.add_row("  e-mails", f"{facts['emails']:,} ({facts['emails_per_minute']:,.0f} a minute)")
    rows.add_row("  pages", f"{facts['pages']:,} from {now.sites:,} sites")
    rows.add_row("  time", duration(facts["seconds"]))
    rows.add_row("  errors", Text(errors(now.errors) or "none"))
    for path in facts["outputs"]:
        rows.add_row("  written", Text(visible(_short(path), 1000)))
    rows.add_row("  job", Text(visible(str(facts["job_id"]))))
    return Group(head, rows)


def _short(path: str) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
