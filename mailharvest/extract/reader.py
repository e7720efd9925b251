"""The way in: from bytes of any kind to the addresses that they show."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType

from mailharvest.errors import SpecError
from mailharvest.extract import cloaks, formats
from mailharvest.extract.address import Address
from mailharvest.extract.charset import repaired, to_utf8
from mailharvest.extract.gate import gate
from mailharvest.extract.in_text import read_sign
from mailharvest.extract.in_uri import read_percent
from mailharvest.extract.inserted import read_inserted
from mailharvest.extract.page import NotUTF8, Page
from mailharvest.extract.quick import read_link
from mailharvest.extract.tables import words
from mailharvest.extract.triggers import NUMBER, PLACE, TRIGGERS, Events

_TEXT = (str, NoneType)
_NO_TEXT, _GIVE = "{!r:.60} is no text", "give a str, or None"
Read = Callable[[Page, int], None]


def _later(_page: Page, _end: int) -> None:
    """What a style sheet inserts is read when all else is."""


READERS: dict[str, Read] = {
    "at": read_sign,
    "link": read_link,
    "srcdoc": cloaks.read_document,
    "percent": read_percent,
    "escape": cloaks.read_escape,
    "script": cloaks.read_script,
    "cloudflare": cloaks.read_cloudflare,
    "typo3": cloaks.read_typo3,
    "cryptx": cloaks.read_cryptx,
    "rot13": cloaks.read_rot13,
    "hidden-mail": cloaks.read_hidden_mail,
    "reversed": cloaks.read_reversed,
    "halves": cloaks.read_halves,
    "icon": cloaks.read_icon,
    "image": cloaks.read_image,
    "word": cloaks.read_word,
    "spaced": cloaks.read_spaced,
    "bare": cloaks.read_bare,
    "labelled": cloaks.read_labelled,
    "inserted": _later,
}
IN_SCRIPTS = words("at escape script cloudflare typo3 rot13 word")
_HERE = [READERS[trigger.kind] for trigger in TRIGGERS]
_IN_SCRIPTS = [READERS[t.kind] if t.kind in IN_SCRIPTS else None for t in TRIGGERS]


def extract(
    data: bytes | bytearray | memoryview | str,
    *,
    content_type: str | None = None,
    url: str | None = None,
    context: bool = False,
) -> list[Address]:
    """The addresses that a page shows, each once, in the order in which they appear.

    Parameters
    ----------
    data : bytes-like or str
        A page, a feed, a snippet of text, a vCard, a mail; decoded by what it says it is.
    content_type : str, optional
        As in the HTTP header. Without one, `data` is HTML when it holds a tag, else text.
    url : str, optional
        Where it came from; the ending of its path tells the kind when nothing else does.
    context : bool, default False
        Keep some 60 characters on either side of each address.

    Returns
    -------
    list of Address

    Raises
    ------
    SpecError
        An argument is of another type: None, perhaps, or NaN for a page that is missing.

    Examples
    --------
    >>> [a.email for a in extract(b'<a href="mailto:info@example.com">write</a> logo@2x.png')]
    ['info@example.com']
    """
    if not isinstance(content_type, _TEXT):
        raise SpecError(_NO_TEXT.format(content_type), field="content_type", fix=_GIVE)
    if not isinstance(url, _TEXT):
        raise SpecError(_NO_TEXT.format(url), field="url", fix=_GIVE)
    if not isinstance(data, (bytes, str)):
        data = _bytes(data)
    return list(_found(data, content_type, url, context).values())


def _bytes(data: object) -> bytes:
    try:
        with memoryview(data) as view:  # type: ignore[arg-type]  # or a TypeError
            if view.itemsize == 1:
                return view.tobytes()
    except TypeError:
        pass
    raise SpecError(
        f"a page is bytes or text, not {type(data).__name__}",
        field="data",
        fix="leave out what is missing, give response.content or file.read()",
    )


def _found(
    data: bytes | str,
    content_type: str | None,
    url: str | None,
    context: bool,
    is_part: bool = False,
) -> dict[str, Address]:
    source = (
        data.encode("utf-8", "replace") if isinstance(data, str) else to_utf8(data, content_type)
    )
    events, marks = gate()(source)
    if not events:
        given = content_type or "html"
        if "html" in given or not formats.hides(source, given):  # of a page all is seen
            return {}
    kind = formats.kind_of(content_type, source, url)
    if is_part and kind == "mail":
        kind = "text"  # quoted: what is attached has been taken apart, as deep as it may go
    told, parts = formats.opened(source, kind)
    if told is not source:
        source = told
        events, marks = gate()(source)
    kind = formats.READ_AS.get(kind, kind)
    page = Page(source, kind, marks, context, claimed=True)
    try:
        _read(page, events)
    except NotUTF8:
        source = repaired(source)
        events, marks = gate()(source)
        page = Page(source, kind, marks, context, claimed=False)
        _read(page, events)
    for part in parts:
        for address in _found(part.data, part.content_type, None, context, True).values():
            page.keep(address, None)
    return page.found


def _read(page: Page, events: Events) -> None:
    regions, index = page.regions, 0
    start, stop = regions.starts[0], regions.ends[0]
    for event in events:
        end = event >> PLACE
        if end <= page.done:
            continue
        while stop < end:
            index += 1
            start, stop = regions.starts[index], regions.ends[index]
            page.script = None
        if start >= end:
            _HERE[event & NUMBER](page, end)
        elif not regions.scripts[index]:
            page.done = stop
        elif read := _IN_SCRIPTS[event & NUMBER]:
            if page.script is None:
                page.enter(start, stop)
            read(page, end)
    cloaks.read_turned(page)
    read_inserted(page)
    for document in page.documents:  # each is shorter than the attribute that held it
        for address in _found(document, "text/html", None, page.context).values():
            page.found.setdefault(address.email, address)
