"""Copying the write-ahead log into the file, piece by piece in the background.

Commits wait for a checkpoint, because one connection does both: what it takes is the tail of
their latencies. So the log is kept short, and on a slow disk commits have most of the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from functools import partial
from typing import Final

from gateway.stores.base import StoreUnavailable
from gateway.stores.group_commit import GroupCommit
from gateway.stores.sqlite_log import DatabaseFiles

_LOG_LIMIT_BYTES: Final = 64 << 20
_PAUSE_PER_CHECKPOINT: Final = 10
_LONGEST_PAUSE: Final = 5  # times the shortest: a long log makes a long checkpoint again


async def checkpoint_forever(writer: GroupCommit, files: DatabaseFiles, *, every_s: float) -> None:
    """Checkpoint while there is anything to copy, until cancelled.

    Args:
        files: of the database.
        every_s: the pause between two checkpoints. Where they take long however short the log
            is, it grows up to five times as long.
    """
    now_s = asyncio.get_running_loop().time
    pause_s = every_s
    while True:
        await writer.written.wait()
        await asyncio.sleep(pause_s)
        writer.written.clear()
        begun_s = now_s()
        # The next round tries again; an error that matters has poisoned the writer.
        with contextlib.suppress(StoreUnavailable, OSError, sqlite3.Error):
            mode = "TRUNCATE" if files.log_bytes() > _LOG_LIMIT_BYTES else "PASSIVE"
            await writer.run_alone(partial(_checkpoint, mode=mode))
        pause_s = pause_after(now_s() - begun_s, every_s=every_s)


def pause_after(took_s: float, *, every_s: float) -> float:
    """Return the pause after a checkpoint that took so long, the wait for its turn included."""
    return min(max(every_s, _PAUSE_PER_CHECKPOINT * took_s), _LONGEST_PAUSE * every_s)


def close_writer(connection: sqlite3.Connection) -> None:
    """Copy all that is left, and close the connection."""
    with contextlib.suppress(sqlite3.Error):  # closing tries once more, opening recovers
        _checkpoint(connection, mode="TRUNCATE")
    connection.close()


def _checkpoint(connection: sqlite3.Connection, *, mode: str) -> None:
    connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
