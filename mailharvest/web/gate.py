"""How many exchanges at once: as many as this process bears, found out by itself."""

from __future__ import annotations

import asyncio
from collections import deque

FIRST = 256
"""Exchanges at once, to begin with."""
LEAST = 32
"""Exchanges at once, however busy the machine is."""
EVERY = 0.2
"""Seconds between two looks at how late the loop is."""
CALM = 0.05
"""Seconds that the loop may be late while there is room for more."""
STEP = 256
"""Exchanges that are added at a time, at most: all begin at once, and keep the loop from others."""
LATE = 0.15
"""Seconds of lateness from which there are too many."""


class Gate:
    """Lets so many exchanges through at once; the others wait in line.

    How many follows the lateness of the event loop. Sites that answer slowly leave the loop idle,
    so the number grows, by a quarter or :data:`STEP` at a time, for as long as somebody waits;
    when the processor is what there is too little of, the loop is late, and the number shrinks by
    a quarter. Too many would only wait in buffers, with their time limits running: here they wait
    without.

    Parameters
    ----------
    most : int
        At most so many, whatever the loop says.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = min(FIRST, most)
        self.busy = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._visits: deque[tuple[asyncio.Future[None], int]] = deque()
        self._promised = 0  # to visits that were begun since the last look
        self._looking = False

    async def enter(self) -> None:
        """Wait for one's turn; who has come in must :meth:`leave`."""
        self._look_later()
        if self.busy < self.limit and not self._line:
            self.busy += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was our turn in that very moment
                self.leave()
            raise

    def leave(self) -> None:
        """Make room for the next."""
        self.busy -= 1
        self._admit()

    async def room(self, exchanges: int) -> None:
        """Wait, before so many exchanges are begun, until there is room for one more visit."""
        self._look_later()
        if self._visits or self._full():
            turn = asyncio.get_running_loop().create_future()
            self._visits.append((turn, exchanges))
            await turn
        else:
            self._promised += exchanges

    def _full(self) -> bool:
        return self.busy + len(self._line) + self._promised >= self.limit

    def _admit(self) -> None:
        while self.busy < self.limit and self._line:
            turn = self._line.popleft()
            if not turn.done():
                self.busy += 1
                turn.set_result(None)
        while self._visits and not self._full():
            turn, exchanges = self._visits.popleft()
            if not turn.done():
                self._promised += exchanges
                turn.set_result(None)

    def _look_later(self) -> None:
        if not self._looking:
            self._looking = True
            loop = asyncio.get_running_loop()
            due = loop.time() + EVERY
            loop.call_at(due, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        late = loop.time() - due
        if late > LATE:
            self.limit = max(LEAST, self.limit * 3 // 4)
        elif late < CALM and (self._line or self._visits):
            self.limit = min(self.most, self.limit + min(self.limit // 4, STEP))
        self._promised = 0
        self._admit()
        self._looking = False
        if self.busy or self._line or self._visits:
            self._look_later()
