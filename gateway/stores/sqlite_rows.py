"""Between rows and the values of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from gateway.core.state import TimerKind
from gateway.stores.base import (
    DeadLetter,
    DueTimer,
    HeldWebhook,
    Hold,
    HoldReason,
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    Timer,
)
from gateway.stores.record import pack_id, unpack_id

Row: TypeAlias = Sequence[Any]

KINDS: Final = (OutboxKind.SEND, OutboxKind.CALLBACK)
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}
TIMER_KINDS: Final = (TimerKind.EXPIRY, TimerKind.HORIZON)
TIMER_NUMBERS: Final = {kind: number for number, kind in enumerate(TIMER_KINDS)}
SENDS: Final = "sends of "
"""Before the number of an application: the name under which its sends are counted."""

SELECT_ITEMS: Final = (
    "SELECT owner, position, kind, (SELECT name FROM application WHERE id = application), url,"
    " step, body, fence, tries, begun_ms, created_ms, refused_ms,"
    " is_waiting, due_ms, holds_until_ms FROM outbox "
)
SELECT_HELD: Final = (
    "SELECT held_webhook.id, (SELECT name FROM application WHERE id = application), reason,"
    " message_uuid, body, received_ms FROM held_webhook "
)


def size_of(kind: int, application: int) -> str:
    """Return the name under which outbox items are counted: sends by application."""
    return "pending_callbacks" if kind else f"{SENDS}{application}"


def item_key(item_id: OutboxItemId) -> tuple[bytes | str, int]:
    """Return the primary key of an outbox item."""
    return pack_id(item_id.owner), item_id.position


def claimed_item(row: Row, *, lease_until_ms: int) -> OutboxItem:
    """Return an item of the outbox as its new holder gets it: the fence is one up."""
    owner, position, kind, application, url, step, body, fence, *past = row[:12]
    tries, begun_ms, created_ms, refused_ms = past
    return OutboxItem(
        item_id=OutboxItemId(owner=unpack_id(owner), position=position),
        kind=KINDS[kind],
        application=application,
        url=url,
        step=step,
        body=body,
        fence=fence + 1,
        lease_until_ms=lease_until_ms,
        created_ms=created_ms,
        tries=tries,
        begun_ms=begun_ms,
        refused_ms=refused_ms,
    )


def new_claim(item: NewOutboxItem, *, lease_until_ms: int, created_ms: int) -> OutboxItem:
    """Return an appended item as its first holder gets it."""
    return OutboxItem(
        item_id=item.item_id,
        kind=item.kind,
        application=item.application,
        url=item.url,
        step=item.step,
        body=item.body,
        fence=1,
        lease_until_ms=lease_until_ms,
        created_ms=created_ms,
    )


def dead_letter(row: Row) -> DeadLetter:
    """Return a row of `SqliteReads.dead_letters`."""
    owner, position, kind, application, url, step, body = row[:7]
    reason, http_status, tries, created_ms, died_ms = row[7:]
    return DeadLetter(
        item=NewOutboxItem(
            item_id=OutboxItemId(owner=unpack_id(owner), position=position),
            kind=KINDS[kind],
            application=application,
            url=url,
            step=step,
            body=body,
        ),
        reason=reason,
        http_status=http_status,
        tries=tries,
        created_ms=created_ms,
        died_ms=died_ms,
    )


def held_webhook(row: Row) -> HeldWebhook:
    """Return a row of `SELECT_HELD`."""
    held_id, application, reason, message_uuid, body, received_ms = row
    return HeldWebhook(
        held_id=held_id,
        application=application,
        reason=reason,
        message_uuid=None if message_uuid is None else unpack_id(message_uuid),
        body=body,
        received_ms=received_ms,
    )


def due_timer(row: Row) -> DueTimer:
    """Return a row of (dispatch uuid, step, kind, due_ms, application)."""
    uuid, step, kind, due_ms, application = row
    timer = Timer(dispatch_uuid=unpack_id(uuid), step=step, kind=TIMER_KINDS[kind], due_ms=due_ms)
    return DueTimer(timer=timer, application=application)


def hold(row: Row) -> Hold:
    """Return a row of `SqliteReads.holds`."""
    account, reason, since_ms, until_ms, dispatch, step, latest_ms, secrets = row
    return Hold(
        account=account,
        reason=HoldReason(reason),
        since_ms=since_ms,
        until_ms=until_ms,
        dispatch_uuid=None if dispatch is None else unpack_id(dispatch),
        step=step,
        latest_ms=latest_ms,
        secrets=secrets,
    )
