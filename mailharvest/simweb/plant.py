"""The ways in which pages write addresses: plainly, as a browser shows them, or cloaked."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from urllib.parse import quote

from mailharvest.simweb.phrases import Language


class Way(IntEnum):
    """How an address stands on a page. From ``AT`` on its publisher hides it from robots."""

    MAILTO = 0
    LINK = 1
    SUBJECT = 2
    TEXT = 3
    ENTITY = 4
    ENTITIES = 5
    CELL = 6
    SPLIT = 7
    PERCENT = 8
    ATTRIBUTE = 9
    MICRODATA = 10
    JSON_LD = 11
    AT = 12
    BRACKETS = 13
    CLOUDFLARE = 14
    CLOUDFLARE_LINK = 15


FIRST_CLOAK = int(Way.AT)


def _table(weights: dict[Way, int]) -> tuple[int, ...]:
    """256 ways to choose from with eight random bits; the first takes what is left."""
    rest = 256 - sum(weights.values())
    ways = [next(iter(weights))] * rest
    for way, weight in weights.items():
        ways += [way] * weight
    return tuple(int(way) for way in ways)


WAYS = _table(
    {
        Way.MAILTO: 0,  # about two in five
        Way.LINK: 14,
        Way.SUBJECT: 6,
        Way.TEXT: 48,
        Way.ENTITY: 10,
        Way.ENTITIES: 8,
        Way.CELL: 20,
        Way.SPLIT: 10,
        Way.PERCENT: 8,
        Way.ATTRIBUTE: 8,
        Way.MICRODATA: 6,
        Way.JSON_LD: 12,
    }
)
CLOAKS = _table({Way.AT: 64, Way.BRACKETS: 64, Way.CLOUDFLARE: 96, Way.CLOUDFLARE_LINK: 32})


def cloudflare(email: str, key: int) -> str:
    """Cloudflare's encoding: a key, and each byte xor the key, in hexadecimal.

    >>> cloudflare("hi@example.com", 0x5A)
    '5a32331a3f223b372a363f74393537'
    """
    plain = email.encode()
    keys = bytes([key]) * len(plain)
    mixed = int.from_bytes(plain, "big") ^ int.from_bytes(keys, "big")
    return f"{key:02x}{mixed.to_bytes(len(plain), 'big').hex()}"


def _mailto(email: str, draw: int, _say: Language) -> str:
    quotes = '"' if draw >> 33 & 7 else "'"
    scheme = "mailto:" if draw >> 36 & 15 else "MAILTO:"
    return f"<a href={quotes}{scheme}{email}{quotes}>{email}</a>"


def _link(email: str, _draw: int, say: Language) -> str:
    return f'<a class="button" href="mailto:{email}">{say.button}</a>'


def _subject(email: str, _draw: int, say: Language) -> str:
    return (
        f'<a class="button" href="mailto:{email}?subject=Web%20request&amp;body=Hello%2C%0D%0A"'
        f">{say.button}</a>"
    )


def _text(email: str, draw: int, say: Language) -> str:
    return f"{say.labels[draw >> 33 & 3]} {email}{'.' if draw >> 35 & 1 else ''}"


def _entity(email: str, draw: int, _say: Language) -> str:
    return email.replace("@", ("&#64;", "&#x40;", "&commat;", "&#064;")[draw >> 33 & 3])


@cache
def _decimal(letter: str) -> str:
    return f"&#{ord(letter)};"


@cache
def _hexadecimal(letter: str) -> str:
    return f"&#x{ord(letter):x};"


def _entities(email: str, draw: int, _say: Language) -> str:
    if draw >> 33 & 1:
        return "".join(map(_decimal, email))
    written = "".join(map(_hexadecimal, email))
    return f'<a href="&#109;&#97;ilto:{written}">{written}</a>'


def _split(email: str, draw: int, _say: Language) -> str:
    local, _, domain = email.partition("@")
    head, _, tail = domain.partition(".")
    return (
        f"{local}<span>@</span>{domain}",
        f"<b>{local}</b>@{domain}",
        f"{local}@<wbr>{domain}",
        f'<span class="u">{local}</span><span>@</span><span class="d">{head}.<wbr>{tail}</span>',
    )[draw >> 33 & 3]


def _percent(email: str, _draw: int, say: Language) -> str:
    return (
        f'<a class="button" href="mailto:%{ord(email[0]):02X}{quote(email[1:], safe=".")}">'
        f"{say.button}</a>"
    )


def _attribute(email: str, draw: int, say: Language) -> str:
    return (
        f'<img src="/img/mail.png" width="16" height="16" alt="{email}">',
        f'<a href="/#contact" title="{say.email}: {email}">{say.button}</a>',
        f'<a href="/#contact" aria-label="{email}">{say.button}</a>',
    )[(draw >> 33) % 3]


def _microdata(email: str, _draw: int, say: Language) -> str:
    return (
        '<span itemscope itemtype="https://schema.org/ContactPoint">'
        f'<meta itemprop="email" content="{email}">{say.button}</span>'
    )


def _plain(email: str, _draw: int, _say: Language) -> str:
    return email


def _at(email: str, _draw: int, _say: Language) -> str:
    local, _, domain = email.partition("@")
    return f"{local} [at] {domain.replace('.', ' [dot] ')}"


def _brackets(email: str, _draw: int, _say: Language) -> str:
    local, _, domain = email.partition("@")
    return f"{local} (at) {domain.replace('.', ' (dot) ')}"


def _cloudflare(email: str, draw: int, _say: Language) -> str:
    code = cloudflare(email, draw >> 33 & 0xFF)
    return (
        f'<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="{code}">'
        "[email&#160;protected]</a>"
    )


def _cloudflare_link(email: str, draw: int, say: Language) -> str:
    code = cloudflare(email, draw >> 33 & 0xFF)
    return f'<a class="button" href="/cdn-cgi/l/email-protection#{code}">{say.button}</a>'


WRITERS: tuple[Callable[[str, int, Language], str], ...] = (
    _mailto,
    _link,
    _subject,
    _text,
    _entity,
    _entities,
    _plain,  # a table's cell, which the page draws
    _split,
    _percent,
    _attribute,
    _microdata,
    _plain,  # in the head, where the page puts it
    _at,
    _brackets,
    _cloudflare,
    _cloudflare_link,
)
"""By :class:`Way`: the HTML that writes an address.

Given are the address, as the page shows it (a cloak: in normal form), random bits of which those
from 33 up are the writer's to use, and the language.
"""
