"""How the settings of the listeners are read: places, names, trusted proxies."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from gateway.settings.places import TcpPlace, listen_hosts, places
from gateway.settings.values import PEM_MARK, Unusable, names, text, whole

DEFAULT_ADMIN_PORT: Final = 8081
OFF: Final = "off"
"""The word for no admin bind."""
UNIX: Final = "unix"
"""The word for peers on a Unix socket."""

_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII
)


def admin_port(raw: object) -> int | str:
    """Read the port of the admin bind, or the word for none."""
    if isinstance(raw, str) and raw.strip().lower() == OFF:
        return OFF
    try:
        return whole(0, 65535)(raw)
    except Unusable:
        raise Unusable(
            "is neither a port nor a known word",
            f"write a number from 0 to 65535 (0 takes a free one), or {OFF}",
        ) from None


def admin_host(raw: object) -> str:
    """Read the one address of the admin bind; an IPv6 address may stand in brackets."""
    (place, *others) = places(listen_hosts(raw), port=0)
    if others or not isinstance(place, TcpPlace):
        raise Unusable("is not one address", "write one, as in 127.0.0.1 or ::1")
    return place.host


def path(raw: object) -> str:
    """Read the path of a file that is looked at again and again; its content is not accepted."""
    if isinstance(raw, str) and PEM_MARK in raw:
        raise Unusable("is PEM text", "name the file that holds it, which may then be renewed")
    return text(raw)


def host_names(raw: object) -> frozenset[str]:
    """Read the names that a `Host` may have: no ports, IPv6 addresses with or without brackets."""
    found = set()
    for each in names(raw):
        name = each.lower().rstrip(".").removeprefix("[").removesuffix("]")
        try:
            name = str(ipaddress.ip_address(name))
        except ValueError:
            if not _HOST_NAME.fullmatch(name):
                raise Unusable(
                    "holds what is no host name",
                    "write names without scheme, port or path, as in gateway.example.com",
                ) from None
        found.add(name)
    return frozenset(found)


def trusted_proxies(raw: object) -> frozenset[str]:
    """Read addresses and networks, and the word for peers on a Unix socket.

    Returns:
        Each as CIDR notation writes it, an address as a network of one.
    """
    found = set()
    for each in names(raw):
        if each.lower() == UNIX:
            found.add(UNIX)
            continue
        try:
            found.add(str(ipaddress.ip_network(each.removeprefix("[").removesuffix("]"))))
        except ValueError:
            raise Unusable(
                "holds what is neither an address nor a network",
                f"write them as in 10.0.0.5, 10.1.0.0/16, 2001:db8::/32 or {UNIX}, separated by"
                " commas; host bits of a network are 0",
            ) from None
    return frozenset(found)
