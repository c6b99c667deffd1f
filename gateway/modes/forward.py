"""Passing a request on and its answer back, byte for byte.

Nothing is repeated and nothing is followed: whether a request is sent again is the decision of
whoever sent it. End-to-end headers go both ways; what belongs to one connection stays on it
(RFC 9110 section 7.6.1), and the body is asked for uncompressed, so that it can be read here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.clients.connection import Exchange
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import AddressPolicy, Blocked, Resolver, dial_target
from gateway.clients.transport import Transport
from gateway.modes.verbatim import sayable, with_query

Headers: TypeAlias = Sequence[tuple[str, str]]
"""Names and values; what is no UTF-8 in them stands as lone surrogates."""

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of an answer's body that are passed on."""

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
    """Those for the other end, and only such as HTTP allows to be said."""
    body: bytes
    """The whole body; or nothing, where only the status matters and the body did not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPassed:
    """Provably not one byte left."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedInDoubt:
    """Bytes may have left, and no whole answer came back: not one whose body broke off, either."""

    reason: str


Passing: TypeAlias = Passed | NotPassed | PassedInDoubt


class Forwarder:
    """The port for passing on, on one connection pool of its own."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        deadline_s: float,
        status_decides: bool = False,
        connect_s: float = 3.0,
        resolver: Resolver | None = None,
        egress: Egress | None = None,
    ) -> None:
        """Prepare the port; it connects inside the running loop.

        Args:
            deadline_s: limit for one whole request and its answer.
            status_decides: whether a status counts without the end of its body.
            connect_s: limit for connecting to one address, TLS included.
            resolver: looks names up, the system's by default; the guard stands in front of it.
            egress: whom to trust, and the way out; the system's authorities and none by default.
        """
        self._policy = policy
        self._deadline_s = deadline_s
        self._status_decides = status_decides
        self._transport = Transport(
            policy, egress=egress or Egress(), connect_s=connect_s, resolver=resolver
        )

    async def post(self, url: str, body: bytes, headers: Headers, *, query: bytes = b"") -> Passing:
        """POST `body` once, with the end-to-end headers of whoever sent it here.

        Args:
            query: goes on as it was written, valid or not.
        """
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return NotPassed(reason=Fault.ADDRESS_REFUSED.value)
        seen = await self._transport.exchange(
            with_query(target, query),
            body,
            end_to_end(headers),
            deadline_s=self._deadline_s,
            max_body=MAX_ANSWER,
        )
        return self._passing(seen)

    async def close(self) -> None:
        """Close the pool."""
        await self._transport.close()

    def _passing(self, seen: Exchange) -> Passing:
        if seen.http_status is None:
            reason = (seen.fault or Fault.CONNECTION_LOST).value
            return PassedInDoubt(reason=reason) if seen.began else NotPassed(reason=reason)
        # Any other number is no answer, and no server could repeat it.
        is_answer = 200 <= seen.http_status <= 599
        if not is_answer or not (seen.is_whole or self._status_decides):
            return PassedInDoubt(reason=Fault.UNREADABLE_RESPONSE.value)
        headers = end_to_end(sayable(seen.headers))
        if seen.is_whole:
            return Passed(http_status=seen.http_status, headers=headers, body=bytes(seen.body))
        # Nothing is left that these could be about.
        about = [(k, v) for k, v in headers if not k.lower().startswith("content-")]
        return Passed(http_status=seen.http_status, headers=about, body=b"")


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
