"""What a search provider gives back: the same value, whichever it was."""

from __future__ import annotations

from dataclasses import dataclass

_TITLE = 300
_SNIPPET = 4000
_URL = 4096


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a search.

    Attributes
    ----------
    position : int
        Its place in the whole list, 0-based.
    """

    title: str
    url: str
    snippet: str
    position: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results.

    Attributes
    ----------
    exhausted : bool
        There are no more.
    """

    items: tuple[Result, ...] = ()
    exhausted: bool = False


def results(found: object, keys: tuple[str, str, str], page: int, size: int) -> Results:
    """The results in `found`, a list from a provider's JSON; what is no result is left out.

    Parameters
    ----------
    keys : tuple of str
        Names of title, URL and snippet.
    page, size : int
        The page's number, 1-based, and how many results a page has. Results beyond `size` belong
        to this page all the same, so they share its last position.

    >>> results([{"t": "A", "u": "http://a.example/", "s": None}, 7], ("t", "u", "s"), 2, 10).items
    (Result(title='A', url='http://a.example/', snippet='', position=10),)
    """
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    title, url, snippet = keys
    first = (page - 1) * size
    items = tuple(
        Result(
            _text(row.get(title), _TITLE),
            _text(row.get(url), _URL),
            _text(row.get(snippet), _SNIPPET),
            first + min(place, size - 1),
        )
        for place, row in enumerate(rows)
    )
    return Results(items, exhausted=not items)


def _text(value: object, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""
