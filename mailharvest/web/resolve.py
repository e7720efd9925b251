"""Names to addresses: the system's resolver in threads of its own, behind a bounded cache."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from aiohttp.abc import AbstractResolver, ResolveResult

SECONDS = 120.0
"""How long an answer is used."""
NAMES = 10_000
"""Answers that are kept."""
THREADS = 32

# Only families that this machine has an address of; macOS lists the flags that it can do.
_FLAGS = socket.AI_ADDRCONFIG & getattr(socket, "AI_MASK", -1)
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Resolver(AbstractResolver):
    """Resolves for all connectors of a process.

    ``localhost`` and the names under it are loopback and are never asked of DNS (RFC 6761 §6.3);
    whether loopback may be dialled is not decided here. The threads are its own, because dead
    names occupy them for seconds and the loop's own threads have other work.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mailharvest-dns")
        self._known: OrderedDict[tuple[str, int], tuple[float, list[ResolveResult]]] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of `host`.

        Raises
        ------
        socket.gaierror
            Its ``errno`` tells a name that does not exist from a resolver that does not answer.
        """
        name = host.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            return [_answer(host, "127.0.0.1", port, socket.AF_INET)]
        key = (name, port)
        if (hit := self._known.get(key)) is not None and hit[0] > monotonic():
            self._known.move_to_end(key)
            return hit[1]
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _look_up, host, port, family
        )
        self._known[key] = (monotonic() + SECONDS, found)
        if len(self._known) > NAMES:
            self._known.popitem(last=False)
        return found

    async def close(self) -> None:
        """Let go of the threads; look-ups that still wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[ResolveResult]:
    infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=_FLAGS)
    return [
        _answer(host, str(peer[0]), port, kind)
        for kind, _, _, _, peer in infos
        if kind in (socket.AF_INET, socket.AF_INET6)
    ]


def _answer(host: str, address: str, port: int, family: int) -> ResolveResult:
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=_NUMERIC
    )
