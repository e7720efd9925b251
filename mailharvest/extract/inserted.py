"""Text that a style sheet puts on a page: ``.mail::after {content: "@" attr(data-domain)}``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailharvest.extract import grammar
from mailharvest.extract.markup import tag_name
from mailharvest.extract.page import Page
from mailharvest.extract.regions import element_end
from mailharvest.extract.render import left_of

_SIGN = re.compile(rb"content\s{0,9}:[^;{}]{0,200}(?:@|\\0{0,4}40\b)")
_RULE = re.compile(
    rb"[.#]([A-Za-z_][\w-]{0,60})::?(before|after)\s{0,9}\{[^{}]{0,400}?"
    rb"\bcontent\s{0,9}:\s{0,9}([^;{}]{1,200})",
    re.IGNORECASE,
)
_PIECE = re.compile(r"\"([^\"]*)\"|'([^']*)'|attr\(\s{0,3}([\w-]{1,60})\s{0,3}\)")
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{1,6})\s?")
_MAX_RULES = 20
_MAX_ELEMENTS = 1000
_INSIDE = 400  # bytes of an element
_BESIDE = 160  # characters around it

_Rules = dict[bytes, dict[bytes, str]]
"""What ``content`` says, by class or id, and by "before" and "after"."""


def read_inserted(page: Page) -> None:
    """Read the elements to which a style sheet here adds the sign."""
    if not page.regions.inserts:
        return
    sheets = [css for css in page.regions.sheets if _SIGN.search(css)]
    rules: _Rules = {}
    for rule in (rule for css in sheets for rule in _RULE.finditer(css)):
        if len(rules) < _MAX_RULES:
            content = rule[3].decode("utf-8", "replace")
            rules.setdefault(rule[1], {})[rule[2].lower()] = content
    left = _MAX_ELEMENTS
    for start, tag_end, name in page.regions.elements(rules):
        if left == 0:
            break
        left -= 1
        _read(page, start, tag_end, rules[name])


def _read(page: Page, start: int, tag_end: int, content: dict[bytes, str]) -> None:
    values = page.values(start)
    first, last = (_text(content.get(side, ""), values) for side in (b"before", b"after"))
    if "@" not in first + last:
        return
    end = element_end(page.data, tag_end, tag_name(page.data, start) or "", _INSIDE)
    if end is None:
        return
    before, after = page.around(start, end)
    inside = f"{first}{left_of(page.regions.text(tag_end, end))}{last}"
    text = before[-_BESIDE:]
    low, high = len(text), len(text) + len(inside)
    for sign, match in grammar.addresses_in(text + inside + after[:_BESIDE]):
        if low <= sign < high:
            page.add(match, "concatenation", obfuscated=True, around=(before, after))


def _text(content: str, values: dict[str, str]) -> str:
    """What a value of ``content`` shows for an element with these attributes.

    >>> _text('"\\\\0040" attr(data-host)', {"data-host": "example.com"})
    '@example.com'
    """
    return "".join(_pieces(content, values))


def _pieces(content: str, values: dict[str, str]) -> Iterator[str]:
    for double, single, name in (piece.groups("") for piece in _PIECE.finditer(content)):
        written = double or single
        yield (
            _ESCAPE.sub(_character, written) if written else values.get(name.lower(), "")[:_INSIDE]
        )


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return chr(code) if code < 0xD800 else "\ufffd"
