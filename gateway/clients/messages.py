"""Sends to Messages v1: one POST, and one of three outcomes that decide whether it may be again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import AddressPolicy, Blocked, Resolver, dial_target
from gateway.clients.transport import USER_AGENT, Transport, retry_after_s
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

    It never repeats a request, follows no redirect and keeps no cookie. Build it anywhere; it
    connects inside the running loop.
    """

    def __init__(
        self,
        *,
        base_url: str,
        policy: AddressPolicy,
        clock: Clock,
        deadline_s: float = 10.0,
        connect_s: float = 3.0,
        resolver: Resolver | None = None,
        egress: Egress | None = None,
    ) -> None:
        """Prepare the client.

        Args:
            base_url: the upstream's address without `/v1/messages`.
            deadline_s: limit for one whole attempt; shorter than the lease that guards it.
            connect_s: limit for connecting to one address, TLS included.
            resolver: looks names up, the system's by default; the guard stands in front of it.
            egress: whom to trust, and the way out; the system's authorities and none by default.

        Raises:
            ValueError: `policy` does not allow `base_url`; the text says why.
        """
        target = dial_target(base_url.rstrip("/") + "/v1/messages", policy)
        if isinstance(target, Blocked):
            raise ValueError(target.why)
        self._url = target
        self._clock = clock
        self._deadline_s = deadline_s
        self._transport = Transport(
            policy, egress=egress or Egress(), connect_s=connect_s, resolver=resolver
        )

    async def send(
        self, body: bytes, *, authorization: str, began: Callable[[], None] | None = None
    ) -> SendOutcome:
        """POST `body` to `/v1/messages`, once.

        `began` is called when the first byte is about to leave, if it comes to that. A cancelled
        call raises `CancelledError`, and then nothing is known: treat it as in doubt.
        """
        seen = await self._transport.exchange(
            self._url,
            body,
            (
                ("Accept", "application/json"),
                ("Authorization", authorization),
                ("Content-Type", "application/json"),
                USER_AGENT,
            ),
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
            retry_after_s=retry_after_s(seen.header(b"retry-after"), now_s=self._clock.wall_s()),
        )

    async def close(self) -> None:
        """Close the pool; a send in progress ends as in doubt or unsent."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
