"""One page: from the places that the gate found to addresses, looking only at what is near them.

Whether a place stands in text, in a tag, in a script or in nothing that is shown is known without
parsing the page: regions come from one more scan, the tag from the nearest angle bracket.
Everything moves forward, and what was read once is not read again, so the whole is linear.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from urllib.parse import unquote

from mailharvest.extract import ciphers, grammar, words
from mailharvest.extract.address import Address, normalise
from mailharvest.extract.confidence import confidence
from mailharvest.extract.gate import Events
from mailharvest.extract.grammar import Match
from mailharvest.extract.mailto import is_mailto, recipients
from mailharvest.extract.markup import BREAKS, LINKS, SHOWN, Attribute, attributes, tag_name
from mailharvest.extract.regions import Region, Regions, element_end
from mailharvest.extract.render import left_of, plain, right_of, shown
from mailharvest.extract.scripts import json_text, script_texts

_BREAK = rb"</?(?:" + b"|".join(sorted(name.encode() for name in BREAKS)) + rb")[\s>/]"
_CLEAN_HOST = re.compile(
    rb"((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})"
    rb"(?=(?:</(?:a|b|i|u|em|strong|span|font|code|tt|small)>)*"
    rb"(?:[\s,;)\]|\"']|\.(?:\s|</)|" + _BREAK + rb"|\Z))",
    re.IGNORECASE,
)
_HOST_AHEAD = re.compile(rb"[A-Za-z0-9-]{0,63}(?:\.[A-Za-z0-9]|[<&%\\({\[\x80-\xff])")
_LOCAL_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or byte in b"._+-") else 32 for byte in range(256)
)
_PLAIN_LEFT = frozenset(b" \t\r\n\f(,[|")
_COMMANDS = (b"ssh ", b"scp ", b"sftp ", b"rsync ", b"-ID: ", b"-Id: ", b"ences: ", b"n-Reply-To: ")
_WINDOW = 128
_WIDE = 8192
_LEFT_EDGE = re.compile(r"[\s<>\"(),;|]")
_RIGHT_EDGE = re.compile(r"[^\w.-]")
_SCRIPT_REACH = 4000

_MAIL_KEY = re.compile(r"""["'][\w-]{0,40}mail[\w-]{0,20}["']\s{0,3}:\s{0,3}["'](?:mailto:)?\Z""", re.I)
_JSON_TYPE = re.compile(rb"""\btype\s*=\s*["']?[\w./+-]*json""", re.IGNORECASE)
_STATE = re.compile(
    rb"(?:window|self|globalThis)(?:\.\w+|\[[\"']\w+[\"']\])\s*=\s*[\[{]|__next_f|__NUXT__|JSON\.parse\("
)
_HEX = re.compile(rb"""["'#=\s]{0,4}([0-9a-fA-F]{6,600})""")
_TYPO3 = re.compile(rb"""(?:%27|['"]|&#0?39;|&quot;|\s){0,3}((?:(?!%27|&#0?39;|&quot;)[^'"<>\s]){8,600})""")
_ROT13 = re.compile(rb"[^\"'<>\\\s?]{4,330}")
_QUOTED = re.compile(rb"""\s?["']([^"'<>]{6,600})["']""")
_TURNED = re.compile(rb"(?=.*bidi-override)(?=.*direction\s{0,9}:\s{0,9}rtl)", re.I | re.S)
_DIR_RTL = re.compile(rb"""\bdir\s{0,3}=\s{0,3}["']?rtl""", re.IGNORECASE)


@lru_cache(maxsize=65536)
def _simple(local: bytes, host: bytes) -> tuple[str, str, str] | None:
    """Key, spelling and domain of an address in clean surroundings, or None for the long way."""
    name, text = local.decode("ascii"), host.decode("ascii")
    found = grammar.host_at(text)
    if found is None or found.text != text or grammar.machine_made(name, found.domain):
        return None
    return f"{name.lower()}@{found.domain}", f"{name}@{text}", found.domain


class NotUTF8(Exception):
    """What claimed to be UTF-8 is not, next to a candidate."""


