"""Saving what is open when its file was deleted or replaced: to a file beside it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.stores.sqlite_checkpoints import copy_all
from gateway.stores.sqlite_log import DatabaseFiles

log = get_logger()

_MARK: Final = ".rescued-"
_PRIVATE: Final = 0o600


class Rescue:
    """Saves a database that is open and would not be found again."""

    def __init__(self, files: DatabaseFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self.is_done = False

    def __call__(self, connection: sqlite3.Connection) -> bool:
        """Save what is open, once; tell whether it is saved. It may be tried again."""
        if self.is_done:
            return True
        if self._files.is_only_the_log_gone() and copy_all(connection):
            log.error("store.rescued", path=str(self._files.path), remedy=_STAYS)
            self.is_done = True
        for target in self._targets() if not self.is_done else ():
            try:
                _save(connection, target)
            except (OSError, sqlite3.Error) as error:
                target.unlink(missing_ok=True)
                log.critical(
                    "store.rescue_failed",
                    path=str(target),
                    error_type=type(error).__name__,
                    remedy="make room beside the store, then stop the gateway: it tries again",
                )
                continue
            log.critical("store.rescued", path=str(target), remedy=_put_back(self._files.path))
            self.is_done = True
            break
        return self.is_done

    def _targets(self) -> Iterator[Path]:
        at = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{self._files.path.name}{_MARK}{at}"
        yield self._files.path.parent / name
        # The directory itself may be what was deleted.
        yield Path(tempfile.gettempdir()) / name


def rescued_beside(path: Path) -> Path | None:
    """Return the latest file that was saved beside a store; None if there is none."""
    saved = (each for each in path.parent.iterdir() if each.name.startswith(path.name + _MARK))
    return max(saved, default=None)


def _put_back(path: Path) -> str:
    return f"move away what lies at {path} and its -wal, rename this file to it, start"


_STAYS: Final = "nothing is lost, and nothing is to be done: all of it is in the file again"


def _save(connection: sqlite3.Connection, target: Path) -> None:
    # An empty file is taken as it is, so it is nobody else's from the beginning.
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
