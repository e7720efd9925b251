"""Lists of URLs: one a line, in a job or in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailharvest.web.urls import normalise_url, site_of

_SHOWN = 200
# Not what a browser would ask for, but what somebody may have meant: in a list, a tab is the next
# column of a table, and a comma in a host as well.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SITE = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")


def listed(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, str | None]]:
    """Number and text of each line with an entry, and its URL; None where it is none.

    Empty lines and those that begin with ``#`` are passed over; a name without a scheme is taken
    to be https, if it has a dot or a port: "wiki" may be the head of a column.

    >>> lines = ["https://a.example.com", "# mine", "b.example.com/x", "ftp://c/"]
    >>> [(n, url) for n, _, url in listed(enumerate(lines, 1))]
    [(1, 'https://a.example.com/'), (3, 'https://b.example.com/x'), (4, None)]
    """
    for number, line in lines:
        text = line.strip().lstrip("\ufeff")
        if text and not text.startswith("#"):
            yield number, text, _url(text)


def _url(text: str) -> str | None:
    if _CONTROL.search(text):
        return None
    named = "://" in text
    url = normalise_url(text if named else f"https://{text}")
    site = site_of(url) if url else ""
    return url if _SITE.fullmatch(site) and (named or _is_host(site, text)) else None


def _is_host(site: str, text: str) -> bool:
    """Whether a name without a scheme can be meant.

    A word alone is the head of a column, or a slip; with "@" before its path it is an address.
    """
    return ("." in site or ":" in site or site == "localhost") and "@" not in text.split("/", 1)[0]


def shown(text: str) -> str:
    """The beginning of what a person gave, printable: nobody knows what is in it."""
    return "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
