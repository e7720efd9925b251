"""Cloaks that scripts undo in a way of their own: each known by its shape, none of them run."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

from mailharvest.extract.domains import is_tld
from mailharvest.extract.scripts import unescape

_QUOTED = r"""(?:"([^"\\\n]{1,80})"|'([^'\\\n]{1,80})')"""
_CODES = re.compile(
    r"\[\s{0,3}((?:\d{2,3}\s{0,3},\s{0,3}){5,400}\d{2,3})\s{0,3},?\s{0,3}\]", re.ASCII
)
_TABLE = re.compile(
    r"""\bml\s?=\s?(?:"((?:[^"\\]|\\.){0,400})"|'((?:[^'\\]|\\.){0,400})')\s?,\s?"""
    r"""mi\s?=\s?(?:"((?:[^"\\]|\\.){0,4000})"|'((?:[^'\\]|\\.){0,4000})')"""
)
_FIRST = 48
_OFFSET = re.compile(r"CharCode\(\s?\w{1,20}(?:\[\w{1,20}\])?\s?([-+])\s?(\d{1,2})\s?\)")
_MOVES = 4  # different ones in one script: nobody needs more
_PART = re.compile(
    r"""(?:\[\d{1,3}\]\s?=\s?|[\[,]\s?)(?:'((?:[^'\\]|\\.){1,8})'|"((?:[^"\\]|\\.){1,8})")"""
)
_NUMBER = re.compile(r"\A[| ](\d{2,3})\Z")
_CALL = re.compile(
    r"(?:mail|mailto|scramble|addy|kontakt|contact)\w{0,20}\(\s?"
    + rf"{_QUOTED}\s?,\s?{_QUOTED}(?:\s?,\s?{_QUOTED})?",
    re.IGNORECASE,
)
# Enkoder writes its code into a string, with a last step that undoes what was done to it.
_STRING = r'"(?:[^"\\]|\\.)*+"'
_PIECE = re.compile(_STRING, re.DOTALL)
_CODED = re.compile(rf"(?:kode|x)\s?=\s*({_STRING}(?:\s*+\+\s*+{_STRING})*+)", re.DOTALL)
_SHIFTED = re.compile(r"charCodeAt\(i\)\s?-\s?(\d{1,2})")
_LAYERS = 20
_LOCAL = re.compile(r"[\w.+-]{1,64}\Z")
_TLD = re.compile(r"\.?([A-Za-z.]{2,12})\Z")


def cloaked_texts(code: str) -> Iterator[tuple[str, str]]:
    """Texts that `code` hides, each with the method.

    >>> list(cloaked_texts("c=[105,64,97,46,100,101];s+=String.fromCharCode(c[i])"))
    [('i@a.de', 'charcode')]
    >>> list(cloaked_texts("return sendMail('bookings', 'example', 'com')"))
    [('bookings@example.com', 'concatenation')]
    """
    if "CharCode" in code:
        moves = islice(_OFFSET.finditer(code), _MOVES)
        offsets = {0, *(int(sign + size) for sign, size in map(re.Match.groups, moves))}
        for codes in _CODES.finditer(code):
            numbers = [int(code) for code in codes[1].split(",")]
            for offset in offsets:
                text = "".join(chr(max(number + offset, 0)) for number in numbers)
                if "@" in text:
                    yield html.unescape(text), "charcode"
    if "charCodeAt(" in code:
        # Email Encoder Bundle: each character of one string is a place in the other.
        for table in _TABLE.finditer(code):
            letters = unescape(table[1] or table[2] or "")
            places = [ord(c) - _FIRST for c in unescape(table[3] or table[4] or "")]
            if letters and all(0 <= place < len(letters) for place in places):
                yield unquote("".join(letters[place] for place in places)), "charcode"
    if "unescape(l[i]" in code:
        # Frameworks of PHP: the characters in a list, some as numbers, written from the end.
        parts = [unescape(part[1] or part[2] or "") for part in _PART.finditer(code)]
        shown = (_NUMBER.sub(lambda n: chr(int(n[1])), part) for part in reversed(parts))
        yield html.unescape("".join(shown)), "reversed"
    if "enkoder" in code and (bottom := _decoded(code)):
        yield bottom, "unescape"
    for call in _CALL.finditer(code):
        local, host, tld = (
            a or b for a, b in zip(call.groups()[::2], call.groups()[1::2], strict=True)
        )
        ending = _TLD.match(tld) if tld and not is_tld(host.rpartition(".")[2]) else None
        if _LOCAL.match(local):
            yield f"{local}@{host}.{ending[1]}" if ending else f"{local}@{host}", "concatenation"


def _decoded(code: str) -> str | None:
    """What Enkoder's layers have at their bottom.

    >>> _decoded('x="kode=\\\\"@aa\\\\";kode=kode.split(\\'\\').reverse().join(\\'\\')"')
    'aa@'
    """
    for _ in range(_LAYERS):
        coded = _CODED.search(code)
        if coded is None:
            break
        undo = code[coded.end() :]
        code = "".join(unescape(piece[0][1:-1]) for piece in _PIECE.finditer(coded[1]))
        if ".reverse()" in undo:
            code = code[::-1]
        elif shift := _SHIFTED.search(undo):
            code = "".join(chr((ord(c) - int(shift[1])) % 128) for c in code)
        elif "charAt(i+1)" in undo:
            pairs = zip(code[1::2], code[::2], strict=False)
            code = "".join(map("".join, pairs)) + (code[-1] if len(code) % 2 else "")
        elif "substr(i,2)" in undo:
            code = unquote("".join(f"%{code[i : i + 2]}" for i in range(0, len(code), 2)))
    return html.unescape(unescape(code)) if "@" in code else None
