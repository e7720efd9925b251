"""Strings that scripts put together: a reader of JavaScript's string expressions.

Nothing is run. Of a script only sums of strings are read, with the handful of functions that
cloaks are made of; what statements make of them is in `script_steps`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from mailharvest.extract.ciphers import rot13, unbase64
from mailharvest.extract.script_tokens import Token, Tokens, tokens_of
from mailharvest.extract.scripts import unescape

MAX_VALUE = 2000
"""Characters of one string: doubling a string forty times is cheap to write."""
_MAX_DEPTH = 12
_MAX_LIST = 200  # elements that are given one by one
_MAX_ARGUMENTS = 20
_MAX_ARGUMENT = 40  # tokens of one that is not understood

_PLACED = re.compile(r"\$\{([^{}`]{1,200})\}")  # in a template literal
_NAME = re.compile(r"\s*([\w$.]{1,80})\s*\Z")
# What is not known leaves a gap in a string. Next to a gap there may be more of an address.
_GAP = "\0"
_TORN = re.compile(rf"[\w.@+'&%-]{_GAP}|&#?\w{{1,8}};{_GAP}|{_GAP}(?:[\w.@+'%-]|&#)")
_LITERAL = re.compile(r"(?:\\[^\w\s]|[^\\^$.*+?()\[\]{}|])+")  # an expression that is a text
_INDEX = re.compile(r"\d{1,3}\Z", re.ASCII)
# Nobody escapes letters but to hide.
_NEEDLESS = re.compile(r"(?:\\(?:(?:u00|x)[4-7][0-9a-fA-F]|1[0-7]{2})){2}")
_DECODERS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "atob": ("base64", unbase64),
    "unescape": ("unescape", unquote),
    "decodeURIComponent": ("unescape", unquote),
    "decodeURI": ("unescape", unquote),
}

Known = tuple[str | None, set[str]]
"""A value, None when it is not known, and the methods that hid it."""


class Calls(Protocol):
    """Functions of the page's own."""

    def takes(self, name: str) -> bool:
        """Whether a call of `name` can be read."""

    def call(self, name: str, values: Sequence[str | None]) -> Known:
        """What `name` makes of arguments."""


class Sum:
    """Tokens of one script, and the strings that variables are known to hold.

    Attributes
    ----------
    known : dict
        Strings by variable; members of objects by their full names.
    lists : dict
        Lists of strings by variable; None is one that is not known.
    parts : list
        What a string was last split into.
    calls : Calls or None
        The functions that may be called.
    """

    def __init__(
        self, tokens: Tokens, known: Mapping[str, str], calls: Calls | None = None
    ) -> None:
        self.tokens, self.kinds = tokens
        self.known = dict(known)
        self.lists: dict[str, list[str | None]] = {}
        self.parts: list[str] = []
        self.calls = calls

    def kind(self, at: int) -> str:
        """The kind of token `at`."""
        return self.kinds[at] if at < len(self.kinds) else "end"

    def term(self, at: int, depth: int) -> tuple[str | None, set[str], int]:
        """Value, methods and end of the term that begins at token `at`; None is unknown."""
        kind = self.kind(at)
        token = self.tokens[at] if at < len(self.tokens) else None
        value: str | None = None
        methods: set[str] = set()
        if token is None:
            return None, methods, at
        if kind == "string":
            value, at = self._string(token[0], depth), at + 1
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
        elif kind == "name" and self.kind(at + 1) in ("index", "[") and (place := self.place(at)):
            value, at = self.held(*place[:2]), place[2]
        elif kind == "name" and self.kind(at + 1) == "join":
            every = [item for item in self.lists.get(token[0], []) if item is not None]
            whole = len(every) == len(self.lists.get(token[0], []))
            return self.postfix(every if whole else [], methods, at + 1)
        elif kind == "name" and self.kind(at + 1) == "(" and self.calls and depth < _MAX_DEPTH:
            name = token[0].rpartition(".")[2]
            if self.calls.takes(name) and (call := self.arguments(at + 1, depth)):
                value, methods = self.calls.call(name, call[0])
                at = call[1] if value is not None else at + 1
            else:
                value, at = self.known.get(token[0]), at + 1
        elif kind == "number":
            value, at = token[0], at + 1
        elif kind == "name":
            value, at = self.known.get(token[0]), at + 1
        else:
            at += 1
        return self.postfix([] if value is None else [value], methods, at)

    def _string(self, literal: str, depth: int) -> str | None:
        """What a literal says; a template says it with what is placed in it."""
        text = literal[1:-1]
        if literal[0] != "`" or "${" not in text:
            return unescape(text)[:MAX_VALUE]
        parts = _PLACED.split(text)
        if any("${" in part for part in parts[::2]):
            return None
        value: str | None = ""
        for number, part in enumerate(parts):
            value = joined(value, self._placed(part, depth) if number % 2 else unescape(part))
        return value

    def _placed(self, expression: str, depth: int) -> str | None:
        """The value of an expression in a template."""
        if name := _NAME.match(expression):
            return self.known.get(name[1])
        if depth >= _MAX_DEPTH:
            return None
        outer = self.tokens, self.kinds
        self.tokens, self.kinds = tokens_of(expression)
        value, _, end = self.sum(0, depth + 1)
        whole = end == len(self.tokens)
        self.tokens, self.kinds = outer
        return value if whole else None

    def place(self, at: int) -> tuple[str, str, int] | None:
        """List, index and end of the element of a list, or member, that begins at token `at`."""
        name, second = self.tokens[at][0], self.tokens[at + 1]
        if second.lastgroup == "index":
            return name, second["place"], at + 2
        kind = self.kind(at + 2)
        if kind not in ("name", "string") or self.kind(at + 3) != "]":
            return None
        inner = self.tokens[at + 2][0]
        index = inner[1:-1] if kind == "string" else self.known.get(inner)
        return (name, index, at + 4) if index is not None else None

    def held(self, name: str, index: str) -> str | None:
        """What is in the list, or the object, `name` at `index`."""
        several = self.lists.get(name)
        if several is not None and _INDEX.match(index):
            return several[int(index)] if int(index) < len(several) else None
        return self.known.get(f"{name}.{index}")

    def put(self, name: str, index: str, value: str | None) -> None:
        """Learn what is now in the list, or the object, `name` at `index`."""
        if not _INDEX.match(index):
            self.learn(f"{name}.{index}", value)
        elif int(index) < _MAX_LIST:
            several = self.lists.get(name, [])
            more = [None] * (int(index) + 1 - len(several))
            self.lists[name] = several = [*several, *more]  # a new one: callers have the other
            several[int(index)] = value

    def learn(self, name: str, value: str | None) -> None:
        """Learn what a variable holds now."""
        if value is None:
            self.known.pop(name, None)
        else:
            self.known[name] = value[:MAX_VALUE]

    def arguments(self, at: int, depth: int) -> tuple[list[str | None], int] | None:
        """The values of the arguments whose bracket is token `at`, and the end, if there is one."""
        values: list[str | None] = []
        at += 1
        while self.kind(at) != ")":
            value, _, after = self.sum(at, depth + 1)
            if self.kind(after) not in (",", ")"):
                value, after = None, self._behind(max(after, at))
            if self.kind(after) == "end" or len(values) == _MAX_ARGUMENTS:
                return None
            values.append(value)
            at = after + 1 if self.kind(after) == "," else after
        return values, at + 1

    def _behind(self, at: int) -> int:
        """Where the argument ends that is not understood at token `at`; past all when nowhere."""
        depth = 0
        for place in range(at, min(at + _MAX_ARGUMENT, len(self.tokens))):
            kind = self.kind(place)
            if depth == 0 and kind in (",", ")"):
                return place
            depth += (kind in ("(", "[", "{", "decode")) - (kind in (")", "]", "}"))
        return len(self.tokens)

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
                    value = _glue(self.tokens[at]).join(values)[:MAX_VALUE]
                    methods = methods | {"concatenation"}
            elif kind == "split" and value is not None:
                values = _parts(value, self.tokens[at])
                self.parts, at = values, at + 1
                if self.kind(at) == "index":
                    place = int(self.tokens[at]["place"])
                    values, at = values[place : place + 1], at + 1
                value = values[0] if len(values) == 1 else None
                continue
            elif kind == "concat":
                more, used, after = self.items(at + 1, 1)
                value = "".join([value, *more])[:MAX_VALUE] if value is not None else None
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
            value = joined(value, more)
        return value, methods, at


