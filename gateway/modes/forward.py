"""Passing a request on and its answer back, byte for byte.

Nothing is repeated and nothing is followed: whether a request is sent again is the decision of
whoever sent it. End-to-end headers go both ways; what belongs to one connection stays on it
(RFC 9110 section 7.6.1), and the body is asked for uncompressed, so that it can be read here too.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict, istr

from gateway.clients.guard import AddressPolicy, Blocked, SystemResolver, dial_target
from gateway.clients.transport import MAX_BODY, Exchange, Fault, exchange, open_session

Headers: TypeAlias = Sequence[tuple[str, str]]

_OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        # Written anew for each connection, or true of this one only.
        *("accept-encoding", "content-length", "date", "expect", "host"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The other side answered."""

    http_status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPassed:
    """Provably not one byte left."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedInDoubt:
    """Bytes may have left, and no whole answer came back."""

    reason: str


Passing: TypeAlias = Passed | NotPassed | PassedInDoubt


class Forwarder:
    """The port for passing on, on one connection pool of its own."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        deadline_s: float,
        connect_s: float = 3.0,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare the port; its pool opens with the first request, inside the running loop.

        Args:
            deadline_s: limit for one whole request and its answer.
            connect_s: limit for connecting to one address, TLS included.
            resolver: looks names up, the system's by default; the guard stands in front of it.
            tls: what to trust, the system's certificate authorities by default.
        """
        self._policy = policy
        self._deadline_s = deadline_s
        self._connect_s = connect_s
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Headers) -> Passing:
        """POST `body` once, with the end-to-end headers of whoever sent it here."""
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return NotPassed(reason=Fault.ADDRESS_REFUSED.value)
        if self._session is None:
            self._session = self._open()
        seen = await exchange(
            self._session,
            target,
            body,
            CIMultiDict(end_to_end(headers)),
            deadline_s=self._deadline_s,
        )
        if seen.http_status is None:
            reason = (seen.fault or Fault.CONNECTION_LOST).value
            return PassedInDoubt(reason=reason) if seen.began else NotPassed(reason=reason)
        if not _is_whole(seen):
            return PassedInDoubt(reason=Fault.UNREADABLE_RESPONSE.value)
        return Passed(
            http_status=seen.http_status,
            headers=end_to_end(seen.headers.items()),
            body=bytes(seen.body),
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    def _open(self) -> aiohttp.ClientSession:
        session = open_session(
            self._policy, self._resolver, connect_s=self._connect_s, tls=self._tls
        )
        # A header that nobody sent would change the request. aiohttp offers this choice only where
        # the session is made; a test holds that nothing is added.
        session.headers.pop("User-Agent", None)
        session._skip_auto_headers = frozenset(map(istr, ("Accept", "Content-Type", "User-Agent")))
        return session


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that are meant for the other end, in their order."""
    headers = list(headers)
    named = {
        name.strip().lower()
        for key, value in headers
        if key.lower() == "connection"
        for name in value.split(",")
    }
    dropped = _OF_THE_CONNECTION | named
    return [(key, value) for key, value in headers if key.lower() not in dropped]


def _is_whole(seen: Exchange) -> bool:
    """Tell whether the whole answer was read: half of one must not be passed on as one."""
    declared = next((v for k, v in seen.headers.items() if k.lower() == "content-length"), None)
    if declared is not None and declared.isdigit():
        return len(seen.body) == int(declared)
    return len(seen.body) < MAX_BODY
