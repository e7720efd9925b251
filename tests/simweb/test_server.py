"""The server: what a client may send it, what it remembers, and that it ends."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import socket
import subprocess
import sys

import pytest

from mailharvest.errors import MailharvestError
from mailharvest.simweb import Running, World, ensure, main, start
from mailharvest.simweb.page import build, content_type
from mailharvest.simweb.site import Robots
from mailharvest.simweb.stats import Stats
from mailharvest.simweb.world import Fate
from tests.simweb.client import ask, get


def page_of_fate(web: Running, fate: Fate) -> int:
    world = web.world
    return next(
        page
        for page in range(world.pages)
        if world.fate(page) is fate and not world.disallowed(page) and page >= world.poison
    )


def direct(web: Running, page: int) -> tuple[str, str]:
    """Host and path of a page itself."""
    site = web.world.site(page % web.world.sites)
    return f"{site.name}.simweb.localhost:{web.port}", site.path(page // web.world.sites)


def raw(web: Running, sent: bytes) -> bytes:
    """What comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as link:
        link.sendall(sent)
        got = b""
        with contextlib.suppress(ConnectionError):
            while more := link.recv(65536):
                got += more
        return got


def test_pages_plain_gzip_and_head(web: Running) -> None:
    page = page_of_fate(web, Fate.ANSWERED)
    host, path = direct(web, page)
    built = build(web.world, page)
    status, headers, body = ask(web, path, host=host)
    named = content_type(web.world.site(page % web.world.sites))
    assert (status, headers["Content-Type"], body) == (200, named, built.plain())
    status, headers, packed = ask(web, path, host=host, Accept_Encoding="gzip, deflate, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == body
    status, headers, nothing = ask(web, path, host=host, method="HEAD")
    assert (status, headers["Content-Length"], nothing) == (200, str(len(body)), b"")


@pytest.mark.parametrize(
    ("fate", "status"),
    [(Fate.NOT_FOUND, 404), (Fate.GONE, 410), (Fate.BROKEN, 500), (Fate.RESET, 0)],
)
def test_errors_stay(web: Running, fate: Fate, status: int) -> None:
    host, path = direct(web, page_of_fate(web, fate))
    assert [get(web, f"http://{host}{path}")[0] for _ in range(2)] == [status, status]


def test_a_loop_redirects_to_itself(web: Running) -> None:
    host, path = direct(web, page_of_fate(web, Fate.LOOP))
    status, headers, _ = ask(web, path, host=host)
    assert (status, headers["Location"]) == (302, path)


def test_a_flaky_page_answers_the_second_time_and_again_after_a_reset(web: Running) -> None:
    host, path = direct(web, page_of_fate(web, Fate.FALTERS))
    web.reset()
    status, headers, _ = ask(web, path, host=host)
    assert (status, headers["Retry-After"]) == (503, "1")
    assert [ask(web, path, host=host)[0] for _ in range(2)] == [200, 200]
    web.reset()
    assert ask(web, path, host=host)[0] == 503


def test_robots_txt_of_each_kind(web: Running) -> None:
    seen = {}
    for index in range(web.world.sites):
        site = web.world.site(index)
        if site.robots not in seen:
            host = f"{site.name}.simweb.localhost:{web.port}"
            seen[site.robots] = ask(web, "/robots.txt", host=host)
            assert ask(web, "/robots.txt", host="www." + host)[::2] == seen[site.robots][::2]
    assert {rule: reply[0] for rule, reply in seen.items()} == {
        Robots.MISSING: 404,
        Robots.PLAIN: 200,
        Robots.DELAY: 200,
        Robots.FOLDER: 200,
        Robots.CLOSED: 200,
        Robots.BROKEN: 503,
    }
    assert b"Crawl-delay: 2\n" in seen[Robots.DELAY][2]
    assert b"Disallow: /members/\n" in seen[Robots.FOLDER][2]
    assert re.search(rb"User-agent: \*\nDisallow: /\n", seen[Robots.CLOSED][2])


def test_the_poisoned_page_is_marked(web: Running) -> None:
    assert web.link(0).endswith("/poison")
    status, headers, _ = get(web, web.link(0))
    assert (status, headers["X-Poison"]) == (200, "1")


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("/", "nile-homes-99999.simweb.localhost", 421),
        ("/none", "127.0.0.1", 404),
        ("/search", "127.0.0.1", 404),
        ("/", "localhost", 200),
        ("/nowhere", "SITE", 404),
        ("/img/logo.png", "SITE", 200),
    ],
)
def test_other_answers(web: Running, target: str, host: str, status: int) -> None:
    host = host.replace("SITE", f"{web.world.site(9).name}.simweb.localhost")
    assert ask(web, target, host=host)[0] == status


