"""An "@" in text: the quick way where nothing can be hidden, the long way everywhere else."""

from __future__ import annotations

import re
from functools import lru_cache

from mailharvest.extract import grammar, words
from mailharvest.extract.grammar import Match
from mailharvest.extract.in_script import read_in_script
from mailharvest.extract.in_tag import read_attribute
from mailharvest.extract.languages import CLOSE
from mailharvest.extract.markup import BREAKS, is_shown, tag_name
from mailharvest.extract.page import Page, local_bytes, plain_address
from mailharvest.extract.render import left_of, right_of, shown
from mailharvest.extract.scripts import json_text

# A host name, and what follows when that may end it: a quote, something else, or a tag.
_HOST = re.compile(
    rb"([A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,8}+)"
    rb"(?:([\"'])|([\s,;)\]|?]|\.(?:\s|</)|&(?:gt|quot|nbsp|#39|#34);|\Z)|(</?[A-Za-z0-9]{1,10}[\s>/]))?"
)
_INLINE_END = re.compile(
    rb"(?i:</(?:a|b|i|u|em|strong|span|font|code|tt|small)>)*+"
    rb"(?:[\s,;)\]|?\"']|\.(?:\s|</)|&(?:gt|quot|nbsp|#39|#34);|(</?[A-Za-z0-9]{1,10}[\s>/])|\Z)"
)
_QUOTE, _TAG = 2, 4  # its groups
_STOP = re.compile(rb"[\s\"',;:)\]}|=?/]|\.(?:[\s\"'<]|\Z)|\Z")  # no host name goes on after it
_QUERY = re.compile(
    rb"\?(?:(?:subject|body)=[^&\"'@<>]{0,600}+(?:&amp;|&)?){0,3}+[\"']", re.IGNORECASE
)  # the end of a mailto: link that writes to nobody else
_SPELLED = re.compile(rb"\s{0,2}(?:[\[({]|(?i:dot)\b|-dot|_dot)")
_NAME_ALONE = re.compile(rb"[^\s=\"'/]+\Z")
_HOST_AHEAD = re.compile(rb"[A-Za-z0-9-]{0,63}(?:\.[A-Za-z0-9]|[<&%\\({\[\x80-\xff])")
_NO_LOCAL = frozenset(b" \t\r\n\f,:!?()[{<=/|\"'`@#*")
_PLAIN_LEFT = frozenset(b" \t\r\n\f(,[|")
_PLAIN_ENTITIES = (b"&lt;", b"&#39;", b"&#34;", b"&quot;", b"&nbsp;")
_COMMANDS = (b"ssh ", b"scp ", b"sftp ", b"rsync ", b"-ID: ", b"-Id: ", b"ences: ", b"n-Reply-To: ")
_MESSAGE = re.compile(rb"(?:-I[dD]|ences|n-Reply-To):\s{0,9}|\sid\s")
_SPELLED_EDGE = frozenset((*CLOSE, "-", "_", " "))
_WINDOW = 256


def read_sign(page: Page, end: int) -> None:
    """Read a "@" that ends at `end`, as such or as an entity or in full width."""
    data = page.data
    start = end - 1
    if data[start] != 64:
        start, end = _encoded(data, end)
    before = data[start - 1] if start else 32
    host = _HOST.match(data, end)
    if before in _NO_LOCAL or (host is None and not _HOST_AHEAD.match(data, end)):
        if page.script and end - start > 1:
            read_in_script(page, start, end, None)  # it may be one string of a sum
    elif page.script:
        if host is None or _host(host[1]):
            read_in_script(page, start, end, host)
    elif host is None or not _read_quick(page, start, host):
        if page.tags and before == 62 and _begins_word(data, start):
            return  # a handle: nothing stands before it
        tag = page.tag_at(start)
        if tag >= 0:
            _read_in_tag(page, tag, start, end)
        else:
            _read_long(page, start, end)


def _encoded(data: bytes, end: int) -> tuple[int, int]:
    """Start and end of a sign that is an entity, or a character of three bytes."""
    start = data.rfind(b"&", max(0, end - 9), end)
    return (start if start >= 0 else end - 3), end + (data[end : end + 1] == b";")


@lru_cache(maxsize=16384)
def _host(text: bytes) -> grammar.Host | None:
    return grammar.host_at(text.decode("ascii"))


def _read_quick(page: Page, start: int, host: re.Match[bytes]) -> bool:
    """Read a plain address in clean surroundings; False where more must be known."""
    data, end = page.data, host.end(1)
    local = local_bytes(data, start)
    first = start - len(local)
    method: str | None = None
    read = end
    if first > 0 and page.tags and _ends(data, host):
        before = data[first - 1]
        if before == 58:
            read = _end_of_link(data, first, host)
            method = "mailto" if read else None
        elif before in b"\"'":
            method = _in_quotes(page, first, host)
        elif before == 62:
            method = "text" if _begins_word(data, first) else None
        elif _clean_left(data, before, first):
            tag = page.tag_at(first)
            method = "text" if tag < 0 else _shown_in(page, tag, first)
    address = plain_address(local, host[1], method) if method else None
    if address:
        page.keep(address, page.around(first, end) if page.context else None)
    elif method != "":
        return _is_hopeless(host, local, bool(method))
    page.done = max(page.done, read)
    return True


