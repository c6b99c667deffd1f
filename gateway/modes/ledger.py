"""The ledger of a split: who is held by which path, and where the dial stood. A file of its own.

It outlives the process: the dial is often turned by a restart, and who was forgotten then could be
messaged by both paths. What it holds of people is keyed hashes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from gateway.modes.split import REST_MS, Hold, Standing
from gateway.stores.base import StoreUnavailable
from gateway.traces.model import Path

_SWEPT: Final = 4
"""Pledges that are forgotten at most with each new one, so that no request waits for a sweep."""
_FOR_EVER_MS: Final = 2**62
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS pledges (
  pledge INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  half INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  open_until_ms INTEGER NOT NULL,
  kept_until_ms INTEGER NOT NULL,
  dispatch_uuid TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS pledges_by_age ON pledges (kept_until_ms);
CREATE TABLE IF NOT EXISTS holds (
  subject BLOB NOT NULL,
  pledge INTEGER NOT NULL REFERENCES pledges ON DELETE CASCADE,
  is_key INTEGER NOT NULL,
  PRIMARY KEY (subject, pledge)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS holds_by_pledge ON holds (pledge);
CREATE TABLE IF NOT EXISTS dial (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  share INTEGER NOT NULL,
  turned_ms INTEGER NOT NULL,
  stepped_back TEXT
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a request was pledged under: its recipients, and its key, if it has one."""

    recipients: int
    key: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pledge:
    """A workflow that ended, as it was pledged."""

    path: Path
    half: int


