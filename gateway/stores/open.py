"""The only place that names a concrete store."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.stores.base import Store
from gateway.stores.sqlite import SqliteStore
from gateway.stores.sqlite_file import StoreRefused, check_place, has_slow_disk
from gateway.stores.sqlite_lock import FileLock
from gateway.stores.sqlite_log import DatabaseFiles, rewrite_log
from gateway.stores.sqlite_rescue import Rescue, rescued_beside
from gateway.stores.sqlite_schema import (
    check_integrity,
    connect_reader,
    connect_writer,
    migrate,
    migrations,
    take_over,
)

log = get_logger()

_SQLITE: Final = "sqlite:///"
CHECKPOINT_EVERY_S: Final = 0.1
WRITERS: Final = ("auto", "loop", "thread")
SYNCHRONOUS: Final = ("full", "normal")


async def open_store(
    url: str, *, clock: Clock, writer: str = "auto", synchronous: str = "full"
) -> Store:
    """Open the store that `url` names, and become its owner.

    Args:
        url: `sqlite:///relative/path.db` or `sqlite:////absolute/path.db`.
        clock: draws the secret of a new store; measures the disk.
        writer: whether transactions run on the event loop (`loop`), which is faster where a disk
            makes a write durable within a millisecond, or in a thread; `auto` measures it.
        synchronous: `full`, or `normal` to give up the last commits before a loss of power.

    Raises:
        ValueError: the URL or an option is none of these.
        StoreRefused: the store is in use, damaged, newer than this version, or misplaced.
    """
    if writer not in WRITERS or synchronous not in SYNCHRONOUS:
        raise ValueError("writer is auto, loop or thread; synchronous is full or normal")
    if not url.startswith(_SQLITE):
        raise ValueError("the store is named as sqlite:///path")
    return await open_sqlite(
        url.removeprefix(_SQLITE), clock=clock, writer=writer, synchronous=synchronous
    )


async def open_sqlite(
    name: str,
    *,
    clock: Clock,
    writer: str,
    synchronous: str,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
) -> SqliteStore:
    """Open an embedded store; `open_store` has the arguments.

    `checkpoint_every_s` bounds how much log a checkpoint copies, while commits wait for it; the
    pauses grow up to five times as long where the disk is slow.
    """
    if name in ("", ":memory:"):
        raise StoreRefused("an embedded store lives in a file: sqlite:///path")
    path = Path(name)
    if not path.parent.is_dir():
        raise StoreRefused(f"the directory of {path} does not exist. Create it first.")
    with contextlib.ExitStack() as undo:
        try:
            _check_nothing_is_saved_beside(path)
            check_place(path)
            lock = FileLock(path)
            undo.callback(lock.release)
            is_slow = writer == "auto" and await asyncio.to_thread(
                has_slow_disk, path.parent, clock
            )
            writing, reading, secret = await asyncio.to_thread(_take_file, path, clock, synchronous)
            undo.callback(writing.close)
            undo.callback(reading.close)
            files = DatabaseFiles(path, lock.identity)
        except (OSError, sqlite3.Error) as error:
            raise StoreRefused(f"{path} cannot be opened: {error}") from error
        is_inline = not (is_slow or writer == "thread")
        place = "in the event loop" if is_inline else "in a thread"
        store = SqliteStore(
            lock=lock,
            files=files,
            rescue=Rescue(files, clock),
            writer=writing,
            reader=reading,
            secret=secret,
            inline=is_inline,
            description=(
                f"sqlite {sqlite3.sqlite_version}, writes {place}, synchronous={synchronous}"
            ),
            checkpoint_every_s=checkpoint_every_s,
        )
        undo.pop_all()
    return store


def _take_file(
    path: Path, clock: Clock, synchronous: str
) -> tuple[sqlite3.Connection, sqlite3.Connection, bytes]:
    rewrite_log(path)
    with contextlib.ExitStack() as undo:
        writing = connect_writer(path, synchronous=synchronous)
        undo.callback(writing.close)
        check_integrity(writing, path)
        migrate(writing, path, migrations())
        secret = take_over(writing, clock)
        reading = connect_reader(path)
        undo.pop_all()
    return writing, reading, secret


def _check_nothing_is_saved_beside(path: Path) -> None:
    """Do not begin with an empty store where the work of the last one waits to be put back."""
    saved = rescued_beside(path)
    if saved is None:
        return
    if path.exists():
        log.warning(
            "store.rescue_found",
            path=str(saved),
            remedy="it holds what the store did when its file was replaced: look which of the two"
            " is to be kept, and move this one away",
        )
    else:
        raise StoreRefused(
            f"{path} was deleted while it was open, and what it held was saved to {saved}. Rename"
            " that to the store's name to go on with it, or move it away to begin with an empty"
            " store."
        )
