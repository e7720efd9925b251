"""Pages of one size from a process of their own: the site that all peers fetch.

Written and compressed before the first request, so that the server is never the limit: a row of
bytes for each page, and no more than what an honest client sends is understood.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

PAGES = 500
"""Different pages; a number beyond is one of them again."""
SITES = 256
"""Host names, for who is polite to each; the others ask one."""

# fmt: off
_WORDS = (
    "harbour", "market", "office", "garden", "window", "people", "winter", "service", "letter",
    "number", "morning", "street", "answer", "river", "paper", "question", "building", "season",
    "project", "opening", "history", "kitchen", "station", "bridge",
)
# fmt: on


def page(number: int, size: int) -> bytes:
    """Page `number`: four addresses, two of them links, in prose of about `size` bytes."""
    draw = random.Random(number)
    who = [
        f"{draw.choice(_WORDS)}.{draw.choice(_WORDS)}{n}@p{number}.example.com" for n in range(4)
    ]
    shown = [
        f'<a href="mailto:{who[0]}">{who[0]}</a>',
        f"<p>Write to {who[1]} please.</p>",
        f'<a class="button" href="mailto:{who[2]}">Write</a>',
        f"<td>{who[3]}</td>",
    ]
    parts = [f"<!DOCTYPE html><html><head><title>Page {number}</title></head><body>\n"]
    length = len(parts[0])
    step = size // 5
    while length < size:
        words = " ".join(draw.choices(_WORDS, k=40))
        parts.append(f'<p class="text">{words} {draw.getrandbits(40):x}.</p>\n')
        length += len(parts[-1])
        if shown and length > (5 - len(shown)) * step:
            parts.append(shown.pop())
    return "".join([*parts, *shown, "</body></html>\n"]).encode()


class _Connection(asyncio.Protocol):
    answers: list[bytes]
    robots: bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            path = head.split(b" ", 2)[1]
            if path == b"/robots.txt":
                self.transport.write(self.robots)
            else:
                number = int(path.rpartition(b"/")[2] or 0)
                self.transport.write(self.answers[number % len(self.answers)])
            if b"\r\nConnection: close" in head:
                self.transport.close()
                return


def _answer(body: bytes, *, packed: bool) -> bytes:
    coding = ""
    if packed:
        body, coding = gzip.compress(body, 6), "Content-Encoding: gzip\r\n"
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"{coding}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _serve(size: int, packed: bool) -> None:
    _Connection.answers = [_answer(page(n, size), packed=packed) for n in range(PAGES)]
    _Connection.robots = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


@contextmanager
def serving(size: int, packed: bool) -> Iterator[tuple[int, int]]:
    """Serve pages of `size` bytes; gives port and pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pages", str(size), str(int(packed))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    try:
        import uvloop as loops
    except ImportError:
        loops = asyncio  # type: ignore[misc]
    loops.run(_serve(int(sys.argv[1]), sys.argv[2] == "1"))
