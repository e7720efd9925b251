"""The readers that extraction is measured beside, and the pages that they read.

Each goes from bytes to addresses as its own documentation uses it. They come from PyPI
(``pip install mailharvest[bench]``); one that is not installed is named and left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from mailharvest.extract import extract

NAIVE = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")
Read = Callable[[bytes], Iterable[str]]


class Page(NamedTuple):
    """Bytes as they were served, and where they are from."""

    data: bytes
    content_type: str
    name: str


def ours() -> Read:
    return lambda data: (address.email for address in extract(data, content_type="text/html"))


def naive_re() -> Read:
    return lambda data: NAIVE.findall(data.decode("utf-8", "replace"))


def _lxml_text(data: bytes) -> tuple[str, list[str]]:
    from lxml import etree, html

    try:
        page = html.fromstring(data)
    except (etree.ParserError, ValueError):
        return "", []
    etree.strip_elements(page, "script", "style", with_tail=False)
    links = [unquote(link[7:].partition("?")[0]) for link in page.xpath("//a/@href")
             if link[:7].lower() == "mailto:"]  # fmt: skip
    return page.text_content(), links


def lxml_text_re() -> Read:
    import lxml.html  # noqa: F401  here, so that a missing peer is known at once

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        return NAIVE.findall(text) + links

    return read


def extract_emails() -> Read:
    from extract_emails.data_extractors import EmailExtractor

    extractor = EmailExtractor()
    return lambda data: extractor.get_data(data.decode("utf-8", "replace"))


def linkify_it() -> Read:
    from linkify_it import LinkifyIt

    linkify = LinkifyIt()

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        found = linkify.match(text) or []
        return [m.url.removeprefix("mailto:") for m in found if m.schema == "mailto:"] + links

    return read


def urlextract() -> Read:
    from urlextract import URLExtract

    extractor = URLExtract(extract_email=True)

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        return [found for found in extractor.find_urls(text) if "@" in found] + links

    return read


def scrapy_selectors() -> Read:
    from parsel import Selector

    def read(data: bytes) -> list[str]:
        page = Selector(text=data.decode("utf-8", "replace") or "<p>")
        texts = page.xpath("//body//text()[not(parent::script or parent::style)]").getall()
        links = page.xpath("//a[starts-with(@href, 'mailto:')]/@href").getall()
        return NAIVE.findall(" ".join(texts)) + [unquote(x[7:].partition("?")[0]) for x in links]

    return read


def resiliparse_re() -> Read:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    def read(data: bytes) -> list[str]:
        return NAIVE.findall(extract_plain_text(HTMLTree.parse_from_bytes(data, "utf-8")))

    return read


PEERS: dict[str, Callable[[], Read]] = {
    "mailharvest": ours,
    "naive re": naive_re,
    "lxml text + re": lxml_text_re,
    "extract-emails": extract_emails,
    "linkify-it-py": linkify_it,
    "urlextract": urlextract,
    "Scrapy selectors": scrapy_selectors,
    "resiliparse + re": resiliparse_re,
}
SLOW = {"urlextract": 20, "extract-emails": 10, "linkify-it-py": 10, "Scrapy selectors": 5,
        "naive re": 5, "lxml text + re": 5, "resiliparse + re": 5}  # fmt: skip
"""Which part of the pages a slow peer reads in a round: one in so many, spread over all."""
RIPGREP = "ripgrep -o"


def peers() -> tuple[dict[str, Read], list[str]]:
    """The peers that are installed, and the names of the others."""
    there, missing = {}, []
    for name, make in PEERS.items():
        try:
            there[name] = make()
        except ImportError:
            missing.append(name)
    return there, missing


def real_pages(directory: Path, limit: int) -> list[Page]:
    """HTML files below `directory`: up to `limit`, drawn with a fixed seed."""
    files = sorted(path for path in directory.rglob("*.htm*") if path.is_file())
    random.Random(1).shuffle(files)
    pages = (
        Page(path.read_bytes(), "text/html", path.relative_to(directory).as_posix())
        for path in files[:limit]
    )
    return [page for page in pages if page.data]


def simweb_pages(limit: int) -> tuple[list[Page], list[set[str]]]:
    """Pages of the simulated web, and what is planted on each."""
    from mailharvest.simweb.page import build, content_type
    from mailharvest.simweb.world import World

    world = World(seed=1, sites=500)
    numbers = random.Random(1).sample(range(world.pages), min(limit, world.pages))
    numbers = [number for number in numbers if not world.lost(number)]
    pages = [
        Page(build(world, n).plain(), content_type(world.site(n % world.sites)), str(n))
        for n in numbers
    ]
    return pages, [world.page_truth([number], obfuscated=True) for number in numbers]
