"""A polite harvester in fifty lines, of the standard library: what the truth is held against."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from mailharvest.simweb import Running
from tests.simweb.reader import decode, note, read


def ask(
    web: Running,
    target: str,
    *,
    host: str = "",
    method: str = "GET",
    body: Any = None,
    **fields: str,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request on a connection of its own."""
    link = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    try:
        sent = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if host:
            headers["Host"] = host
        link.request(method, target, sent, headers)
        reply = link.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        link.close()


def search(web: Running, query: str, page: int = 1, **more: Any) -> tuple[int, Any]:
    """Status and JSON of a Serper-shaped search."""
    status, _, body = ask(web, "/search", method="POST", body={"q": query, "page": page, **more})
    return status, json.loads(body)


def get(web: Running, url: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """A page by its URL; status 0 when the connection was reset."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        return ask(web, target, host=parts.netloc)
    except (ConnectionError, http.client.BadStatusLine):
        return 0, http.client.HTTPMessage(), b""


def harvest(web: Running, queries: Iterable[str]) -> tuple[set[str], set[str]]:
    """The addresses of these queries: shown ones, cloaked ones."""
    links: dict[str, None] = {}
    shown: set[str] = set()
    for query in queries:
        number = 1
        while organic := search(web, query, number, gl="eg")[1].get("organic"):
            for result in organic:
                shown |= note(result["snippet"])
                links[result["link"]] = None
            number += 1
    cloaked: set[str] = set()
    rules: dict[str, RobotFileParser] = {}
    for link in links:
        seen, hidden = visit(web, link, rules)
        shown |= seen
        cloaked |= hidden
    return shown, cloaked


def visit(web: Running, url: str, rules: dict[str, RobotFileParser]) -> tuple[set[str], set[str]]:
    """The addresses of a page, if robots.txt lets us and it answers."""
    for _ in range(6):
        site = urlsplit(url).netloc
        if site not in rules:
            rules[site] = RobotFileParser()
            status, _, body = get(web, f"http://{site}/robots.txt")
            if status == 200:
                rules[site].parse(body.decode().splitlines())
            rules[site].allow_all = 400 <= status < 500
            rules[site].disallow_all = status >= 500
        if not rules[site].can_fetch("mailharvest", url):
            return set(), set()
        status, headers, body = get(web, url)
        if status == 503:
            status, headers, body = get(web, url)
        if status == 200:
            return read(decode(body, headers["Content-Type"]))
        if status not in (301, 302):
            return set(), set()
        url = urljoin(url, headers["Location"])
    return set(), set()
