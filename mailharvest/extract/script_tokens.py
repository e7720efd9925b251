"""The words of JavaScript, as far as strings are made of them: what a script is taken apart to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_QUOTED = r""""[^"\\\n]*"|'[^'\\\n]*'"""
_TOKEN = re.compile(
    rf"""(?P<blank>\s+|//[^\n]*|/\*.{{0,2000}}?\*/|\\.)
    |(?P<op>[()\],{{}}:]|\+[+=]?|=(?:>|=+)?|\[(?!\s*\d{{1,3}}\s*\]))
    |(?P<string>"(?:[^"\\\n]|\\.){{0,2000}}+"|'(?:[^'\\\n]|\\.){{0,2000}}+'
        |`(?:[^`\\]|\\.){{0,2000}}+`)
    |(?P<codes>(?:String\.)?fromCharCode\s*\(\s*(?P<numbers>[\d\sxXa-fA-F,]{{1,2000}})\))
    |(?P<decode>(?:window\.|self\.)?(?P<function>atob|unescape|decodeURIComponent|decodeURI)\s*\()
    |(?P<reverse>\.split\(\s*(?:""|'')\s*\)\s*\.reverse\(\)\s*\.join\(\s*(?:""|'')\s*\))
    |(?P<filler>\.split\(\s*(?P<fill>{_QUOTED})\s*\)\s*\.join\(\s*(?P<instead>{_QUOTED})\s*\))
    |(?P<split>\.split\(\s*(?P<by>{_QUOTED})\s*\))
    |(?P<join>\.join\(\s*(?:(?P<glue>{_QUOTED})|String\.fromCharCode\(\s*(?P<code>\d{{2,3}})\s*\))\s*\))
    |(?P<concat>\.concat(?=\())
    |(?P<array>new\s+Array(?=\())
    |(?P<index>\[\s*(?P<place>\d{{1,3}})\s*\])
    |(?P<rotate>\.replace\(\s*/\[a-z(?:A-Z)?\]/gi?\s*,)
    |(?P<swap>\.replace\(\s*(?:(?P<old>{_QUOTED})|/(?P<pattern>(?:[^/\\\n]|\\.){{1,40}})/g?i?)
        \s*,\s*(?P<new>{_QUOTED})\s*\))
    |(?P<number>\d[\w.]{{0,20}}+)
    |(?P<name>[A-Za-z_$][\w$]*(?:\.(?!(?:split|join|replace|concat)\s*\()[A-Za-z_$][\w$]*)*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

Token = re.Match[str]


class Tokens(NamedTuple):
    """Tokens of a script, without blanks and comments, and the kind of each.

    An operator is its own kind.
    """

    matches: Sequence[Token]
    kinds: Sequence[str]

    def part(self, start: int, end: int) -> Tokens:
        """The tokens between two."""
        return Tokens(self.matches[start:end], self.kinds[start:end])


def tokens_of(script: str) -> Tokens:
    """The tokens of a script."""
    return _tokens(_TOKEN.finditer(script))


def tokens_of_call(source: str) -> Tokens:
    """The tokens of the call that `source` begins with."""
    return _tokens(_first_call(source))


def _tokens(found: Iterable[Token]) -> Tokens:
    pairs = [(match, group) for match in found if (group := match.lastgroup) and group != "blank"]
    kinds = [match[0] if group == "op" else group for match, group in pairs]
    return Tokens([match for match, _ in pairs], kinds)


def _first_call(source: str) -> Iterator[Token]:
    depth = 0
    for match in _TOKEN.finditer(source):
        yield match
        if match.lastgroup in ("op", "decode"):
            depth += match[0].endswith("(") - (match[0] == ")")
            if depth == 0:
                break
