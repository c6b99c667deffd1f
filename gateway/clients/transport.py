"""Requests over the wire, each asked once; connections are used again while they are fresh.

Nothing is repeated, no redirect followed, no cookie kept, nothing decompressed, and no proxy taken
from the environment.
"""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from typing import Final

from gateway.clients.connection import (
    IDLE_LIMIT_S,
    MAX_BODY,
    Connection,
    Exchange,
    Limits,
    PeerCertificate,
)
from gateway.clients.dialing import Dialer
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault, Unreached
from gateway.clients.guard import AddressPolicy, Resolver, SystemResolver, Target

_ENDS_HEADER: Final = re.compile(r"[\r\n\x00]")
USER_AGENT: Final = ("User-Agent", "dispatch-gateway")


class Transport:
    """Connections to wherever the policy permits; a pool for each origin.

    It holds no limit: callers hold semaphores, and a pool that queues would hide the wait.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        egress: Egress,
        connect_s: float = 3.0,
        resolver: Resolver | None = None,
    ) -> None:
        """Prepare it; connections are made inside the running loop.

        Args:
            egress: whom to trust, and the way out.
            connect_s: limit for connecting to one address, TLS included.
            resolver: looks names up, the system's by default; the guard stands in front of it.
        """
        self._resolver = resolver or SystemResolver()
        self._dialer = Dialer(policy, self._resolver, egress, connect_s=connect_s)
        self._idle: dict[tuple[bool, str, int], list[Connection]] = {}
        self._open = weakref.WeakSet[Connection]()
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def exchange(
        self,
        target: Target,
        body: bytes,
        headers: Iterable[tuple[str, str]],
        *,
        deadline_s: float,
        body_s: float | None = None,
        max_body: int = MAX_BODY,
        method: str = "POST",
        host: str | None = None,
        began: Callable[[], None] | None = None,
    ) -> Exchange:
        """Ask once and return what happened; never raises for what the network does.

        Cancellation is passed on, so a task killed half-way never reads as "unsent".

        Args:
            headers: names and values, besides `Host`, `Accept-Encoding` and `Content-Length`; what
                is no UTF-8 in them stands as lone surrogates.
            deadline_s: limit for all of it, from the lookup to the last byte.
            body_s: limit for the body alone, when only the status matters.
            max_body: bytes of the answer's body that are read.
            method: any but POST is asked without a body.
            host: what `Host` says, the target's own by default.
            began: called right before the first byte is handed to the socket.

        Raises:
            ValueError: a header holds what would end it; nothing was sent.
        """
        seen = Exchange()
        limits = Limits(
            end_at=asyncio.get_running_loop().time() + deadline_s,
            body_s=body_s,
            max_body=max_body,
            has_body=method != "HEAD",
        )
        is_post = method == "POST"
        size = len(body) if is_post else None
        head = _head(method, target.path, host or target.authority, headers, size)
        request = head + body if is_post else head
        connection = self._idle_one(target)
        if connection is None:
            try:
                connection = await self._dialer.dial(target, limits.end_at)
            except Unreached as error:
                seen.fault = error.fault
                return seen
            if self._is_closed:
                connection.abort()
                seen.fault = Fault.CONNECT_FAILED
                return seen
            self._open.add(connection)
        await connection.ask(request, seen, limits, began)
        if connection.is_reusable and not self._is_closed:
            self._keep(target, connection)
        else:
            connection.abort()
        return seen

    async def certificate(self, target: Target, *, deadline_s: float) -> PeerCertificate | Fault:
        """Return the certificate that `target` shows, as `ssl` tells it, or why it is not taken."""
        end_at = asyncio.get_running_loop().time() + deadline_s
        try:
            connection = await self._dialer.dial(target, end_at)
        except Unreached as error:
            return error.fault
        shown = connection.certificate
        connection.abort()
        return shown

    async def close(self) -> None:
        """Close all connections: what is under way ends as lost, or unsent."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in self._open:
            connection.abort()
        self._idle.clear()
        await self._resolver.close()

    def _idle_one(self, target: Target) -> Connection | None:
        waiting = self._idle.get((target.is_tls, target.host, target.port), ())
        while waiting:
            connection = waiting.pop()  # the one that was used last
            if connection.is_usable():
                return connection
            connection.close()
        return None

    def _keep(self, target: Target, connection: Connection) -> None:
        origin = (target.is_tls, target.host, target.port)
        self._idle.setdefault(origin, []).append(connection)
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(IDLE_LIMIT_S, self._sweep)

    def _sweep(self) -> None:
        """Close what will not be used again."""
        for origin, waiting in list(self._idle.items()):
            kept = []
            for connection in waiting:
                if connection.is_usable():
                    kept.append(connection)
                else:
                    connection.close()
            self._idle[origin] = kept
            if not kept:
                del self._idle[origin]
        self._sweeping = None
        if self._idle:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(IDLE_LIMIT_S, self._sweep)


def _head(
    method: str, path: str, host: str, headers: Iterable[tuple[str, str]], size: int | None
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines.append("Accept-Encoding: identity")
    lines += [f"{name}: {value}" for name, value in headers]
    if size is not None:
        lines.append(f"Content-Length: {size}")
    if _ENDS_HEADER.search("".join(lines)):
        raise ValueError("a header holds a line break or a NUL")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def retry_after_s(value: str | None, *, now_s: int) -> float | None:
    """Read a `Retry-After` header: seconds from now, or `None` for garbage and for the past.

    Absurdly far answers come back as they are; how long to wait is the caller's decision.
    """
    if value is None or not value.isascii() or len(value) > 64:
        return None
    if value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        wait_s = when.timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return wait_s if when.tzinfo is not None and wait_s > 0 else None
