"""Operations and the transactions they share: the half of the writer that runs in any thread.

An operation checks first and writes last, so a refusal (`RevisionConflict`, `CauseSpent`) has
nothing to undo. Should one fail otherwise, the transaction is rolled back and each of them is run
again in its own, so that a bad operation fails alone.

What is said of a failure is true (docs/adr/0017-an-answer-is-true.md): `StoreUnavailable` only
where nothing can come back, `OutcomeUnknown` where a commit was tried and could not be undone.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from gateway.stores.base import (
    CauseSpent,
    OutcomeUnknown,
    RevisionConflict,
    StoreFault,
    StoreUnavailable,
)
from gateway.stores.sqlite_log import DatabaseFiles

T = TypeVar("T")

_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_LOCKED,
    }
)
"""What ends by itself or by making room, also in a commit."""
_UNAVAILABLE: Final = _PASSING | frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def refused() -> StoreUnavailable:
    """Return what every call to a failed store raises: it is not even tried."""
    return StoreUnavailable("the store failed and must be opened anew")


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


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch, or of a job that was run alone."""

    outcomes: Sequence[Done]
    """Of each operation, in order."""
    sizes: Counter[str] = field(default_factory=Counter)
    """What they changed, as committed."""
    fault: StoreFault | None = None
    """Why nothing may be run any more."""


class _Failed(Exception):
    """A transaction that failed as a whole."""

    def __init__(self, error: StoreUnavailable, fault: StoreFault | None) -> None:
        self.error = error
        self.fault = fault


def run_batch(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]], files: DatabaseFiles
) -> Batch:
    """Run operations in one transaction, or in one each when one of them is bad."""
    batch = _run(connection, operations, files)
    wrong = files.misplaced() if batch.fault is None else None
    return batch if wrong is None else _misplaced(batch, files, wrong)


def run_job(connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], Any]) -> Batch:
    """Run a job outside of any transaction."""
    try:
        return Batch([Done(value=job(connection))])
    except Exception as error:
        # A checkpoint syncs, too. What it copies stays in the log until that has succeeded.
        failed = _failed(error, is_sync=True)
        if failed is None:
            return Batch([Done(error=error)])
        return Batch([Done(error=failed.error)], fault=failed.fault)


def _run(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]], files: DatabaseFiles
) -> Batch:
    try:
        return _transact(connection, operations, files)
    except _Failed as failed:
        # One exception each: a traceback belongs to the one who raises it.
        kind, arguments = type(failed.error), failed.error.args
        return Batch([Done(error=kind(*arguments)) for _ in operations], fault=failed.fault)
    except Exception as error:
        if len(operations) == 1:
            return Batch([Done(error=error)])
    return _run_one_by_one(connection, operations, files)


def _run_one_by_one(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]], files: DatabaseFiles
) -> Batch:
    outcomes: list[Done] = []
    sizes: Counter[str] = Counter()
    for operation in operations:
        batch = _run(connection, [operation], files)
        outcomes += batch.outcomes
        sizes.update(batch.sizes)
        if batch.fault is not None:
            # A commit after a failed one could seem to succeed. The others were not tried.
            outcomes += [Done(error=refused()) for _ in operations[len(outcomes) :]]
            return Batch(outcomes, sizes, batch.fault)
    return Batch(outcomes, sizes)


def _transact(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]], files: DatabaseFiles
) -> Batch:
    transaction = Transaction(connection)
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_attempt(operation, transaction) for operation in operations]
    except Exception as error:
        # Pages that did not fit into memory may be in the log, and no commit ends them.
        _raise(error, _failed(error, is_sync=False), is_undone=_roll_back(connection))
    noted = files.note_log_end()
    try:
        connection.execute("COMMIT")
    except Exception as error:
        failed = _failed(error, is_sync=True)
        is_undone = _roll_back(connection)
        if failed is not None and not files.cut_back(noted):
            unknown = OutcomeUnknown(f"{failed.error}; what it wrote could not be taken back")
            failed = _Failed(unknown, failed.fault)
        _raise(error, failed, is_undone=is_undone)
    return Batch(outcomes, transaction.sizes)


def _attempt(operation: Operation[Any], transaction: Transaction) -> Done:
    try:
        return Done(value=operation(transaction))
    except (RevisionConflict, CauseSpent) as refusal:
        return Done(error=refusal)


def _roll_back(connection: sqlite3.Connection) -> bool:
    """Leave the transaction, in which nothing was committed; tell whether that worked."""
    # SQLite rolls back by itself after some errors.
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            return False
    return True


def _raise(error: Exception, failed: _Failed | None, *, is_undone: bool) -> NoReturn:
    if not is_undone:
        # Nobody commits it any more, and closing the connection ends it.
        text = "a transaction could not be rolled back"
        failed = _Failed(failed.error if failed else StoreUnavailable(text), _fault(text))
    raise failed or error from error


def _failed(error: Exception, *, is_sync: bool) -> _Failed | None:
    """Tell an error of the store from one of the operation, which is None.

    After an I/O error in a commit or a checkpoint nobody knows what is on disk: a second fsync
    would report success for pages the first one lost. A full disk is another matter: then
    nothing was committed.
    """
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    primary = code & 0xFF
    if primary in _DAMAGED or (is_sync and primary in _UNAVAILABLE - _PASSING):
        text = f"the store failed ({name}) and must be opened anew"
        return _Failed(StoreUnavailable(text), _fault(f"a write failed with {name}"))
    if primary in _UNAVAILABLE:
        return _Failed(StoreUnavailable(f"the store cannot write ({name})"), None)
    return None


def _fault(what: str) -> StoreFault:
    return StoreFault(
        why=f"What is on disk is not known any more: {what}.",
        remedy="The process ends, and finds out when it is started anew. Look at the disk and the"
        " kernel's log.",
    )


def _misplaced(batch: Batch, files: DatabaseFiles, wrong: str) -> Batch:
    """Answer nobody that a commit is durable which a later start would not find."""
    outcomes = [
        outcome
        if isinstance(outcome.error, StoreUnavailable)
        else Done(error=OutcomeUnknown(f"the store's file {wrong}"))
        for outcome in batch.outcomes
    ]
    fault = StoreFault(
        why=f"{files.path} {wrong} while the gateway had it open.",
        remedy="What is open is being saved to a file beside it.",
        needs_rescue=True,
    )
    return Batch(outcomes, batch.sizes, fault)
