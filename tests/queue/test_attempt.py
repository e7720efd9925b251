"""One attempt: whatever a handle does becomes an outcome."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from mailharvest.chunk import ChunkResult
from mailharvest.queue.attempt import MESSAGE, TRACEBACK, attempt
from mailharvest.queue.job import Job, kind_of
from mailharvest.queue.pool import Claim, Context, Outcome
from tests.queue.jobs import AsyncEcho, AsyncSlow, Crawl, Echo, Moody


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def claim_of(job: Job, **more: object) -> Claim:
    settings = dict(  # noqa: C408
        chunk_id=1, job_id="j", lease=1, attempt=1, crashes=0, kind="handle", spec="{}",
        job_kind=kind_of(job), job_args=job.model_dump_json(), priority=5, timeout=60.0,
        deadline=time.time() + 60,
    )  # fmt: skip
    return Claim(**{**settings, **more})  # type: ignore[arg-type]


def run(job: Job, loop: asyncio.AbstractEventLoop, *, left: float = 60.0) -> Outcome:
    claim = claim_of(job)
    context = Context("j", 1, "handle", {}, 1, time.time() + left)
    return attempt(claim, context, loop)


@pytest.mark.parametrize("job", [Echo(value={"a": [1, None]}), AsyncEcho(value={"a": [1, None]})])
def test_what_a_handle_returns_is_the_value(job: Job, loop: asyncio.AbstractEventLoop) -> None:
    outcome = run(job, loop)
    assert outcome.result == ChunkResult(value={"a": [1, None]})
    assert outcome.failure is None


def test_a_chunk_result_is_passed_on(loop: asyncio.AbstractEventLoop) -> None:
    assert run(Crawl(), loop).result == ChunkResult()


@pytest.mark.parametrize(
    ("mood", "kind", "error", "delay"),
    [
        ("release", "release", "released", 30.0),
        ("odd release", "fail", "failed", 0.0),
        ("fail", "fail", "failed", 0.0),
        ("rate", "release", "rate_limited", 7.0),
        ("refused", "refused", "refused", 0.0),
        ("not json", "fail", "failed", 0.0),
        ("nan", "fail", "failed", 0.0),
        ("exit", "exception", "chunk_error", 0.0),
        ("timeout error", "exception", "chunk_error", 0.0),
        ("anything else", "exception", "chunk_error", 0.0),
    ],
)
def test_what_a_handle_raises_has_a_meaning(
    mood: str, kind: str, error: str, delay: float, loop: asyncio.AbstractEventLoop
) -> None:
    failure = run(Moody(mood=mood), loop).failure
    assert failure is not None
    assert (failure.kind, failure.error, failure.delay) == (kind, error, delay)


def test_messages_are_one_bounded_line(loop: asyncio.AbstractEventLoop) -> None:
    failure = run(Moody(mood="long"), loop).failure
    assert failure is not None
    assert len(failure.message) <= MESSAGE + 20
    assert len(failure.traceback) <= TRACEBACK
    assert failure.message.isprintable()


def test_an_asynchronous_handle_is_stopped_at_its_deadline(loop: asyncio.AbstractEventLoop) -> None:
    failure = run(AsyncSlow(), loop, left=0.01).failure
    assert failure is not None
    assert (failure.kind, failure.error) == ("timeout", "timeout")


def test_a_class_that_is_not_here_is_a_failure(loop: asyncio.AbstractEventLoop) -> None:
    claim = claim_of(Echo(), job_kind="no.such:Thing")
    failure = attempt(claim, Context("j", 1, "handle", {}, 1, time.time()), loop).failure
    assert failure is not None
    assert "no.such:Thing" in failure.message
