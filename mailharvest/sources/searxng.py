"""SearXNG: a metasearch engine of one's own, with JSON enabled."""

from __future__ import annotations

from urllib.parse import urlencode

from mailharvest.errors import Blocked
from mailharvest.sources.api import ask, payload
from mailharvest.sources.result import Results, results
from mailharvest.spec import Search
from mailharvest.web import Web


async def page(
    web: Web,
    search: Search,
    query: str,
    number: int,
    *,
    country: str | None,
    language: str | None,
    timeout: float,
) -> Results:
    """Page `number`, 1-based, of the results for `query`.

    Raises
    ------
    Blocked
        JSON is not enabled, or every engine behind it turned the query away.
    RateLimited, ProviderDown
    """
    assert search.base_url is not None  # a Search of searxng without one is refused
    asked = {"q": query, "format": "json", "pageno": str(number)}
    if language:
        asked["language"] = f"{language}-{country.upper()}" if country else language
    url = f"{search.base_url.rstrip('/')}/search?{urlencode(asked)}"
    reply = await ask(web, "searxng", url, timeout=timeout)
    if reply.status == 403:
        raise Blocked("searxng answers 403: add json to search.formats in its settings.yml")
    if reply.status >= 400:
        raise Blocked(f"searxng answered {reply.status}")
    answer = payload("searxng", reply)
    found = results(
        answer.get("results"), ("title", "url", "content"), number, search.results_per_page
    )
    if not found.items and (silent := answer.get("unresponsive_engines")):
        raise Blocked(f"searxng: none of its engines answered ({_names(silent)})")
    return found


def _names(engines: object) -> str:
    """`engines` is a list of (name, reason); what they hold came from elsewhere."""
    pairs = engines if isinstance(engines, list) else []
    names = [f"{p[0]}: {p[1]}" for p in pairs[:5] if isinstance(p, list) and len(p) > 1]
    return "".join(c if c.isprintable() else " " for c in ", ".join(names))[:160]
