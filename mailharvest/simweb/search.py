"""The search API, in the wire shapes of Serper and of SearXNG."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from mailharvest.simweb.draw import mix
from mailharvest.simweb.page import language_of
from mailharvest.simweb.world import World

_MAX_BATCH = 100
_MAX_NUM = 100
_SEARX_PAGE = 10


@dataclass(slots=True)
class Account:
    """What a search provider remembers of its caller."""

    credits: int | None
    second: int = 0
    this_second: int = 0

    def too_fast(self, now: float, limit: int | None) -> bool:
        """Count a search; whether there were more than `limit` in this second."""
        if int(now) != self.second:
            self.second, self.this_second = int(now), 0
        self.this_second += 1
        return limit is not None and self.this_second > limit

    def pay(self, price: int) -> bool:
        """Take `price` credits; whether there were enough."""
        if self.credits is None:
            return True
        if self.credits < price:
            return False
        self.credits -= price
        return True


def title_and_snippet(world: World, page: int) -> tuple[str, str]:
    """What a search result shows of a page."""
    number, index = divmod(page, world.sites)
    site = world.site(index)
    say, _ = language_of(site)
    draw = mix(world.draw(page) + 5)
    sentence = say.sentences[draw % len(say.sentences)]
    email = world.snippet_address(page)
    if email is not None:
        sentence = f"{sentence} {say.labels[draw >> 8 & 3]} {email} ..."
    elif not draw >> 16 & 15:
        sentence = f"{sentence} {say.labels[draw >> 8 & 3]} info@{site.name[:-3]}..."
    return f"{site.title} - {say.nav[number % len(say.nav)]}", sentence


def serper(
    world: World, account: Account, body: bytes, key: str | None, port: int, now: float
) -> tuple[int, bytes]:
    """Status and JSON of ``POST /search`` as google.serper.dev answers it.

    The fields are those of its public answers: ``organic`` is missing when the results are
    exhausted, errors are ``{"message", "statusCode"}``. An array of up to 100 queries is a batch
    and costs three credits for each.
    """
    if world.api_key is not None and key != world.api_key:
        return _refusal(403, "Unauthorized. Sign up for a free account.")
    if account.too_fast(now, world.search_rate):
        return _refusal(429, "Too many requests")
    try:
        asked = json.loads(body)
        batch = asked if isinstance(asked, list) else [asked]
        answers = [_serper_answer(world, one, port) for one in batch[:_MAX_BATCH]]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return _refusal(400, "Invalid request body")
    if not answers or None in answers:
        return _refusal(400, "Missing query parameter")
    if not account.pay(len(answers) * 3 if isinstance(asked, list) else 1):
        return _refusal(400, "Not enough credits")
    return 200, json.dumps(answers if isinstance(asked, list) else answers[0]).encode()


def _serper_answer(world: World, asked: dict[str, Any], port: int) -> dict[str, Any] | None:
    query = str(asked.get("q") or "").strip()
    if not query:
        return None
    country = asked.get("gl")
    number = min(max(int(asked.get("num") or 10), 1), _MAX_NUM)
    page = max(int(asked.get("page") or 1), 1)
    start = (page - 1) * number
    organic = []
    for place, hit in enumerate(world.results(query, country, start, start + number), 1):
        title, snippet = title_and_snippet(world, hit)
        link = world.link(hit, port)
        organic.append({"title": title, "link": link, "snippet": snippet, "position": place})
    echoed = {name: asked[name] for name in ("gl", "hl", "num", "page") if name in asked}
    answer: dict[str, Any] = {
        "searchParameters": {"q": query, **echoed, "type": "search", "engine": "google"}
    }
    if organic:
        answer["organic"] = organic
    answer["credits"] = 1
    return answer


def _refusal(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"message": message, "statusCode": status}).encode()


def searxng(
    world: World, account: Account, form: str, port: int, now: float
) -> tuple[int, str, bytes]:
    """Status, content type and body of ``/searx/search`` as a SearXNG instance answers it.

    `form` is the query string, or the body of a POST. Any format but JSON is refused with 403,
    as an instance does with a format that it has not enabled; too many searches are answered 429
    in plain text.
    """
    asked = {name: values[-1] for name, values in parse_qs(form, max_num_fields=50).items()}
    if asked.get("format") != "json":
        return 403, "text/html; charset=utf-8", b"<h1>Forbidden</h1>"
    query = asked.get("q", "").strip()
    number = asked.get("pageno", "1")
    if not query or not number.isdecimal() or int(number[:9]) < 1:
        return 400, "application/json", b'{"error": "No query"}'
    if account.too_fast(now, world.search_rate):
        return 429, "text/plain", b"Too Many Requests"
    start = (int(number[:9]) - 1) * _SEARX_PAGE
    results = []
    for place, hit in enumerate(world.results(query, None, start, start + _SEARX_PAGE), start + 1):
        title, snippet = title_and_snippet(world, hit)
        results.append(
            {
                "url": world.link(hit, port),
                "title": title,
                "content": snippet,
                "engine": "simweb",
                "engines": ["simweb"],
                "positions": [place],
                "score": 1 / place,
                "category": "general",
            }
        )
    answer = {
        "query": query,
        "results": results,
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": [],
        "unresponsive_engines": [],
    }
    return 200, "application/json", json.dumps(answer).encode()
