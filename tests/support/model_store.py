"""The store contract on plain dicts: the oracle the other stores are compared with.

It is written to be read beside `gateway/stores/base.py`, sentence by sentence, and to be obviously
right rather than fast. It forgets everything when it is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from gateway.core.events import SendRefused, StatusReceived
from gateway.core.state import Dispatch, DispatchStatus
from gateway.stores.base import (
    EVERY_LETTER,
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
    RequestCause,
    RequestRecord,
    RevisionConflict,
    StoreCounts,
    StoreFault,
    Timer,
    TimerCause,
    WaitingSends,
    WebhookCause,
)
from tests.support.model_outbox import ModelOutbox, in_order_of_making
from translators.dispatch import DispatchPlan

K = TypeVar("K")

_DAY_MS = 24 * 3600 * 1000


@dataclass(slots=True, kw_only=True)
class _Dispatch:
    application: str
    state: Dispatch
    plan: DispatchPlan | None
    history: list[HistoryEntry] = field(default_factory=list)


class ModelStore:
    """A store in memory."""

    def __init__(self, *, secret: bytes = bytes(32)) -> None:
        self._secret = secret
        self._dispatches: dict[str, _Dispatch] = {}
        self._messages: dict[str, tuple[str, int]] = {}
        self._timers: set[Timer] = set()
        self._aside: dict[Timer, str] = {}
        self._holds: dict[tuple[str, HoldReason], Hold] = {}
        self._signed_ms: int | None = None
        self._silences: dict[str, list[int]] = {}
        self._webhooks: set[tuple[str, bytes]] = set()
        self._requests: dict[tuple[str, str], tuple[RequestRecord, int]] = {}
        self._inbound: dict[bytes, int] = {}
        self._outbox = ModelOutbox()
        self._held: dict[int, HeldWebhook] = {}
        self._held_drawn = 0
        self._fatal = asyncio.Event()

    @property
    def description(self) -> str:
        return "a dict"

    @property
    def failed(self) -> asyncio.Event:
        return self._fatal

    @property
    def fault(self) -> StoreFault | None:
        return None

    @property
    def fatal(self) -> asyncio.Event:
        return self._fatal

    async def commit(
        self,
        commit: Commit,
        *,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        state, uuid = commit.state, commit.state.dispatch_uuid
        if self._is_spent(commit.cause, commit):
            raise CauseSpent
        known = self._dispatches.get(uuid)
        if state.revision != (known.state.revision if known else 0) + 1:
            raise RevisionConflict
        record = known or _Dispatch(application=commit.application, state=state, plan=commit.plan)
        self._dispatches[uuid] = record
        record.state = state
        record.history.append(_without_texts(commit.history))
        for message_uuid, step in commit.bindings:
            self._messages.setdefault(message_uuid, (uuid, step))
        self._timers.update(commit.timers_set)
        for timer in commit.timers_dropped:
            self._drop(timer)
        claimed = self._spend(commit.cause, commit, now_ms=now_ms, lease_ms=lease_ms)
        for item in commit.outbox:
            claimed += self._outbox.append(
                item,
                now_ms=now_ms,
                lease_ms=lease_ms,
                is_claimed=item.item_id not in unclaimed,
            )
        return claimed

    def _drop(self, timer: Timer) -> None:
        if timer in self._timers:
            self._timers.discard(timer)
        else:
            self._aside.pop(timer, None)

    def _is_spent(self, cause: Cause, commit: Commit) -> bool:
        match cause:
            case RequestCause():
                return (cause.application, cause.idempotency_key) in self._requests
            case WebhookCause():
                return (commit.state.dispatch_uuid, cause.digest) in self._webhooks
            case TimerCause():
                return cause.timer not in self._timers
            case OutboxCause():
                return not self._outbox.holds(cause.item_id, cause.fence)

    def _spend(
        self, cause: Cause, commit: Commit, *, now_ms: int, lease_ms: int
    ) -> list[OutboxItem]:
        uuid = commit.state.dispatch_uuid
        match cause:
            case RequestCause():
                if cause.idempotency_key is not None:
                    record = RequestRecord(dispatch_uuid=uuid, fingerprint=cause.fingerprint)
                    self._requests[cause.application, cause.idempotency_key] = (record, now_ms)
            case WebhookCause():
                self._webhooks.add((uuid, cause.digest))
            case TimerCause():
                self._timers.discard(cause.timer)
            case OutboxCause():
                return self._outbox.remove(
                    cause.item_id, cause.fence, now_ms=now_ms, lease_ms=lease_ms
                )
        return []

    async def load(self, dispatch_uuid: str) -> DispatchRecord | None:
        known = self._dispatches.get(dispatch_uuid)
        if known is None:
            return None
        return DispatchRecord(application=known.application, state=known.state, plan=known.plan)

    async def history(self, dispatch_uuid: str) -> Sequence[HistoryEntry]:
        known = self._dispatches.get(dispatch_uuid)
        return list(known.history) if known else []

    async def find_message(self, message_uuid: str) -> tuple[str, int] | None:
        return self._messages.get(message_uuid)

    async def recall(self, application: str, idempotency_key: str) -> RequestRecord | None:
        found = self._requests.get((application, idempotency_key))
        return found[0] if found else None

    async def claim(
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, room: Mapping[str, int]
    ) -> Sequence[OutboxItem]:
        return [
            item
            for name, limit in room.items()
            for item in self._outbox.claim(
                kind, name, now_ms=now_ms, lease_ms=lease_ms, limit=limit
            )
        ]

    async def begin(self, item: OutboxItem, *, now_ms: int) -> bool:
        return self._outbox.begin(item, now_ms=now_ms)

    async def settle(self, item: OutboxItem, *, now_ms: int, lease_ms: int) -> Sequence[OutboxItem]:
        return self._outbox.remove(item.item_id, item.fence, now_ms=now_ms, lease_ms=lease_ms)

    async def release(
        self,
        item: OutboxItem,
        *,
        due_ms: int,
        tried: bool,
        lane_waits_until_ms: int | None = None,
    ) -> None:
        self._outbox.release(item, due_ms=due_ms, tried=tried, waits_until_ms=lane_waits_until_ms)

    async def detach(
        self, item: OutboxItem, *, due_ms: int, now_ms: int, lease_ms: int
    ) -> Sequence[OutboxItem]:
        return self._outbox.detach(item, due_ms=due_ms, now_ms=now_ms, lease_ms=lease_ms)

    async def suspend(
        self, item: OutboxItem, *, account: str, until_ms: int, now_ms: int, tried: bool
    ) -> None:
        self._outbox.suspend(item, account=account, until_ms=until_ms, now_ms=now_ms, tried=tried)

    async def resume(
        self, account: str, *, now_ms: int, lease_ms: int, limit: int
    ) -> Sequence[OutboxItem]:
        accepted = list(self._dispatches)
        return self._outbox.resume(account, accepted, now_ms=now_ms, lease_ms=lease_ms, limit=limit)

    async def suspended(self) -> Sequence[str]:
        return sorted(set(self._outbox.suspended()))

    async def waiting_sends(self) -> Mapping[str, WaitingSends]:
        return self._outbox.waiting_sends()

    async def bury(
        self,
        item: OutboxItem,
        *,
        reason: str,
        http_status: int | None,
        now_ms: int,
        lease_ms: int,
    ) -> Sequence[OutboxItem]:
        return self._outbox.bury(
            item, reason=reason, http_status=http_status, now_ms=now_ms, lease_ms=lease_ms
        )

    async def dead_letters(
        self,
        application: str,
        *,
        limit: int,
        after: LetterPlace | None = None,
        choice: LetterChoice = EVERY_LETTER,
    ) -> Sequence[DeadLetter]:
        return [
            letter
            for letter in self._chosen(application, choice)
            if after is None or in_order_of_making(letter.place) > in_order_of_making(after)
        ][:limit]

    async def count_dead_letters(self, application: str, choice: LetterChoice) -> int:
        return len(self._chosen(application, choice))

    def _chosen(self, application: str, choice: LetterChoice) -> list[DeadLetter]:
        return [
            letter
            for letter in self._outbox.dead_letters()
            if letter.item.application == application
            and (choice.since_ms is None or choice.since_ms <= letter.created_ms)
            and (choice.until_ms is None or letter.created_ms <= choice.until_ms)
            and choice.owner in (None, letter.item.item_id.owner)
            and choice.reason in (None, letter.reason)
        ]

    async def exhume(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> bool:
        return self._outbox.exhume(application, item_id, now_ms=now_ms)

    async def replay(
        self,
        application: str,
        item_ids: Sequence[OutboxItemId],
        *,
        now_ms: int,
        due_ms: int,
        spacing_ms: int,
    ) -> int:
        return self._outbox.replay(
            application, item_ids, now_ms=now_ms, due_ms=due_ms, spacing_ms=spacing_ms
        )

    async def enqueue(
        self,
        item: NewOutboxItem,
        *,
        digest: bytes,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        if digest in self._inbound:
            raise CauseSpent
        self._inbound[digest] = now_ms
        return self._outbox.append(
            item,
            now_ms=now_ms,
            lease_ms=lease_ms,
            is_alone=True,
            is_claimed=item.item_id not in unclaimed,
        )

    async def due_timers(self, *, now_ms: int, limit: int) -> Sequence[DueTimer]:
        due = [timer for timer in self._timers if timer.due_ms <= now_ms]
        return [
            DueTimer(timer=timer, application=self._dispatches[timer.dispatch_uuid].application)
            for timer in sorted(due, key=_order_of)[:limit]
        ]

    async def next_timer_ms(self) -> int | None:
        return min((timer.due_ms for timer in self._timers), default=None)

    async def place_hold(self, hold: Hold) -> None:
        self._holds[hold.scope, hold.reason] = hold

    async def lift_hold(self, hold: Hold) -> None:
        stored = self._holds.get((hold.scope, hold.reason))
        if stored is not None and (stored.since_ms, stored.until_ms) == (
            hold.since_ms,
            hold.until_ms,
        ):
            del self._holds[hold.scope, hold.reason]

    async def holds(self) -> Sequence[Hold]:
        return sorted(
            self._holds.values(), key=lambda hold: (hold.since_ms, hold.scope, hold.reason)
        )

    async def set_aside(self, timers: Sequence[Timer], *, scope: str) -> None:
        for timer in timers:
            if timer in self._timers:
                self._timers.discard(timer)
                self._aside[timer] = scope

    async def bring_back(self, scope: str, *, limit: int) -> int:
        back = sorted(
            (timer for timer, under in self._aside.items() if under == scope),
            key=lambda timer: timer.due_ms,
        )[:limit]
        for timer in back:
            del self._aside[timer]
            self._timers.add(timer)
        return len(back)

    async def scopes_aside(self) -> Sequence[str]:
        return sorted(set(self._aside.values()))

    async def note_silence(self, account: str, accepted_ms: Sequence[int]) -> None:
        if accepted_ms:
            self._silences[account] = list(accepted_ms)
        else:
            self._silences.pop(account, None)

    async def silences(self) -> Mapping[str, Sequence[int]]:
        return dict(self._silences)

    async def sign(self, *, now_ms: int) -> None:
        self._signed_ms = now_ms

    async def signed_ms(self) -> int | None:
        if self._signed_ms is not None:
            return self._signed_ms
        commits = [one.at_ms for known in self._dispatches.values() for one in known.history]
        return max(commits, default=None)

    async def hold(
        self,
        *,
        application: str,
        reason: str,
        message_uuid: str | None,
        body: bytes,
        now_ms: int,
    ) -> tuple[str, int] | None:
        if message_uuid is not None and message_uuid in self._messages:
            return self._messages[message_uuid]
        for known in self._held.values():
            if (known.application, known.body) == (application, body):
                self._held[known.held_id] = replace(known, reason=reason, message_uuid=message_uuid)
                break
        else:
            self._held_drawn += 1
            self._held[self._held_drawn] = HeldWebhook(
                held_id=self._held_drawn,
                application=application,
                reason=reason,
                message_uuid=message_uuid,
                body=body,
                received_ms=now_ms,
            )
        return None

    async def held_for(self, message_uuid: str) -> Sequence[HeldWebhook]:
        return [one for one in self._unmatched() if one.message_uuid == message_uuid]

    async def matchable(self, *, limit: int) -> Sequence[HeldWebhook]:
        return [one for one in self._unmatched() if one.message_uuid in self._messages][:limit]

    async def held(
        self, senders: Sequence[str], *, reason: str | None, after: int, limit: int
    ) -> Sequence[HeldWebhook]:
        found = [
            one
            for held_id, one in sorted(self._held.items())
            if one.application in senders
            and held_id > after
            and reason in (None, one.reason, one.reason.partition(":")[0])
        ]
        return found[:limit]

    async def held_webhook(self, held_id: int) -> HeldWebhook | None:
        return self._held.get(held_id)

    async def drop_held(self, held_id: int) -> None:
        self._held.pop(held_id, None)

    async def sweep(self, *, before_ms: int, limit: int) -> int:
        wiped = self._wipe_plans(before_ms, limit)
        kept = {uuid for uuid, known in self._dispatches.items() if known.plan is not None}
        dead = sorted(self._outbox.dead_letters(), key=lambda letter: letter.died_ms)
        letters = [one for one in dead if one.item.item_id.owner in wiped]
        others = [
            one
            for one in dead
            if one.died_ms < before_ms and one.item.item_id.owner not in kept | wiped
        ]
        gone = letters + others[:limit]
        for letter in gone:
            self._outbox.forget(letter)
        held = [key for key, one in self._held.items() if one.received_ms < before_ms][:limit]
        for held_id in held:
            del self._held[held_id]
        keys = _old({key: at_ms for key, (_, at_ms) in self._requests.items()}, before_ms)[:limit]
        for key in keys:
            del self._requests[key]
        digests = _old(self._inbound, before_ms)[:limit]
        for digest in digests:
            del self._inbound[digest]
        return len(wiped) + len(gone) + len(held) + len(keys) + len(digests)

    def _wipe_plans(self, before_ms: int, limit: int) -> set[str]:
        busy = self._outbox.owners()
        ended = [
            (known.state.changed_ms, uuid)
            for uuid, known in self._dispatches.items()
            if known.plan is not None
            and known.state.status is not DispatchStatus.OPEN
            and known.state.changed_ms < before_ms
            and uuid not in busy
        ]
        wiped = {uuid for _, uuid in sorted(ended)[:limit]}
        for uuid in wiped:
            self._dispatches[uuid].plan = None
        return wiped

    async def applications_in_use(self) -> Sequence[str]:
        at_work = await self.applications_at_work()
        return sorted({*at_work, *self._outbox.applications()})

    async def applications_at_work(self) -> Sequence[str]:
        return sorted(
            {
                known.application
                for known in self._dispatches.values()
                if known.state.status is DispatchStatus.OPEN
            }
        )

    async def accepted_since(self, application: str, *, since_ms: int, limit: int) -> int:
        found = sum(
            known.application == application and _is_id_since(uuid, since_ms)
            for uuid, known in self._dispatches.items()
        )
        return min(found, limit)

    async def counts(self) -> StoreCounts:
        statuses = [known.state.status for known in self._dispatches.values()]
        return StoreCounts(
            open_dispatches=statuses.count(DispatchStatus.OPEN),
            pending_timers=len(self._timers) + len(self._aside),
            held_timers=len(self._aside),
            pending_sends=self._outbox.count(OutboxKind.SEND),
            suspended_sends=len(self._outbox.suspended()),
            pending_callbacks=self._outbox.count(OutboxKind.CALLBACK),
            dead_letters=len(self._outbox.dead_letters()),
            held_webhooks=len(self._held),
        )

    async def check(self) -> None:
        pass

    def secret(self) -> bytes:
        return self._secret

    async def close(self) -> None:
        pass

    def uuids(self) -> list[str]:
        """Return all dispatches, in the order of acceptance."""
        return list(self._dispatches)

    def instants(self) -> list[int]:
        """Return when something is due, in no order: what a simulation has to be awake for."""
        ends = [hold.until_ms for hold in self._holds.values() if hold.until_ms is not None]
        return [*(timer.due_ms for timer in self._timers), *ends, *self._outbox.instants()]

    def _unmatched(self) -> list[HeldWebhook]:
        found = [one for one in self._held.values() if one.reason == "unmatched"]
        return sorted(found, key=lambda one: (one.received_ms, one.held_id))


def _order_of(timer: Timer) -> tuple[int, str, int, str]:
    """Return what timers are handed out by; a set alone has another order in every process."""
    return timer.due_ms, timer.dispatch_uuid, timer.step, timer.kind


def _old(causes: Mapping[K, int], before_ms: int) -> list[K]:
    """Return the causes that are older than the bound and a day older than the latest."""
    latest_ms = max(causes.values(), default=0)
    return [key for key, at_ms in causes.items() if at_ms < min(before_ms, latest_ms - _DAY_MS)]


def _without_texts(entry: HistoryEntry) -> HistoryEntry:
    """Leave out what the history does not keep: texts that came from outside."""
    match entry.event:
        case StatusReceived(report=report):
            bare = replace(report, client_ref=None, error_reason=None)
            return replace(entry, event=replace(entry.event, report=bare))
        case SendRefused():
            return replace(entry, event=replace(entry.event, reason=""))
        case _:
            return entry


def _is_id_since(text: str, since_ms: int) -> bool:
    try:
        return UUID(text).int >> 80 >= since_ms
    except ValueError:
        return False
