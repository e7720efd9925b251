"""Strings in scripts and in JSON: what their escapes mean."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.S
)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " ", "v": " ", "\n": ""}


def _unescape_one(match: re.Match[str]) -> str:
    braces, four, two, octal, other = match.groups()
    if braces or four or two:
        code = int(braces or four or two, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    if octal:
        return chr(int(octal, 8))
    return _CONTROL.get(other, other)


def unescape(text: str) -> str:
    r"""What the escapes of JavaScript and JSON in a string mean, also when escaped repeatedly.

    >>> unescape(r"info\u0040example.com\/\x61")
    'info@example.com/a'
    """
    return _ESCAPE.sub(_unescape_one, text) if "\\" in text else text


def json_text(text: str) -> str:
    r"""A piece of JSON (perhaps JSON within a string of JSON) with its escapes resolved.

    >>> json_text(r'\"email\":\"info\\u0040example.com\",\u003cb\u003ex')
    '"email":"info@example.com",<b>x'
    """
    for _ in range(3):
        if "\\" not in text:
            break
        text = unescape(text)
    return text
