"""`Ticket`: a job on the queue, in the hand of the one who put it there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from mailharvest.errors import JobFailed, UnknownJob
from mailharvest.queue import events
from mailharvest.queue.job import seconds
from mailharvest.queue.ledger import JobRow, Ledger

LOOK = 0.1
"""Seconds between two looks at whether it has ended, at most."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job on the queue, as the one who put it there sees it. Everything is asked anew."""

    ledger: Ledger = field(repr=False)
    id: str

    @property
    def row(self) -> JobRow:
        """All that the ledger knows of it; `UnknownJob` if it was forgotten."""
        return self.ledger.job(self.id)

    @property
    def state(self) -> str:
        """planning, waiting, queued, running, completed, failed or cancelled."""
        return self.row.state

    @property
    def progress(self) -> float:
        """0 to 1, as its ``handle`` said last."""
        row = self.row
        return 1.0 if row.state == "completed" else row.progress or 0.0

    @property
    def result(self) -> Any:
        """What its ``handle`` returned, None until then; see `JobRow.result`."""
        return self.row.result

    def logs(self) -> list[str]:
        """The lines that it logged, oldest first; the last thousand."""
        with self.ledger.database.read() as connection:
            return events.logs(connection, self.id)

    def wait(self, timeout: float | str | None = None) -> Any:
        """Wait until it has ended; its result.

        Raises
        ------
        TimeoutError
            It goes on.
        JobFailed
            It failed or was cancelled.
        """
        until = None if timeout is None else time.monotonic() + seconds(timeout, "timeout")
        row, pause = self.row, 0.005
        while not row.ended:
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"job {self.id} is {row.state} after {timeout}")
            time.sleep(pause)
            pause = min(pause * 1.5, LOOK)
            try:
                row = self.row
            except UnknownJob:
                return None  # it has ended, and was not to be kept
        if row.state != "completed":
            raise JobFailed(f"job {self.id} {row.state}: {row.reason}")
        return row.result
