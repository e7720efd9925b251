"""What the server saw: how much, how fast, and whether its sites were treated politely."""

from __future__ import annotations

from typing import Any

from mailharvest.simweb.site import CRAWL_DELAY, Robots, Site

_SITES_KEPT = 200_000
_WORST = 20
_SLACK = 0.05
"""Seconds that a request may come early and still be on time: two clocks, one network."""


class Stats:
    """Counts of one server, in bounded memory.

    The pace of a site is the time between the arrivals of two requests to it, robots.txt aside.
    Sites that were not asked for longest are forgotten first when there are too many.
    """

    def __init__(self) -> None:
        self.requests = self.pages = self.searches = self.robots = self.bytes = 0
        self.redirects = self.errors = self.peak = self.connections = 0
        self.disallowed = self.crawl_delay_violations = 0
        self.min_gap: float | None = None
        self._second = self._this_second = 0
        self._sites: dict[str, tuple[float, float]] = {}

    def request(self, now: float) -> None:
        """Count a request of any kind."""
        self.requests += 1
        if int(now) != self._second:
            self._second, self._this_second = int(now), 0
        self._this_second += 1
        if self._this_second > self.peak:
            self.peak = self._this_second

    def visit(self, host: str, site: Site, now: float) -> None:
        """Count a request to a site that is owed politeness."""
        seen = self._sites.pop(host, None)
        if seen is None:
            self._sites[host] = (now, float("inf"))
            if len(self._sites) > _SITES_KEPT:
                del self._sites[next(iter(self._sites))]
            return
        gap = now - seen[0]
        self._sites[host] = (now, min(gap, seen[1]))
        if self.min_gap is None or gap < self.min_gap:
            self.min_gap = gap
        if site.robots is Robots.DELAY and gap < CRAWL_DELAY - _SLACK:
            self.crawl_delay_violations += 1

    def report(self, pace: float = 0.0) -> dict[str, Any]:
        """The counts, and the sites that were asked twice within `pace` seconds."""
        too_fast = sorted(
            (gap, host) for host, (_, gap) in self._sites.items() if gap < pace - _SLACK
        )
        return {
            "requests": self.requests,
            "pages": self.pages,
            "searches": self.searches,
            "robots": self.robots,
            "redirects": self.redirects,
            "errors": self.errors,
            "bytes": self.bytes,
            "connections": self.connections,
            "peak_per_second": self.peak,
            "sites": len(self._sites),
            "min_gap": self.min_gap,
            "too_fast": len(too_fast),
            "worst": [{"site": host, "gap": gap} for gap, host in too_fast[:_WORST]],
            "disallowed": self.disallowed,
            "crawl_delay_violations": self.crawl_delay_violations,
        }
