"""What can happen to a dispatch, in the past tense. Every instant is in Unix milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.state import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """One status of one message, as facts.

    `message_uuid` and `timestamp` are None for a status the gateway makes itself (a refusal at
    submission). `timestamp` is in the v0.1 form.
    """

    status: str
    message_uuid: str | None = None
    timestamp: str | None = None
    usage: Usage | None = None
    error_code: int | None = None
    error_reason: str | None = None
    client_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchAccepted:
    """A caller's request was accepted."""

    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAccepted:
    """The upstream answered a send with 202 and a message id."""

    step: int
    message_uuid: str
    intent_ms: int
    accepted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRefused:
    """The send provably did not happen, and will not be tried again.

    Either the upstream refused it, or the outbox spent its budget on attempts that provably
    never left. `code` and `reason` are v0.1 words. `is_outdated` says that it waited so long that
    a following step would reach people too late as well: the dispatch ends here.
    """

    step: int
    code: int
    reason: str
    is_outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendUnconfirmed:
    """Bytes may have left and no answer says what became of them."""

    step: int
    intent_ms: int
    cause: str
    """A short kebab word, such as `read-timeout`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReceived:
    """A v1 status webhook about the message of a step."""

    step: int
    report: StatusReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryReached:
    """The timer of a step's `expiry_time` fired.

    `is_outdated` says that it fired so late that the next step would reach people long after it
    was meant to: the dispatch ends here instead.
    """

    step: int
    due_ms: int
    is_outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonReached:
    """The timer that ends the patience with a last step fired.

    `is_outdated` as with `ExpiryReached`: then an in-doubt step is not sent once more.
    """

    step: int
    due_ms: int
    is_outdated: bool = False


Event: TypeAlias = (
    DispatchAccepted
    | SendAccepted
    | SendRefused
    | SendUnconfirmed
    | StatusReceived
    | ExpiryReached
    | HorizonReached
)
