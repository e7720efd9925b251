"""Functions that undo a cloak letter by letter: known by the shape of their loop, none is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mailharvest.extract.script_steps import Text, hidden
from mailharvest.extract.script_sums import Known

# What is done to each code, in String.fromCharCode(…) or before it.
_BY = r"\s{0,3}\)?\s{0,3}([-+^])\s{0,3}([\w$]{1,40})"
_SHIFT = re.compile(
    rf"charCodeAt\([^()]{{0,40}}\){_BY}"
    rf"|CharCode\(\s{{0,3}}\(?\s{{0,3}}[\w$]{{1,40}}(?:\[[\w$]{{1,40}}\])?{_BY}"
    rf"|parseInt\([^()]{{0,40}}(?:\([^()]{{0,40}}\))?[^()]{{0,20}}\){_BY}"
)
_PAIRS = re.compile(r"\.(?:substr|substring|slice)\([^()]{1,40}\)\s?,\s?16\s?\)")
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)
_BACK = re.compile(
    r"--(?s:.){0,200}(?:\.charAt\(|\[\s?\w{1,20}\s?\]|\.substr(?:ing)?\(|\.slice\()"
    r"|([\w$]{1,40})\s?=\s?[\w$.]{1,40}(?:\.charAt\([^()]{1,20}\)|\[\w{1,20}\])\s?\+\s?\1\b"
)
_MOVES: dict[str, Callable[[int, int], int]] = {
    "-": lambda code, by: code - by,
    "+": lambda code, by: code + by,
    "^": lambda code, by: code ^ by,
}
_LAST = 0x10FFFF
_SMALL = 2000  # characters of a script that does little else


def _letters(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(text)]


def _pairs(text: str) -> list[int]:
    return list(bytes.fromhex(text))


@dataclass(frozen=True, slots=True)
class Moved:
    """A decoder that moves each code of a string: by so many, or by what a variable holds."""

    codes: Callable[[str], list[int]]
    sign: str
    by: str

    def __call__(self, text: str, known: Mapping[str, str]) -> Known:
        """The string that was meant, when the variables hold `known`."""
        try:
            size = int(known.get(self.by, self.by), 0)
            places = [_MOVES[self.sign](code, size) for code in self.codes(text)]
        except ValueError:
            return None, set()
        return "".join(chr(code) for code in places if 0 < code <= _LAST), {"charcode"}


def _turned(text: str, _: Mapping[str, str]) -> Known:
    return text[::-1], {"reversed"}


Decoder = Callable[[str, Mapping[str, str]], Known]


def decoder_of(body: str) -> Decoder | None:
    """What a function with this body makes of a string, when it is a decoder.

    >>> decode = decoder_of("for(i=0;i<s.length;i++)r+=String.fromCharCode(s.charCodeAt(i)-k)")
    >>> decode("ijAb/ef", {"k": "1"})
    ('hi@a.de', {'charcode'})
    >>> decode = decoder_of("for(n of s.split('-')) r += String.fromCharCode(n)")
    >>> decode("104-105-64-97-46-100-101", {})
    ('hi@a.de', {'charcode'})
    >>> decode = decoder_of("for (i = s.length - 1; i >= 0; i--) o += s.charAt(i)")
    >>> decode("ed.a@ih", {})
    ('hi@a.de', {'reversed'})
    >>> decoder_of("return s + '@'") is None
    True
    """
    if "CharCode(" in body:
        if "charCodeAt(" in body:
            codes = _letters
        elif _PAIRS.search(body):
            codes = _pairs
        elif ".split(" in body:
            codes = _numbers
        else:
            return None
        shift = _SHIFT.search(body)
        sign, by = [group for group in shift.groups() if group] if shift else ("+", "0")
        return Moved(codes, sign, by)
    return _turned if "length" in body and _BACK.search(body) else None


def looped_texts(script: str, known: Mapping[str, str]) -> Iterator[Text]:
    """What a loop that is in no function makes of the strings that variables hold.

    >>> list(looped_texts("for(;;) r += String.fromCharCode(s.charCodeAt(i) - 1)", {"s": "iAb/ef"}))
    [('h@a.de', 'charcode')]
    """
    left = len(script)  # each variable has a string of its own there
    if left <= _SMALL and (decoder := decoder_of(script)):
        for value in known.values():
            left -= len(value)
            if left < 0:
                break
            yield from hidden(*decoder(value, known))
