"""A store with a million pending dispatches, in a minute: a few real ones, copied in bulk.

The originals come about through the engine; their rows are copied with ids, instants and message
ids of their own, past the gateway, into the closed file. That needs the schema to be what this
page knows: its tables and columns are compared first, and the copies are read back through the
store afterwards.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks.figures import announce
from benchmarks.parts import Parts
from gateway.clock import Clock
from gateway.stores.base import Store
from gateway.stores.open import open_sqlite

Row: TypeAlias = tuple[Any, ...]

ORIGINALS: Final = 8
_AT_ONCE: Final = 20_000

_COPIED: Final[Mapping[str, str]] = {
    "dispatch": "id uuid application revision is_open changed_ms is_wipeable state",
    "plan": "dispatch body",
    "history": "dispatch revision at_ms entry",
    "timer": "due_ms dispatch step kind",
    "message": "uuid dispatch step",
    "webhook_cause": "dispatch digest",
}
"""The tables that a pending dispatch has rows in, with their columns."""
_SHARED: Final = frozenset({"meta", "application"})
_EMPTY: Final = frozenset(
    {"request_cause", "inbound_cause", "outbox", "dead_letter", "held_webhook"}
)


class SchemaChanged(Exception):
    """The schema is not the one that is copied here: this page must follow it."""


async def fill_store(
    path: Path, clock: Clock, *, count: int, due_ms: Callable[[int], int]
) -> list[bytes]:
    """Make a store of `count` pending dispatches at `path`, and leave it closed.

    Args:
        due_ms: the instant of the timer of dispatch number n, Unix milliseconds.

    Returns:
        The packed ids of the dispatches, by number.

    Raises:
        SchemaChanged: the rows cannot be copied.
    """
    store = await open_sqlite(str(path), clock=clock, writer="loop", synchronous="normal")
    await Parts(store=store, clock=clock).make_pending(0, ORIGINALS)
    await store.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nothing here has to survive a crash, and everything is checked on opening.
        connection.executescript(
            "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA cache_size = -1000000; PRAGMA locking_mode = EXCLUSIVE"
        )
        _compare_schema(connection)
        uuids = _copy_all(connection, clock, count, due_ms)
    with path.open("rb+") as file:
        os.fsync(file.fileno())  # or the system would write a gigabyte during the measurement
    return uuids


async def check_copies(store: Store, uuids: Sequence[str]) -> None:
    """Read a few copies through the store, which decodes all that was copied.

    Raises:
        SchemaChanged: they are not what an original is.
    """
    for uuid in uuids:
        record, history = await store.load(uuid), await store.history(uuid)
        if record is None or record.plan is None or len(history) != record.state.revision:
            raise SchemaChanged(f"the copy {uuid} is not whole")
        step = record.state.steps[0]
        if step.message_uuid is None or await store.find_message(step.message_uuid) != (uuid, 0):
            raise SchemaChanged(f"the copy {uuid} does not know its message")


def _compare_schema(connection: sqlite3.Connection) -> None:
    tables = {
        name: " ".join(column[1] for column in connection.execute(f"PRAGMA table_info({name})"))
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
    }
    if tables.keys() != _COPIED.keys() | _SHARED | _EMPTY:
        raise SchemaChanged(f"the tables are now {', '.join(sorted(tables))}")
    for name, columns in _COPIED.items():
        if tables[name] != columns:
            raise SchemaChanged(f"the columns of {name} are now {tables[name]}")
    for name in _EMPTY:
        if connection.execute(f"SELECT 1 FROM {name}").fetchone():  # noqa: S608
            raise SchemaChanged(f"a pending dispatch has rows in {name} now")


def _copy_all(
    connection: sqlite3.Connection, clock: Clock, count: int, due_ms: Callable[[int], int]
) -> list[bytes]:
    originals = [_Original(connection, row) for row in connection.execute("SELECT * FROM dispatch")]
    if len(originals) != ORIGINALS:
        raise SchemaChanged(f"{len(originals)} originals instead of {ORIGINALS}")
    for name in _COPIED:
        connection.execute(f"DELETE FROM {name}")  # noqa: S608
    uuids: list[bytes] = []
    while (first := len(uuids)) < count:
        announce(f"copying pending dispatches: {first:,} of {count:,} (about a gigabyte of disk)")
        rows: dict[str, list[Row]] = {name: [] for name in _COPIED}
        for number in range(first, min(first + _AT_ONCE, count)):
            uuid = clock.draw_uuid().bytes
            uuids.append(uuid)
            originals[number % ORIGINALS].copy(rows, number + 1, uuid, due_ms(number))
        connection.execute("BEGIN")
        for name, columns in _COPIED.items():
            places = ", ".join("?" for _ in columns.split())
            connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows[name])  # noqa: S608
        connection.execute("COMMIT")
    return uuids


class _Original:
    """The rows of one dispatch, and how a copy differs from them."""

    def __init__(self, connection: sqlite3.Connection, dispatch: Row) -> None:
        def rows_of(table: str) -> list[Row]:
            sql = f"SELECT * FROM {table} WHERE dispatch = ?"  # noqa: S608
            return connection.execute(sql, (dispatch[0],)).fetchall()

        _, self._uuid, *self._fixed, self._changed_ms, self._is_wipeable, self._state = dispatch
        (self._plan,) = (body for _, body in rows_of("plan"))
        self._history = [row[1:] for row in rows_of("history")]
        ((self._due_ms, _, *self._timer),) = rows_of("timer")
        ((self._message, _, self._step),) = rows_of("message")
        (self._digest,) = (digest for _, digest in rows_of("webhook_cause"))
        if not isinstance(self._message, bytes) or self._message not in self._state:
            raise SchemaChanged("a state does not hold its message id as 16 bytes any more")

    def copy(self, rows: dict[str, list[Row]], number: int, uuid: bytes, due_ms: int) -> None:
        """Add the rows of a copy whose timer is due at `due_ms`."""
        later_ms = due_ms - self._due_ms  # states and entries count from instants beside them
        message = os.urandom(16)

        def told_anew(record: bytes) -> bytes:
            return record.replace(self._message, message)

        rows["dispatch"].append(
            (
                number,
                uuid,
                *self._fixed,
                self._changed_ms + later_ms,
                self._is_wipeable,
                told_anew(self._state),
            )
        )
        rows["plan"].append((number, self._plan))
        rows["history"] += [
            (number, revision, at_ms + later_ms, told_anew(entry))
            for revision, at_ms, entry in self._history
        ]
        rows["timer"].append((due_ms, number, *self._timer))
        rows["message"].append((message, number, self._step))
        rows["webhook_cause"].append((number, self._digest))
