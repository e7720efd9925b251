"""The ways in which pages write addresses: plainly, as a browser shows them, or cloaked."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import NamedTuple
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


class Writing(NamedTuple):
    """An address to be written: in normal form, as the page shows it; random bits; the language.

    Of the bits, 33 and up are the writer's to use.
    """

    email: str
    shown: str
    draw: int
    say: Language


def _mailto(one: Writing) -> str:
    quotes = '"' if one.draw >> 33 & 7 else "'"
    scheme = "mailto:" if one.draw >> 36 & 15 else "MAILTO:"
    return f"<a href={quotes}{scheme}{one.shown}{quotes}>{one.shown}</a>"


def _link(one: Writing) -> str:
    return f'<a class="button" href="mailto:{one.shown}">{one.say.button}</a>'


def _subject(one: Writing) -> str:
    return (
        f'<a class="button" href="mailto:{one.shown}?subject=Web%20request&amp;body=Hello%2C%0D%0A"'
        f">{one.say.button}</a>"
    )


def _text(one: Writing) -> str:
    return f"{one.say.labels[one.draw >> 33 & 3]} {one.shown}{'.' if one.draw >> 35 & 1 else ''}"


def _entity(one: Writing) -> str:
    return one.shown.replace("@", ("&#64;", "&#x40;", "&commat;", "&#064;")[one.draw >> 33 & 3])


@cache
def _decimal(letter: str) -> str:
    return f"&#{ord(letter)};"


@cache
def _hexadecimal(letter: str) -> str:
    return f"&#x{ord(letter):x};"


def _entities(one: Writing) -> str:
    if one.draw >> 33 & 1:
        return "".join(map(_decimal, one.shown))
    written = "".join(map(_hexadecimal, one.shown))
    return f'<a href="&#109;&#97;ilto:{written}">{written}</a>'


def _split(one: Writing) -> str:
    local, _, domain = one.shown.partition("@")
    head, _, tail = domain.partition(".")
    return (
        f"{local}<span>@</span>{domain}",
        f"<b>{local}</b>@{domain}",
        f"{local}@<wbr>{domain}",
        f'<span class="u">{local}</span><span>@</span><span class="d">{head}.<wbr>{tail}</span>',
    )[one.draw >> 33 & 3]


def _percent(one: Writing) -> str:
    return (
        f'<a class="button" href="mailto:%{ord(one.shown[0]):02X}{quote(one.shown[1:], safe=".")}">'
        f"{one.say.button}</a>"
    )


def _attribute(one: Writing) -> str:
    return (
        f'<img src="/img/mail.png" width="16" height="16" alt="{one.shown}">',
        f'<a href="/#contact" title="{one.say.email}: {one.shown}">{one.say.button}</a>',
        f'<a href="/#contact" aria-label="{one.shown}">{one.say.button}</a>',
    )[(one.draw >> 33) % 3]


def _microdata(one: Writing) -> str:
    return (
        '<span itemscope itemtype="https://schema.org/ContactPoint">'
        f'<meta itemprop="email" content="{one.shown}">{one.say.button}</span>'
    )


def _plain(one: Writing) -> str:
    return one.shown


def _at(one: Writing) -> str:
    local, _, domain = one.email.partition("@")
    return f"{local} [at] {domain.replace('.', ' [dot] ')}"


def _brackets(one: Writing) -> str:
    local, _, domain = one.email.partition("@")
    return f"{local} (at) {domain.replace('.', ' (dot) ')}"


def _cloudflare(one: Writing) -> str:
    code = cloudflare(one.email, one.draw >> 33 & 0xFF)
    return (
        f'<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="{code}">'
        "[email&#160;protected]</a>"
    )


def _cloudflare_link(one: Writing) -> str:
    code = cloudflare(one.email, one.draw >> 33 & 0xFF)
    return f'<a class="button" href="/cdn-cgi/l/email-protection#{code}">{one.say.button}</a>'


WRITERS: tuple[Callable[[Writing], str], ...] = (
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
"""By :class:`Way`: the HTML that writes an address."""
