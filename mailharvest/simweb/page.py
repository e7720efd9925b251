"""A page of the world as HTML: its addresses among the parts of its language's library."""

from __future__ import annotations

import json
from struct import pack
from typing import NamedTuple

from mailharvest.simweb.draw import mix
from mailharvest.simweb.library import BLOCKS, SCRIPTS, STYLES, Library, Part, library
from mailharvest.simweb.phrases import LANGUAGES, Language
from mailharvest.simweb.plant import WRITERS, Way
from mailharvest.simweb.site import Robots, Site
from mailharvest.simweb.world import Planted, World

try:
    from isal.isal_zlib import crc32
except ImportError:  # no wheel for this machine: dearer, the same
    from zlib import crc32

_GZIP_START = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_NAV = 6


class Page(NamedTuple):
    """A page, ready to be written plain or compressed."""

    content_type: str
    parts: list[Part | bytes]

    def plain(self) -> bytes:
        """The HTML."""
        return b"".join([p if type(p) is bytes else p[0] for p in self.parts])

    def gzip(self) -> bytes:
        """The HTML as one gzip member; nothing is compressed here (see library)."""
        out = [_GZIP_START]
        crc = size = 0
        for part in self.parts:
            if type(part) is bytes:
                plain = part
                length = len(part)
                out += (pack("<BHH", 0, length, length ^ 0xFFFF), part)
            else:
                plain, deflated = part
                out.append(deflated)
            crc = crc32(plain, crc)
            size += len(plain)
        out.append(pack("<BBII", 3, 0, crc, size & 0xFFFFFFFF))
        return b"".join(out)


def language_of(site: Site) -> tuple[Language, str]:
    """Language and charset of a site."""
    say = LANGUAGES[site.draw >> 45 & 7]
    return say, say.charsets[(site.draw >> 50) % len(say.charsets)]


def title_of(site: Site, number: int) -> str:
    """Title of a site's page."""
    say, _ = language_of(site)
    place, trade, _ = site.name.split("-")
    return f"{place.title()} {trade.title()} - {say.nav[number % len(say.nav)]}"


def build(world: World, page: int) -> Page:
    """The page of that number, whatever its fate."""
    site = world.site(page % world.sites)
    number = page // world.sites
    say, charset = language_of(site)
    shelf = library(say, charset)
    draw = mix(world.draw(page) + 3)
    planted = world.planted(page)
    title = title_of(site, number)

    def text(html: str) -> bytes:
        return html.encode(charset, "xmlcharrefreplace")

    parts: list[Part | bytes] = [
        shelf.start,
        text(_head(site, say, title, planted)),
        shelf.styles[(site.draw >> 23) % STYLES],
        text(_banner(world, site, say, title)),
    ]
    groups = _groups(site, say, planted)
    draw = _blocks(shelf, parts, draw, 1 + (draw & 3))
    for group in groups:
        parts.append(text(group))
        draw = _blocks(shelf, parts, draw, draw >> 2 & 3)
    parts.append(text(_foot(site, say, draw)))
    parts.append(shelf.scripts[(site.draw >> 27) % SCRIPTS])
    named = f"; charset={charset}" if site.draw & 3 else ""
    return Page(f"text/html{named}", parts)


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


def _blocks(shelf: Library, parts: list[Part | bytes], draw: int, count: int) -> int:
    """Add that many sections without addresses; the random bits that are left."""
    for _ in range(count):
        draw = mix(draw)
        parts.append(shelf.blocks[(draw >> 8) % BLOCKS])
    return draw


def _shown(site: Site, email: str, draw: int) -> str:
    """The address as the page writes it."""
    local, _, domain = email.partition("@")
    if site.wide and domain == site.domain:
        domain = site.shown
    if not draw >> 56 & 31:
        local = local.title()
    return f"{local}@{domain}"


def _head(site: Site, say: Language, title: str, planted: list[Planted]) -> str:
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Organization",
        "name": title.partition(" - ")[0],
    }
    points = [
        {"@type": "ContactPoint", "email": ("mailto:" if draw >> 33 & 1 else "") + email}
        for email, way, draw in planted
        if way == Way.JSON_LD
    ]
    if len(points) == 1:
        data["email"] = points[0]["email"]
    elif points:
        data["contactPoint"] = points
    return (
        f"<title>{title}</title>\n"
        f'<meta name="description" content="{say.sentences[site.draw % len(say.sentences)]}">\n'
        f'<script type="application/ld+json">{json.dumps(data)}</script>\n'
    )


def _banner(world: World, site: Site, say: Language, title: str) -> str:
    links = "".join(
        f'<a href="{world.path(site, number)}">{say.nav[number % len(say.nav)]}</a>\n'
        for number in range(min(_NAV, world.pages_per_site))
    )
    name, _, here = title.partition(" - ")
    return (
        f'<header><img src="/img/logo.png" srcset="/img/logo@2x.png 2x" width="1" alt="">'
        f"<h1>{name}</h1><p>{here}</p></header>\n<nav>{links}</nav>\n<main>\n"
    )


def _groups(site: Site, say: Language, planted: list[Planted]) -> list[str]:
    """The page's addresses, as the sections in which they stand."""
    cards = []
    rows = []
    for nth, (email, way, draw) in enumerate(planted):
        if way == Way.JSON_LD:
            continue
        html = WRITERS[way](email, _shown(site, email, draw), draw, say)
        name = email.partition("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").title()
        title = say.titles[(draw >> 40) % len(say.titles)]
        if way == Way.CELL:
            rows.append(f"<tr><td>{name}</td><td>{title}</td><td>{html}</td></tr>\n")
        else:
            cards.append(
                f'<div class="card" id="p{nth}"><h3>{name}</h3><p>{title}</p><p>{html}</p></div>\n'
            )
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


def _foot(site: Site, say: Language, draw: int) -> str:
    """The end of the text; on some pages with what looks like an address and is none."""
    extra = {
        0: f'<p style="display:none">trap-{site.index}@traps.example.org</p>',
        1: f"<p>Mastodon: @{site.name.replace('-', '_')}@social.example.org</p>",
        2: "<p>ftp://guest@files.example.org/catalogue.zip</p>",
    }.get(draw >> 20 & 63, "")
    return f"</main>\n<footer>{extra}<p>&copy; 2026 {site.name} - {say.rights}</p></footer>\n"
