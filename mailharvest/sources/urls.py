"""Lists of URLs: one a line, in a job or in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailharvest.web.urls import normalise_url

_SHOWN = 200


def listed(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, str | None]]:
    """Number and text of each line with an entry, and its URL; None where it is none.

    Empty lines and those that begin with ``#`` are passed over; a name without a scheme is taken
    to be https.

    >>> lines = ["https://a.example.com", "# mine", "b.example.com/x", "ftp://c/"]
    >>> [(n, url) for n, _, url in listed(enumerate(lines, 1))]
    [(1, 'https://a.example.com/'), (3, 'https://b.example.com/x'), (4, None)]
    """
    for number, line in lines:
        text = line.strip().lstrip("\ufeff")
        if text and not text.startswith("#"):
            yield number, text, normalise_url(text if "://" in text else f"https://{text}")


def shown(text: str) -> str:
    """The beginning of an entry that is no URL, printable: nobody knows what is in it."""
    return "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
