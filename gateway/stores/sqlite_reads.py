"""What the embedded store answers without writing, from a connection of its own.

It sees what is committed and nothing else. It is used on the event loop: each query is a look-up
or a short range of an index.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from gateway.identifiers import earliest_id
from gateway.stores.base import (
    DeadLetter,
    DispatchRecord,
    DueTimer,
    HeldWebhook,
    HistoryEntry,
    Hold,
    LetterChoice,
    LetterPlace,
    OutboxKind,
    RequestRecord,
    WaitingSends,
)
from gateway.stores.codec import decode_entry, decode_state
from gateway.stores.codec_plan import decode_plan
from gateway.stores.record import pack_id, unpack_id
from gateway.stores.sqlite_commit import key_digest
from gateway.stores.sqlite_rows import (
    KIND_NUMBERS,
    SELECT_HELD,
    SENDS,
    dead_letter,
    due_timer,
    held_webhook,
    hold,
    item_key,
)

_LAST_ROW: Final = 2**63 - 1
"""No row has a higher number; SQLite takes none."""

_SIZES: Final = """
SELECT 'open_dispatches', count(*) FROM dispatch WHERE is_open
UNION ALL SELECT 'pending_timers',
    (SELECT count(*) FROM timer) + (SELECT count(*) FROM timer_aside)
UNION ALL SELECT 'held_timers', count(*) FROM timer_aside
UNION ALL SELECT 'pending_callbacks', count(*) FROM outbox WHERE kind = 1
UNION ALL SELECT 'sends of ' || application, count(*) FROM outbox WHERE kind = 0
    GROUP BY application
