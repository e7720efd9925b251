"""HTTP/1.1 on a bare asyncio protocol: only as much of it as an honest client sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

MAX_HEAD = 16_384
MAX_BODY = 262_144
_REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    410: "Gone",
    413: "Content Too Large",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class Request(NamedTuple):
    """One request: the head in lower case is kept to look fields up in."""

    method: str
    target: str
    host: str
    head: bytes
    original: bytes
    body: bytes = b""

    def field(self, name: bytes) -> str | None:
        """Value of a header field, by its lower-case name."""
        start = self.head.find(b"\r\n" + name + b":")
        if start < 0:
            return None
        start += len(name) + 3
        end = self.original.find(b"\r\n", start)
        return self.original[start : end if end >= 0 else None].strip().decode("latin-1")


class Answer(NamedTuple):
    """What to send, and when. A status of 0 resets the connection.

    A `body` that is a function is called when it is sent: ten thousand clients that wait do not
    hold ten thousand pages.
    """

    status: int
    content_type: str = "text/plain"
    body: bytes | Callable[[], bytes] = b""
    delay: float = 0.0
    fields: str = ""


Answerer = Callable[[Request], Answer]


class Refused(Exception):
    """The bytes are no request that is answered; the connection ends with that status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def read_head(head: bytes) -> tuple[Request, int, bool]:
    """A request without its body, the body's length, and whether the connection stays.

    Raises
    ------
    Refused
        It is malformed, or uses what is not spoken here.
    """
    lower = head.lower()
    line = head.partition(b"\r\n")[0].split(b" ")
    if len(line) != 3 or line[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refused(400)
    try:
        target = line[1].decode("ascii")
    except UnicodeDecodeError:
        raise Refused(400) from None
    request = Request(line[0].decode("latin-1"), target, "", lower, head)
    host = request.field(b"host")
    if target.startswith("http://"):
        host, _, rest = target[7:].partition("/")
        request = request._replace(target="/" + rest)
    elif not target.startswith("/"):
        raise Refused(400)
    if host is None:
        raise Refused(400)
    request = request._replace(host=host.lower())
    if b"\r\ntransfer-encoding:" in lower:
        raise Refused(501)
    length = request.field(b"content-length") or "0"
    if not (length.isascii() and length.isdigit()) or len(length) > 9:
        raise Refused(400)
    if int(length) > MAX_BODY:
        raise Refused(413)
    connection = (request.field(b"connection") or "").lower()
    stays = connection == "keep-alive" if line[2] == b"HTTP/1.0" else "close" not in connection
    return request, int(length), stays


class Connection(asyncio.Protocol):
    """One client. Requests are answered one by one, in order; others wait in the buffer."""

    __slots__ = (
        "_answer",
        "_buffer",
        "_busy",
        "_loop",
        "_paused",
        "_stays",
        "_timer",
        "_transport",
    )

    def __init__(self, answer: Answerer, loop: asyncio.AbstractEventLoop) -> None:
        self._answer = answer
        self._loop = loop
        self._buffer = b""
        self._busy = self._paused = False
        self._stays = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self._stays = False
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy and not self._paused:
            self._next()
        if len(self._buffer) > MAX_HEAD + MAX_BODY:
            self._transport.pause_reading()

    def _next(self) -> None:
        """Answer what the buffer holds, until an answer has to wait."""
        while self._buffer and self._stays and not self._busy and not self._paused:
            try:
                request = self._take()
            except Refused as refused:
                self._stays = False
                self._send(Answer(refused.status), head_only=False)
                return
            if request is None:
                return
            answer = self._answer(request)
            if answer.delay > 0:
                self._busy = True
                self._timer = self._loop.call_later(
                    answer.delay, self._late, answer, request.method == "HEAD"
                )
            else:
                self._send(answer, request.method == "HEAD")

    def _take(self) -> Request | None:
        """The next whole request of the buffer; none when it has not all come."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD):
            raise Refused(431)
        if end < 0:
            return None
        request, length, stays = read_head(buffer[:end])
        stop = end + 4 + length
        if len(buffer) < stop:
            if b"\r\nexpect: 100-continue" in request.head and len(buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._buffer = buffer[stop:]
        self._stays = stays
        if len(buffer) > MAX_HEAD + MAX_BODY:
            self._transport.resume_reading()
        return request._replace(body=buffer[end + 4 : stop]) if length else request

    def _late(self, answer: Answer, head_only: bool) -> None:
        self._busy = False
        self._timer = None
        self._send(answer, head_only)
        self._next()

    def _send(self, answer: Answer, head_only: bool) -> None:
        if self._transport.is_closing():
            return
        if not answer.status:
            self._stays = False
            self._transport.abort()
            return
        body = answer.body if isinstance(answer.body, bytes) else answer.body()
        head = (
            f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\nServer: simweb\r\n"
            f"Content-Type: {answer.content_type}\r\nContent-Length: {len(body)}\r\n"
            f"{answer.fields}{'' if self._stays else 'Connection: close' + chr(13) + chr(10)}\r\n"
        ).encode("latin-1")
        self._transport.write(head if head_only else head + body)
        if not self._stays:
            self._transport.close()
