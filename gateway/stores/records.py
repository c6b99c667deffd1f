"""The shapes that go into a store and come out of it.

Instants are Unix milliseconds. Whatever a store hands out is a value: changing what it stands for
takes a method of the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gateway.core.events import Event
from gateway.core.state import Dispatch, Reason, TimerKind
from translators.dispatch import DispatchPlan


class OutboxKind(StrEnum):
    """What an outbox item is for."""

    SEND = "send"
    """One POST of one step to the upstream. Begun before its first byte, never re-sent after."""
    CALLBACK = "callback"
    """One POST to the caller's URL. Repeated until it is answered 2xx or its schedule ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItemId:
    """Identity of an outbox item; derived, so that a repeated commit is the same commit.

    `owner` is the dispatch (or, for a rewritten inbound message, an id of its own) and
    `position` grows within it in the order of appending: it is also the order of the lane.
    """

    owner: str
    position: int

    def __str__(self) -> str:
        return f"{self.owner}.{self.position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutboxItem:
    """An outbox item as a commit appends it. `body` is final: a retry sends the same bytes.

    Items of one owner with the same `kind` and `url` form a lane. For a send, `url` is "" and
    `step` the step's index; for a callback, `step` is the step it speaks of, -1 for a report and
    -2 for a report that puts it right.
    """

    item_id: OutboxItemId
    kind: OutboxKind
    application: str
    url: str
    step: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem(NewOutboxItem):
    """An outbox item as a claim hands it out, leased to the claimant.

    `fence` grows with every claim; settling, releasing and burying are refused under an older
    one. `tries` counts completed attempts. `begun_ms` is when an attempt was begun that has not
    been settled or released since, else None. `created_ms` is when it was appended.
    `refused_ms` is when its first attempt that came to nothing was begun, or when it was first
    suspended, else None: what it may spend on being tried again counts from there.
    """

    fence: int
    lease_until_ms: int
    created_ms: int
    tries: int = 0
    begun_ms: int | None = None
    refused_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer of one step. It is one fact: (dispatch, step, kind, due)."""

    dispatch_uuid: str
    step: int
    kind: TimerKind
    due_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimer:
    """A timer whose time has come, and the application of its dispatch."""

    timer: Timer
    application: str


class HoldReason(StrEnum):
    """Why timers wait although they are due. docs/operations.md, "Holds", has when each ends."""

    GAP = "gap"
    """The gateway was down, stalled or without a store: webhooks may have been missed."""
    UNREADABLE = "unreadable"
    """A webhook of this very step came and could not be verified."""
    DEAF = "deaf"
    """Webhooks of the account come and cannot be verified."""
    UNHEARD = "unheard"
    """Sends of the account are accepted and no webhook comes."""
    CLOCK = "clock"
    """The clock has not been found right since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why, and until when, the timers of an account, or of one step of it, do not fire.

    One for each `scope` and reason. `until_ms` is None until somebody ends it. `latest_ms` is when
    its cause was last seen (of a gap: `since_ms` and as long as nothing was heard, in all), and
    `secrets` a fingerprint of the signature secrets the account had.
    """

    account: str
    reason: HoldReason
    since_ms: int
    until_ms: int | None = None
    dispatch_uuid: str | None = None
    step: int | None = None
    latest_ms: int = 0
    secrets: str = ""

    @property
    def scope(self) -> str:
        """What is held: the account, or one step."""
        if self.dispatch_uuid is None:
            return account_scope(self.account)
        return step_scope(self.dispatch_uuid, self.step or 0)


def account_scope(account: str) -> str:
    """Name the timers of an account."""
    return f"account:{account}"


def step_scope(dispatch_uuid: str, step: int) -> str:
    """Name the timers of one step."""
    return f"step:{dispatch_uuid}/{step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCause:
    """A caller's POST. With an idempotency key it can be spent once per application.

    `fingerprint` is a digest of the request body: the same key with another body is a conflict
    that the caller is told about.
    """

    application: str
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCause:
    """A v1 status webhook, identified within its dispatch by what it says."""

    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCause:
    """A due timer. Spending it removes it."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCause:
    """The outcome of a send. Spending it settles the item; a stale fence counts as spent."""

    item_id: OutboxItemId
    fence: int


