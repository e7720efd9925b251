"""Serper (google.serper.dev): Google's results as JSON. simweb speaks its wire shape."""

from __future__ import annotations

from mailharvest.errors import BadKey, Blocked, OutOfCredits
from mailharvest.sources.api import ask, message, payload, value_of
from mailharvest.sources.result import Results, results
from mailharvest.spec import Search
from mailharvest.web import Web

BASE = "https://google.serper.dev"


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
    BadKey, OutOfCredits, Blocked, RateLimited, ProviderDown
    """
    name = search.provider
    body = {"q": query, "num": search.results_per_page, "page": number}
    if country:
        body["gl"] = country
    if language:
        body["hl"] = language
    if name == "simweb" and search.base_url is None:  # nor is Serper to be asked in its place
        raise Blocked("no simulated web is named in search.base_url")
    url = (search.base_url or BASE).rstrip("/") + "/search"
    headers = {} if search.api_key is None else {"X-API-KEY": value_of(search.api_key)}
    reply = await ask(web, name, url, headers=headers, body=body, timeout=timeout)
    if reply.status in (401, 403):
        raise BadKey(f"{name} does not accept the API key in {search.api_key or 'search.api_key'}")
    if reply.status >= 400:
        said = message(reply)
        if "credit" in said.lower():
            raise OutOfCredits(f"{name}: {said}")
        raise Blocked(f"{name} answered {reply.status}: {said or 'no reason given'}")
    found = payload(name, reply).get("organic")
    return results(found, ("title", "link", "snippet"), number, search.results_per_page)
