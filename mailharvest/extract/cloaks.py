"""Cloaks, each at its trigger: found, decoded, and kept as what a publisher hid from robots."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from mailharvest.extract import ciphers, grammar, words
from mailharvest.extract.grammar import Match
from mailharvest.extract.in_script import read_computed, read_in_script
from mailharvest.extract.in_tag import read_attribute
from mailharvest.extract.in_text import judge
from mailharvest.extract.mailto import is_mailto, only_recipient, recipients
from mailharvest.extract.markup import attributes, tag_name
from mailharvest.extract.page import Page, Script
from mailharvest.extract.quick import read_worded
from mailharvest.extract.regions import TURNING, element_end
from mailharvest.extract.render import left_of, shown
from mailharvest.extract.scripts import json_text

_BEFORE, _AFTER = 160, 200  # characters of text around a word for a sign
_MAX_TURNED = 2000
_MAX_OPENING = 1000
_HEX = re.compile(rb"""["'\\\s]{0,4}([0-9a-fA-F]{6,600})""")
_TOKEN = re.compile(
    rb"""(?:%27|['"]|&#0?39;|&quot;|\s){0,3}((?:(?!%27|&#0?39;|&quot;)[^'"<>\s]){8,600})"""
)
_ROTATED = re.compile(rb"([^\"'<>\\\s?]{4,330})")
_HALF = re.compile(
    r"(?:data-)?(?:e?-?mail-|contact-)?(?:"
    r"(?P<local>user|username|name|local|login|account|mailbox)"
    r"|(?P<host>domain|host|server|at)|(?P<tld>tld|ext|suffix))\Z"
)
_ENCODED = re.compile("enc|rot|crypt|rev")
_SPACED_SIGNS = (b" at ", b" @ ", " ät ".encode(), b" &auml;t ")
_ICON_END = re.compile(rb"\s*</[A-Za-z]{1,8}>")
_LITERAL = 160
_LINK = 600
_QUOTE = re.compile("[\"'`]")
_DIR_RTL = re.compile(rb"""\bdir\s{0,3}=\s{0,3}["']?rtl""", re.IGNORECASE)
_MIRROR = str.maketrans("()[]{}<>", ")(][}{><")


def _matches(text: str) -> Iterator[Match]:
    if is_mailto(text):
        yield from recipients(text)
        return
    yield from (match for _, match in grammar.addresses_in(text))
    yield from (match for _, match in words.bracketed(text))


def _keep(page: Page, text: str | None, method: str) -> bool:
    """Keep the addresses of a decoded text; whether there were some."""
    address = only_recipient(text, method, obfuscated=True) if text else None
    if address:
        page.keep(address, None)
        return True
    found = list(_matches(text or ""))
    for match in found:
        page.add(match, method, obfuscated=True)
    return bool(found)


def _read_token(
    page: Page,
    end: int,
    token: re.Pattern[bytes],
    decode: Callable[[str], str | None],
    method: str,
) -> None:
    """Decode the token behind `end`."""
    found = token.match(page.data, end)
    if not found:
        return
    page.done = max(page.done, found.end())
    _keep(page, decode(found[1].decode("utf-8", "replace")), method)


def read_cloudflare(page: Page, end: int) -> None:
    """``data-cfemail="…"`` and ``/cdn-cgi/l/email-protection#…``."""
    _read_token(page, end, _HEX, ciphers.cloudflare, "cloudflare")


def read_typo3(page: Page, end: int) -> None:
    """``linkTo_UnCryptMailto('…')`` and ``data-mailto-token="…"``."""
    _read_token(
        page, end, _TOKEN, lambda text: ciphers.typo3(html.unescape(unquote(text))), "typo3"
    )


def read_rot13(page: Page, end: int) -> None:
    """``znvygb:``, which is ``mailto:`` in ROT13."""
    _read_token(page, end, _ROTATED, ciphers.rot13, "rot13")


