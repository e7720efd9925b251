"""The parts of pages that stay the same: written and deflated once, put together many times.

A page is a row of these with the texts that are its own between them. In a gzip body each part is
a stretch of deflate that ends on a byte (a full flush), and a text of the page's own is a stored
block; so serving a page costs no compression (RFC 1951 §3.2.4, RFC 1952).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from math import gcd
from struct import pack

from mailharvest.simweb.draw import mix
from mailharvest.simweb.phrases import Language

BLOCKS = 24
STYLES = 6
SCRIPTS = 6


Part = tuple[bytes, bytes]
"""Bytes of a page, plain and as raw deflate that needs nothing before it and ends on a byte."""


@dataclass(frozen=True)
class Library:
    """The parts of one language in one charset.

    ``orders`` are the sections that hold no address, all of them in each of many orders.
    """

    start: Part
    styles: tuple[Part, ...]
    orders: tuple[tuple[Part, ...], ...]
    scripts: tuple[Part, ...]


def deflate(plain: bytes) -> bytes:
    """`plain` compressed, to stand between others (a full flush).

    With the codes that deflate has built in: a page is some eighteen parts, and whoever reads it
    would have to build as many tables, which no ordinary page asks for.
    """
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_FIXED)
    return press.compress(plain) + press.flush(zlib.Z_FULL_FLUSH)


def stored(plain: bytes) -> bytes:
    """`plain`, at most 65,535 bytes, as a block of deflate that is not compressed."""
    return pack("<BHH", 0, len(plain), len(plain) ^ 0xFFFF) + plain


@cache
def library(say: Language, charset: str) -> Library:
    """The parts for that language and charset."""

    def part(text: str) -> Part:
        plain = text.encode(charset, "xmlcharrefreplace")
        return plain, deflate(plain)

    blocks = [part(_block(say, variant)) for variant in range(BLOCKS)]
    return Library(
        start=part(_start(say, charset)),
        styles=tuple(part(_style(variant)) for variant in range(STYLES)),
        orders=tuple(
            tuple(blocks[(first + turn * stride) % BLOCKS] for turn in range(BLOCKS))
            for first in range(BLOCKS)
            for stride in (1, 5, 7, 11, 13, 17, 19, 23)  # the numbers that share no divisor with 24
        ),
        scripts=tuple(part(_script(variant)) for variant in range(SCRIPTS)),
    )


def _start(say: Language, charset: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{say.code}" dir="{say.direction}">\n<head>\n'
        f'<meta charset="{charset}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<!-- theme Harbour 3.2, questions to studio@themes.example.org -->\n"
    )


_COLOURS = ("#1f5673", "#7a3b2e", "#2f6b3c", "#5b3a7a", "#8a5a00", "#30475e")

_CSS = """\
/*! harbour.css 3.2.1 | @author layout@themes.example.net | reset@8.0.1 */
@import url("/css/print.css") print;
@media (max-width: 700px) { .grid { grid-template-columns: 1fr } nav a { display: block } }
@font-face { font-family: Harbour; src: local("Georgia") }
:root { --main: COLOUR; --soft: COLOUR18; --line: #d9dde1 }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.6 FONT; color: #23292f; background: #fff }
header { background: var(--main); color: #fff; padding: 1.2rem 6vw }
header h1 { margin: 0; font-size: 1.7rem; font-weight: 600 }
header p { margin: .2rem 0 0; opacity: .85 }
nav { background: #fff; border-bottom: 1px solid var(--line); padding: .6rem 6vw }
nav a { color: var(--main); margin-inline-end: 1.4rem; text-decoration: none }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 6vw }
section { margin: 0 0 2.2rem }
h2 { color: var(--main); font-size: 1.3rem; border-bottom: 2px solid var(--soft) }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)) }
.card { border: 1px solid var(--line); border-radius: RADIUS; padding: 1rem; background: #fff;
  overflow-wrap: anywhere }
.card h3 { margin: 0 0 .3rem; font-size: 1.05rem } .card p { margin: .2rem 0 }
.figure { height: 9rem; border-radius: RADIUS;
  background: linear-gradient(120deg, COLOUR33, COLOUR) }
figure { margin: 0 } figure img { display: block; width: 100%; height: 7rem; margin-bottom: .6rem;
  border-radius: RADIUS; background: linear-gradient(60deg, COLOUR55, COLOURcc) }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid var(--line); padding: .45rem .6rem; text-align: start }
.button { display: inline-block; background: var(--main); color: #fff; padding: .4rem .9rem;
  border-radius: RADIUS; text-decoration: none }
blockquote { border-inline-start: 4px solid var(--main); margin: 0; padding: .4rem 1rem;
  background: var(--soft) }
