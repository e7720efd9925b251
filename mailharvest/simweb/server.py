"""Which answer a request gets: the pages of the sites by host name, the search API beside them."""

from __future__ import annotations

import asyncio
import json
import time
from functools import lru_cache, partial
from urllib.parse import parse_qs

from mailharvest.simweb.draw import mix
from mailharvest.simweb.later import Later
from mailharvest.simweb.page import build, content_type, robots_txt
from mailharvest.simweb.protocol import Answer, Connection, Request
from mailharvest.simweb.search import Account, searxng, serper
from mailharvest.simweb.site import SUFFIX, Robots, Site
from mailharvest.simweb.stats import Stats
from mailharvest.simweb.world import Fate, Moved, World

_STUMBLED_KEPT = 100_000
_HOSTS_KEPT = 8192
_DOT = bytes.fromhex(  # a PNG of one transparent pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
_GONE = {Fate.NOT_FOUND: 404, Fate.GONE: 410, Fate.BROKEN: 500, Fate.RESET: 0}
_MISSING = b"<!DOCTYPE html><title>Not found</title><h1>There is no such page</h1>"


class Server:
    """A world being served: its answers, and what it remembers between them."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.port = port
        self._later = Later(asyncio.get_running_loop())
        self._find = lru_cache(_HOSTS_KEPT)(world.find)
        self.reset()

    def reset(self) -> None:
        """Forget everything that was asked: counts, credits, pages that have stumbled."""
        self.stats = Stats()
        self.account = Account(self.world.credits)
        self._stumbled: dict[int, None] = {}

    def connection(self) -> Connection:
        """The protocol of a new connection."""
        self.stats.connections += 1
        return Connection(self.answer, self._later)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        now = time.monotonic()
        self.stats.request(now)
        host = request.host.partition(":")[0]
        if host.endswith(SUFFIX):
            answer = self._site(host, request, now)
        else:
            answer = self._api(request, now)
        if isinstance(answer.body, bytes):
            self.stats.bytes += len(answer.body)
        return answer

    # -- sites

    def _site(self, host: str, request: Request, now: float) -> Answer:
        site, alias = self._find(host)
        if site is None:
            return Answer(421, body=b"no such site\n")
        if request.method not in ("GET", "HEAD"):
            return Answer(405, fields="Allow: GET, HEAD\r\n", delay=self._wait(site))
        path = request.target.partition("#")[0]
        if path == "/robots.txt":
            return self._robots(site)
        if path.startswith("/img/"):
            return Answer(200, "image/png", _DOT, self._wait(site))
        self.stats.visit(host, site, now)
        if alias:
            self.stats.redirects += 1
            target = f"Location: http://{site.name}{SUFFIX}:{self.port}{path}\r\n"
            return Answer(301, fields=target, delay=self._wait(site))
        return self._page(site, path, request)

    def _wait(self, site: Site, page: int = 0) -> float:
        """Seconds until an answer of that site."""
        world = self.world
        if site.slow:
            return world.slow_seconds
        return _vary(world.latency, mix(site.draw + page)) if world.latency else 0.0

    def _robots(self, site: Site) -> Answer:
        self.stats.robots += 1
        delay = self._wait(site)
        if site.robots is Robots.MISSING:
            return Answer(404, "text/html", _MISSING, delay)
        if site.robots is Robots.BROKEN:
            return Answer(503, delay=delay)
        return Answer(200, body=robots_txt(site), delay=delay)

    def _page(self, site: Site, path: str, request: Request) -> Answer:
        world, stats = self.world, self.stats
        page, moved = world.route(site, path)
        if page is None:
            return Answer(404, "text/html", _MISSING, self._wait(site))
        delay = self._wait(site, page)
        if moved is not Moved.NOWHERE:
            stats.redirects += 1
            number = page // world.sites
            where = f"/go/{number}"
            if moved is Moved.ONCE:
                where = site.path(number)
                if page & 1:
                    where = f"http://{site.name}{SUFFIX}:{self.port}{where}"
            status = 302 if moved is Moved.TWICE else 301
            return Answer(status, fields=f"Location: {where}\r\n", delay=delay)
        if world.disallowed(page):
            stats.disallowed += 1
        fate = world.fate(page)
        if fate > Fate.FALTERS:
            stats.errors += 1
            if fate is Fate.LOOP:
                return Answer(302, fields=f"Location: {path}\r\n", delay=delay)
            return Answer(_GONE[fate], "text/html", _MISSING, delay)
        if fate is Fate.FALTERS and page not in self._stumbled:
            self._stumbled[page] = None
            if len(self._stumbled) > _STUMBLED_KEPT:
                del self._stumbled[next(iter(self._stumbled))]
            stats.errors += 1
            return Answer(503, fields="Retry-After: 1\r\n", delay=delay)
        stats.pages += 1
        fields = "X-Poison: 1\r\n" if site.poisoned and path == "/poison" else ""
        packed = request.fields.gzip
        if packed:
            fields += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        return Answer(200, content_type(site), partial(self._body, page, packed), delay, fields)

    def _body(self, page: int, packed: bool) -> bytes:
        built = build(self.world, page)
        body = built.gzip() if packed else built.plain()
        self.stats.bytes += len(body)
        return body

    # -- what is not a site

    def _api(self, request: Request, now: float) -> Answer:
        path, _, query = request.target.partition("?")
        post = request.method == "POST"
        if path == "/search" and post:
            self.stats.searches += 1
            key = request.fields.key
            status, body = serper(self.world, self.account, request.body, key, self.port, now)
            return Answer(status, "application/json", body, self._search_wait())
        if path == "/searx/search":
            self.stats.searches += 1
            form = request.body.decode("utf-8", "replace") if post else query
            found = searxng(self.world, self.account, form, self.port, now)
            return Answer(*found, delay=self._search_wait())
        if path == "/simweb/stats":
            report = self.stats.report(_pace(query))
            return Answer(200, "application/json", json.dumps(report).encode())
        if path == "/simweb/reset" and post:
            self.reset()
            return Answer(200, "application/json", b"{}")
        if path == "/":
            return Answer(200, "text/html; charset=utf-8", self._index())
        return Answer(404, body=b"no such page\n")

    def _search_wait(self) -> float:
        latency = self.world.search_latency
        return _vary(latency, mix(self.stats.searches)) if latency else 0.0

    def _index(self) -> bytes:
        """A front page, to walk into the world with a browser."""
        links = "".join(
            f'<li><a href="{link}">{link}</a></li>\n'
            for link in (
                self.world.link(page, self.port) for page in range(min(self.world.sites, 40))
            )
        )
        return (
            "<!DOCTYPE html><title>simweb</title><h1>A simulated web</h1>"
            "<p>Search: POST /search, GET /searx/search?format=json&amp;q=... "
            '<a href="/simweb/stats">Counts</a></p>'
            f"<ul>{links}</ul>"
        ).encode()


def _vary(seconds: float, draw: int) -> float:
    """Between 0.5 and 1.5 of `seconds`."""
    return seconds * (0.5 + (draw & 0xFFFF) / 0x10000)


def _pace(query: str) -> float:
    """Seconds of ``?pace=``, 0 when there are none."""
    try:
        return float(parse_qs(query).get("pace", ["0"])[-1])
    except ValueError:
        return 0.0
