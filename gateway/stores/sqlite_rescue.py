"""Saving what is open when its file was deleted or replaced: to a file beside it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.stores.sqlite_log import DatabaseFiles

log = get_logger()

_MARK: Final = ".rescued-"
_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """What came of saving a store."""

    remedy: str
    """What a person has to do now."""
    is_complete: bool
    """Whether nothing is lost when the process ends."""


_STAYS: Final = Rescued(
    remedy="All of it is in the file again, and nothing is to be done.", is_complete=True
)
_UNSAVED: Final = Rescued(
    remedy="It could not be saved. Make room beside the store, then stop the gateway: it tries"
    " again. Do not kill it.",
    is_complete=False,
)


class Rescue:
    """Saves a database that is open and would not be found again."""

    def __init__(self, files: DatabaseFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._result = _UNSAVED

    def __call__(self, connection: sqlite3.Connection) -> Rescued:
        """Save what is open, once. It may be tried again."""
        if not self._result.is_complete:
            if self._files.is_only_the_log_gone() and _copy_all(connection):
                self._finish(self._files.path, _STAYS)
            else:
                self._save_somewhere(connection)
        return self._result

    def _save_somewhere(self, connection: sqlite3.Connection) -> None:
        for target in self._targets():
            try:
                _save(connection, target)
            except (OSError, sqlite3.Error) as error:
                with contextlib.suppress(OSError):
                    target.unlink()
                log.critical(
                    "store.rescue_failed",
                    path=str(target),
                    error_type=type(error).__name__,
                    remedy=_UNSAVED.remedy,
                )
                continue
            remedy = (
                f"It is saved to {target}. Move away what lies at {self._files.path} and its -wal,"
                " rename the saved file to that, and start."
            )
            self._finish(target, Rescued(remedy=remedy, is_complete=True))
            return

    def _finish(self, path: Path, result: Rescued) -> None:
        self._result = result
        log.critical("store.rescued", path=str(path), remedy=result.remedy)

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


def _copy_all(connection: sqlite3.Connection) -> bool:
    """Copy all that is in the log; tell whether all of it is in the file now, durably."""
    try:
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not is_busy


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
