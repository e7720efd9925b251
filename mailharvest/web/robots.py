"""What a site's robots.txt allows (RFC 9309)."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic, time

from protego import Protego

from mailharvest.spec import Fetch
from mailharvest.web.fetch import FetchError, Reply, Request
from mailharvest.web.pace import MAX_CRAWL_DELAY, retry_after
from mailharvest.web.urls import resolve_url

MAX_BYTES = 500 * 1024
"""Bytes that are read; RFC 9309 §2.5 asks for no less."""
MAX_REDIRECTS = 5
"""Redirects that are followed, to other hosts too (§2.3.1.2)."""
FRESH = 24 * 3600.0
"""Seconds that rules are used (§2.4)."""

Exchange = Callable[[Request, float], Awaitable[Reply]]

_CACHE_BYTES = 64 * 2**20
_ENTRY_BYTES = 500  # what an entry takes besides its rules
_RULE_WEIGHT = 8  # parsed rules take that many times their text
_LONG = 32 * 1024
_SHORT = 4096
_COMPATIBLE = re.compile(r"compatible;\s*([A-Za-z_-]+)")
_TOKEN = re.compile(r"[A-Za-z_-]+")
# Lines that say nothing of what may be fetched, and so end no group of rules (§2.2.4).
_NO_RULE = re.compile(rb"^[ \t]*(?:#|sitemap[ \t]*:)[\t -~]*(?:\r?\n|\Z)", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt says to one crawler.

    Attributes
    ----------
    delay : float
        Seconds between two requests that it asks for, capped; 0 when it does not.
    """

    delay: float = 0.0
    _parsed: Protego | None = None
    _token: str = ""

    def allow(self, url: str) -> bool:
        """Whether `url` may be fetched."""
        return self._parsed is None or bool(self._parsed.can_fetch(url, self._token))


EVERYTHING = Rules()


@lru_cache(maxsize=64)
def token_of(user_agent: str) -> str:
    """The product token by which a robots.txt names the sender of `user_agent`.

    >>> token_of("mailharvest/0.1 (+https://x.example/bot)")
    'mailharvest'
    >>> token_of("Mozilla/5.0 (compatible; Somebot/2.0; +https://x.example)")
    'Somebot'
    """
    match = _COMPATIBLE.search(user_agent)
    if match:
        return match[1]
    match = _TOKEN.search(user_agent)
    return match[0] if match else "*"


def parse(text: bytes, token: str) -> Rules:
    """The rules in the bytes of a robots.txt.

    >>> rules = parse(b"User-agent: *\\nDisallow: /private\\nCrawl-delay: 2", "mailharvest")
    >>> rules.allow("http://x.example/private/1"), rules.allow("http://x.example/"), rules.delay
    (False, True, 2.0)
    """
    parsed = Protego.parse(text.decode("utf-8-sig", "replace"))
    delay = min(float(parsed.crawl_delay(token) or 0.0), MAX_CRAWL_DELAY)
    return Rules(delay, parsed, token)


_parsed = lru_cache(maxsize=1024)(parse)


def shared(text: bytes, token: str) -> Rules:
    """As :func:`parse`; short texts that say the same have the same rules, parsed once.

    Many sites have the file that came with a product, but for the line with their name.

    >>> one, other = (b"# of %s\\nUser-agent: *\\nDisallow: /x" % name for name in (b"a", b"b"))
    >>> shared(one, "mailharvest") is shared(other, "mailharvest")
    True
    """
    return parse(text, token) if len(text) > _SHORT else _parsed(_NO_RULE.sub(b"", text), token)


class Robots:
    """The rules of the sites that this process visits: a cache, bounded by the bytes it holds."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: OrderedDict[tuple[str, str], tuple[float, Rules]] = OrderedDict()
        self._users: dict[Rules, tuple[int, int]] = {}  # sites that have them; bytes, counted once
        self._bytes = 0

    def known(self, origin: str, user_agent: str) -> Rules | None:
        """The rules of `origin` when they were fetched in the last 24 hours."""
        key = (origin, token_of(user_agent))
        entry = self._known.get(key)
        if entry is None:
            return None
        if entry[0] < monotonic():
            self._forget(key)
            return None
        self._known.move_to_end(key)
        return entry[1]

    async def ask(self, origin: str, options: Fetch, headers: dict[str, str]) -> Rules:
        """Fetch the robots.txt of `origin`.

        A 4xx allows everything (§2.3.1.3). What cannot be reached forbids everything (§2.3.1.4),
        but is not remembered: whoever comes next asks again. 429 asks to wait, and so counts as
        not reached.

        Raises
        ------
        FetchError
            It cannot be reached; always one that may pass, unless the site itself cannot be used.
        """
        text = await self._text(origin + "/robots.txt", options, headers)
        token = token_of(options.user_agent)
        if not text:
            rules = EVERYTHING
        elif len(text) > _LONG:
            rules = await asyncio.to_thread(parse, text, token)
        else:
            rules = shared(text, token)
        self._remember((origin, token), rules, len(text))
        return rules

    async def _text(self, url: str, options: Fetch, headers: dict[str, str]) -> bytes:
        until = monotonic() + options.timeout  # of all hops together
        for hop in range(MAX_REDIRECTS + 1):
            request = Request(
                url, headers, MAX_BYTES, cut=True, any_type=True, private=options.allow_private
            )
            try:
                reply = await self._exchange(request, max(until - monotonic(), 0.0))
            except TimeoutError:
                raise _unreachable(f"no answer in {options.timeout:g} s") from None
            except FetchError as error:
                if hop == 0 and error.kind in ("dns", "connect", "tls", "private", "bad_url"):
                    raise  # the site itself cannot be used
                raise _unreachable(error.message, status=error.status) from None
            status = reply.status
            if 200 <= status < 300:
                return reply.body
            if 300 <= status < 400:
                target = resolve_url(url, reply.headers.get("Location", ""))
                if target is None or status == 304:
                    return b""
                url = target
            elif 400 <= status < 500 and status != 429:
                return b""
            else:
                wait = retry_after(reply.headers.get("Retry-After"), time())
                raise _unreachable(f"it answered {status}", wait=wait, status=status)
        return b""  # more redirects than are followed: unavailable, as a 4xx is (§2.3.1.2)

    def _remember(self, key: tuple[str, str], rules: Rules, size: int) -> None:
        self._forget(key)
        self._known[key] = (monotonic() + FRESH, rules)
        users, weight = self._users.get(rules, (0, size * _RULE_WEIGHT))
        self._users[rules] = (users + 1, weight)
        self._bytes += _ENTRY_BYTES + (0 if users else weight)
        while self._bytes > _CACHE_BYTES and len(self._known) > 1:
            self._forget(next(iter(self._known)))

    def _forget(self, key: tuple[str, str]) -> None:
        if (entry := self._known.pop(key, None)) is None:
            return
        users, weight = self._users.pop(entry[1])
        if users > 1:
            self._users[entry[1]] = (users - 1, weight)
        self._bytes -= _ENTRY_BYTES + (0 if users > 1 else weight)


def _unreachable(why: str, *, wait: float | None = None, status: int = 0) -> FetchError:
    return FetchError(
        "robots",
        f"robots.txt cannot be reached: {why}",
        passing=True,
        site_wide=True,
        wait=wait,
        status=status,
    )
