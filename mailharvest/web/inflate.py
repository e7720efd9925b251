"""Undoing a content coding, never further than there is room for."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

_zlib: Any
try:  # the fastest inflate that is well kept; where it has no wheel, zlib does the same
    from isal import isal_zlib as _zlib
except ImportError:
    _zlib = zlib

ENCODINGS = "gzip, deflate"
"""What is asked for. Of br and zstd, not every decoder can be told where to stop."""

_MEMBERS = 1024  # of one gzip body; real ones have one, or a handful
_UNASKED = frozenset(("br", "zstd", "compress", "dcb", "dcz"))


class NotInflated(ValueError):
    """The body is not what its Content-Encoding says, or in a coding that nobody asked for."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, most: int, /) -> bytes: ...


class Inflater:
    """Inflates the blocks of one body, one after the other.

    >>> inflater = inflater_for("gzip")
    >>> inflater.feed(zlib.compress(b"hello", wbits=31), 4), inflater.ended
    (b'hell', False)
    """

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._members = 0
        self._stream: _Decompressor | None = None

    @property
    def ended(self) -> bool:
        """Whether what was fed is whole."""
        return self._stream is None or self._stream.eof

    def feed(self, data: bytes, room: int) -> bytes:
        """What `data` holds, at most `room` bytes; once that is used up, feed no more.

        Raises
        ------
        NotInflated
        """
        parts: list[bytes] = []
        while data and room > 0:
            stream = self._stream
            if stream is None or stream.eof:
                if self._members and data[:2] not in (b"\x1f\x8b", b"\x1f"):
                    break  # what follows the last member is ignored, as browsers do
                stream = self._stream = self._member(data)
            try:
                part = stream.decompress(data, room)
            except (zlib.error, _zlib.error):
                raise NotInflated("it is not in the coding that it says") from None
            if not parts and not stream.eof:
                return part
            parts.append(part)
            room -= len(part)
            data = stream.unused_data if stream.eof else b""
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _member(self, data: bytes) -> _Decompressor:
        self._members += 1
        if self._members > _MEMBERS:
            raise NotInflated("it has too many members")
        if self._gzip:
            bits = 16 + zlib.MAX_WBITS
        else:
            # "deflate" is zlib's format (RFC 9110 §8.4.1.2), and from some servers the bare one.
            bits = zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS
        stream: _Decompressor = _zlib.decompressobj(wbits=bits)
        return stream


def inflater_for(encoding: str) -> Inflater | None:
    """What undoes a ``Content-Encoding``; None when there is nothing to undo.

    Raises
    ------
    NotInflated
        It is a coding that was not asked for.
    """
    coding = encoding.strip().lower()
    if coding in ("gzip", "x-gzip"):
        return Inflater(gzip=True)
    if coding == "deflate":
        return Inflater(gzip=False)
    if coding in _UNASKED or "," in coding:
        raise NotInflated("it is in a coding that was not asked for")
    return None  # identity, or a word that is none: some servers send a charset
