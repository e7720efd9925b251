from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.spec import Fetch
from mailharvest.web import Web, robots
from mailharvest.web.pace import MAX_CRAWL_DELAY
from mailharvest.web.robots import parse
from mailharvest.web.session import page_headers
from tests.web.loopback import LAX, Answer, Seen, reply, see, serving
from tests.web.test_fetch import CHUNKED, endless, raw

POLITE = LAX.model_copy(update={"robots": True})
PAGE = reply("<p>page</p>")
TXT = "text/plain"


def under(robots_txt: Answer, *urls: str, options: Fetch = POLITE, **more: Answer) -> Seen:
    answers: Mapping[str, Answer] = {"/robots.txt": robots_txt, "/": PAGE, "/private": PAGE, **more}
    return see(answers, *(urls or ("/", "/private")), options=options)


def test_rules_bind() -> None:
    seen = under(reply("User-agent: *\nDisallow: /private", content_type=TXT))
    assert [page.url for page in seen.pages] == [seen.server.url("/")]
    assert seen.kinds == ["robots"]
    assert seen.server.paths == ["/robots.txt", "/"]


def test_our_own_group_is_used_and_not_one_named_like_a_word_of_the_agent() -> None:
    options = POLITE.model_copy(
        update={"user_agent": "mailharvest/0.1 (+https://bot.example.com/crawler)"}
    )
    text = (
        "User-agent: https\nDisallow: /\n\nUser-agent: crawler\nDisallow: /\n\n"
        "User-agent: MailHarvest\nDisallow: /private\n\nUser-agent: *\nDisallow: /"
    )
    assert len(under(reply(text), options=options).pages) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_4xx_allows_everything(status: int) -> None:
    seen = under(reply("User-agent: *\nDisallow: /", status=status))
    assert len(seen.pages) == 2


@pytest.mark.parametrize(
    "answer",
    [
        reply("User-agent: *\nAllow: /", status=500),
        reply("", status=503),
        reply("", status=429),
        raw(b"", then="silence"),
        raw(b"garbage\r\n\r\n"),
    ],
    ids=["500", "503", "429", "timeout", "garbage"],
)
def test_what_cannot_be_reached_forbids_everything_for_now(answer: Answer) -> None:
    seen = under(answer, options=POLITE.model_copy(update={"timeout": 0.5}))
    assert not seen.pages
    assert seen.server.paths == ["/robots.txt"]
    assert [left.tries for left in seen.result.leftovers] == [1, 1]
    assert all(left.not_before > 0 for left in seen.result.leftovers)


def test_what_cannot_be_reached_is_an_error_in_the_end() -> None:
    seen = see({"/robots.txt": reply("", status=500), "/": PAGE}, "/", options=POLITE, tries=2)
    assert seen.kinds == ["robots"]
    assert "500" in seen.result.errors[0].message


def test_a_site_without_a_name_is_a_dns_error_and_not_one_of_robots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = see({}, "http://nobody.invalid/", options=POLITE, tries=2)
    assert seen.kinds == ["dns"]


def test_rules_are_remembered_and_failures_are_not() -> None:
    async def main() -> None:
        answers: dict[str, Answer] = {"/robots.txt": reply("", status=500)}
        async with serving(answers) as server, Web() as web:
            origin, agent = server.url("/").rstrip("/"), POLITE.user_agent
            for _ in range(2):
                with pytest.raises(Exception, match="500"):
                    await web.robots.ask(origin, POLITE, page_headers(agent))
                assert web.robots.known(origin, agent) is None
            answers["/robots.txt"] = reply("User-agent: *\nDisallow: /private")
            await web.robots.ask(origin, POLITE, page_headers(agent))
            rules = web.robots.known(origin, agent)
            assert rules is not None
            assert not rules.allow(origin + "/private")
            assert web.robots.known(origin, "otherbot/1.0 (+https://x.example)") is None

    asyncio.run(main())


def test_rules_are_asked_for_once_a_site_and_kept_for_the_next_chunk() -> None:
    seen = under(reply("User-agent: *\nCrawl-delay: 0"), *("/" for _ in range(20)))
    assert seen.server.paths == ["/robots.txt"] + ["/"] * 20


def test_of_a_long_file_the_first_500_kib_bind(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"User-agent: *\n"
    filler = b"# " + b"x" * 97 + b"\n"
    early = filler * 4000 + b"Disallow: /private\n"
    late = filler * 1200 + b"Disallow: /\n" + filler * 46_000  # 5 MB in all
    seen = under(reply(head + early + late, content_type=TXT))
    assert [page.url for page in seen.pages] == [seen.server.url("/")]


def test_an_endless_file_is_cut() -> None:
    seen = under(endless(CHUNKED, b"1000\r\n" + b"# no rule here\r\n" * 256 + b"\r\n"))
    assert len(seen.pages) == 2


def hops(count: int) -> dict[str, Answer]:
    """robots.txt behind `count` redirects, each to another host."""
    answers: dict[str, Answer] = {
        f"h{n}.localhost /robots.txt": reply(
            "", status=302, location=f"http://h{n + 1}.localhost:PORT/robots.txt"
        )
        for n in range(count)
    }
    answers[f"h{count}.localhost /robots.txt"] = reply("User-agent: *\nDisallow: /private")
    return {**answers, "/": PAGE, "/private": PAGE}


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (5, 1), (6, 2)])
def test_redirects_over_hosts_are_followed_and_bind_the_first(count: int, pages: int) -> None:
    site = "http://h0.localhost:PORT"
    seen = see(hops(count), f"{site}/", f"{site}/private", options=POLITE)
    assert len(seen.pages) == pages


