"""Strings that scripts put together: a reader of JavaScript's string expressions, and of JSON.

Nothing is run. Of a script only sums of strings are read, with the handful of functions that
cloaks are made of; a variable is known when such a sum was assigned to it before.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from mailharvest.extract.ciphers import rot13, unbase64
from mailharvest.extract.tables import words

_MAX_VALUE = 2000  # characters of one string; doubling a string forty times is cheap to write
_MAX_DEPTH = 12

_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.S
)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " ", "v": " ", "\n": ""}

_QUOTED = r""""[^"\\\n]*"|'[^'\\\n]*'"""
_TOKEN = re.compile(
    rf"""(?P<blank>\s+|//[^\n]*|/\*.{{0,2000}}?\*/|\\.)
    |(?P<string>"(?:[^"\\\n]|\\.){{0,2000}}+"|'(?:[^'\\\n]|\\.){{0,2000}}+'
        |`(?:[^`\\]|\\.){{0,2000}}+`)
    |(?P<codes>(?:String\.)?fromCharCode\s*\(\s*(?P<numbers>[\d\sxXa-fA-F,]{{1,2000}})\))
    |(?P<decode>(?:window\.|self\.)?(?P<function>atob|unescape|decodeURIComponent|decodeURI)\s*\()
    |(?P<reverse>\.split\(\s*(?:""|'')\s*\)\s*\.reverse\(\)\s*\.join\(\s*(?:""|'')\s*\))
    |(?P<filler>\.split\(\s*(?P<fill>{_QUOTED})\s*\)\s*\.join\(\s*(?P<instead>{_QUOTED})\s*\))
    |(?P<join>\.join\(\s*(?:(?P<glue>{_QUOTED})|String\.fromCharCode\(\s*(?P<code>\d{{2,3}})\s*\))\s*\))
    |(?P<concat>\.concat(?=\())
    |(?P<array>new\s+Array(?=\())
    |(?P<index>\[\s*(?P<place>\d{{1,3}})\s*\])
    |(?P<rotate>\.replace\(\s*/\[a-z(?:A-Z)?\]/gi?\s*,)
    |(?P<swap>\.replace\(\s*(?:(?P<old>{_QUOTED})|/(?P<pattern>(?:[^/\\\n]|\\.){{1,40}})/g?i?)
        \s*,\s*(?P<new>{_QUOTED})\s*\))
    |(?P<name>[A-Za-z_$][\w$]*(?:\.(?!(?:split|join|replace|concat)\s*\()[A-Za-z_$][\w$]*)*)
    |(?P<op>\+=|\+\+|==+|=>|[+=()\[\],{{}}:])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_PLACED = re.compile(r"\$\{\s*([\w$.]{1,80})\s*\}")  # in a template literal
_LITERAL = re.compile(r"(?:\\[^\w\s]|[^\\^$.*+?()\[\]{}|])+")  # an expression that is a text
# Nobody escapes letters but to hide.
_NEEDLESS = re.compile(r"(?:\\(?:(?:u00|x)[4-7][0-9a-fA-F]|1[0-7]{2})){2}")
_WRITES = words("document.write document.writeln")
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
    """Tokens of one script, and the strings that variables are known to hold.

    Attributes
    ----------
    known : dict
        Strings by variable; members of objects by their full names.
    lists : dict
        Lists of strings by variable.
    """

    def __init__(self, script: str, known: Mapping[str, str]) -> None:
        self.tokens = [match for match in _TOKEN.finditer(script) if match.lastgroup != "blank"]
        self.known = dict(known)
        self.lists: dict[str, list[str]] = {}

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
            value, at = self._string(token[0]), at + 1
            if token[0][0] == "`":
                methods.add("concatenation")
            elif "\\" in token[0] and _NEEDLESS.search(token[0]):
                methods.add("unescape")
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
        elif kind == "array" and depth < _MAX_DEPTH:
            return self.postfix(*self.items(at + 1, depth))
        elif kind in "([" and depth < _MAX_DEPTH:
            return self.postfix(*self.items(at, depth))
        elif kind == "name" and self.kind(at + 1) == "index":
            several, place = self.lists.get(token[0], []), int(self.tokens[at + 1]["place"])
            value, at = several[place] if place < len(several) else None, at + 2
        elif kind == "name" and self.kind(at + 1) == "join":
            return self.postfix(self.lists.get(token[0], []), methods, at + 1)
        elif kind == "name":
            value, at = self.known.get(token[0]), at + 1
        else:
            at += 1
        return self.postfix([] if value is None else [value], methods, at)

    def _string(self, literal: str) -> str | None:
        """What a literal says; a template says it with the variables in it, if they are known."""
        text = literal[1:-1]
        if literal[0] == "`" and "${" in text:
            parts = _PLACED.split(text)
            values = [self.known.get(name) for name in parts[1::2]]
            if None in values or any("${" in part for part in parts[::2]):
                return None
            parts[1::2] = map(str, values)
            text = "".join(parts)
        return unescape(text)[:_MAX_VALUE]

    def items(self, at: int, depth: int) -> tuple[list[str], set[str], int]:
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

    def members(self, name: str, at: int) -> int:
        """Learn the strings of the object that begins at token `at`; where it was left."""
        at += 1
        while self.kind(at) in ("name", "string") and self.kind(at + 1) == ":":
            member = self.tokens[at][0].strip("\"'")
            value, _, after = self.sum(at + 2)
            if value is not None:
                self.known[f"{name}.{member}"] = value
            at = after + 1
            if self.kind(after) != ",":
                break
        return at

    def unpack(self, at: int) -> int:
        """Learn ``[a, b] = ["x", "y"]``, if that begins at token `at`; where it was left."""
        names = []
        place = at + 1
        while self.kind(place) == "name":
            names.append(self.tokens[place][0])
            place += 2 if self.kind(place + 1) == "," else 1
        if not names or [self.kind(place + n) for n in range(3)] != ["]", "=", "["]:
            return at
        values, _, end = self.items(place + 2, 0)
        self.known |= zip(names, values, strict=False)
        return end

    def postfix(
        self, values: list[str], methods: set[str], at: int
    ) -> tuple[str | None, set[str], int]:
        """What ``.reverse()``, ``.join()``, ``.replace()`` behind a term make of it."""
        value = values[0] if len(values) == 1 else None
        while True:
            kind = self.kind(at)
            if kind == "reverse":
                value = value[::-1] if value is not None else None
                methods = methods | {"reversed"}
            elif kind == "join":
                if values:
                    value = _glue(self.tokens[at]).join(values)[:_MAX_VALUE]
                    methods = methods | {"concatenation"}
            elif kind == "concat":
                more, used, after = self.items(at + 1, 1)
                value = "".join([value, *more])[:_MAX_VALUE] if value is not None else None
                methods, at = methods | used | {"concatenation"}, after - 1
            elif kind == "rotate":
                value = rot13(value) if value is not None else None
                methods = methods | {"rot13"}
            elif kind in ("swap", "filler"):
                value = _swapped(value, self.tokens[at]) if value is not None else None
                methods = methods | {"concatenation"}
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


def _glue(call: re.Match[str]) -> str:
    """What ``.join(…)`` puts between, as far as it can be in a string that we keep."""
    return chr(int(call["code"])) if call["code"] else unescape(call["glue"][1:-1])[:_MAX_VALUE]


def _swapped(text: str, call: re.Match[str]) -> str | None:
    """What ``.replace(old, new)`` makes of `text`; None where `old` is a real expression."""
    fill, old, pattern = call["fill"], call["old"], call["pattern"]
    new = unescape((call["new"] or call["instead"])[1:-1])[:_MAX_VALUE]
    # What more replacements would bring is beyond what is kept, and may be a page of pages.
    most = _MAX_VALUE // len(new) + 1 if new else len(text) + 1
    if fill is not None:
        return text.replace(unescape(fill[1:-1]), new, most)[:_MAX_VALUE]
    if old is not None:
        return text.replace(unescape(old[1:-1]), new, 1)[:_MAX_VALUE]
    if not _LITERAL.fullmatch(pattern):
        return None
    literal = re.compile(pattern, re.IGNORECASE)
    return literal.sub(lambda _: new, text, count=most)[:_MAX_VALUE]


def _from_codes(numbers: str) -> str | None:
    try:
        codes = [int(number.strip(), 0) for number in numbers.split(",") if number.strip()]
        return "".join(map(chr, codes))
    except (ValueError, OverflowError):
        return None


_RANK = ("rot13", "reversed", "base64", "charcode", "unescape", "concatenation")


def script_texts(
    script: str, known: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, str]]:
    """The strings that a script computes, each with the method that hid it.

    Parameters
    ----------
    known : mapping
        Strings that variables hold when it begins.

    >>> dict(script_texts("var a='info',b='example.com'; document.write(a + '@' + b)"))
    {'info@example.com': 'concatenation'}
    >>> dict(script_texts("x = String.fromCharCode(104,105,64) + ['example','com'].join('.')"))
    {'hi@example.com': 'charcode'}
    >>> dict(script_texts("x = 'moc.elpmaxe@ih'.split('').reverse().join('')"))
    {'hi@example.com': 'reversed'}
    >>> dict(script_texts("const u = {at: 'example.com'}; x = `hi@${u.at}`"))
    {'hi@example.com': 'concatenation'}
    """
    reader = _Sum(script, known)
    at, target, adding = 0, "", False
    written: list[str] = []
    while at < len(reader.tokens):
        kind = reader.kind(at)
        if kind == "name" and reader.kind(at + 1) in ("=", "+="):
            target, adding = reader.tokens[at][0], reader.kind(at + 1) == "+="
            at += 2
            continue
        if kind == "name" and reader.tokens[at][0] in _WRITES and reader.kind(at + 1) == "(":
            value, _, _ = reader.sum(at + 2)
            written.append(value or "\n")
            at, target = at + 2, ""
            continue
        if kind == "{" and target:
            at, target = reader.members(target, at), ""
            continue
        if kind == "[" and (after := reader.unpack(at)) > at:
            at, target = after, ""
            continue
        if kind not in ("string", "codes", "decode", "name", "array", "(", "["):
            at, target = at + 1, ""
            continue
        if target and kind in ("[", "array"):
            reader.lists[target] = reader.items(at + (kind == "array"), 0)[0]
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
    if len(written) > 1 and "@" in (text := html.unescape("".join(written)[:_MAX_VALUE])):
        yield text, "concatenation"
