"""An "@" in text: the quick way where nothing can be hidden, the long way everywhere else."""

from __future__ import annotations

import re
from functools import lru_cache

from mailharvest.extract import grammar, words
from mailharvest.extract.confidence import confidence
from mailharvest.extract.grammar import Match
from mailharvest.extract.in_script import read_in_script
from mailharvest.extract.in_tag import read_attribute
from mailharvest.extract.languages import CLOSE
from mailharvest.extract.markup import BREAKS, is_shown, tag_name
from mailharvest.extract.page import Page, local_bytes
from mailharvest.extract.render import left_of, right_of, shown
from mailharvest.extract.scripts import json_text

_BREAK = rb"</?(?:" + b"|".join(sorted(name.encode() for name in BREAKS)) + rb")[\s>/]"
_HOST = re.compile(rb"((?:[A-Za-z0-9-]{1,63}+\.(?=[A-Za-z0-9])){1,8}+[A-Za-z]{2,24}+)")
_CLEAN_END = re.compile(
    rb"(?:</(?:a|b|i|u|em|strong|span|font|code|tt|small)>)*+"
    rb"(?:[\s,;)\]|\"'?]|\.(?:\s|</)|&(?:gt|quot|nbsp|#39|#34);|" + _BREAK + rb"|\Z)",
    re.IGNORECASE,
)
_STOP = re.compile(rb"[\s\"',;:)\]}|=?/]|\.(?:[\s\"'<]|\Z)|\Z")  # no host name goes on after it
_QUERY = re.compile(
    rb"(?:\?(?:(?:subject|body)=[^&\"'@<>]{0,600}+(?:&amp;|&)?){0,3}+)?[\"']", re.IGNORECASE
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
    if data[end - 1] == 64:
        start = end - 1
    else:
        start = data.rfind(b"&", max(0, end - 9), end)
        start = start if start >= 0 else end - 3
    encoded = end - start > 1
    end += encoded and data[end : end + 1] == b";"
    host = _HOST.match(data, end)
    name = _host(host[1]) if host else None
    hopeless: object
    if host is None:
        hopeless = not _HOST_AHEAD.match(data, end)
    else:
        after = host.end()
        hopeless = name is None and _STOP.match(data, after) and not _SPELLED.match(data, after)
    if hopeless or (start and data[start - 1] in _NO_LOCAL):
        if encoded:
            _read_region(page, start, end)  # in a script it may be one string of a sum
        return
    if name and _read_region(page, start, end):
        return
    tag = page.tag_at(start)
    if page.tags:
        if tag < 0 and start and data[start - 1] == 62 and _begins_word(data, start):
            return  # a handle: nothing stands before it
        if host and name and not name.glued and _read_quick(page, tag, start, host):
            return
    if tag >= 0:
        _read_in_tag(page, tag, start, end)
    else:
        _read_long(page, start, end)


@lru_cache(maxsize=16384)
def _host(text: bytes) -> grammar.Host | None:
    return grammar.host_at(text.decode("ascii"))


def _read_quick(page: Page, tag: int, start: int, host: re.Match[bytes]) -> bool:
    """Read a plain address in clean surroundings; False where more must be known."""
    data = page.data
    if not _CLEAN_END.match(data, host.end()):
        return False
    local = local_bytes(data, start)
    first = start - len(local)
    if not local or len(local) > 64 or local[0] in b".+-" or local[-1] == 46 or first == 0:
        return False
    before = data[first - 1]
    read = host.end()
    method = "text"
    if tag >= 0 and before == 58 and data[first - 7 : first].lower() == b"mailto:":
        query = _QUERY.match(data, read)
        if not query:
            return False
        method = "mailto"
        read = query.end()
        label = data.find(b">", read, read + 200) + 1
        if label and data.startswith(data[first : host.end()] + b"</a>", label):
            read = label + host.end() - first  # the label is the address again
    elif tag >= 0:
        attribute = page.attribute(tag, start)
        if not attribute or not is_shown(attribute.name) or attribute.name == "value":
            return False
        if before not in b"\"'" and not _clean_left(data, before, first):
            return False
        method = "meta" if tag_name(data, tag) == "meta" else "attribute"
    elif not _clean_left(data, before, first):
        return False
    found = grammar.clean_address(local.decode("ascii"), host[1].decode("ascii"))
    if found is None:
        return True
    around = page.around(first, host.end()) if page.context else None
    page.keep(*found, method, False, confidence(method, False), around)
    page.done = max(page.done, read)
    return True


def _clean_left(data: bytes, before: int, first: int) -> bool:
    """Whether nothing that stands before `first` can belong to the address, or speak against it."""
    if before == 62:
        return _begins_word(data, first)
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
        name = tag_name(data, start)
        if name is None or name.lstrip("/") in BREAKS:
            return name is not None
        before = data[start - 1 : start]
        if before != b">":
            return start > 0 and before in b" \t\r\n(:,;"
        place = start
    return False


def _read_in_tag(page: Page, tag: int, start: int, end: int) -> None:
    bracketed = page.data[tag + 1 : start]
    if len(bracketed) > 80 or not _NAME_ALONE.match(bracketed):
        region = page.region(start)  # a script may hold what looks like a tag
        if region is None:
            read_attribute(page, tag, start)
        elif region.kind == "script":
            read_in_script(page, region, start, end)
        return
    # "<jane@example.com>", not escaped: no tag that anybody meant.
    after = right_of(page.data[end : end + _WINDOW], tags=False)
    match = grammar.address_at(left_of(bracketed, tags=False), after)
    if match and page.region(start) is None:
        page.add(match, "text")


def _read_long(page: Page, start: int, end: int) -> None:
    """Read a sign whose surroundings have to be rendered first."""
    asked = end - start > 1 or page.near_unseen(start - _WINDOW, end + _WINDOW)
    if asked and _read_region(page, start, end):
        return
    before, after = page.around(start, end)
    if page.kind == "json":
        before, after = shown(json_text(before)), shown(json_text(after))
    match = grammar.address_at(before, after)
    if not asked and page.tags:
        if not match and not words.spelled_host(after):
            return
        if _read_region(page, start, end):
            return
        if page.regions.css_hides:
            before, after = page.around(start, end)  # now that hidden parts are known
            match = grammar.address_at(before, after)
    judge(page, match, before, after, "json" if page.kind == "json" else "text")


def _read_region(page: Page, start: int, end: int) -> bool:
    """Read a sign in a region that is not text; False when it stands in none."""
    region = page.region(start)
    if region and region.kind == "script":
        read_in_script(page, region, start, end)
    return region is not None


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