def read_hidden_mail(page: Page, end: int) -> None:
    """``data-enc-email="…"`` and kin, and ``<joomla-hidden-mail>``."""
    tag = page.tag_at(end - 1)
    if tag < 0:
        return
    values = page.values(tag)
    if "first" in values and "last" in values:
        parts = (ciphers.unbase64(values[part]) or "" for part in ("first", "last"))
        _keep(page, "@".join(parts), "joomla")
        return
    attribute = page.attribute(tag, end + 1)
    if attribute is None:
        return
    value = values.get(attribute.name, "")
    if only_recipient(value) and not _ENCODED.search(attribute.name):
        return  # as it stands: ".org" in ROT13 is ".bet", and both are real
    turned = ciphers.rot13(value.replace("[at]", "@"))
    kept = [
        _keep(page, turned.replace("/at/", "@").replace("/dot/", "."), "rot13"),
        _keep(page, ciphers.unbase64(value), "base64"),
        _keep(page, value[::-1], "reversed"),
    ]
    if any(kept):
        page.done = max(page.done, attribute.end)  # as it stands there it is no address


def read_halves(page: Page, end: int) -> None:
    """``data-user="info" data-domain="example.com"`` in a tag that has to do with mail."""
    tag = page.tag_at(end - 1)
    if tag < 0:
        return
    halves: dict[str, str] = {}
    for name, value in page.values(tag).items():
        half = _HALF.match(name)
        if half and half.lastgroup:
            halves.setdefault(half.lastgroup, value.strip())
    if not {"local", "host"} <= halves.keys():
        return
    if b"mail" not in page.data[tag : attributes(page.data, tag)[1]].lower():
        return
    host = ".".join(halves[part] for part in ("host", "tld") if part in halves)
    if not _keep(page, f"{halves['local']}@{host}", "concatenation"):
        _keep(page, f"{halves['local'][::-1]}@{host[::-1]}", "reversed")


def read_cryptx(page: Page, end: int) -> None:
    """``javascript:DeCryptX('…')`` of a plugin of WordPress."""
    _read_token(page, end, _TOKEN, lambda text: ciphers.cryptx(html.unescape(text)), "charcode")


def read_word(page: Page, end: int) -> None:
    """A word for "@" in brackets."""
    if page.script:
        _read_word_in_script(page, page.script, end)
        return
    if page.tags and read_worded(page, end):
        return
    ending = page.data[max(0, end - 40) : end].decode("utf-8", "replace")
    if not words.ends_with_sign(shown(ending, tags=page.tags)):
        return
    tag = page.tag_at(end - 1)
    if tag >= 0:
        attribute = page.attribute(tag, end - 1)
        if attribute and attribute.name == "alt" and attribute.end - attribute.start < 40:
            read_image(page, end)
        read_attribute(page, tag, end - 1)
        return
    before, after = page.around(end, end)
    _read_words(page, end, before[-_BEFORE:], after[:_AFTER])


def _read_word_in_script(page: Page, script: Script, end: int) -> None:
    """In JSON every string counts, in a program one that is nothing but the address."""
    left = page.data[max(script.body, end - _LITERAL) : end].decode("utf-8", "replace")
    right = page.data[end : min(script.end, end + _LITERAL)].decode("utf-8", "replace")
    before = _QUOTE.split(shown(json_text(left)))[-1]
    after = _QUOTE.split(shown(json_text(right)))[0]
    match = words.bracketed_near(before + after, len(before))
    if match and (script.kind or words.is_literal(before + after, match)):
        page.add(match, "words", obfuscated=True)


def _read_words(page: Page, end: int, before: str, after: str) -> None:
    match = words.bracketed_near(before + after, len(before))
    if match:
        page.add(match, "words", obfuscated=True, around=(before, after))
        tld = match.host.rpartition(".")[2].encode()
        page.done = max(page.done, page.data.find(tld, end, end + _AFTER))  # its dots with it


def read_spaced(page: Page, end: int) -> None:
    """``jane () example ! org``, as archives of mailing lists write it."""
    place = page.data.rfind(b" () ", max(0, end - 40), end) + 4
    before, after = page.around(place, place)
    _read_words(page, place, before[-_BEFORE:], after[:_AFTER])


