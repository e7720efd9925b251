"""One HTTP exchange, with every limit on it: the seam behind which a transport can be changed."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp import hdrs, http_exceptions
from aiohttp.http import HttpProcessingError

from mailharvest.web.content import HEAD, is_binary, may_be_text
from mailharvest.web.exchange import CONNECT, Answer, HeadLimits, KeptConnectionLost, send
from mailharvest.web.guard import PrivateAddress, guarded_socket
from mailharvest.web.inflate import NotInflated, inflater_for
from mailharvest.web.resolve import Resolver
from mailharvest.web.urls import origin_of

_DRAIN = 64 * 1024
_KEEP_ALIVE = 10.0
# Chrome gives up at 256 KB of headers; a page with more cookies than the ordinary limits allow may
# be asked for again, with one of the two limits raised, so that their product stays bounded.
_LIMITS: HeadLimits = {"max_line_size": 8190, "max_field_size": 8190, "max_headers": 128}
_LONG_FIELDS: HeadLimits = {"max_line_size": 8190, "max_field_size": 2 * 2**20, "max_headers": 64}
_MANY_FIELDS: HeadLimits = {"max_line_size": 8190, "max_field_size": 8190, "max_headers": 8192}
_REMEMBERED = 4096  # origins
# The parser quotes what it could not read, and that may be an address.
_BROKEN = (
    (http_exceptions.BadStatusLine, "its first line is no status line of HTTP/1"),
    (http_exceptions.LineTooLong, "its head has too long a line"),
    (http_exceptions.InvalidHeader, "its head has a field that is none"),
    (http_exceptions.PayloadEncodingError, "its body is not as its head says"),
    (aiohttp.ClientPayloadError, "its body ended too early"),
)
_GONE = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class FetchError(Exception):
    """An exchange gave nothing: raised inside this room, data outside of it.

    Attributes
    ----------
    kind : str
        One of :class:`~mailharvest.chunk.PageError`'s.
    passing : bool
        It may be over when asked again.
    site_wide : bool
        The other pages of the site would fare the same now.
    wait : float or None
        Seconds that the site asked for.
    status : int
        0 when there was none.
    again : bool
        The same request may fare better now, at the site's pace: a kept connection broke under it,
        and the site may never have read it; or the head of the answer was longer than is taken at
        first, and the transport will take more.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        passing: bool = False,
        site_wide: bool = False,
        wait: float | None = None,
        status: int = 0,
        again: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind, self.passing, self.site_wide = kind, passing, site_wide
        self.wait, self.status, self.again = wait, status, again

    @property
    def message(self) -> str:
        return str(self.args[0])


@dataclass(slots=True)
class Request:
    """What to ask, and how much to take.

    Attributes
    ----------
    url : str
        Normalised; sent as it is.
    headers : mapping
        User-Agent and the like.
    max_bytes : int
        Of the decoded body.
    cut : bool
        Keep what fits in `max_bytes`; otherwise a longer body is an error.
    any_type : bool
        Take a body of any type and status; otherwise text of a 2xx alone.
    private : bool
        Loopback, private and link-local addresses may be dialled.
    """

    url: str
    headers: Mapping[str, str]
    max_bytes: int
    cut: bool = False
    any_type: bool = False
    private: bool = False
    method: str = "GET"
    body: bytes | None = None


