from __future__ import annotations

import asyncio
import socket

import pytest

from mailharvest.web import FetchError, Web
from mailharvest.web.guard import PrivateAddress, guarded_socket, is_public
from tests.web.loopback import LAX, reply, see, serving

GUARDED = LAX.model_copy(update={"allow_private": False})

PUBLIC = ["93.184.215.14", "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]
PUBLIC += ["::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450:4001::200e"]

INSIDE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "127.0.0.1", "127.255.0.9"),
    *("169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.192", "192.0.0.9"),
    *("168.63.129.16", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "192.88.99.1"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1"),
    *("2001::1", "2001:10::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("", "localhost", "a.example.com", "127.1", "2130706433"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert not is_public(address)


def test_no_socket_is_made_for_an_address_inside() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("10.0.0.1", 80))
    with pytest.raises(PrivateAddress, match=r"10\.0\.0\.1"):
        guarded_socket(info)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "a.localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_a_page_inside_is_refused_without_a_connection(host: str) -> None:
    seen = see({"/": reply("inside")}, f"http://{host}:PORT/", options=GUARDED)
    assert seen.kinds == ["private"]
    assert "fetch: {allow_private: true}" in seen.result.errors[0].message
    assert seen.server.connections == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "100.64.0.1", "[fd00::1]"])
def test_literals_inside_are_refused(address: str) -> None:
    seen = see({}, f"http://{address}/latest/meta-data/", options=GUARDED)
    assert seen.kinds == ["private"]


def test_every_page_of_a_site_inside_has_its_error() -> None:
    seen = see({}, *(f"/{n}" for n in range(5)), options=GUARDED)
    assert seen.kinds == ["private"] * 5
    assert not seen.result.leftovers


def test_robots_of_a_site_inside_is_not_asked_either() -> None:
    options = GUARDED.model_copy(update={"robots": True})
    seen = see({"/robots.txt": reply("")}, "/", options=options)
    assert seen.kinds == ["private"]
    assert seen.server.connections == 0


def test_a_guarded_request_gets_no_connection_that_another_job_opened() -> None:
    async def main() -> None:
        async with serving({"/": reply("inside")}) as server, Web() as web:
            assert (await web.get(server.url(), LAX)).body == b"inside"
            with pytest.raises(FetchError) as caught:
                await web.get(server.url(), GUARDED)
            assert caught.value.kind == "private"
            assert server.paths == ["/"]

    asyncio.run(main())


def test_a_name_that_resolves_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    seen = see({"/": reply("inside")}, "http://public.example.com:PORT/", options=GUARDED)
    assert seen.kinds == ["private"]
    assert seen.server.connections == 0
