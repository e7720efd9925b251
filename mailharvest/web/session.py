"""The fetcher of a process: its connections, the robots rules it knows, the pace it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from time import monotonic

from mailharvest.spec import Fetch
from mailharvest.web.fetch import AiohttpTransport, FetchError, Reply, Request, Transport
from mailharvest.web.gate import Gate
from mailharvest.web.limit import Limits
from mailharvest.web.pace import Pace
from mailharvest.web.robots import Robots

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

CONNECTIONS = 10_000
"""Connections in use at once, where the system's limit on open files allows that many."""

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,text/plain;q=0.8,*/*;q=0.1"
_SPARE_FILES = 256


class Web:
    """One per worker process; used on one event loop.

    Parameters
    ----------
    transport : Transport, optional
        What carries the requests; aiohttp unless said otherwise.

    Examples
    --------
    >>> async def read(url):
    ...     async with Web() as web:
    ...         return await web.get(url, Fetch(timeout="5s"))
    """

    transport: Transport
    robots: Robots

    def __init__(self, transport: Transport | None = None) -> None:
        self._given = transport
        self.pace = Pace()
        self.gate = Gate(_connections())
        self._limits = Limits()

    async def open(self) -> None:
        """Make ready; on the loop that will be used."""
        self.transport = self._given or AiohttpTransport(self.gate.most)
        self.robots = Robots(self.exchange)

    async def close(self) -> None:
        """Close every connection."""
        await self.transport.close()

    async def __aenter__(self) -> Web:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def exchange(self, request: Request, seconds: float) -> Reply:
        """Exchange what no pace is kept for: a robots.txt, or a call of an API.

        A GET that may fare better (:attr:`FetchError.again`) is sent once more, at once.

        Raises
        ------
        FetchError
        TimeoutError
        """
        until = monotonic() + seconds
        try:
            return await self._exchange(request, seconds)
        except FetchError as error:
            if not error.again or request.body is not None:
                raise
        return await self._exchange(request, max(until - monotonic(), 0.0))

    async def _exchange(self, request: Request, seconds: float) -> Reply:
        """Exchange `request` when there is room for it, in at most `seconds` from then on."""
        await self.gate.enter()
        try:
            return await self._limits.hold(seconds, self.transport.get(request))
        finally:
            self.gate.leave()

    async def get(
        self, url: str, options: Fetch, *, last: bool = False, timeout: float | None = None
    ) -> Reply:
        """One request for a page, without robots, pace or redirects: :mod:`~mailharvest.web.crawl`
        has those.

        Parameters
        ----------
        url : str
            Normalised.
        last : bool
            Nothing more is asked of the site now: its connection is closed.
        timeout : float, optional
            Seconds, when less than ``options.timeout`` are left.

        Raises
        ------
        FetchError
        """
        request = Request(
            url,
            page_headers(options.user_agent, last),
            options.max_bytes,
            private=options.allow_private,
        )
        seconds = options.timeout if timeout is None else min(timeout, options.timeout)
        try:
            return await self._exchange(request, seconds)
        except TimeoutError:
            raise FetchError("timeout", f"not done in {seconds:.3g} s", passing=True) from None

    async def call(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        body: bytes | None = None,
        max_bytes: int = 5_000_000,
    ) -> Reply:
        """Ask an API whose URL a person wrote: it may be inside, as one's own SearXNG is.

        It is a POST when there is a `body`.

        Raises
        ------
        FetchError
        """
        request = Request(
            url,
            headers,
            max_bytes,
            cut=True,
            any_type=True,
            private=True,
            method="GET" if body is None else "POST",
            body=body,
        )
        try:
            return await self.exchange(request, timeout)
        except TimeoutError:
            raise FetchError("timeout", f"not done in {timeout:g} s", passing=True) from None


@lru_cache(maxsize=64)
def page_headers(user_agent: str, last: bool = False) -> dict[str, str]:
    """The headers of a request for a page; made once for each kind of job."""
    headers = {"User-Agent": user_agent, "Accept": _ACCEPT}
    if last:
        headers["Connection"] = "close"
    return headers


def _connections() -> int:
    if resource is None:
        return CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    # Two pools, and connections that are kept alive count against the system's limit as well.
    return max(64, min(CONNECTIONS, (files - _SPARE_FILES) // 2))
