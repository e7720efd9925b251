"""How a verb of the queue is made, and how it shows rows."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from mailharvest.ui.text import visible

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the ledger and the parts; default: MAILHARVEST_HOME, else your data folder.",
)
LEDGER = click.option("--ledger", "place", metavar="URL", help="sqlite:///… or postgresql://…")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


def verb(*parameters: Callable[..., Any], name: str | None = None) -> Callable[..., click.Command]:
    """A command that is given a `Queue` first, opened for it and closed after it."""

    def make(act: Callable[..., int | None]) -> click.Command:
        def run(home: Path | None, place: str | None, **given: Any) -> int | None:
            from mailharvest.queue.queue import Queue

            with Queue(place, home=home) as queue:
                return act(queue, **given)

        run.__doc__ = act.__doc__
        body: Any = run
        for parameter in reversed([*parameters, HOME, LEDGER]):
            body = parameter(body)
        return click.command(name or act.__name__.strip("_").replace("_", "-"))(body)

    return make


def show(rows: Iterable[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as a table of these columns, or all of them as JSON."""
    found = [row if isinstance(row, dict) else dataclasses.asdict(row) for row in rows]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    cells = [[c.upper().replace("_", " ") for c in columns]]
    cells += [[cell(name, row[name]) for name in columns] for row in found]
    table(cells)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as what is in them; the last is as long as it likes."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def cell(name: str, value: Any) -> str:
    """A value as a table shows it; times are UTC."""
    if value is None:
        return ""
    if name.endswith("at") and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, tuple):
        return ",".join(value)
    return str(visible(str(value), 80))


def here_on_path() -> None:
    """A person's own classes are looked for in the current folder too."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
