"""URLs as the frontier keeps them, and the site that each belongs to."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from ipaddress import AddressValueError, IPv4Address

from yarl import URL

from mailharvest.chunk import SHARDS

MAX_URL = 4096
"""Characters of the longest URL that is followed."""

_EDGES = "".join(map(chr, range(0x21)))
_REMOVED = dict.fromkeys(map(ord, "\t\n\r"))
_FORBIDDEN = re.compile(r"[\x00-\x20%<>\\^`{|}\x7f]")  # WHATWG URL, forbidden domain code points
_PORTS = {"http": 80, "https": 443}
# A URL that is its own normal spelling, as most are: yarl takes several times as long to say so.
# No port below 1000, no segment that begins with a dot, no A-label, nothing to encode or decode.
_PLAIN = re.compile(
    r"https?://(?:(?!xn--)[a-z0-9][a-z0-9-]{0,29}\.){1,6}(?!xn--)[a-z][a-z0-9-]{0,29}"
    r"(?::(?:[1-9][0-9]{3}|[1-5][0-9]{4}))?"
    r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?"
    r"(?:\?[A-Za-z0-9_~-][A-Za-z0-9._~=&-]*)?"
)


def normalise_url(url: str) -> str | None:
    """The one spelling of an http or https URL, or None when it is not one that may be fetched.

    The host is lower case and in A-labels, without a final dot; the port that the scheme implies,
    the fragment, user name and password are dropped; the path is percent-encoded and has no dots.
    Control characters are treated as browsers treat them (WHATWG URL, basic parser, steps 1 to 3).
    A host whose last label is a number must be a dotted quad: 127.1 and 0x7f000001 are refused.

    >>> normalise_url(" HTTP://User:pw@Example.COM:80/a/../b c?q=é#top ")
    'http://example.com/b%20c?q=%C3%A9'
    >>> normalise_url("http://bücher.example.com.")
    'http://xn--bcher-kva.example.com/'
    >>> [normalise_url(u) for u in ("javascript:alert(1)", "file:///etc/passwd", "/a", "http://127.1/")]
    [None, None, None, None]
    """
    if len(url) <= MAX_URL and _PLAIN.fullmatch(url):
        return url
    url = url.strip(_EDGES).translate(_REMOVED)
    if len(url) > MAX_URL:
        return None
    try:
        parsed = URL(url)
        scheme, host, port = parsed.scheme, parsed.host_subcomponent, parsed.explicit_port
        path = parsed.raw_path_qs
    except ValueError:  # among others a UnicodeError: no such host name, a lone surrogate
        return None
    if scheme not in _PORTS or not host:
        return None
    host = host.lower().rstrip(".")
    if not _is_host(host):
        return None
    if port is not None and port != _PORTS[scheme]:
        host = f"{host}:{port}"
    return f"{scheme}://{host}{path}"


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return True
    last = host.rpartition(".")[2]
    if last.isdecimal() or last.startswith("0x"):
        try:
            IPv4Address(host)
        except AddressValueError:
            return False
    return 0 < len(host) <= 253 and not _FORBIDDEN.search(host)


def resolve_url(base: str, reference: str) -> str | None:
    """What `reference`, found at `base`, points to; None when that may not be fetched.

    >>> resolve_url("http://a.example.com/x/y", "../z?q")
    'http://a.example.com/z?q'
    >>> resolve_url("http://a.example.com/", "javascript:alert(1)") is None
    True
    """
    reference = reference.strip(_EDGES).translate(_REMOVED)
    if len(reference) > MAX_URL:
        return None
    try:
        return normalise_url(str(URL(base, encoded=True).join(URL(reference))))
    except ValueError:
        return None


def site_of(url: str) -> str:
    """The site that a normalised `url` belongs to: ``host`` or ``host:port``, without the scheme.

    >>> site_of("https://www.example.com/contact"), site_of("http://a.example.com:8080/?q=1")
    ('www.example.com', 'a.example.com:8080')
    """
    return url.split("/", 3)[2]


def origin_of(url: str) -> str:
    """Scheme and site of a normalised `url`: what a robots.txt speaks for (RFC 9309 §2.3).

    >>> origin_of("https://www.example.com/contact?a=/b")
    'https://www.example.com'
    """
    return url[: url.index("/", 8)]


@lru_cache(maxsize=8192)
def shard_of(site: str) -> int:
    """The shard of a frontier that keeps the URLs of `site`; the same in every process.

    >>> shard_of("www.example.com") == shard_of("www.example.com") < SHARDS
    True
    """
    digest = blake2b(site.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % SHARDS
