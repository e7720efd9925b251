"""Where URLs and texts come from: search providers, lists of URLs, files."""

from __future__ import annotations

from typing import Protocol

from mailharvest.sources import searxng, serper
from mailharvest.sources.result import Result, Results
from mailharvest.spec import Search
from mailharvest.web import Web

__all__ = ["PROVIDERS", "Provider", "Result", "Results"]


class Provider(Protocol):
    """One page of search results; a new provider is one such function."""

    async def __call__(
        self,
        web: Web,
        search: Search,
        query: str,
        number: int,
        *,
        country: str | None,
        language: str | None,
        timeout: float,
    ) -> Results:
        """Page `number`, 1-based, of the results for `query`."""


PROVIDERS: dict[str, Provider] = {
    "serper": serper.page,
    "searxng": searxng.page,
    "simweb": serper.page,
}
"""Provider by the name that a job gives it."""
