from __future__ import annotations

import asyncio
import random
import time

import pytest

from mailharvest.chunk import FoundURL
from mailharvest.web import Page, Web, visit
from mailharvest.web.pace import MAX_WAIT, backoff
from tests.web.loopback import LAX, Answer, reply, see, serving
from tests.web.test_fetch import raw

PAGE = reply("<p>page</p>")


def to(location: str, status: int = 302) -> bytes:
    return reply("", status=status, location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_site_is_followed(status: int) -> None:
    seen = see({"/": to("/there", status), "/there": PAGE}, "/")
    assert [page.url for page in seen.pages] == [seen.server.url("/there")]
    assert seen.pages[0].origin.url == seen.server.url("/")
    assert not seen.kinds


def test_a_redirect_to_another_site_goes_to_the_frontier() -> None:
    async def main() -> None:
        async with serving({"/": to("http://b.localhost:PORT/x#y")}) as server, Web() as web:
            url = FoundURL(server.url(), query="q", rank=3, hops=1)
            result = await visit(
                web, [url], LAX, take=print, until=time.time() + 9, deadline=time.time() + 9
            )
            target = server.url("/x", name="b.localhost")
            assert result.found == [FoundURL(target, query="q", rank=3, hops=2)]
            assert not result.errors and not result.leftovers

            url = FoundURL(server.url(), hops=LAX.max_redirects)
            result = await visit(
                web, [url], LAX, take=print, until=time.time() + 9, deadline=time.time() + 9
            )
            assert [error.kind for error in result.errors] == ["redirects"]
            assert not result.found

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"/": to("/")}, 1),
        ({"/": to("/b"), "/b": to("/")}, 2),
        ({"/": to("/b"), "/b": to("/c"), "/c": to("/b")}, LAX.max_redirects + 1),
        ({"/": to("/1"), **{f"/{n}": to(f"/{n + 1}") for n in range(1, 31)}, "/31": PAGE}, 6),
    ],
    ids=["itself", "two", "not the first", "thirty hops"],
)
def test_loops_and_long_chains_end_with_one_error(answers: dict[str, Answer], asked: int) -> None:
    seen = see(answers, "/")
    assert seen.kinds == ["redirects"]
    assert len(seen.server.asked) == asked
    assert not seen.pages and not seen.result.leftovers


def test_redirects_that_need_more_time_than_a_chunk_has_go_on_from_where_they_are() -> None:
    slow = LAX.model_copy(update={"per_site_delay": 60.0})
    seen = see({"/": to("/b")}, "/", options=slow)
    (left,) = seen.result.found
    assert (left.url, left.hops) == (seen.server.url("/b"), 1)
    assert left.not_before > time.time() + 50
    assert not seen.result.leftovers and not seen.kinds


def test_redirects_of_all_chunks_count_together() -> None:
    async def main() -> None:
        async with serving({"/": to("/b"), "/b": to("/c"), "/c": PAGE}) as server, Web() as web:
            url = FoundURL(server.url(), hops=LAX.max_redirects - 1)
            end = time.time() + 9
            result = await visit(web, [url], LAX, take=print, until=end, deadline=end)
            assert [error.kind for error in result.errors] == ["redirects"]
            assert server.paths == ["/", "/b"]

    asyncio.run(main())


