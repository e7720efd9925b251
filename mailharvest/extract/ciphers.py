"""Cloaks that keep the address in an attribute and have a script put it back: pure decoders."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import lru_cache

_TYPO3_RANGES = ((0x2B, 0x3A), (0x40, 0x5A), (0x61, 0x7A))
_BASE64 = re.compile(r"\s*[A-Za-z0-9+/_-]{4,400}={0,2}\s*\Z")


def cloudflare(token: str) -> str | None:
    """Cloudflare's e-mail protection: hexadecimal, every byte XORed with the first.

    >>> cloudflare("422b2c242d02273a232f322e276c212d2f")
    'info@example.com'
    >>> cloudflare("zzzz") is None, cloudflare("4") is None, cloudflare("") is None
    (True, True, True)
    """
    try:
        secret = bytes.fromhex(token)
        return secret[1:].translate(_xor(secret[0])).decode("utf-8")
    except (ValueError, IndexError):  # a UnicodeDecodeError is a ValueError
        return None


@lru_cache(maxsize=256)
def _xor(key: int) -> bytes:
    return bytes(byte ^ key for byte in range(256))


def _shift(text: str, offset: int) -> str:
    out = []
    for character in text:
        code = ord(character)
        for low, high in _TYPO3_RANGES:
            if low <= code <= high:
                code = low + (code - low + offset) % (high - low + 1)
                break
        out.append(chr(code))
    return "".join(out)


def typo3(token: str) -> str | None:
    """TYPO3's spam protection: characters moved by an offset that the site chose, in three ranges.

    In old versions all were moved alike.

    >>> typo3("nbjmup+jogpAfybnqmf\\\\/dpn"), typo3("nbjmup;jogpAfybnqmf/dpn")
    ('mailto:info@example.com', 'mailto:info@example.com')
    >>> typo3("hello world") is None
    True
    """
    token = token.replace("\\", "")
    if not token[:1].isascii() or not token[:1].islower():
        return None
    offset = ord("m") - ord(token[0])  # the first letter gives the offset away
    for text in (_shift(token, offset), moved(token, offset)):
        if text.startswith("mailto:"):
            return text
    return None


def moved(text: str, offset: int) -> str:
    """Every character of `text` moved by `offset`; what would be none is left out.

    >>> moved("jogp", -1)
    'info'
    """
    return "".join(chr(ord(c) + offset) for c in text if 0 < ord(c) + offset < 0xD800)


def cryptx(token: str) -> str | None:
    """CryptX: every character moved by one, or by the digit before it.

    >>> cryptx("jogpAfybnqmf/dpn"), cryptx("0i0n2h1p1A3h3{1b1n2r0l0e312f0e"), cryptx("x")
    ('info@example.com', 'info@example.de', None)
    """
    texts = [moved(token, -1)]
    digits = token[::2]
    if digits.isascii() and digits.isdigit() and len(token) % 2 == 0:
        texts = [
            "".join(moved(c, -int(n)) for n, c in zip(digits, token[1::2], strict=True)),
            *texts,
        ]
    return next((text for text in texts if "@" in text), None)


def rot13(text: str) -> str:
    """Letters moved by 13.

    >>> rot13("znvygb:vasb@rknzcyr.pbz")
    'mailto:info@example.com'
    """
    return codecs.decode(text, "rot13")


def unbase64(text: str) -> str | None:
    """Base64, with or without its padding, of UTF-8 text.

    >>> unbase64("aW5mb0BleGFtcGxlLmNvbQ=="), unbase64("not base64!")
    ('info@example.com', None)
    """
    if not _BASE64.match(text):
        return None
    text = text.strip().rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=None).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
