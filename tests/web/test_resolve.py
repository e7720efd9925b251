from __future__ import annotations

import asyncio
import socket

import pytest

from mailharvest.web import resolve
from mailharvest.web.resolve import Resolver
from tests.web.loopback import LAX, reply, see


def asking(*hosts: str) -> list[list[str]]:
    async def main() -> list[list[str]]:
        resolver = Resolver()
        try:
            return [[a["host"] for a in await resolver.resolve(host, 80)] for host in hosts]
        finally:
            await resolver.close()

    return asyncio.run(main())


def no_dns(*_: object, **__: object) -> list[object]:
    raise AssertionError("DNS was asked")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "a.b.localhost", "a.localhost."])
def test_localhost_is_loopback_and_dns_is_not_asked(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_dns)
    assert asking(host) == [["127.0.0.1"]]


def test_answers_are_kept_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", port, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(resolve, "NAMES", 2)
    assert asking("a.example.com", "A.example.com.") == [["192.0.2.1", "2001:db8::1"]] * 2
    assert asked == ["a.example.com"]
    asked.clear()
    asking("a.example.com", "b.example.com", "c.example.com", "c.example.com", "a.example.com")
    assert asked == ["a.example.com", "b.example.com", "c.example.com", "a.example.com"]


@pytest.mark.parametrize(
    ("code", "passing"),
    [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True), (socket.EAI_FAIL, True)],
)
def test_a_name_that_does_not_exist_is_told_from_a_resolver_that_does_not_answer(
    code: int, passing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def failing(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        raise socket.gaierror(code, "said the resolver")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    urls = [f"http://dead.example.com/{n}" for n in range(20)]
    seen = see({"/": reply("alive")}, *urls, "/")
    assert seen.bodies == [b"alive"]
    assert len(asked) == 1  # one look-up for the whole site
    if passing:
        assert [left.tries for left in seen.result.leftovers] == [1] * 20
        assert not seen.kinds
    else:
        assert seen.kinds == ["dns"] * 20
        assert not seen.result.leftovers


def test_a_passing_failure_is_tried_three_times_and_then_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(host: str, port: int, **_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    url = "http://dead.example.com/"
    assert see({}, url, tries=1, options=LAX).result.leftovers[0].tries == 2
    seen = see({}, url, tries=2, options=LAX)
    assert seen.kinds == ["dns"]
    assert not seen.result.leftovers
