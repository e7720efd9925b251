"""Many delays, few timers: a simulated web keeps thousands of clients waiting at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_TICK = 0.005


class Later:
    """What is to be called after a delay, up to 5 ms late: one timer for all of the same 5 ms."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, list[Callable[[], None]]] = {}

    def call(self, delay: float, what: Callable[[], None]) -> None:
        """Call `what` after `delay` seconds."""
        now = time.monotonic()
        slot = int((now + delay) / _TICK) + 1
        waiting = self._slots.get(slot)
        if waiting is None:
            self._slots[slot] = [what]
            self._loop.call_later(slot * _TICK - now, self._ring, slot)
        else:
            waiting.append(what)

    def _ring(self, slot: int) -> None:
        for what in self._slots.pop(slot):
            what()