def _ends(data: bytes, host: re.Match[bytes]) -> bool:
    """Whether what follows ends the host name for certain."""
    group = host.lastindex
    if group != _TAG:
        return group != 1
    if _breaks(host[_TAG]):
        return True
    inline = _INLINE_END.match(data, host.end(1))
    return inline is not None and (inline.lastindex is None or bool(_breaks(inline[1])))


def _is_hopeless(host: re.Match[bytes], local: bytes, clean: bool) -> bool:
    """Whether no other way of reading could make an address of it."""
    name = _host(host[1])
    if name is None:
        end = host.end(1)
        return bool(_STOP.match(host.string, end)) and not _SPELLED.match(host.string, end)
    return clean and not name.glued and grammar.machine_made(local.decode("ascii"), name.domain)


def _end_of_link(data: bytes, first: int, host: re.Match[bytes]) -> int:
    """Where a ``mailto:`` link is read up to, with its label when that is the address; or 0."""
    if data[first - 7 : first].lower() != b"mailto:" or data[first - 8] not in b"\"' ":
        return 0
    end = host.end(1)
    if host.lastindex == _QUOTE:
        read = end + 1
    else:
        query = _QUERY.match(data, end)
        if not query:
            return 0
        read = query.end()
    label = data.find(b">", read, read + 200) + 1
    if label and data.startswith(data[first:end] + b"</a>", label):
        return label + end - first
    return read


def _in_quotes(page: Page, first: int, host: re.Match[bytes]) -> str | None:
    """The method for an address that begins behind a quote; "" when it is not shown."""
    data = page.data
    tag = page.tag_at(first)
    if tag >= 0:
        return _shown_in(page, tag, first)
    return "text" if host.lastindex == _QUOTE and host[2][0] == data[first - 1] else None


def _shown_in(page: Page, tag: int, place: int) -> str | None:
    """The method for an address in an attribute; "" when it is not shown, None when unsure."""
    attribute = page.attribute(tag, place)
    if attribute is None or attribute.name == "value":
        return None
    if attribute.name == "placeholder":
        return ""
    if is_shown(attribute.name):
        return "meta" if page.data[tag + 1 : tag + 5].lower() == b"meta" else "attribute"
    return None


def _clean_left(data: bytes, before: int, first: int) -> bool:
    """Whether nothing that stands before `first` can belong to the address, or speak against it."""
    if before == 59:
        return data.endswith(_PLAIN_ENTITIES, max(0, first - 6), first) and not _MESSAGE.search(
            data, max(0, first - 40), first
        )
    return before in _PLAIN_LEFT and not data.endswith(_COMMANDS, max(0, first - 12), first)


def _begins_word(data: bytes, place: int) -> bool:
    """Whether the tags that end at `place` part what follows from the text before them."""
    for _ in range(4):
        start = data.rfind(b"<", max(0, place - 400), place)
        if start < 0:
            return False
        breaks = _breaks(data[start : start + 14])
        if breaks is not False:
            return bool(breaks)
        before = data[start - 1 : start]
        if before != b">":
            return start > 0 and before in b" \t\r\n(:,;"
        place = start
    return False


@lru_cache(maxsize=4096)
def _breaks(tag: bytes) -> bool | None:
    """Whether a tag parts what stands on either side of it; None when it is no tag."""
    name = tag_name(tag, 0)
    return None if name is None else name.lstrip("/") in BREAKS


def _read_in_tag(page: Page, tag: int, start: int, end: int) -> None:
    bracketed = page.data[tag + 1 : start]
    if len(bracketed) > 80 or not _NAME_ALONE.match(bracketed):
        read_attribute(page, tag, start)
        return
    # "<jane@example.com>", not escaped: no tag that anybody meant.
    after = right_of(page.data[end : end + _WINDOW], tags=False)
    match = grammar.address_at(left_of(bracketed, tags=False), after)
    if match:
        page.add(match, "text")


def _read_long(page: Page, start: int, end: int) -> None:
    """Read a sign whose surroundings have to be rendered first."""
    before, after = page.around(start, end)
    if page.kind == "json":
        before, after = shown(json_text(before)), shown(json_text(after))
    match = grammar.address_at(before, after)
    judge(page, match, before, after, "json" if page.kind == "json" else "text")


def judge(page: Page, match: Match | None, before: str, after: str, method: str) -> None:
    """Keep the address whose sign stands between two texts: `match`, or one with worded dots."""
    if match:
        lead = before[: len(before) - len(match.local)]
        around = lead, after[len(match.host) :]
        spelled = words.spelled_local(before) if lead[-1:] in _SPELLED_EDGE else None
        if spelled:
            page.add(match._replace(local=spelled), "words", obfuscated=True, around=around)
        else:
            page.add(match, "mailto" if lead[-7:].lower() == "mailto:" else method, around=around)
        return
    host = words.spelled_host(after)
    local = (words.spelled_local(before) or grammar.local_at_end(before)) if host else None
    if host and local and not grammar.machine_made(local, host[1]):
        page.add(Match(local, *host, False), "words", obfuscated=True, around=(before, after))
