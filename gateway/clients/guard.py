"""Where the gateway may connect: URLs are checked as text, addresses when they are dialled.

Both checks are needed. The text check answers a registration at once and without DNS; a name can
point anywhere, and elsewhere a second later, so each dial resolves anew, keeps only permitted
addresses, and connects to one of exactly those.
"""

from __future__ import annotations

import asyncio
import re
import socket
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol

import idna

from gateway.clients.addresses import Address, AddressPolicy, is_public

__all__ = [
    "AddressPolicy",
    "AddressRefused",
    "Blocked",
    "GuardedResolver",
    "ResolutionTimedOut",
    "Resolver",
    "SystemResolver",
    "Target",
    "check_url",
    "dial_target",
    "is_public",
]

MAX_URL_LENGTH: Final = 2048

# The one parser. It knows no user info, no fragment, no zone, no escapes in the host, and nothing
# outside ASCII but in the host; each part ends where a character outside its class begins, so
# it runs in linear time. What is dialled is built from the parts, never from the text.
_URL: Final = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\x00-\x20\x7f\"#%/:<>?@\[\\\]^`{|}]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9\-._~!$&'()*+,;=:@/%\[\]]*)?"
    r"(?:\?(?P<query>[A-Za-z0-9\-._~!$&'()*+,;=:@/%\[\]?]*))?"
)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNICODE_DOTS: Final = frozenset("\u3002\uff0e\uff61")
_EAST_ASIAN: Final = frozenset(
    ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO")
)
_LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal", ".home.arpa")

