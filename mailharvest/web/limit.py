"""One time limit for everything that is in flight, without a timer for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

EVERY = 0.1
"""Seconds between two looks: how late a limit may be noticed."""


class Limits:
    """Ends awaits that take too long, as :func:`asyncio.timeout` does.

    It costs two operations on a dict where that costs a timer to set and to cancel, and is late
    by up to :data:`EVERY`, which no limit in seconds minds.
    """

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._look: asyncio.TimerHandle | None = None

    async def hold(self, seconds: float, awaitable: Awaitable[T]) -> T:
        """The result of `awaitable`.

        Raises
        ------
        TimeoutError
            There is none after `seconds`; the awaitable was cancelled.
        """
        task = asyncio.current_task()
        assert task is not None
        until = self._until
        until[task] = monotonic() + seconds
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(EVERY, self._expire)
        try:
            return await awaitable
        except asyncio.CancelledError:
            # Not in the table any more: it was _expire. Cancelled from elsewhere too: that counts.
            if task not in until and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            until.pop(task, None)

    def _expire(self) -> None:
        now = monotonic()
        for task in [task for task, at in self._until.items() if at <= now]:
            del self._until[task]
            task.cancel()
        waiting = bool(self._until)
        self._look = asyncio.get_running_loop().call_later(EVERY, self._expire) if waiting else None