Cause: TypeAlias = RequestCause | WebhookCause | TimerCause | OutboxCause


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """Why a dispatch is where it is: one entry a revision, without addresses and texts.

    A store leaves out what came as text from outside (`client_ref`, `error_reason` and the
    `reason` of a refusal); everything that `decide` reads is kept, so that replaying the history
    gives the state.
    """

    revision: int
    at_ms: int
    event: Event
    ignored: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """At the revision before `state.revision`, this dispatch becomes this.

    `plan` is given by the first commit of a dispatch and None afterwards: it never changes. The
    timers are those of this dispatch.
    """

    application: str
    state: Dispatch
    cause: Cause
    history: HistoryEntry
    plan: DispatchPlan | None = None
    timers_set: Sequence[Timer] = ()
    timers_dropped: Sequence[Timer] = ()
    outbox: Sequence[NewOutboxItem] = ()
    bindings: Sequence[tuple[str, int]] = ()
    """(message_uuid, step) pairs, the second way in for webhooks. An id stays bound as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRecord:
    """A dispatch as it was committed last. `plan` is None once retention has wiped it."""

    application: str
    state: Dispatch
    plan: DispatchPlan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """What an idempotency key was used for."""

    dispatch_uuid: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWebhook:
    """A signed webhook that could not be used when it came.

    `reason` is a kebab word: `unmatched` ones carry the `message_uuid` they are waiting for and
    are tried again when a send's outcome binds it; the others are kept for a person to read.
    """

    held_id: int
    application: str
    reason: str
    message_uuid: str | None
    body: bytes
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A callback whose schedule ended without success, kept to be posted again on request.

    `tries` includes the attempt after which it was buried, and `http_status` is what that one was
    answered, None if nothing. `created_ms` is when the callback was made, however often it was
    posted again since.
    """

    item: NewOutboxItem
    reason: str
    http_status: int | None
    tries: int
    created_ms: int
    died_ms: int

    @property
    def place(self) -> LetterPlace:
        """Where it stands in the order of making."""
        return LetterPlace(created_ms=self.created_ms, item_id=self.item.item_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPlace:
    """A place in the order of making: by the instant, then by owner and position."""

    created_ms: int
    item_id: OutboxItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterChoice:
    """Which dead letters are meant: those that meet every condition that is given.

    `since_ms` and `until_ms` bound when they were made, both included.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    owner: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """Sizes for metrics and readiness, each a row count at the instant of asking."""

    open_dispatches: int
    pending_timers: int
    pending_sends: int
    pending_callbacks: int
    dead_letters: int
    held_webhooks: int
    held_timers: int = 0
    """Of the pending timers, those that are set aside."""
    suspended_sends: int = 0
    """Of the pending ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSends:
    """The sends of an application that are in the outbox."""

    count: int
    """All of them, those that are under way, were refused before or are suspended included."""
    oldest_ms: int | None
    """When the longest waiting one was appended; None without one.

    A send that was refused or suspended before does not count: it waits for something else than
    its turn.
    """


class RevisionConflict(Exception):
    """Another commit moved the dispatch first: load it again and decide again."""


class CauseSpent(Exception):
    """The cause was consumed before: someone did it already. Answer as success.

    For a `RequestCause`, ask `recall` what it was used for.
    """


class StoreUnavailable(Exception):
    """The store did not do it, and nothing of it can come back: not by a restart either."""


class OutcomeUnknown(StoreUnavailable):
    """The store tried, and whether it is done is not known: it may be there after a restart.

    Whoever tells somebody else that nothing happened looks for this one first.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFault:
    """Why a store is done for, in sentences without personal data."""

    why: str
    remedy: str
    needs_rescue: bool = False
    """What is open would not be found at the next start, and has to be saved before the end."""
