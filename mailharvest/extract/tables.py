"""How this room writes its word lists down."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of `text`, as a set to look them up in.

    >>> sorted(words("b a"))
    ['a', 'b']
    """
    return frozenset(text.split())
