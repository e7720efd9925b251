"""Chunks against a loopback server and against simweb, which knows what there is to find."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mailharvest import scrape as scrape_module
from mailharvest.chunk import ChunkResult, FoundURL, PageError
from mailharvest.extract import extract
from mailharvest.records import SCHEMA
from mailharvest.scrape import read, scrape, search
from mailharvest.simweb import Running, World, start
from mailharvest.sources.files import spans
from mailharvest.spec import Fetch, Filter, Search
from mailharvest.web import Web
from tests.web.loopback import Answer, reply, serving

FETCH = Fetch(per_site_delay=0, allow_private=True, timeout=10)
ALL = Filter()


def scraped(
    answers: dict[str, Answer], *urls: str, fetch: Fetch = FETCH, keep: Filter = ALL
) -> ChunkResult:
    async def main() -> ChunkResult:
        async with serving(answers) as server, Web() as web:
            data = {"urls": [[server.url(u), "q", n, 0, 0] for n, u in enumerate(urls, 1)]}
            return await scrape(
                data, fetch=fetch, keep=keep, web=web, job_id="j1", deadline=time.time() + 60
            )

    return asyncio.run(main())


def emails(result: ChunkResult) -> list[str]:
    return [] if result.records is None else sorted(result.records["email"].to_pylist())


def test_a_page_becomes_records() -> None:
    page = "<title>Our &amp; team</title><a href='mailto:Info@Shop.example.net'>write</a>"
    result = scraped({"/": reply(page), "/go": reply("", 301, location="/")}, "/go")
    assert result.records is not None
    assert result.records.schema == SCHEMA
    (row,) = result.records.to_pylist()
    assert row["email"] == "info@shop.example.net"
    assert row["source_kind"] == "page"
    assert row["source_url"].endswith("/") and "/go" not in row["source_url"]
    assert (row["title"], row["query"], row["rank"], row["job_id"]) == ("Our & team", "q", 1, "j1")
    assert (row["email_type"], row["role"]) == ("business", "info")
    assert abs(row["found_at"].timestamp() - time.time()) < 60
    assert result.stats["pages"] == 1
    assert result.stats["bytes"] == len(page)
    assert result.stats["status_200"] == result.stats["status_301"] == 1
    assert result.sites == {next(iter(result.sites)): 1}


def test_nothing_found_is_no_table() -> None:
    result = scraped({"/": reply("<p>nobody</p>")}, "/")
    assert result.records is None
    assert result.stats["pages"] == 1


@pytest.mark.parametrize(
    ("email_type", "expected"),
    [
        (
            "all",
            {"x@gmail.com", "y@yahoo.com", "info@shop.example.net", "carl@shop.example.net"},
        ),
        ("business", {"info@shop.example.net", "carl@shop.example.net"}),
        ("free", {"x@gmail.com", "y@yahoo.com"}),
        ("gmail", {"x@gmail.com"}),
        ("yahoo", {"y@yahoo.com"}),
        ("role", {"info@shop.example.net"}),
        ("personal", {"x@gmail.com", "y@yahoo.com", "carl@shop.example.net"}),
    ],
)
def test_only_what_the_job_wants(email_type: Any, expected: set[str]) -> None:
    page = " x@gmail.com y@yahoo.com info@shop.example.net carl@shop.example.net "
    result = scraped({"/": reply(page)}, "/", keep=Filter(email_type=email_type))
    assert set(emails(result)) == expected


def test_a_page_that_breaks_the_extractor_is_an_error_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(data: bytes, **_: Any) -> list[Any]:
        if b"bad" in data:
            raise RecursionError
        return original(data, **_)

    original = extract
    monkeypatch.setattr(scrape_module, "extract", broken)
    result = scraped({"/": reply("bad"), "/ok": reply("a@shop.example.net")}, "/", "/ok")
    assert emails(result) == ["a@shop.example.net"]
    assert [error.kind for error in result.errors] == ["crash"]
    assert "RecursionError" in result.errors[0].message


def test_what_is_left_when_the_time_is_over_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape_module, "CHUNK_SECONDS", 0.5)
    slow = FETCH.model_copy(update={"per_site_delay": 0.2, "robots": False})
    pages: dict[str, Answer] = {f"/{n}": reply("x") for n in range(10)}
    result = scraped(pages, *pages, fetch=slow)
    assert 1 <= result.stats["pages"] < 10
    assert result.stats["pages"] + len(result.leftovers) == 10
    assert {left.tries for left in result.leftovers} == {0}
    assert all(left.query == "q" and left.rank for left in result.leftovers)


# simweb


@pytest.fixture(scope="module")
def simweb() -> Iterator[Running]:
    world = World(
        seed=3, sites=60, results_per_query=40, slow=0.0, flaky=0.0, errors=0.1, robots=0.2
    )
    with start(world) as running:
        yield running


def searching(
    simweb: Running, start: int, size: int, *, deep: bool | int = True, page: int = 10, **more: Any
) -> ChunkResult:
    async def main() -> ChunkResult:
        async with Web() as web:
            return await search(
                {
                    "query_index": 7,
                    "query": "bakers giza",
                    "start_offset": start,
                    "max_results": size,
                },
                search=Search.model_validate(
                    {"provider": "simweb", "base_url": simweb.url, "results_per_page": page, **more}
                ),
                fetch=FETCH,
                keep=ALL,
                deep=deep,
                web=web,
                job_id="j1",
                country="eg",
                language="ar",
            )

    return asyncio.run(main())


def ranks(result: ChunkResult) -> list[int | None]:
    return [url.rank for url in result.urls]


def test_a_search_finds_urls_and_the_addresses_of_snippets(simweb: Running) -> None:
    result = searching(simweb, 0, 20)
    assert ranks(result) == list(range(1, 21))
    assert {url.query for url in result.urls} == {"bakers giza"}
    assert result.value == {
        "query": 7,
        "results": 20,
        "exhausted": False,
        "emails": len(emails(result)),
    }
    assert result.stats["api_calls"] == 2
    assert result.records is not None
    assert set(result.records["source_kind"].to_pylist()) == {"snippet"}
    by_url = {url.url: url.rank for url in result.urls}
    for row in result.records.to_pylist():
        assert by_url[row["source_url"]] == row["rank"]


@pytest.mark.parametrize("page", [10, 7, 3])
@pytest.mark.parametrize("cuts", [[0, 40], [0, 13, 15, 33, 40], [0, 1, 2, 39, 40]])
def test_spans_that_meet_leave_no_gap_and_no_overlap(
    simweb: Running, page: int, cuts: list[int]
) -> None:
    found: list[FoundURL] = []
    for begin, end in pairwise(cuts):
        found += searching(simweb, begin, end - begin, page=page).urls
    assert [url.rank for url in found] == list(range(1, 41))


def test_the_end_of_the_results(simweb: Running) -> None:
    result = searching(simweb, 35, 20)
    assert ranks(result) == [36, 37, 38, 39, 40]
    assert result.value["exhausted"]
    nothing = searching(simweb, 50, 10)
    assert nothing.value == {"query": 7, "results": 0, "exhausted": True, "emails": 0}
    assert not nothing.errors  # the query had results, only none here


def test_a_query_without_results_says_so() -> None:
    async def main() -> ChunkResult:
        async with serving({"/search": reply("{}")}) as server, Web() as web:
            return await search(
                {"query_index": 0, "query": "q", "start_offset": 0, "max_results": 10},
                search=Search(provider="simweb", base_url=f"http://127.0.0.1:{server.port}"),
                fetch=FETCH,
                keep=ALL,
                deep=True,
                web=web,
                job_id="j1",
            )

    assert [error.kind for error in asyncio.run(main()).errors] == ["no_results"]


def test_how_deep(simweb: Running) -> None:
    every = searching(simweb, 0, 40, deep=True)
    assert every.records is not None
    with_address = set(every.records["source_url"].to_pylist())
    assert 0 < len(with_address) < 40
    assert not searching(simweb, 0, 40, deep=False).urls
    once = {url.url for url in searching(simweb, 0, 40, deep=1).urls}
    assert once == {url.url for url in every.urls} - with_address
    assert len(searching(simweb, 0, 40, deep=99).urls) == 40


async def harvest(simweb: Running, keep: Filter) -> tuple[set[str], list[str]]:
    """Search and scrape by hand what a run does through the ledger; addresses, and error kinds."""
    found: set[str] = set()
    kinds: list[str] = []
    async with Web() as web:
        asked = Search(provider="simweb", base_url=simweb.url)
        span = {"query_index": 0, "query": "bakers giza", "start_offset": 0, "max_results": 40}
        results = await search(
            span,
            search=asked,
            fetch=FETCH,
            keep=keep,
            deep=True,
            web=web,
            job_id="j1",
            country="eg",
        )
        todo, known = list(results.urls), {url.url for url in results.urls}
        found.update(emails(results))
        while todo:
            wait = min(url.not_before for url in todo) - time.time()
            await asyncio.sleep(max(wait, 0))
            now = time.time()
            ready = [url for url in todo if url.not_before <= now]
            todo = [url for url in todo if url.not_before > now]
            data = {"urls": [[u.url, u.query, u.rank, u.hops, u.tries] for u in ready]}
            result = await scrape(
                data, fetch=FETCH, keep=keep, web=web, job_id="j1", deadline=now + 60
            )
            found.update(emails(result))
            kinds += [error.kind for error in result.errors]
            todo += result.leftovers
            todo += [url for url in result.urls if url.url not in known]
            known.update(url.url for url in result.urls)
    return found, kinds


def test_simweb_is_harvested_to_the_last_address_that_is_served(
    simweb: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailharvest.web.crawl.backoff", lambda status, tries: 0.1)
    simweb.reset()
    found, kinds = asyncio.run(harvest(simweb, ALL))
    truth = simweb.world.truth(["bakers giza"], country="eg")
    assert len(truth) > 100
    # That it finds the very last of them is for the tests of the extractor; a page that was not
    # fetched would cost more than this.
    assert len(found & truth) >= 0.97 * len(truth)
    assert {"robots", "http_4xx"} <= set(kinds)
    assert set(kinds) <= {"http_4xx", "http_5xx", "connect", "redirects", "robots", "truncated"}


# files


def test_files_give_what_their_pages_give(tmp_path: Path) -> None:
    page = "<p>sales@shop.example.net</p><!-- -->"
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(page.replace("sales", "b").encode()))
    (tmp_path / "c.txt").write_text("".join(f"p{n}@shop.example.net\n" for n in range(1000)))
    (tmp_path / "d.txt.gz").write_bytes(b"no gzip")
    found: list[str] = []
    errors: list[PageError] = []
    for data in spans([f"{tmp_path}/*"], 5000):
        result = asyncio.run(read(data, keep=ALL, job_id="j1", deadline=time.time() + 60))
        found += emails(result)
        errors += result.errors
        if result.records is not None:
            assert set(result.records["source_kind"].to_pylist()) == {"file"}
            assert all(
                url.startswith("file://") for url in result.records["source_url"].to_pylist()
            )
    people = [f"p{n}@shop.example.net" for n in range(1000)]
    assert sorted(found) == sorted([*people, "sales@shop.example.net", "b@shop.example.net"])
    assert [(error.kind, error.message) for error in errors] == [
        ("file", "d.txt.gz: it is no whole gzip file: Not a gzipped file (b'no')")
    ]


def test_a_file_that_breaks_the_extractor_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a\u200bb.txt").write_text("x")
    monkeypatch.setattr(scrape_module, "extract", lambda *_, **__: 1 / 0)
    (data,) = spans([f"{tmp_path}/*.txt"])
    result = asyncio.run(read(data, keep=ALL, job_id="j1", deadline=time.time() + 60))
    (error,) = result.errors
    assert error.message == "the extractor failed on a b.txt: ZeroDivisionError"


def test_files_that_take_too_long_are_a_timeout(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (data,) = spans([f"{tmp_path}/a.txt"])
    with pytest.raises(TimeoutError, match="0 of 1"):
        asyncio.run(read(data, keep=ALL, job_id="j1", deadline=time.time() - 1))