@dataclass(slots=True)
class Reply:
    """What came back.

    Attributes
    ----------
    headers : mapping
        Names in any case.
    body : bytes
        Decoded of its content coding; empty unless it was wanted.
    truncated : bool
        The connection ended before the body did.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    truncated: bool = False


class Transport(Protocol):
    """What carries requests. It follows no redirect, keeps no cookie and knows no site.

    The caller sets the time limit: it cancels `get`, which then lets go of the connection.
    """

    async def get(self, request: Request) -> Reply:
        """Exchange `request`.

        Raises
        ------
        FetchError
        """

    async def close(self) -> None:
        """Close every connection."""


class AiohttpTransport:
    """aiohttp's connections and parser, without its session; see :mod:`mailharvest.web.exchange`.

    Parameters
    ----------
    connections : int
        In use at once, for guarded and open requests each.
    """

    def __init__(self, connections: int) -> None:
        self._resolver = Resolver()
        self._long_heads: dict[str, HeadLimits] = {}  # by origin
        # Two pools, so that a connection that one job was allowed to open inside is never handed
        # to another that is not.
        self._guarded = self._connector(connections, guard=True)
        self._open = self._connector(connections, guard=False)

    def _connector(self, connections: int, *, guard: bool) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            limit=connections,
            keepalive_timeout=_KEEP_ALIVE,
            resolver=self._resolver,
            use_dns_cache=False,  # the resolver has its own, which costs no task a look-up
            socket_factory=guarded_socket if guard else None,
        )

    async def close(self) -> None:
        await self._guarded.close()
        await self._open.close()
        await self._resolver.close()

    async def get(self, request: Request) -> Reply:
        answer = await self._send(request)
        try:
            status, headers = answer.status, answer.headers
            if request.any_type:
                body, truncated = await _read(answer, request)
            elif 200 <= status < 300:
                if not may_be_text(headers.get(hdrs.CONTENT_TYPE)):
                    raise FetchError(
                        "not_text", "the server says that it is no text", status=status
                    )
                body, truncated = await _read(answer, request)
            else:
                body, truncated = b"", False
                await _drain(answer)
        except BaseException:
            answer.close()
            raise
        if request.headers.get(hdrs.CONNECTION) == "close":
            answer.close()  # as the site was told, whether or not it said so itself
        else:
            answer.release()
        return Reply(status, headers, body, truncated)

    async def _send(self, request: Request) -> Answer:
        connector = self._open if request.private else self._guarded
        url = request.url
        limits = self._long_heads.get(origin_of(url), _LIMITS) if self._long_heads else _LIMITS
        try:
            return await send(connector, request.method, url, request.headers, request.body, limits)
        except HttpProcessingError as error:
            again = limits is _LIMITS and self._expect_more(url, error)
            raise FetchError("protocol", _words(error), again=again) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from None

    def _expect_more(self, url: str, error: HttpProcessingError) -> bool:
        """Whether the head of an answer was too long; then its site may send more from now on."""
        if "Too many headers" in error.message:
            limits = _MANY_FIELDS
        elif "Got more than" in error.message:
            limits = _LONG_FIELDS
        else:
            return False
        if len(self._long_heads) >= _REMEMBERED:
            del self._long_heads[next(iter(self._long_heads))]
        self._long_heads[origin_of(url)] = limits
        return True


async def _read(answer: Answer, request: Request) -> tuple[bytes, bool]:
    """The decoded body, and whether it ends too early."""
    content, cap, status = answer.content, request.max_bytes, answer.status
    coded = answer.headers.get(hdrs.CONTENT_ENCODING)
    declared = 0 if coded else answer.length
    parts: list[bytes] = []
    size, sniffed, truncated = 0, request.any_type, False
    try:
        inflater = inflater_for(coded) if coded else None
        while True:
            block = await content.readany()
            ended = not block
            if inflater is not None and block:
                block = inflater.feed(block, cap + 1 - size)
            if block:
                parts.append(block)
                size += len(block)
            if not sniffed and (size >= HEAD or ended):
                sniffed = True
                if is_binary((parts[0] if len(parts) == 1 else b"".join(parts))[:HEAD]):
                    raise FetchError(
                        "not_text", "its first bytes are not those of a text", status=status
                    )
            if ended:
                break
            if size > cap or (declared > cap and sniffed and not request.cut):
                if not request.cut:
                    raise FetchError("too_large", f"more than {cap:,} bytes", status=status)
                answer.close()
                break
        truncated = ended and inflater is not None and not inflater.ended
    except aiohttp.ClientPayloadError as error:
        # What had arrived with the end of the connection is still in the stream's buffer, which
        # its public methods no longer give.
        rest = b"".join(content._buffer)
        if inflater is not None:
            with contextlib.suppress(NotInflated):
                parts.append(inflater.feed(rest, cap - size))
        else:
            parts.append(rest)
        if not any(parts):
            raise FetchError("protocol", _words(error), status=status) from None
        truncated = True
        answer.close()
    except NotInflated as error:
        raise FetchError("protocol", str(error), status=status) from None
    except (aiohttp.ClientError, OSError) as error:
        raise _failure(error) from None
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    return (body[:cap] if len(body) > cap else body), truncated


async def _drain(answer: Answer) -> None:
    """Read a body that nobody wants, when that is cheaper than a new connection."""
    left = _DRAIN
    if answer.length <= left:
        try:
            while block := await answer.content.readany():
                left -= len(block)
                if left < 0:
                    break
            else:
                return
        except (aiohttp.ClientError, OSError):
            pass
    answer.close()


def _failure(error: Exception) -> FetchError:
    """The failure that an exception of aiohttp, the system or yarl stands for."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return FetchError("tls", "its certificate is not valid here", site_wide=True)
        case aiohttp.ClientConnectorSSLError():
            return FetchError("tls", "no TLS connection", site_wide=True)
        case aiohttp.ClientConnectorDNSError(os_error=cause):
            if cause.errno in _GONE:
                return FetchError("dns", "no such host", site_wide=True)
            return FetchError("dns", "the resolver has no answer", passing=True, site_wide=True)
        case aiohttp.ClientConnectorError(os_error=PrivateAddress() as cause):
            return FetchError("private", str(cause.strerror), site_wide=True)
        case aiohttp.ClientConnectorError(os_error=cause):
            return FetchError("connect", _words(cause), passing=True, site_wide=True)
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return FetchError(
                "connect", f"no connection in {CONNECT:g} s", passing=True, site_wide=True
            )
        case KeptConnectionLost():
            return FetchError("connect", _words(error), passing=True, again=True)
        case aiohttp.InvalidURL() | ValueError():
            return FetchError("bad_url", "it is no URL that can be asked for")
        case _:
            return FetchError("connect", _words(error), passing=True)


def _words(error: BaseException) -> str:
    """One printable line about `error`, in which nothing is quoted that a server said."""
    if isinstance(error, (HttpProcessingError, aiohttp.ClientPayloadError)):
        named = (said for kind, said in _BROKEN if isinstance(error, kind))
        return next(named, "its answer is no proper HTTP/1")
    text = getattr(error, "strerror", None) or str(error)
    line = "".join(c if c.isprintable() and c.isascii() else " " for c in str(text)[:400])
    return " ".join(line.split())[:160] or type(error).__name__
