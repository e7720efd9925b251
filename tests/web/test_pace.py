from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from mailharvest.chunk import FoundURL
from mailharvest.web import Web, visit
from mailharvest.web import pace as pace_module
from mailharvest.web.pace import MAX_WAIT, Pace, backoff, retry_after
from tests.web.loopback import LAX, reply, see, serving

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("315360000", MAX_WAIT),  # ten years
        ("9" * 60, MAX_WAIT),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),  # past
        ("Wed, 14 Nov 2033 22:00:00 GMT", MAX_WAIT),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9999", None),
        ("1.5", None),
        ("-3", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("x" * 100_000, None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_backoff_doubles_and_ends() -> None:
    assert [backoff(0, n) for n in (1, 2, 3)] == [2.0, 4.0, 8.0]
    assert backoff(503, 30) == MAX_WAIT


def test_a_site_is_never_due_earlier_than_was_said() -> None:
    pace = Pace()
    assert pace.due("a.example.com") == 0.0
    assert pace.wait("a.example.com", 50.0) == 50.0
    assert pace.wait("a.example.com", 20.0) == 50.0
    assert pace.due("a.example.com") == 50.0


def test_sites_that_need_not_wait_any_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "_SITES", 10)
    pace, future = Pace(), time.time() + 100
    pace.wait("waits.example.com", future)
    for n in range(100):
        pace.wait(f"s{n}.example.com", 1.0)
    assert pace.due("waits.example.com") == future
    assert len(pace._next) <= 10


def gaps(asked: list[tuple[float, str, str]], host: str) -> list[float]:
    times = [at for at, name, _ in asked if name == host]
    return [later - earlier for earlier, later in pairwise(times)]


def test_the_server_sees_the_pace_kept_for_every_request_to_a_site() -> None:
    options = LAX.model_copy(update={"per_site_delay": 0.15, "robots": True})
    answers = {
        "/robots.txt": reply("", status=404),
        "/0": reply("x"),
        "/1": reply("", status=302, location="/2"),
        "/2": reply("x"),
        "/3": reply("", status=404),
    }
    urls = [f"http://{name}.localhost:PORT/{n}" for name in "ab" for n in (0, 1, 3)]
    seen = see(answers, *urls, options=options)
    assert len(seen.server.asked) == 10
    for name in "ab":
        # Counted from the end of an answer, so no gap can be shorter at the server.
        assert min(gaps(seen.server.asked, seen.server.site(f"{name}.localhost"))) >= 0.15


def test_a_longer_crawl_delay_wins() -> None:
    options = LAX.model_copy(update={"per_site_delay": 0.05, "robots": True})
    robots = reply("User-agent: *\nCrawl-delay: 0.2")
    seen = see({"/robots.txt": robots, "/": reply("x")}, "/", "/?1", options=options)
    assert min(gaps(seen.server.asked, seen.server.site())) >= 0.2


def test_two_jobs_in_one_process_keep_one_pace() -> None:
    async def main() -> list[float]:
        options = LAX.model_copy(update={"per_site_delay": 0.2})
        end = time.time() + 30
        async with serving({"/": reply("x")}) as server, Web() as web:
            urls = [FoundURL(server.url()) for _ in range(3)]
            visits = [
                visit(web, urls, options, take=lambda page: None, until=end, deadline=end)
                for _ in range(2)
            ]
            results = await asyncio.gather(*visits)
            assert [result.pages for result in results] == [3, 3]
            return gaps(server.asked, server.site())

    # Between two jobs the pace counts from one question to the next, by the clock of the sender.
    assert min(asyncio.run(main())) >= 0.1


def test_the_pace_is_carried_in_and_out() -> None:
    options = LAX.model_copy(update={"per_site_delay": 300})
    soon, later = time.time() + 0.3, time.time() + 600
    seen = see(
        {"/": reply("x")},
        "http://a.localhost:PORT/",
        "http://b.localhost:PORT/",
        options=options,
        pace={"a.localhost:PORT": soon, "b.localhost:PORT": later},
    )
    a, b = seen.server.site("a.localhost"), seen.server.site("b.localhost")
    assert [host for _, host, _ in seen.server.asked] == [a]
    assert seen.result.pace[a] > time.time() + 290
    assert [(left.url, left.not_before, left.tries) for left in seen.result.leftovers] == [
        (f"http://{b}/", later, 0)
    ]


def test_a_pause_of_a_site_that_a_chunk_does_not_visit_is_told_to_the_next() -> None:
    # A shard's next chunk is told what the last one knew, and a site need not be in each.
    later, over = time.time() + 60, time.time() - 1
    seen = see({"/": reply("x")}, "/", pace={"b.localhost": later, "c.localhost": over})
    assert seen.result.pages == 1
    assert seen.result.pace == {"b.localhost": later}