form { display: grid; gap: .6rem; max-width: 26rem }
input, textarea { font: inherit; padding: .4rem; border: 1px solid var(--line) }
footer { background: #20262c; color: #cdd3d8; padding: 1.4rem 6vw; font-size: .9rem }
footer a { color: #fff }
.quiet { color: #6b747c; font-size: .9rem }
"""


def _style(variant: int) -> str:
    colour = _COLOURS[variant]
    font = ("Georgia, serif", "system-ui, sans-serif", "Verdana, Tahoma, sans-serif")[variant % 3]
    radius = ("0", "6px", "14px")[variant % 3]
    css = _CSS.replace("COLOUR", colour).replace("FONT", font).replace("RADIUS", radius)
    steps = "".join(
        f".{edge}-{step} {{ {rule}: {step * 0.25}rem !important }}\n"
        for edge, rule in (
            ("mt", "margin-top"),
            ("mb", "margin-bottom"),
            ("pt", "padding-top"),
            ("pb", "padding-bottom"),
        )
        for step in range(4 + variant * 3)
    )
    return f"<style>\n{css}{steps}</style>\n</head>\n<body>\n"


def _script(variant: int) -> str:
    """The end of a page: scripts with what looks like addresses and is none."""
    version = f"{variant + 2}.{variant * 3 + 1}.{7 - variant}"
    key = f"{mix(variant):016x}{mix(variant + 99):016x}"
    modules = ",\n  ".join(
        f'{{"name": "module-{n}", "from": "/npm/widget-{n}@{version}/dist/widget.min.js",'
        f' "integrity": "sha384-{mix(n + variant * 64):016x}{mix(n):016x}", "lazy": true}}'
        for n in range(12 + variant * 8)
    )
    return f"""
<!-- build {version} of git@code.example.org:web/harbour.git -->
<script>
// loader 1.{variant}, maintained by dev@scripts.example.org
var assets = ["/npm/slider@4.1.{variant}/slider.min.js", "/npm/@harbour/menu@{version}/menu.js"];
var modules = [
  {modules}
];
window.sentry = {{dsn: "https://{key}@o{4400 + variant}.ingest.sentry.example.com/{variant}"}};
/* fallback: contact admin@old.example.net */
(function (w, d) {{
  w.layers = w.layers || [];
  function tag() {{ w.layers.push(arguments); }}
  tag("js", new Date()); tag("config", "SIM-{mix(variant) % 10**8:08d}");
  d.addEventListener("click", function (event) {{
    var link = event.target.closest ? event.target.closest("a[href]") : null;
    if (link && link.hostname !== location.hostname) {{ tag("leave", link.pathname); }}
  }});
}})(window, document);
</script>
</body>
</html>
"""


def _block(say: Language, variant: int) -> str:
    """A section of a page that holds no address."""
    draw = mix(variant + 1000)
    kind = _BLOCKS[variant % len(_BLOCKS)]
    heading = say.headings[variant % len(say.headings)]
    return f'<section class="mt-2 mb-3">\n<h2>{heading}</h2>\n{kind(say, draw)}</section>\n'


def _prose(say: Language, draw: int, count: int) -> str:
    """`count` sentences, none twice before all have come."""
    total = len(say.sentences)
    step = 1 + draw % total
    while gcd(step, total) > 1:
        step += 1
    return " ".join(say.sentences[((draw >> 8) + turn * step) % total] for turn in range(count))


def _paragraphs(say: Language, draw: int) -> str:
    return "".join(f"<p>{_prose(say, mix(draw + n), 6 + n * 2)}</p>\n" for n in range(4))


def _cards(say: Language, draw: int) -> str:
    cards = "".join(
        f'<div class="card"><div class="figure"></div>'
        f"<h3>{say.headings[(draw + n) % len(say.headings)]}</h3>"
        f"<p>{_prose(say, mix(draw + n), 4)}</p></div>\n"
        for n in range(6)
    )
    return f'<div class="grid">\n{cards}</div>\n'


def _hours(say: Language, draw: int) -> str:
    rows = "".join(
        f"<tr><th>{day}</th><td>0{8 + (draw >> n & 1)}:00 - 1{6 + n % 3}:30</td></tr>\n"
        for n, day in enumerate(say.hours[:-2])
    )
    closed = f"<tr><th>{say.hours[-2]}</th><td>{say.hours[-1]}</td></tr>\n"
    return f"<table>\n{rows}{closed}</table>\n<p>{_prose(say, draw, 8)}</p>\n"


def _prices(say: Language, draw: int) -> str:
    rows = "".join(
        f"<tr><td>{n + 1}</td><td>{_prose(say, mix(draw + n), 1)}</td>"
        f"<td>{2 + (draw >> n) % 40} x {3 + n} @ {90 + (draw >> n) % 900}.00</td></tr>\n"
        for n in range(16)
    )
    return f"<table>\n{rows}</table>\n"


def _questions(say: Language, draw: int) -> str:
    return "".join(
        f"<details{' open' if not n else ''}><summary>{_prose(say, mix(draw + n), 1)}</summary>"
        f"<p>{_prose(say, mix(draw - n), 3)}</p></details>\n"
        for n in range(7)
    )


def _quotes(say: Language, draw: int) -> str:
    return "".join(
        f"<blockquote>{_prose(say, mix(draw + n), 3)}</blockquote>\n"
        f'<p class="quiet">{say.titles[(draw + n) % len(say.titles)]}</p>\n'
        for n in range(5)
    )


def _gallery(say: Language, draw: int) -> str:
    figures = "".join(
        f'<figure class="card"><img src="/img/work-{n}.png" srcset="/img/work-{n}@2x.png 2x,'
        f' /img/work-{n}@3x.png 3x" width="240" height="120" alt="">'
        f"<figcaption>{_prose(say, mix(draw + n), 2)}</figcaption></figure>\n"
        for n in range(8)
    )
    return f'<div class="grid">\n{figures}</div>\n'


def _form(say: Language, draw: int) -> str:
    return (
        f"<p>{_prose(say, draw, 10)}</p>\n"
        '<form method="post" action="/#contact">\n<input name="name" autocomplete="name">\n'
        '<input type="email" name="email" placeholder="you@example.com">\n'
        '<textarea name="text" rows="4"></textarea>\n'
        f'<button class="button">{say.button}</button>\n'
        "</form>\n"
    )


_BLOCKS = (_paragraphs, _quotes, _gallery, _prices, _questions, _cards, _hours, _form)
"""Kinds of section, in the order of the headings that fit them."""
