"""Delays are kept and shared."""

from __future__ import annotations

import asyncio
import time

from mailharvest.simweb.later import Later


def test_nothing_is_called_early_and_all_is_called_in_order() -> None:
    async def wait() -> list[tuple[float, float]]:
        later = Later(asyncio.get_running_loop())
        called: list[tuple[float, float]] = []
        done = asyncio.Event()
        began = time.monotonic()
        for delay in (0.05, 0.0, 0.02, 0.021, 0.02):
            later.call(delay, lambda delay=delay: called.append((delay, time.monotonic() - began)))  # type: ignore[misc]
        later.call(0.1, done.set)
        await done.wait()
        return called

    called = asyncio.run(wait())
    assert sorted(delay for delay, _ in called) == [0.0, 0.02, 0.02, 0.021, 0.05]
    assert all(delay <= passed + 0.001 for delay, passed in called)
    assert called[0][0] == 0.0 and called[-1][0] == 0.05