def joined(left: str | None, right: str | None) -> str | None:
    r"""The sum of two strings, with a gap for one that is not known, if it tears no address.

    >>> joined("info@example.com?x=", None), joined("info@", None), joined(None, "example.com")
    ('info@example.com?x=\x00', None, None)
    """
    if left is not None and right is not None and _GAP not in left + right:
        return (left + right)[:MAX_VALUE]
    if left is None and right is None:
        return None
    text = (_GAP if left is None else left) + (_GAP if right is None else right)
    return None if _TORN.search(text) else text[:MAX_VALUE]


def shown_value(value: str) -> str:
    """A string as it is shown: what its entities mean, and a line's end for a gap."""
    return html.unescape(value[:MAX_VALUE].replace(_GAP, "\n"))


def _glue(call: Token) -> str:
    """What ``.join(…)`` puts between, as far as it can be in a string that we keep."""
    return chr(int(call["code"])) if call["code"] else unescape(call["glue"][1:-1])[:MAX_VALUE]


def _parts(text: str, call: Token) -> list[str]:
    """What ``.split(…)`` makes of `text`."""
    by = unescape(call["by"][1:-1])
    return text.split(by, _MAX_LIST) if by else list(text[:_MAX_LIST])


def _swapped(text: str, call: Token) -> str | None:
    """What ``.replace(old, new)`` makes of `text`; None where `old` is a real expression."""
    fill, old, pattern = call["fill"], call["old"], call["pattern"]
    new = unescape((call["new"] or call["instead"])[1:-1])[:MAX_VALUE]
    # What more replacements would bring is beyond what is kept, and may be a page of pages.
    most = MAX_VALUE // len(new) + 1 if new else len(text) + 1
    if fill is not None:
        return text.replace(unescape(fill[1:-1]), new, most)[:MAX_VALUE]
    if old is not None:
        return text.replace(unescape(old[1:-1]), new, 1)[:MAX_VALUE]
    if not _LITERAL.fullmatch(pattern):
        return None
    literal = re.compile(pattern, re.IGNORECASE)
    return literal.sub(lambda _: new, text, count=most)[:MAX_VALUE]


def _from_codes(numbers: str) -> str | None:
    try:
        codes = [int(number.strip(), 0) for number in numbers.split(",") if number.strip()]
        return "".join(map(chr, codes))
    except (ValueError, OverflowError):
        return None
