"""Serper and SearXNG against the answers that research/ recorded of them, on a loopback server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mailharvest.errors import (
    BadKey,
    Blocked,
    MailharvestError,
    OutOfCredits,
    ProviderDown,
    RateLimited,
)
from mailharvest.sources import PROVIDERS, Result, Results
from mailharvest.spec import Provider, Search
from mailharvest.web import Web
from tests.web.loopback import Answer, Server, reply, serving
from tests.web.test_fetch import raw

KEY = "k3y-that-nobody-may-see"
ORGANIC = {"title": "Bakers", "link": "https://a.example.com/", "snippet": "hi", "position": 1}
FOUND = {"title": "Bakers", "url": "https://a.example.com/", "content": "hi", "engine": "e"}


def said(value: Any, status: int = 200, **headers: str) -> bytes:
    return reply(json.dumps(value), status, content_type="application/json", **headers)


def ask(
    provider: Provider,
    answer: Answer | Everything,
    *,
    number: int = 1,
    key: str | None = "env:TEST_SEARCH_KEY",
    country: str | None = None,
    language: str | None = None,
    timeout: float = 10,
) -> tuple[Results, Server]:
    everywhere = answer if isinstance(answer, Everything) else Everything(answer)

    async def main() -> tuple[Results, Server]:
        async with serving(everywhere) as server, Web() as web:
            search = Search.model_validate(
                {
                    "provider": provider,
                    "api_key": key,
                    "base_url": f"http://127.0.0.1:{server.port}/",
                }
            )
            results = await PROVIDERS[provider](
                web,
                search,
                "bakers in Giza & Cairo",
                number,
                country=country,
                language=language,
                timeout=timeout,
            )
            return results, server

    return asyncio.run(main())


class Everything(dict[str, Answer]):
    """The same answer, whatever is asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def get(self, key: object, default: Any = None) -> Any:
        return self.answer


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SEARCH_KEY", KEY)


@pytest.mark.parametrize("provider", ["serper", "simweb"])
def test_serper(provider: Provider) -> None:
    answer = said({"organic": [ORGANIC, {**ORGANIC, "position": 2}], "credits": 1})
    results, server = ask(provider, answer, number=3, country="eg", language="ar")
    first = Result("Bakers", "https://a.example.com/", "hi", 20)
    assert results.items[0] == first
    assert [item.position for item in results.items] == [20, 21]
    assert not results.exhausted
    assert server.heads[0].startswith("POST /search HTTP/1.1\r\n")
    assert f"X-API-KEY: {KEY}" in server.heads[0]


def test_searxng() -> None:
    answer = said({"results": [FOUND], "unresponsive_engines": []})
    results, server = ask("searxng", answer, number=2, key=None, country="eg", language="ar")
    assert results.items == (Result("Bakers", "https://a.example.com/", "hi", 10),)
    assert server.paths == [
        "/search?q=bakers+in+Giza+%26+Cairo&format=json&pageno=2&language=ar-EG"
    ]


SILENT = {"results": [], "unresponsive_engines": [["google", "CAPTCHA"], ["brave", "timeout"]]}

REFUSALS: list[tuple[Provider, Answer, type[MailharvestError], str]] = [
    ("serper", said({"message": "Unauthorized."}, 403), BadKey, "env:TEST_SEARCH_KEY"),
    ("serper", said({"message": "Unauthorized."}, 401), BadKey, "API key"),
    ("serper", said({"message": "Not enough credits"}, 400), OutOfCredits, "Not enough credits"),
    ("serper", said({"message": "Query not allowed"}, 400), Blocked, "Query not allowed"),
    ("serper", said([], 429), RateLimited, "slow down"),
    ("serper", reply("<html>", 502), ProviderDown, "502"),
    ("serper", reply("<html>", 200), ProviderDown, "no JSON"),
    ("serper", said([1]), ProviderDown, "no JSON"),
    ("serper", said({"message": "Unauthorized\x1b[31m\nnext line"}, 404), Blocked, "next line"),
    ("serper", raw(b""), ProviderDown, "serper"),
    ("serper", raw(b"", then="silence"), ProviderDown, r"not done in 0\.5 s"),
    ("serper", reply("{", content_length="99", connection="close"), ProviderDown, "200"),
    ("serper", reply("[" * 100_000), ProviderDown, "no JSON"),
    ("searxng", reply("Forbidden", 403), Blocked, r"search\.formats"),
    ("searxng", reply("Too Many Requests", 429), RateLimited, "slow down"),
    ("searxng", said({}, 400), Blocked, "400"),
    ("searxng", said({}, 500), ProviderDown, "500"),
    ("searxng", said(SILENT), Blocked, "google: CAPTCHA, brave: timeout"),
    ("searxng", said({"unresponsive_engines": "odd"}), Blocked, "none of its engines"),
]


@pytest.mark.parametrize(
    ("provider", "answer", "error", "words"), REFUSALS, ids=[str(n) for n in range(len(REFUSALS))]
)
def test_refusals_have_their_types_and_tell_no_key(
    provider: Provider, answer: Answer, error: type[MailharvestError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        ask(provider, answer, timeout=0.5)
    assert type(caught.value) is error
    assert str(caught.value).isprintable()
    assert KEY not in repr(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("junk", None)])
def test_how_long_a_provider_wants_us_to_wait(value: str, seconds: float | None) -> None:
    with pytest.raises(RateLimited) as caught:
        ask("serper", reply("", 429, retry_after=value))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("provider", "value"),
    [
        ("serper", {"credits": 1}),
        ("serper", {"organic": []}),
        ("serper", {"organic": None}),
        ("serper", {"organic": ["x", 3, None]}),
        ("searxng", {"results": []}),
        ("searxng", {"results": [], "unresponsive_engines": []}),
    ],
)
def test_no_results_is_the_end_and_no_error(provider: Provider, value: object) -> None:
    results, _ = ask(provider, said(value))
    assert results == Results(exhausted=True)


def test_what_is_in_a_result_is_text_and_bounded() -> None:
    odd = [
        {"title": 5, "link": None, "snippet": ["x"]},
        {"title": "t" * 9999, "snippet": "s" * 99_999},
    ]
    results, _ = ask("serper", said({"organic": odd}))
    assert results.items[0] == Result("", "", "", 0)
    assert len(results.items[1].title) <= 300
    assert len(results.items[1].snippet) <= 4000


def test_a_key_that_is_not_there() -> None:
    with pytest.raises(BadKey, match="NOT_SET_ANYWHERE"):
        ask("serper", said({}), key="env:NOT_SET_ANYWHERE")


def test_simweb_needs_no_key() -> None:
    _, server = ask("simweb", said({}), key=None)
    assert "x-api-key" not in server.heads[0].lower()


def test_a_provider_is_not_followed_elsewhere_with_the_key() -> None:
    hosts: list[str] = []

    class Redirecting(Everything):
        def get(self, key: object, default: Any = None) -> Any:
            hosts.append(str(key))
            return self.answer

    with pytest.raises(ProviderDown):
        ask("serper", Redirecting(reply("", 302, location="http://b.localhost:PORT/")))
    assert set(hosts) == {"127.0.0.1 /search", "/search"}


def test_a_simulated_web_that_nobody_named_is_not_looked_for_at_serper() -> None:
    async def main() -> None:
        class Silent:
            """Whatever is asked of it is too much."""

        search = Search(provider="simweb")
        web: Any = Silent()
        await PROVIDERS["simweb"](web, search, "q", 1, country=None, language=None, timeout=1)

    with pytest.raises(Blocked, match="base_url"):
        asyncio.run(main())
