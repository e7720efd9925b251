"""Jobs for the tests; a module of its own, because workers import them by name."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import SecretStr

from mailharvest.chunk import ChunkResult, ChunkSpec, FoundURL
from mailharvest.errors import Fail, RateLimited, Refused, Release
from mailharvest.queue.job import Backoff, Cut, Job, JobState
from mailharvest.queue.pool import Context
from mailharvest.spec import Fetch, Rate


class Echo(Job):
    """Gives back what it was given."""

    value: Any = None

    def handle(self, ctx: Context) -> Any:
        return self.value


class AsyncEcho(Echo):
    async def handle(self, ctx: Context) -> Any:
        return self.value


class Gives(Job):
    """Gives back, says or raises what no JSON could tell it: one of these by name."""

    what: str
    tries: int = 1

    def handle(self, ctx: Context) -> Any:
        match self.what:
            case "a log line":
                ctx.log("caf\udce9\0")
            case "a note":
                ctx.progress(float("nan"), "\ud800")
            case "an error":
                raise ValueError("\ud800\0")
            case "a failure":
                raise Fail("\ud800")
            case "a pause":
                raise RateLimited("later", retry_after="soon")  # type: ignore[arg-type]
            case "a mute error":
                raise Mute
        return RESULTS.get(self.what)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("I do not say")


RESULTS: dict[str, Any] = {
    "an object": object(),
    "a date": ChunkResult(value=date(2026, 1, 1)),
    "a value": ChunkResult(value=object()),
    "no number": ChunkResult(value=float("nan")),
    "stats": ChunkResult(stats={"a": "b"}),  # type: ignore[dict-item]
    "stats without end": ChunkResult(stats={"a": float("inf")}),
    "urls": ChunkResult(urls=["x"]),  # type: ignore[list-item]
    "leftovers": ChunkResult(leftovers=[FoundURL("http://example.com/", rank="1")]),  # type: ignore[arg-type]
    "urls that no database keeps": ChunkResult(urls=[FoundURL("http://example.com/\udce9")]),
    "errors": ChunkResult(errors=["x"]),  # type: ignore[list-item]
    "lost": ChunkResult(lost=[5]),  # type: ignore[list-item]
    "pace": ChunkResult(pace={"example.com": None}),  # type: ignore[dict-item]
    "sites": ChunkResult(sites=5),  # type: ignore[arg-type]
    "records": ChunkResult(records=pa.table({"email": ["a@example.com"]})),
}
"""What cannot be committed."""


class Asks(Job):
    """Asks for chunks that cannot be, one of these by name."""

    what: str

    def chunks(self) -> Any:
        return CHUNKS[self.what]

    def handle(self, ctx: Context) -> Any:
        return None


class SeededAsks(Asks):
    def seeds(self) -> Iterable[FoundURL]:
        return [FoundURL("http://example.com/")]


CHUNKS: dict[str, Any] = {
    "nothing": None,
    "a number": [1],
    "one": ChunkSpec(),
    "text": "ab",
    "shard": [ChunkSpec(shard="x")],  # type: ignore[arg-type]
    "kind": [ChunkSpec(5)],  # type: ignore[arg-type]
    "cost": [ChunkSpec(), ChunkSpec(cost=-1)],
    "limit": [ChunkSpec(limit=3)],  # type: ignore[arg-type]
    "data": [ChunkSpec(data=[1])],  # type: ignore[arg-type]
    "data that is no JSON": [ChunkSpec(data={"a": {1}})],
}


class Bytes(Job):
    fine: int = 1
    b: bytes = b"\xff\x00"

    def handle(self, ctx: Context) -> Any:
        return None


class Many(Job):
    """Several chunks; `seen` in the memo counts what `more` saw."""

    chunk_count: int = 3
    slots: int = 10
    shard: int | None = None

    def chunks(self) -> Iterable[ChunkSpec]:
        return (ChunkSpec("work", {"n": n}, self.shard) for n in range(self.chunk_count))

    def in_flight(self) -> int:
        return self.slots

    def handle(self, ctx: Context) -> Any:
        return ctx.data["n"]

    def more(self, state: JobState) -> Sequence[ChunkSpec]:
        state.memo["seen"] = state.memo.get("seen", 0) + len(state.done)
        return ()


class Sifted(Many):
    keep: str

    def sift(self, records: pa.Table) -> pa.Table:
        if not self.keep:
            raise ValueError("nothing to keep")
        return records.filter(pc.equal(records["domain"], self.keep))


class Limited(Many):
    rate: Rate = Rate("3/s")
    cost: int = 1

    def chunks(self) -> Iterable[ChunkSpec]:
        return (
            ChunkSpec("call", {"n": n}, limit="api", cost=self.cost)
            for n in range(self.chunk_count)
        )

    def limits(self) -> dict[str, Rate]:
        return {"api": self.rate}


class Crawl(Job):
    """Fetches a list of URLs, by chunks of kind ``scrape``."""

    start: tuple[str, ...] = ()
    slots: int = 10
    enough: int = 3
    per_site: int = 10
    size: int = 5
    target: int | None = None

    def chunks(self) -> Iterable[ChunkSpec]:
        return ()

    def seeds(self) -> Iterable[FoundURL]:
        return [FoundURL(url) for url in self.start]

    def cut(self) -> Cut:
        return Cut(urls=self.size, per_site=self.per_site, enough=self.enough)

    def in_flight(self) -> int:
        return self.slots

    def wanted(self) -> int | None:
        return self.target

    def handle(self, ctx: Context) -> Any:
        return ChunkResult()

    def more(self, state: JobState) -> Sequence[ChunkSpec]:
        if self.target is not None and state.found >= self.target:
            state.reason = "target reached"
        return ()


class Pages(Crawl):
    """Many URLs of many sites, made one by one as they are asked for."""

    count: int

    def seeds(self) -> Iterable[FoundURL]:
        return (FoundURL(f"http://site{n % 1_000}.example.com/{n}") for n in range(self.count))


class Both(Crawl):
    """Has planned chunks, and a frontier."""

    def chunks(self) -> Iterable[ChunkSpec]:
        return [ChunkSpec("work", {"n": n}) for n in range(2)]


class Moody(Job):
    """Raises what it is told to."""

    mood: str
    log: str = ""

    def handle(self, ctx: Context) -> Any:
        match self.mood:
            case "release":
                raise Release("30s")
            case "odd release":
                raise Release("soon")
            case "fail":
                raise Fail("no use")
            case "rate":
                raise RateLimited("slow down", retry_after=7.0)
            case "refused":
                raise Refused("go away")
            case "not json":
                return {1, 2}
            case "nan":
                return float("nan")
            case "exit":
                raise SystemExit(3)
            case "long":
                raise ValueError("x" * 10_000 + "\n\x1b[31m")
            case "timeout error":
                raise TimeoutError("its own")
        raise ValueError(self.mood)

    def failed(self, error: str) -> None:
        with Path(self.log).open("a") as file:
            file.write(error + "\n")
        raise RuntimeError("failed() fails")


class Slow(Job):
    """Waits, asynchronously or not, until a file is there."""

    until: str = ""

    def handle(self, ctx: Context) -> Any:
        while not Path(self.until).exists():
            time.sleep(0.01)
        return "done"


class Started(Slow):
    """Notes that it has started, and in which process."""

    path: str

    def handle(self, ctx: Context) -> Any:
        with Path(self.path).open("a") as file:
            file.write(f"{os.getpid()}\n")
        super().handle(ctx)
        return os.getpid()


class AsyncSlow(Job):
    async def handle(self, ctx: Context) -> Any:
        import asyncio

        await asyncio.sleep(3600)


class Mark(Job):
    """Appends its number to a file: the effect that must happen once."""

    path: str
    n: int
    pause: float = 0.0

    def handle(self, ctx: Context) -> Any:
        time.sleep(self.pause)
        with Path(self.path).open("a") as file:
            file.write(f"{self.n}\n")
        return self.n


class Broken(Many):
    """Its own code raises in the dispatcher."""

    where: str

    def more(self, state: JobState) -> Sequence[ChunkSpec]:
        match self.where:
            case "more":
                raise KeyError("more is wrong")
            case "added":
                return [ChunkSpec(shard="more is wrong")]  # type: ignore[arg-type]
            case "memo":
                state.memo["more is wrong"] = {"more is wrong"}
            case "kinds":
                state.cancel_kinds = 5  # type: ignore[assignment]
        return ()

    def verdict(self, state: JobState) -> tuple[str, str]:
        if self.where == "verdict":
            raise KeyError("verdict is wrong")
        if self.where == "judged":
            return "verdict is wrong", "done"
        return super().verdict(state)


class Unplannable(Job):
    """Its own code raises when it is planned, after a chunk or two."""

    def chunks(self) -> Iterable[ChunkSpec]:
        yield ChunkSpec()
        raise KeyError("chunks is wrong")


class Talker(Job):
    """Says how far it is."""

    lines: int = 1

    def handle(self, ctx: Context) -> Any:
        for n in range(self.lines):
            ctx.log(f"line {n}" if n < 2 else f"line \x1b[2J\n {n}")
        ctx.progress(0.5, "half")


class Secretive(Job):
    token: SecretStr

    def handle(self, ctx: Context) -> Any:
        return self.token.get_secret_value()


class Loose(Job):
    """Settings as somebody from elsewhere would write them."""

    timeout: str = "5m"
    queue: str = "reports"
    priority: int = 2
    backoff: Backoff = (1, 5, 10)

    def handle(self, ctx: Context) -> Any:
        return ctx.deadline


class Fetching(Job):
    """Uses the fetcher of whatever process it runs in."""

    url: str

    async def handle(self, ctx: Context) -> Any:
        assert ctx.web is not None
        reply = await ctx.web.get(self.url, Fetch(allow_private=True))
        return reply.body.decode()


class Nap(Job):
    seconds: float

    def handle(self, ctx: Context) -> Any:
        time.sleep(self.seconds)
        return "rested"
