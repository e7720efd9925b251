"""The quick way: an address in plain surroundings, read in one look and without rendering.

Most addresses are a ``mailto:`` link, stand alone between tags or spaces, or are an attribute. What
is not surely one of these is left to the readers that know more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailharvest.extract import grammar
from mailharvest.extract.markup import BREAKS, TAG, is_shown, tag_name
from mailharvest.extract.page import LOCAL_BYTES, Page, plain_address
from mailharvest.extract.render import numbers

# What follows when that may end a host name: a quote, something else, or a tag.
_FOLLOW = (
    rb"(?:([\"'])|([\s,;)\]|?]|\.(?:\s|</)|&(?:gt|quot|nbsp|#39|#34);|\Z)"
    rb"|(</?[A-Za-z0-9]{1,10}[\s>/]))?"
)
HOST = re.compile(rb"([A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,8}+)" + _FOLLOW)
CUT = re.compile(rb"[A-Za-z0-9-]{0,30}[\"']")
"""The rest of a string that ends amid a host name: of a sum of strings, in a script."""
_AFTER = re.compile(rb"()" + _FOLLOW)
_QUOTE, _TAG = 2, 4  # groups
_INLINE_END = re.compile(
    rb"(?i:</(?:a|b|i|u|em|strong|span|font|code|tt|small)>)*+"
    rb"(?:[\s,;)\]|?\"']|\.(?:\s|</)|&(?:gt|quot|nbsp|#39|#34);"
    rb"|(</?[A-Za-z0-9]{1,10}[\s>/])|\Z)"
)
_STOP = re.compile(
    rb"[\s\"',;:)\]}|=?/]|\.(?:[\s\"'<]|\Z)|&(?:gt|quot|#39|#34);|\Z"
)  # no host name goes on after it
# The rest of a link behind "mailto:", when it writes to one and asks for nothing else; and its
# label when that is the address again.
_ONE = (
    rb"([A-Za-z0-9._+-]{1,64}+)@([A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,8}+)"
    rb"(?:\?(?i:(?:subject|body)=[^&\"'@<>]{0,600}+(?:&amp;|&)?){0,3}+)?"
)
_LINK = re.compile(_ONE + rb"[\"'](?:[^<>]{0,200}+>\1@\2</a>)?")
_ENCODED_LINK = re.compile(_ONE + rb"\Z")
_LONGEST_LINK = 1200
_LABEL = 400
_URL = 300
_URL_EDGE = re.compile(rb"[\s<>\"'`&]")
_SPELLED = re.compile(rb"\s{0,2}(?:[\[({]|(?i:dot)\b|-dot|_dot)")
NO_LOCAL = frozenset(b" \t\r\n\f,:!?()[{<=/|\"'`@#*")
"""What no local part ends with."""
_PLACEHOLDER = b" placeholder="
_PLAIN_LEFT = frozenset(b" \t\r\n\f(,|")
_PLAIN_ENTITIES = (b"&lt;", b"&#39;", b"&#34;", b"&quot;", b"&nbsp;")
_COMMANDS = (b"ssh ", b"scp ", b"sftp ", b"rsync ", b"-ID: ", b"-Id: ", b"ences: ", b"n-Reply-To: ")
_MESSAGE = re.compile(rb"(?:-I[dD]|ences|n-Reply-To):\s{0,9}|\sid\s")

# Characters written as numbers, next to an encoded sign.
_RUN = 600
_RUN_BYTES = bytes(
    byte if byte < 128 and (chr(byte).isalnum() or byte in b"._+-&#;:") else 32
    for byte in range(256)
)
_RUN_RIGHT = re.compile(
    rb"((?:[A-Za-z0-9-]++|\.(?=[A-Za-z0-9&])|&#(?:[0-9]{2,4}|[xX][0-9A-Fa-f]{2,4});){1,255}+)"
)
_PLAIN_LOCAL = re.compile(rb"[A-Za-z0-9._+-]{1,64}\Z")

# A host whose dots are words in brackets, behind a sign that is one.
_DOT = rb"(?:\s{0,3}[\[({]\s?(?i:dot)\s?[\])}]\s{0,3}|\.)"
_WORDED = re.compile(
    rb"\s{0,3}([A-Za-z0-9-]{1,63}+(?:" + _DOT + rb"[A-Za-z0-9-]{1,63}+){1,6}+)" + _FOLLOW
)
_DOTS = re.compile(_DOT)
_CLOSERS = (b")", b"]", b"}", b"*")
_OPENERS = {93: b"[", 41: b"(", 125: b"{"}


def read_link(page: Page, end: int) -> None:
    """Read a whole ``mailto:`` link, and its label with it; any but the plainest are left alone."""
    data = page.data
    if not page.tags:
        return
    link = _LINK.match(data, end)
    if link:
        address = plain_address(link[1], link[2], "mailto")
        read = link.end()
    else:
        quote = data.find(data[end - 8], end, end + _LONGEST_LINK)
        source = numbers(data[end : max(end, quote)]).translate(None, b"\t\r\n")
        source = source.replace(b"%40", b"@")
        link = _ENCODED_LINK.match(unquote_to_bytes(source) if b"%" in source else source)
        address = plain_address(link[1], link[2], "mailto") if link else None
        read = _behind_label(data, end, quote, address.email) if address else 0
    if address:
        page.keep(address, page.around(read, read) if page.context else None)
        page.done = read


def _behind_label(data: bytes, start: int, quote: int, email: str) -> int:
    """Where the label of a link ends when that is the address again, else where the link does."""
    label = data.find(b">", quote, quote + _LABEL) + 1
    close = data.find(b"</a", label, label + _LABEL) if label else -1
    if close < 0:
        return quote
    shown = data[label:close]
    if shown != data[start:quote]:
        shown = numbers(TAG.sub(b"", shown) if b"<" in shown else shown).lower()
        if shown.removeprefix(b"mailto:") != email.encode():
            return quote
    return close


def read_quick(page: Page, start: int, host: re.Match[bytes]) -> bool:
    """Read an address whose host is plain; False where more must be known."""
    local = page.data[start - 65 if start > 65 else 0 : start].translate(LOCAL_BYTES)
    local = local[local.rfind(b" ") + 1 :]
    return _read(page, start - len(local), local, host[1], host)


def read_numbers(page: Page, start: int, end: int) -> bool:
    """Read an address whose characters are partly written as numbers; False as above."""
    data = page.data
    source = data[max(0, start - _RUN) : start].translate(_RUN_BYTES).rpartition(b" ")[2]
    right = _RUN_RIGHT.match(data, end)
    local = numbers(source) if right else b""
    if right is None:
        return False
    first = start - len(source)
    scheme, colon, recipient = local.rpartition(b":")
    if not _PLAIN_LOCAL.match(recipient):
        return False
    if not colon:
        follow = _AFTER.match(data, right.end())
        assert follow is not None
        return _read(page, first, local, numbers(right[1]), follow)
    quote = right.end()
    if scheme.lower() != b"mailto" or data[first - 1 : first] != data[quote : quote + 1]:
        return False
    address = plain_address(recipient, numbers(right[1]), "mailto")
    if address:
        page.keep(address, page.around(quote, quote) if page.context else None)
        page.done = _behind_label(data, first, quote, address.email)
    return address is not None


def read_worded(page: Page, end: int) -> bool:
    """Read ``info [at] example [dot] com`` whose sign ends at `end`; False as above."""
    data = page.data
    start = data.rfind(_OPENERS.get(data[end - 1], b"["), max(0, end - 6), end)
    if start < 4 or data[start + 1 : end - 1].strip().lower() != b"at":
        return False
    host = _WORDED.match(data, end)
    if host is None or not _ends(data, host) or _SPELLED.match(data, host.end(1)):
        return False
    left = data[max(0, start - 68) : start].rstrip(b" ")
    local = left.translate(LOCAL_BYTES)
    local = local[local.rfind(b" ") + 1 :]
    if len(left) <= len(local) or not local:
        return False
    before = left[-len(local) - 1]
    if left[: -len(local)].rstrip().endswith(_CLOSERS):
        return False  # "jane [dot] doe": perhaps not the whole of it
    first = data.rfind(local, 0, start)
    if before not in _PLAIN_LEFT and not (before == 62 and begins_word(data, first)):
        return False
    address = plain_address(local, _DOTS.sub(b".", host[1]), "words", True)
    if address is None or page.tag_at(first) >= 0:
        return False
    page.keep(address, page.around(first, host.end(1)) if page.context else None)
    page.done = max(page.done, host.end(1))
    return True


def _read(page: Page, first: int, local: bytes, host: bytes, follow: re.Match[bytes]) -> bool:
    data, end, group = page.data, follow.end(1), follow.lastindex
    method: str | None = None
    if first > 0 and data[first - 1] == 47 and _is_path(data, first):
        return True
    if first > 0 and page.tags and group != 1 and (group != _TAG or _ends(data, follow)):
        before = data[first - 1]
        if before == 62:
            method = "text" if begins_word(data, first) else None
        elif before == 34 or before == 39:
            method = _in_quotes(page, first, follow)
        elif before in _PLAIN_LEFT if before != 59 else _behind_entity(data, first):
            tag = page.tag_at(first)
            if tag >= 0:
                method = _shown_in(page, tag, first)
            elif not (
                data.endswith(_COMMANDS, max(0, first - 12), first)
                or (before == 32 and data.find(b"ssh", max(0, first - 60), first) >= 0)
            ):
                method = "text"
    if method:
        address = plain_address(local, host, method)
        if not address:
            return _is_hopeless(data, end, host, local)
        page.keep(address, page.around(first, end) if page.context else None)
    elif method is None:
        return _is_hopeless(data, end, host, b"")
    if end > page.done:
        page.done = end
    return True


def _ends(data: bytes, follow: re.Match[bytes]) -> bool:
    """Whether what follows ends the host name for certain."""
    if follow.lastindex != _TAG:
        return follow.lastindex != 1
    if _breaks(follow[_TAG]):
        return True
    inline = _INLINE_END.match(data, follow.end(1))
    return inline is not None and (inline.lastindex is None or bool(_breaks(inline[1])))


def _is_hopeless(data: bytes, end: int, host: bytes, local: bytes) -> bool:
    """Whether no other way of reading could make an address of it."""
    name = host_of(host)
    if name is None:
        return bool(_STOP.match(data, end)) and not _SPELLED.match(data, end)
    return not name.glued and grammar.machine_made(local.decode("ascii"), name.domain)


@lru_cache(maxsize=16384)
def host_of(text: bytes) -> grammar.Host | None:
    """The host name that plain bytes begin with."""
    return grammar.host_at(text.decode("ascii"))


def _in_quotes(page: Page, first: int, follow: re.Match[bytes]) -> str | None:
    """The method for an address that begins behind a quote; "" when it is not shown."""
    data = page.data
    if data.endswith(_PLACEHOLDER, 0, first - 1):
        return ""
    tag = page.tag_at(first)
    if tag >= 0:
        return _shown_in(page, tag, first)
    return "text" if follow.lastindex == _QUOTE and follow[2][0] == data[first - 1] else None


def _shown_in(page: Page, tag: int, place: int) -> str | None:
    """The method for an address in an attribute; "" when it is not shown, None when unsure."""
    attribute = page.attribute(tag, place)
    if attribute is None or attribute.name == "value":
        return None
    if attribute.name == "placeholder":
        return ""
    if is_shown(attribute.name):
        return "meta" if page.data[tag + 1 : tag + 5].lower() == b"meta" else "attribute"
    return None


def _is_path(data: bytes, first: int) -> bool:
    """Whether the slash before `first` is one of a URL."""
    scheme = data.rfind(b"://", max(0, first - _URL), first - 1)
    return (
        scheme >= 0
        and data[scheme - 6 : scheme].lower() != b"mailto"
        and not _URL_EDGE.search(data, scheme + 3, first)
    )


def _behind_entity(data: bytes, first: int) -> bool:
    """Whether what stands before `first` is an entity that no address goes on behind."""
    return data.endswith(_PLAIN_ENTITIES, max(0, first - 6), first) and not (
        _MESSAGE.search(data, max(0, first - 40), first)
        or data.endswith(b"&gt; &lt;", 0, first)  # perhaps one Message-ID of many
    )


def begins_word(data: bytes, place: int) -> bool:
    """Whether the tags that end at `place` part what follows from the text before them."""
    for _ in range(4):
        start = data.rfind(b"<", max(0, place - 400), place)
        if start < 0:
            return False
        breaks = _breaks(data[start : start + 14])
        if breaks is not False:
            return bool(breaks)
        before = data[start - 1 : start]
        if before != b">":
            return start > 0 and before in b" \t\r\n(:,;"
        place = start
    return False


@lru_cache(maxsize=4096)
def _breaks(tag: bytes) -> bool | None:
    """Whether a tag parts what stands on either side of it; None when it is no tag."""
    name = tag_name(tag, 0)
    return None if name is None else name.lstrip("/") in BREAKS
