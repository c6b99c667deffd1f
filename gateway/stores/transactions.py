"""Operations and the transactions they share: the half of the writer that runs in any thread.

An operation checks first and writes last, so a refusal (`RevisionConflict`, `CauseSpent`) has
nothing to undo. Should one fail otherwise, the transaction is rolled back and each of them is run
again in its own, so that a bad operation fails alone.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

from gateway.stores.base import CauseSpent, RevisionConflict, StoreUnavailable

T = TypeVar("T")

_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class StorePoisoned(StoreUnavailable):
    """What is on disk is not known any more: only opening the store anew tells."""


def poisoned() -> StorePoisoned:
    """Return what every call to a failed store raises."""
    return StorePoisoned("the store failed and must be opened anew")


@dataclass(slots=True)
class Transaction:
    """What an operation works with: the connection, and the sizes it changes."""

    connection: sqlite3.Connection
    sizes: Counter[str] = field(default_factory=Counter)

    @property
    def execute(self) -> Callable[..., sqlite3.Cursor]:
        """Run one statement: SQL, and its parameters."""
        return self.connection.execute


Operation: TypeAlias = Callable[[Transaction], T]
"""May be run twice, the first time in a transaction that was rolled back."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one operation of a batch: a value, or the error to raise."""

    value: Any = None
    error: Exception | None = None


def run_batch(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]]
) -> tuple[Sequence[Done], Counter[str]]:
    """Run operations in one transaction, or in one each when one of them is bad.

    Returns:
        What became of each, in order, and the sizes that changed.
    """
    try:
        return _transact(connection, operations)
    except StoreUnavailable as error:
        # One exception each: a traceback belongs to the one who raises it.
        return [Done(error=type(error)(*error.args)) for _ in operations], Counter()
    except Exception as error:
        if len(operations) == 1:
            return [Done(error=error)], Counter()
    return _run_one_by_one(connection, operations)


def run_job(connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], Any]) -> Done:
    """Run a job outside of any transaction."""
    try:
        return Done(value=job(connection))
    except Exception as error:
        # A checkpoint syncs, too.
        return Done(error=_classified(error, is_sync=True))


def _run_one_by_one(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]]
) -> tuple[Sequence[Done], Counter[str]]:
    outcomes: list[Done] = []
    sizes: Counter[str] = Counter()
    for operation in operations:
        outcome, changed = run_batch(connection, [operation])
        outcomes += outcome
        sizes.update(changed)
        if isinstance(outcomes[-1].error, StorePoisoned):
            break  # a commit after a failed one could seem to succeed
    missing = len(operations) - len(outcomes)
    return outcomes + [Done(error=poisoned()) for _ in range(missing)], sizes


def _transact(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]]
) -> tuple[Sequence[Done], Counter[str]]:
    transaction = Transaction(connection)
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_attempt(operation, transaction) for operation in operations]
    except Exception as error:
        _roll_back(connection)
        raise _classified(error, is_sync=False) from error
    try:
        connection.execute("COMMIT")
    except Exception as error:
        _roll_back(connection)
        raise _classified(error, is_sync=True) from error
    return outcomes, transaction.sizes


def _attempt(operation: Operation[Any], transaction: Transaction) -> Done:
    try:
        return Done(value=operation(transaction))
    except (RevisionConflict, CauseSpent) as refusal:
        return Done(error=refusal)


def _roll_back(connection: sqlite3.Connection) -> None:
    # SQLite rolls back by itself after some errors.
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StorePoisoned("a transaction could not be rolled back") from error


def _classified(error: Exception, *, is_sync: bool) -> Exception:
    """Tell an error of the store from one of the operation.

    After an I/O error in a commit or a checkpoint nobody knows what is on disk: a second fsync
    would report success for pages the first one lost. A full disk is another matter: then
    nothing was committed.
    """
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    primary = code & 0xFF
    if primary in _DAMAGED or (is_sync and primary == sqlite3.SQLITE_IOERR):
        return StorePoisoned(f"the store failed ({name}) and must be opened anew")
    if primary in _UNAVAILABLE:
        return StoreUnavailable(f"the store cannot write ({name})")
    return error
