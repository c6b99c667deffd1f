"""Webhooks on hold, retention, and the proof that writing works. All inside a transaction."""

from __future__ import annotations

import hashlib
from typing import Final

from gateway.stores.record import pack_id, unpack_id
from gateway.stores.transactions import Transaction

CAUSES_KEPT_MS: Final = 24 * 3600 * 1000
_DIGEST_BYTES: Final = 16

_FORGET: Final = (
    "DELETE FROM request_cause"
    " WHERE id IN (SELECT id FROM request_cause ORDER BY id LIMIT :limit)"
    " AND at_ms < :before_ms"
    " AND at_ms < (SELECT at_ms FROM request_cause ORDER BY id DESC LIMIT 1) - :day_ms",
    "DELETE FROM inbound_cause"
    " WHERE id IN (SELECT id FROM inbound_cause ORDER BY id LIMIT :limit)"
    " AND at_ms < :before_ms"
    " AND at_ms < (SELECT at_ms FROM inbound_cause ORDER BY id DESC LIMIT 1) - :day_ms",
)


def hold(
    transaction: Transaction,
    *,
    application: int,
    reason: str,
    message_uuid: str | None,
    body: bytes,
    now_ms: int,
) -> tuple[str, int] | None:
    """Keep a webhook, or return what its message id is bound to by now.

    One that is kept already is kept once, for the latest reason.
    """
    message = None if message_uuid is None else pack_id(message_uuid)
    bound = transaction.execute(
        "SELECT dispatch.uuid, step FROM message JOIN dispatch ON dispatch.id = message.dispatch"
        " WHERE message.uuid = ?",
        (message,),
    ).fetchone()
    if bound is not None:
        return unpack_id(bound[0]), bound[1]
    digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
    known = transaction.execute(
        "UPDATE held_webhook SET reason = ?, message_uuid = ? WHERE application = ? AND digest = ?",
        (reason, message, application, digest),
    )
    if not known.rowcount:
        transaction.execute(
            "INSERT INTO held_webhook"
            " (application, reason, message_uuid, digest, received_ms, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (application, reason, message, digest, now_ms, body),
        )
        transaction.sizes["held_webhooks"] += 1
    return None


def drop_held(transaction: Transaction, held_id: int) -> None:
    """Forget a held webhook."""
    cursor = transaction.execute("DELETE FROM held_webhook WHERE id = ?", (held_id,))
    transaction.sizes["held_webhooks"] -= cursor.rowcount


def remember_inbound(transaction: Transaction, digest: bytes, *, now_ms: int) -> bool:
    """Spend the cause of an inbound message; False if it was spent before."""
    return not transaction.execute(
        "SELECT 1 FROM inbound_cause WHERE digest = ?", (digest,)
    ).fetchone() and bool(
        transaction.execute(
            "INSERT INTO inbound_cause (digest, at_ms) VALUES (?, ?)", (digest, now_ms)
        ).rowcount
    )


def check(transaction: Transaction) -> None:
    """Write something."""
    transaction.execute("UPDATE meta SET value = value + 1 WHERE name = 'checks'")


def sweep(transaction: Transaction, *, before_ms: int, limit: int) -> int:
    """Wipe what ended before `before_ms`, up to `limit` rows of each kind."""
    return (
        _wipe_plans(transaction, before_ms, limit)
        + _wipe_dead_letters(transaction, before_ms, limit)
        + _wipe_held(transaction, before_ms, limit)
        + _forget_causes(transaction, before_ms, limit)
    )


def _wipe_plans(transaction: Transaction, before_ms: int, limit: int) -> int:
    """Wipe the plans of closed dispatches that have nothing left to deliver."""
    execute = transaction.execute
    ended = execute(
        "SELECT id, uuid FROM dispatch WHERE is_wipeable AND changed_ms < ? AND NOT EXISTS"
        " (SELECT 1 FROM outbox WHERE owner = dispatch.uuid) ORDER BY changed_ms LIMIT ?",
        (before_ms, limit),
    ).fetchall()
    wiped = len(ended)
    for dispatch, uuid in ended:
        execute("DELETE FROM plan WHERE dispatch = ?", (dispatch,))
        execute("UPDATE dispatch SET is_wipeable = 0 WHERE id = ?", (dispatch,))
        buried = execute("DELETE FROM dead_letter WHERE owner = ?", (uuid,)).rowcount
        transaction.sizes["dead_letters"] -= buried
        wiped += buried
    return wiped


def _wipe_dead_letters(transaction: Transaction, before_ms: int, limit: int) -> int:
    """Wipe the dead letters that belong to no dispatch, or to one without plan by now."""
    wiped = transaction.execute(
        "DELETE FROM dead_letter WHERE (owner, position) IN ("
        " SELECT owner, position FROM dead_letter WHERE died_ms < ? AND NOT EXISTS"
        " (SELECT 1 FROM dispatch JOIN plan ON plan.dispatch = dispatch.id"
        " WHERE dispatch.uuid = dead_letter.owner) ORDER BY died_ms LIMIT ?)",
        (before_ms, limit),
    ).rowcount
    transaction.sizes["dead_letters"] -= wiped
    return wiped


def _wipe_held(transaction: Transaction, before_ms: int, limit: int) -> int:
    wiped = transaction.execute(
        "DELETE FROM held_webhook WHERE id IN"
        " (SELECT id FROM held_webhook WHERE received_ms < ? ORDER BY id LIMIT ?)",
        (before_ms, limit),
    ).rowcount
    transaction.sizes["held_webhooks"] -= wiped
    return wiped


def _forget_causes(transaction: Transaction, before_ms: int, limit: int) -> int:
    """Forget causes that are a day older than the latest one, too: that one tells the time.

    Only the `limit` oldest are looked at; their numbers ascend with time.
    """
    bounds = {"limit": limit, "before_ms": before_ms, "day_ms": CAUSES_KEPT_MS}
    return sum(transaction.execute(forget, bounds).rowcount for forget in _FORGET)
