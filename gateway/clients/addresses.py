"""Which addresses the gateway may connect to: a written-out table, not `ipaddress.is_global`.

`is_global` calls several addresses global that lead back into a network, such as
`64:ff9b::7f00:1` (127.0.0.1 behind NAT64) and `2002:7f00:1::` (127.0.0.1 in 6to4).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_PRIVATE: Final = (
    IPv4Network("10.0.0.0/8"),  # RFC 1918
    IPv4Network("100.64.0.0/10"),  # behind a carrier's NAT
    IPv4Network("127.0.0.0/8"),  # loopback
    IPv4Network("172.16.0.0/12"),  # RFC 1918
    IPv4Network("192.168.0.0/16"),  # RFC 1918
    IPv6Network("::1/128"),  # loopback
    IPv6Network("fc00::/7"),  # unique local
)
"""Refused by default, and what a closed network may switch on."""

_NEVER: Final = (
    IPv4Network("0.0.0.0/8"),  # "this host": connects to loopback on Linux
    IPv4Network("169.254.0.0/16"),  # link-local, where clouds serve credentials
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.0.2.0/24"),  # documentation
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("198.18.0.0/15"),  # benchmarking
    IPv4Network("198.51.100.0/24"),  # documentation
    IPv4Network("203.0.113.0/24"),  # documentation
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, and the broadcast address
    IPv6Network("2001::/23"),  # protocol assignments: Teredo, benchmarking, ORCHID
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise
    IPv6Network("3fff::/20"),  # documentation
)
"""Refused whatever is switched on."""

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All that was ever given out as public IPv6.

What lies outside is refused without a row of its own: IPv4-compatible `::/96`, both NAT64
prefixes in `64:ff9b::/32`, discard-only `100::/64`, SRv6 `5f00::/16`, link-local, site-local,
multicast, and what may come.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is asked: all that is under one path of one origin."""

    host: str
    """A lower-case name without a dot at its end, or an address without brackets."""
    port: int
    path: str
    """Without a slash at its end; "" is the whole of the origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where connections may go."""

    allow_private: bool = False
    """Also permit loopback and private ranges, names without a dot, and every port."""
    allowed_ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    https_only: bool = False
    own_places: frozenset[Place] = frozenset()
    """Where this gateway is asked itself: it must not call itself."""

    def leads_here(self, host: str, port: int, path: str) -> bool:
        """Say whether a URL of these parts is this gateway's own, in whatever form its host is."""
        host = _plain(host)
        return any(
            (own.host, own.port) == (host, port) and f"{path}/".startswith(f"{own.path}/")
            for own in self.own_places
        )

    def permits(self, address: Address) -> bool:
        """Say whether this address may be dialled."""
        return is_public(address) or (self.allow_private and is_private(address))


def is_public(address: Address) -> bool:
    """Say whether `address` plainly belongs to the public internet.

    An IPv4 address mapped into IPv6 (`::ffff:a.b.c.d`) is judged as the IPv4 address, since that
    is what the kernel dials. Every other embedding of IPv4 in IPv6 is refused.
    """
    address = _unwrapped(address)
    if any(address in network for network in (*_NEVER, *_PRIVATE)):
        return False
    if isinstance(address, IPv4Address):
        return True
    return address.scope_id is None and address in _GLOBAL_UNICAST


def is_private(address: Address) -> bool:
    """Say whether `address` belongs to a range that a closed network may switch on."""
    address = _unwrapped(address)
    return any(address in network for network in _PRIVATE)


def _plain(host: str) -> str:
    """Write a host as `Place` has it."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(_unwrapped(ip_address(host)))
    except ValueError:
        return host


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
