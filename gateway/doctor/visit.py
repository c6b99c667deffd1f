"""Asking servers for `doctor`: one request each, through the guard that every call passes."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.clients.connection import Exchange
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import AddressPolicy, Blocked, SystemResolver, dial_target
from gateway.clients.transport import USER_AGENT, Transport

_CONNECT_S: Final = 3.0
_DEADLINE_S: Final = 10.0
_DAY_S: Final = 24 * 3600
_OWN_HEADERS: Final = dict([("Accept", "*/*"), USER_AGENT])


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a server showed, and it is trusted: how long it holds."""

    days_left: int


class Visitor:
    """Asks; never follows a redirect, never repeats."""

    def __init__(self, transport: Transport, policy: AddressPolicy) -> None:
        self._transport = transport
        self._policy = policy

    async def ask(
        self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """Make one request and return what happened."""
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return Exchange(fault=Fault.ADDRESS_REFUSED)
        said = {**_OWN_HEADERS, **(headers or {})}
        host = said.pop("Host", None)
        return await self._transport.exchange(
            target, body, said.items(), deadline_s=_DEADLINE_S, method=method, host=host
        )

    async def certificate(self, url: str, now_s: int) -> Certificate | Fault:
        """Return the certificate of an https URL as of `now_s`, or why it is not accepted."""
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return Fault.ADDRESS_REFUSED
        shown = await self._transport.certificate(target, deadline_s=_DEADLINE_S)
        if isinstance(shown, Fault):
            return shown
        ends_s = ssl.cert_time_to_seconds(shown["notAfter"])
        return Certificate(days_left=int(ends_s - now_s) // _DAY_S)


@contextlib.asynccontextmanager
async def visiting(policy: AddressPolicy, egress: Egress) -> AsyncIterator[Visitor]:
    """Open what visits need.

    Args:
        egress: whom to trust, and the way out.
    """
    transport = Transport(
        policy, egress=egress, connect_s=_CONNECT_S, resolver=SystemResolver(threads=4)
    )
    try:
        yield Visitor(transport, policy)
    finally:
        await transport.close()
