"""Dead letters: how callbacks get there and come back. Runs inside the caller's transaction.

The fence of what comes back goes up, so that whoever held it before it died holds it no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.stores.base import OutboxItem
from gateway.stores.sqlite_outbox import LET_WAIT, OLDEST, ItemKey, LaneKey, remove
from gateway.stores.sqlite_rows import item_key, size_of
from gateway.stores.transactions import Transaction

_COME_BACK: Final = (
    "INSERT INTO outbox (owner, position, kind, application, url, step, due_ms, is_leased,"
    " is_alone, is_waiting, is_replayed, fence, created_ms, made_ms, body)"
    " SELECT owner, position, kind, application, url, step, ?, 0, ?, ?, ?, fence + 1, ?,"
    " created_ms, body FROM dead_letter WHERE owner = ? AND position = ? AND application = ?"
)


def bury(
    transaction: Transaction,
    item: OutboxItem,
    *,
    reason: str,
    http_status: int | None,
    now_ms: int,
    lease_ms: int,
) -> Sequence[OutboxItem]:
    """Move an item to the dead letters; return the next of its lane, claimed."""
    key = item_key(item.item_id)
    cursor = transaction.execute(
        "INSERT INTO dead_letter (owner, position, kind, application, url, step, fence, tries,"
        " reason, http_status, created_ms, died_ms, body)"
        " SELECT owner, position, kind, application, url, step, fence, tries + 1, ?, ?,"
        " coalesce(made_ms, created_ms), ?, body FROM outbox"
        " WHERE owner = ? AND position = ? AND fence = ?",
        (reason, http_status, now_ms, *key, item.fence),
    )
    transaction.sizes["dead_letters"] += cursor.rowcount
    return remove(transaction, key, item.fence, now_ms=now_ms, lease_ms=lease_ms)


def exhume(transaction: Transaction, application: int, key: ItemKey, *, now_ms: int) -> bool:
    """Append a dead letter anew, outside of its lane."""
    cursor = transaction.execute(
        _COME_BACK, (now_ms, True, False, False, now_ms, *key, application)
    )
    if cursor.rowcount != 1:
        return False
    _forget(transaction, application, key)
    return True


def replay(
    transaction: Transaction,
    application: int,
    keys: Sequence[ItemKey],
    *,
    now_ms: int,
    due_ms: int,
    spacing_ms: int,
) -> int:
    """Append dead letters anew, as lanes; return how many there were."""
    due_of: dict[ItemKey, int] = {}
    lanes: set[LaneKey] = set()
    for number, key in enumerate(keys):
        cursor = transaction.execute(
            _COME_BACK, (None, False, True, True, now_ms, *key, application)
        )
        if cursor.rowcount == 1:
            due_of[key] = due_ms + number * spacing_ms
            lanes.add(_forget(transaction, application, key))
    for lane in lanes:
        owner, position, *_, is_waiting, _, holds_until_ms = transaction.execute(
            OLDEST, lane
        ).fetchone()
        if is_waiting:
            transaction.execute(
                "UPDATE outbox SET is_waiting = 0, due_ms = ? WHERE owner = ? AND position = ?",
                (due_of[owner, position], owner, position),
            )
        transaction.execute(LET_WAIT, (holds_until_ms, *lane))
    return len(due_of)


def _forget(transaction: Transaction, application: int, key: ItemKey) -> LaneKey:
    """Remove a dead letter that came back; return the lane of what is posted again with it."""
    kind, url = transaction.execute(
        "DELETE FROM dead_letter WHERE owner = ? AND position = ? RETURNING kind, url", key
    ).fetchone()
    transaction.sizes["dead_letters"] -= 1
    transaction.sizes[size_of(kind, application)] += 1
    return key[0], kind, url, True
