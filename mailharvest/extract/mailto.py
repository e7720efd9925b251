"""``mailto:`` URLs (RFC 6068), as people really write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from mailharvest.extract.address import Address
from mailharvest.extract.grammar import Match, address_at, addresses_in
from mailharvest.extract.page import plain_address
from mailharvest.extract.render import plain

_PLAIN = re.compile(
    r"\s*(?:mailto:)?([A-Za-z0-9._+-]{1,64})@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
    r"(?:\?(?:subject|body)=[^@]*)?\s*\Z",
    re.IGNORECASE | re.ASCII,  # or a dotless i is one of these letters
)
_SCHEME = re.compile(r"\s*(?:mailto\s*:\s*(?://)?\s*)+", re.IGNORECASE)
_RECIPIENTS = frozenset(("to", "cc", "bcc"))
_AROUND_SIGN = re.compile(r"\s*@\s*")


def only_recipient(
    text: str, method: str = "mailto", *, obfuscated: bool = False
) -> Address | None:
    """The address that a ``mailto:`` URL or a text is, if that is all: what most are.

    >>> only_recipient("mailto:info%40example.com?subject=Hi").email
    'info@example.com'
    >>> only_recipient("mailto:a@example.com,b@example.com") is None
    True
    """
    if "%" in text:
        text = unquote(text.replace("%40", "@"))
    plainly = _PLAIN.match(text)
    if plainly is None:
        return None
    return plain_address(plainly[1].encode(), plainly[2].encode(), method, obfuscated)


def recipients(url: str) -> Iterator[Match]:
    """Whom a ``mailto:`` URL writes to: `to`, `cc` and `bcc`; subject and body are not read.

    >>> url = "MAILTO:%20a%40example.com,b@example.com?CC=c@example.com&body=d@example.com"
    >>> [m.local for m in recipients(url)]
    ['a', 'b', 'c']
    >>> [m.local for m in recipients('mailto:"Jane" <jane @ example.com>')]
    ['jane']
    """
    to, _, headers = _SCHEME.sub("", url, count=1).partition("?")
    fields = [to]
    for header in headers.replace("&amp;", "&").split("&"):
        name, _, value = header.partition("=")
        if name.strip().lower() in _RECIPIENTS:
            fields.append(value)
    for field in fields:
        text = _AROUND_SIGN.sub("@", plain(unquote(field)))
        for _, match in addresses_in(text):
            yield match


def unquoted(match: Match) -> Match:
    """An address behind ``mailto:`` in text, where "%2B" is a plus.

    >>> unquoted(Match("jane%2Bweb", "example.com", "example.com", False)).local
    'jane+web'
    """
    if "%" not in match.local:
        return match
    return address_at(unquote(match.local), match.host) or match


def is_mailto(url: str) -> bool:
    """Whether `url` is a ``mailto:`` URL.

    >>> is_mailto(" Mailto:x"), is_mailto("https://example.com/?mailto:x")
    (True, False)
    """
    return _SCHEME.match(url) is not None
