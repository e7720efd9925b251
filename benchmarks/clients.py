"""What mailharvest is measured against, each in a process of its own.

``python -m benchmarks.clients NAME PORT PAGES`` fetches that many pages, finds addresses, and
prints JSON: pages, addresses, seconds, CPU-seconds, from when everything was imported.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
SOCKETS = 256
Found = tuple[int, set[str]]


def url_of(port: int, number: int) -> str:
    """The URL of a page."""
    return f"http://127.0.0.1:{port}/p/{number}"


def bare(port: int, pages: int) -> Callable[[], Found]:
    """aiohttp as it comes; the bodies are read and nothing is looked for."""
    return _aiohttp(port, pages, lambda _: set())


def by_hand(port: int, pages: int) -> Callable[[], Found]:
    """What a good engineer writes in an hour: aiohttp, lxml, links and text by a pattern."""
    import lxml.html

    def find(body: bytes) -> set[str]:
        tree = lxml.html.fromstring(body)
        found = set(ADDRESS.findall(" ".join(tree.itertext())))
        for link in tree.iterfind(".//a[@href]"):
            found.update(ADDRESS.findall(link.get("href", "")))
        return found

    return _aiohttp(port, pages, find)


def _aiohttp(port: int, pages: int, find: Callable[[bytes], set[str]]) -> Callable[[], Found]:
    import aiohttp

    async def run() -> Found:
        emails: set[str] = set()
        numbers = iter(range(pages))
        done = 0

        async def work(session: aiohttp.ClientSession) -> None:
            nonlocal done
            for number in numbers:
                async with session.get(url_of(port, number)) as response:
                    emails.update(find(await response.read()))
                    done += 1

        connector = aiohttp.TCPConnector(limit=SOCKETS)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(work(session) for _ in range(SOCKETS)))
        return done, emails

    return lambda: asyncio.run(run())


def with_requests(port: int, pages: int) -> Callable[[], Found]:
    """requests in 32 threads, a session each, and a pattern over the text."""
    import requests

    def run() -> Found:
        emails: set[str] = set()
        numbers = iter(range(pages))
        lock = threading.Lock()
        done: list[int] = []

        def work() -> None:
            with requests.Session() as session:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    response = session.get(url_of(port, number))
                    response.encoding = "utf-8"  # charset detection would take four times as long
                    emails.update(ADDRESS.findall(response.text))
                    done.append(number)

        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(done), emails

    return run


def scrapy_stock(port: int, pages: int) -> Callable[[], Found]:
    """Scrapy as `startproject` leaves it, but for its delay and its log."""
    return _scrapy(port, pages, {"CONCURRENT_REQUESTS_PER_DOMAIN": 8, "DOWNLOAD_DELAY": 0})


def scrapy_tuned(port: int, pages: int) -> Callable[[], Found]:
    """Scrapy with all that its documentation advises for broad crawls switched on or off."""
    settings = {
        "CONCURRENT_REQUESTS": 100,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 100,
        "DOWNLOAD_DELAY": 0,
        "COOKIES_ENABLED": False,
        "RETRY_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REFERER_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        "EXTENSIONS": {
            "scrapy.extensions.corestats.CoreStats": None,
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
        },
    }
    return _scrapy(port, pages, settings)


def _scrapy(port: int, pages: int, settings: dict[str, Any]) -> Callable[[], Found]:
    import scrapy
    from scrapy.crawler import CrawlerProcess

    emails: set[str] = set()
    seen: list[str] = []

    class Spider(scrapy.Spider):  # type: ignore[misc]
        name = "peer"

        async def start(self) -> Any:
            for number in range(pages):
                yield scrapy.Request(url_of(port, number))

        def parse(self, response: Any) -> None:
            seen.append(response.url)
            emails.update(ADDRESS.findall(response.text))

    def run() -> Found:
        process = CrawlerProcess({"LOG_LEVEL": "ERROR", **settings})
        process.crawl(Spider)
        process.start()
        return len(seen), emails

    return run


def crawlee_python(port: int, pages: int) -> Callable[[], Found]:
    """Crawlee for Python with its Parsel crawler, in memory."""
    from crawlee import ConcurrencySettings
    from crawlee.configuration import Configuration
    from crawlee.crawlers import ParselCrawler
    from crawlee.storage_clients import MemoryStorageClient

    emails: set[str] = set()
    seen: list[str] = []

    async def main() -> None:
        crawler = ParselCrawler(
            configuration=Configuration(log_level="ERROR"),
            storage_client=MemoryStorageClient(),
            concurrency_settings=ConcurrencySettings(
                min_concurrency=50, desired_concurrency=100, max_concurrency=200
            ),
            max_request_retries=0,
            configure_logging=False,
        )

        @crawler.router.default_handler
        async def handle(context: Any) -> None:
            seen.append(context.request.url)
            emails.update(ADDRESS.findall(context.selector.get()))

        await crawler.run([url_of(port, number) for number in range(pages)])

    def run() -> Found:
        asyncio.run(main())
        return len(seen), emails

    return run


CLIENTS: dict[str, tuple[Callable[[int, int], Callable[[], Found]], str]] = {
    "bare aiohttp, no extraction": (bare, "aiohttp"),
    "aiohttp + lxml by hand": (by_hand, "aiohttp lxml"),
    "requests + threads + pattern": (with_requests, "requests"),
    "Scrapy, tuned, + pattern": (scrapy_tuned, "scrapy"),
    "Scrapy, stock, + pattern": (scrapy_stock, "scrapy"),
    "Crawlee (Python, Parsel) + pattern": (crawlee_python, "'crawlee[parsel]'"),
}
"""By the name in the table: what makes the client ready, and what to install for it."""


def main() -> int:
    """Run one client; 3 when it is not installed here."""
    name, port, pages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    make, needs = CLIENTS[name]
    try:
        run = make(port, pages)
    except ImportError as error:
        print(f"{error}; pip install {needs}", file=sys.stderr)
        return 3
    process = psutil.Process()
    before, began = process.cpu_times(), time.monotonic()
    done, emails = run()
    seconds, after = time.monotonic() - began, process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    print(json.dumps({"pages": done, "emails": len(emails), "seconds": seconds, "cpu": spent}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
