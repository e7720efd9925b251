"""What an address is, apart from where it was found; nothing is dropped by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from mailharvest.extract.domains import canonical, registrable
from mailharvest.extract.providers import (
    FREE,
    PLACEHOLDER_DOMAINS,
    PLACEHOLDER_LOCALS,
    ROLES,
)

_PROVIDER_OF = {domain: name for name, domains in FREE.items() for domain in domains.split()}
_ROLE_OF = {word: role for role, words in ROLES.items() for word in words.split()}
_SEPARATOR = re.compile(r"[._+-]|\d+")
_SMALL = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Classification:
    """What an address is.

    Attributes
    ----------
    email_type : str
        ``free`` at a provider where anybody may have a mailbox, else ``business``.
    provider : str or None
        ``gmail``, ``yahoo``, … when it is free.
    role : str or None
        ``info``, ``sales``, … when the local part names a function and not a person.
    placeholder : bool
        It stands for an address: ``you@example.com`` (RFC 2606) and kin.
    own_domain : bool
        The same registrable domain as the page it was found on.
    """

    email_type: str
    provider: str | None
    role: str | None
    placeholder: bool
    own_domain: bool


@lru_cache(maxsize=4096)
def _role(local: str) -> str | None:
    """The role that a local part names.

    >>> _role("info"), _role("Vertrieb.Nord"), _role("no-reply"), _role("büro"), _role("jane.sales")
    ('info', 'sales', 'noreply', 'office', None)
    """
    local = local.lower().translate(_SMALL)
    joined = _SEPARATOR.sub("", local)
    first = next(filter(None, _SEPARATOR.split(local)), "")
    return _ROLE_OF.get(joined) or _ROLE_OF.get(first)


def _placeholder(local: str, domain: str) -> bool:
    base = registrable(domain) or domain
    return (
        base.partition(".")[0] == "example"
        or base in PLACEHOLDER_DOMAINS
        or local in PLACEHOLDER_LOCALS
    )


def classify(email: str, *, url: str | None = None) -> Classification:
    """Say what an address is.

    Parameters
    ----------
    email : str
    url : str, optional
        The page it was found on.

    Examples
    --------
    >>> what = classify("vertrieb@shop.example.co.uk", url="https://www.example.co.uk/contact")
    >>> what.email_type, what.role, what.placeholder, what.own_domain
    ('business', 'sales', True, True)
    >>> classify("x@gmail.com").provider
    'gmail'
    """
    local, _, host = email.rpartition("@")
    domain = canonical(host) or host.lower()
    provider = _PROVIDER_OF.get(domain)
    page = canonical(_host(url)) if url else None
    own = registrable(domain)
    return Classification(
        email_type="free" if provider else "business",
        provider=provider,
        role=_role(local),
        placeholder=_placeholder(local.lower(), domain),
        own_domain=page is not None and own is not None and own == registrable(page),
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
