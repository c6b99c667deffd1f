"""The files of an open database, by descriptor: where its log ends, and whether it is in place.

SQLite answers a failed COMMIT by forgetting it, while its frames may well stand in the log: they
are written before the fsync that failed. The next start would read them as a commit like any
other. So whoever wants to say that nothing happened cuts the log back to where it ended before,
and says so only after that is durable.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# https://www.sqlite.org/walformat.html: the log is a header and frames of a header and a page;
# its index in shared memory begins with two copies of the end of what is committed.
_LOG_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_SALTS_AT: Final = 16
_INDEX_HEADER: Final = 48
_INDEX_VERSION: Final = 3_007_000
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where the committed part of the log ends."""

    frames: int
    page_size: int
    salts: bytes
    """Of the log's present round: it is begun anew when all of it was copied into the file."""

    @classmethod
    def read(cls, index: bytes) -> LogEnd | None:
        """Read the beginning of the index; None when it does not tell for sure."""
        header = index[:_INDEX_HEADER]
        if header != index[_INDEX_HEADER:] or _number(header[:4]) != _INDEX_VERSION:
            return None
        page_size = _number(header[14:16])
        return cls(
            frames=_number(header[16:20]),
            page_size=65_536 if page_size == 1 else page_size,
            salts=header[32:40],
        )

    @property
    def offset(self) -> int:
        """The length of a log that holds nothing else."""
        return _LOG_HEADER + self.frames * (_FRAME_HEADER + self.page_size) if self.frames else 0


class DatabaseFiles:
    """The database, its log and the log's index, as they were opened.

    The descriptor of the index must outlive SQLite's connections: closing it drops their locks.
    """

    def __init__(self, path: Path, identity: tuple[int, int]) -> None:
        """Open log and index of a database that is connected to and was written to.

        Args:
            path: as a later start would name it.
            identity: device and inode of the database that is open.

        Raises:
            OSError: they cannot be opened.
        """
        real = path.resolve()
        self.path = path
        self._name = str(path)
        self._log_name = f"{real}-wal"
        self._identity = identity
        with contextlib.ExitStack() as undo:
            self._log = os.open(self._log_name, os.O_RDWR | os.O_CLOEXEC)
            undo.callback(os.close, self._log)
            self._index = os.open(f"{real}-shm", os.O_RDONLY | os.O_CLOEXEC)
            undo.callback(os.close, self._index)
            self._descriptors = undo.pop_all()
        self._log_identity = _identity(os.fstat(self._log))
        self._in_place = (*identity[::-1], *self._log_identity[::-1])

    def note_log_end(self) -> bytes:
        """Return where the log ends for SQLite, as `cut_back` wants it."""
        try:
            return os.pread(self._index, 2 * _INDEX_HEADER, 0)
        except OSError:
            return b""

    def cut_back(self, noted: bytes) -> bool:
        """Take a failed commit out of the log for good; tell whether that is certain.

        Args:
            noted: where the log ended when the commit began.
        """
        before, end = LogEnd.read(noted), LogEnd.read(self.note_log_end())
        if before is None or end is None:
            return False
        # A commit that finds the log copied begins it anew, and needs nothing of what is in it.
        if end != before and end.frames:
            return False
        try:
            if end.frames and os.pread(self._log, len(end.salts), _SALTS_AT) != end.salts:
                return False
            if self.log_bytes() > end.offset:
                os.ftruncate(self._log, end.offset)
            # What the failed fsync lost was written since the last one that succeeded, and all of
            # that is cut off. So a success of this one means what it says.
            os.fsync(self._log)
        except OSError:
            return False
        return True

    def log_bytes(self) -> int:
        """Return how long the log's file is."""
        return os.fstat(self._log).st_size

    def misplaced(self) -> str | None:
        """Say what is wrong when a later start would not find what is open; None if it would."""
        try:
            # The short way, for each batch: a Path takes longer than the system call.
            file, log = os.stat(self._name), os.stat(self._log_name)  # noqa: PTH116
            is_in_place = (file.st_ino, file.st_dev, log.st_ino, log.st_dev) == self._in_place
        except OSError:
            is_in_place = False
        if is_in_place:
            return None
        found = _look(self._name)
        if found != self._identity:
            return "was deleted or moved away" if found is None else "was replaced by another file"
        return "has lost its log (-wal), which was deleted or replaced"

    def is_only_the_log_gone(self) -> bool:
        """Tell whether the database is in place and nothing lies where its log was."""
        return _look(self._name) == self._identity and _look(self._log_name) is None

    def close(self) -> None:
        """Let go of them, after the connections were closed. Once: the numbers may be another's."""
        self._descriptors.close()


def rewrite_log(path: Path) -> None:
    """Write the log of a database that nobody has open over itself, and make it durable.

    The start reads what is in the page cache. After a failed fsync that may be what never reached
    the disk and is not going to: its pages count as written. Written again, it is what a success
    of fsync vouches for; were it not, all that is committed behind it could be lost with it.

    Raises:
        OSError: it cannot be made durable.
    """
    try:
        log = os.open(f"{path.resolve()}-wal", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        offset = 0
        while block := os.pread(log, _BLOCK, offset):
            offset += os.pwrite(log, block, offset)
        os.fsync(log)
    finally:
        os.close(log)


def _look(name: str) -> tuple[int, int] | None:
    """Return what lies at a path; None for nothing that a start would find."""
    try:
        return _identity(Path(name).stat())
    except OSError:
        return None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, sys.byteorder)
