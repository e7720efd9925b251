from __future__ import annotations

import gzip
import zlib

import pytest

from mailharvest.web.content import HEAD, is_binary, may_be_text

TEXT = [
    b"",
    b"a@b.example.com",
    b"<!doctype html><html>",
    "<p>éà</p>".encode(),
    "<p>éà</p>".encode("latin-1"),
    "قاهرة".encode("windows-1256"),
    "東京".encode("shift_jis"),
    "東京".encode("iso2022_jp"),
    "<p>hello</p>".encode("utf-16"),
    "<p>hello</p>".encode("utf-16-le"),
    "<p>hello</p>".encode("utf-16-be"),
    "<p>hello</p>".encode("utf-32"),
    b"BEGIN:VCARD\r\nEMAIL:a@b.example.com\r\n",
    b"page\x0cbreak and one \x07 bell in a long enough line of text, as old pages have them",
]

BINARY = [
    b"%PDF-1.7\n%abc",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"\xff\xd8\xff\xe0",
    b"PK\x03\x04",
    gzip.compress(b"x", mtime=0),
    b"\0" * HEAD,  # an ISO image begins with 32 KiB of these
    b"RIFF\x24\x00\x00\x00WEBP",
    b"\x00\x00\x00\x18ftypmp42",
    b"\x7fELF\x02\x01",
    bytes(range(256)),
    zlib.compress(bytes(range(200)) * 3)[:200],
]


@pytest.mark.parametrize("head", TEXT)
def test_text(head: bytes) -> None:
    assert not is_binary(head)


@pytest.mark.parametrize("head", BINARY)
def test_binary(head: bytes) -> None:
    assert is_binary(head)


@pytest.mark.parametrize(
    ("declared", "worth"),
    [
        (None, True),
        ("", True),
        ("text/html", True),
        ("TEXT/HTML; charset=UTF-8", True),
        ("text/vcard", True),
        ("application/xhtml+xml", True),
        ("application/rss+xml", True),
        ("application/ld+json", True),
        ("application/octet-stream", True),
        ("html", True),
        ("application/pdf", False),
        ("image/svg+xml", False),
        ("application/zip", False),
        ("video/mp4", False),
        ("font/woff2", False),
    ],
)
def test_declared(declared: str | None, worth: bool) -> None:
    assert may_be_text(declared) is worth
