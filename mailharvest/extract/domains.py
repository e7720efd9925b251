"""Which names are host names on the Internet: the Public Suffix List and IDNA, offline."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

_LDH = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])\Z"
)
_NO_MAIL = frozenset({"arpa", "onion"})  # on the list, but no mail is delivered there


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@cache
def _tlds() -> frozenset[str]:
    """The top-level domains: last labels of the list's first section, in both spellings.

    Some stand there only under a longer rule (``co.za``), so the list itself does not answer.
    """
    icann = Path(PSLFILE).read_text("utf-8").partition("===END ICANN DOMAINS===")[0]
    rules = (line.strip() for line in icann.splitlines())
    names = {rule.rpartition(".")[2] for rule in rules if rule and not rule.startswith("//")}
    names |= {idna.encode(name).decode("ascii") for name in names if not name.isascii()}
    return frozenset(names - _NO_MAIL)


@lru_cache(maxsize=16384)
def is_tld(label: str) -> bool:
    """Whether `label` is a top-level domain of the root zone, in any case or script.

    >>> [is_tld(name) for name in ("COM", "za", "рф", "xn--p1ai", "png", "test")]
    [True, True, True, True, False, False]
    """
    return label.lower() in _tlds()


@lru_cache(maxsize=16384)
def canonical(host: str) -> str | None:
    """The host name in lower-case A-labels, or None when it can be none.

    Unicode is mapped as browsers map it (UTS 46) and encoded by IDNA 2008.

    >>> canonical("BÜCHER.example.com")
    'xn--bcher-kva.example.com'
    >>> canonical("bücher。example。com")
    'xn--bcher-kva.example.com'
    >>> [canonical(bad) for bad in ("example", "-a.example.com", "a.example", "1.2.3.4")]
    [None, None, None, None]
    """
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    host = host.lower()
    if len(host) > 253 or not _LDH.match(host):
        return None
    return host if is_tld(host.rpartition(".")[2]) else None


@lru_cache(maxsize=16384)
def registrable(host: str) -> str | None:
    """The part of a canonical host name that somebody registered, or None.

    >>> registrable("mail.example.co.uk"), registrable("co.uk")
    ('example.co.uk', None)
    """
    name: str | None = _suffixes().privatesuffix(host)
    return name
