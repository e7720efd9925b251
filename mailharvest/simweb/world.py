"""The world: a frozen value of a few numbers, of which every page and every truth is a function."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

from mailharvest.errors import SpecError
from mailharvest.simweb.draw import about, digest, mix, threshold
from mailharvest.simweb.plant import CLOAKS, FIRST_CLOAK, WAYS, Way
from mailharvest.simweb.site import CLOSED_FOLDER, SUFFIX, Robots, Site, network_address

Planted = tuple[str, int, int]
"""An address on a page: as a harvest returns it, the way it is written, random bits for that."""

_POPULAR = 50
_SITES_KEPT = 16_384
_DRAWS_KEPT = 4096
_MOVED = re.compile(r"/(go|old)/(\d{1,9})\Z")


_RANGES = {
    "sites": (1, 10**9),
    "pages_per_site": (1, 10**9),
    "results_per_query": (1, 10**9),
    "addresses": (0, 20),
    "duplicates": (0, 0.9),
    "cloaked": (0, 1),
    "snippets": (0, 1),
    "errors": (0, 1),
    "flaky": (0, 1),
    "redirects": (0, 1),
    "robots": (0, 1),
    "slow": (0, 1),
    "slow_seconds": (0, 3600),
    "latency": (0, 3600),
    "search_latency": (0, 3600),
    "poison": (0, 10**9),
}


class Fate(IntEnum):
    """What becomes of a request for a page."""

    ANSWERED = 0
    FALTERS = 1  # 503 and Retry-After the first time, then answered
    NOT_FOUND = 2  # 404
    GONE = 3  # 410
    BROKEN = 4  # 500
    RESET = 5  # the connection is reset
    LOOP = 6  # redirects to itself


_LOSSES = tuple(fate for fate in Fate if fate > Fate.FALTERS)


class Moved(IntEnum):
    """What the link of a search result leads to first."""

    NOWHERE = 0  # the page itself
    ONCE = 1  # a redirect within the site, absolute Location
    TWICE = 2  # two redirects within the site, relative Locations
    WWW = 3  # a redirect from another site: www.NAME


_MOVES = (Moved.ONCE, Moved.TWICE, Moved.WWW, Moved.WWW)


@dataclass(frozen=True)
class World:
    """A simulated web: sites, their pages, the addresses on them, and a search over it all.

    Everything is a pure function of these numbers, computed when asked for: a world of a million
    sites costs no more memory than one of ten. Shares are between 0 and 1.

    Attributes
    ----------
    seed : int
    sites, pages_per_site : int
    results_per_query : int
        Results that a query has in all, over its pages; fewer when the world has fewer pages.
    addresses : float
        Addresses of its own that a page has, on average.
    duplicates : float
        Share of the sightings that repeat an address of another page or site; queries overlap
        too: half this share of their results are pages that many queries find.
    cloaked : float
        Share of a page's own addresses that are hidden from robots (``[at]``, Cloudflare).
    snippets : float
        Share of the search results whose snippet holds an address of the page.
    errors : float
        Share of the pages that never answer: 404, 410, 500, reset, redirect loop.
    flaky : float
        Share of the pages that answer 503 and ``Retry-After: 1`` once, and then well.
    redirects : float
        Share of the search results that lead to the page by one or two redirects.
    robots : float
        Share of the sites whose robots.txt matters: all or a folder disallowed, a delay, or a 503.
    slow : float
        Share of the sites where every answer takes `slow_seconds`.
    slow_seconds, latency, search_latency : float
        Seconds until an answer of a slow site, of any other (robots.txt and redirects take as long
        as pages), of the search; the last two vary from 0.5 to 1.5 of it.
    poison : int
        Pages of this number of sites (the first ones) at ``/poison``: ordinary pages, that a test
        can name. They are search results like any other and always answer.
    api_key : str, optional
        The key that searches need; any will do when there is none.
    search_rate : int, optional
        Searches a second, above which the answer is 429.
    credits : int, optional
        Searches that are paid for; then the answer is "Not enough credits".

    Raises
    ------
    SpecError
        A number is outside its range.
    """

    seed: int = 1
    sites: int = 20_000
    pages_per_site: int = 5
    results_per_query: int = 300
    addresses: float = 4.5
    duplicates: float = 0.2
    cloaked: float = 0.1
    snippets: float = 0.25
    errors: float = 0.02
    flaky: float = 0.01
    redirects: float = 0.06
    robots: float = 0.1
    slow: float = 0.03
    slow_seconds: float = 10.0
    latency: float = 0.0
    search_latency: float = 0.0
    poison: int = 0
    api_key: str | None = None
    search_rate: int | None = None
    credits: int | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise SpecError(f"must be {least} to {most:,}", field=name)

    # -- what is derived once; cached_property writes past the frozen fields

    @cached_property
    def pages(self) -> int:
        """Pages in all. Page ``p`` is number ``p // sites`` of site ``p % sites``."""
        return self.sites * self.pages_per_site

    @cached_property
    def _keys(self) -> tuple[int, int, int]:
        base = mix(self.seed)
        return mix(base + 1), mix(base + 2), mix(base + 3)

    @cached_property
    def _thresholds(self) -> dict[str, int]:
        return {f.name: threshold(getattr(self, f.name)) for f in fields(self) if f.type == "float"}

    @cached_property
    def _stride(self) -> int:
        """Multiplier of the permutation in which searches walk the pages."""
        stride = round(self.pages * 0.6180339887) or 1
        while math.gcd(stride, self.pages) != 1:
            stride += 1
        return stride

    def __getstate__(self) -> dict[str, Any]:
        return asdict(self)

    # -- sites and pages

    @cached_property
    def site(self) -> Callable[[int], Site]:
        """The site of that number; the ones last asked for are kept."""
        key, poison = self._keys[0], self.poison
        robots, slow = self._thresholds["robots"], self._thresholds["slow"]
        return lru_cache(_SITES_KEPT)(
            lambda index: Site(index, mix(key + index), robots, slow, index < poison)
        )

    def find(self, host: str) -> tuple[Site | None, bool]:
        """The site of a host name without port, and whether the name is its www alias."""
        name = host.removesuffix(SUFFIX)
        alias = name.startswith("www.")
        name = name.removeprefix("www.")
        digits = name.rpartition("-")[2]
        if name + SUFFIX in (host, host.removeprefix("www.")) and digits.isdecimal():
            index = int(digits[:10])
            if index < self.sites and self.site(index).name == name:
                return self.site(index), alias
        return None, False

    def route(self, site: Site, path: str) -> tuple[int | None, Moved]:
        """The page that a path of a site means, and whether it is a redirect to it."""
        if path == "/poison":
            return (
                (site.index, Moved.NOWHERE) if site.index < self.poison else (None, Moved.NOWHERE)
            )
        moved = _MOVED.match(path)
        number = int(moved[2]) if moved else site.number(path)
        if number is None or number >= self.pages_per_site:
            return None, Moved.NOWHERE
        page = number * self.sites + site.index
        if not moved:
            return page, Moved.NOWHERE
        return page, Moved.TWICE if moved[1] == "old" else Moved.ONCE

    @cached_property
    def draw(self) -> Callable[[int], int]:
        """64 random bits, the source of everything that is particular to the page given."""
        key = self._keys[1]
        return lru_cache(_DRAWS_KEPT)(lambda page: mix(key + page))

    def fate(self, page: int) -> Fate:
        """What becomes of a request for it, robots.txt aside."""
        bits = self.draw(page)
        if page < self.poison:
            return Fate.ANSWERED
        if bits & 0xFFFF < self._thresholds["errors"]:
            return _LOSSES[(bits >> 48 & 0xFF) % len(_LOSSES)]
        if bits >> 16 & 0xFFFF < self._thresholds["flaky"]:
            return Fate.FALTERS
        return Fate.ANSWERED

    def moved(self, page: int) -> Moved:
        """How a search result leads to it."""
        bits = self.draw(page)
        if bits >> 32 & 0xFFFF >= self._thresholds["redirects"] or page < self.poison:
            return Moved.NOWHERE
        return _MOVES[bits >> 56 & 3]

    def disallowed(self, page: int) -> bool:
        """Whether robots.txt keeps it from us."""
        site = self.site(page % self.sites)
        if site.robots is Robots.FOLDER:
            return site.section(page // self.sites) == CLOSED_FOLDER
        return site.blocked

    def lost(self, page: int) -> bool:
        """Whether a perfect and polite harvest gets nothing from it."""
        return self.fate(page) > Fate.FALTERS or self.disallowed(page)

    def link(self, page: int, port: int) -> str:
        """The URL by which a search finds it."""
        site = self.site(page % self.sites)
        number = page // self.sites
        moved = self.moved(page)
        path = site.path(number)
        if moved is Moved.ONCE or moved is Moved.TWICE:
            path = f"/{'go' if moved is Moved.ONCE else 'old'}/{number}"
        alias = "www." if moved is Moved.WWW else ""
        return f"http://{alias}{site.name}{SUFFIX}:{port}{path}"

    def urls(self, port: int) -> Iterator[str]:
        """Links of all pages, site by site within each page number."""
        return (self.link(page, port) for page in range(self.pages))

    def planted(self, page: int) -> list[Planted]:
        """The addresses on a page, in the order of their places, whatever its fate."""
        return list(self._planting(page))

    def _planting(self, page: int) -> Iterator[Planted]:
        bits = self.draw(page)
        site = self.site(page % self.sites)
        number = page // self.sites
        cloaked = self._thresholds["cloaked"]
        for nth in range(about(self.addresses, mix(bits + 1))):
            draw = mix(bits + 16 + nth)
            email = site.person_address(number * 48 + nth) if nth else site.role_address(number)
            table = CLOAKS if draw & 0xFFFF < cloaked else WAYS
            yield email, table[draw >> 16 & 0xFF], draw
        repeats = self.addresses * self.duplicates / (1 - self.duplicates)
        for nth in range(about(repeats, mix(bits + 2))):
            draw = mix(bits + 128 + nth)
            if draw >> 63:
                email = site.main_address
            else:
                email = network_address(draw >> 32, max(8, self.sites // 20), self._keys[0])
            yield email, WAYS[draw >> 16 & 0xFF], draw

    def snippet_address(self, page: int) -> str | None:
        """The address that a search result's snippet holds; it is on the page too."""
        if mix(self.draw(page) + 4) & 0xFFFF >= self._thresholds["snippets"]:
            return None
        return next((email for email, way, _ in self._planting(page) if way < FIRST_CLOAK), None)

    # -- search

    def result_count(self) -> int:
        """Results that every query has."""
        return min(self.results_per_query, self.pages)

    def results(
        self, query: str, country: str | None = None, start: int = 0, stop: int | None = None
    ) -> list[int]:
        """Pages that a query finds, best first, no page twice.

        Case, surrounding and repeated spaces do not matter; the country (``gl``) does.
        """
        asked = f"{' '.join(query.split()).casefold()}\0{(country or '').casefold()}"
        key = mix(self._keys[2] ^ digest(asked))
        last = self.result_count()
        popular = self.pages // _POPULAR
        every = round(2 / self.duplicates) if self.duplicates else 0
        if not every or last > (self.pages - popular) // 2 or last // every >= popular:
            every, popular = last + 1, 0
        other = self.pages - popular
        found = []
        for rank in range(start, min(last, last if stop is None else stop)):
            turn, place = divmod(rank, every)
            if place == every - 1:
                position = (mix(key) + turn) % popular
            else:
                position = popular + (key + rank - turn) % other
            found.append(position * self._stride % self.pages)
        return found

    # -- truth

    def truth(
        self,
        queries: Iterable[str],
        *,
        country: str | None = None,
        max_results: int | None = None,
        obfuscated: bool = False,
        snippets: bool = True,
        pages: bool = True,
        without: Iterable[str] = (),
    ) -> set[str]:
        """What a perfect and polite harvest of these queries returns.

        Robots.txt is obeyed, redirects are followed to other sites too, pages that never answer
        are lost, slow and flaky ones are waited for. Addresses are in normal form: lower case,
        the domain as A-labels.

        Parameters
        ----------
        queries : iterable of str
        country : str, optional
            The ``gl`` that is asked for.
        max_results : int, optional
            Results that are read of each query; all by default.
        obfuscated : bool
            With the addresses that pages hide from robots.
        snippets, pages : bool
            Whether snippets are read, and whether pages are fetched.
        without : iterable of str
            URLs of pages that are not counted, whichever result led there.
        """
        hits: set[int] = set()
        for query in queries:
            hits.update(self.results(query, country, 0, max_results))
        fetched = hits - set(self.pages_of(without)) if pages else set()
        found = self.page_truth(fetched, obfuscated=obfuscated)
        if snippets:
            # What a snippet shows is on the page too: only pages that gave nothing matter.
            lost = (page for page in hits if page not in fetched or self.lost(page))
            found.update(filter(None, map(self.snippet_address, lost)))
        return found

    def site_truth(self, urls: Iterable[str], *, obfuscated: bool = False) -> set[str]:
        """What a perfect and polite harvest of these URLs returns; unknown ones give nothing."""
        return self.page_truth(set(self.pages_of(urls)), obfuscated=obfuscated)

    def page_truth(self, pages: Iterable[int], *, obfuscated: bool = False) -> set[str]:
        """What the pages of these numbers give to a perfect and polite harvest."""
        below = len(Way) if obfuscated else FIRST_CLOAK
        return {
            email
            for page in sorted(pages, key=self.sites.__rmod__)  # a site's pages together
            if not self.lost(page)
            for email, way, _ in self._planting(page)
            if way < below
        }

    def pages_of(self, urls: Iterable[str]) -> Iterator[int]:
        """Numbers of the pages that URLs lead to, after redirects; unknown ones are left out."""
        for url in urls:
            parts = urlsplit(url)
            site, _ = self.find(parts.hostname or "")
            if site is not None:
                query = f"?{parts.query}" if parts.query else ""
                page, _ = self.route(site, (parts.path or "/") + query)
                if page is not None:
                    yield page
