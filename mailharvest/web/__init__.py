"""Pages from the web: bounded, guarded, polite. Asyncio, and nothing of Dask."""

from __future__ import annotations

from mailharvest.web.crawl import Page, Visited, visit
from mailharvest.web.fetch import FetchError, Reply, Request, Transport
from mailharvest.web.session import Web
from mailharvest.web.urls import normalise_url, shard_of, site_of

__all__ = [
    "FetchError",
    "Page",
    "Reply",
    "Request",
    "Transport",
    "Visited",
    "Web",
    "normalise_url",
    "shard_of",
    "site_of",
    "visit",
]
