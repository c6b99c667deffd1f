"""Opening the database: connections, migrations, and what a dead owner left behind."""

from __future__ import annotations

import re
import sqlite3
from importlib import resources
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.stores.sqlite_file import StoreRefused

_SECRET_BYTES: Final = 32
_BUSY_TIMEOUT_S: Final = 0.25
_MIGRATION: Final = re.compile(r"^-- migration ([0-9]+)$", re.MULTILINE)
# SQLite 3.7.0 to 3.51.2: two connections that write and checkpoint at one instant can corrupt
# the file. One connection does both here, so the bug has nothing to work on.
_WAL_RESET_FIXED: Final = (3, 51, 3)

affected_by_wal_reset_bug: Final = sqlite3.sqlite_version_info < _WAL_RESET_FIXED


def migrations() -> tuple[str, ...]:
    """Return the scripts of `sqlite.sql`, the first one first."""
    text = resources.files("gateway.stores").joinpath("sqlite.sql").read_text(encoding="utf-8")
    _, *parts = _MIGRATION.split(text)
    return tuple(parts[1::2])


def connect_writer(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """Open the one connection that writes and checkpoints.

    It may be used from several threads, one after the other.
    """
    connection = _connect(path, mode="rw")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads: it sees what is committed and never checkpoints."""
    connection = _connect(path, mode="ro")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        timeout=_BUSY_TIMEOUT_S,
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA cache_size = -32768")
    return connection


def check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Read the whole file and compare its structures.

    Raises:
        StoreRefused: the file is damaged, or is no database.
    """
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        raise StoreRefused(
            f"{path} is damaged ({verdict}). Restore a backup, or move the file and its -wal away "
            "to begin with an empty store."
        )


def migrate(connection: sqlite3.Connection, path: Path, scripts: tuple[str, ...]) -> None:
    """Bring the schema to the version this code knows, one transaction a migration.

    Raises:
        StoreRefused: a newer version, or another program, wrote the file.
    """
    version = schema_version(connection)
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        raise StoreRefused(f"{path} is the database of another program. Name another file.")
    if version > len(scripts):
        raise StoreRefused(
            f"{path} has schema {version}, this version knows schemas up to {len(scripts)}. "
            "Run the version that wrote it, or a newer one; nothing was changed."
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            # executescript would commit by itself; here the script brings its own transaction.
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}")
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (number,))
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that was run, 0 for an empty file."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(row[0]) if row else 0


def take_over(connection: sqlite3.Connection, clock: Clock) -> bytes:
    """Become the owner: draw the secret at the store's birth, void the leases of the last owner.

    Returns:
        The store's secret.
    """
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT OR IGNORE INTO meta (name, value) VALUES ('secret', ?), ('checks', 0)",
        (clock.draw_token(_SECRET_BYTES),),
    )
    # As old as they are, so that the longest waiting goes first, and due whatever the clock says.
    connection.execute(
        "UPDATE outbox SET due_ms = min(created_ms, ?), is_leased = 0 WHERE is_leased = 1",
        (clock.now_ms(),),
    )
    connection.execute("COMMIT")
    (secret,) = connection.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()
    return bytes(secret)
