"""The search API in the wire shapes of Serper and SearXNG, refusals included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailharvest.simweb import Running, World
from mailharvest.simweb.search import Account, searxng, serper
from tests.simweb.client import ask, search
from tests.simweb.reader import note

WORLD = World(seed=4, sites=200, results_per_query=25)


def post(account: Account, body: Any, world: World = WORLD, key: str | None = None) -> Any:
    status, answer = serper(world, account, json.dumps(body).encode(), key, 80, now=100.0)
    return status, json.loads(answer)


def test_serper_shape(web: Running) -> None:
    status, answer = search(web, "real estate", 2, gl="eg", hl="ar", num=10)
    assert status == 200
    assert answer["searchParameters"] == {
        "q": "real estate",
        "gl": "eg",
        "hl": "ar",
        "num": 10,
        "page": 2,
        "type": "search",
        "engine": "google",
    }
    assert answer["credits"] == 1
    assert [result["position"] for result in answer["organic"]] == list(range(1, 11))
    assert all(set(one) == {"title", "link", "snippet", "position"} for one in answer["organic"])
    pages = web.world.results("real estate", "eg", 10, 20)
    assert [one["link"] for one in answer["organic"]] == [web.link(page) for page in pages]


def test_serper_pages_end_without_organic() -> None:
    account = Account(None)
    counts = [
        len(post(account, {"q": "a", "page": page})[1].get("organic", [])) for page in range(1, 5)
    ]
    assert counts == [10, 10, 5, 0]
    assert "organic" not in post(account, {"q": "a", "page": 4})[1]
    assert len(post(account, {"q": "a", "num": 100})[1]["organic"]) == 25


def test_serper_batch_costs_three_credits_each() -> None:
    account = Account(10)
    status, answers = post(account, [{"q": "a"}, {"q": "b"}])
    assert status == 200
    assert [answer["searchParameters"]["q"] for answer in answers] == ["a", "b"]
    assert account.credits == 4


def test_serper_refusals() -> None:
    world = World(api_key="right", credits=1, search_rate=3)
    account = Account(world.credits)
    assert post(account, {"q": "a"}, world, "wrong") == (
        403,
        {"message": "Unauthorized. Sign up for a free account.", "statusCode": 403},
    )
    assert post(account, {"q": "a"}, world, None)[0] == 403
    assert post(account, {"q": "a"}, world, "right")[0] == 200
    assert post(account, {"q": "a"}, world, "right") == (
        400,
        {"message": "Not enough credits", "statusCode": 400},
    )
    assert post(account, {"q": " "}, world, "right")[0] == 400
    assert post(account, {"q": "a"}, world, "right")[0] == 429


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b'"q"', b"[7]", b'{"q": "a", "page": "x"}', b"[" * 100_000, b"\xff",
     b'{"q": "a", "page": 1e999}', b'{"q": "a", "gl": ["eg"]}'],
)  # fmt: skip
def test_serper_bodies_that_are_none(body: bytes) -> None:
    status, answer = serper(WORLD, Account(None), body, None, 80, now=1.0)
    assert status == json.loads(answer)["statusCode"] == 400


def test_searxng_shape(web: Running) -> None:
    status, headers, body = ask(web, "/searx/search?q=real+estate&format=json&pageno=5")
    answer = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert answer["query"] == "real estate"
    assert len(answer["results"]) == 5
    assert answer["unresponsive_engines"] == []
    assert {
        "url",
        "title",
        "content",
        "engine",
        "engines",
        "positions",
        "score",
        "category",
    } == set(answer["results"][0])
    pages = web.world.results("real estate", None, 40, 50)
    assert [one["url"] for one in answer["results"]] == [web.link(page) for page in pages]
    posted = ask(web, "/searx/search", method="POST", body="q=real+estate&format=json&pageno=5")
    assert posted[2] == body


def test_searxng_refusals() -> None:
    def get(form: str, account: Account, world: World = WORLD) -> tuple[int, str]:
        return searxng(world, account, form, 80, now=1.0)[:2]

    account = Account(None)
    assert get("q=a", account)[0] == 403
    assert get("q=a&format=html", account)[0] == 403
    assert get("format=json", account)[0] == 400
    assert get("q=a&format=json&pageno=0", account)[0] == 400
    assert get("q=a&format=json&pageno=²", account)[0] == 400
    limited = World(search_rate=1)
    assert get("q=a&format=json", Account(None), limited)[0] == 200
    account = Account(None)
    get("q=a&format=json", account, limited)
    assert get("q=a&format=json", account, limited) == (429, "text/plain")


def test_some_snippets_hold_an_address_of_the_page() -> None:
    world = World(seed=4, sites=400, results_per_query=400, snippets=0.25)
    account = Account(None)
    organic = [
        one
        for page in range(1, 5)
        for one in post(account, {"q": "a", "num": 100, "page": page}, world)[1]["organic"]
    ]
    noted = [note(one["snippet"]) for one in organic]
    assert 0.15 < sum(map(bool, noted)) / len(noted) < 0.3
    assert set().union(*noted) == world.truth(["a"], pages=False)
    for page, found in zip(world.results("a"), noted, strict=True):
        assert found <= {email for email, _, _ in world.planted(page)}
    assert any(one["snippet"].endswith("-0...") or "info@" in one["snippet"] for one in organic)