def read_bare(page: Page, end: int) -> None:
    """A bare word for "@", or a word for "."."""
    tag = page.tag_at(end - 1)
    if tag >= 0:
        read_attribute(page, tag, end - 1)
        return
    before, after = page.around(end, end)
    before, after = before[-_BEFORE:], after[:_AFTER]
    _read_words(page, end, before, after)
    match = words.bare_near(before + after, len(before))
    sign = before.rfind("@")
    if match:
        page.add(match, "bare words", obfuscated=True, around=(before, after))
    if sign >= 0:  # "@example (dot) com": the gate saw no domain there
        before, after = before[:sign], before[sign + 1 :] + after
        judge(page, grammar.address_at(before, after), before, after, "text")


def read_labelled(page: Page, end: int) -> None:
    """``E-mail: jane at cs.example.edu``, and the same as what a ``mailto:`` link shows."""
    data = page.data
    low = max(0, end - 40)
    place = max(data.rfind(sign, low, end) + len(sign) for sign in _SPACED_SIGNS)
    if page.tag_at(place) >= 0:
        return
    tag = data.rfind(b"<", max(0, place - _LINK), place)
    linked = tag >= 0 and data[tag : tag + 3].lower() == b"<a " and b"mailto:" in data[tag:place]
    before, after = page.around(place, place)
    if linked:
        before = "mail: " + left_of(data[tag:place]).lstrip()
    match = words.labelled(before, after)
    if match:
        page.add(match, "bare words", obfuscated=True, around=(before, after))


def read_icon(page: Page, end: int) -> None:
    """An icon of the sign between the parts of an address, with no space on either side."""
    tag = page.tag_at(end - 1)
    if tag < 0:
        return
    closed = _ICON_END.match(page.data, attributes(page.data, tag)[1])
    if closed:
        before, after = page.around(tag, closed.end())
        if before[-1:].isalnum() and after[:1].isalnum():
            _read_words(page, closed.end(), before[-_BEFORE:] + "[at]", after[:_AFTER])


def read_image(page: Page, end: int) -> None:
    """A picture of the sign between the parts of an address."""
    tag = page.tag_at(end - 1)
    if tag >= 0:
        before, after = page.around(tag, attributes(page.data, tag)[1])
        _read_words(page, end, before[-_BEFORE:] + "[at]", after[:_AFTER])


def read_document(page: Page, end: int) -> None:
    """``srcdoc="…"``: a page within the page, whatever it holds."""
    tag = page.tag_at(end - 1)
    if tag >= 0:
        read_attribute(page, tag, end + 1)


def read_escape(page: Page, end: int) -> None:
    """A "@" escaped for JSON or JavaScript."""
    start = page.data.rfind(b"\\", max(0, end - 6), end)
    if page.script:
        read_in_script(page, start, end)
    elif page.kind == "json":
        before, after = page.around(start, end)
        judge(page, grammar.address_at(before, after), before, after, "json")
    elif (tag := page.tag_at(start)) >= 0:
        read_attribute(page, tag, start)


def read_script(page: Page, end: int) -> None:
    """Something that scripts put strings together with, or decode them."""
    if page.script:
        read_computed(page, page.script, end)
    elif (tag := page.tag_at(end - 1)) >= 0:
        read_attribute(page, tag, end - 1)


def read_reversed(page: Page, end: int) -> None:
    """An element whose text is written backwards and turned by CSS or ``<bdo dir=rtl>``."""
    tag = page.tag_at(end - 1)
    if tag < 0:
        return
    _, tag_end = attributes(page.data, tag)
    opening = page.data[tag : min(tag_end, tag + _MAX_OPENING)]
    if TURNING.match(opening) or (opening[:4].lower() == b"<bdo" and _DIR_RTL.search(opening)):
        _turn(page, tag, tag_end)


def read_turned(page: Page) -> None:
    """The elements that a style sheet on the page turns."""
    for start, tag_end in page.regions.turned():
        _turn(page, start, tag_end)


def _turn(page: Page, start: int, tag_end: int) -> None:
    end = element_end(page.data, tag_end, tag_name(page.data, start) or "", _MAX_TURNED)
    if end is not None:
        page.done = max(page.done, end)
        text = left_of(page.regions.text(tag_end, end))
        _keep(page, text[::-1].translate(_MIRROR), "reversed")
