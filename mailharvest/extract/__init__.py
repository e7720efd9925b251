"""Bytes of a page to the addresses that it shows: a pure function, and its corpus is its test."""

from __future__ import annotations

import html
import re

from mailharvest.extract.address import Address, normalise
from mailharvest.extract.classify import Classification, classify
from mailharvest.extract.title import page_title

__all__ = ["Address", "Classification", "classify", "extract", "normalise", "page_title"]

_ADDRESS = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24}\b")


def extract(
    data: bytes | str,
    *,
    content_type: str | None = None,
    url: str | None = None,
    context: bool = False,
) -> list[Address]:
    """The addresses that `data` shows, each once."""
    text = html.unescape(data if isinstance(data, str) else data.decode("utf-8", "replace"))
    found: dict[str, Address] = {}
    for match in _ADDRESS.finditer(text):
        email = normalise(match[0])
        if email and email not in found:
            domain = email.rpartition("@")[2]
            found[email] = Address(email, match[0], domain, "text", False, 0.9)
    return list(found.values())
