"""Pages within XML: the HTML that feeds carry, escaped or in CDATA."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice

from mailharvest.extract.mails import Part

_HEAD = 2048
_CARRIES = re.compile(rb"<(?:rss|feed|rdf:RDF|kml)[\s>]", re.IGNORECASE)
_TAG = rb"&lt;/?[A-Za-z][A-Za-z0-9]{0,15}(?:[\s/]|&gt;)"
_ESCAPED = re.compile(rb"(?<=>)(?:[^<>&]++|(?!%b)&)*+%b[^<>]*+" % (_TAG, _TAG))
_OPEN, _CLOSE = b"<![CDATA[", b"]]>"
_MAX_PIECES = 2000


def opened(data: bytes) -> tuple[bytes, list[Part]]:
    """A feed without the HTML that it carries, and that, piece by piece.

    >>> rss = b"<rss><link>x</link><p>&lt;b&gt;a&lt;/b&gt;&amp;#64;</p><p><![CDATA[<i>b</i>]]></p>"
    >>> feed, parts = opened(rss)
    >>> feed, [part.data for part in parts]
    (b'<rss><link>x</link><p></p><p></p>', [b'<b>a</b>&#64;', b'<i>b</i>'])
    """
    if not _CARRIES.search(data[:_HEAD]):
        return data, []
    parts: list[Part] = []
    kept: list[bytes] = []
    done = 0
    for start, end, source in islice(_pieces(data), _MAX_PIECES):
        kept.append(data[done:start])
        parts.append(Part("text/html; charset=utf-8", source))
        done = end
    return (b"".join((*kept, data[done:])), parts) if parts else (data, parts)


def _pieces(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where HTML begins and ends in a feed, and what it is."""
    done = 0
    while done < len(data):
        start = data.find(_OPEN, done)
        start = start if start >= 0 else len(data)
        for text in _ESCAPED.finditer(data, done, start):
            source = text[0].decode("utf-8", "surrogateescape")
            yield *text.span(), html.unescape(source).encode("utf-8", "surrogateescape")
        end = data.find(_CLOSE, start)
        end = end if end >= 0 else len(data)
        done = end + len(_CLOSE)
        if start < end:
            yield start, min(done, len(data)), data[start + len(_OPEN) : end]
