"""The three places where the gateway speaks to the world by itself, and what stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from gateway.clients.callbacks import CallbackClient, Delivered, Undelivered
from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import MessagesClient, SendOutcome
from gateway.clients.upstream_date import UpstreamDate
from gateway.clock import Clock
from gateway.settings import Settings


class MessagesPort(Protocol):
    """Sends to Messages v1."""

    async def send(
        self, body: bytes, *, authorization: str, began: Callable[[], None] | None = None
    ) -> SendOutcome:
        """POST a message, once; `began` is called when its first byte is about to leave."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class CallbackPort(Protocol):
    """Callbacks to the URLs of applications."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Delivered | Undelivered:
        """POST a callback, once."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class DatePort(Protocol):
    """The upstream's clock."""

    async def read_s(self) -> int | None:
        """Return it in Unix seconds; None when it does not say, or not now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What one gateway speaks through."""

    messages: MessagesPort
    callbacks: CallbackPort
    upstream_date: DatePort

    @classmethod
    def on_the_network(
        cls, settings: Settings, policy: AddressPolicy, egress: Egress, clock: Clock
    ) -> Self:
        """Return the real ones; they connect when they are used."""
        return cls(
            messages=MessagesClient(
                base_url=settings.upstream,
                policy=policy,
                egress=egress,
                clock=clock,
                deadline_s=settings.send_timeout_s,
            ),
            callbacks=CallbackClient(
                policy=policy,
                egress=egress,
                clock=clock,
                deadline_s=settings.callback_timeout_s,
            ),
            upstream_date=UpstreamDate(base_url=settings.upstream, policy=policy, egress=egress),
        )
