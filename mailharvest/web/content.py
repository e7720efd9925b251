"""Is it text? What a server says, and what the first bytes say."""

from __future__ import annotations

HEAD = 1024
"""Bytes that are looked at."""

_TEXT = ("text/", "application/xhtml", "application/xml", "application/json", "application/ld+json")
_SCRIPT = ("application/javascript", "application/ecmascript", "application/x-javascript")
_UNSAID = (
    "application/octet-stream",
    "application/unknown",
    "unknown/unknown",
    "binary/octet-stream",
)

# Formats that have no NUL among their first bytes often enough to need their name.
_MAGIC = (
    b"%PDF-",
    b"\x89PNG\r\n",
    b"GIF87a",
    b"GIF89a",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"7z\xbc\xaf",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"Rar!",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"\x7fELF",
    b"{\\rtf",
    b"%!PS",
    b"wOFF",
    b"wOF2",
)
_UTF_16_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# WHATWG MIME Sniffing §3: bytes that no text has; NUL is judged apart, ESC is ISO-2022-JP's.
_BINARY = bytes({*range(0x01, 0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)})


def may_be_text(content_type: str | None) -> bool:
    """Whether a body declared as `content_type` is worth reading.

    >>> [may_be_text(t) for t in ("text/html; charset=x", "application/atom+xml", "image/png")]
    [True, True, False]
    """
    if not content_type:
        return True
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_TEXT) or kind in _UNSAID or "/" not in kind:
        return True
    return kind.startswith(_SCRIPT) or (
        kind.startswith("application/") and kind.endswith(("+xml", "+json"))
    )


def is_binary(head: bytes) -> bool:
    """Whether a body that begins with `head` is no text, whatever was declared.

    >>> is_binary(b"%PDF-1.7"), is_binary(b"<html>"), is_binary("hé".encode("utf-16"))
    (True, False, False)
    """
    if head.startswith(_MAGIC):
        return True
    if head.startswith(_UTF_16_32):
        return False
    if b"\0" in head:
        return not _is_wide(head)
    # A stray control character is a dirty page; one in thirty is no page.
    return (len(head) - len(head.translate(None, _BINARY))) * 30 > len(head)


def _is_wide(head: bytes) -> bool:
    """UTF-16 without its mark: Latin letters leave every second byte zero, and only those."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return max(even, odd) * 2 > len(head) // 2 and min(even, odd) * 50 < len(head)