class Page:
    """A page while it is read.

    Parameters
    ----------
    data : bytes
        UTF-8, as far as it is text.
    kind : {"html", "xml", "text", "json"}
    events : list
        What the gate found.
    context : bool
        Keep what stands around each address.
    trusted : bool
        That `data` is UTF-8 was only claimed: raise `NotUTF8` where it is not.
    """

    def __init__(
        self, data: bytes, kind: str, events: Events, context: bool = False, trusted: bool = False
    ) -> None:
        self.data = data
        self.kind = kind
        self.events = events
        self.found: dict[str, Address] = {}
        self._context = context
        self._trusted = trusted
        self._done = 0  # everything before this offset has been read
        self._seen = 0  # angle brackets are known up to here
        self._lt = self._gt = -1
        self._tag_at = -1
        self._tag: list[Attribute] = []
        self._decoded: set[int] = set()  # scripts whose computed strings have been read

    @cached_property
    def regions(self) -> Regions:
        return Regions(self.data, self.events[-1][0] + _WIDE)

    @property
    def _tags(self) -> bool:
        return self.kind in ("html", "xml")

    def read(self) -> list[Address]:
        """Every address of the page, each once, in the order in which they appear."""
        for end, kind in self.events:
            if end > self._done:
                _READERS[kind](self, end)
        if self._tags and any(kind == "reversed" for _, kind in self.events):
            self._read_turned()
        return list(self.found.values())

    # -- what is at a place -------------------------------------------------------------------

    def _region(self, place: int) -> Region | None:
        """The region at `place`, if any; nothing before the end of an unseen one is read again."""
        if not self._tags:
            return None
        region = self.regions.at(place)
        if region and region.kind != "script":
            self._done = region.end
        return region

    def _in_tag(self, place: int) -> int:
        """Where the tag begins that holds `place`; -1 when it stands in text."""
        if not self._tags:
            return -1
        data = self.data
        if place > self._seen:
            lt = data.rfind(b"<", self._seen, place)
            gt = data.rfind(b">", self._seen, place)
            self._lt = lt if lt >= 0 else self._lt
            self._gt = gt if gt >= 0 else self._gt
            self._seen = place
        if self._lt <= self._gt:
            return -1
        following = data[self._lt + 1 : self._lt + 2]
        return self._lt if following.isalpha() or following == b"/" else -1

    def _attribute(self, tag: int, place: int) -> Attribute | None:
        if tag != self._tag_at:
            self._tag_at = tag
            self._tag, _ = attributes(self.data, tag)
        return next((a for a in self._tag if a.start <= place <= a.end), None)

    def _around(self, start: int, end: int, size: int = _WINDOW) -> tuple[str, str]:
        """The shown text before `start` and after `end`."""
        xml = self.kind == "xml"
        if not self._tags:
            before = left_of(self.data[max(0, start - size) : start], tags=False)
            after = right_of(self.data[end : end + size], tags=False)
        else:
            before = left_of(self.regions.before(start, size), breaks=xml)
            after = right_of(self.regions.after(end, size), breaks=xml)
        if size < _WIDE and (
            (start > size and not _LEFT_EDGE.search(before))
            or (end + size < len(self.data) and not _RIGHT_EDGE.search(after))
        ):
            return self._around(start, end, size * 4)
        if self._trusted and ("\ufffd" in before[1:] or "\ufffd" in after[:-1]):
            raise NotUTF8
        return before, after

    # -- what was found -----------------------------------------------------------------------

    def _add(
        self, match: Match, method: str, obfuscated: bool = False, around: tuple[str, str] | None = None
    ) -> None:
        written = f"{match.local}@{match.host}"
        email = normalise(f"{match.local}@{match.domain}")
        if email:
            self._keep(email, written, match.domain, method, obfuscated, match.glued, around)

    def _keep(
        self,
        email: str,
        written: str,
        domain: str,
        method: str,
        obfuscated: bool = False,
        glued: bool = False,
        around: tuple[str, str] | None = None,
    ) -> None:
        sure = confidence(method, glued)
        old = self.found.get(email)
        if old and (old.obfuscated, -old.confidence) <= (obfuscated, -sure):
            return
        context = None
        if self._context and around:
            before, after = (" ".join(text.split()) for text in around)
            context = html.escape(f"{before[-60:]}{written}{after[:60]}")
        self.found[email] = Address(email, written, domain, method, obfuscated, sure, context)

    def _add_from(self, text: str, method: str, obfuscated: bool = False) -> None:
        """Everything that a whole text shows: plain addresses, then those in words."""
        for sign, match in grammar.addresses_in(text):
            self._add(match, method, obfuscated, (text[:sign], text[sign + 1 + len(match.host) :]))
        for _, match in words.bracketed(text):
            self._add(match, "words", True)

    # -- readers of one place -----------------------------------------------------------------

    def _sign(self, end: int) -> None:
        """A "@", as such or encoded."""
        data = self.data
        if data[end - 1] == 64:
            start = end - 1
            if not _HOST_AHEAD.match(data, end):
                return
            if self._tags and self._quick(start, end):
                return
        else:
            start = data.rfind(b"&", max(0, end - 9), end)
            start = start if start >= 0 else end - 3
            end += data[end : end + 1] == b";"
        self._long(start, end)

    def _quick(self, start: int, end: int) -> bool:
        """Read a plain address in clean surroundings; False where more must be known."""
        data = self.data
        host = _CLEAN_HOST.match(data, end)
        if not host:
            return False
        local = data[max(0, start - 65) : start].translate(_LOCAL_BYTES).rpartition(b" ")[2]
        first = start - len(local)
        if not local or len(local) > 64 or local[0] in b".+-" or local[-1] == 46 or first == 0:
            return False
        tag = self._in_tag(start)
        before = data[first - 1]
        if tag >= 0:
            if before != 58 or data[first - 7 : first].lower() != b"mailto:":
                return False
            if data[host.end() : host.end() + 1] not in (b'"', b"'"):
                return False
            method = "mailto"
        else:
            if before in _PLAIN_LEFT:
                if data.endswith(_COMMANDS, max(0, first - 12), first):
                    return False
            elif before != 62 or not self._begins_word(first):
                return False
            method = "text"
        found = _simple(local, host[1])
        if found is None or self._region(start):
            return self._done > start  # what is not shown has been read
        around = self._around(first, host.end()) if self._context else None
        self._keep(*found, method, around=around)
        return True

    def _begins_word(self, place: int) -> bool:
        """Whether the tags that end at `place` part what follows from the text before them."""
        data = self.data
        for _ in range(4):
            start = data.rfind(b"<", max(0, place - 400), place)
            if start < 0:
                return False
            name = tag_name(data, start)
            if name is None or name.lstrip("/") in BREAKS:
                return name is not None
            before = data[start - 1 : start]
            if before != b">":
                return start > 0 and before in b" \t\r\n(:,;"
            place = start
        return False

    def _long(self, start: int, end: int) -> None:
        """Read an address whose surroundings have to be rendered first."""
        region = self._region(start)
        if region:
            if region.kind == "script":
                self._in_script(region, start, end)
            return
        tag = self._in_tag(start)
        if tag >= 0:
            bracketed = self.data[tag + 1 : start]
            if len(bracketed) < 80 and not any(byte in b" \t\r\n=\"'/" for byte in bracketed):
                after = right_of(self.data[end : end + _WINDOW], tags=False)
                match = grammar.address_at(left_of(bracketed, tags=False), after)
                if match:  # "<jane@example.com>", not escaped: no tag that anybody meant
                    self._add(match, "text")
                return
            self._in_attribute(tag, start)
            return
        before, after = self._around(start, end)
        if self.kind == "json":
            before, after = json_text(before), json_text(after)
        self._judge(before, after, "json" if self.kind == "json" else "text")

    def _judge(self, before: str, after: str, method: str) -> None:
        match = grammar.address_at(before, after)
        if match:
            lead = before[: len(before) - len(match.local)]
            tail = after[len(match.host) :]
            spelled = words.spelled_local(before) if lead[-1:] in _SPELLED_EDGE else None
            if spelled:
                self._add(match._replace(local=spelled), "words", True, (before, after))
            elif lead.lower().endswith("mailto:"):
                self._add(match, "mailto", around=(lead, tail))
            else:
                self._add(match, method, around=(lead, tail))
            return
        host = words.spelled_host(after)
        local = (words.spelled_local(before) or grammar.local_at_end(before)) if host else None
        if host and local and not grammar.machine_made(local, host[1]):
            self._add(Match(local, *host, False), "words", True, (before, after))

    def _in_attribute(self, tag: int, place: int) -> None:
        """Read the attribute of the tag at `tag` that holds `place`."""
        data = self.data
        attribute = self._attribute(tag, place)
        if attribute is None:
            return
        self._done = attribute.end
        name = attribute.name
        raw = data[attribute.start : attribute.end].decode("utf-8", "replace")
        value = html.unescape(raw)
        if name == "srcdoc":
            self._nested(value)
        elif is_mailto(value.lstrip("\"'”“")):
            url = value.lstrip("\"'”“").partition("<")[0]
            for match in recipients(url):
                self._add(match, "mailto")
            for _, match in words.bracketed(plain(url)):
                self._add(match, "words", True)
        elif name.startswith("on") or value.lstrip().lower().startswith("javascript:"):
            self._code(value)
            start = value.lower().find("mailto:")
            if start >= 0:
                for match in recipients(re.split(r"[\"'<>\s]", value[start:])[0]):
                    self._add(match, "mailto")
        elif name in SHOWN or "mail" in name:
            if name == "value" and b"hidden" in data[tag : attribute.start].lower():
                return
            method = "meta" if tag_name(data, tag) == "meta" else "attribute"
            self._add_from(shown(value), method)
        elif name in LINKS:
            match = grammar.address_at(*plain(value.strip()).partition("@")[::2])
            if match and len(match.local) + 1 + len(match.host) == len(plain(value.strip())):
                self._add(match, "attribute")
        else:
            text = json_text(value)
            for sign, match in grammar.addresses_in(text):
                if _MAIL_KEY.search(text[max(0, sign - 160) : sign - len(match.local)]):
                    self._add(match, "json")

    def _nested(self, source: str) -> None:
        """Read a document within the document."""
        from mailharvest.extract.reader import extract  # the one loop back

        for address in extract(source, content_type="text/html", context=self._context):
            old = self.found.get(address.email)
            if old is None or old.obfuscated > address.obfuscated:
                self.found[address.email] = address

    def _in_script(self, region: Region, start: int, end: int) -> None:
        """Read a place in a script: JSON data, or strings that the script computes."""
        data = self.data
        before = json_text(data[max(region.body, start - _WINDOW) : start].decode("utf-8", "replace"))
        after = json_text(data[end : min(region.end, end + _WINDOW)].decode("utf-8", "replace"))
        before, after = shown(before), shown(after)
        opening = data[region.start : region.body]
        if _JSON_TYPE.search(opening):
            self._judge(before, after, "jsonld" if b"ld+json" in opening.lower() else "json")
            return
        match = grammar.address_at(before, after)
        if match:
            lead = before[: len(before) - len(match.local)]
            tail = after[len(match.host) :]
            whole = lead[-1:] in ("'", '"') and tail[:1] == lead[-1:]
            if lead.lower().endswith("mailto:"):
                self._add(match, "mailto")
            elif _MAIL_KEY.search(lead) or (whole and _STATE.search(data, region.body, region.body + 4000)):
                self._add(match, "json")
        self._script(region, start)

    def _script(self, region: Region, place: int) -> None:
        """Read the strings that the script around `place` computes, once."""
        low, high = region.body, region.end
        if high - low > 2 * _SCRIPT_REACH:
            cell = (place - low) // _SCRIPT_REACH
            low, high = max(low, low + (cell - 1) * _SCRIPT_REACH), min(high, low + (cell + 2) * _SCRIPT_REACH)
        if low not in self._decoded:
            self._decoded.add(low)
            self._code(self.data[low:high].decode("utf-8", "replace"))

    def _code(self, code: str) -> None:
        for text, method in script_texts(code):
            if "addy" in code and method == "concatenation":
                method = "joomla"
            for view in {text, shown(text)}:
                for _, match in grammar.addresses_in(plain(view)):
                    if f"{match.local}@{match.host}" not in code:
                        self._add(match, method, True)

    def _percent(self, end: int) -> None:
        """A percent-encoded "@": it counts in ``mailto:`` URLs alone."""
        if self._region(end - 1) is None:
            tag = self._in_tag(end - 1)
            if tag >= 0:
                self._in_attribute(tag, end - 1)

    def _escape(self, end: int) -> None:
        """A "@" escaped for JSON or JavaScript."""
        data = self.data
        start = data.rfind(b"\\", max(0, end - 6), end)
        region = self._region(start)
        if region and region.kind == "script":
            self._in_script(region, start, end)
        elif region is None and self.kind == "json":
            self._long(start, end)
        elif region is None:
            tag = self._in_tag(start)
            if tag >= 0:
                self._in_attribute(tag, start)

    def _computed(self, end: int) -> None:
        """Something that scripts decode strings with."""
        region = self._region(end - 1)
        if region:
            if region.kind == "script":
                self._script(region, end)
            return
        tag = self._in_tag(end - 1)
        if tag >= 0:
            self._in_attribute(tag, end - 1)

    def _decoded_token(
        self, end: int, token: re.Pattern[bytes], decode: Callable[[str], str | None], method: str
    ) -> None:
        """Decode what stands behind `end` and keep the addresses in it."""
        found = token.match(self.data, end)
        if not found or (region := self._region(end - 1)) and region.kind != "script":
            return
        text = decode(found[1 if token.groups else 0].decode("utf-8", "replace"))
        if text:
            for match in recipients(text) if is_mailto(text) else _matches(text):
                self._add(match, method, True)

    def _cloudflare(self, end: int) -> None:
        self._decoded_token(end, _HEX, ciphers.cloudflare, "cloudflare")

    def _typo3(self, end: int) -> None:
        self._decoded_token(
            end, _TYPO3, lambda text: ciphers.typo3(html.unescape(unquote(text))), "typo3"
        )

    def _rot13(self, end: int) -> None:
        self._decoded_token(end, _ROT13, ciphers.rot13, "rot13")

    def _hidden_mail(self, end: int) -> None:
        """``data-enc-email="…"`` and ``<joomla-hidden-mail …>``."""
        if self._region(end - 1):
            return
        tag = self._in_tag(end - 1)
        if tag < 0:
            return
        attribute = self._attribute(tag, end + 1)
        if attribute is None:
            return
        values = {
            a.name: html.unescape(self.data[a.start : a.end].decode("utf-8", "replace"))
            for a in self._tag
        }
        if "first" in values and "last" in values:
            parts = [ciphers.unbase64(values[part]) for part in ("first", "last")]
            self._decode_all("@".join(part or "" for part in parts), "joomla")
            return
        value = values[attribute.name]
        self._decode_all(ciphers.rot13(value.replace("[at]", "@")), "rot13")
        self._decode_all(ciphers.unbase64(value) or "", "base64")
        self._decode_all(value[::-1], "reversed")

    def _decode_all(self, text: str, method: str) -> None:
        for match in _matches(text):
            self._add(match, method, True)

    def _word(self, end: int) -> None:
        """A word for "@" in brackets."""
        ending = self.data[max(0, end - 40) : end].decode("utf-8", "replace")
        if not words.ends_with_sign(shown(ending, tags=self._tags)):
            return
        if self._region(end - 1):
            return
        tag = self._in_tag(end - 1)
        if tag >= 0:
            self._in_attribute(tag, end - 1)
            return
        before, after = self._around(end, end)
        text = before[-160:] + after[:200]
        for place, match in words.bracketed(text):
            self._add(match, "words", True, (text[:place], text[place:]))

    def _bare(self, end: int) -> None:
        """A bare word for "@", or a word for "."."""
        if self._region(end - 1) or self._in_tag(end - 1) >= 0:
            return
        before, after = self._around(end, end)
        text = before[-160:] + after[:200]
        for _, match in words.bracketed(text):
            self._add(match, "words", True)
        for _, match in words.bare(text):
            self._add(match, "bare words", True)
        sign = text.rfind("@", 0, 160)
        if sign >= 0:  # "@example (dot) com": the gate saw no domain there
            self._judge(text[:sign], text[sign + 1 :], "text")

    def _image(self, end: int) -> None:
        """A picture of the sign between the parts of an address."""
        if self._region(end - 1):
            return
        tag = self._in_tag(end - 1)
        if tag >= 0:
            before, after = self._around(tag, attributes(self.data, tag)[1])
            for _, match in words.bracketed(f"{before[-100:]}[at]{after[:200]}"):
                self._add(match, "words", True)

    def _reversed(self, end: int) -> None:
        """An element whose text is written backwards and turned by CSS or ``<bdo dir=rtl>``."""
        if self._region(end - 1):
            return
        tag = self._in_tag(end - 1)
        if tag < 0:
            return
        _, tag_end = attributes(self.data, tag)
        opening = self.data[tag:tag_end]
        if _TURNED.search(opening) or (opening[:4].lower() == b"<bdo" and _DIR_RTL.search(opening)):
            self._turned(tag, tag_end)

    def _read_turned(self) -> None:
        for start, tag_end in self.regions.turned():
            self._turned(start, tag_end)

    def _turned(self, start: int, tag_end: int) -> None:
        name = tag_name(self.data, start)
        end = element_end(self.data, tag_end, name or "")
        if end is None or end - tag_end > _WIDE:
            return
        self._done = max(self._done, end)
        self._decode_all(left_of(self.data[tag_end:end])[::-1].translate(_MIRROR), "reversed")


_SPELLED_EDGE = tuple(words.CLOSE) + ("-", "_", " ")
_MIRROR = str.maketrans("()[]{}<>", ")(][}{><")


def _matches(text: str) -> Iterable[Match]:
    yield from (match for _, match in grammar.addresses_in(text))
    yield from (match for _, match in words.bracketed(text))


_READERS: dict[str, Callable[[Page, int], None]] = {
    "at": Page._sign,
    "percent": Page._percent,
    "escape": Page._escape,
    "script": Page._computed,
    "cloudflare": Page._cloudflare,
    "typo3": Page._typo3,
    "rot13": Page._rot13,
    "hidden-mail": Page._hidden_mail,
    "reversed": Page._reversed,
    "image": Page._image,
    "word": Page._word,
    "bare": Page._bare,
}