@pytest.mark.parametrize(
    "location",
    [
        *("file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "ftp://a.example.com/"),
        *("", "http://", "http://[bad", "http://127.1/", "//", "x" * 6000),
        *("http://\x1b[31m.example.com/", "gopher://127.0.0.1:6379/_FLUSHALL"),
    ],
)
def test_redirects_that_lead_nowhere(location: str) -> None:
    seen = see({"/": to(location), "/next": PAGE}, "/", "/next")
    assert seen.kinds in (["redirects"], ["protocol"])
    assert len(seen.pages) == 1
    assert not seen.result.found
    assert all(error.message.isprintable() for error in seen.result.errors)


@pytest.mark.parametrize("head", ["", "Location:\r\n", "Location:  \r\n"])
def test_a_redirect_without_an_address_does_not_lead_back_to_itself(head: str) -> None:
    bare = f"HTTP/1.1 302 Found\r\n{head}Content-Length: 0\r\n\r\n".encode()
    (error,) = see({"/": bare}, "/").result.errors
    assert (error.kind, error.message) == ("redirects", "it answers 302 and no address to go to")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/"]
)
def test_a_redirect_inside_is_refused_when_it_is_dialled(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailharvest.web.guard.is_public", lambda address: address == "127.0.0.1")
    guarded = LAX.model_copy(update={"allow_private": False})
    first = see({"/": to(target)}, "/", options=guarded)
    assert [found.url for found in first.result.found] == [target]
    assert see({}, target, options=guarded).kinds == ["private"]


def test_many_links_to_one_page_read_it_once() -> None:
    answers: dict[str, Answer] = {f"/{n}": to("/login") for n in range(10)}
    seen = see({**answers, "/login": PAGE}, *answers)
    assert len(seen.pages) == 1
    assert seen.result.duplicates == 9


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418])
def test_a_refusal_is_an_error_and_the_site_goes_on(status: int) -> None:
    seen = see({"/": reply("a@b.example.com", status=status), "/next": PAGE}, "/", "/next")
    assert seen.kinds == ["http_4xx"]
    assert len(seen.pages) == 1
    assert seen.result.statuses == {status: 1, 200: 1}


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_a_failure_that_may_pass_is_handed_back_and_the_site_goes_on(status: int) -> None:
    seen = see({"/": reply("", status=status), "/next": PAGE}, "/", "/next")
    (left,) = seen.result.leftovers
    assert (left.url, left.tries) == (seen.server.url(), 1)
    assert left.not_before > time.time()
    assert len(seen.pages) == 1 and not seen.kinds
    gone = see({"/": reply("", status=status)}, "/", tries=2)
    assert gone.kinds == ["http_4xx" if status < 500 else "http_5xx"]
    assert str(status) in gone.result.errors[0].message


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("100", 100.0),
        ("315360000", MAX_WAIT),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0),
        ("never", backoff(503, 1)),
        ("", backoff(503, 1)),
    ],
)
def test_a_site_that_asks_to_wait_is_left_alone_and_only_that_one(
    status: int, value: str, wait: float
) -> None:
    busy = "http://busy.localhost:PORT"
    answers = {
        "busy.localhost /0": PAGE,
        "busy.localhost /1": reply("", status=status, retry_after=value),
        "/": PAGE,
    }
    urls = [f"{busy}/{n}" for n in range(5)] + [f"http://s{n}.localhost:PORT/" for n in range(99)]
    before = time.time()
    seen = see(answers, *urls)
    after = time.time()
    assert len(seen.pages) == 100
    assert not seen.kinds
    host = seen.server.site("busy.localhost")
    assert [path for _, name, path in seen.server.asked if name == host] == ["/0", "/1"]
    left = sorted(seen.result.leftovers, key=lambda found: found.url)
    # The one that was refused has used a try; those behind it have not, as the site did answer.
    assert [found.tries for found in left] == [1, 0, 0, 0]
    assert all(before + wait <= found.not_before <= after + wait for found in left)
    if wait:
        assert before + wait <= seen.result.pace[host] <= after + wait


def test_a_dead_site_costs_one_attempt_a_chunk_and_three_in_all() -> None:
    urls = [f"http://127.0.0.1:1/{n}" for n in range(50)]
    seen = see({}, *urls)
    assert [left.tries for left in seen.result.leftovers] == [1] * 50
    seen = see({}, *urls, tries=2)
    assert seen.kinds == ["connect"] * 50


def test_a_site_that_never_answers_is_left_after_two_pages() -> None:
    silent = raw(b"", then="silence")
    options = LAX.model_copy(update={"timeout": 0.2})
    seen = see({f"/{n}": silent for n in range(20)}, *(f"/{n}" for n in range(20)), options=options)
    assert len(seen.server.asked) == 2
    assert [left.tries for left in seen.result.leftovers] == [1] * 20


