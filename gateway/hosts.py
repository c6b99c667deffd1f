"""Which names a listener answers for: what stands in `Host`, or in an absolute request target.

A name that is not ours is a proxy's mistake, or a page in somebody's browser whose own name was
made to lead here (DNS rebinding): its scripts would be let in wherever the network is the only
guard.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

_FORM: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?", re.ASCII)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def host_name(value: str) -> str | None:
    """Return the name or address in the value of a `Host` header, in the form of the settings.

    Returns:
        In lower case, without port, brackets and final dot; `None` if it is not well-formed
        (RFC 9110 section 7.2).
    """
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    name = found[1].lower().rstrip(".")
    if name.startswith("["):
        return _canonical(name[1:-1])
    return name or None


class Hosts:
    """The names of one listener. Ports are not compared: a mapped one is not ours to know."""

    def __init__(self, names: Iterable[str], *, has_loopback: bool = False) -> None:
        """Prepare.

        Args:
            names: names and addresses, as `host_name` returns them.
            has_loopback: whether the names of this machine for itself are among them.
        """
        self._names = frozenset(names) | (_LOOPBACK if has_loopback else frozenset())

    def admits(self, value: str, *, reached_at: str = "") -> bool:
        """Tell whether the value of a `Host` header is ours.

        Args:
            reached_at: the address that the connection was made to. As a `Host` it is ours, too:
                a page from elsewhere has another one.
        """
        name = host_name(value)
        if name is None:
            return False
        return name in self._names or (name == _canonical(reached_at))


def _canonical(address: str) -> str | None:
    """Return an address as `ipaddress` writes it; an IPv4 address in IPv6 form is itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
