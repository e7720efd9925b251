"""Servers that mean harm or are broken: each costs bounded time and memory, and is named."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import tracemalloc
import zlib
from itertools import pairwise
from pathlib import Path

import pytest

from mailharvest.chunk import FoundURL
from mailharvest.spec import Fetch
from mailharvest.web import FetchError, Page, Web, visit
from mailharvest.web.fetch import Request
from mailharvest.web.inflate import ENCODINGS
from tests.web.loopback import LAX, Answer, reply, see, serving

MB = 2**20


def raw(*pieces: bytes, then: str = "close") -> Answer:
    """Write `pieces`, then close the connection, or keep it open and silent."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then == "silence":
            await asyncio.sleep(60)

    return answer


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def packed(body: bytes, encoding: str = "gzip") -> bytes:
    return reply(body, content_encoding=encoding)


def deflated(size: int) -> bytes:
    squeeze = zlib.compressobj(9)
    return b"".join([squeeze.compress(bytes(MB)) for _ in range(size // MB)]) + squeeze.flush()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TEXT = b"<p>some text</p>\n" * 64
LONG = b"<p>some text</p>\n" * (2 * MB // 17)
CAPPED = LAX.model_copy(update={"max_bytes": MB})

# name: (answer, kind of the error, whether the bytes that came are kept)
HOSTILE: dict[str, tuple[Answer, str, bool]] = {
    "F1 gzip bomb of one member": (packed(gzip.compress(bytes(64 * MB))), "not_text", False),
    "F1 gzip bomb of text": (packed(gzip.compress(b"text " * (13 * MB))), "too_large", False),
    # 16 MB of spaces in 16 KB, 640 times over: 10 MB on the wire, 10 GB behind it
    "F1 gzip bomb of 10 GB": (packed(gzip.compress(b" " * 16 * MB) * 640), "too_large", False),
    "F1 deflate bomb": (packed(deflated(256 * MB), "deflate"), "not_text", False),
    "F1 endless gzip": (
        endless(CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", b"0\r\n"),
        "protocol",
        False,
    ),
    "F4 endless chunks": (
        endless(CHUNKED, b"1000\r\n" + b"text" * 1024 + b"\r\n"),
        "too_large",
        False,
    ),
    "F4 endless body": (endless(HEAD + b"\r\n", b"text" * 4096), "too_large", False),
    "declared too long": (
        raw(HEAD + b"Content-Length: 99999999\r\n\r\n" + LONG, then="silence"),
        "too_large",
        False,
    ),
    "F7 less than declared": (raw(reply(TEXT, content_length="5000")), "truncated", True),
    "F7 nothing of what was declared": (raw(reply(b"", content_length="5000")), "protocol", False),
    "F7 declared twice": (
        raw(HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello"),
        "protocol",
        False,
    ),
    "F7 negative": (raw(HEAD + b"Content-Length: -5\r\n\r\nhello"), "protocol", False),
    "F8 chunk size is no number": (raw(CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"), "protocol", False),
    "F8 chunk size is negative": (raw(CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"), "protocol", False),
    "F8 chunk size is beyond all": (raw(CHUNKED + b"f" * 40 + b"\r\nhello"), "protocol", False),
    "F8 chunks without an end": (
        raw(CHUNKED + b"400\r\n" + b"t" * 1024 + b"\r\n"),
        "truncated",
        True,
    ),
    "gzip that is none": (packed(b"plain text"), "protocol", False),
    "F21 image sent as text": (reply(b"\x89PNG\r\n\x1a\n" + bytes(500)), "not_text", False),
    "F21 PDF sent as text": (reply(b"%PDF-1.7 a@b.example.com" + TEXT), "not_text", False),
    "F21 disk image sent as text": (
        endless(HEAD + b"Content-Length: 2147483648\r\n\r\n", bytes(65536)),
        "not_text",
        False,
    ),
    "declared binary": (reply(TEXT, content_type="image/png"), "not_text", False),
    "F22 HTTP/2 only": (raw(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80"), "protocol", False),
    "F22 HTTP/0.9": (raw(b"<html>hello</html>"), "protocol", False),
    "F22 garbage": (raw(b"220 mail.example.com ESMTP\r\n"), "protocol", False),
    "status of two digits": (raw(b"HTTP/1.1 20 OK\r\n\r\n"), "protocol", False),
    "endless headers": (endless(HEAD, b"X-More: " + b"x" * 4000 + b"\r\n"), "protocol", False),
    "endless header": (endless(HEAD + b"X-More: ", b"x" * 65536), "protocol", False),
    "endless status line": (endless(b"HTTP/1.1 200 ", b"x" * 65536), "protocol", False),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    answer, kind, kept = HOSTILE[name]
    tracemalloc.start()
    try:
        seen = see({"/": answer}, "/", options=CAPPED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.kinds == [kind]
    assert bool(seen.pages) is kept
    assert not seen.result.leftovers  # asking again would bring the same
    assert len(seen.server.asked) <= 2
    assert peak < 100 * MB


@pytest.mark.parametrize(
    "name", [n for n, (a, _, _) in HOSTILE.items() if not isinstance(a, bytes)]
)
def test_a_broken_connection_is_not_used_again(name: str) -> None:
    answer, kind, _ = HOSTILE[name]
    seen = see({"/": answer, "/next": reply(TEXT)}, "/", "/next", options=CAPPED)
    assert seen.kinds == [kind]
    assert seen.bodies[-1] == TEXT
    assert seen.server.connections >= 2


def test_of_a_truncated_page_every_byte_that_came_is_kept() -> None:
    seen = see({"/": raw(reply(TEXT, content_length="5000"))}, "/")
    assert seen.bodies == [TEXT]


def test_what_follows_a_body_is_no_answer_to_the_next_question() -> None:
    hello = HEAD + b"Content-Length: 5\r\n\r\nhello"
    for more in (b" and more", reply("forged")):
        seen = see({"/": raw(hello + more, then="silence"), "/next": reply(TEXT)}, "/", "/next")
        assert seen.bodies[-1] == TEXT
        assert seen.server.connections == 2


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_bombs_of_codecs_that_were_not_asked_for(encoding: str) -> None:
    assert encoding not in ENCODINGS
    bomb = b""
    if encoding == "br":
        bomb = pytest.importorskip("brotli").compress(b"text " * (20 * MB))
    tracemalloc.start()
    try:
        seen = see({"/": packed(bomb or b"(\xb5/\xfd" * 99, encoding)}, "/", options=CAPPED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.kinds[0] in ("too_large", "protocol", "not_text")
    assert peak < 100 * MB


@pytest.mark.parametrize(
    "answer",
    [
        endless(HEAD + b"Content-Length: 1000\r\n\r\n", b"x", pause=0.05),
        endless(HEAD + b"\r\n", b"x", pause=0.05),
        endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"x", pause=0.05),
        raw(b"", then="silence"),
        raw(HEAD + b"Content-Length: 1000\r\n\r\nhello", then="silence"),
    ],
    ids=["body of known length", "body", "head", "no answer", "half an answer"],
)
def test_the_time_limit_holds_however_much_still_comes(answer: Answer) -> None:
    seen = see({"/": answer}, "/", options=LAX.model_copy(update={"timeout": 0.3}), tries=2)
    assert seen.kinds == ["timeout"]
    assert not seen.pages


def test_a_timeout_lets_go_of_its_connection() -> None:
    async def main() -> None:
        options = LAX.model_copy(update={"timeout": 0.2})
        async with serving({"/": raw(b"", then="silence")}) as server, Web() as web:
            with pytest.raises(FetchError, match=r"0\.2 s"):
                await web.get(server.url(), options)
            connector = web.transport._open  # type: ignore[attr-defined]
            assert not connector._acquired and not connector._conns

    asyncio.run(main())


@pytest.mark.parametrize(
    "headers",
    [
        b"Set-Cookie: a=" + b"x" * MB + b"\r\n",
        b"".join(b"Set-Cookie: c%d=1\r\n" % n for n in range(5000)),
    ],
    ids=["1 MB cookie", "5,000 cookies"],
)
def test_cookies_are_neither_kept_nor_in_the_way(headers: bytes) -> None:
    page = HEAD + headers + b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT
    options = LAX.model_copy(update={"per_site_delay": 0.2})
    seen = see({"/1": page, "/2": page, "/3": reply("next")}, "/1", "/2", "/3", options=options)
    assert seen.bodies == [TEXT, TEXT, b"next"]
    assert not any("cookie:" in head.lower() for head in seen.server.heads)
    # Asked for again with room for its head, at the site's pace, and only the first of the site.
    assert seen.server.paths == ["/1", "/1", "/2", "/3"]
    asked = [at for at, _, _ in seen.server.asked]
    assert min(later - earlier for earlier, later in pairwise(asked)) >= 0.2


def test_encodings_that_are_asked_for_are_decoded() -> None:
    answers = {
        "/gzip": packed(gzip.compress(TEXT)),
        "/deflate": packed(zlib.compress(TEXT), "deflate"),
        "/raw": packed(zlib.compress(TEXT)[2:-4], "deflate"),
        "/two": packed(gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        "/none": reply(TEXT),
    }
    assert see(answers, *answers).bodies == [TEXT] * 5


def test_the_zlib_of_the_standard_library_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailharvest.web.inflate._zlib", zlib)
    assert see({"/": packed(gzip.compress(TEXT))}, "/").bodies == [TEXT]
    assert see({"/": packed(gzip.compress(LONG))}, "/", options=CAPPED).kinds == ["too_large"]


def test_a_page_as_long_as_is_allowed_is_read() -> None:
    body = LONG[:MB]
    seen = see({"/": reply(body), "/+": reply(body + b"x")}, "/", "/+", options=CAPPED)
    assert seen.bodies == [body]
    assert seen.kinds == ["too_large"]


def test_pages_of_a_site_share_one_connection_and_the_last_closes_it() -> None:
    answers = {f"/{n}": reply(TEXT, status=404 if n == 3 else 200) for n in range(8)}
    seen = see(answers, *answers)
    assert len(seen.pages) == 7
    assert seen.server.connections == 1
    assert ["connection: close" in head.lower() for head in seen.server.heads] == [False] * 7 + [
        True
    ]


def test_the_last_connection_of_a_site_is_closed_though_the_site_says_nothing() -> None:
    async def main() -> None:
        async with serving({"/": reply("page")}) as server, Web() as web:
            connector = web.transport._open  # type: ignore[attr-defined]
            await web.get(server.url(), LAX)
            assert len(connector._conns) == 1
            await web.get(server.url(), LAX, last=True)
            assert not connector._acquired and not connector._conns

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"<p>jane@example.org</p>\n",
        HEAD + b"jane@example.org\r\n\r\n",
        HEAD + b"Content-Length: jane@example.org\r\n\r\n",
        CHUNKED + b"jane@example.org\r\n",
    ],
    ids=["no status line", "no field", "no length", "no chunk"],
)
def test_an_error_quotes_nothing_that_the_server_said(answer: bytes) -> None:
    (error,) = see({"/": raw(answer)}, "/").result.errors
    assert error.kind == "protocol"
    assert "@" not in error.message and "jane" not in error.message


def test_a_page_that_breaks_the_connection_is_asked_for_once() -> None:
    seen = see({"/": raw()}, "/", tries=2)
    assert seen.kinds == ["connect"]
    assert seen.server.paths == ["/"]


def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    async def once(writer: asyncio.StreamWriter) -> None:
        answers["/2"] = reply("two")

    answers: dict[str, Answer] = {"/1": reply("one"), "/2": once}
    options = LAX.model_copy(update={"per_site_delay": 0.2})
    seen = see(answers, "/1", "/2", options=options)
    assert seen.bodies == [b"one", b"two"]
    assert seen.server.paths == ["/1", "/2", "/2"]
    # The site may have read it all the same, so it is not asked again within its pace.
    asked = [at for at, _, _ in seen.server.asked]
    assert min(later - earlier for earlier, later in pairwise(asked)) >= 0.2


def test_a_page_that_breaks_two_connections_in_a_row_has_failed() -> None:
    async def breaks(writer: asyncio.StreamWriter) -> None: ...

    answers: dict[str, Answer] = {"/1": reply("one"), "/2": breaks, "/3": reply("three")}
    seen = see(answers, "/1", "/2", "/3", tries=2)
    assert seen.bodies == [b"one", b"three"]
    assert seen.kinds == ["connect"]
    assert seen.server.paths == ["/1", "/2", "/2", "/3"]


def test_an_api_is_asked_again_at_once_over_a_new_connection() -> None:
    async def once(writer: asyncio.StreamWriter) -> None:
        answers["/2"] = reply("two")

    answers: dict[str, Answer] = {"/1": reply("one"), "/2": once}

    async def main() -> None:
        async with serving(answers) as server, Web() as web:
            for path in ("/1", "/2"):
                await web.call(server.url(path), headers={}, timeout=5)
            assert server.paths == ["/1", "/2", "/2"]
            answers["/2"] = once
            with pytest.raises(FetchError):  # a POST may have been read: it is not for us to repeat
                await web.call(server.url("/2"), headers={}, timeout=5, body=b"{}")

    asyncio.run(main())


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/é"])
def test_a_path_that_is_not_encoded_is_not_sent(path: str) -> None:
    async def main() -> None:
        async with serving({}) as server, Web() as web:
            with pytest.raises(FetchError, match="no URL"):
                await web.get(server.url(path), LAX)
            assert not server.asked

    asyncio.run(main())


def test_a_header_field_of_two_lines_is_not_sent() -> None:
    async def main() -> None:
        async with serving({}) as server, Web() as web:
            with pytest.raises(FetchError, match="no URL"):
                await web.call(server.url("/"), headers={"X-Key": "a\r\nX: y"}, timeout=5)
            assert not server.asked

    asyncio.run(main())


def test_an_early_hint_is_not_the_answer() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    assert see({"/": hint + reply(TEXT)}, "/").bodies == [TEXT]


def test_proxies_and_netrc_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine a.localhost login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("http_proxy", "http://10.0.0.1:3128")
    seen = see({"/": reply(TEXT)}, "/")
    assert seen.bodies == [TEXT]
    assert "authorization" not in seen.server.heads[0].lower()


def test_nobody_listens() -> None:
    seen = see({}, "http://127.0.0.1:1/", tries=2)
    assert seen.kinds == ["connect"]


def test_a_certificate_that_is_not_valid_is_an_error_and_no_downgrade(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=a.localhost", "-keyout", key, "-out", certificate),
        ],
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("needs the openssl command, to make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def main() -> None:
        pages: list[Page] = []
        async with serving({"/": reply(TEXT)}, tls=context) as server, Web() as web:
            url = FoundURL(server.url(scheme="https"))
            result = await visit(
                web, [url, url], LAX, take=pages.append, until=2e9 * 9, deadline=2e9 * 9
            )
            assert [error.kind for error in result.errors] == ["tls", "tls"]
            assert not pages and not server.asked

    asyncio.run(main())


def test_a_transport_is_one_method() -> None:
    class Canned:
        async def get(self, request: Request) -> object:
            raise FetchError("connect", "canned")

        async def close(self) -> None:
            pass

    async def main() -> None:
        async with Web(Canned()) as web:  # type: ignore[arg-type]
            with pytest.raises(FetchError, match="canned"):
                await web.get("http://a.example.com/", Fetch())

    asyncio.run(main())


def test_bodies_are_left_in_bytes() -> None:
    body = "<meta charset=windows-1251>привет".encode("windows-1251")
    seen = see({"/": reply(body, content_type="text/html; charset=utf-8")}, "/")
    assert seen.bodies == [body]
    assert seen.pages[0].content_type == "text/html; charset=utf-8"
