"""The way in: from bytes of any kind to the addresses that they show."""

from __future__ import annotations

import re
from functools import cache

from mailharvest.extract import formats
from mailharvest.extract.address import Address
from mailharvest.extract.charset import repaired, to_utf8
from mailharvest.extract.gate import TRIGGERS, Events, Scan, compile_scan
from mailharvest.extract.page import NotUTF8, Page


@cache
def _gate() -> Scan:
    return compile_scan(TRIGGERS)  # compiled when the first page needs it


def extract(
    data: bytes | str,
    *,
    content_type: str | None = None,
    url: str | None = None,
    context: bool = False,
) -> list[Address]:
    """The addresses that a page shows, each once, in the order in which they appear.

    Parameters
    ----------
    data : bytes or str
        A page, a feed, a snippet of text, a vCard, a mail; decoded by what it says it is.
    content_type : str, optional
        As in the HTTP header. Without one, `data` is HTML when it holds a tag, else text.
    url : str, optional
        Where it came from; not read, an address counts wherever it stands.
    context : bool, default False
        Keep some 60 characters on either side of each address.

    Returns
    -------
    list of Address

    Examples
    --------
    >>> [a.email for a in extract(b'<a href="mailto:info@example.com">write</a> logo@2x.png')]
    ['info@example.com']
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    else:
        data = to_utf8(data, content_type)
    events = _gate()(data)
    if not events:
        return []
    kind = formats.kind_of(content_type, data)
    try:
        return _read(data, events, kind, context, trusted=True)
    except NotUTF8:
        data = repaired(data)
        return _read(data, _gate()(data), kind, context, trusted=False)


def _read(data: bytes, events: Events, kind: str, context: bool, trusted: bool) -> list[Address]:
    source = formats.as_source(data, kind)
    if source is not data:
        events = _gate()(source)
    return Page(source, formats.READ_AS.get(kind, kind), events, context, trusted).read()