_NOT_PUBLIC: Final = "The host is not on the public internet; use one that is."
_OWN: Final = "The URL points back at this gateway; use the receiver's own host."
_BAD_HOST: Final = (
    "The host is not a valid name or address; write a domain name (its xn-- form if in doubt), a"
    " dotted IPv4 address or a bracketed IPv6 address."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A URL that is not dialled: `why` is one sentence, and repeats nothing of the URL."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to dial and what to ask for: ASCII throughout, as it goes on the wire."""

    is_tls: bool
    host: str
    """A name in lower case, or an address without brackets."""
    is_address: bool
    port: int
    path: str
    """Path and query as they were written; what is no UTF-8 in them stands as lone surrogates."""

    @property
    def authority(self) -> str:
        """What `Host` says: the port only where it is not the scheme's own."""
        host = bracketed(self.host)
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"http{'s' * self.is_tls}://{self.authority}{self.path}"


def bracketed(host: str) -> str:
    """Write a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


class AddressRefused(OSError):
    """A name that resolves, but to no permitted address."""


class ResolutionTimedOut(OSError):
    """A name whose lookup did not end in time."""


def check_url(url: str, policy: AddressPolicy) -> str | None:
    """Return why `url` cannot be called and what to do, or `None`. Asks no DNS."""
    checked = dial_target(url, policy)
    return checked.why if isinstance(checked, Blocked) else None


def dial_target(url: str, policy: AddressPolicy) -> Target | Blocked:
    """Return what to dial for `url`: an ASCII host and path and query as they were written."""
    if len(url) > MAX_URL_LENGTH:
        return Blocked(why=f"The URL is longer than {MAX_URL_LENGTH} characters; shorten it.")
    parts = _URL.fullmatch(url)
    if parts is None:
        return Blocked(why=_explain(url))
    scheme = parts["scheme"].lower()
    if policy.https_only and scheme != "https":
        return Blocked(why="The URL is plain http, which is switched off here; use https.")
    port = int(parts["port"]) if parts["port"] else {"http": 80, "https": 443}[scheme]
    if not 0 < port < 65536:
        return Blocked(why="The port does not exist; use one between 1 and 65535.")
    if not policy.allow_private and port not in policy.allowed_ports:
        ports = ", ".join(map(str, sorted(policy.allowed_ports)))
        return Blocked(why=f"The port is not allowed; use one of {ports}.")
    host = _host(parts["host"], policy)
    if isinstance(host, Blocked):
        return host
    path, query = parts["path"] or "/", parts["query"]
    if policy.leads_here(str(host), port, path):
        return Blocked(why=_OWN)
    return Target(
        is_tls=scheme == "https",
        host=str(host),
        is_address=not isinstance(host, str),
        port=port,
        path=f"{path}?{query}" if query else path,
    )


def _explain(url: str) -> str:
    """Say what keeps `url` from parsing, by the most telling fault."""
    scheme, separator, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if any(c <= " " or c in "\x7f\\" for c in url):
        return "The URL contains a space, a control character or a backslash; remove it."
    if not separator or scheme.lower() not in ("http", "https"):
        return "The URL does not start with https:// or http://; write it out in full."
    if "@" in authority:
        return "The URL contains a user name or password; remove it."
    if "#" in url:
        return "The URL contains a fragment (#...); remove it."
    if not rest.removeprefix(authority).isascii():
        return "The path or query contains characters outside ASCII; percent-encode them."
    return (
        "The URL is not well formed; write https://host:port/path?query, percent-encoding what"
        " else belongs into path or query."
    )


def _host(host: str, policy: AddressPolicy) -> str | Address | Blocked:
    """Return the name in ASCII, or the address; or why it may not be dialled."""
    if host.startswith("["):
        try:
            return _literal(IPv6Address(host[1:-1]), policy)
        except ValueError:
            return Blocked(why=_BAD_HOST)
    try:
        name = _ascii_name(host)
    except UnicodeError:
        return Blocked(why=_BAD_HOST)
    if _NUMERIC.fullmatch(name.rpartition(".")[2]):
        # 127.1, 2130706433 and 0x7f.1 all mean 127.0.0.1 to some resolver; only four plain
        # decimal numbers mean the same to every reader.
        try:
            return _literal(IPv4Address(name), policy)
        except ValueError:
            return Blocked(why=_BAD_HOST)
    is_local = "." not in name or name.endswith(_LOCAL_SUFFIXES)
    return Blocked(why=_NOT_PUBLIC) if is_local and not policy.allow_private else name


def _literal(address: Address, policy: AddressPolicy) -> Address | Blocked:
    return address if policy.permits(address) else Blocked(why=_NOT_PUBLIC)


def _ascii_name(host: str) -> str:
    """Write a name in ASCII by IDNA 2008.

    Nothing is mapped first: full-width digits or a capital beyond ASCII would turn into another
    name than the one written.

    Raises:
        UnicodeError: it is not a name.
    """
    if not host.isascii() and not _UNICODE_DOTS.isdisjoint(host):
        raise UnicodeError("dots other than the full stop")
    name = host.lower() if host.isascii() else idna.encode(host).decode("ascii")
    for label in name.split("."):
        if not _LABEL.fullmatch(label):
            raise UnicodeError("not a label")
        if label.startswith("xn--") and _mixes_scripts(idna.decode(label)):
            raise UnicodeError("letters of several scripts")
    return name


def _mixes_scripts(label: str) -> bool:
    # The first word of a letter's Unicode name is its script. Japanese, Korean and Chinese names
    # combine scripts, also with Latin; elsewhere a mixture is how one name poses as another.
    scripts = {unicodedata.name(c, "?").split()[0] for c in label if c.isalpha()}
    return len(scripts - _EAST_ASIAN) > 1


class Resolver(Protocol):
    """Looks names up."""

    async def resolve(self, host: str) -> list[str]:
        """Return the addresses of a name, the preferred first.

        Raises:
            OSError: the name does not resolve.
        """
        ...

    async def close(self) -> None:
        """Give up what waits."""
        ...


class SystemResolver:
    """The machine's own name lookup, on threads of its own.

    Names of hanging servers may fill these threads; they must not fill the loop's default ones,
    on which others depend.
    """

    def __init__(self, threads: int = 16) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def resolve(self, host: str) -> list[str]:
        """Return the addresses of `host` in the order the system prefers."""
        try:
            asking = self._pool.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        except RuntimeError:
            raise OSError("closed before the lookup") from None
        try:
            found = await asyncio.wrap_future(asking)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not whoever waits was cancelled: closing gave up what no thread had begun with.
            raise OSError("closed before the lookup") from None
        except UnicodeError:
            raise OSError("no name can be written so") from None
        return [str(to[0]) for _, _, _, _, to in found]

    async def close(self) -> None:
        """Give up what waits; a lookup in progress ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class GuardedResolver:
    """A resolver that lets only permitted addresses through; what it returns is what is dialled."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver, *, limit_s: float = 5.0) -> None:
        self._policy = policy
        self._resolver = resolver
        self._limit_s = limit_s

    async def resolve(self, host: str, *, port: int = 0, path: str = "/") -> list[str]:
        """Return the permitted addresses of `host`.

        Args:
            port: what is asked for there, with `path`: a name may lead to this gateway itself.

        Raises:
            AddressRefused: none of its addresses is permitted.
            ResolutionTimedOut: the lookup took longer than the limit.
            OSError: the name does not resolve.
        """
        try:
            async with asyncio.timeout(self._limit_s):
                found = await self._resolver.resolve(host)
        except TimeoutError:
            raise ResolutionTimedOut("the lookup took too long") from None
        permitted = [
            to
            for to in found
            if self._policy.permits(ip_address(to)) and not self._policy.leads_here(to, port, path)
        ]
        if not permitted:
            raise AddressRefused("the name has no permitted address")
        return permitted

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()
