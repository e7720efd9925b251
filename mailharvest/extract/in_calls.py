"""Addresses that a page's own functions make of what they are called with, wherever that stands."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from urllib.parse import unquote

from mailharvest.extract.page import Page
from mailharvest.extract.script_decoders import looped_texts
from mailharvest.extract.script_functions import Functions, functions_in
from mailharvest.extract.script_steps import Steps, Text, hidden
from mailharvest.extract.script_sums import Sum
from mailharvest.extract.script_tokens import tokens_of, tokens_of_call

_SCANS = 4  # of a page
_NAMED = 2000  # places of one name
_CALLS = 300  # of one scan
_CALL = 600  # bytes
_TAG = 1000
_SHORTEST = 2
# One of the arguments is a string.
_OPENING = re.compile(rb"\s?\([^()]{0,200}?(?:[\"'`]|&#0?39;|&#x27;|&apos;|&quot;|%2[27])")
_BEFORE = (
    frozenset(b"$_")
    | frozenset(range(48, 58))
    | frozenset(range(65, 91))
    | frozenset(range(97, 123))
)
_ESCAPED = re.compile(r"\\(['\"])")


def script_and_calls(page: Page, code: str) -> Iterator[tuple[str, str, str]]:
    """Texts that `code` makes, by itself and where the page calls its functions.

    Each with the method that hid it, and the source that it was made of.
    """
    functions = page.functions = page.functions or Functions()
    script = Sum(tokens_of(code), {}, functions)
    found = functions_in(script)
    names = functions.learn(script, found)
    origin = code + functions.source
    for text, method in Steps(script).texts():
        yield text, method, origin
    for text, method in functions.taken():
        yield text, method, origin
    if not any(function.decoder for function in found):
        for text, method in looped_texts(code, script.known):
            yield text, method, code
    names += functions.learn(script, found)
    names = [name for name in names if len(name) >= _SHORTEST]
    if names and page.scans < _SCANS:
        page.scans += 1
        for call in _calls(page, names):
            for text, method in _made(functions, call):
                yield text, method, functions.source + call


def _made(functions: Functions, call: str) -> Iterator[Text]:
    """The texts that a call makes."""
    reader = Sum(tokens_of_call(call), {}, functions)
    value, methods, _ = reader.sum(0)
    yield from functions.taken()
    yield from hidden(value, methods)


def _calls(page: Page, names: Sequence[str]) -> Iterator[str]:
    """Where a script or a tag calls one of these, with a string: from its name on."""
    every = chain.from_iterable(_places(page.data, name.encode()) for name in names)
    return islice(filter(None, (_call_at(page, place) for place in sorted(every))), _CALLS)


def _places(data: bytes, name: bytes) -> Iterator[int]:
    """Where `name` is called with a string."""
    place = data.find(name)
    for _ in range(_NAMED):
        if place < 0:
            break
        if data[place - 1] not in _BEFORE and _OPENING.match(data, place + len(name)):
            yield place
        place = data.find(name, place + len(name))


def _call_at(page: Page, place: int) -> str | None:
    """The source of the call at `place`, as a script's; None when nothing would run it."""
    data, regions = page.data, page.regions
    index = bisect_right(regions.starts, place) - 1
    if index >= 0 and place < regions.ends[index]:
        if not regions.scripts[index] or data.endswith(b"function ", 0, place):
            return None
        source = data[place : min(place + _CALL, regions.ends[index])].decode("utf-8", "replace")
        return _ESCAPED.sub(r"\1", source) if "\\" in source else source
    tag = data.rfind(b"<", max(0, place - _TAG), place)
    if tag < 0 or data.find(b">", tag, place) >= 0:
        return None
    source = html.unescape(data[place : place + _CALL].decode("utf-8", "replace"))
    return unquote(source) if "%2" in source else source
