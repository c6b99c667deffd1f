"""The outbox: lanes, leases and fences. Every function runs inside the caller's transaction.

An item is refused to a holder whose fence is not the row's. Of a lane only the head has a due
instant; removing the head makes the next one due, already leased to whoever removed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gateway.stores.base import NewOutboxItem, OutboxItem, OutboxKind
from gateway.stores.sqlite_rows import (
    KIND_NUMBERS,
    KINDS,
    SELECT_ITEMS,
    SIZES,
    claimed_item,
    item_key,
    new_claim,
)
from gateway.stores.transactions import Transaction

ItemKey: TypeAlias = tuple[bytes | str, int]


def append(
    transaction: Transaction,
    item: NewOutboxItem,
    application: int,
    *,
    now_ms: int,
    lease_until_ms: int,
    is_alone: bool = False,
    is_first: bool = False,
) -> OutboxItem | None:
    """Append an item to its lane; return it claimed when it heads the lane.

    `is_first` says that its owner has no other item, so that there is no lane to look at.
    """
    key, kind = item_key(item.item_id), KIND_NUMBERS[item.kind]
    is_head = (
        is_alone
        or is_first
        or not transaction.execute(
            "SELECT 1 FROM outbox WHERE owner = ? AND kind = ? AND url = ? AND NOT is_alone",
            (key[0], kind, item.url),
        ).fetchone()
    )
    transaction.execute(
        "INSERT INTO outbox (owner, position, kind, application, url, step, due_ms, is_leased,"
        " is_alone, fence, created_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            kind,
            application,
            item.url,
            item.step,
            lease_until_ms if is_head else None,
            is_head,
            is_alone,
            is_head,
            now_ms,
            item.body,
        ),
    )
    transaction.sizes[SIZES[item.kind]] += 1
    if not is_head:
        return None
    return new_claim(item, lease_until_ms=lease_until_ms, created_ms=now_ms)


def claim(
    transaction: Transaction, kind: OutboxKind, *, now_ms: int, lease_ms: int, limit: int
) -> Sequence[OutboxItem]:
    """Lease what is due, the longest due first."""
    rows = transaction.execute(
        SELECT_ITEMS + "WHERE kind = ? AND due_ms <= ? ORDER BY due_ms LIMIT ?",
        (KIND_NUMBERS[kind], now_ms, limit),
    ).fetchall()
    return [_lease(transaction, row, now_ms + lease_ms) for row in rows]


def begin(transaction: Transaction, item: OutboxItem, *, now_ms: int) -> bool:
    """Record that an attempt is about to leave."""
    cursor = transaction.execute(
        "UPDATE outbox SET begun_ms = ? WHERE owner = ? AND position = ? AND fence = ?",
        (now_ms, *item_key(item.item_id), item.fence),
    )
    return cursor.rowcount == 1


def release(transaction: Transaction, item: OutboxItem, *, due_ms: int, tried: bool) -> None:
    """Give an item back until `due_ms`."""
    transaction.execute(
        "UPDATE outbox SET due_ms = ?, is_leased = 0, begun_ms = NULL, tries = tries + ?"
        " WHERE owner = ? AND position = ? AND fence = ?",
        (due_ms, tried, *item_key(item.item_id), item.fence),
    )


def remove(
    transaction: Transaction, key: ItemKey, fence: int, *, now_ms: int, lease_ms: int
) -> Sequence[OutboxItem]:
    """Remove an item held under `fence`; return the next of its lane, claimed."""
    row = transaction.execute(
        "DELETE FROM outbox WHERE owner = ? AND position = ? AND fence = ?"
        " RETURNING kind, url, is_alone",
        (*key, fence),
    ).fetchone()
    if row is None:
        return ()
    kind, url, is_alone = row
    transaction.sizes[SIZES[KINDS[kind]]] -= 1
    if is_alone:
        return ()
    following = transaction.execute(
        SELECT_ITEMS + "WHERE owner = ? AND kind = ? AND url = ?"
        " AND NOT is_alone ORDER BY position LIMIT 1",
        (key[0], kind, url),
    ).fetchone()
    return [_lease(transaction, following, now_ms + lease_ms)] if following else ()


def bury(
    transaction: Transaction, item: OutboxItem, *, reason: str, now_ms: int, lease_ms: int
) -> Sequence[OutboxItem]:
    """Move an item to the dead letters; return the next of its lane, claimed."""
    key = item_key(item.item_id)
    cursor = transaction.execute(
        "INSERT INTO dead_letter (owner, position, kind, application, url, step, fence, tries,"
        " reason, created_ms, died_ms, body)"
        " SELECT owner, position, kind, application, url, step, fence, tries + 1, ?, created_ms, ?,"
        " body FROM outbox WHERE owner = ? AND position = ? AND fence = ?",
        (reason, now_ms, *key, item.fence),
    )
    transaction.sizes["dead_letters"] += cursor.rowcount
    return remove(transaction, key, item.fence, now_ms=now_ms, lease_ms=lease_ms)


def exhume(transaction: Transaction, application: int, key: ItemKey, *, now_ms: int) -> bool:
    """Append a dead letter anew, outside of its lane.

    Its fence goes up, so that whoever held it before it died holds it no longer.
    """
    cursor = transaction.execute(
        "INSERT INTO outbox (owner, position, kind, application, url, step, due_ms, is_leased,"
        " is_alone, fence, created_ms, body)"
        " SELECT owner, position, kind, application, url, step, ?, 0, 1, fence + 1, ?, body"
        " FROM dead_letter WHERE owner = ? AND position = ? AND application = ?",
        (now_ms, now_ms, *key, application),
    )
    if cursor.rowcount != 1:
        return False
    (kind,) = transaction.execute(
        "DELETE FROM dead_letter WHERE owner = ? AND position = ? RETURNING kind", key
    ).fetchone()
    transaction.sizes["dead_letters"] -= 1
    transaction.sizes[SIZES[KINDS[kind]]] += 1
    return True


def _lease(transaction: Transaction, row: Sequence[object], lease_until_ms: int) -> OutboxItem:
    item = claimed_item(row, lease_until_ms=lease_until_ms)
    transaction.execute(
        "UPDATE outbox SET due_ms = ?, is_leased = 1, fence = ? WHERE owner = ? AND position = ?",
        (lease_until_ms, item.fence, *item_key(item.item_id)),
    )
    return item
