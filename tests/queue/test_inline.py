"""A job here and now, without ledger and Dask."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailharvest.errors import Fail, SpecError
from mailharvest.queue.queue import Queue
from tests.queue.jobs import (
    RESULTS,
    Asks,
    AsyncEcho,
    AsyncSlow,
    Crawl,
    Echo,
    Fetching,
    Gives,
    Many,
    Moody,
)
from tests.web.loopback import reply, serving


def test_sync_runs_here_without_a_ledger() -> None:
    assert Queue.dispatch_sync(Echo(value=5)) == 5
    assert Queue.dispatch_sync(AsyncEcho(value=6)) == 6
    assert Queue.dispatch_sync(Many(chunk_count=3)) == [0, 1, 2]
    with pytest.raises(SpecError, match="needs a ledger"):
        Queue.dispatch_sync(Crawl(start=("http://example.com/",)))


@pytest.mark.parametrize("what", sorted(RESULTS))
def test_sync_is_as_strict_as_a_worker(what: str) -> None:
    with pytest.raises(Fail, match="handle must return JSON or a ChunkResult"):
        Queue.dispatch_sync(Gives(what=what))


def test_sync_gives_what_a_ledger_would_keep() -> None:
    assert Queue.dispatch_sync(Echo(value=(1, {2: 3}))) == [1, {"2": 3}]
    assert Queue.dispatch_sync(Many(chunk_count=0)) is None
    with pytest.raises(SpecError, match=r"^Asks\.chunks"):
        Queue.dispatch_sync(Asks(what="shard"))


def test_sync_lets_through_what_is_raised(tmp_path: Path) -> None:
    log = tmp_path / "failed"
    with pytest.raises(ValueError, match=r"^x$"):
        Queue.dispatch_sync(Moody(mood="x", log=str(log)))  # its failed() raises as well
    assert log.read_text() == "x\n"
    with pytest.raises(TimeoutError):
        Queue.dispatch_sync(AsyncSlow(timeout=0.01))


def test_sync_has_a_fetcher_too() -> None:
    async def fetched() -> object:
        async with serving({"/": reply("here I am")}) as server:
            job = Fetching(url=server.url())
            return await asyncio.to_thread(Queue.dispatch_sync, job)

    assert asyncio.run(fetched()) == "here I am"


def test_sync_may_be_called_where_a_loop_runs() -> None:
    """As in a notebook."""

    async def cell() -> object:
        return Queue.dispatch_sync(AsyncEcho(value=6))

    assert asyncio.run(cell()) == 6