def test_all_redirects_together_have_the_time_of_one_page() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(reply("", status=302, location="/again"))
        await writer.drain()

    answers = {"/robots.txt": slowly, "/again": slowly, "/": PAGE}
    seen = see(answers, "/", options=POLITE.model_copy(update={"timeout": 0.5}))
    assert not seen.pages
    assert [left.tries for left in seen.result.leftovers] == [1]
    assert seen.server.paths == ["/robots.txt", "/again"]


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/robots.txt", "http://nobody.invalid/robots.txt"]
)
def test_a_redirect_to_where_nothing_is_read_forbids_for_now(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our server is let through the guard by name, so that only the redirect meets it.
    monkeypatch.setattr("mailharvest.web.guard.is_public", lambda address: address == "127.0.0.1")
    guarded = POLITE.model_copy(update={"allow_private": False})
    seen = under(reply("", status=301, location=target), options=guarded)
    assert not seen.pages
    assert len(seen.result.leftovers) == 2
    assert seen.server.paths == ["/robots.txt"]


def test_http_and_https_of_a_host_have_each_their_own_rules() -> None:
    seen = under(
        reply("User-agent: *\nDisallow: /private"), "/private", "http://a.localhost:PORT/private"
    )
    assert seen.kinds == ["robots", "robots"]


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Crawl-delay: 3", 3.0),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 86400", MAX_CRAWL_DELAY),
        ("Crawl-delay: soon", 0.0),
        ("Crawl-delay: -1", 0.0),
        ("Crawl-delay: nan", 0.0),
        ("Crawl-delay: 1e999", 0.0),
    ],
)
def test_crawl_delay(text: str, delay: float) -> None:
    assert parse(f"User-agent: *\n{text}\n".encode(), "mailharvest").delay == delay


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /private",
        b"User-agent: *\r\nDisallow: /private\r\n",
        b"User-agent: *\rDisallow: /private",
        b"\xff\xfe\x00",
        b"<html>not found</html>",
        b"Disallow: /",
        b"User-agent: *\nDisallow: " + b"*a" * 5000 + b"$",
    ],
)
def test_whatever_is_in_it_parses(text: bytes) -> None:
    rules = parse(text, "mailharvest")
    assert rules.allow("http://a.example.com/" + "a" * 4000)
    assert rules.allow("http://a.example.com/private") is (b"/private" not in text)


LINES = (
    b"User-agent: *",
    b"user-agent: mailharvest",
    b"Disallow: /private",
    b"Allow: /private/open # Disallow: /",
    b"Crawl-delay: 2",
    b"# Disallow: /",
    b"  # \xe2\x80\xa8Disallow: /private",
    b"Sitemap: https://a.example.com/sitemap.xml",
    b"sitemap :/x",
    b"#\x0bDisallow: /",
    b"",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_what_is_left_out_before_texts_are_compared_says_nothing(
    lines: list[bytes], ending: bytes
) -> None:
    text = ending.join(lines)
    whole, shared = parse(text, "mailharvest"), robots.shared(text, "mailharvest")
    assert whole.delay == shared.delay
    for path in ("", "private", "private/open", "x"):
        url = f"https://a.example.com/{path}"
        assert whole.allow(url) == shared.allow(url)


def remembered(texts: list[str]) -> list[bool]:
    """Of the sites with these texts, asked one after the other: which are known in the end."""

    async def main() -> list[bool]:
        answers = {f"s{n}.localhost /robots.txt": reply(text) for n, text in enumerate(texts)}
        async with serving(answers) as server, Web() as web:
            agent = POLITE.user_agent
            origins = [server.url("", name=f"s{n}.localhost") for n in range(len(texts))]
            for origin in origins:
                await web.robots.ask(origin, POLITE, page_headers(agent))
            assert web.robots._bytes <= 50_000
            return [web.robots.known(origin, agent) is not None for origin in origins]

    return asyncio.run(main())


def test_memory_of_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_CACHE_BYTES", 50_000)
    known = remembered([f"User-agent: *\nDisallow: /x{n}\n" * 20 for n in range(40)])
    assert known[-1] and not known[0]
    # The sites that had the rules first are forgotten first; others still have the rules.
    twice = [f"User-agent: *\nDisallow: /y{n % 20}\n" * 20 for n in range(40)]
    known = remembered(twice)
    assert known[-1] and not known[0]


def test_rules_that_many_sites_have_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_CACHE_BYTES", 50_000)
    assert all(remembered(["User-agent: *\nDisallow: /x\n" * 20] * 40))
