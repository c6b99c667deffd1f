"""The commit: check the cause and the revision, then write everything.

`commit_operation` encodes before the transaction, so that the transaction is only statements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final, assert_never, cast

from gateway.core.state import DispatchStatus
from gateway.stores.base import (
    Cause,
    CauseSpent,
    Commit,
    NewOutboxItem,
    OutboxCause,
    OutboxItem,
    OutboxItemId,
    RequestCause,
    RevisionConflict,
    Timer,
    TimerCause,
    WebhookCause,
)
from gateway.stores.codec import encode_entry, encode_state
from gateway.stores.codec_plan import encode_plan
from gateway.stores.record import pack_id
from gateway.stores.sqlite_holds import drop_aside
from gateway.stores.sqlite_outbox import append, remove
from gateway.stores.sqlite_rows import TIMER_NUMBERS, item_key
from gateway.stores.transactions import Operation, Transaction

_DIGEST_BYTES: Final = 8  # unique within one dispatch


def key_digest(idempotency_key: str) -> bytes:
    """Return what an idempotency key is remembered by."""
    return hashlib.sha256(idempotency_key.encode()).digest()


def commit_operation(
    commit: Commit,
    *,
    application: int,
    now_ms: int,
    lease_ms: int,
    unclaimed: Collection[OutboxItemId] = (),
) -> Operation[Sequence[OutboxItem]]:
    """Prepare a commit.

    Args:
        commit: the decision.
        application: the row of the commit's application.
        now_ms: the instant, Unix milliseconds.
        lease_ms: how long the items it hands out are leased.
        unclaimed: what it does not hand out.

    Raises:
        ValueError: the commit contradicts itself.
    """
    state, history = commit.state, commit.history
    is_first, is_open = state.revision == 1, state.status is DispatchStatus.OPEN
    if (commit.plan is not None) is not is_first:
        raise ValueError("a plan is given by the first commit of a dispatch, and only by it")
    for timer in (*commit.timers_set, *commit.timers_dropped):
        if timer.dispatch_uuid != state.dispatch_uuid:
            raise ValueError("a commit sets and drops the timers of its own dispatch only")
    uuid = pack_id(state.dispatch_uuid)
    encoded = encode_state(state)
    entry = encode_entry(history)
    plan = encode_plan(commit.plan) if commit.plan is not None else None
    bindings = [(pack_id(message_uuid), step) for message_uuid, step in commit.bindings]

    def operation(transaction: Transaction) -> Sequence[OutboxItem]:
        execute = transaction.execute
        was_open = False
        if plan is not None:
            _check_cause(transaction, commit.cause, application, None)
            cursor = execute(
                "INSERT INTO dispatch"
                " (uuid, application, revision, is_open, changed_ms, is_wipeable, state)"
                " VALUES (?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (uuid, application, is_open, state.changed_ms, not is_open, encoded),
            )
            if cursor.rowcount == 0:
                raise RevisionConflict(state.dispatch_uuid, state.revision)
            dispatch = cast("int", cursor.lastrowid)
            execute("INSERT INTO plan (dispatch, body) VALUES (?, ?)", (dispatch, plan))
        else:
            row = execute(
                "SELECT id, revision, is_open FROM dispatch WHERE uuid = ?", (uuid,)
            ).fetchone()
            dispatch, revision, was_open = row or (0, 0, False)
            _check_cause(transaction, commit.cause, application, dispatch)
            if revision != state.revision - 1:
                raise RevisionConflict(state.dispatch_uuid, state.revision)
            execute(
                "UPDATE dispatch SET revision = ?, is_open = ?, changed_ms = ?, state = ?,"
                " is_wipeable = ? AND EXISTS (SELECT 1 FROM plan WHERE plan.dispatch = ?)"
                " WHERE id = ?",
                (
                    state.revision,
                    is_open,
                    state.changed_ms,
                    encoded,
                    not is_open,
                    dispatch,
                    dispatch,
                ),
            )
        transaction.sizes["open_dispatches"] += is_open - was_open
        execute(
            "INSERT INTO history (dispatch, revision, at_ms, entry) VALUES (?, ?, ?, ?)",
            (dispatch, history.revision, history.at_ms, entry),
        )
        for message_uuid, step in bindings:
            execute(
                "INSERT OR IGNORE INTO message (uuid, dispatch, step) VALUES (?, ?, ?)",
                (message_uuid, dispatch, step),
            )
        _set_timers(transaction, dispatch, commit.timers_set)
        _drop_timers(transaction, dispatch, commit.timers_dropped)
        claimed = _spend_cause(
            transaction, commit.cause, application, dispatch, now_ms=now_ms, lease_ms=lease_ms
        )
        return [
            *claimed,
            *_append_all(
                transaction,
                commit.outbox,
                application,
                now_ms,
                now_ms + lease_ms,
                is_new=is_first,
                unclaimed=unclaimed,
            ),
        ]

    return operation


def _check_cause(
    transaction: Transaction, cause: Cause, application: int, dispatch: int | None
) -> None:
    execute = transaction.execute
    match cause:
        case RequestCause(idempotency_key=key):
            is_spent = key is not None and bool(
                execute(
                    "SELECT 1 FROM request_cause WHERE application = ? AND key = ?",
                    (application, key_digest(key)),
                ).fetchone()
            )
        case WebhookCause(digest=digest):
            is_spent = bool(
                execute(
                    "SELECT 1 FROM webhook_cause WHERE dispatch = ? AND digest = ?",
                    (dispatch, _short(digest)),
                ).fetchone()
            )
        case TimerCause(timer=timer):
            is_spent = not execute(
                "SELECT 1 FROM timer WHERE due_ms = ? AND dispatch = ? AND step = ? AND kind = ?",
                (timer.due_ms, dispatch, timer.step, TIMER_NUMBERS[timer.kind]),
            ).fetchone()
        case OutboxCause(item_id=item_id, fence=fence):
            is_spent = not execute(
                "SELECT 1 FROM outbox WHERE owner = ? AND position = ? AND fence = ?",
                (*item_key(item_id), fence),
            ).fetchone()
        case _:  # pragma: no cover
            assert_never(cause)
    if is_spent:
        raise CauseSpent


def _spend_cause(
    transaction: Transaction,
    cause: Cause,
    application: int,
    dispatch: int,
    *,
    now_ms: int,
    lease_ms: int,
) -> Sequence[OutboxItem]:
    """Spend the cause; return the item that waited for the one it settled."""
    match cause:
        case RequestCause(idempotency_key=key, fingerprint=fingerprint):
            if key is not None:
                transaction.execute(
                    "INSERT INTO request_cause (application, key, dispatch, fingerprint, at_ms)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (application, key_digest(key), dispatch, fingerprint, now_ms),
                )
        case WebhookCause(digest=digest):
            transaction.execute(
                "INSERT INTO webhook_cause (dispatch, digest) VALUES (?, ?)",
                (dispatch, _short(digest)),
            )
        case TimerCause(timer=timer):
            _drop_timers(transaction, dispatch, [timer])
        case OutboxCause(item_id=item_id, fence=fence):
            return remove(transaction, item_key(item_id), fence, now_ms=now_ms, lease_ms=lease_ms)
        case _:  # pragma: no cover
            assert_never(cause)
    return ()


def _set_timers(transaction: Transaction, dispatch: int, timers: Sequence[Timer]) -> None:
    for timer in timers:
        cursor = transaction.execute(
            "INSERT OR IGNORE INTO timer (due_ms, dispatch, step, kind) VALUES (?, ?, ?, ?)",
            (timer.due_ms, dispatch, timer.step, TIMER_NUMBERS[timer.kind]),
        )
        transaction.sizes["pending_timers"] += cursor.rowcount


def _drop_timers(transaction: Transaction, dispatch: int, timers: Sequence[Timer]) -> None:
    for timer in timers:
        key = (timer.due_ms, dispatch, timer.step, TIMER_NUMBERS[timer.kind])
        dropped = transaction.execute(
            "DELETE FROM timer WHERE due_ms = ? AND dispatch = ? AND step = ? AND kind = ?", key
        ).rowcount
        if not dropped:
            dropped = drop_aside(transaction, key)
        transaction.sizes["pending_timers"] -= dropped


def _append_all(
    transaction: Transaction,
    items: Sequence[NewOutboxItem],
    application: int,
    now_ms: int,
    lease_until_ms: int,
    *,
    is_new: bool,
    unclaimed: Collection[OutboxItemId],
) -> list[OutboxItem]:
    claimed = (
        append(
            transaction,
            item,
            application,
            now_ms=now_ms,
            lease_until_ms=lease_until_ms,
            is_first=is_new and number == 0,
            is_claimed=item.item_id not in unclaimed,
        )
        for number, item in enumerate(items)
    )
    return [item for item in claimed if item is not None]


def _short(digest: bytes) -> bytes:
    return hashlib.blake2b(digest, digest_size=_DIGEST_BYTES).digest()
