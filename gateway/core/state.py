"""What is known about one dispatch, and the table of how a step moves.

The table is the specification: `decide` only classifies an event into a `Trigger`, looks up the
cell and carries it out. `docs/lifecycle.md` is generated from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class StepStatus(StrEnum):
    """Where one step stands."""

    PENDING = "pending"
    """Not reached yet; nothing was sent."""
    SENDING = "sending"
    """Handed to the outbox. The outbox alone knows whether bytes may have left."""
    WAITING = "waiting"
    """The upstream has it; its condition is awaited."""
    UNKNOWN = "unknown"
    """In doubt: the upstream may have it. Never sent again by default."""
    MET = "met"
    """Its condition was reached."""
    EXPIRED = "expired"
    """Its condition was not reached in time."""
    REJECTED = "rejected"
    """Refused at submission, or reported rejected or undeliverable."""


class DispatchStatus(StrEnum):
    """Where the whole dispatch stands; the closed ones are the final report's words."""

    OPEN = "open"
    COMPLETED = "completed"
    ERROR = "error"


class Trigger(StrEnum):
    """What an event means to the step it concerns."""

    DISPATCHED = "dispatched"
    SENT = "sent"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    PROGRESS = "progress"
    SUCCESS = "success"
    FAILURE = "failure"
    CONTRADICTION = "contradiction"
    FOREIGN = "foreign"
    EXPIRY = "expiry"
    HORIZON = "horizon"
    SECOND_CHANCE = "second_chance"
    SUPERSEDED = "superseded"
    OUTDATED = "outdated"
    CORRECTION = "correction"


class Reason(StrEnum):
    """Why an event changed nothing about the flow."""

    ALREADY_DISPATCHED = "already-dispatched"
    NOT_SENT_YET = "not-sent-yet"
    NOT_AWAITED = "not-awaited"
    SEND_SETTLED = "send-settled"
    STEP_RESOLVED = "step-resolved"
    DELIVERED_BEFORE = "delivered-before"
    OTHER_MESSAGE = "other-message"
    TIMER_SUPERSEDED = "timer-superseded"


class TimerKind(StrEnum):
    """The two timers a step can have; at most one of them runs at a time."""

    EXPIRY = "expiry"
    """The step's own `expiry_time`."""
    HORIZON = "horizon"
    """The end of patience with a last step: the horizon, or the grace of an in-doubt send."""


class ExpiryStart(StrEnum):
    """From which instant a step's `expiry_time` is counted."""

    ACCEPTED = "accepted"
    """The upstream's 202 was received."""
    INTENT = "intent"
    """The send was about to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings a dispatch was accepted under; they stay with it for life."""

    horizon_s: int = 72 * 3600
    """How long after its 202 a last step may stay unresolved (the vendor's SMS life, 72 h)."""
    grace_s: int = 15 * 60
    """How long an in-doubt last step is given to prove itself by a webhook."""
    expiry_start: ExpiryStart = ExpiryStart.ACCEPTED
    resends_in_doubt: bool = False
    """Send an in-doubt last step once more when its grace ends, at the risk of a double."""
    corrects_reports: bool = False
    """Report again, once, when a step succeeds after the dispatch was reported as an error."""


TermsOf: TypeAlias = Callable[[str], Terms]
"""What a dispatch is accepted under now, by the v0.1 name of its last step's channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A charge as it stands on the wire: `price` is a decimal string."""

    currency: str
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of the workflow and its life.

    `condition` and `expiry_s` are None on the last step, which is content with `delivered` or
    `read`. `deadline_ms` is the due instant of the step's running timer, None when none runs.
    """

    channel: str
    condition: str | None = None
    expiry_s: int | None = None
    status: StepStatus = StepStatus.PENDING
    message_uuid: str | None = None
    reported: str | None = None
    """The status the report shows: the highest seen, never lowered by a late arrival."""
    usage: Usage | None = None
    deadline_ms: int | None = None
    sends: int = 0
    """How often the step was handed to the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One accepted request and its life. `revision` counts its commits, 0 before the first."""

    dispatch_uuid: str
    steps: tuple[Step, ...]
    terms: Terms = Terms()
    revision: int = 0
    status: DispatchStatus = DispatchStatus.OPEN
    changed_ms: int = 0
    """The instant of the last event; the closing instant once the dispatch is closed."""

    def is_last(self, index: int) -> bool:
        """Tell whether `index` is the workflow's last step."""
        return index == len(self.steps) - 1


_S, _T, _R = StepStatus, Trigger, Reason