UNION ALL SELECT 'dead_letters', count(*) FROM dead_letter
UNION ALL SELECT 'held_webhooks', count(*) FROM held_webhook
"""

_SELECT_LETTERS: Final = (
    "SELECT owner, position, kind, :name, url, step, body, reason, http_status, tries,"
    " created_ms, died_ms FROM dead_letter"
)
_COUNT_LETTERS: Final = "SELECT count(*) FROM dead_letter"
_CHOSEN: Final = (
    " WHERE application = (SELECT id FROM application WHERE name = :name)"
    " AND created_ms BETWEEN :since_ms AND :until_ms"
    " AND (:owner IS NULL OR owner = :owner) AND (:reason IS NULL OR reason = :reason)"
)
_AFTER: Final = (
    " AND (created_ms, owner, position) > (:after_ms, :after_owner, :after_position)"
    " ORDER BY created_ms, owner, position LIMIT :limit"
)
_BEFORE_ALL: Final = -(2**63)
_AFTER_ALL: Final = 2**63 - 1


class SqliteReads:
    """Queries on a read-only connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute

    def load(self, dispatch_uuid: str) -> DispatchRecord | None:
        """Return the dispatch as last committed."""
        row = self._execute(
            "SELECT name, revision, changed_ms, state, body FROM dispatch"
            " JOIN application ON application.id = dispatch.application"
            " LEFT JOIN plan ON plan.dispatch = dispatch.id WHERE uuid = ?",
            (pack_id(dispatch_uuid),),
        ).fetchone()
        if row is None:
            return None
        application, revision, changed_ms, state, plan = row
        return DispatchRecord(
            application=application,
            state=decode_state(
                state, dispatch_uuid=dispatch_uuid, revision=revision, changed_ms=changed_ms
            ),
            plan=None if plan is None else decode_plan(plan),
        )

    def history(self, dispatch_uuid: str) -> Sequence[HistoryEntry]:
        """Return the entries of a dispatch in revision order."""
        rows = self._execute(
            "SELECT entry, history.revision, at_ms FROM history"
            " JOIN dispatch ON dispatch.id = history.dispatch"
            " WHERE uuid = ? ORDER BY history.revision",
            (pack_id(dispatch_uuid),),
        )
        return [decode_entry(entry, revision=revision, at_ms=at) for entry, revision, at in rows]

    def find_message(self, message_uuid: str) -> tuple[str, int] | None:
        """Return what a message id is bound to."""
        row = self._execute(
            "SELECT dispatch.uuid, step FROM message"
            " JOIN dispatch ON dispatch.id = message.dispatch WHERE message.uuid = ?",
            (pack_id(message_uuid),),
        ).fetchone()
        return None if row is None else (unpack_id(row[0]), row[1])

    def recall(self, application: str, idempotency_key: str) -> RequestRecord | None:
        """Return what an idempotency key was used for."""
        row = self._execute(
            "SELECT uuid, fingerprint FROM request_cause"
            " JOIN dispatch ON dispatch.id = request_cause.dispatch"
            " WHERE request_cause.application = (SELECT id FROM application WHERE name = ?)"
            " AND key = ?",
            (application, key_digest(idempotency_key)),
        ).fetchone()
        return row and RequestRecord(dispatch_uuid=unpack_id(row[0]), fingerprint=row[1])

    def has_due(self, kind: OutboxKind, application: str, now_ms: int) -> bool:
        """Tell whether there is anything to claim: asked often, mostly in vain."""
        return bool(
            self._execute(
                "SELECT 1 FROM outbox WHERE kind = ? AND due_ms <= ?"
                " AND application = (SELECT id FROM application WHERE name = ?) LIMIT 1",
                (KIND_NUMBERS[kind], now_ms, application),
            ).fetchone()
        )

    def suspended(self) -> Sequence[str]:
        """Return the accounts with suspended sends, by name."""
        rows = self._execute(
            "SELECT DISTINCT suspended_for FROM outbox WHERE suspended_for IS NOT NULL"
            " ORDER BY suspended_for"
        )
        return [account for (account,) in rows]

    def suspended_sends(self) -> int:
        """Count the suspended sends."""
        query = "SELECT count(*) FROM outbox WHERE suspended_for IS NOT NULL"
        return int(self._execute(query).fetchone()[0])

    def waiting_sends(self, sizes: Mapping[str, int]) -> Mapping[str, WaitingSends]:
        """Return the sends of each application that has any; `sizes` has their numbers."""
        return {
            name: WaitingSends(count=count, oldest_ms=self._oldest_send_ms(application))
            for application, name in self._execute("SELECT id, name FROM application")
            if (count := sizes.get(f"{SENDS}{application}", 0))
        }

    def _oldest_send_ms(self, application: int) -> int | None:
        oldest_ms: int | None = self._execute(
            "SELECT min(created_ms) FROM outbox"
            " WHERE application = ? AND kind = 0 AND refused_ms IS NULL",
            (application,),
        ).fetchone()[0]
        return oldest_ms

    def due_timers(self, now_ms: int, limit: int) -> Sequence[DueTimer]:
        """Return due timers, the longest due first."""
        rows = self._execute(
            "SELECT uuid, step, kind, due_ms,"
            " (SELECT name FROM application WHERE id = application) FROM timer"
            " JOIN dispatch ON dispatch.id = timer.dispatch"
            " WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
            (now_ms, limit),
        )
        return [due_timer(row) for row in rows]

    def holds(self) -> Sequence[Hold]:
        """Return all holds, the oldest first."""
        rows = self._execute(
            "SELECT account, reason, since_ms, until_ms, dispatch, step, latest_ms, secrets"
            " FROM hold ORDER BY since_ms, scope, reason"
        )
        return [hold(row) for row in rows]

    def scopes_aside(self) -> Sequence[str]:
        """Return the scopes that timers are set aside under."""
        rows = self._execute("SELECT DISTINCT scope FROM timer_aside ORDER BY scope")
        return [scope for (scope,) in rows]

    def silences(self) -> Mapping[str, Sequence[int]]:
        """Return the sends that accounts heard nothing of."""
        rows = self._execute("SELECT account, accepted_ms FROM silence")
        return {account: orjson.loads(accepted_ms) for account, accepted_ms in rows}

    def signed_ms(self) -> int | None:
        """Return the last sign of life."""
        row = self._execute("SELECT value FROM meta WHERE name = 'signed_ms'").fetchone()
        if row is None:  # a young store: this reads all of its history, and never again
            row = self._execute("SELECT max(at_ms) FROM history").fetchone()
        return None if row[0] is None else int(row[0])

    def next_timer_ms(self) -> int | None:
        """Return the instant of the earliest timer."""
        due_ms: int | None = self._execute("SELECT min(due_ms) FROM timer").fetchone()[0]
        return due_ms

    def dead_letters(
        self, application: str, limit: int, after: LetterPlace | None, choice: LetterChoice
    ) -> Sequence[DeadLetter]:
        """Return an application's dead letters, in the order of making."""
        owner, position = ("", 0) if after is None else item_key(after.item_id)
        if after is not None:
            # The index is entered by its first columns alone.
            since_ms = max(choice.since_ms or after.created_ms, after.created_ms)
            choice = replace(choice, since_ms=since_ms)
        rows = self._execute(
            _SELECT_LETTERS + _CHOSEN + _AFTER,
            {
                **_choosing(application, choice),
                "after_ms": _BEFORE_ALL if after is None else after.created_ms,
                "after_owner": owner,
                "after_position": position,
                "limit": limit,
            },
        )
        return [dead_letter(row) for row in rows]

    def count_dead_letters(self, application: str, choice: LetterChoice) -> int:
        """Count what `dead_letters` returns without a limit."""
        (count,) = self._execute(
            _COUNT_LETTERS + _CHOSEN, _choosing(application, choice)
        ).fetchone()
        return int(count)

    def held_for(self, message_uuid: str) -> Sequence[HeldWebhook]:
        """Return the unmatched webhooks of a message id, the oldest first."""
        rows = self._execute(
            SELECT_HELD
            + "WHERE reason = 'unmatched' AND message_uuid = ? ORDER BY received_ms, id",
            (pack_id(message_uuid),),
        )
        return [held_webhook(row) for row in rows]

    def matchable(self, limit: int) -> Sequence[HeldWebhook]:
        """Return unmatched webhooks whose message id is bound, the oldest first."""
        rows = self._execute(
            SELECT_HELD
            + "JOIN message ON message.uuid = held_webhook.message_uuid"
            + " WHERE reason = 'unmatched' ORDER BY received_ms, held_webhook.id LIMIT ?",
            (limit,),
        )
        return [held_webhook(row) for row in rows]

    def held(
        self, senders: Sequence[str], reason: str | None, after: int, limit: int
    ) -> Sequence[HeldWebhook]:
        """Return webhooks of these senders with a number above `after`, in ascending order."""
        names = {f"sender{number}": name for number, name in enumerate(senders)}
        listed = ", ".join(f":{parameter}" for parameter in names)
        rows = self._execute(
            # Only names of parameters are put in.
            f"{SELECT_HELD} WHERE held_webhook.application IN"  # noqa: S608
            f" (SELECT id FROM application WHERE name IN ({listed}))"
            " AND id > :after AND (:reason IS NULL OR reason = :reason"
            " OR substr(reason, 1, length(:reason) + 1) = :reason || ':')"
            " ORDER BY id LIMIT :limit",
            {**names, "reason": reason, "after": min(after, _LAST_ROW), "limit": limit},
        )
        return [held_webhook(row) for row in rows]

    def held_webhook(self, held_id: int) -> HeldWebhook | None:
        """Return one held webhook."""
        row = self._execute(SELECT_HELD + "WHERE id = ?", (min(held_id, _LAST_ROW),)).fetchone()
        return None if row is None else held_webhook(row)

    def applications_in_use(self) -> Sequence[str]:
        """Return the names of the applications with work left: a scan, done when starting."""
        rows = self._execute(
            "SELECT name FROM application WHERE id IN (SELECT application FROM outbox)"
            " OR id IN (SELECT application FROM dispatch WHERE is_open) ORDER BY name"
        )
        return [name for (name,) in rows]

    def applications_at_work(self) -> Sequence[str]:
        """Return the names of the applications with open dispatches."""
        rows = self._execute(
            "SELECT name FROM application WHERE EXISTS"
            " (SELECT 1 FROM dispatch WHERE dispatch.application = application.id AND is_open)"
            " ORDER BY name"
        )
        return [name for (name,) in rows]

    def accepted_since(self, application: str, since_ms: int, limit: int) -> int:
        """Count the dispatches whose ids begin with that instant or a later one."""
        (found,) = self._execute(
            "SELECT count(*) FROM (SELECT 1 FROM dispatch WHERE uuid >= ? AND application ="
            " (SELECT id FROM application WHERE name = ?) LIMIT ?)",
            (earliest_id(since_ms).bytes, application, limit),
        ).fetchone()
        return int(found)

    def sizes(self) -> Counter[str]:
        """Count everything: a full scan, done once, when the store is opened."""
        return Counter(dict(self._execute(_SIZES).fetchall()))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _choosing(application: str, choice: LetterChoice) -> dict[str, Any]:
    """Return the parameters of `_CHOSEN`."""
    return {
        "name": application,
        "since_ms": _BEFORE_ALL if choice.since_ms is None else choice.since_ms,
        "until_ms": _AFTER_ALL if choice.until_ms is None else choice.until_ms,
        "owner": None if choice.owner is None else pack_id(choice.owner),
        "reason": choice.reason,
    }
