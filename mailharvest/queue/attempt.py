"""One attempt at a chunk, wherever it runs: call the job's ``handle`` and say how it ended."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import time
import traceback
from collections.abc import Awaitable
from typing import Any

from mailharvest.chunk import ChunkResult
from mailharvest.errors import Fail, ProviderError, RateLimited, Refused, Release, SpecError
from mailharvest.queue.job import Job, load_job, seconds
from mailharvest.queue.pool import Claim, Context, Failure, Outcome
from mailharvest.queue.storable import legible, ours, result_of

log = logging.getLogger(__name__)

TRACEBACK = 8_000
"""Characters of a traceback that are kept: its end, where the cause stands."""

MESSAGE = 500
"""Characters of a message that are kept."""

RATE_LIMIT_PAUSE = 5.0
"""Seconds that a rate-limited chunk waits when the provider did not say how long."""


class _Overdue(TimeoutError):
    """The attempt was still busy at its deadline."""


def attempt(claim: Claim, context: Context, loop: asyncio.AbstractEventLoop) -> Outcome:
    """Do the chunk; never raises, whatever the job's code does.

    Parameters
    ----------
    claim : Claim
    context : Context
        Its ``deadline`` is when an asynchronous ``handle`` is cancelled. A synchronous one cannot
        be stopped from here: the dispatcher has its worker replaced.
    loop : asyncio.AbstractEventLoop
        Runs in another thread of this process; asynchronous handles run on it.
    """
    try:
        job = load_job(claim.job_kind, claim.job_args).with_secrets()
        answer = job.handle(context)
        if inspect.isawaitable(answer):
            answer = until_deadline(answer, context.deadline, loop)
        if isinstance(answer, ChunkResult) and ours(job):
            return Outcome(claim, result=answer)  # hundreds of lines, of which we made each
        return Outcome(claim, result=result_of(answer))
    except (Exception, SystemExit) as error:
        return Outcome(claim, failure=failure_of(error))


def until_deadline(work: Awaitable[Any], deadline: float, loop: asyncio.AbstractEventLoop) -> Any:
    """What `work` gives, done on a loop of another thread; TimeoutError at the deadline."""

    async def waiting() -> Any:
        left = asyncio.timeout(deadline - time.time())
        try:
            async with left:
                return await work
        except TimeoutError:
            if left.expired():
                raise _Overdue("not done at its deadline") from None
            raise

    return asyncio.run_coroutine_threadsafe(waiting(), loop).result()


def tell_failed(job: Job, error: str) -> None:
    """The job's own `failed`, on a fresh instance; what goes wrong in it changes nothing."""
    try:
        type(job).model_validate_json(job.model_dump_json()).failed(error)
    except Exception:
        log.exception("failed() of %s raised an exception", type(job).__name__)


def failure_of(error: BaseException) -> Failure:
    """What an exception out of ``handle`` means for its chunk."""
    message = one_line(legible(_said(error))) or type(error).__name__
    match error:
        case Release():
            return _released(error)
        case RateLimited():
            return Failure("release", error.kind, message, delay=_pause(error.retry_after))
        case Fail():
            return Failure("fail", "failed", message, traceback=_trace(error))
        case Refused():
            return Failure("refused", error.kind, message)
        case ProviderError():
            return Failure("exception", error.kind, message, traceback=_trace(error))
        case _Overdue() | asyncio.CancelledError():
            return Failure("timeout", "timeout", message)
        case _:
            said = f"{type(error).__name__}: {message}"
            return Failure("exception", "chunk_error", said, traceback=_trace(error))


def _released(error: Release) -> Failure:
    try:
        return Failure("release", "released", one_line(str(error)), delay=seconds(error.delay))
    except SpecError as wrong:
        said = one_line(f"Release({error.delay!r}): {wrong}")
        return Failure("fail", "failed", said, traceback=_trace(error))


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # the job's own code
        return ""


def _pause(asked: float | None) -> float:
    """Seconds to wait, as a provider asked for them, whatever it is that it said."""
    if isinstance(asked, (int, float)) and asked < math.inf:
        return max(0.0, asked)
    return RATE_LIMIT_PAUSE


def _trace(error: BaseException) -> str:
    return legible("".join(traceback.format_exception(error))[-TRACEBACK:])


def one_line(said: str) -> str:
    """`said` as one bounded line without control characters: safe in a log and a terminal."""
    cleaned = "".join(c if c.isprintable() else " " for c in said[: 4 * MESSAGE])
    return " ".join(cleaned.split())[:MESSAGE]
