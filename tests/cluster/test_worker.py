"""The plugin of a worker, without a worker."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import Any

import pytest

from mailharvest.cluster.worker import Harvester


def test_a_worker_that_ends_lets_go_of_the_threads_that_wait_for_chunks() -> None:
    worker: Any = SimpleNamespace(metrics={})
    plugin = Harvester()
    plugin.setup(worker)
    chunk = asyncio.run_coroutine_threadsafe(asyncio.sleep(600), plugin.loop)
    asyncio.run(plugin.teardown(worker))
    with pytest.raises(CancelledError):
        chunk.result(10)
    plugin.thread.join(10)
    assert not plugin.thread.is_alive()
    assert worker.metrics == {}
