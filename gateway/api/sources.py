"""Who a request comes from: the peer of the connection, or whom a trusted proxy names.

What is limited for each source needs a word that a stranger cannot choose. So a header counts only
when the peer is a trusted proxy, and then from its right end: each proxy appends the address that
it saw, and only the entries of trusted ones were not written by the stranger himself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from typing import Final, TypeAlias

from starlette.types import Scope

from gateway.settings.network_values import UNIX

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_HEADER: Final = b"x-forwarded-for"
_SUBSCRIBER_BITS: Final = 64
"""A subscriber has at least this network of IPv6, and every address in it (RFC 6177)."""


class Sources:
    """Tells the source of a request; nothing is done before somebody asks."""

    def __init__(self, trusted: Collection[str]) -> None:
        """Prepare; `trusted` are networks in CIDR notation, and `unix`, as the settings read them.

        The library's middleware of this kind rewrites every request, whether its source matters or
        not, and knows no proxy on a Unix socket.
        """
        self._trusts_unix = UNIX in trusted
        self._networks = [ipaddress.ip_network(each) for each in trusted if each != UNIX]

    def of(self, scope: Scope) -> str:
        """Return the source of a request.

        Returns:
            An IPv4 address, a network of IPv6 (`2001:db8:1:2::/64`: one subscriber has all of it),
            or `unix` for a peer on a Unix socket that is no trusted proxy.
        """
        client = scope.get("client")
        nearest = _address(client[0]) if client else None
        if not self._trusts(nearest):
            return _named(nearest)
        for entry in _entries(scope):
            found = _address(entry)
            if found is None:
                # `unknown` or nonsense: what stands left of it is no better.
                break
            nearest = found
            if not self._trusts(found):
                break
        return _named(nearest)

    def _trusts(self, address: _Address | None) -> bool:
        if address is None:
            return self._trusts_unix
        return any(address in network for network in self._networks)


def _entries(scope: Scope) -> Iterator[str]:
    """Yield what proxies appended, the last one first."""
    lines = [value for name, value in scope["headers"] if name == _HEADER]
    if lines:
        yield from reversed(b",".join(lines).decode("latin-1").split(","))


def _address(text: str) -> _Address | None:
    """Read an address, with or without a port; an IPv4 address in IPv6 form is itself."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _named(address: _Address | None) -> str:
    if address is None:
        return UNIX
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, _SUBSCRIBER_BITS), strict=False))
