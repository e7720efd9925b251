"""A reader that shares nothing with the package: what a person would note down of a page."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import unquote

import idna
from lxml import html

ADDRESS = re.compile(r"(?<![\w@/.])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.example\.(?:com|org|net)(?![\w-])")
CLOAKED = re.compile(r"[\w.-]+ [\[(]at[\])] [\w-]+(?: [\[(]dot[\])] [\w-]+)+")
BLOCKS = "p div h1 h2 h3 li td th tr table section header footer nav details summary figure"


def normal(address: str) -> str:
    """Lower case, the domain as A-labels."""
    local, _, domain = address.partition("@")
    return f"{local.lower()}@{idna.encode(domain.lower()).decode()}"


def decode(body: bytes, content_type: str) -> str:
    """The text of a body by the charset of its header, or of its meta element."""
    charset = content_type.partition("charset=")[2]
    if not charset:
        found = re.search(rb'<meta charset="([\w-]+)"', body)
        assert found
        charset = found[1].decode()
    return body.decode(charset)


def read(text: str) -> tuple[set[str], set[str]]:
    """The addresses that the page shows, and those that it hides from robots."""
    root = html.document_fromstring(text)
    seen: list[str] = []
    cloaked: list[str] = []
    for script in root.xpath('//script[@type="application/ld+json"]'):
        seen += emails_in(json.loads(script.text))
    for useless in root.xpath('//script | //style | //comment() | //*[contains(@style, "none")]'):
        useless.drop_tree()
    for href in root.xpath("//a/@href"):
        if href.lower().startswith("mailto:"):
            seen.append(unquote(href[7:].partition("?")[0]))
        if href.startswith("/cdn-cgi/l/email-protection#"):
            cloaked.append(unhex(href.partition("#")[2]))
    cloaked += [unhex(code) for code in root.xpath("//@data-cfemail")]
    shown = root.xpath("//@alt | //@title | //@aria-label | //meta[@itemprop='email']/@content")
    for element in root.iter(*BLOCKS.split()):
        element.tail = " " + (element.tail or "")
        element.text = " " + (element.text or "")
    shown.append(root.text_content())
    for line in shown:
        seen += ADDRESS.findall(line)
        for words in CLOAKED.findall(line):
            cloaked.append(re.sub(r" [\[(]at[\])] ", "@", re.sub(r" [\[(]dot[\])] ", ".", words)))
    return set(map(normal, seen)), set(map(normal, cloaked))


def emails_in(data: object) -> list[str]:
    """Values of the key ``email``, at any depth."""
    if isinstance(data, dict):
        own = [data["email"].removeprefix("mailto:")] if "email" in data else []
        return own + [email for value in data.values() for email in emails_in(value)]
    if isinstance(data, list):
        return [email for value in data for email in emails_in(value)]
    return []


def unhex(code: str) -> str:
    """Cloudflare's encoding, read."""
    key, *rest = bytes.fromhex(code)
    return "".join(chr(byte ^ key) for byte in rest)


def note(snippet: str) -> set[str]:
    """The addresses in a line of plain text."""
    return set(map(normal, ADDRESS.findall(unescape(snippet))))
