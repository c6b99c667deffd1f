"""Who owns a database file: one process, by whatever name it opened the file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from pathlib import Path
from typing import Final

from gateway.stores.sqlite_file import StoreRefused

_PRIVATE: Final = 0o600
# Elsewhere flock and the locks of SQLite are of one kind, and the file would be locked for us too.
_LOCKS_ARE_APART: Final = sys.platform == "linux"

_owned: Final[set[tuple[int, int]]] = set()
"""The files that stores of this process own, by device and inode."""


class StoreInUse(StoreRefused):
    """Another process owns the store, or another store of this one."""


class FileLock:
    """Ownership of a database file, held until released or dead.

    The lock is on the file itself, so it does not matter by which name somebody comes: a symbolic
    link, a hard link. `<file>.lock` is locked, too, because older releases know only that; it is
    left behind, since removing it would let two of them lock two files of one name.

    SQLite's own locks belong to the process and end with *any* descriptor of the file that it
    closes. So the file is opened here before SQLite does, and closed after it; and a file that
    this process owns is refused without being opened.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; create the file if it is missing, readable for its owner only.

        Raises:
            StoreInUse: another process, or another store of this one, holds it.
            OSError: the file or its lock cannot be opened.
        """
        with contextlib.suppress(FileNotFoundError):
            if _identity(path.stat()) in _owned:
                raise _in_use(path, str(os.getpid()))
        with contextlib.ExitStack() as undo:
            beside: dict[tuple[int, int], _Descriptor] = {}
            for name in (path, path.resolve()):
                lock = undo.enter_context(_Descriptor(name.with_name(name.name + ".lock")))
                # Both names may lead to one lock, which we would then wait for ourselves.
                if beside.setdefault(lock.identity, lock) is lock and not lock.lock():
                    raise _in_use(path, lock.text() or "that just opened it")
            file = undo.enter_context(_Descriptor(path))
            if _LOCKS_ARE_APART and not file.lock():
                raise _in_use(path, file.holder() or "that has it open by another name")
            if os.fstat(file.number).st_mode & 0o077:
                os.fchmod(file.number, _PRIVATE)
            for lock in beside.values():
                lock.write(f"{os.getpid()}\n")
            self.identity = file.identity
            """Device and inode of the file that is owned."""
            _owned.add(self.identity)
            self._held = contextlib.ExitStack()
            self._held.callback(_owned.discard, self.identity)
            self._held.enter_context(undo.pop_all())

    def release(self) -> None:
        """Let go of the file, after SQLite's connections to it were closed.

        Once: the file may be another store's by the second time.
        """
        self._held.close()


class _Descriptor(contextlib.AbstractContextManager["_Descriptor"]):
    """A file that is open for its lock."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        self.identity = _identity(os.fstat(self.number))

    def __exit__(self, *_: object) -> None:
        os.close(self.number)

    def lock(self) -> bool:
        """Take the lock; tell whether it was free."""
        try:
            fcntl.flock(self.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def holder(self) -> str:
        """Return the process that the kernel says has the lock, "" where it does not."""
        with contextlib.suppress(OSError, ValueError):
            for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
                fields = line.split()
                # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
                if fields[1] == "FLOCK" and int(fields[5].rpartition(":")[2]) == self.identity[1]:
                    return fields[4]
        return ""

    def text(self) -> str:
        """Return what its owner wrote into it."""
        return os.pread(self.number, 32, 0).decode("ascii", "replace").strip()

    def write(self, text: str) -> None:
        """Write into it who owns it."""
        os.ftruncate(self.number, 0)
        os.pwrite(self.number, text.encode("ascii"), 0)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _in_use(path: Path, holder: str) -> StoreInUse:
    return StoreInUse(
        f"{path} belongs to the running process {holder}. One process owns an embedded store, by"
        " whatever name or link it is opened: stop that one, or name another file."
    )