_RESOLVED: Final[dict[Trigger, StepStatus | Reason]] = {
    _T.DISPATCHED: _R.ALREADY_DISPATCHED,
    _T.SENT: _R.STEP_RESOLVED,
    _T.REFUSED: _R.STEP_RESOLVED,
    _T.UNCONFIRMED: _R.STEP_RESOLVED,
    _T.PROGRESS: _R.STEP_RESOLVED,
    _T.SUCCESS: _R.STEP_RESOLVED,
    _T.FAILURE: _R.STEP_RESOLVED,
    _T.CONTRADICTION: _R.STEP_RESOLVED,
    _T.FOREIGN: _R.OTHER_MESSAGE,
    _T.EXPIRY: _R.STEP_RESOLVED,
    _T.HORIZON: _R.STEP_RESOLVED,
    _T.SECOND_CHANCE: _R.STEP_RESOLVED,
    _T.SUPERSEDED: _R.TIMER_SUPERSEDED,
    _T.OUTDATED: _R.STEP_RESOLVED,
    _T.CORRECTION: _R.STEP_RESOLVED,
}

# The only way out of a resolved step, and into the better: the dispatch is closed and stays so.
_FAILED: Final = {**_RESOLVED, _T.CORRECTION: _S.MET}

_BY_STATUS: Final[dict[StepStatus, dict[Trigger, StepStatus | Reason]]] = {
    _S.PENDING: {
        **dict.fromkeys(Trigger, _R.NOT_SENT_YET),
        _T.DISPATCHED: _S.SENDING,
        _T.SUPERSEDED: _R.TIMER_SUPERSEDED,
    },
    _S.SENDING: {
        _T.DISPATCHED: _R.ALREADY_DISPATCHED,
        _T.SENT: _S.WAITING,
        _T.REFUSED: _S.REJECTED,
        _T.UNCONFIRMED: _S.UNKNOWN,
        # A webhook can overtake the answer to our own POST; it proves the send.
        _T.PROGRESS: _S.WAITING,
        _T.SUCCESS: _S.MET,
        _T.FAILURE: _S.REJECTED,
        _T.CONTRADICTION: _R.DELIVERED_BEFORE,
        _T.FOREIGN: _R.OTHER_MESSAGE,
        _T.EXPIRY: _R.NOT_AWAITED,
        _T.HORIZON: _R.NOT_AWAITED,
        _T.SECOND_CHANCE: _R.NOT_AWAITED,
        _T.SUPERSEDED: _R.TIMER_SUPERSEDED,
        # The dispatch ends with it: nothing that follows is sent so late.
        _T.OUTDATED: _S.REJECTED,
        # A closed dispatch has no such step; if it had, a success would be one.
        _T.CORRECTION: _S.MET,
    },
    _S.WAITING: {
        _T.DISPATCHED: _R.ALREADY_DISPATCHED,
        _T.SENT: _R.SEND_SETTLED,
        _T.REFUSED: _R.SEND_SETTLED,
        _T.UNCONFIRMED: _R.SEND_SETTLED,
        _T.PROGRESS: _S.WAITING,
        _T.SUCCESS: _S.MET,
        _T.FAILURE: _S.REJECTED,
        # Told delivered, then rejected, while `read` is awaited: the timer decides, because a
        # failover on a glitch would reach a person who has the message already.
        _T.CONTRADICTION: _R.DELIVERED_BEFORE,
        _T.FOREIGN: _R.OTHER_MESSAGE,
        _T.EXPIRY: _S.EXPIRED,
        _T.HORIZON: _S.EXPIRED,
        _T.SECOND_CHANCE: _S.EXPIRED,
        _T.SUPERSEDED: _R.TIMER_SUPERSEDED,
        _T.OUTDATED: _S.EXPIRED,
        _T.CORRECTION: _S.MET,
    },
    _S.UNKNOWN: {
        _T.DISPATCHED: _R.ALREADY_DISPATCHED,
        _T.SENT: _S.WAITING,
        _T.REFUSED: _R.SEND_SETTLED,
        _T.UNCONFIRMED: _R.SEND_SETTLED,
        _T.PROGRESS: _S.WAITING,
        _T.SUCCESS: _S.MET,
        _T.FAILURE: _S.REJECTED,
        _T.CONTRADICTION: _R.DELIVERED_BEFORE,
        _T.FOREIGN: _R.OTHER_MESSAGE,
        _T.EXPIRY: _S.EXPIRED,
        _T.HORIZON: _S.EXPIRED,
        _T.SECOND_CHANCE: _S.SENDING,
        _T.SUPERSEDED: _R.TIMER_SUPERSEDED,
        _T.OUTDATED: _S.EXPIRED,
        _T.CORRECTION: _S.MET,
    },
    _S.MET: _RESOLVED,
    _S.EXPIRED: _FAILED,
    _S.REJECTED: _FAILED,
}

TRANSITIONS: Final[dict[tuple[StepStatus, Trigger], StepStatus | Reason]] = {
    (status, trigger): outcome
    for status, row in _BY_STATUS.items()
    for trigger, outcome in row.items()
}
"""For every pair: the step's next status, or why the event changes nothing. Total by test."""