def test_no_page_is_begun_after_the_time_given() -> None:
    seen = see({"/": PAGE}, "/", "/?1", seconds=0.0)
    assert not seen.server.asked
    assert [(left.tries, left.not_before) for left in seen.result.leftovers] == [(0, 0.0)] * 2


def test_a_slow_site_does_not_hold_up_the_others() -> None:
    answers = {"slow.localhost /": raw(b"", then="silence"), "/": PAGE}
    options = LAX.model_copy(update={"concurrency": 2, "timeout": 1.0})
    urls = ["http://slow.localhost:PORT/"] + [f"http://s{n}.localhost:PORT/" for n in range(30)]
    seen = see(answers, *urls, options=options)
    assert len(seen.pages) == 30
    assert len(seen.result.leftovers) == 1


def test_no_more_sites_at_once_than_allowed_and_one_page_of_a_site_at_a_time() -> None:
    now = {"sites": 0, "most": 0}

    async def answer(writer: asyncio.StreamWriter) -> None:
        now["sites"] += 1
        now["most"] = max(now["most"], now["sites"])
        await asyncio.sleep(0.01)
        now["sites"] -= 1
        writer.write(reply("x", connection="close"))
        await writer.drain()

    options = LAX.model_copy(update={"concurrency": 4})
    urls = [f"http://s{n % 12}.localhost:PORT/{n}" for n in range(48)]
    seen = see({f"/{n}": answer for n in range(48)}, *urls, options=options)
    assert len(seen.pages) == 48
    assert now["most"] == 4
    alone = see({f"/{n}": answer for n in range(5)}, *(f"/{n}" for n in range(5)))
    assert alone.server.paths == [f"/{n}" for n in range(5)]


def test_every_url_has_exactly_one_place() -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    kinds: list[Answer] = [
        *(PAGE, PAGE, PAGE, reply("", 404), reply("", 500), reply("", 503), to("/0"), to("/loop")),
        *(to("http://b.localhost:PORT/"), reply(b"%PDF-1"), raw(b"bad\r\n\r\n"), raw(b"")),
        reply("x", content_length="99", connection="close"),
    ]
    answers: dict[str, Answer] = {
        f"s{site}.localhost /{page}": rng.choice(kinds) for site in range(20) for page in range(8)
    }
    answers["/loop"] = to("/loop")
    urls = [f"http://{key.replace(' ', ':PORT')}" for key in answers if " " in key]
    seen = see(answers, *urls)
    whole = [error for error in seen.result.errors if error.kind != "truncated"]
    placed = len(seen.pages) + len(seen.result.leftovers) + len(seen.result.found) + len(whole)
    assert placed + seen.result.duplicates == len(urls), f"seed {seed}"


def test_a_large_page_is_taken_in_a_thread_and_the_loop_goes_on() -> None:
    async def main() -> None:
        free = asyncio.Event()
        loop = asyncio.get_running_loop()

        def take(page: Page) -> None:
            # Ends only if the loop runs meanwhile.
            asyncio.run_coroutine_threadsafe(free.wait(), loop).result(10)

        async with serving({"/": reply("x" * 400_000)}) as server, Web() as web:
            loop.call_later(0.05, free.set)
            result = await visit(
                web,
                [FoundURL(server.url())],
                LAX,
                take=take,
                until=time.time() + 9,
                deadline=time.time() + 9,
            )
            assert result.pages == 1

    asyncio.run(main())


def test_a_scheme_that_a_site_has_not_costs_its_other_scheme_nothing() -> None:
    async def plain_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) != b"\x16":  # the first byte of TLS
            await reader.readuntil(b"\r\n\r\n")
            writer.write(PAGE)
            await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(plain_only, "127.0.0.1", 0)
        site = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pages: list[Page] = []
        urls = [FoundURL(f"{scheme}://{site}/") for scheme in ("https", "http", "https")]
        end = time.time() + 20
        async with Web() as web:
            result = await visit(web, urls, LAX, take=pages.append, until=end, deadline=end)
        server.close()
        assert [page.url for page in pages] == [f"http://{site}/"]
        assert {error.url for error in result.errors} | {left.url for left in result.leftovers} == {
            f"https://{site}/"
        }

    asyncio.run(main())
