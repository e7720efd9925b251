"""Jobs that the tests of the cluster send to real workers."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from mailharvest import Job
from mailharvest.queue.job import kind_of
from mailharvest.queue.pool import Claim, Context


class Echo(Job):
    """Gives back what it was given, after a while on the loop."""

    text: str

    async def handle(self, ctx: Context) -> Any:
        await asyncio.sleep(0.05)
        return {"text": self.text, "attempt": ctx.attempt}


class Where(Job):
    """The process that it runs in."""

    def handle(self, ctx: Context) -> Any:
        return {"pid": os.getpid()}


class Tell(Job):
    """Says one line of itself."""

    def handle(self, ctx: Context) -> Any:
        ctx.log("here")


class Die(Job):
    """Takes its worker with it."""

    def handle(self, ctx: Context) -> Any:
        os._exit(9)


class Stuck(Job):
    """Does not come back in any time that a test has."""

    def handle(self, ctx: Context) -> Any:
        time.sleep(600)


def claim_of(job: Job, chunk: int, *, crashes: int = 0, shard: int | None = None) -> Claim:
    return Claim(
        chunk_id=chunk,
        job_id="j-test",
        lease=1,
        attempt=1,
        crashes=crashes,
        kind="handle",
        spec="{}",
        job_kind=kind_of(job),
        job_args=job.model_dump_json(),
        priority=job.priority,
        timeout=60.0,
        deadline=time.time() + 60.0,
        shard=shard,
    )
