"""A server on loopback that answers the bytes it was told to, and remembers the questions."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from mailharvest.chunk import FoundURL
from mailharvest.spec import Fetch
from mailharvest.web import Page, Visited, Web, visit

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

LAX = Fetch(per_site_delay=0, allow_private=True, robots=False, timeout=10)
"""What most tests fetch with: nothing is asked but the page."""


def reply(body: bytes | str = b"", status: int = 200, **headers: str) -> bytes:
    """A response; ``content_type="…"`` sets a header, ``content_length=""`` leaves it out."""
    data = body.encode() if isinstance(body, str) else body
    fields = {"content_type": "text/html", "content_length": str(len(data)), **headers}
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [
        f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items() if value
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


@dataclass
class Server:
    """What a running server saw.

    Attributes
    ----------
    asked : list of (float, str, str)
        When (monotonic), Host and path of each request.
    connections : int
    open : int
        Connections that are open now.
    """

    port: int = 0
    connections: int = 0
    open: int = 0
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    def url(self, path: str = "/", name: str = "a.localhost", scheme: str = "http") -> str:
        return f"{scheme}://{name}:{self.port}{path}"

    def site(self, name: str = "a.localhost") -> str:
        return f"{name}:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for _, _, path in self.asked]


@contextlib.asynccontextmanager
async def serving(
    answers: Mapping[str, Answer], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Serve `answers` by path, or by ``host path`` (host without the port); 404 for others.

    ``PORT`` in an answer becomes the server's port. A connection is closed after an answer that is
    a callable, or whose head says so.
    """
    server = Server()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        server.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                host = next(
                    line[5:].strip()
                    for line in head.split("\r\n")
                    if line.lower().startswith("host:")
                )
                server.asked.append((time.monotonic(), host, path))
                server.heads.append(head)
                key = f"{host.partition(':')[0]} {path}"
                answer = answers.get(key, answers.get(path, reply(b"none", 404)))
                if callable(answer):
                    await answer(writer)
                    return
                writer.write(answer.replace(b"PORT", str(server.port).encode()))
                await writer.drain()
                if "connection: close" in head.lower() or b"Connection: close" in answer[:400]:
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the test over
        finally:
            server.open -= 1
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@dataclass
class Seen:
    """What a visit brought."""

    result: Visited
    pages: list[Page]
    server: Server

    @property
    def kinds(self) -> list[str]:
        return [error.kind for error in self.result.errors]

    @property
    def bodies(self) -> list[bytes]:
        return [page.body for page in self.pages]


def see(
    answers: Mapping[str, Answer],
    *urls: str,
    options: Fetch = LAX,
    seconds: float = 30.0,
    pace: Mapping[str, float] | None = None,
    tries: int = 0,
) -> Seen:
    """Serve `answers`, visit `urls` (or paths on ``a.localhost``), tell what came of it."""

    async def main() -> Seen:
        pages: list[Page] = []
        async with serving(answers) as server, Web() as web:
            full = [
                server.url(url) if url.startswith("/") else url.replace("PORT", str(server.port))
                for url in urls
            ]
            now = time.time()
            async with asyncio.timeout(seconds + 30):
                result = await visit(
                    web,
                    [FoundURL(url, tries=tries) for url in full],
                    options,
                    take=pages.append,
                    until=now + seconds,
                    deadline=now + seconds,
                    pace={k.replace("PORT", str(server.port)): v for k, v in (pace or {}).items()},
                )
            return Seen(result, pages, server)

    return asyncio.run(main())
