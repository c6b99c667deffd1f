"""Sends to Messages v1: one POST, and one of three outcomes that decide whether it may be again."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver

from gateway.clients.guard import AddressPolicy, Blocked, SystemResolver, dial_target
from gateway.clients.transport import Fault, exchange, open_session, retry_after_s
from gateway.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The upstream's status arrived. What it means for the step is the caller's to say."""

    http_status: int
    """Between 200 and 599."""
    body: bytes
    """As much as came: cut at 64 KiB, at the deadline, or where the connection broke."""
    retry_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Provably not one byte left: sending again messages nobody twice."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """Bytes may have left and no answer tells: sending again may message a person twice."""

    reason: str


SendOutcome: TypeAlias = Answered | Unsent | InDoubt


class MessagesClient:
    """The port for sends, on one connection pool of its own.

    It never repeats a request, follows no redirect and keeps no cookie. Build it anywhere; its
    pool opens with the first send, inside the running loop.
    """

    def __init__(
        self,
        *,
        base_url: str,
        policy: AddressPolicy,
        clock: Clock,
        deadline_s: float = 10.0,
        connect_s: float = 3.0,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare the client.

        Args:
            base_url: the upstream's address without `/v1/messages`.
            deadline_s: limit for one whole attempt; shorter than the lease that guards it.
            connect_s: limit for connecting to one address, TLS included.
            resolver: looks names up, the system's by default; the guard stands in front of it.
            tls: what to trust, the system's certificate authorities by default.

        Raises:
            ValueError: `policy` does not allow `base_url`; the text says why.
        """
        target = dial_target(base_url.rstrip("/") + "/v1/messages", policy)
        if isinstance(target, Blocked):
            raise ValueError(target.why)
        self._url = target
        self._policy = policy
        self._clock = clock
        self._deadline_s = deadline_s
        self._connect_s = connect_s
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, body: bytes, *, authorization: str, began: Callable[[], None] | None = None
    ) -> SendOutcome:
        """POST `body` to `/v1/messages`, once.

        `began` is called when the first byte is about to leave, if it comes to that. A cancelled
        call raises `CancelledError`, and then nothing is known: treat it as in doubt.
        """
        if self._session is None:
            self._session = open_session(
                self._policy, self._resolver, connect_s=self._connect_s, tls=self._tls
            )
        headers = {
            "Accept": "application/json",
            "Authorization": authorization,
            "Content-Type": "application/json",
        }
        seen = await exchange(
            self._session,
            self._url,
            body,
            headers,
            deadline_s=self._deadline_s,
            began=began,
        )
        if seen.fault is not None:
            outcome = InDoubt if seen.began else Unsent
            return outcome(reason=seen.fault)
        if seen.http_status is None or not 200 <= seen.http_status <= 599:
            return InDoubt(reason=Fault.UNREADABLE_RESPONSE)
        return Answered(
            http_status=seen.http_status,
            body=bytes(seen.body),
            retry_after_s=retry_after_s(
                seen.headers.get("Retry-After"), now_s=self._clock.wall_s()
            ),
        )

    async def close(self) -> None:
        """Close the pool; a send in progress ends as in doubt or unsent."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
