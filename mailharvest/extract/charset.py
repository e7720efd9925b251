"""Bytes of a page to UTF-8, when they are not that already."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from mailharvest.extract import east_asia

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 2048
_ASCII = bytes(range(0x80))
_CAPITALS = bytes(range(0xC0, 0xE0))  # of Cyrillic in Windows; KOI8-R has its small letters there
_DECLARED = re.compile(
    rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)

# Labels that browsers read as a larger set (Encoding Standard, "names and labels").
_BROWSER = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "windows-31j": "cp932", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "big5": "big5hkscs",
    "x-user-defined": "cp1252",
}  # fmt: skip


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    """Python's name for a charset label, or None when there is no such text encoding."""
    label = label.strip().lower()
    try:
        info = codecs.lookup(_BROWSER.get(label, label))
    except (LookupError, ValueError):
        return None
    return info.name if info._is_text_encoding else None


def declared(data: bytes, content_type: str | None) -> str | None:
    """The charset that a page says it is in: byte order mark, header, then the document itself.

    >>> declared(b"<meta charset=windows-1251>", "text/html")
    'cp1251'
    >>> declared(b"<meta charset=windows-1251>", "text/html; charset=utf8")
    'utf-8'
    >>> declared(b"<p>", None) is None
    True
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    header = _HEADER.search(content_type or "")
    found = _codec(header[1]) if header else None
    if found is None:
        head = data[:_HEAD].lower()
        place = max(head.find(b"charset"), head.find(b"encoding"))
        meta = _DECLARED.match(head, place) if place >= 0 else None
        found = _codec(meta[1].decode("ascii")) if meta else None
        if found and found.startswith(("utf-16", "utf-32")):
            found = "utf-8"  # a page that can be read so far is not in it (HTML Standard, 13.2.3.2)
    return found


def _detected(data: bytes) -> str:
    """A guess for bytes that are no UTF-8 and say nothing usable.

    Accented letters of western Europe stand between ASCII letters; other scripts have whole words.

    >>> _detected("Grüße aus Zürich".encode("cp1252")), _detected("пишите нам".encode("cp1251"))
    ('cp1252', 'cp1251')
    """
    eastern = east_asia.guess(data)
    if eastern:
        return eastern
    sample = data[:65536]
    high = sample.translate(None, _ASCII)
    if sum(map(len, _HIGH_RUN.findall(sample))) * 2 < len(high):
        return "cp1252"
    capitals = len(high) - len(high.translate(None, _CAPITALS))
    return "koi8-r" if capitals * 2 > len(high) else "cp1251"


def is_utf8(data: bytes) -> bool:
    """Whether `data` is well-formed UTF-8; a character cut by its end is allowed.

    >>> is_utf8("ü".encode()), is_utf8(b"\\xfc."), is_utf8("aü".encode()[:-1])
    (True, False, True)
    """
    try:
        codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def to_utf8(data: bytes, content_type: str | None = None) -> bytes:
    """`data` as UTF-8, by what it says about itself; a wrong claim does not count.

    Bytes that are ASCII, or that claim to be UTF-8, come back as they are: whether the claim is
    true is asked by `repaired`, and only for pages with something on them.

    >>> to_utf8("a@bücher.example.com".encode("utf-16"))
    b'a@b\\xc3\\xbccher.example.com'
    >>> to_utf8("<meta charset=utf-16>ü".encode())
    b'<meta charset=utf-16>\\xc3\\xbc'
    """
    if data.startswith(codecs.BOM_UTF8):
        return data[3:]
    if b"\0" in data[:64] or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _wide(data)
    head = data[:_HEAD]
    told = content_type.lower() if content_type else ""
    if told.endswith("charset=utf-8"):
        return data
    if "charset" not in told and (b'charset="utf-8"' in head or b"charset=utf-8" in head):
        return data  # nearly every page; the same answer as below, sooner
    if data.isascii() and b"\x1b$" not in head:
        return data
    name = declared(head, content_type)
    if name in (None, "utf-8") or (not data.isascii() and is_utf8(data)):
        return data
    return data.decode(name, "replace").encode("utf-8", "replace")


def _wide(data: bytes) -> bytes:
    """UTF-16 or UTF-32, by its mark, else by where its zero bytes are."""
    name = declared(data[:4], None)
    if name is None or not name.startswith(("utf-16", "utf-32")):
        even, odd = data[:64:2].count(0), data[1:64:2].count(0)
        if even + odd > 40:
            name = "utf-32-le" if data[0] else "utf-32-be"
        elif max(even, odd) > 8:
            name = "utf-16-le" if odd > even else "utf-16-be"
        else:
            return data
    return data.decode(name, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def repaired(data: bytes) -> bytes:
    """`data` that was taken for UTF-8, as that: as it is when it is well-formed.

    >>> repaired("Grüße: a@bücher.example.com".encode("latin-1")).decode()
    'Grüße: a@bücher.example.com'
    """
    if data.isascii() or is_utf8(data):
        return data
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") * 20 < len(text) - len(text.encode("ascii", "ignore")):
        return data  # UTF-8 with a few broken places
    return data.decode(_detected(data), "replace").encode()
