"""The outbox: lanes, leases and fences. Every function runs inside the caller's transaction.

An item is refused to a holder whose fence is not the row's. The oldest item of a lane never waits;
the others do, and their due instant is the one until which the lane waits for the oldest: never,
until that one has failed. Removing the oldest makes the next one due, already leased to whoever
removed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from gateway.stores.base import NewOutboxItem, OutboxItem, OutboxKind
from gateway.stores.sqlite_rows import (
    KIND_NUMBERS,
    SELECT_ITEMS,
    claimed_item,
    item_key,
    new_claim,
    size_of,
)
from gateway.stores.transactions import Transaction

ItemKey: TypeAlias = tuple[bytes | str, int]
LaneKey: TypeAlias = tuple[bytes | str, int, str, bool]
"""Owner, kind, URL, and whether it is the lane of what is posted again."""

OLDEST: Final = (
    SELECT_ITEMS + "WHERE owner = ? AND kind = ? AND url = ? AND is_replayed = ? AND NOT is_alone"
    " ORDER BY position LIMIT 1"
)
DUE: Final = (
    SELECT_ITEMS  # noqa: S608 - only constants are put together
    + "WHERE kind = ? AND application = (SELECT id FROM application WHERE name = ?)"
    " AND due_ms <= ? ORDER BY due_ms, owner, position LIMIT ?"
)
# What waits for its turn waits until an instant at most.
LET_WAIT: Final = (
    "UPDATE outbox SET due_ms = ?"
    " WHERE owner = ? AND kind = ? AND url = ? AND is_replayed = ? AND NOT is_alone AND is_waiting"
)


def append(
    transaction: Transaction,
    item: NewOutboxItem,
    application: int,
    *,
    now_ms: int,
    lease_until_ms: int,
    is_alone: bool = False,
    is_first: bool = False,
    is_claimed: bool = True,
) -> OutboxItem | None:
    """Append an item to its lane; return it claimed when it need not wait.

    Args:
        is_first: its owner has no other item, so that there is no lane to look at.
        is_claimed: else it is due now instead, where it need not wait.
    """
    key, kind = item_key(item.item_id), KIND_NUMBERS[item.kind]
    lane = (key[0], kind, item.url, False)
    oldest = None if is_alone or is_first else transaction.execute(OLDEST, lane).fetchone()
    holds_until_ms = oldest[-1] if oldest else None
    is_waiting = oldest is not None and (holds_until_ms is None or holds_until_ms > now_ms)
    is_leased = is_claimed and not is_waiting
    transaction.execute(
        "INSERT INTO outbox (owner, position, kind, application, url, step, due_ms, is_leased,"
        " is_alone, is_waiting, holds_until_ms, fence, created_ms, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            kind,
            application,
            item.url,
            item.step,
            holds_until_ms if is_waiting else lease_until_ms if is_claimed else now_ms,
            is_leased,
            is_alone,
            is_waiting,
            None if is_waiting else holds_until_ms,
            is_leased,
            now_ms,
            item.body,
        ),
    )
    transaction.sizes[size_of(kind, application)] += 1
    if not is_leased:
        return None
    return new_claim(item, lease_until_ms=lease_until_ms, created_ms=now_ms)


def claim(
    transaction: Transaction,
    kind: OutboxKind,
    *,
    now_ms: int,
    lease_ms: int,
    room: Mapping[str, int],
) -> Sequence[OutboxItem]:
    """Lease what is due, the longest due first, and what became due together in its order."""
    rows = [
        row
        for name, limit in room.items()
        for row in transaction.execute(DUE, (KIND_NUMBERS[kind], name, now_ms, limit)).fetchall()
    ]
    return [_lease(transaction, row, now_ms + lease_ms) for row in rows]


def begin(transaction: Transaction, item: OutboxItem, *, now_ms: int) -> bool:
    """Record that an attempt is about to leave."""
    cursor = transaction.execute(
        "UPDATE outbox SET begun_ms = ? WHERE owner = ? AND position = ? AND fence = ?",
        (now_ms, *item_key(item.item_id), item.fence),
    )
    return cursor.rowcount == 1


def release(
    transaction: Transaction,
    item: OutboxItem,
    *,
    due_ms: int,
    tried: bool,
    lane_waits_until_ms: int | None,
) -> None:
    """Give an item back until `due_ms`; its lane waits for it, with an end or without."""
    row = transaction.execute(
        "UPDATE outbox SET due_ms = ?, is_leased = 0, begun_ms = NULL, tries = tries + ?,"
        " holds_until_ms = coalesce(holds_until_ms, ?),"
        " refused_ms = coalesce(refused_ms, iif(?, begun_ms, NULL)), suspended_for = NULL"
        " WHERE owner = ? AND position = ? AND fence = ? RETURNING owner, kind, url, is_replayed",
        (due_ms, tried, lane_waits_until_ms, tried, *item_key(item.item_id), item.fence),
    ).fetchone()
    if row is not None and lane_waits_until_ms is not None:
        oldest = transaction.execute(OLDEST, row).fetchone()
        transaction.execute(LET_WAIT, (oldest[-1] if oldest else None, *row))


def detach(
    transaction: Transaction, item: OutboxItem, *, due_ms: int, now_ms: int, lease_ms: int
) -> Sequence[OutboxItem]:
    """Give a tried item back until `due_ms`, outside of its lane; return the next, claimed."""
    row = transaction.execute(
        "UPDATE outbox SET due_ms = ?, is_leased = 0, begun_ms = NULL, tries = tries + 1,"
        " is_alone = 1, refused_ms = coalesce(refused_ms, begun_ms), suspended_for = NULL"
        " WHERE owner = ? AND position = ? AND fence = ?"
        " RETURNING owner, kind, url, is_replayed",
        (due_ms, *item_key(item.item_id), item.fence),
    ).fetchone()
    return _go_on(transaction, row, now_ms=now_ms, lease_ms=lease_ms) if row is not None else ()


def suspend(
    transaction: Transaction,
    item: OutboxItem,
    *,
    account: str,
    until_ms: int,
    now_ms: int,
    tried: bool,
) -> None:
    """Put a send aside for its account. Dispatches are numbered in the order of acceptance."""
    transaction.execute(
        "UPDATE outbox SET due_ms = ?, is_leased = 0, begun_ms = NULL, tries = tries + ?,"
        " refused_ms = coalesce(refused_ms, begun_ms, ?), suspended_for = ?,"
        " accepted = (SELECT id FROM dispatch WHERE uuid = owner)"
        " WHERE owner = ? AND position = ? AND fence = ? AND kind = ?",
        (
            until_ms,
            tried,
            now_ms,
            account,
            *item_key(item.item_id),
            item.fence,
            KIND_NUMBERS[OutboxKind.SEND],
        ),
    )


def resume(
    transaction: Transaction, account: str, *, now_ms: int, lease_ms: int, limit: int
) -> Sequence[OutboxItem]:
    """Lease what is suspended for an account, in the order of acceptance."""
    rows = transaction.execute(
        SELECT_ITEMS + "WHERE suspended_for = ? ORDER BY accepted, position LIMIT ?",
        (account, limit),
    ).fetchall()
    return [_lease(transaction, row, now_ms + lease_ms) for row in rows]


def remove(
    transaction: Transaction, key: ItemKey, fence: int, *, now_ms: int, lease_ms: int
) -> Sequence[OutboxItem]:
    """Remove an item held under `fence`; return the next of its lane, claimed."""
    row = transaction.execute(
        "DELETE FROM outbox WHERE owner = ? AND position = ? AND fence = ?"
        " RETURNING owner, kind, url, is_replayed, is_alone, application",
        (*key, fence),
    ).fetchone()
    if row is None:
        return ()
    *lane, is_alone, application = row
    transaction.sizes[size_of(row[1], application)] -= 1
    if is_alone:
        return ()
    return _go_on(transaction, lane, now_ms=now_ms, lease_ms=lease_ms)


def _go_on(
    transaction: Transaction, lane: Sequence[object], *, now_ms: int, lease_ms: int
) -> Sequence[OutboxItem]:
    """Let a lane go on without an item that left it: return the next one, claimed, if it waits.

    If it does not, it was handed out before its turn.
    """
    oldest = transaction.execute(OLDEST, lane).fetchone()
    if oldest is None:
        return ()
    is_waiting, due_ms, holds_until_ms = oldest[-3:]
    if due_ms is not None:  # else all of them wait for their turn already
        transaction.execute(LET_WAIT, (holds_until_ms, *lane))
    return [_lease(transaction, oldest, now_ms + lease_ms)] if is_waiting else ()


def _lease(transaction: Transaction, row: Sequence[object], lease_until_ms: int) -> OutboxItem:
    """Claim an item. One that waited and became due was not its lane's turn: it holds nobody up."""
    item = claimed_item(row, lease_until_ms=lease_until_ms)
    transaction.execute(
        "UPDATE outbox SET holds_until_ms = iif(is_waiting, due_ms, holds_until_ms),"
        " is_waiting = 0, due_ms = ?, is_leased = 1, fence = ?, suspended_for = NULL"
        " WHERE owner = ? AND position = ?",
        (lease_until_ms, item.fence, *item_key(item.item_id)),
    )
    return item
