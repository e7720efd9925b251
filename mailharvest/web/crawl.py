"""Visiting sites: many at once, each in sequence, at its pace, by its rules.

One *turn* of a site is one request to it: for its robots.txt, a page, or a page it was redirected
to. Between two turns a site waits in a heap, so its pace is kept in one place, and a site that
waits keeps nobody busy.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from time import time

from mailharvest.chunk import FoundURL, PageError
from mailharvest.spec import Fetch
from mailharvest.web.fetch import FetchError, Reply
from mailharvest.web.pace import TRIES, backoff, retry_after
from mailharvest.web.robots import EVERYTHING, Rules
from mailharvest.web.session import Web, page_headers
from mailharvest.web.urls import origin_of, resolve_url, site_of

PATIENCE = 5.0
"""Seconds that a chunk waits for a site; one that needs longer is handed back."""
LARGE = 256 * 1024
"""Bytes of a body from which it is taken in a thread, so that the loop stays responsive."""

_SLOW_PAGES = 2  # in a row, and the site is left alone for this time
_BUSY = frozenset((429, 503))
_OF_ORIGIN = frozenset(("connect", "tls", "robots"))  # they say nothing of its other schemes
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass(slots=True)
class Page:
    """A page that was fetched.

    Attributes
    ----------
    url : str
        Where it was in the end, redirects within its site included.
    body : bytes
    content_type : str or None
        As the server declared it.
    origin : FoundURL
        What was asked for.
    """

    url: str
    body: bytes
    content_type: str | None
    origin: FoundURL


@dataclass(slots=True)
class Visited:
    """What became of the URLs, each in exactly one place: a page, `found`, `leftovers`, `errors`.

    A page that was read although the connection broke is in `errors` as well (``truncated``).

    Attributes
    ----------
    found : list of FoundURL
        Redirects to other sites, and to pages of its own that there was no time for.
    leftovers : list of FoundURL
        To be fetched later.
    lost : list of str
        Of the errors, the URLs that were given up for a reason that may pass.
    pace : dict
        Site to the epoch second before which it must not be asked; those it was given as well.
    sites : Counter
        Pages by site.
    statuses : Counter
        Answers by status.
    pages, size : int
        Pages, and bytes of their bodies.
    duplicates : int
        Redirects to a page that had been read.
    """

    found: list[FoundURL] = field(default_factory=list)
    leftovers: list[FoundURL] = field(default_factory=list)
    errors: list[PageError] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    pace: dict[str, float] = field(default_factory=dict)
    sites: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    pages: int = 0
    size: int = 0
    duplicates: int = 0


class _Site:
    """A site during a visit; the first of its `queue` is (URL, what it stands for, redirects).

    That one is asked for a second time when `again` is true.
    """

    __slots__ = ("again", "delay", "name", "pages", "queue", "rules", "slow")

    def __init__(self, name: str, delay: float) -> None:
        self.name = name
        self.delay = delay
        self.queue: deque[tuple[str, FoundURL, int]] = deque()
        self.rules: dict[str, Rules] = {}
        self.pages = 0
        self.slow = 0
        self.again = False


async def visit(
    web: Web,
    urls: Iterable[FoundURL],
    options: Fetch,
    *,
    take: Callable[[Page], None],
    until: float,
    deadline: float,
    pace: Mapping[str, float] | None = None,
) -> Visited:
    """Fetch `urls`; returns when each has its place.

    Parameters
    ----------
    urls : iterable of FoundURL
        Normalised. At most ``options.concurrency`` sites are asked at once.
    take : callable
        Given every page, in a thread when it is large.
    until : float
        Epoch second after which no page is begun: what is left then is handed back.
    deadline : float
        Epoch second at which a page that is being fetched is given up.
    pace : mapping, optional
        Site to the epoch second before which it must not be asked.
    """
    return await _Visit(web, options, take, until, deadline).run(urls, pace or {})


class _Visit:
    def __init__(
        self,
        web: Web,
        options: Fetch,
        take: Callable[[Page], None],
        until: float,
        deadline: float,
    ) -> None:
        self.web, self.options, self.take = web, options, take
        self.until, self.deadline = until, deadline
        self.heap: list[tuple[float, int, _Site]] = []
        self.read: set[str] = set()
        self.result = Visited()

    async def run(self, urls: Iterable[FoundURL], pace: Mapping[str, float]) -> Visited:
        sites: dict[str, _Site] = {}
        for found in urls:
            name = site_of(found.url)
            site = sites.get(name)
            if site is None:
                site = sites[name] = _Site(name, self.options.per_site_delay)
            site.queue.append((found.url, found, 0))
        self.heap = [
            (max(pace.get(name, 0.0), self.web.pace.due(name)), order, site)
            for order, (name, site) in enumerate(sites.items())
        ]
        heapify(self.heap)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.options.concurrency, len(sites))):
                group.create_task(self.work())
        now = time()
        # With what it was told itself of sites that it has no page of: who comes next is told by
        # the last of these only.
        known = {
            name: max(pace.get(name, 0.0), self.web.pace.due(name)) for name in {*pace, *sites}
        }
        self.result.pace = {name: due for name, due in known.items() if due > now}
        return self.result

    async def work(self) -> None:
        """Give turns to sites, the one that is due first, until none waits.

        One that another worker holds comes back to the heap by that worker's hand, so an empty
        heap means that there are workers enough for what is left.
        """
        heap = self.heap
        while heap:
            due, order, site = heappop(heap)
            # Another job's visit, in this process, may have been there since.
            due = max(due, self.web.pace.due(site.name))
            now = time()
            if due > now:
                if due > self.until or due - now > PATIENCE:
                    self.hand_back(site, due)
                else:
                    await asyncio.sleep(due - now)
                    heappush(heap, (due, order, site))
                continue
            if site.delay > 0.0:
                self.web.pace.wait(site.name, now + site.delay)
            while site.queue:
                if time() >= self.until:
                    self.hand_back(site, 0.0)
                elif (due := await self.turn(site)) > time() and site.queue:
                    heappush(heap, (due, order, site))
                    break

    async def turn(self, site: _Site) -> float:
        """At most one request to `site`; returns the epoch second of its next turn."""
        url, found, redirects = site.queue[0]
        try:
            if self.options.robots:
                origin = origin_of(url)
                rules = site.rules.get(origin)
                if rules is None:
                    headers = page_headers(self.options.user_agent)
                    rules = self.web.robots.known(origin, self.options.user_agent)
                    if rules is None:
                        rules = await self.web.robots.ask(origin, self.options, headers)
                        self.know(site, origin, rules)
                        return self.rest(site)
                    self.know(site, origin, rules)
                if rules is not EVERYTHING and not rules.allow(url):
                    site.queue.popleft()
                    self.note(found.url, site.name, "robots", "its robots.txt forbids it")
                    return 0.0
            last = len(site.queue) == 1
            reply = await self.web.get(
                url, self.options, last=last, timeout=max(self.deadline - time(), 0.05)
            )
        except FetchError as error:
            if error.again and not site.again:
                site.again = True
                return self.rest(site)
            site.again = False
            site.queue.popleft()
            return self.failed(site, url, found, error)
        site.slow, site.again = 0, False
        site.queue.popleft()
        self.result.statuses[reply.status] += 1
        if 200 <= reply.status < 300:
            await self.arrived(site, url, found, reply)
        elif reply.status in _REDIRECTS:
            self.redirected(site, url, found, redirects, reply)
        else:
            return self.failed(site, url, found, _refusal(reply))
        return self.rest(site)

    def know(self, site: _Site, origin: str, rules: Rules) -> None:
        site.rules[origin] = rules
        site.delay = max(site.delay, rules.delay)

    def rest(self, site: _Site) -> float:
        """`site` was asked just now: from when on may it be asked again?"""
        if site.delay <= 0.0:
            return 0.0
        return self.web.pace.wait(site.name, time() + site.delay)

    async def arrived(self, site: _Site, url: str, found: FoundURL, reply: Reply) -> None:
        page = Page(url, reply.body, reply.headers.get("Content-Type"), found)
        size = len(reply.body)
        if size > LARGE:
            await asyncio.to_thread(self.take, page)
        else:
            self.take(page)
        self.read.add(url)
        site.pages += 1
        self.result.pages += 1
        self.result.size += size
        self.result.sites[site.name] += 1
        if reply.truncated:
            self.note(found.url, site.name, "truncated", "the connection broke before its end")

    def redirected(
        self, site: _Site, url: str, found: FoundURL, redirects: int, reply: Reply
    ) -> None:
        location = reply.headers.get("Location", "").strip()
        target = resolve_url(url, location)
        most = self.options.max_redirects
        followed = found.hops + redirects
        if not location:
            said = f"it answers {reply.status} and no address to go to"
            self.note(found.url, site.name, "redirects", said)
        elif target is None:
            self.note(found.url, site.name, "redirects", "it leads to what is no page of the web")
        elif target in (url, found.url):
            self.note(found.url, site.name, "redirects", "it leads back to itself")
        elif target in self.read:
            self.result.duplicates += 1
        elif followed >= most:
            self.note(found.url, site.name, "redirects", f"more than {most} redirects")
        elif site_of(target) == site.name:
            site.queue.appendleft((target, found, redirects + 1))
        else:
            self.result.found.append(FoundURL(target, found.query, found.rank, followed + 1))

    def failed(self, site: _Site, url: str, found: FoundURL, error: FetchError) -> float:
        """`found` gave nothing at `url`, and perhaps its site's rest will not now: place them."""
        site.slow = site.slow + 1 if error.kind == "timeout" else 0
        wide = error.site_wide or site.slow >= _SLOW_PAGES
        wait = backoff(error.status, found.tries + 1) if error.wait is None else error.wait
        again = time() + max(wait, site.delay)
        self.place(site, found, error, found.tries + 1, again)
        if wide:
            # A site that gave nothing all this time has used a try of each of its pages, or a dead
            # one would be asked three times for every page it has.
            used = 0 if site.pages else 1
            queue, site.queue = site.queue, deque()
            for each in queue:
                if error.kind in _OF_ORIGIN and origin_of(each[0]) != origin_of(url):
                    site.queue.append(each)  # another scheme, and so another port
                else:
                    self.place(site, each[1], error, each[1].tries + used, again)
            return self.web.pace.wait(site.name, again) if error.passing else 0.0
        return self.rest(site)

    def place(
        self, site: _Site, found: FoundURL, error: FetchError, tries: int, again: float
    ) -> None:
        if error.passing and tries < TRIES:
            self.result.leftovers.append(
                FoundURL(found.url, found.query, found.rank, found.hops, tries, again)
            )
        else:
            self.note(found.url, site.name, error.kind, error.message)
            if error.passing:
                self.result.lost.append(found.url)

    def hand_back(self, site: _Site, due: float) -> None:
        """The rest of `site` is for a later chunk; no try is used."""
        due = max(due, self.web.pace.due(site.name))
        for url, found, redirects in site.queue:
            left = FoundURL(url, found.query, found.rank, found.hops + redirects, found.tries, due)
            # Half-way through redirects it goes on from there, or one that needs more time than a
            # chunk has would begin anew for ever; the frontier does not know that URL yet.
            (self.result.found if redirects else self.result.leftovers).append(left)
        site.queue.clear()

    def note(self, url: str, site: str, kind: str, message: str) -> None:
        self.result.errors.append(PageError(url, site, kind, message))


def _refusal(reply: Reply) -> FetchError:
    status = reply.status
    return FetchError(
        "http_5xx" if status >= 500 else "http_4xx",
        f"it answered {status}",
        passing=status in _PASSING,
        site_wide=status in _BUSY,
        wait=retry_after(reply.headers.get("Retry-After"), time()) if status in _BUSY else None,
        status=status,
    )
