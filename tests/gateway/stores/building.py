"""Short ways to write commits and outbox items."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Final

from gateway.core.events import DispatchAccepted, Event, StatusReceived, StatusReport
from gateway.core.state import Dispatch, DispatchStatus, Step, TimerKind
from gateway.stores.base import (
    Cause,
    Commit,
    HistoryEntry,
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    RequestCause,
    Store,
    Timer,
    WebhookCause,
)
from translators.dispatch import DispatchPlan, StepPlan

NOW: Final = 1_738_584_865_000
LEASE: Final = 30_000
DAY: Final = 24 * 3600 * 1000
SHOP: Final = "shop"
URL: Final = "https://shop.example.com/status"
OTHER_URL: Final = "https://shop.example.com/report"


def uuid_of(number: int) -> str:
    """Return the id of the test's dispatch or message `number`."""
    return str(uuid.UUID(int=number, version=4))


def plan() -> DispatchPlan:
    """Return a plan of two steps."""
    return DispatchPlan(
        template="failover",
        steps=(
            StepPlan(
                channel="whatsapp",
                to={"type": "whatsapp", "number": "447700900000"},
                sender={"type": "whatsapp", "number": "447700900001"},
                client_ref="order-42",
                request={
                    "to": "447700900000",
                    "from": "447700900001",
                    "channel": "whatsapp",
                    "message_type": "text",
                    "text": "Hello",
                    "client_ref": "order-42",
                },
                expiry_s=600,
                condition="read",
            ),
            StepPlan(
                channel="sms",
                to={"type": "sms", "number": "447700900000"},
                sender={"type": "sms", "number": "447700900001"},
                client_ref=None,
                request={
                    "to": "447700900000",
                    "from": "447700900001",
                    "channel": "sms",
                    "message_type": "text",
                    "text": "Hello",
                },
                expiry_s=None,
                condition=None,
            ),
        ),
    )


def dispatch(
    number: int = 1,
    revision: int = 1,
    *,
    status: DispatchStatus = DispatchStatus.OPEN,
    changed_ms: int = NOW,
) -> Dispatch:
    """Return a dispatch of two steps."""
    return Dispatch(
        dispatch_uuid=uuid_of(number),
        revision=revision,
        status=status,
        changed_ms=changed_ms,
        steps=(Step(channel="whatsapp", condition="read", expiry_s=600), Step(channel="sms")),
    )


def commit(
    number: int = 1,
    revision: int = 1,
    *,
    cause: Cause | None = None,
    application: str = SHOP,
    status: DispatchStatus = DispatchStatus.OPEN,
    changed_ms: int = NOW,
    event: Event | None = None,
    timers_set: Sequence[Timer] = (),
    timers_dropped: Sequence[Timer] = (),
    outbox: Sequence[NewOutboxItem] = (),
    bindings: Sequence[tuple[str, int]] = (),
) -> Commit:
    """Return the commit that takes dispatch `number` to `revision`.

    The usual cause is a request at first, and later a webhook that came with this revision.
    """
    is_first = revision == 1
    usual = RequestCause(application=application) if is_first else webhook(str(revision))
    usual_event = DispatchAccepted() if is_first else told("submitted")
    return Commit(
        application=application,
        state=dispatch(number, revision, status=status, changed_ms=changed_ms),
        cause=cause or usual,
        history=HistoryEntry(revision=revision, at_ms=changed_ms, event=event or usual_event),
        plan=plan() if is_first else None,
        timers_set=timers_set,
        timers_dropped=timers_dropped,
        outbox=outbox,
        bindings=bindings,
    )


async def put(
    store: Store, made: Commit, *, now_ms: int = NOW, unclaimed: Collection[OutboxItemId] = ()
) -> Sequence[OutboxItem]:
    """Commit with the usual lease."""
    return await store.commit(made, now_ms=now_ms, lease_ms=LEASE, unclaimed=unclaimed)


async def leave(
    store: Store, *items: NewOutboxItem, number: int = 1, now_ms: int = NOW
) -> Sequence[OutboxItem]:
    """Make dispatch `number` with these items in the outbox, none of them wanted now."""
    made = commit(number, application=items[0].application, outbox=items)
    return await put(store, made, now_ms=now_ms, unclaimed=[item.item_id for item in items])


async def put_items(store: Store, *items: NewOutboxItem, number: int = 1) -> Sequence[OutboxItem]:
    """Make dispatch `number` with these items in the outbox, at `NOW`."""
    return await put(store, commit(number, outbox=items))


async def due(
    store: Store, now_ms: int = NOW, *, kind: OutboxKind = OutboxKind.CALLBACK, limit: int = 100
) -> list[int]:
    """Claim; return the positions."""
    claimed = await store.claim(kind, now_ms=now_ms, lease_ms=LEASE, room={SHOP: limit})
    return [item.item_id.position for item in claimed]


def told(status: str) -> StatusReceived:
    """Return the event of a webhook about the first step."""
    return StatusReceived(step=0, report=StatusReport(status=status))


def webhook(said: str) -> WebhookCause:
    """Return the cause of a webhook that says something."""
    return WebhookCause(digest=said.encode())


def timer(number: int = 1, *, due_ms: int = NOW, step: int = 0) -> Timer:
    """Return a timer of dispatch `number`."""
    return Timer(dispatch_uuid=uuid_of(number), step=step, kind=TimerKind.EXPIRY, due_ms=due_ms)


def callback(
    position: int, number: int = 1, *, url: str = URL, application: str = SHOP, body: bytes = b"{}"
) -> NewOutboxItem:
    """Return a callback of dispatch `number`."""
    return NewOutboxItem(
        item_id=OutboxItemId(owner=uuid_of(number), position=position),
        kind=OutboxKind.CALLBACK,
        application=application,
        url=url,
        step=0,
        body=body,
    )


def send(
    position: int, number: int = 1, *, step: int = 0, application: str = SHOP
) -> NewOutboxItem:
    """Return a send of dispatch `number`."""
    return NewOutboxItem(
        item_id=OutboxItemId(owner=uuid_of(number), position=position),
        kind=OutboxKind.SEND,
        application=application,
        url="",
        step=step,
        body=b'{"text":"Hello"}',
    )


def positions(items: Sequence[OutboxItem]) -> list[int]:
    """Return the positions of items, in their order."""
    return [item.item_id.position for item in items]


async def due_timers(store: Store, now_ms: int) -> list[Timer]:
    """Return the timers that are due, in the order the store gives."""
    return [one.timer for one in await store.due_timers(now_ms=now_ms, limit=9)]
