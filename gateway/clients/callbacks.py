"""Callbacks to the URL of an application: a signed POST of frozen bytes.

Source: docs/wire.md sections 5.1 (delivery) and 7 (signing).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import AddressPolicy, Blocked, Resolver, Target, dial_target
from gateway.clients.transport import USER_AGENT, Transport, retry_after_s
from gateway.clock import Clock
from gateway.signatures import sign_body

_MAX_TARGETS: Final = 1000
_OWN_HEADERS: Final = (("Accept", "*/*"), USER_AGENT)
_BODY_S: Final = 1.0
"""The status decides; the body is read only so that the connection can be used again."""


class Refusal(StrEnum):
    """Why an answer does not count as delivery; with `Fault`, all reasons there are."""

    REDIRECTED = "redirected"
    CLIENT_ERROR = "client-error"
    SERVER_ERROR = "server-error"
    ODD_STATUS = "odd-status"
    INTERNAL_ERROR = "internal-error"
    """No answer at all: an error of ours came between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver answered 2xx."""

    http_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """No 2xx was seen; the receiver may still have taken the callback in."""

    reason: str
    http_status: int | None
    retry_after_s: float | None
    """What the receiver asks for, unclamped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSigning:
    """Whose name callbacks are signed in."""

    api_key: str
    secret: str = field(repr=False)
    application_id: str | None


class CallbackClient:
    """The port for callbacks: follows no redirect, and reads no more than it must."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        clock: Clock,
        connect_s: float = 3.0,
        deadline_s: float = 15.0,
        resolver: Resolver | None = None,
        egress: Egress | None = None,
    ) -> None:
        """Prepare the client; it connects inside the running loop.

        Args:
            connect_s: limit for connecting to one address, TLS included.
            deadline_s: limit for one whole attempt.
            resolver: looks names up, the system's by default; the guard stands in front of it.
            egress: whom to trust, and the way out; the system's authorities and none by default.
        """
        self._policy = policy
        self._clock = clock
        self._deadline_s = deadline_s
        self._transport = Transport(
            policy, egress=egress or Egress(), connect_s=connect_s, resolver=resolver
        )
        # What a URL's text says does not change; what its name resolves to is asked each time.
        self._targets: dict[str, Target | Blocked] = {}

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Delivered | Undelivered:
        """POST `body` once; the URL was checked when it was registered, and is again now."""
        target = self._targets.get(url)
        if target is None:
            target = dial_target(url, self._policy)
            if len(self._targets) < _MAX_TARGETS:
                self._targets[url] = target
        if isinstance(target, Blocked):
            return Undelivered(reason=Fault.ADDRESS_REFUSED, http_status=None, retry_after_s=None)
        seen = await self._transport.exchange(
            target,
            body,
            (*headers.items(), *_OWN_HEADERS),
            deadline_s=self._deadline_s,
            body_s=_BODY_S,
        )
        # The receiver has decided when it has written its status line, whatever follows.
        http_status = seen.http_status or seen.broken_status
        if http_status is not None and 200 <= http_status <= 299:
            return Delivered(http_status=http_status)
        return Undelivered(
            reason=_refusal(http_status) if http_status is not None else f"{seen.fault}",
            http_status=http_status,
            retry_after_s=retry_after_s(seen.header(b"retry-after"), now_s=self._clock.wall_s()),
        )

    async def close(self) -> None:
        """Close the pool; a callback in progress ends as undelivered."""
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


def callback_headers(
    body: bytes,
    *,
    signing: CallbackSigning | None,
    issued_at_s: int,
    token_id: str,
    webhook_id: str,
    standard_webhooks: bool = False,
) -> dict[str, str]:
    """Make the headers of one attempt to deliver `body`.

    Args:
        signing: whose secret signs; `None` sends the callback unsigned.
        issued_at_s: Unix seconds of this attempt.
        token_id: unique for this attempt.
        webhook_id: the same for every attempt of one callback, so a receiver can drop repeats.
        standard_webhooks: add the `webhook-*` headers of the Standard Webhooks specification. A
            receiver's library takes the signature secret as its base64 form.
    """
    headers = {"Content-Type": "application/json"}
    if signing is not None:
        token = sign_body(
            body,
            secret=signing.secret,
            api_key=signing.api_key,
            application_id=signing.application_id,
            issued_at_s=issued_at_s,
            token_id=token_id,
        )
        headers["Authorization"] = f"Bearer {token}"
    if standard_webhooks:
        headers["webhook-id"] = webhook_id
        headers["webhook-timestamp"] = str(issued_at_s)
    if standard_webhooks and signing is not None:
        content = f"{webhook_id}.{issued_at_s}.".encode() + body
        digest = hmac.digest(signing.secret.encode(), content, "sha256")
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode('ascii')}"
    return headers


def _refusal(http_status: int) -> Refusal:
    match http_status // 100:
        case 3:
            return Refusal.REDIRECTED
        case 4:
            return Refusal.CLIENT_ERROR
        case 5:
            return Refusal.SERVER_ERROR
        case _:
            return Refusal.ODD_STATUS
