"""One attempt: whatever a handle does becomes an outcome."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from mailharvest.chunk import ChunkResult
from mailharvest.queue.attempt import MESSAGE, RATE_LIMIT_PAUSE, TRACEBACK, attempt
from mailharvest.queue.job import Job, kind_of
from mailharvest.queue.pool import Claim, Context, Outcome
from tests.queue.jobs import RESULTS, AsyncEcho, AsyncSlow, Crawl, Echo, Gives, Moody


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


@pytest.mark.parametrize("what", sorted(RESULTS))
def test_what_cannot_be_committed_is_a_failure_where_it_is_made(
    what: str, loop: asyncio.AbstractEventLoop
) -> None:
    outcome = run(Gives(what=what), loop)
    assert outcome.result is None
    assert outcome.failure is not None
    assert outcome.failure.kind == "fail"
    assert "handle must return JSON or a ChunkResult" in outcome.failure.message


def test_a_value_is_what_will_be_read_again(loop: asyncio.AbstractEventLoop) -> None:
    RESULTS["a tuple"] = ChunkResult(value=({1: 2},), stats={"pages": 1}, sites={"example.com": 1})
    try:
        result = run(Gives(what="a tuple"), loop).result
    finally:
        del RESULTS["a tuple"]
    assert result == ChunkResult(value=[{"1": 2}], stats={"pages": 1}, sites={"example.com": 1})


@pytest.mark.parametrize(
    ("what", "message"),
    [("an error", "ValueError: ??"), ("a failure", "?"), ("a mute error", "Mute: Mute")],
)
def test_what_is_raised_can_be_written_down(
    what: str, message: str, loop: asyncio.AbstractEventLoop
) -> None:
    failure = run(Gives(what=what), loop).failure
    assert failure is not None
    assert failure.message == message
    assert "\0" not in failure.traceback
    failure.traceback.encode()


def test_a_pause_that_is_none_is_a_short_one(loop: asyncio.AbstractEventLoop) -> None:
    failure = run(Gives(what="a pause"), loop).failure
    assert failure is not None
    assert (failure.kind, failure.delay) == ("release", RATE_LIMIT_PAUSE)


def test_what_is_said_can_be_written_down(loop: asyncio.AbstractEventLoop) -> None:
    said: list[dict[str, object]] = []
    for what in ("a log line", "a note"):
        context = Context("j", 1, "handle", {}, 1, time.time() + 60, tell=said.append)
        attempt(claim_of(Gives(what=what)), context, loop)
    assert said == [{"log": "caf??"}, {"progress": 0.0, "note": "?"}]


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
