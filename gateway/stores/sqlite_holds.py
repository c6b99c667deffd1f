"""Holds, and the timers that are set aside under them. Every function runs in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import orjson

from gateway.stores.base import Hold, Timer
from gateway.stores.record import pack_id
from gateway.stores.sqlite_rows import TIMER_NUMBERS
from gateway.stores.transactions import Transaction

TimerKey: TypeAlias = tuple[int, int, int, int]
"""(due_ms, dispatch, step, kind), as the tables have it."""


def place(transaction: Transaction, *, hold: Hold) -> None:
    """Remember a hold."""
    transaction.execute(
        "INSERT OR REPLACE INTO hold"
        " (scope, reason, account, dispatch, step, since_ms, until_ms, latest_ms, secrets)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hold.scope,
            hold.reason.value,
            hold.account,
            None if hold.dispatch_uuid is None else pack_id(hold.dispatch_uuid),
            hold.step,
            hold.since_ms,
            hold.until_ms,
            hold.latest_ms,
            hold.secrets,
        ),
    )


def lift(transaction: Transaction, *, hold: Hold) -> None:
    """Forget a hold, and none that has taken its place."""
    transaction.execute(
        "DELETE FROM hold WHERE scope = ? AND reason = ? AND since_ms = ? AND until_ms IS ?",
        (hold.scope, hold.reason.value, hold.since_ms, hold.until_ms),
    )


def set_aside(transaction: Transaction, *, timers: Sequence[Timer], scope: str) -> None:
    """Move timers out of the index of what is due."""
    for timer in timers:
        moved = transaction.execute(
            "DELETE FROM timer WHERE due_ms = ? AND step = ? AND kind = ? AND dispatch ="
            " (SELECT id FROM dispatch WHERE uuid = ?) RETURNING due_ms, dispatch, step, kind",
            (timer.due_ms, timer.step, TIMER_NUMBERS[timer.kind], pack_id(timer.dispatch_uuid)),
        ).fetchone()
        if moved is not None:
            # Set aside before, and set anew meanwhile: one fact.
            transaction.sizes["pending_timers"] -= drop_aside(transaction, moved)
            transaction.execute("INSERT INTO timer_aside VALUES (?, ?, ?, ?, ?)", (scope, *moved))
            transaction.sizes["held_timers"] += 1


def bring_back(transaction: Transaction, *, scope: str, limit: int) -> int:
    """Move the longest due timers of a scope back."""
    rows = transaction.execute(
        "SELECT due_ms, dispatch, step, kind FROM timer_aside WHERE scope = ?"
        " ORDER BY due_ms LIMIT ?",
        (scope, limit),
    ).fetchall()
    for row in rows:
        transaction.execute(
            "DELETE FROM timer_aside"
            " WHERE scope = ? AND due_ms = ? AND dispatch = ? AND step = ? AND kind = ?",
            (scope, *row),
        )
        is_new = transaction.execute(
            "INSERT OR IGNORE INTO timer (due_ms, dispatch, step, kind) VALUES (?, ?, ?, ?)", row
        ).rowcount
        transaction.sizes["pending_timers"] -= not is_new  # it was set anew meanwhile: one fact
    transaction.sizes["held_timers"] -= len(rows)
    return len(rows)


def drop_aside(transaction: Transaction, key: TimerKey) -> int:
    """Drop a timer wherever it is set aside; return how many that were."""
    dropped = transaction.execute(
        "DELETE FROM timer_aside WHERE due_ms = ? AND dispatch = ? AND step = ? AND kind = ?", key
    ).rowcount
    transaction.sizes["held_timers"] -= dropped
    return dropped


def note_silence(transaction: Transaction, *, account: str, accepted_ms: Sequence[int]) -> None:
    """Remember, or forget, the sends that an account heard nothing of."""
    if accepted_ms:
        written = orjson.dumps(list(accepted_ms)).decode()
        transaction.execute("INSERT OR REPLACE INTO silence VALUES (?, ?)", (account, written))
    else:
        transaction.execute("DELETE FROM silence WHERE account = ?", (account,))


def sign(transaction: Transaction, *, now_ms: int) -> None:
    """Leave a sign of life."""
    transaction.execute("INSERT OR REPLACE INTO meta VALUES ('signed_ms', ?)", (now_ms,))
