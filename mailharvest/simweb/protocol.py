"""HTTP/1.1 on a bare asyncio protocol: only as much of it as an honest client sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast

from mailharvest.simweb.later import Later

MAX_HEAD = 16_384
MAX_BODY = 262_144
_FIELDS_KEPT = 8192
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


class Fields(NamedTuple):
    """What the header fields of a request say, as far as it matters here.

    `refused` is the status of a request whose fields cannot be answered, 0 of any other.
    """

    host: str | None
    connection: str
    gzip: bool
    key: str | None
    expects: bool
    length: int
    refused: int


class Request(NamedTuple):
    """One request."""

    method: str
    target: str
    host: str
    fields: Fields
    body: bytes


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


@lru_cache(_FIELDS_KEPT)
def read_fields(block: bytes) -> Fields:
    """The fields of a head, with the line end before each.

    A client sends the same ones with every request to a site, so they are read once.
    """
    lower = block.lower()

    def field(name: bytes) -> str | None:
        start = lower.find(b"\r\n" + name + b":")
        if start < 0:
            return None
        start += len(name) + 3
        end = block.find(b"\r\n", start)
        return block[start : end if end >= 0 else None].strip().decode("latin-1")

    host = field(b"host")
    length = field(b"content-length") or "0"
    refused = 0
    if b"\r\ntransfer-encoding:" in lower:
        refused = 501
    elif not (length.isascii() and length.isdigit()) or len(length) > 9:
        refused = 400
    elif int(length) > MAX_BODY:
        refused = 413
    return Fields(
        host=None if host is None else host.lower(),
        connection=(field(b"connection") or "").lower(),
        gzip="gzip" in (field(b"accept-encoding") or ""),
        key=field(b"x-api-key"),
        expects=b"\r\nexpect: 100-continue" in lower,
        length=0 if refused else int(length),
        refused=refused,
    )


def read_head(head: bytes) -> tuple[Request, bool]:
    """A request that has its body to come, and whether the connection stays.

    Raises
    ------
    Refused
        It is malformed, or uses what is not spoken here.
    """
    end = head.find(b"\r\n")
    if end < 0:
        end = len(head)
    line = head[:end].split(b" ")
    if len(line) != 3 or line[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refused(400)
    try:
        target = line[1].decode("ascii")
    except UnicodeDecodeError:
        raise Refused(400) from None
    fields = read_fields(head[end:])
    host = fields.host
    if not target.startswith("/"):
        if not target.startswith("http://"):
            raise Refused(400)
        host, _, rest = target[7:].partition("/")
        host, target = host.lower(), "/" + rest
    if host is None:
        raise Refused(400)
    if fields.refused:
        raise Refused(fields.refused)
    connection = fields.connection
    stays = connection == "keep-alive" if line[2] == b"HTTP/1.0" else "close" not in connection
    return Request(line[0].decode("latin-1"), target, host, fields, b""), stays


class Connection(asyncio.Protocol):
    """One client. Requests are answered one by one, in order; others wait in the buffer."""

    __slots__ = (
        "_answer",
        "_buffer",
        "_due",
        "_later",
        "_paused",
        "_stays",
        "_transport",
    )

    def __init__(self, answer: Answerer, later: Later) -> None:
        self._answer = answer
        self._later = later
        self._buffer = b""
        self._paused = False
        self._stays = True
        self._due: tuple[Answer, bool] | None = None  # what waits to be sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self._stays = False
        self._due = None

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._due is None and not self._paused:
            self._next()
        if len(self._buffer) > MAX_HEAD + MAX_BODY:
            self._transport.pause_reading()

    def _next(self) -> None:
        """Answer what the buffer holds, until an answer has to wait."""
        while self._buffer and self._stays and self._due is None and not self._paused:
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
                self._due = answer, request.method == "HEAD"
                self._later.call(answer.delay, self._send_due)
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
        request, stays = read_head(buffer[:end])
        stop = end + 4 + request.fields.length
        if len(buffer) < stop:
            if request.fields.expects and len(buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._buffer = buffer[stop:]
        self._stays = stays
        if len(buffer) > MAX_HEAD + MAX_BODY:
            self._transport.resume_reading()
        return request._replace(body=buffer[end + 4 : stop]) if stop > end + 4 else request

    def _send_due(self) -> None:
        if self._due is not None:  # the client is still there
            answer, head_only = self._due
            self._due = None
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
