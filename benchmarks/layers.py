"""Where the time of a page goes: the same sites, asked by more and more of the product.

Of every site its robots.txt and two pages are asked, over one connection, as in the million, where
a search leads to few pages of many sites. Every layer of ours does what the one above it does, and
more; what it costs beyond that is its own. The simulated web answers at once, and its CPU is told
apart.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from itertools import count
from typing import Any

import aiohttp
import psutil

from benchmarks.harness import Report, Watch, alternate, listed, middle, parser, plain_web, warm
from mailharvest import HarvestJob, simweb
from mailharvest.chunk import FoundURL
from mailharvest.cluster.connect import connect
from mailharvest.run import harvest
from mailharvest.scrape import scrape
from mailharvest.simweb.process import Running
from mailharvest.spec import Fetch, Filter
from mailharvest.web import Request, Web, visit
from mailharvest.web.fetch import AiohttpTransport
from mailharvest.web.resolve import Resolver
from mailharvest.web.session import page_headers
from mailharvest.web.urls import origin_of

try:
    import uvloop as loops
except ImportError:  # Windows
    loops = asyncio  # type: ignore[misc]

AT_ONCE = 256
PAGES = 2
FETCH = Fetch(allow_private=True, per_site_delay="0s", concurrency=AT_ONCE)


def bare(sites: list[list[str]], _web: Running) -> float:
    """aiohttp's session with a fast loop and no cookies; gives CPU-seconds."""

    async def main() -> None:
        connector = aiohttp.TCPConnector(limit=AT_ONCE, resolver=Resolver(), use_dns_cache=False)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=jar, auto_decompress=False
        ) as session:

            async def ask(url: str, last: bool) -> None:
                headers = {"Connection": "close"} if last else None
                async with session.get(url, headers=headers, allow_redirects=False) as reply:
                    await reply.read()

            await _walk(sites, ask)

    return _spent(main())


def exchanged(sites: list[list[str]], _web: Running) -> float:
    """`web.fetch`: an exchange over aiohttp's connections, with its limits, inflated."""

    async def main() -> None:
        transport = AiohttpTransport(AT_ONCE)

        async def ask(url: str, last: bool) -> None:
            headers = page_headers(FETCH.user_agent, last)
            await transport.get(Request(url, headers, FETCH.max_bytes, any_type=True, private=True))

        await _walk(sites, ask)
        await transport.close()

    return _spent(main())


async def _walk(sites: list[list[str]], ask: Callable[[str, bool], Awaitable[None]]) -> None:
    """`ask` for each site's robots.txt and pages in turn, and whether it is the site's last."""
    waiting = iter(sites)

    async def work() -> None:
        for urls in waiting:
            for url in (f"{origin_of(urls[0])}/robots.txt", *urls):
                await ask(url, url is urls[-1])

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def visited(sites: list[list[str]], _web: Running) -> float:
    """`web.visit`: all of the fetcher; the pages are dropped."""

    async def main() -> None:
        async with Web() as web:
            urls = [FoundURL(url) for some in sites for url in some]
            ever = time.time() + 3600
            await visit(web, urls, FETCH, take=lambda _: None, until=ever, deadline=ever)

    return _spent(main())


def scraped(sites: list[list[str]], _web: Running) -> float:
    """`scrape`: what a worker does with a chunk, in chunks of 100 sites."""

    async def main() -> None:
        async with Web() as web:
            ever = time.time() + 3600
            for start in range(0, len(sites), 100):
                part = [url for some in sites[start : start + 100] for url in some]
                data = {"urls": [[url, None, None, 0, 0] for url in part]}
                await scrape(data, fetch=FETCH, keep=Filter(), web=web, job_id="-", deadline=ever)

    return _spent(main())


def harvested(sites: list[list[str]], web: Running) -> float:
    """A job with these URLs on one worker process."""
    with tempfile.TemporaryDirectory() as home:
        urls = listed((url for some in sites for url in some), home)
        job = HarvestJob(urls=urls, fetch=FETCH)
        connection = connect(workers=1)
        try:
            warm(connection, home)
            with (
                Watch({web.pid: "web"}) as used,
                harvest(job, on=connection.client, home=home) as run,
            ):
                run.result()
        finally:
            connection.close()
    return used.cpu["product"]


def _spent(main: Coroutine[Any, Any, None]) -> float:
    before = time.process_time()
    loops.run(main)
    return time.process_time() - before


SESSION = "for comparison, aiohttp's session: bodies as they come, nothing looked for"
LAYERS: dict[str, Callable[[list[list[str]], Running], float]] = {
    SESSION: bare,
    "an exchange over aiohttp's connections, inflated, within limits": exchanged,
    "+ robots.txt obeyed, pace, redirects, deadlines": visited,
    "+ extraction, classification, records": scraped,
    "+ ledger, Dask, dedup, Parquet, progress: the whole product": harvested,
}


def measure(name: str, sites: int, web: Running, turns: count[int]) -> Mapping[str, float]:
    """One layer on sites that nobody asked before."""
    first = next(turns) * sites
    total = web.world.sites
    asked = [
        [web.link(site + number * total) for number in range(PAGES)]
        for site in range(first, first + sites)
    ]
    server = psutil.Process(web.pid)
    before, times = web.stats(), server.cpu_times()
    cpu = LAYERS[name](asked, web)
    after, then = web.stats(), server.cpu_times()
    return {
        "requests": after["requests"] - before["requests"],
        "connections": after["connections"] - before["connections"],
        "cpu": cpu,
        "web": then.user + then.system - times.user - times.system,
        "pages": sites * PAGES,
    }


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    options = parse(argv)
    report = Report(
        "layers",
        "Where the time of a page goes",
        f"python -m benchmarks.layers --sites {options.sites} --rounds {options.rounds}",
    )
    turns = count()
    world = plain_web(options.sites * len(LAYERS) * options.rounds, 0.0, pages=PAGES)
    with simweb.start(world) as web:
        kinds = {name: partial(measure, name, options.sites, web, turns) for name in LAYERS}
        runs = alternate(kinds, options.rounds)
    under = 0.0
    for name, some in runs.items():
        cost = [run["cpu"] / run["pages"] * 1e6 for run in some]
        median = statistics.median(cost)
        report.rows.append(
            {
                "layer": name,
                "CPU us a page": middle(cost, 0),
                "its own": "-" if name == SESSION else round(median - under),
                "us a request": round(
                    statistics.median(run["cpu"] / run["requests"] for run in some) * 1e6
                ),
                "requests a page": round(some[0]["requests"] / some[0]["pages"], 2),
                "connections a page": round(some[0]["connections"] / some[0]["pages"], 2),
                "of the web, us a request": middle(
                    [run["web"] / run["requests"] * 1e6 for run in some], 0
                ),
            }
        )
        under = median if name != SESSION else 0.0
    report.notes.append(__doc__.partition("\n\n")[2].strip())
    report.close(options)
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    made = parser("CPU of a page, layer by layer.")
    made.add_argument("--sites", type=int, default=3_000, help="of two pages each; default 3000")
    return made.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
