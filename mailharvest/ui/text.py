"""Text from elsewhere, made harmless before anyone sees it."""

from __future__ import annotations

import unicodedata

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that a reader cannot see, or that move what he sees: control characters (and
so ANSI codes and newlines), format characters (right-to-left overrides, zero-width ones), lone
surrogates, unassigned ones, and line separators."""


def visible(text: str, limit: int = 200) -> str:
    r"""`text` on one line of at most `limit` characters, with what is invisible written out.

    >>> visible("ok \x1b[31mred\nnext \u202egpj.exe")
    'ok \\x1b[31mred\\nnext \\u202egpj.exe'
    >>> visible("مكتب عقارات")
    'مكتب عقارات'
    >>> visible("abcdef", 4)
    'abc…'
    """
    # Bounded before it is walked through: a title may be megabytes long.
    short = text[: limit + 1]
    line = "".join(_written(c) if unicodedata.category(c) in HARMFUL else c for c in short)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _written(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
