"""Functions of a page's own that put addresses together, and what calls of them make.

A function counts when there is a sign in its body, or what makes one: a variable, or a call of
such a function. Its statements are read once a call, with its parameters known.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import islice, zip_longest
from sys import maxsize
from typing import NamedTuple

from mailharvest.extract.script_decoders import Decoder, decoder_of
from mailharvest.extract.script_steps import Steps, Text, cost
from mailharvest.extract.script_sums import Known, Sum
from mailharvest.extract.script_tokens import Tokens
from mailharvest.extract.tables import words

_MOST = 8  # functions of one script that make addresses
_SCRIPTS = 8  # with such functions, on one page
_MANY = 40  # functions of one script that are looked at
_BODY = 2000  # characters
_PARAMETERS = 40  # tokens
_DEPTH = 3  # of calls in bodies
# Characters that may be read for one page, of bodies and of what they make; and as how many more
# it counts to read a call, and its arguments.
_WORK = 300_000
_CALL = 200
_ARGUMENTS = 25
_BRANCHES = words("else case")
# A sign, or what may bring one back from what is given.
_SIGN = re.compile(
    r"@|\\x40|\\u0040|\\100|&#(?:0{0,4}64|x0{0,3}40);|&commat;|%40|CharCode\(\s?(?:64|0x40)"
    r"|\.reverse\(\)\.join|\batob\(|\bunescape\("
)
_OPENERS, _CLOSERS, _ENDS = words("( [ {"), words(") ] }"), words("; ,")
_WORDS = re.compile(r"[\w$]+")
_PIECE = 20
"""Characters of a string that are looked at for a sign: what has one there is a piece to add."""


class Function(NamedTuple):
    """A function: its parameters, the tokens of its body, and its script's variables.

    Attributes
    ----------
    arrow : bool
        Its body is but the value that it gives back.
    sign : bool
        There is one in its body.
    words : frozenset
        The names in its body.
    known, lists : dict
        What the variables of its script hold; the same as in `Sum`, which has all its tokens too.
    """

    name: str
    parameters: tuple[str, ...]
    defaults: Mapping[str, str]
    tokens: Tokens
    body: str
    arrow: bool
    sign: bool
    words: frozenset[str]
    decoder: Decoder | None
    known: dict[str, str]
    lists: dict[str, list[str | None]]


class Functions:
    """The functions of one page, as far as they are known.

    Attributes
    ----------
    source : str
        The bodies of those that make addresses: what stands there as it is was not made.
    """

    def __init__(self) -> None:
        self.source = ""
        self._makers: dict[str, Function] = {}
        self._every: dict[str, Function] = {}
        self._scripts: list[dict[str, str]] = []
        self._made: list[Text] = []
        self._done: dict[tuple[str, tuple[str | None, ...]], Known] = {}
        self._work = _WORK
        self._depth = 0

    def takes(self, name: str) -> bool:
        """Whether a call of `name` can be read; within a body that is so for more of them."""
        if name not in (self._every if self._depth else self._makers):
            return False
        self._work -= _ARGUMENTS
        return self._work > 0

    def learn(self, script: Sum, found: Sequence[Function]) -> list[str]:
        """Note which of the functions `found` in a script make addresses.

        To be called before the script is read and again when it was, and is known what variables
        hold. Gives the names of the new ones that take something to make it of.
        """
        makers = _makers(found, {name for name, v in script.known.items() if "@" in v[:_PIECE]})
        if not makers:
            return []
        if not any(script.known is known for known in self._scripts):
            if len(self._scripts) == _SCRIPTS:
                return []
            self._scripts.append(script.known)
        new = [f.name for f in makers if f.parameters and self._makers.get(f.name) is not f]
        self._every |= {function.name: function for function in found}
        # In what a machine wrote a name of one letter means something else at every place.
        few = found if len(found) <= _MOST else [f for f in makers if len(f.name) > 1]
        self._makers |= {function.name: function for function in few}
        self.source = "\n".join(function.body for function in self._makers.values())
        self._done.clear()
        return new

    def call(self, name: str, values: Sequence[str | None]) -> Known:
        """What the function `name` gives back for arguments; what else it makes is noted."""
        function = self._every[name]
        key = name, tuple(values)
        if self._depth >= _DEPTH or (values and not any(values)):
            return None, set()
        if key not in self._done:
            self._work -= len(function.body) + _CALL
            self._done[key] = self._called(function, values)
        return self._done[key]

    def _called(self, function: Function, values: Sequence[str | None]) -> Known:
        known = {**function.known, **function.defaults}
        given = values[: len(function.parameters)]
        for parameter, value in zip_longest(function.parameters, given):
            if value is not None:
                known[parameter] = value
            elif parameter not in function.defaults:
                known.pop(parameter, None)
        if function.decoder:
            texts = [value for value in values if value is not None]
            return function.decoder(max(texts, key=len), known) if texts else (None, set())
        reader = Sum(function.tokens, known, self)
        reader.lists = {**function.lists, "arguments": list(values)}
        steps = Steps(reader, branches=not _BRANCHES.isdisjoint(function.words))
        self._depth += 1
        returned = reader.sum(0)[:2] if function.arrow else None
        made = dict.fromkeys(steps.texts())
        self._depth -= 1
        self._work -= sum(cost(text) for text, _ in made)
        self._made += made
        return returned or steps.returned

    def taken(self) -> list[Text]:
        """What the bodies of functions have made since it was last asked."""
        made, self._made = self._made, []
        return made


def _makers(found: Sequence[Function], signs: set[str]) -> list[Function]:
    """Those with a sign in them; `signs` are the variables that hold one."""
    makers: list[Function] = []
    rest = found
    for _ in range(_DEPTH):
        names = signs.union(function.name for function in makers)
        new = [f for f in rest if f.decoder or f.sign or not names.isdisjoint(f.words)]
        makers += new
        rest = [f for f in rest if f not in new]
    return makers[:_MOST]


def functions_in(script: Sum) -> list[Function]:
    """The functions that a script defines by name; of very many those with a sign nearby."""
    tokens = script.tokens
    heads = [
        at
        for at, kind in enumerate(script.kinds)
        if kind == "=>" or (kind == "name" and tokens[at][0] == "function")
    ]
    if len(heads) > _MANY:
        signs = [sign.start() for sign in _SIGN.finditer(tokens[0].string)]
        signs.append(maxsize)
        starts = ((at, tokens[at].start()) for at in heads)
        near = (at for at, start in starts if signs[bisect_left(signs, start)] < start + _BODY)
        heads = list(islice(near, _MANY))
    return [function for at in heads if (function := _function_at(script, at))]


def _function_at(script: Sum, at: int) -> Function | None:
    """The function whose ``function`` or arrow is token `at`."""
    tokens, kind = script.tokens, script.kind
    first, name = at, ""
    if kind(at) == "=>":
        opening = at - 1
        if kind(opening) == ")":
            low = max(0, at - _PARAMETERS)
            opening = next((n for n in range(opening, low, -1) if kind(n) == "("), low)
        first, stop, begin = opening, at, at + 1
    else:
        opening = at + 1
        if kind(opening) == "name":
            name, opening = tokens[opening][0], opening + 1
        high = min(opening + _PARAMETERS, len(tokens))
        stop = next((n for n in range(opening, high) if kind(n) == ")"), high)
        begin = stop + 1
        if kind(opening) != "(" or kind(begin) != "{":
            return None
    name = name or _assigned(script, first)
    end = _end(script, begin)
    if not name or end is None:
        return None
    arrow = kind(begin) != "{"
    body = Tokens(tokens, script.kinds).part(begin + (not arrow), end)
    if not body.kinds:
        return None
    source = body.matches[0].string[body.matches[0].start() : body.matches[-1].end()]
    parameters, defaults = _parameters(script, opening, stop)
    return Function(
        name,
        parameters,
        defaults,
        body,
        source,
        arrow,
        bool(_SIGN.search(source)),
        frozenset(_WORDS.findall(source)),
        decoder_of(source),
        script.known,
        script.lists,
    )


def _parameters(script: Sum, at: int, stop: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """The parameters from token `at` on, and what those are that are not given."""
    names: list[str] = []
    defaults: dict[str, str] = {}
    for place in range(at, stop):
        if script.kind(place) == "name":
            names.append(script.tokens[place][0])
        elif script.kind(place) in ("string", "number") and names:
            value = script.term(place, 0)[0]
            defaults |= {} if value is None else {names[-1]: value}
    return tuple(names), defaults


def _assigned(script: Sum, at: int) -> str:
    """The name that gets the function whose first token is `at`; nothing when none does."""
    if script.kind(at - 1) == "name" and script.tokens[at - 1][0] == "async":
        at -= 1
    if at < 2 or script.kind(at - 1) not in ("=", ":") or script.kind(at - 2) != "name":
        return ""
    return script.tokens[at - 2][0].rpartition(".")[2]


def _end(script: Sum, at: int) -> int | None:
    """Where the body ends that begins at token `at`; None when that is too far."""
    tokens, depth = script.tokens, 0
    last = tokens[at].start() + _BODY if at < len(tokens) else 0
    block = script.kind(at) == "{"
    for place in range(at, len(tokens)):
        token = tokens[place][0]
        if tokens[place].start() > last:
            return None
        if token[-1] in _OPENERS:  # of "atob(" too
            depth += 1
        elif token in _CLOSERS:
            depth -= 1
            if depth < 0 or (block and depth == 0):
                return place
        elif depth == 0 and token in _ENDS:
            return place
    return None if block else len(tokens)
