"""The benchmark of the queue, small: every job of every system that is here is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness import Missing
from benchmarks.queue_systems import Ours, made, throughput


@pytest.mark.parametrize("name", ["mailharvest, SQLite", "huey, SQLite"])
def test_a_system_does_all_its_jobs(name: str, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'queue.db'}"
    try:
        row = throughput(lambda: made(name, place), 8)
    except Missing as error:
        pytest.skip(str(error))
    assert min(row.values()) > 0
    system = made(name, place)
    if isinstance(system, Ours):
        assert system.queue.counts()["completed"] == 10
    system.close()
