"""Lists of URLs: one a line, in a job or in a file."""

from __future__ import annotations

from collections.abc import Iterable

from mailharvest.chunk import FoundURL, PageError
from mailharvest.web.urls import normalise_url

_SHOWN = 200


def found(lines: Iterable[str]) -> tuple[list[FoundURL], list[PageError]]:
    """The URLs in `lines`, each once, and an error for each line that is none.

    Empty lines and those that begin with ``#`` are passed over; a name without a scheme is taken
    to be https.

    >>> urls, errors = found(["https://a.example.com", "# mine", "b.example.com/x", "ftp://c/"])
    >>> [u.url for u in urls], [e.message for e in errors]
    (['https://a.example.com/', 'https://b.example.com/x'], ['line 4 is no http or https URL'])
    """
    urls: dict[str, FoundURL] = {}
    errors: list[PageError] = []
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("\ufeff")
        if not text or text.startswith("#"):
            continue
        url = normalise_url(text if "://" in text else f"https://{text}")
        if url is None:
            shown = "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
            errors.append(PageError(shown, "", "bad_url", f"line {number} is no http or https URL"))
        else:
            urls.setdefault(url, FoundURL(url))
    return list(urls.values()), errors
