"""Strings that scripts put together: a reader of JavaScript's string expressions, and of JSON.

Nothing is run. Of a script only sums of strings are read, with the handful of functions that
cloaks are made of; a variable is known when such a sum was assigned to it before.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from mailharvest.extract.ciphers import rot13, unbase64

_MAX_VALUE = 2000  # characters of one string; doubling a string forty times is cheap to write
_MAX_DEPTH = 12

_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.S
)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " ", "v": " ", "\n": ""}

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.{0,2000}?\*/|\\.)
    |(?P<string>"(?:[^"\\\n]|\\.){0,2000}+"|'(?:[^'\\\n]|\\.){0,2000}+'|`(?:[^`\\$]|\\.){0,2000}+`)
    |(?P<codes>(?:String\.)?fromCharCode\s*\(\s*(?P<numbers>[\d\sxXa-fA-F,]{1,2000})\))
    |(?P<decode>(?:window\.|self\.)?(?P<function>atob|unescape|decodeURIComponent|decodeURI)\s*\()
    |(?P<reverse>\.split\(\s*(?:""|'')\s*\)\s*\.reverse\(\)\s*\.join\(\s*(?:""|'')\s*\))
    |(?P<join>\.join\(\s*(?P<glue>"[^"\\\n]*"|'[^'\\\n]*')\s*\))
    |(?P<replace>\.replace\(\s*/\[a-zA-Z\]/g\s*,)
    |(?P<name>[A-Za-z_$][\w$.]*)
    |(?P<op>\+=|\+\+|==+|=>|[+=()\[\],])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_DECODERS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "atob": ("base64", unbase64),
    "unescape": ("unescape", unquote),
    "decodeURIComponent": ("unescape", unquote),
    "decodeURI": ("unescape", unquote),
}


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


class _Sum:
    """Tokens of one script, and the strings that variables are known to hold."""

    def __init__(self, script: str) -> None:
        self.tokens = [match for match in _TOKEN.finditer(script) if match.lastgroup != "blank"]
        self.known: dict[str, str] = {}

    def kind(self, at: int) -> str:
        """The kind of token `at`; an operator is its own kind."""
        if at >= len(self.tokens):
            return "end"
        token = self.tokens[at]
        group = token.lastgroup or "other"
        return token[0] if group == "op" else group

    def term(self, at: int, depth: int) -> tuple[str | None, set[str], int]:
        """Value, methods and end of the term that begins at token `at`; None is unknown."""
        kind = self.kind(at)
        token = self.tokens[at] if at < len(self.tokens) else None
        value: str | None = None
        methods: set[str] = set()
        if token is None:
            return None, methods, at
        if kind == "string":
            value, at = unescape(token[0][1:-1])[:_MAX_VALUE], at + 1
        elif kind == "codes":
            value, at = _from_codes(token["numbers"]), at + 1
            methods.add("charcode")
        elif kind == "decode" and depth < _MAX_DEPTH:
            inner, methods, at = self.sum(at + 1, depth + 1)
            if self.kind(at) == ")":
                at += 1
            method, decoder = _DECODERS[token["function"]]
            value = decoder(inner) if inner is not None else None
            methods.add(method)
        elif kind in "([" and depth < _MAX_DEPTH:
            return self.postfix(*self._list(at, depth))
        elif kind == "name":
            value, at = self.known.get(token[0]), at + 1
        else:
            at += 1
        return self.postfix([] if value is None else [value], methods, at)

    def _list(self, at: int, depth: int) -> tuple[list[str], set[str], int]:
        """The values in brackets, the methods used, and the end."""
        close = ")" if self.kind(at) == "(" else "]"
        values: list[str] = []
        methods: set[str] = set()
        at += 1
        while self.kind(at) not in (close, "end"):
            value, used, after = self.sum(at, depth + 1)
            if value is None:
                return [], set(), max(after, at + 1)
            values.append(value)
            methods |= used
            at = after + 1 if self.kind(after) == "," else after
            if self.kind(after) not in (",", close):
                return [], set(), after
        return values, methods, at + 1

    def postfix(
        self, values: list[str], methods: set[str], at: int
    ) -> tuple[str | None, set[str], int]:
        """What ``.reverse()``, ``.join()`` and the ROT13 idiom behind a term make of it."""
        value = values[0] if len(values) == 1 else None
        while True:
            kind = self.kind(at)
            if kind == "reverse":
                value = value[::-1] if value is not None else None
                methods = methods | {"reversed"}
            elif kind == "join":
                if values:
                    value = self.tokens[at]["glue"][1:-1].join(values)[:_MAX_VALUE]
                    methods = methods | {"concatenation"}
            elif kind == "replace":
                value = rot13(value) if value is not None else None
                methods = methods | {"rot13"}
            else:
                return value, methods, at
            values = [] if value is None else [value]
            at += 1

    def sum(self, at: int, depth: int = 0) -> tuple[str | None, set[str], int]:
        """Value, methods and end of the sum that begins at token `at`."""
        value, methods, at = self.term(at, depth)
        while self.kind(at) == "+":
            more, used, at = self.term(at + 1, depth)
            methods = methods | used | {"concatenation"}
            value = (value + more)[:_MAX_VALUE] if value is not None and more is not None else None
        return value, methods, at


def _from_codes(numbers: str) -> str | None:
    try:
        codes = [int(number.strip(), 0) for number in numbers.split(",") if number.strip()]
        return "".join(map(chr, codes))
    except (ValueError, OverflowError):
        return None


_RANK = ("rot13", "reversed", "base64", "charcode", "unescape", "concatenation")


def script_texts(script: str) -> Iterator[tuple[str, str]]:
    """The strings that a script computes, each with the method that hid it.

    >>> dict(script_texts("var a='info',b='example.com'; document.write(a + '@' + b)"))
    {'info@example.com': 'concatenation'}
    >>> dict(script_texts("x = String.fromCharCode(104,105,64) + ['example','com'].join('.')"))
    {'hi@example.com': 'charcode'}
    >>> dict(script_texts("x = 'moc.elpmaxe@ih'.split('').reverse().join('')"))
    {'hi@example.com': 'reversed'}
    """
    reader = _Sum(script)
    at, target, adding = 0, "", False
    while at < len(reader.tokens):
        kind = reader.kind(at)
        if kind == "name" and reader.kind(at + 1) in ("=", "+="):
            target, adding = reader.tokens[at][0], reader.kind(at + 1) == "+="
            at += 2
            continue
        if kind not in ("string", "codes", "decode", "name", "(", "["):
            at, target = at + 1, ""
            continue
        value, methods, after = reader.sum(at)
        if kind in "([" and value is None:
            after = at + 1  # a call or a block: read what is inside
        if target and value is not None:
            if adding:
                old = reader.known.get(target)
                value = old + value if old is not None else value
                methods = methods | {"concatenation"}
            reader.known[target] = value[:_MAX_VALUE]
        elif target:
            reader.known.pop(target, None)
        if value and methods and "@" in (text := html.unescape(value)):
            yield text, next(method for method in _RANK if method in methods)
        at, target = max(after, at + 1), ""
