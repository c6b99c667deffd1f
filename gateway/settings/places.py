"""Where the gateway listens: addresses with a port, and Unix sockets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.settings.values import Unusable, text

_UNIX_MARK: Final = "unix:"
_MAX_UNIX_PATH: Final = 107
"""Bytes that the system has room for (`sun_path`, with the zero at its end)."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}", re.ASCII)
_ANY_IPV6: Final = "::"
_LOCAL: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpPlace:
    """An address and a port; port 0 is any free one."""

    host: str
    port: int
    is_dual_stack: bool = False
    """Whether the address of IPv6 takes callers of IPv4, too."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, scheme: str) -> str:
        """Return the base URL of what listens here, as this machine asks it."""
        local = TcpPlace(host=_LOCAL.get(self.host, self.host), port=self.port)
        return f"{scheme}://{local}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixPlace:
    """A socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"{_UNIX_MARK}{self.path}"


Place: TypeAlias = TcpPlace | UnixPlace


def listen_hosts(raw: object) -> str:
    """Read where to listen: one host, address or `unix:/path`, or several."""
    parts: Iterable[object] = raw if isinstance(raw, list) else text(raw).split(",")
    return ",".join(_host(text(part)) for part in parts)


def places(hosts: str, port: int) -> tuple[Place, ...]:
    """Return the places in a value that `listen_hosts` returned.

    `::` alone takes callers of both families, as its users expect. Beside an address of IPv4 it
    takes those of IPv6 only: the other one has its own callers.
    """
    parts = hosts.split(",")
    has_ipv4 = any(
        not part.startswith(_UNIX_MARK) and not _is_ipv6(part) and part for part in parts
    )
    return tuple(
        UnixPlace(path=part.removeprefix(_UNIX_MARK))
        if part.startswith(_UNIX_MARK)
        else TcpPlace(host=part, port=port, is_dual_stack=part == _ANY_IPV6 and not has_ipv4)
        for part in parts
    )


def _host(part: str) -> str:
    if part.startswith(_UNIX_MARK):
        path = part.removeprefix(_UNIX_MARK)
        if not path.startswith("/") or path.endswith("/"):
            raise Unusable(
                "does not name a socket", "write it as in unix:/run/dispatch-gateway/http.sock"
            )
        if len(path.encode()) > _MAX_UNIX_PATH:
            raise Unusable(
                f"has a path of more than {_MAX_UNIX_PATH} bytes", "choose a shorter one"
            )
        return part
    host = part.removeprefix("[").removesuffix("]") if part.endswith("]") else part
    if _is_ipv6(host) or _HOST.fullmatch(host):
        return host
    raise Unusable(
        "is no address to listen on",
        "write an address or a name without scheme and port, as in 127.0.0.1, :: or"
        " unix:/run/gateway.sock; the port is another setting",
    )


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
