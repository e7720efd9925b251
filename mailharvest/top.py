"""`top`: the whole queue in the terminal, live, from the ledger alone."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from rich.console import Console
from rich.live import Live

from mailharvest.meter import Meter
from mailharvest.observe import observe
from mailharvest.progress import Snapshot
from mailharvest.queue.control import stats
from mailharvest.queue.lately import Worker, workers
from mailharvest.queue.ledger import JobRow
from mailharvest.queue.queue import Queue
from mailharvest.queue.schema import OPEN
from mailharvest.ui.overview import Overview, overview

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

TICK = 0.5
"""Seconds between two pictures."""

SLOW = 4
"""Pictures for which workers and errors hold: they change slowly, and are read from long tables."""

JOBS = 60
"""Jobs that are looked at: a tall screen of them."""

NEWEST = 500
"""Errors that are looked at for their kinds."""


def top(queue: Queue, console: Console, *, once: bool = False) -> None:
    """Draw the queue until a person presses q or Ctrl-C.

    Parameters
    ----------
    queue : Queue
    console : rich.console.Console
        One that is no terminal is given one picture.
    once : bool
        One picture, and no more.
    """
    watch = Watch(queue)
    if once or not console.is_terminal:
        console.print(overview(watch.look()))
        return
    with (
        contextlib.suppress(KeyboardInterrupt),
        _keys() as pressed,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            began = time.monotonic()
            live.update(overview(watch.look(), console.height, hint="q ends"), refresh=True)
            if pressed(max(TICK - (time.monotonic() - began), 0.05)) in ("q", "Q"):
                return


class Watch:
    """Looks at a queue again and again: rates and ETA need more than one look.

    Parameters
    ----------
    queue : Queue
    """

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._meters: dict[str, Meter] = {}
        self._looks = 0
        self._workers: list[Worker] = []
        self._errors: list[tuple[str, int, float, str]] = []

    def look(self) -> Overview:
        """The queue as it is now."""
        ledger = self.queue.ledger
        if self._looks % SLOW == 0:
            self._workers, self._errors = workers(ledger), self._what()
            self._totals = stats(ledger)["queue-stats"]
        self._looks += 1
        return Overview(
            at=ledger.clock(),
            place=ledger.database.url.render_as_string(hide_password=True),
            jobs=self._jobs(),
            counts=cast(dict[str, int], self.queue.counts()),
            chunks={of: int(n) for of, n in self._totals.items()},
            dispatchers=[row for row in ledger.dispatchers() if row.stopped_at is None],
            workers=self._workers,
            failed=self.queue.failed(limit=JOBS),
            errors=self._errors,
            schedules=sorted(self.queue.schedules(), key=lambda schedule: schedule.next_at),
            paused=self.queue.paused(),
        )

    def _jobs(self) -> list[tuple[JobRow, Snapshot]]:
        """Those at work, those that wait, those that ended; the newest first."""
        ledger = self.queue.ledger
        going = ledger.jobs(OPEN, limit=JOBS)
        going.sort(key=lambda row: row.state != "running")
        ended = ledger.jobs(("completed", "failed", "cancelled"), limit=JOBS - len(going))
        rows, served = going + ended, ledger.served()
        self._meters = {row.id: self._meters.get(row.id) or Meter() for row in going}
        return [(row, self._see(row, served)) for row in rows]

    def _see(self, row: JobRow, served: set[str]) -> Snapshot:
        if row.state != "running":  # what waits or has ended is in its row
            return Snapshot(
                state=row.state, emails_found=_shown(row), emails_wanted=row.wanted,
                chunks_pending=row.incomplete,
            )  # fmt: skip
        return self._meters[row.id].see(observe(self.queue.ledger, row.id, None, served))

    def _what(self) -> list[tuple[str, int, float, str]]:
        kinds: dict[str, tuple[str, int, float, str]] = {}
        for error in self.queue.ledger.errors(resolved=False, limit=NEWEST):
            _, n, at, message = kinds.get(error.kind, ("", 0, error.at, error.message))
            kinds[error.kind] = (error.kind, n + 1, at, message)
        return sorted(kinds.values(), key=lambda kind: -kind[1])


def _shown(row: JobRow) -> int:
    return row.found if row.wanted is None else min(row.found, row.wanted)


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Keys as they are pressed, without Enter: a function that waits for one, "" if none came."""
    if not sys.stdin.isatty():
        yield _none
    elif termios is None:
        yield _windows_key
    else:
        file = sys.stdin.fileno()
        before = termios.tcgetattr(file)
        tty.setcbreak(file)
        try:
            yield _key
        finally:
            termios.tcsetattr(file, termios.TCSADRAIN, before)


def _none(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _key(seconds: float) -> str:
    ready: Sequence[object] = select.select([sys.stdin], [], [], seconds)[0]
    return sys.stdin.read(1) if ready else ""


def _windows_key(seconds: float) -> str:
    import msvcrt

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if msvcrt.kbhit():  # type: ignore[attr-defined]
            return str(msvcrt.getwch())  # type: ignore[attr-defined]
        time.sleep(0.02)
    return ""
