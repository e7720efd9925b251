"""What the statements of a script make of its strings, one after the other; nothing is run.

Conditions and loops are not understood: every statement is read once. A variable is known when a
sum that can be read was assigned to it before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType

from mailharvest.extract.script_sums import Calls, Known, Sum, joined, shown_value
from mailharvest.extract.script_tokens import tokens_of
from mailharvest.extract.tables import words

_WRITES = words("document.write document.writeln")
_BEGINS = words("string codes decode name array ( [")
_ASSIGNED = _BEGINS | {"number"}
_GOES_ON = words("+ reverse filler split join concat rotate swap")  # behind a value
_RANK = ("rot13", "reversed", "base64", "charcode", "unescape", "concatenation")
_MOST = 100_000  # what the texts of one piece of a script may cost
_LOOK = 20  # characters that can be read while a sign is looked at
Text = tuple[str, str]
"""A text with a sign, and the method that hid it."""
_Read = Generator[Text, None, int]  # texts, and the token behind what was read


class Steps:
    """The statements among the tokens of a reader of sums.

    Parameters
    ----------
    branches : bool
        What a variable holds is not known when it is given another string: there are statements of
        which only one would be run.

    Attributes
    ----------
    returned : tuple
        Value and methods of what stands behind ``return``: of the last one, or one with a sign.
    """

    def __init__(self, reader: Sum, *, branches: bool = False) -> None:
        self.reader = reader
        self._branches = branches
        self._given: dict[str, str] = {}
        self.returned: Known = (None, set())
        self._written: list[str] = []

    def texts(self) -> Iterator[Text]:
        """The strings with a sign that the statements make."""
        left = _MOST
        for text, method in self._texts():
            left -= cost(text)
            if left < 0:
                break
            yield text, method

    def _texts(self) -> Iterator[Text]:
        reader, at = self.reader, 0
        kinds, end = reader.kinds, len(reader.kinds)
        while at < end:
            kind = kinds[at]
            if kind not in _BEGINS:
                at += 1
                continue
            following = kinds[at + 1] if at + 1 < end else "end"
            if kind == "name":
                if following in ("=", "+="):
                    at = yield from self._assign(reader.tokens[at][0], at + 2, following == "+=")
                elif reader.tokens[at][0] == "return":
                    at = yield from self._return(at + 1)
                elif following == "(":
                    at = yield from self._call(at)
                elif following in ("index", "[") and (place := reader.place(at)):
                    at = yield from self._element(at, *place)
                elif following in _GOES_ON:
                    at = yield from self._sum(at)
                else:
                    at += 1
            elif kind == "[" and (after := reader.unpack(at)) > at:
                at = after
            elif kind == "string" and following not in _GOES_ON and _is_plain(reader.tokens[at][0]):
                at += 1
            else:
                at = yield from self._sum(at)
        if len(self._written) > 1 and "@" in (text := shown_value("".join(self._written))):
            yield text, "concatenation"

    def _value(self, at: int) -> tuple[str | None, set[str], int]:
        value, methods, after = self.reader.sum(at)
        if value is None and self.reader.kind(at) in "([":
            after = at + 1  # a call or a block: read what is inside
        return value, methods, max(after, at + 1)

    def _sum(self, at: int) -> _Read:
        value, methods, after = self._value(at)
        yield from hidden(value, methods)
        return after

    def _holds(self, at: int) -> bool:
        """Whether token `at` begins a value, and not another assignment."""
        following = self.reader.kind(at + 1)
        return self.reader.kind(at) in _ASSIGNED and following not in ("=", "+=")

    def _assign(self, name: str, at: int, adding: bool) -> _Read:
        """Read ``name = value``, whose value begins at token `at`."""
        reader, kind = self.reader, self.reader.kind(at)
        if kind == "{":
            return reader.members(name, at)
        if not self._holds(at):
            return at
        if kind in ("[", "array"):
            reader.lists[name] = list(reader.items(at + (kind == "array"), 0)[0])
        value, methods, after = self._value(at)
        if reader.kind(after - 1) == "split":
            reader.lists[name] = list(reader.parts)
        if adding:
            old = reader.known.get(name)
            value = value if old is None else joined(old, value)
            methods = methods | {"concatenation"}
        elif self._branches and value is not None:
            old = self._given.get(name)
            self._given[name] = value
            value = None if old and old not in value else value
        reader.learn(name, value)
        yield from hidden(value, methods)
        return after

    def _element(self, at: int, name: str, index: str, after: int) -> _Read:
        """Read ``name[index] = value``, or else the sum that begins at token `at`."""
        reader = self.reader
        if reader.kind(after) != "=" or not self._holds(after + 1):
            return (yield from self._sum(at))
        value, methods, after = self._value(after + 1)
        reader.put(name, index, value)
        yield from hidden(value, methods)
        return after

    def _return(self, at: int) -> _Read:
        """Read what stands behind ``return``, which begins at token `at`."""
        if not self._holds(at):
            return at
        value, methods, after = self._value(at)
        if value is not None and ("@" in value or "@" not in (self.returned[0] or "")):
            self.returned = value, methods
        yield from hidden(value, methods)
        return after

    def _call(self, at: int) -> _Read:
        """Read a call; what is written, or put into a list, is noted."""
        reader, name = self.reader, self.reader.tokens[at][0]
        if name in _WRITES:
            value, _, after = reader.sum(at + 2)
            self._written.append(value or "\n")
            while reader.kind(after) == ",":
                value, _, after = reader.sum(after + 1)
                self._written.append(value or "\n")
            return at + 2
        if name.endswith(".push") and (call := reader.arguments(at + 1, 0)):
            several = name.removesuffix(".push")
            for value in call[0]:
                reader.put(several, str(len(reader.lists.get(several, []))), value)
            return at + 2
        if reader.calls is None or not reader.calls.takes(name.rpartition(".")[2]):
            return at + 1
        return (yield from self._sum(at))


def _is_plain(literal: str) -> bool:
    """Whether nothing is hidden in a string that stands alone."""
    return literal[0] != "`" and "\\" not in literal


def cost(text: str) -> int:
    """What it costs to look for addresses in a text, in characters that are merely read."""
    return len(text) + _LOOK * text.count("@")


def hidden(value: str | None, methods: set[str]) -> Iterator[Text]:
    """A value as text, when it has a sign and something hid it; else nothing."""
    if value and methods and "@" in (text := shown_value(value)):
        yield text, next(method for method in _RANK if method in methods)


def script_texts(
    script: str, known: Mapping[str, str] = MappingProxyType({}), calls: Calls | None = None
) -> Iterator[Text]:
    """The strings that a script computes, each with the method that hid it.

    Parameters
    ----------
    known : mapping
        Strings that variables hold when it begins.
    calls : Calls, optional
        Functions that it may call.

    >>> dict(script_texts("var a='info',b='example.com'; document.write(a + '@' + b)"))
    {'info@example.com': 'concatenation'}
    >>> dict(script_texts("x = String.fromCharCode(104,105,64) + ['example','com'].join('.')"))
    {'hi@example.com': 'charcode'}
    >>> dict(script_texts("x = 'moc.elpmaxe@ih'.split('').reverse().join('')"))
    {'hi@example.com': 'reversed'}
    >>> dict(script_texts("const u = {at: 'example.com'}; x = `hi@${u.at}`"))
    {'hi@example.com': 'concatenation'}
    >>> dict(script_texts("x[0] = 'hi'; x[1] = 'example.com'; y = x.join('@')"))
    {'hi@example.com': 'concatenation'}
    """
    yield from Steps(Sum(tokens_of(script), known, calls)).texts()
