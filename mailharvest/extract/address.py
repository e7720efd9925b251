"""The value that this room gives out, and the key by which two spellings are one address."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import idna


@dataclass(frozen=True, slots=True)
class Address:
    """One address that a page shows.

    Attributes
    ----------
    email : str
        The key by which duplicates are found: what :func:`normalise` makes of it.
    as_found : str
        As a reader of the page sees it: spelling and Unicode kept.
    domain : str
        The part behind the ``@`` of `email`: lower case, IDNA A-labels.
    method : str
        How it was found: ``text``, ``mailto``, ``entities``, ``cloudflare`` and so on.
    obfuscated : bool
        Whether its publisher hid it from robots.
    confidence : float
        0 to 1; of those at 0.9 and above, at least 98 % are right on our corpora.
    context : str or None
        Some 60 characters on either side, HTML-escaped, one line; on request only.
    """

    email: str
    as_found: str
    domain: str
    method: str
    obfuscated: bool
    confidence: float
    context: str | None = None


@lru_cache(maxsize=4096)
def a_label_domain(domain: str) -> str | None:
    """The domain in lower-case A-labels (IDNA 2008 with the mapping of UTS 46), or None.

    >>> a_label_domain("BÜCHER.example.com")
    'xn--bcher-kva.example.com'
    >>> a_label_domain("-a.example.com") is None
    True
    """
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None


def normalise(address: str) -> str | None:
    """The key for finding duplicates, or None when `address` is none.

    The local part is case-folded (no host tells cases apart in practice; RFC 5321 §2.4 allows
    it and advises against), the domain becomes lower-case A-labels. Dots and ``+tags`` stay:
    what they mean differs from provider to provider.

    >>> normalise("Info@BÜCHER.example.com")
    'info@xn--bcher-kva.example.com'
    >>> normalise("no address") is None
    True
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or "." not in domain or len(local.encode()) > 64:
        return None
    if any(character.isspace() for character in local):
        return None
    host = a_label_domain(domain.rstrip("."))
    if host is None or len(host) > 253:
        return None
    return f"{local.casefold()}@{host}"
