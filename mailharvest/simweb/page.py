"""A page of the world as HTML: its addresses among the parts of its language's library."""

from __future__ import annotations

import json
from functools import lru_cache
from struct import pack
from typing import NamedTuple

from mailharvest.simweb.draw import mix
from mailharvest.simweb.library import SCRIPTS, STYLES, Library, Part, library, stored
from mailharvest.simweb.phrases import LANGUAGES, Language
from mailharvest.simweb.plant import FIRST_CLOAK, WRITERS, Way
from mailharvest.simweb.site import Robots, Site
from mailharvest.simweb.world import Planted, World

try:
    from isal.isal_zlib import crc32
except ImportError:  # no wheel for this machine: dearer, the same
    from zlib import crc32

_GZIP_START = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_NAV = 6
_CELL, _JSON_LD = int(Way.CELL), int(Way.JSON_LD)


class Page(NamedTuple):
    """A page, ready to be written plain or compressed."""

    parts: list[Part]

    def plain(self) -> bytes:
        """The HTML."""
        return b"".join([plain for plain, _ in self.parts])

    def gzip(self) -> bytes:
        """The HTML as one gzip member; nothing is compressed here (see library)."""
        plain = self.plain()
        end = pack("<BBII", 3, 0, crc32(plain), len(plain))
        return b"".join([_GZIP_START, *[packed for _, packed in self.parts], end])


def language_of(site: Site) -> tuple[Language, str]:
    """Language and charset of a site."""
    say = LANGUAGES[site.draw >> 45 & 7]
    return say, say.charsets[(site.draw >> 50) % len(say.charsets)]


class _Dress(NamedTuple):
    """What all pages of a site share."""

    say: Language
    charset: str
    shelf: Library
    name: str
    nav: str


@lru_cache(maxsize=8192)
def _dress(site: Site, pages: int) -> _Dress:
    say, charset = language_of(site)
    links = "".join(
        f'<a href="{site.path(number)}">{say.nav[number % len(say.nav)]}</a>\n'
        for number in range(min(_NAV, pages))
    )
    return _Dress(say, charset, library(say, charset), site.title, links)


def content_type(site: Site) -> str:
    """Content-Type of a site's pages; one site in four leaves the charset to the meta element."""
    return f"text/html; charset={language_of(site)[1]}" if site.draw & 3 else "text/html"


def build(world: World, page: int) -> Page:
    """The page of that number, whatever its fate."""
    number, index = divmod(page, world.sites)
    site = world.site(index)
    say, charset, shelf, name, nav = _dress(site, world.pages_per_site)
    bits = mix(world.draw(page) + 3)
    blocks = shelf.orders[(bits >> 16) % len(shelf.orders)]
    planted = world.planted(page)
    here = say.nav[number % len(say.nav)]

    def text(html: str) -> Part:
        plain = html.encode(charset, "xmlcharrefreplace")
        return plain, stored(plain)

    parts = [
        shelf.start,
        text(_head(site, say, name, here, planted)),
        shelf.styles[(site.draw >> 23) % STYLES],
        text(
            '<header><img src="/img/logo.png" srcset="/img/logo@2x.png 2x" width="1" alt="">'
            f"<h1>{name}</h1><p>{here}</p></header>\n<nav>{nav}</nav>\n<main>\n"
        ),
    ]
    stop = 3 + (bits & 3)
    parts += blocks[:stop]
    for nth, group in enumerate(_groups(site, say, planted), 1):
        parts.append(text(group))
        start, stop = stop, stop + 1 + (bits >> 2 * nth & 3)
        parts += blocks[start:stop]
    parts.append(text(_foot(site, say, bits >> 32)))
    parts.append(shelf.scripts[(site.draw >> 27) % SCRIPTS])
    return Page(parts)


def robots_txt(site: Site) -> bytes:
    """The rules of a site that has some."""
    own = {
        Robots.DELAY: "Crawl-delay: 2\n",
        Robots.FOLDER: "Disallow: /members/\nAllow: /members/$\n",
        Robots.CLOSED: "Disallow: /\n",
    }.get(site.robots, "Disallow: /cart/\nDisallow: /*.pdf$\n")
    return (
        f"# robots.txt of {site.name}\nUser-agent: HungryBot\nDisallow: /\n\n"
        f"User-agent: *\n{own}\nSitemap: /sitemap.xml\n"
    ).encode()


def _head(site: Site, say: Language, name: str, here: str, planted: list[Planted]) -> str:
    points = [
        {"@type": "ContactPoint", "email": ("mailto:" if draw >> 33 & 1 else "") + email}
        for email, way, draw in planted
        if way == _JSON_LD
    ]
    contact = f', "contactPoint": {json.dumps(points)}' if points else ""
    return (
        f"<title>{name} - {here}</title>\n"
        f'<meta name="description" content="{say.sentences[site.draw % len(say.sentences)]}">\n'
        '<script type="application/ld+json">{"@context": "https://schema.org",'
        f' "@type": "Organization", "name": "{name}"{contact}}}</script>\n'
    )


def _groups(site: Site, say: Language, planted: list[Planted]) -> list[str]:
    """The page's addresses, as the sections in which they stand."""
    cards = []
    rows = []
    for email, way, draw in planted:
        if way == _JSON_LD:
            continue
        local, _, domain = email.partition("@")
        if domain == site.domain:
            domain = site.shown
        shown = f"{local}@{domain}" if draw >> 56 & 31 else f"{local.title()}@{domain}"
        html = WRITERS[way](shown if way < FIRST_CLOAK else email, draw, say)
        name = local.replace(".", " ").replace("_", " ").replace("-", " ").title()
        title = say.titles[(draw >> 40) % len(say.titles)]
        if way == _CELL:
            rows.append(f"<tr><td>{name}</td><td>{title}</td><td>{html}</td></tr>\n")
        else:
            cards.append(f'<div class="card"><h3>{name}</h3><p>{title}</p><p>{html}</p></div>\n')
    groups = []
    half = (len(cards) + 1) // 2
    for heading, some in ((say.team, cards[:half]), (say.contact, cards[half:])):
        if some:
            groups.append(
                f'<section id="contact"><h2>{heading}</h2>\n<div class="grid">\n'
                + "".join(some)
                + "</div></section>\n"
            )
    if rows:
        groups.append(
            f"<section><h2>{say.contact}</h2>\n<table><tr><th></th><th>{say.department}</th>"
            f"<th>{say.email}</th></tr>\n{''.join(rows)}</table></section>\n"
        )
    return groups


def _foot(site: Site, say: Language, bits: int) -> str:
    """The end of the text; on some pages with what looks like an address and is none."""
    extra = ""
    chance = bits & 63
    if chance == 0:
        extra = f'<p style="display:none">trap-{site.index}@traps.example.org</p>'
    elif chance == 1:
        extra = f"<p>Mastodon: @{site.name.replace('-', '_')}@social.example.org</p>"
    elif chance == 2:
        extra = "<p>ftp://guest@files.example.org/catalogue.zip</p>"
    return f"</main>\n<footer>{extra}<p>&copy; 2026 {site.name} - {say.rights}</p></footer>\n"
