"""The values that travel between a job, its chunks and the ledger: pure data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

SHARDS = 128
"""Shards of one job's frontier at most: all URLs of a site share one (hash of the site).

So many chunks of a job can fetch at once, of `concurrency` sites each: some 10,000 connections.
With more shards each would have fewer URLs waiting, and its chunks would be crumbs.
"""


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """One chunk that a job asks for: the unit of work, of retry and of loss.

    Attributes
    ----------
    kind : str
        ``search``, ``scrape``, ``read``, or what a user's own job calls it.
    data : dict
        What ``handle`` needs to know; JSON.
    shard : int, optional
        Chunks of a job that share a shard never run at the same time.
    limit : str, optional
        Name of the rate limit that this chunk counts against when it is claimed.
    cost : int
        How many calls it counts for there.
    """

    kind: str = "handle"
    data: dict[str, Any] = field(default_factory=dict)
    shard: int | None = None
    limit: str | None = None
    cost: int = 1


class FoundURL(NamedTuple):
    """A URL on its way into the frontier, or back into it.

    A tuple, because there are a hundred in many a result, and those of a frozen dataclass take
    ten times as long to be made and to travel.

    Attributes
    ----------
    url : str
        Absolute, http or https, normalised, without fragment.
    query : str, optional
        The query that led to it.
    rank : int, optional
        Its place among the results of that query, 1-based.
    hops : int
        Redirects to another site that led here; bounded by ``fetch.max_redirects``.
    tries : int
        Fetches of it that failed in a way worth repeating.
    not_before : float
        Epoch seconds from which it may be fetched; 0 is now.
    """

    url: str
    query: str | None = None
    rank: int | None = None
    hops: int = 0
    tries: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class PageError:
    """A page that gave nothing, and why: data, never an exception.

    Attributes
    ----------
    url, site : str
    kind : str
        One of a closed set: ``dns``, ``connect``, ``tls``, ``timeout``, ``http_4xx``,
        ``http_5xx``, ``too_large``, ``not_text``, ``redirects``, ``robots``, ``private``,
        ``protocol``, ``truncated``, ``bad_url``, ``crash``, ``file``, ``api_error``,
        ``no_results``.
    message : str
        One line, bounded, of our own words; nothing that a page said unescaped.
    """

    url: str
    site: str
    kind: str
    message: str


@dataclass(slots=True)
class ChunkResult:
    """What one chunk brought back.

    Attributes
    ----------
    records : pyarrow.Table or None
        Sightings, in ``records.SCHEMA``; none is None.
    urls : list of FoundURL
        Discovered: into the frontier, where those it knows are ignored.
    leftovers : list of FoundURL
        Not fetched yet (the site asked to wait, or the deadline came): back into the frontier
        with the time from which they may be fetched.
    stats : dict
        Numbers to be added up: ``pages``, ``bytes``, ``seconds``, ``api_calls``, ``duplicates``,
        ``status_200`` and so on.
    errors : list of PageError
    lost : list of str
        URLs of the frontier that were given up, after all their tries, for a reason that may pass.
    pace : dict
        Site to epoch seconds before which it must not be asked again; only for sites that still
        have to wait when the chunk ends. Handed to the next chunk of the shard.
    sites : dict
        Site to pages fetched there, for displays.
    value : object
        What a user's ``handle`` returned, JSON; for a ``search`` chunk
        ``{"query": int, "results": int, "exhausted": bool}``.
    """

    records: pa.Table | None = None
    urls: list[FoundURL] = field(default_factory=list)
    leftovers: list[FoundURL] = field(default_factory=list)
    stats: dict[str, float] = field(default_factory=dict)
    errors: list[PageError] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    pace: dict[str, float] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)
    value: Any = None
