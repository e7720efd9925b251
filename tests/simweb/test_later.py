"""Delays are kept, and those that end together share a timer."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mailharvest.simweb.later import Later


class Timers:
    """A loop of which only the timers are needed: set here, rung by the test."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Any, int]] = []

    def call_later(self, delay: float, what: Any, slot: int) -> None:
        self.set.append((delay, what, slot))


def test_delays_that_end_together_share_a_timer_and_none_ends_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.001)
    monkeypatch.setattr("mailharvest.simweb.later.time", clock)
    timers = Timers()
    later = Later(cast(asyncio.AbstractEventLoop, timers))
    called: list[str] = []
    for name, delay in (("first", 0.02), ("other", 0.5), ("second", 0.021), ("third", 0.02)):
        later.call(delay, partial(called.append, name))
    (soon, ring, slot), (last, _, _) = timers.set
    assert 0.021 <= soon <= 0.026 and 0.5 <= last <= 0.505
    ring(slot)
    assert called == ["first", "second", "third"]
    later.call(0.02, lambda: None)
    assert len(timers.set) == 3
