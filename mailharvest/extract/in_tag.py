"""Places in tags: attributes that a page shows, links, and data for what it shows."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mailharvest.extract import grammar, words
from mailharvest.extract.in_script import MAIL_KEY, compute
from mailharvest.extract.mailto import is_mailto, only_recipient, recipients
from mailharvest.extract.markup import LINKS, TAG, is_shown, tag_name
from mailharvest.extract.page import Page
from mailharvest.extract.render import numbers, plain, shown, unescape
from mailharvest.extract.scripts import json_text

_QUOTES = " \t\r\n\"'”“„"
_TAG = re.compile(r"<(?![^<>@\s]{1,64}@)")  # the quote was forgotten
_URL_END = re.compile(r"[\"'<>\s]")
_SAMPLE = re.compile(
    r"(?:placeholder|example|sample|hint)\w{0,20}[\"']?\s{0,3}:\s{0,3}[\"']\Z", re.I
)
_LABEL = 400


def read_attribute(page: Page, tag: int, place: int) -> None:
    """Read the attribute of the tag at `tag` whose value holds `place`, as a whole."""
    attribute = page.attribute(tag, place)
    if attribute is None:
        return
    data, name = page.data, attribute.name
    if name == "placeholder":
        page.done = max(page.done, attribute.end)
        return
    source = data[attribute.start : attribute.end]
    value = unescape(numbers(source).decode("utf-8", "replace"))
    page.done = max(page.done, attribute.end)
    if is_mailto(value.lstrip(_QUOTES)):
        _link(page, _TAG.split(value.lstrip(_QUOTES), maxsplit=1)[0], source, attribute.end)
    elif name == "srcdoc":
        page.documents.append(value)
    elif name.startswith("on") or value.lstrip().lower().startswith("javascript:"):
        compute(page, value, _dataset(page, tag) if "dataset" in value else {})
        start = value.lower().find("mailto:")
        if start >= 0:
            for match in recipients(_URL_END.split(value[start:], 1)[0]):
                page.add(match, "mailto")
    elif is_shown(name):
        if name == "value" and b"hidden" in data[tag : attribute.end].lower():
            return
        _text(page, shown(value), "meta" if tag_name(data, tag) == "meta" else "attribute")
    elif name in LINKS:
        text = plain(value.strip())
        bare = grammar.address_at(*text.partition("@")[::2])
        if bare and len(bare.local) + 1 + len(bare.host) == len(text):
            page.add(bare, "attribute")  # href="info@example.com": the scheme was forgotten
    else:
        text = json_text(value)
        for sign, match in grammar.addresses_in(text):
            lead = text[max(0, sign - 160) : sign - len(match.local)]
            if lead[-7:].lower() == "mailto:":
                page.add(match, "mailto")
            elif (
                MAIL_KEY.search(lead)
                or (
                    value.lstrip()[:1] in ("{", "[")  # data: a whole string of it
                    and lead[-1:] in ("'", '"')
                    and text[sign + 1 + len(match.host) :][:1] == lead[-1]
                    and not _SAMPLE.search(lead)
                )
            ):
                page.add(match, "json")


def _link(page: Page, url: str, source: bytes, end: int) -> None:
    """Read a ``mailto:`` link, and its label with it when that is the address again."""
    data = page.data
    around = page.around(end, end) if page.context else None
    only = only_recipient(url)
    written = {only.as_found.lower()} if only else set()
    if only:
        page.keep(only, around)
    else:
        for match in recipients(url):
            page.add(match, "mailto", around=around)
            written.add(f"{match.local}@{match.host}".lower())
    if not written:
        for _, match in words.bracketed(plain(unquote(url))):
            page.add(match, "words", obfuscated=True)
    label = data.find(b">", end, end + _LABEL) + 1
    close = data.find(b"</a", label, label + _LABEL) if label else -1
    if close < 0:
        return
    if source.endswith(data[label:close]) and b":" not in data[label:close] and close > label:
        page.done = close
        return
    text = numbers(TAG.sub(b"", data[label:close]))
    if shown(text.decode("utf-8", "replace")).strip().lower().removeprefix("mailto:") in written:
        page.done = close


def _text(page: Page, text: str, method: str) -> None:
    """Read a whole text that a page shows."""
    for sign, match in grammar.addresses_in(text):
        around = text[: sign - len(match.local)], text[sign + 1 + len(match.host) :]
        page.add(match, method, around=around)
    for _, match in words.bracketed(text):
        page.add(match, "words", obfuscated=True)
    for _, match in words.bare(text):
        page.add(match, "bare words", obfuscated=True)


def _dataset(page: Page, tag: int) -> dict[str, str]:
    """What a handler in the tag at `tag` knows as ``this.dataset.…``."""
    known = {}
    for name, value in page.values(tag).items():
        if name.startswith("data-"):
            first, *rest = name.removeprefix("data-").split("-")
            known["this.dataset." + "".join((first, *map(str.capitalize, rest)))] = value
    return known
