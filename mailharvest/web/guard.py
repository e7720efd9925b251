"""Which addresses may be dialled: none through which a page could make us reach inside.

Checked where sockets are made, after the name was resolved and with the very address that is
dialled. So a literal in a URL, a name that points inside, one that changes its mind between two
look-ups, a redirect and a robots.txt all meet the same gate.
"""

from __future__ import annotations

import errno
import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohappyeyeballs import AddrInfoType

# IANA's special-purpose registry, kept by ourselves: `ipaddress.is_global` follows the Python it
# comes with, calls 100.64/10 neither private nor global, and looks into no embedded address.
_REFUSED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's wire server: public by number, internal by use
            "169.254.0.0/16",  # link-local, and the metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # the only range that is given out
_REFUSED_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: any IPv4 address inside
            "3fff::/20",  # documentation
        ),
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")  # dialling one dials the IPv4 address
_NAT64 = IPv6Network("64:ff9b::/96")  # DNS64 gives it for every IPv4-only host


class PrivateAddress(OSError):
    """The address may not be dialled."""

    def __init__(self, address: str) -> None:
        super().__init__(
            errno.EACCES,
            f"{address} is not a public address; fetch: {{allow_private: true}} permits it",
        )


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """Whether `address`, as text and perhaps with a scope, is one of the public internet's.

    >>> [is_public(a) for a in ("93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e")]
    [True, True, True]
    >>> [is_public(a) for a in ("10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%eth0")]
    [False, False, False, False]
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed in _MAPPED or parsed in _NAT64:
            parsed = IPv4Address(parsed.packed[-4:])
        else:
            return parsed in _GLOBAL_6 and not any(parsed in net for net in _REFUSED_6)
    return not any(parsed in net for net in _REFUSED_4)


def guarded_socket(address: AddrInfoType) -> socket.socket:
    """A socket for `address`: the ``socket_factory`` of a connector that serves pages.

    Raises
    ------
    PrivateAddress
    """
    family, kind, protocol, _, peer = address
    if not is_public(str(peer[0])):
        raise PrivateAddress(str(peer[0]))
    return socket.socket(family, kind, protocol)
