"""The store contract: what every store promises, in words.

One rule carries the product: **a commit is one transaction that also spends the cause of the
event**. The new state, the timers it sets and drops, the outbox items it appends, the message ids
it binds, the history entry and the consumption of the cause become durable together or not at
all. Exactly-once transitions over at-least-once delivery follow from it.

Instants are Unix milliseconds and are handed in: a store reads no clock. When a method returns,
what it changed survives a loss of power, unless the store was opened with less on purpose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from gateway.stores.records import (
    Cause,
    CauseSpent,
    Commit,
    DeadLetter,
    DispatchRecord,
    DueTimer,
    HeldWebhook,
    HistoryEntry,
    Hold,
    HoldReason,
    LetterChoice,
    LetterPlace,
    NewOutboxItem,
    OutboxCause,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    OutcomeUnknown,
    RequestCause,
    RequestRecord,
    RevisionConflict,
    StoreCounts,
    StoreFault,
    StoreUnavailable,
    Timer,
    TimerCause,
    WaitingSends,
    WebhookCause,
    account_scope,
    step_scope,
)

__all__ = [
    "EVERY_LETTER",
    "Cause",
    "CauseSpent",
    "Commit",
    "DeadLetter",
    "DispatchRecord",
    "DueTimer",
    "HeldWebhook",
    "HistoryEntry",
    "Hold",
    "HoldReason",
    "LetterChoice",
    "LetterPlace",
    "NewOutboxItem",
    "OutboxCause",
    "OutboxItem",
    "OutboxItemId",
    "OutboxKind",
    "OutcomeUnknown",
    "RequestCause",
    "RequestRecord",
    "RevisionConflict",
    "Store",
    "StoreCounts",
    "StoreFault",
    "StoreUnavailable",
    "Timer",
    "TimerCause",
    "WaitingSends",
    "WebhookCause",
    "account_scope",
    "step_scope",
]


EVERY_LETTER: Final = LetterChoice()


class Store(Protocol):
    """Where dispatches live.

    Outbox items of one owner, kind and URL form a **lane**, in the order of their positions. An
    item waits for its turn: until it is the oldest of its lane, or until the instant until which
    the lane waits for the oldest (`release`). One that was handed out by that instant, and not
    because its turn had come, makes its lane wait until no other: a lane waits once, and is in
    order again when none is left that others were handed out before.

    Every method may raise `StoreUnavailable`: then nothing of it happened, and nothing of it can
    come back. A method that writes may raise `OutcomeUnknown` instead, which is one of them: then
    it happened as a whole or not at all, and only opening the store anew tells which. So it is for
    a caller that is cancelled while it waits. Methods may be called concurrently; each is atomic,
    and calls about one dispatch take effect in some serial order.
    """

    async def commit(
        self,
        commit: Commit,
        *,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        """Make one decision durable, and hand out what it made claimable.

        The appended items that need not wait for their turn are returned claimed by the caller
        until `now_ms + lease_ms` (fence 1), in order. Those of them in `unclaimed` are not: they
        are due at `now_ms` (fence 0), for any claim to find. The item whose turn comes because an
        `OutboxCause` settles another is returned before them, claimed.
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
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, room: Mapping[str, int]
    ) -> Sequence[OutboxItem]:
        """Claim items of `kind` that are due: of each application, the longest due first.

        `room` says up to how many of which application; of others nothing is claimed, so that what
        waits of one stands before no other. They come application by application, in its order.
        It must cost the same however much is due.

        Due are items that were released until now or earlier, items whose lease has run out, and
        those that have waited for their turn as long as their lane waits. What became due at one
        instant is claimed in the order of owner and position. Each claim raises the item's fence.
        """
        ...

    async def begin(self, item: OutboxItem, *, now_ms: int) -> bool:
        """Record that an attempt is about to leave; durable when it returns.

        Returns False, having done nothing, when the item is gone or claimed under a newer fence:
        then the holder must not send.
        """
        ...

    async def settle(self, item: OutboxItem, *, now_ms: int, lease_ms: int) -> Sequence[OutboxItem]:
        """Remove a finished item, and hand out the one whose turn has come thereby, claimed.

        Does nothing and returns nothing when the item is gone or claimed under a newer fence.
        May become durable later than it returns: at worst an item is delivered once more.
        """
        ...

    async def release(
        self,
        item: OutboxItem,
        *,
        due_ms: int,
        tried: bool,
        lane_waits_until_ms: int | None = None,
    ) -> None:
        """Give an item back, to be claimed from `due_ms` on, no longer begun.

        `tried` adds one to its `tries`, and dates its `refused_ms` to when the attempt was begun,
        if it has no date. The first `lane_waits_until_ms` of an item says until when its lane waits
        for it; without one the lane waits until it is gone. Does nothing under an older fence.
        """
        ...

    async def detach(
        self, item: OutboxItem, *, due_ms: int, now_ms: int, lease_ms: int
    ) -> Sequence[OutboxItem]:
        """Give an item back after an attempt, as `release` does, and take it out of its lane.

        It waits for nothing and nothing waits for it; its lane goes on as with `settle`.
        """
        ...

    async def suspend(
        self, item: OutboxItem, *, account: str, until_ms: int, now_ms: int, tried: bool
    ) -> None:
        """Put a send aside that cannot be made, until `resume` takes it up, no longer begun.

        `claim` hands it out from `until_ms` on, and not before: what is suspended is not due and
        starves nothing. Its `refused_ms`, if it has no date, is dated to when an attempt was begun,
        or else to `now_ms`. `tried` adds one to its `tries`. Does nothing for a callback, and
        nothing under an older fence.
        """
        ...

    async def resume(
        self, account: str, *, now_ms: int, lease_ms: int, limit: int
    ) -> Sequence[OutboxItem]:
        """Claim up to `limit` suspended sends of `account`, due or not.

        They come in the order in which their dispatches were accepted, the earliest first.
        """
        ...

    async def suspended(self) -> Sequence[str]:
        """Return the accounts that have suspended sends, by name."""
        ...

    async def waiting_sends(self) -> Mapping[str, WaitingSends]:
        """Return how many sends there are of each application that has any, and since when.

        Asked every second under load, so it must cost the same however many there are.
        """
        ...

    async def bury(
        self,
        item: OutboxItem,
        *,
        reason: str,
        http_status: int | None,
        now_ms: int,
        lease_ms: int,
    ) -> Sequence[OutboxItem]:
        """Turn a callback into a dead letter; its lane goes on as with `settle`."""
        ...

    async def dead_letters(
        self,
        application: str,
        *,
        limit: int,
        after: LetterPlace | None = None,
        choice: LetterChoice = EVERY_LETTER,
    ) -> Sequence[DeadLetter]:
        """Return up to `limit` of the application's dead letters, in the order of making.

        `after` leaves out what stands there and before.
        """
        ...

    async def count_dead_letters(self, application: str, choice: LetterChoice) -> int:
        """Return how many of the application's dead letters are meant."""
        ...

    async def exhume(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> bool:
        """Append a dead letter anew, claimable from now on; False if there is none.

        It has no tries and the age of nothing, and whoever held it before it died does not hold
        it. Its lane went on without it, so it waits for nothing and nothing waits for it.
        """
        ...

    async def replay(
        self,
        application: str,
        item_ids: Sequence[OutboxItemId],
        *,
        now_ms: int,
        due_ms: int,
        spacing_ms: int,
    ) -> int:
        """Append dead letters anew, as `exhume` does, but in lanes; return how many there were.

        Those of one lane form a lane again, beside the one that went on without them. The n-th of
        `item_ids`, counted from 0, becomes claimable at `due_ms + n * spacing_ms`, unless it waits
        for its turn.
        """
        ...

    async def enqueue(
        self,
        item: NewOutboxItem,
        *,
        digest: bytes,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        """Append a callback that belongs to no dispatch; each is a lane of its own.

        It is returned claimed, or is due, as with `commit`.

        Raises:
            CauseSpent: `digest` was enqueued before.
        """
        ...

    async def due_timers(self, *, now_ms: int, limit: int) -> Sequence[DueTimer]:
        """Return up to `limit` timers that are due, the longest due first. They stay set.

        Timers that are set aside are not among them.
        """
        ...

    async def next_timer_ms(self) -> int | None:
        """Return the instant of the earliest timer that is not set aside, None without one."""
        ...

    async def place_hold(self, hold: Hold) -> None:
        """Remember a hold, in place of an earlier one of its scope and reason."""
        ...

    async def lift_hold(self, hold: Hold) -> None:
        """Forget this hold; does nothing when it is gone, or another has taken its place."""
        ...

    async def holds(self) -> Sequence[Hold]:
        """Return all holds, the oldest first."""
        ...

    async def set_aside(self, timers: Sequence[Timer], *, scope: str) -> None:
        """Take timers out of the index of what is due, to be brought back by their scope.

        They stay set: a commit drops them as any other, and spends none of them meanwhile. One
        that is not set any more, or is set aside already, is left as it is.
        """
        ...

    async def bring_back(self, scope: str, *, limit: int) -> int:
        """Put up to `limit` timers of a scope back, the longest due first; return how many."""
        ...

    async def scopes_aside(self) -> Sequence[str]:
        """Return the scopes that timers are set aside under."""
        ...

    async def note_silence(self, account: str, accepted_ms: Sequence[int]) -> None:
        """Remember when sends were accepted that an account heard nothing of; none: forget it."""
        ...

    async def silences(self) -> Mapping[str, Sequence[int]]:
        """Return what `note_silence` remembers, by account."""
        ...

    async def sign(self, *, now_ms: int) -> None:
        """Leave a durable sign of life."""
        ...

    async def signed_ms(self) -> int | None:
        """Return the last sign of life; before the first one, the latest commit is one."""
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
        application, under the latest reason.
        """
        ...

    async def held_for(self, message_uuid: str) -> Sequence[HeldWebhook]:
        """Return the `unmatched` webhooks that wait for this message id, the oldest first."""
        ...

    async def matchable(self, *, limit: int) -> Sequence[HeldWebhook]:
        """Return `unmatched` webhooks whose message id is bound: a crash came between."""
        ...

    async def held(
        self, senders: Sequence[str], *, reason: str | None, after: int, limit: int
    ) -> Sequence[HeldWebhook]:
        """Return up to `limit` webhooks held from any of `senders`, in the order they were kept.

        With a `reason`, those held for it: its word, whatever stands behind a colon. Only those
        with a `held_id` above `after` are returned: the last one of a page begins the next one.
        """
        ...

    async def held_webhook(self, held_id: int) -> HeldWebhook | None:
        """Return one held webhook, None when it is gone."""
        ...

    async def drop_held(self, held_id: int) -> None:
        """Forget a held webhook after it was used. Does nothing when it is gone."""
        ...

    async def sweep(self, *, before_ms: int, limit: int) -> int:
        """Wipe what is personal of what ended before `before_ms`; return how many rows.

        Wiped are the plans (addresses, texts) of closed dispatches whose last callback is
        settled or dead, and their dead letters with them; dead letters without such a plan, and
        held webhooks. Dispatches stay, without plan; so do, for 31 days after the end at least,
        the message ids that are bound to them, because a status may come for 30. Idempotency
        records, and the digests of what was enqueued, go when they are older than `before_ms`
        and a day older than the latest one. `limit` bounds each kind: there is more when it
        returned anything.
        """
        ...

    async def applications_in_use(self) -> Sequence[str]:
        """Return the applications, by name, with open dispatches or callbacks to deliver.

        Work of an application that is no longer configured would be stuck.
        """
        ...

    async def applications_at_work(self) -> Sequence[str]:
        """Return the applications, by name, with open dispatches: whom a timer may concern.

        Asked after each stall, so it must cost the same however many dispatches have ended.
        """
        ...

    async def accepted_since(self, application: str, *, since_ms: int, limit: int) -> int:
        """Return how many dispatches of an application were accepted since then, up to `limit`.

        The instant is that in their ids, which are drawn when they are accepted; ids of another
        form are not counted. Dispatches stay when their plans are wiped, so they are counted, too.
        """
        ...

    async def counts(self) -> StoreCounts:
        """Return the sizes that metrics and readiness show."""
        ...

    async def check(self) -> None:
        """Make a write durable and return; raise `StoreUnavailable` when that is impossible."""
        ...

    @property
    def description(self) -> str:
        """Say in a few words which store this is and how it writes, for the log."""
        ...

    @property
    def failed(self) -> asyncio.Event:
        """Set when the store is done for; `fault` says why, and every call is refused by then."""
        ...

    @property
    def fault(self) -> StoreFault | None:
        """Say why the store is done for, None while it is not."""
        ...

    @property
    def fatal(self) -> asyncio.Event:
        """Set with `failed`, unless something would be lost by it: the process should end now."""
        ...

    def secret(self) -> bytes:
        """Return the 32 random bytes drawn at the store's birth, the key of webhook tokens."""
        ...

    async def close(self) -> None:
        """Make everything durable and let go of the store."""
        ...
