"""One request and its answer's head over a connection of aiohttp's, without its session.

A session prepares each request for what its caller may want of it: cookies, redirects, proxies,
tracing, retries, uploads. Of that nothing is wanted here; what it costs is measured by
``python -m benchmarks.layers``. What stays aiohttp's: the pool of connections, names, sockets,
TLS, and the parser of answers. Its session reaches them by the same calls:
``TCPConnector.connect``, and of the protocol ``set_response_params`` and ``read``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict, cast
from weakref import WeakSet

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from yarl import URL

from mailharvest.web.inflate import ENCODINGS
from mailharvest.web.urls import origin_of

CONNECT = 10.0
"""Seconds to wait for a connection, TLS included."""

# The caller's limit covers the whole exchange; a timer per request here would be one too many.
# This one runs only while a connection is made.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT)
_kept: WeakSet[ResponseHandler] = WeakSet()  # connections that have served before
_PATH = re.compile(r"/[!-~]*")
_FIELD = re.compile(r"[!-~]+: [ -~]*")


class KeptConnectionLost(aiohttp.ClientConnectionError):
    """A connection that had served before broke: the site may have closed it unread.

    Then a GET may be sent once more (RFC 9112 §9.3.1); when, is for who keeps the site's pace.
    """


class HeadLimits(TypedDict):
    """What the head of an answer may take: bytes of a line and of a field, and fields."""

    max_line_size: int
    max_field_size: int
    max_headers: int


class _Target:
    """Where an origin is: what a connector asks of a request that it makes a connection for."""

    proxy = None  # nothing stands between the guard and the site
    ssl = True  # certificates are verified
    server_hostname = None

    def __init__(self, origin: str) -> None:
        self.url = URL(origin, encoded=True)
        host, self.port = self.url.raw_host or "", self.url.port
        secure = self.url.scheme == "https"
        self.connection_key = ConnectionKey(host, self.port, secure, True, None, None, None)
        self.host_field = f"Host: {self.url.host_port_subcomponent}"

    def is_ssl(self) -> bool:
        return self.connection_key.is_ssl


_target = lru_cache(maxsize=4096)(_Target)


@dataclass(slots=True)
class Answer:
    """The head of an answer; its body comes from `content`, which must be read or closed.

    Attributes
    ----------
    headers : mapping
        Names in any case.
    """

    status: int
    headers: Mapping[str, str]
    content: aiohttp.StreamReader
    _connection: Connection

    @property
    def length(self) -> int:
        """Bytes that the body has by its head; 0 when that does not say."""
        return int(self.headers.get(hdrs.CONTENT_LENGTH, 0))

    def release(self) -> None:
        """The body was read to its end: the connection may serve others."""
        if (protocol := self._connection.protocol) is not None:
            _kept.add(protocol)
        self._connection.release()

    def close(self) -> None:
        """Nothing more is wanted of it."""
        self._connection.close()


async def send(
    connector: aiohttp.BaseConnector,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    limits: HeadLimits,
) -> Answer:
    """Ask, and read the head of the answer.

    Parameters
    ----------
    url : str
        Its path percent-encoded; sent as it is.

    Raises
    ------
    KeptConnectionLost
    aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError, ValueError
    """
    origin = origin_of(url)
    path = url[len(origin) :].partition("#")[0]
    if not _PATH.fullmatch(path):
        raise ValueError("its path is not percent-encoded")
    target = _target(origin)
    head = f"{method} {path} HTTP/1.1\r\n{target.host_field}\r\n{_fields(*headers.items())}"
    if body is not None:
        head += f"Content-Length: {len(body)}\r\n"
    message = f"{head}\r\n".encode() + (body or b"")
    connection = await connector.connect(cast(aiohttp.ClientRequest, target), [], _TIMEOUT)
    kept = connection.protocol in _kept
    try:
        return await _ask(connection, message, limits)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if kept:
            raise KeptConnectionLost(str(error)) from None
        raise


async def _ask(connection: Connection, message: bytes, limits: HeadLimits) -> Answer:
    try:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(
            read_until_eof=True,
            auto_decompress=False,  # who reads it does that, with an end in sight
            **limits,
        )
        transport.write(message)
        return await _head(connection, protocol)
    except BaseException:
        connection.close()
        raise


async def _head(connection: Connection, protocol: ResponseHandler) -> Answer:
    while True:
        message, content = await protocol.read()
        if not 100 <= message.code < 200 or message.code == 101:
            return Answer(message.code, message.headers, content, connection)


@lru_cache(maxsize=64)
def _fields(*fields: tuple[str, str]) -> str:
    """The header fields of a request, ready to be sent; jobs have few different ones."""
    lines = [f"{name}: {value}" for name, value in (*fields, (hdrs.ACCEPT_ENCODING, ENCODINGS))]
    if not all(map(_FIELD.fullmatch, lines)):
        raise ValueError("a header field has characters that it may not have")
    return "".join(f"{line}\r\n" for line in lines)
