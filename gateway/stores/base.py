"""The store contract: what every store promises, in words.

One rule carries the product: **a commit is one transaction that also spends the cause of the
event**. The new state, the timers it sets and drops, the outbox items it appends, the message ids
it binds, the history entry and the consumption of the cause become durable together or not at
all. Exactly-once transitions over at-least-once delivery follow from it.

Instants are Unix milliseconds and are handed in: a store reads no clock. When a method returns,
what it changed survives a loss of power, unless the store was opened with less on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

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
    `step` the step's index; for a callback, `step` is the step it speaks of or -1 for a report.
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
    """

    fence: int
    lease_until_ms: int
    created_ms: int
    tries: int = 0
    begun_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer of one step. It is one fact: (dispatch, step, kind, due)."""

    dispatch_uuid: str
    step: int
    kind: TimerKind
    due_ms: int


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

    `tries` includes the attempt after which it was buried.
    """

    item: NewOutboxItem
    reason: str
    tries: int
    created_ms: int
    died_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """Sizes for metrics and readiness, each a row count at the instant of asking."""

    open_dispatches: int
    pending_timers: int
    pending_sends: int
    pending_callbacks: int
    dead_letters: int
    held_webhooks: int


class RevisionConflict(Exception):
    """Another commit moved the dispatch first: load it again and decide again."""


class CauseSpent(Exception):
    """The cause was consumed before: someone did it already. Answer as success.

    For a `RequestCause`, ask `recall` what it was used for.
    """


class StoreUnavailable(Exception):
    """The store cannot make anything durable right now. Nothing of the operation happened."""


class Store(Protocol):
    """Where dispatches live.

    Every method may raise `StoreUnavailable`; then nothing of it happened. Methods may be called
    concurrently; each is atomic, and calls about one dispatch take effect in some serial order.
    """

    async def commit(self, commit: Commit, *, now_ms: int, lease_ms: int) -> Sequence[OutboxItem]:
        """Make one decision durable, and hand out what it made claimable.

        The appended items that head their lane are returned claimed by the caller until
        `now_ms + lease_ms` (fence 1), in order; the others wait for the items before them. The
        item that waited for the one an `OutboxCause` settles is returned before them, claimed.
        Nothing is returned, and nothing has happened, when it is refused.

        Raises:
            CauseSpent: the cause was consumed before. Checked first.
            RevisionConflict: the dispatch is not at `commit.state.revision - 1`; for revision 1,
                it exists already.
        """
        ...

    async def load(self, dispatch_uuid: str) -> DispatchRecord | None:
        """Return the dispatch as last committed, None when it is not known."""
        ...

    async def history(self, dispatch_uuid: str) -> Sequence[HistoryEntry]:
        """Return all entries of a dispatch in revision order; empty when it is not known."""
        ...

    async def find_message(self, message_uuid: str) -> tuple[str, int] | None:
        """Return the (dispatch_uuid, step) a message id was bound to, None when it is not."""
        ...

    async def recall(self, application: str, idempotency_key: str) -> RequestRecord | None:
        """Return what the application's key was used for; kept for at least 24 hours."""
        ...

    async def claim(
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, limit: int
    ) -> Sequence[OutboxItem]:
        """Claim up to `limit` items of `kind` that are due, the longest due first.

        Due are heads of lanes that were released until now or earlier, and items whose lease
        has run out. Each claim raises the item's fence.
        """
        ...

    async def begin(self, item: OutboxItem, *, now_ms: int) -> bool:
        """Record that an attempt is about to leave; durable when it returns.

        Returns False, having done nothing, when the item is gone or claimed under a newer fence:
        then the holder must not send.
        """
        ...

    async def settle(self, item: OutboxItem, *, now_ms: int, lease_ms: int) -> Sequence[OutboxItem]:
        """Remove a finished item, and hand out the next one of its lane, claimed, if there is one.

        Does nothing and returns nothing when the item is gone or claimed under a newer fence.
        May become durable later than it returns: at worst an item is delivered once more.
        """
        ...

    async def release(self, item: OutboxItem, *, due_ms: int, tried: bool) -> None:
        """Give an item back, to be claimed from `due_ms` on, no longer begun.

        `tried` adds one to its `tries`. Does nothing under an older fence.
        """
        ...

    async def bury(
        self, item: OutboxItem, *, reason: str, now_ms: int, lease_ms: int
    ) -> Sequence[OutboxItem]:
        """Turn a callback into a dead letter; its lane goes on as with `settle`."""
        ...

    async def dead_letters(self, application: str, *, limit: int) -> Sequence[DeadLetter]:
        """Return the application's dead letters, the latest first."""
        ...

    async def exhume(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> bool:
        """Append a dead letter anew, claimable from now on; False if there is none.

        It has no tries and the age of nothing, and whoever held it before it died does not hold
        it. Its lane went on without it, so it waits for nothing and nothing waits for it.
        """
        ...

    async def enqueue(
        self, item: NewOutboxItem, *, digest: bytes, now_ms: int, lease_ms: int
    ) -> Sequence[OutboxItem]:
        """Append a callback that belongs to no dispatch; each is a lane of its own.

        Raises:
            CauseSpent: `digest` was enqueued before.
        """
        ...

    async def due_timers(self, *, now_ms: int, limit: int) -> Sequence[Timer]:
        """Return up to `limit` timers that are due, the longest due first. They stay set."""
        ...

    async def next_timer_ms(self) -> int | None:
        """Return the instant of the earliest timer, None when none is set."""
        ...

    async def hold(
        self,
        *,
        application: str,
        reason: str,
        message_uuid: str | None,
        body: bytes,
        now_ms: int,
    ) -> tuple[str, int] | None:
        """Keep a webhook that cannot be used now.

        Atomic with the binding of message ids: if `message_uuid` is bound by now, nothing is
        kept and the (dispatch_uuid, step) it is bound to is returned instead, so that a webhook
        and the commit it waits for cannot miss each other. The same body is kept once for an
        application.
        """
        ...

    async def held_for(self, message_uuid: str) -> Sequence[HeldWebhook]:
        """Return the `unmatched` webhooks that wait for this message id, the oldest first."""
        ...

    async def matchable(self, *, limit: int) -> Sequence[HeldWebhook]:
        """Return `unmatched` webhooks whose message id is bound: a crash came between."""
        ...

    async def drop_held(self, held_id: int) -> None:
        """Forget a held webhook after it was used. Does nothing when it is gone."""
        ...

    async def sweep(self, *, before_ms: int, limit: int) -> int:
        """Wipe what is personal of what ended before `before_ms`; return how many rows.

        Wiped are the plans (addresses, texts) of closed dispatches whose last callback is
        settled or dead, and their dead letters with them; dead letters without such a plan, and
        held webhooks. Dispatches stay, without plan. Idempotency records, and the digests of
        what was enqueued, go when they are older than `before_ms` and a day older than the
        latest one. `limit` bounds each kind: there is more when it returned anything.
        """
        ...

    async def counts(self) -> StoreCounts:
        """Return the sizes that metrics and readiness show."""
        ...

    async def check(self) -> None:
        """Make a write durable and return; raise `StoreUnavailable` when that is impossible."""
        ...

    def secret(self) -> bytes:
        """Return the 32 random bytes drawn at the store's birth, the key of webhook tokens."""
        ...

    async def close(self) -> None:
        """Make everything durable and let go of the store."""
        ...