class Ledger:
    """Remembers pledges for as long as they bind somebody."""

    def __init__(self, path: FilePath) -> None:
        """Open the file, or create it, readable for its owner only.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        self._path = path
        with _told(f"{path} cannot be opened"):
            self._connection = _connect(path)
            self._file = path.stat()
            dial = self._connection.execute("SELECT 1 FROM dial").fetchone()
        self.is_new = dial is None
        """Whether it was empty when it was opened: it knows nobody who has an open workflow."""

    def holds(self, subjects: Sequence[bytes], now_ms: int) -> list[Hold]:
        """Return what is known of each subject, in their order, the latest pledge first."""
        query = (
            "SELECT path, seen_ms, open_until_ms, is_key, dispatch_uuid IS NULL"
            " FROM holds JOIN pledges USING (pledge)"
            " WHERE subject = ? AND (open_until_ms > ? OR seen_ms > ?) ORDER BY pledge DESC"
        )
        with _told():
            rows = [
                row
                for subject in subjects
                for row in self._connection.execute(query, (subject, now_ms, now_ms - REST_MS))
            ]
        return [
            Hold(
                path=Path(path),
                seen_ms=seen_ms,
                is_open=until_ms > now_ms,
                is_key=bool(is_key),
                is_in_doubt=bool(is_nameless),
            )
            for path, seen_ms, until_ms, is_key, is_nameless in rows
        ]

    def pledge(
        self,
        path: Path,
        *,
        recipients: Sequence[bytes],
        key: bytes | None,
        half: int,
        now_ms: int,
        life_ms: int,
    ) -> Numbers:
        """Bind subjects to a path before anything is sent.

        Args:
            recipients: bound until the workflow has ended, `life_ms` from now at the latest.
            key: of a request that may be repeated; bound for ever, as the engine remembers keys.
            half: which random half of its path the workflow counts for.
        """
        with self._transaction():
            pledge = self._insert(path, half, now_ms, now_ms + life_ms)
            self._connection.executemany(
                "INSERT OR IGNORE INTO holds VALUES (?, ?, 0)",
                [(each, pledge) for each in recipients],
            )
            kept = None
            if key is not None:
                kept = self._insert(path, half, now_ms, _FOR_EVER_MS)
                self._connection.execute("INSERT INTO holds VALUES (?, ?, 1)", (key, kept))
            self._connection.execute(
                "DELETE FROM pledges WHERE pledge IN (SELECT pledge FROM pledges"
                " WHERE kept_until_ms <= ? ORDER BY kept_until_ms LIMIT ?)",
                (now_ms, _SWEPT),
            )
        return Numbers(recipients=pledge, key=kept)

    def name(self, pledge: int, dispatch_uuid: str) -> None:
        """Say which dispatch a pledge became; of a repetition, the first keeps the name."""
        with _told():
            self._connection.execute(
                "UPDATE OR IGNORE pledges SET dispatch_uuid = ? WHERE pledge = ?",
                (dispatch_uuid, pledge),
            )

    def drop(self, pledge: int) -> None:
        """Forget a pledge whose subjects need not be bound: nobody is messaged for it."""
        with _told():
            self._connection.execute("DELETE FROM pledges WHERE pledge = ?", (pledge,))

    def end(self, dispatch_uuid: str) -> Pledge | None:
        """Let go of a dispatch that ended; `None` if it is not known, or ended before."""
        with _told():
            row = self._connection.execute(
                "UPDATE pledges SET open_until_ms = 0 WHERE dispatch_uuid = ? AND open_until_ms > 0"
                " RETURNING path, half",
                (dispatch_uuid,),
            ).fetchone()
        return None if row is None else Pledge(path=Path(row[0]), half=row[1])

    def turn(self, share: int, now_ms: int) -> tuple[Standing, str | None]:
        """Note where the operator has the dial; return where it stands, and why it stepped back.

        A step-back is kept until the dial is somewhere else, over restarts, too.
        """
        with self._transaction():
            row = self._connection.execute(
                "SELECT share, turned_ms, stepped_back FROM dial"
            ).fetchone()
            if row is None or row[0] != share:
                row = (share, now_ms, None)
                self._connection.execute("INSERT OR REPLACE INTO dial VALUES (1, ?, ?, ?)", row)
        return _standing(*row), row[2]

    def step_back(self, reason: str, now_ms: int) -> Standing:
        """Keep that the gateway turned the dial to nothing, and why."""
        with self._transaction():
            self._connection.execute(
                "UPDATE dial SET stepped_back = ?, turned_ms = ?", (reason, now_ms)
            )
        return Standing(share=0, turned_ms=now_ms, has_stepped_back=True)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _insert(self, path: Path, half: int, now_ms: int, until_ms: int) -> int:
        cursor = self._connection.execute(
            "INSERT INTO pledges (path, half, seen_ms, open_until_ms, kept_until_ms)"
            " VALUES (?, ?, ?, ?, ?)",
            (path.value, half, now_ms, until_ms, max(until_ms, now_ms + REST_MS)),
        )
        assert cursor.lastrowid is not None  # noqa: S101 - a row was inserted
        return cursor.lastrowid

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # After some errors SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            # What is written to a file that nobody will open again binds nobody after a restart.
            if not os.path.samestat(self._file, self._path.stat()):
                raise StoreUnavailable(f"{self._path} was replaced while it was open")


def _connect(path: FilePath) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # Nobody waits here: the event loop would stand still. A ledger that is busy is unavailable.
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        # The writes are as many as the requests and must not wait for the disk: a loss of power
        # can forget the last moments, a kill cannot.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def ledger_beside(store: str, what: str) -> FilePath:
    """Return the path of a ledger that belongs to a store, given by its URL."""
    return FilePath(f"{store.removeprefix('sqlite:///')}.{what}")


@contextmanager
def _told(what: str = "the ledger cannot be used") -> Iterator[None]:
    """Say of the ledger what is said of the store: nothing can be made durable now."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{what} ({error})") from error


def _standing(share: int, turned_ms: int, stepped_back: str | None) -> Standing:
    if stepped_back is None:
        return Standing(share=share, turned_ms=turned_ms)
    return Standing(share=0, turned_ms=turned_ms, has_stepped_back=True)
