"""Asking servers for `doctor`: one request each, through the guard that every call passes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from gateway.clients.guard import (
    AddressPolicy,
    Blocked,
    GuardedResolver,
    SystemResolver,
    dial_target,
)
from gateway.clients.transport import Exchange, Fault, exchange, open_session

_CONNECT_S: Final = 3.0
_DEADLINE_S: Final = 10.0
_DAY_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a server showed: how long it holds, or why it is not to be trusted."""

    days_left: int = 0
    problem: str = ""


class Visitor:
    """Asks; never follows a redirect, never repeats."""

    def __init__(
        self, session: aiohttp.ClientSession, policy: AddressPolicy, tls: ssl.SSLContext | None
    ) -> None:
        self._session = session
        self._policy = policy
        self._tls = tls

    async def ask(
        self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """Make one request and return what happened."""
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return Exchange(fault=Fault.ADDRESS_REFUSED)
        return await exchange(
            self._session, target, body, headers or {}, deadline_s=_DEADLINE_S, method=method
        )

    async def certificate(self, url: str, now_s: int) -> Certificate | Fault:
        """Return the certificate of an https URL as of `now_s`, or why there was no connection."""
        target = dial_target(url, self._policy)
        if isinstance(target, Blocked):
            return Fault.ADDRESS_REFUSED
        context = self._tls or ssl.create_default_context()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._show_certificate(target, context, now_s)
        except ssl.SSLCertVerificationError as error:
            return Certificate(problem=error.verify_message)
        except ssl.SSLError:
            return Fault.TLS_FAILED
        except OSError:  # a TimeoutError is one
            return Fault.CONNECT_FAILED

    async def _show_certificate(
        self, target: URL, context: ssl.SSLContext, now_s: int
    ) -> Certificate | Fault:
        assert target.host is not None  # noqa: S101 - it was checked
        resolver = GuardedResolver(self._policy, SystemResolver(threads=1))
        try:
            found = await resolver.resolve(target.host, target.port or 443, socket.AF_UNSPEC)
        finally:
            await resolver.close()
        _, writer = await asyncio.open_connection(
            found[0]["host"], target.port, ssl=context, server_hostname=target.host
        )
        try:
            shown: dict[str, Any] = writer.get_extra_info("peercert")
        finally:
            writer.close()
        ends_s = ssl.cert_time_to_seconds(shown["notAfter"])
        return Certificate(days_left=int(ends_s - now_s) // _DAY_S)


@contextlib.asynccontextmanager
async def visiting(policy: AddressPolicy, tls: ssl.SSLContext | None) -> AsyncIterator[Visitor]:
    """Open what visits need, inside the running loop.

    Args:
        tls: what to trust, `None` for the system's certificate authorities.
    """
    resolver = SystemResolver(threads=4)
    try:
        async with open_session(policy, resolver, connect_s=_CONNECT_S, tls=tls) as session:
            yield Visitor(session, policy, tls)
    finally:
        await resolver.close()