def test_sites_take_no_posts(web: Running) -> None:
    host, path = direct(web, 1)
    assert ask(web, path, host=host, method="POST", body="a=b")[0] == 405


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"GET \xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET nopath HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000, 431),
    ],
)
def test_malformed_requests_end_the_connection(web: Running, sent: bytes, status: int) -> None:
    answer = raw(web, sent)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in answer


def test_pipelined_requests_are_answered_in_order() -> None:
    world = World(seed=6, sites=40, latency=0.05, slow=0, errors=0, robots=0, flaky=0)
    with start(world) as web:
        pages = range(20)
        sent = b""
        for page in pages:
            host, path = direct(web, page)
            last = "Connection: close\r\n" if page == pages[-1] else ""
            sent += f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{last}\r\n".encode()
        got = raw(web, sent)
        places = [got.find(build(world, page).plain()) for page in pages]
        assert -1 not in places
        assert places == sorted(places)


def test_a_request_in_pieces_and_http_1_0(web: Running) -> None:
    body = b'{"q": "a"}'
    head = f"POST /search HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (head[:7].encode(), head[7:].encode(), body[:4], body[4:]):
            link.sendall(piece)
        got = b""
        while more := link.recv(65536):
            got += more
    assert json.loads(got.partition(b"\r\n\r\n")[2])["organic"]


def test_counts_and_pace() -> None:
    world = World(seed=6, sites=40, slow=0, errors=0, robots=0, flaky=0, redirects=0)
    with start(world) as web:
        web.reset()
        for page in (0, 1, 40):  # 0 and 40 are of one site
            get(web, web.link(page))
        found = web.stats(pace=30)
        assert (found["pages"], found["sites"], found["too_fast"]) == (3, 2, 1)
        assert found["worst"][0]["site"] == direct(web, 0)[0].partition(":")[0]
        assert 0 < found["min_gap"] < 30
        assert found["requests"] == 4
        assert found["bytes"] > 30_000
        assert web.stats()["too_fast"] == 0
        web.reset()
        assert web.stats()["pages"] == 0


def test_stats_notice_a_crawl_delay_that_is_not_kept_and_forget_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailharvest.simweb.stats._SITES_KEPT", 2)
    world = World(seed=6, robots=1)
    site = next(site for site in map(world.site, range(99)) if site.robots is Robots.DELAY)
    stats = Stats()
    for second in (0.0, 2.0, 3.0):
        stats.visit("a", site, second)
    assert stats.crawl_delay_violations == 1
    assert stats.min_gap == 1.0
    for host in "bcd":
        stats.visit(host, site, 4.0)
    assert stats.report()["sites"] == 2


def test_disallowed_pages_that_are_asked_for_are_counted(web: Running) -> None:
    page = next(page for page in range(web.world.pages) if web.world.disallowed(page))
    host, path = direct(web, page)
    before = web.stats()["disallowed"]
    ask(web, path, host=host)
    assert web.stats()["disallowed"] == before + 1


def test_the_port_asked_for_is_taken_and_a_taken_one_refused() -> None:
    world = World(sites=5)
    with start(world) as web:
        with pytest.raises(MailharvestError, match=str(web.port)):
            start(world, web.port)
        assert ensure(web.url) is None
        port = web.port
    again = ensure(f"http://127.0.0.1:{port}")
    assert again is not None
    with again:
        assert again.port == port
    assert ensure("http://search.example.com:80") is None


def test_it_ends_with_its_parent() -> None:
    code = (
        "from mailharvest.simweb import World, start; import os;"
        "web = start(World(sites=5)); print(web.port, flush=True); input(); os._exit(1)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdin and parent.stdout
        port = int(parent.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
            parent.kill()
            assert link.recv(1) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="a child cannot be sent Ctrl-C there")
def test_the_command_line_tells_how_to_use_it_and_stops_cleanly() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "mailharvest.simweb", "--port", "0", "--sites", "7", "--latency",
         "0.01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
        text=True,
    )  # fmt: skip
    with child:
        assert child.stdout and child.stderr
        said = ""
        while "Ctrl-C" not in said:
            line = child.stdout.readline()
            assert line, child.stderr.read()
            said += line
        assert "7 sites" in said and "curl" in said and "provider: simweb" in said
        child.send_signal(2)
        assert child.wait(20) == 0
        assert child.stderr.read() == ""


@pytest.mark.parametrize("wrong", [["--sites", "0"], ["--errors", "2"], ["--nonsense"]])
def test_bad_options_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[0].strip("-") in capsys.readouterr().err


def test_without_uvloop_it_serves_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from mailharvest.simweb import process

    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert process._loop_factory() is None
