"""A chunk in, a ChunkResult out: the one place where source, fetch and extract meet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from time import monotonic, time
from typing import Any

from mailharvest.chunk import ChunkResult, FoundURL, PageError
from mailharvest.extract import Classification, classify, extract, page_title
from mailharvest.records import table
from mailharvest.sources import PROVIDERS, files
from mailharvest.sources.urls import shown
from mailharvest.spec import Fetch, Filter, Search
from mailharvest.web import Page, Web, normalise_url, visit

CHUNK_SECONDS = 8.0
"""Seconds after which a chunk begins no more pages."""


_classified = lru_cache(maxsize=8192)(classify)  # a site shows the same few on every page


class _Rows:
    """The sightings of one chunk, as rows in the order of ``records.SCHEMA``."""

    def __init__(self, job_id: str, keep: Filter) -> None:
        self.job_id, self.keep = job_id, keep
        self.rows: list[tuple[Any, ...]] = []

    def add(
        self,
        data: bytes | str,
        *,
        kind: str,
        url: str,
        content_type: str | None,
        title: str | None = None,
        query: str | None = None,
        rank: int | None = None,
    ) -> int:
        """Extract, keep what the job wants; returns how many addresses that were.

        The title of a page is looked for only when there is an address to go with it.
        """
        found = extract(data, content_type=content_type, url=url)
        if not found:
            return 0
        at = int(time() * 1e6)
        before = len(self.rows)
        for address in found:
            if address.obfuscated and not self.keep.include_obfuscated:
                continue
            what = _classified(address.email)
            if not _wanted(what, self.keep.email_type):
                continue
            if title is None and isinstance(data, bytes):
                title = page_title(data, content_type=content_type) or ""
            self.rows.append(
                (
                    address.email,
                    address.as_found,
                    address.domain,
                    what.email_type,
                    what.role,
                    url,
                    kind,
                    address.method,
                    address.obfuscated,
                    address.confidence,
                    title or None,
                    query,
                    rank,
                    at,
                    self.job_id,
                )
            )
        return len(self.rows) - before


def _wanted(what: Classification, email_type: str) -> bool:
    match email_type:
        case "all":
            return True
        case "business" | "free":
            return what.email_type == email_type
        case "role":
            return what.role is not None
        case "personal":
            return what.role is None
        case provider:
            return what.provider == provider


async def scrape(
    data: Mapping[str, Any],
    *,
    fetch: Fetch,
    keep: Filter,
    web: Web,
    job_id: str,
    deadline: float,
) -> ChunkResult:
    """Fetch the pages of a ``scrape`` chunk and extract their addresses.

    Begins no page after :data:`CHUNK_SECONDS`; what is left then, and what a site does not want
    asked yet, comes back as leftovers.

    Parameters
    ----------
    data : mapping
        ``{"urls": [[url, query, rank, hops, tries], …], "pace": {site: epoch}}``, of one shard.
    deadline : float
        Epoch second by which it must be back.
    """
    urls = [FoundURL(*url) for url in data["urls"]]
    await web.gate.room(min(len(urls), fetch.concurrency))  # its time begins when it can begin
    started = monotonic()
    rows = _Rows(job_id, keep)
    crashes: list[PageError] = []

    def take(page: Page) -> None:
        origin = page.origin
        try:
            rows.add(
                page.body,
                kind="page",
                url=page.url,
                content_type=page.content_type,
                query=origin.query,
                rank=origin.rank,
            )
        except Exception as error:  # one page that breaks the extractor is not the whole chunk
            crashes.append(_crash(page.url, error))

    visited = await visit(
        web,
        urls,
        fetch,
        take=take,
        until=min(time() + CHUNK_SECONDS, deadline),
        deadline=deadline,
        pace=data.get("pace"),
    )
    stats: dict[str, float] = {
        "pages": visited.pages,
        "bytes": visited.size,
        "seconds": monotonic() - started,
        "duplicates": visited.duplicates,
    }
    for status, count in visited.statuses.items():
        stats[f"status_{status}"] = count
    return ChunkResult(
        records=table(rows.rows) if rows.rows else None,
        urls=visited.found,
        leftovers=visited.leftovers,
        stats=stats,
        errors=visited.errors + crashes,
        lost=visited.lost,
        pace=visited.pace,
        sites=dict(visited.sites),
    )


async def search(
    data: Mapping[str, Any],
    *,
    search: Search,
    fetch: Fetch,
    keep: Filter,
    deep: bool | int,
    web: Web,
    job_id: str,
    country: str | None = None,
    language: str | None = None,
) -> ChunkResult:
    """Ask the provider for one span of results: addresses of their snippets, and URLs to fetch.

    Parameters
    ----------
    data : mapping
        ``{"query_index": i, "query": "text", "start_offset": 0, "max_results": 20}``. The span is
        of places in the list of results, so spans that meet leave no gap and no overlap, wherever
        they begin.
    deep : bool or int
        Fetch the pages behind the results: always, never, or unless a snippet gave that many
        addresses.

    Raises
    ------
    ProviderError
        The provider gave no results: by kind, see :mod:`mailharvest.errors`.
    """
    started = monotonic()
    rows = _Rows(job_id, keep)
    found: dict[str, FoundURL] = {}
    query, size = data["query"], search.results_per_page
    start = data["start_offset"]
    end = start + data["max_results"]
    calls = seen = 0
    exhausted = False
    for number in range(start // size + 1, (end - 1) // size + 2):
        page = await PROVIDERS[search.provider](
            web,
            search,
            query,
            number,
            country=country,
            language=language,
            timeout=fetch.timeout,
        )
        calls += 1
        for result in page.items:
            if not start <= result.position < end:
                continue
            seen += 1
            rank = result.position + 1
            url = normalise_url(result.url)
            if url is None:
                continue
            emails = rows.add(
                f"{result.title}\n{result.snippet}",
                kind="snippet",
                url=url,
                content_type="text/plain",
                title=result.title,
                query=query,
                rank=rank,
            )
            if deep is True or (deep is not False and emails < deep):
                found.setdefault(url, FoundURL(url, query, rank))
        if page.exhausted:
            exhausted = True
            break
    errors = []
    if not seen and start == 0:
        errors.append(PageError("", search.provider, "no_results", "the query has no results"))
    return ChunkResult(
        records=table(rows.rows) if rows.rows else None,
        urls=list(found.values()),
        stats={"api_calls": calls, "results": seen, "seconds": monotonic() - started},
        errors=errors,
        value={
            "query": data["query_index"],
            "results": seen,
            "exhausted": exhausted,
            "emails": len(rows.rows),
        },
    )


async def read(
    data: Mapping[str, Any], *, keep: Filter, job_id: str, deadline: float
) -> ChunkResult:
    """Extract the addresses of local files.

    Parameters
    ----------
    data : mapping
        ``{"spans": [[path, start, end], …]}``, from :func:`mailharvest.sources.files.spans`.
    deadline : float
        Epoch second after which no file is begun.

    Raises
    ------
    TimeoutError
        The deadline came first.
    """
    return await asyncio.to_thread(_read, data, keep, job_id, deadline)


def _read(data: Mapping[str, Any], keep: Filter, job_id: str, deadline: float) -> ChunkResult:
    started = monotonic()
    rows = _Rows(job_id, keep)
    errors: list[PageError] = []
    pages = size = 0
    for path, start, end in data["spans"]:
        if time() > deadline:
            raise TimeoutError(f"{pages} of {len(data['spans'])} files in the time given")
        url = Path(path).as_uri()
        try:
            body = files.read(path, start, end)
            content_type = "text/html" if files.is_markup(path) else "text/plain"
            rows.add(body, kind="file", url=url, content_type=content_type)
        except files.BadFile as error:
            errors.append(PageError(url, "", "file", f"{_called(path)}: {error}"))
            continue
        except Exception as error:  # as for pages: one file is not the whole chunk
            errors.append(_crash(url, error, f" on {_called(path)}"))
            continue
        pages += 1
        size += len(body)
    return ChunkResult(
        records=table(rows.rows) if rows.rows else None,
        stats={"pages": pages, "bytes": size, "seconds": monotonic() - started},
        errors=errors,
    )


def _called(path: str) -> str:
    return shown(Path(path).name)  # a file's name may be any bytes


def _crash(url: str, error: Exception, where: str = "") -> PageError:
    site = url.split("/", 3)[2]
    return PageError(url, site, "crash", f"the extractor failed{where}: {type(error).__name__}")
