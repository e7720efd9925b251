"""When a site may be asked again."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from time import time

MAX_WAIT = 3600.0
"""Seconds that a site may ask us to wait; what goes beyond is waited no longer than that."""
MAX_CRAWL_DELAY = 60.0
"""Seconds between two requests that a robots.txt may ask for."""
TRIES = 3
"""Fetches of a URL that may fail for a reason that passes."""

_SITES = 20_000


class Pace:
    """From when on each site may be asked, for all jobs of this process.

    A site's URLs are in one shard, and a shard is in one chunk at a time, so within a job this is
    exact without asking anybody. Two jobs that visit one site from two processes do not see each
    other: each keeps the pace by itself.
    """

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def due(self, site: str) -> float:
        """Epoch seconds from which `site` may be asked; 0 when it never was."""
        return self._next.get(site, 0.0)

    def wait(self, site: str, until: float) -> float:
        """Leave `site` alone until the epoch second `until`; returns what holds then."""
        until = max(until, self._next.get(site, 0.0))
        if len(self._next) >= _SITES:
            now = time()
            self._next = {name: due for name, due in self._next.items() if due > now}
        self._next[site] = until
        return until


def backoff(status: int, tries: int) -> float:
    """Seconds before try `tries` + 1 of a site or page that failed with `status` (0: no answer).

    >>> [backoff(500, n) for n in (1, 2, 3)], backoff(429, 1)
    ([2.0, 4.0, 8.0], 5.0)
    """
    first = 5.0 if status in (429, 503) else 2.0
    return float(min(first * 2 ** (tries - 1), MAX_WAIT))


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110 §10.2.3), capped; None for junk.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0.0)
    (120.0, 60.0)
    >>> retry_after("99999999999", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 99.0)
    (3600.0, 0.0)
    >>> retry_after("soon", 0.0), retry_after("-5", 0.0), retry_after(None, 0.0)
    (None, None, None)
    """
    if not value or len(value) > 64:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), MAX_WAIT)
    try:
        at = parsedate_to_datetime(value)
        seconds = at.replace(tzinfo=at.tzinfo or UTC).timestamp() - now
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return min(max(seconds, 0.0), MAX_WAIT)
