"""An "@" in text: the quick way first, and rendered surroundings where that does not do."""

from __future__ import annotations

import re

from mailharvest.extract import grammar, words
from mailharvest.extract.grammar import Match
from mailharvest.extract.in_script import read_in_script
from mailharvest.extract.in_tag import read_attribute
from mailharvest.extract.languages import CLOSE
from mailharvest.extract.mailto import unquoted
from mailharvest.extract.page import Page
from mailharvest.extract.quick import CUT, HOST, NO_LOCAL, begins_word, read_numbers, read_quick
from mailharvest.extract.render import left_of, right_of, shown
from mailharvest.extract.scripts import json_text

_NAME_ALONE = re.compile(rb"[^\s=\"'/]+\Z")
_HOST_AHEAD = re.compile(
    rb"[A-Za-z0-9-]{0,63}(?:\.[A-Za-z0-9<&\x80-\xff]|[<%\\\x80-\xff]|&(?!(?:gt|quot|#39|#34);))"
    rb"|[A-Za-z0-9-]{1,63}[({\[]"
)
# "{jane,john}@example.edu", as authors of papers write it.
_SEVERAL = re.compile(r"\{\s?([\w.+-]{1,64}(?:\s?[,;|]\s?[\w.+-]{1,64}){1,20})\s?\}\Z")
_COMMA = re.compile(r"\s?[,;|]\s?")
_SPELLED_EDGE = frozenset((*CLOSE, "-", "_"))
_WINDOW = 256


def read_sign(page: Page, end: int) -> None:
    """Read a "@" that ends at `end`, as such or as an entity or in full width."""
    data = page.data
    start = end - 1
    if data[start] != 64:
        start, end = _sign(data, end)
    if page.script:
        read_in_script(page, start, end)
        return
    before = data[start - 1] if start else 32
    host = HOST.match(data, end)
    if before in NO_LOCAL or (host is None and not _HOST_AHEAD.match(data, end)):
        if host is None and CUT.match(data, end) and (tag := page.tag_at(start)) >= 0:
            read_attribute(page, tag, start)  # of a handler, perhaps
        return
    if not (host and read_quick(page, start, host)):
        if page.tags and before == 62 and begins_word(data, start):
            return  # a handle: nothing stands before it
        if end - start > 1 and (before == 59 or data[end] == 38) and read_numbers(page, start, end):
            return
        tag = page.tag_at(start)
        if tag >= 0:
            _read_in_tag(page, tag, start, end)
        else:
            _read_long(page, start, end)


def _sign(data: bytes, end: int) -> tuple[int, int]:
    """Start and end of a sign that is an entity or three bytes long, or has a digit behind it."""
    start = data.rfind(b"@", end - 4, end)
    if start >= 0:
        return start, start + 1
    start = data.rfind(b"&", max(0, end - 9), end)
    return (start if start >= 0 else end - 3), end + (data[end : end + 1] == b";")


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
        spelled = words.spelled_local(before) if lead.rstrip()[-1:] in _SPELLED_EDGE else None
        if spelled:
            page.add(match._replace(local=spelled), "words", obfuscated=True, around=around)
        elif lead[-7:].lower() == "mailto:":
            page.add(unquoted(match), "mailto", around=around)
        else:
            page.add(match, method, around=around)
        return
    if before.endswith("}") and (several := _SEVERAL.search(before[-_WINDOW:])):
        for local in _COMMA.split(several[1]):
            if one := grammar.address_at(local, after):
                page.add(one, method)
        return
    host = words.spelled_host(after)
    local = (words.spelled_local(before) or grammar.local_at_end(before)) if host else None
    if host and local and not grammar.machine_made(local, host[1]):
        page.add(Match(local, *host, False), "words", obfuscated=True, around=(before, after))
