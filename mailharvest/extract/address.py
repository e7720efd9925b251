"""The value that this room gives out, and the key by which two spellings are one address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mailharvest.extract.domains import canonical

_LOCAL = re.compile(r'[^\s"(),:;<>@\[\\\]\x00-\x20\x7f]{1,64}\Z')


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
        How it was found: ``text``, ``mailto``, ``jsonld``, ``cloudflare`` and so on.
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


def normalise(address: str) -> str | None:
    """The key for finding duplicates, or None when `address` is none.

    The domain becomes lower-case A-labels (IDNA). The local part becomes NFC (RFC 6532 §3.1)
    and lower case: hosts that tell cases apart are not met in practice, though RFC 5321 §2.4
    allows them. It is not folded further, since that would make ``ß`` into ``ss``, which is
    another mailbox; nor are dots and ``+tags`` dropped, whose meaning is the provider's.

    >>> normalise("Info@BÜCHER.example.com")
    'info@xn--bcher-kva.example.com'
    >>> [normalise(bad) for bad in ("no address", "a@example", "a b@example.com", "@example.com")]
    [None, None, None, None]
    """
    local, _, host = address.strip().rpartition("@")
    domain = canonical(host.rstrip("."))
    if domain is None or not _LOCAL.match(local) or local[-1] == "." or local[0] == ".":
        return None
    if not local.isascii():
        local = unicodedata.normalize("NFC", local)
        if len(local.encode("utf-8", "replace")) > 64:
            return None
    return f"{local.lower()}@{domain}"
