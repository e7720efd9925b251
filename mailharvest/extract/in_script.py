"""Places in scripts: JSON data that a page shows later, and strings that a script computes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, islice
from types import MappingProxyType

from mailharvest.extract import grammar, words
from mailharvest.extract.ciphers import unbase64
from mailharvest.extract.in_calls import script_and_calls
from mailharvest.extract.mailto import is_mailto, only_recipient, recipients
from mailharvest.extract.page import Page, Script, local_bytes, plain_address
from mailharvest.extract.quick import CUT, HOST, NO_LOCAL
from mailharvest.extract.render import plain, shown
from mailharvest.extract.script_cloaks import cloaked_texts
from mailharvest.extract.script_steps import script_texts
from mailharvest.extract.scripts import json_text

_WINDOW = 160
_REACH = 4000  # bytes of a long script that are read on either side of a trigger
_CELL = 2 * _REACH  # and with it all the triggers in so many
# Where a statement begins: what is cut elsewhere may begin within a string, and be read inside out.
_STATEMENT = re.compile(rb"\n|(?<=[;{}])\s?(?:var|let|const|function|return|if|for)\b")
_STATE = re.compile(
    rb"(?:window|self|globalThis)(?:\.\w+|\[[\"']\w+[\"']\])\s{0,9}=\s{0,9}[\[{]"
    rb"|__next_f|__NUXT__|__reactRouterContext|JSON\.parse\("
)
_OPENING = 300
_BASE64 = re.compile(rb"\sdata-[a-z-]{1,40}=[\"']([A-Za-z0-9+/]{12,400}={0,2})[\"']")
_ATTRIBUTES = (b"dataset", b"getAttribute", b".data(", b".attr(")  # ways to one
_MOST = 500
# Text between tags, as far as it is part of one string: of markup that a script puts on the page.
_WRITTEN = re.compile(rb"[A-Za-z0-9.-]{1,255}(?:[^\w<>\"'`\\{}=][^<>\"'`\\\n{}]{0,120})?[<'\"\\]")
_BEHIND_TAG = re.compile(rb"</?[A-Za-z][^<>]{0,300}>[^<>\"'`\\\n{}=]{0,120}\Z")
_BEGINS = frozenset(b"> \t:;,(|\xa0")  # of a word in text
_SHOWN = re.compile(r"(?:[\"']children[\"']:\s?\[?[\"']|</?[A-Za-z][^<>]{0,80}>)[^\"'<>]{0,120}\Z")
_QUOTE = re.compile(rb"[\"'`]")
_STRING = 600
_LEAD = 160  # from a tag, or from what a string is called, to an address in it
MAIL_KEY = re.compile(
    r"""(?:["'{,\s])[\w-]{0,40}mail[\w-]{0,20}["']?\s{0,3}:\s{0,3}["'](?:mailto:)?\Z""",
    re.IGNORECASE,
)


def read_in_script(page: Page, start: int, end: int) -> None:
    """Read a sign in a script.

    In JSON every string counts. In a program only what is data for the page: a quoted key with
    "mail" in it, a ``mailto:`` URL, a whole string of the page's state, text in markup.
    """
    data, script = page.data, page.script
    assert script is not None
    kind = script.kind
    if not kind and (end - start > 1 or CUT.match(data, end)):
        read_computed(page, script, start)  # it may be one string of a sum
    if data[start - 1] in NO_LOCAL:
        return
    local = local_bytes(data, start)
    first = start - len(local)
    if not kind and data[first - 9 : first] == b'push([1,"':
        return  # the rest of what the script before began: Next.js cuts its data anywhere
    written = False
    if kind:
        host = HOST.match(data, end)
        if (
            host
            and not page.context
            and data.startswith(b'"', host.end(1))
            and (data[first - 1] == 34 or data[first - 8 : first] == b'"mailto:')
        ):
            address = plain_address(local, host[1], kind)
            if address:  # the string is the address, nearly always: the answer of below, sooner
                page.keep(address, None)
                return
    elif (
        end - start == 1
        and data[first - 1] not in b"\"'"
        and (data[first - 7 : first].lower() != b"mailto:")
    ):
        # In a program only strings can be data, or markup in one, which it will put on the page.
        written = script.program and data[first - 1] in _BEGINS and _is_shown(page, first, end)
        if not written:
            return
    right = data[end : min(script.end, end + _WINDOW)].decode("utf-8", "replace")
    after = shown(json_text(right))
    left = data[max(script.body, start - _WINDOW) : start].decode("utf-8", "replace")
    before = shown(json_text(left)) if after[:1].isalnum() else ""
    match = grammar.address_at(before, after)
    if not match:
        return
    lead = before[: len(before) - len(match.local)]
    tail = after[len(match.host) :]
    quoted = lead[-1:] in ("'", '"') and tail[:1] == lead[-1:]
    if kind:
        page.add(match, kind, around=(lead, tail))
    elif lead[-7:].lower() == "mailto:":
        page.add(match, "mailto", around=(lead, tail))
    elif (
        written
        or MAIL_KEY.search(lead)
        or (quoted and _STATE.search(data, script.body, script.body + _OPENING))
        or (quoted and data[first - 2 : first] == b'\\"' and data[first - 3] not in b"= ")
    ):  # the last: a string of JSON that is a string itself
        page.add(match, "json", around=(lead, tail))


def _is_shown(page: Page, first: int, end: int) -> bool:
    """Whether a program shows an address: in markup in a string, or text of the page's state."""
    data, body = page.data, page.script.body if page.script else 0
    left = data[max(body, first - _LEAD) : first]
    if b">" in left and _WRITTEN.match(data, end):
        low = max(body, first - _STRING)
        tag = data.rfind(b"<", low, first)
        if tag >= 0 and _BEHIND_TAG.match(data, tag, first) and _QUOTE.search(data, low, tag):
            return True
    if b"children" in left or b"u003" in left:
        text = json_text(left.decode("utf-8", "replace"))
        return bool(_SHOWN.search(text) and _STATE.search(data, body, body + _OPENING))
    return False


def read_computed(page: Page, script: Script, place: int) -> None:
    """Read the strings that the script around `place` computes, once."""
    low, high = script.body, script.end
    if script.kind:
        return
    if high - low > _CELL:
        cell = low + (place - low) // _CELL * _CELL
        low, high = max(low, cell - _REACH), min(high, cell + _CELL + _REACH)
    if low > page.computed:
        page.computed = low
        begin = _STATEMENT.search(page.data, low, low + _REACH) if low > script.body else None
        code = page.data[begin.start() if begin else low : high]
        source = code.decode("utf-8", "replace")
        for text, method, origin in script_and_calls(page, source):
            _keep(page, text, method, origin)
        for text, method in cloaked_texts(source):
            _keep(page, text, method, source)
        wanted = b"atob(" in code and any(way in code for way in _ATTRIBUTES)
        if wanted and not page.decoded:
            page.decoded = True
            _decode_data(page)


def _decode_data(page: Page) -> None:
    """Keep what stands in Base64 in the page's ``data-`` attributes, where it is an address."""
    for found in islice(_BASE64.finditer(page.data), _MOST):
        text = unbase64(found[1].decode("ascii"))
        address = only_recipient(text, "base64", obfuscated=True) if text else None
        if address:
            page.keep(address, None)


def compute(page: Page, code: str, known: Mapping[str, str] = MappingProxyType({})) -> None:
    """Keep the addresses in the strings that `code` computes; see `script_texts`."""
    for text, method in chain(script_texts(code, known, page.functions), cloaked_texts(code)):
        _keep(page, text, method, code)


def _keep(page: Page, text: str, method: str, code: str) -> None:
    """Keep the addresses in a text that `code` makes, but those that stand there as they are."""
    if method == "concatenation" and "addy" in code:
        method = "joomla"
    views = {plain(text), shown(text)}
    found = [match for view in views for _, match in grammar.addresses_in(view)]
    if is_mailto(text):
        found += recipients(text)
    for match in found:
        if f"{match.local}@{match.host}" not in code:
            page.add(match, method, obfuscated=True)
    for _, match in words.bracketed(text):
        page.add(match, method, obfuscated=True)
