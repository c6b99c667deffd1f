"""The database file: where it may lie, who owns it, and how fast its disk is."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.stores.base import StoreUnavailable

# SQLite's locks and its shared memory cannot be trusted across machines.
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_PRIVATE: Final = 0o600
_PROBES: Final = 10
_SLOW_SYNC_MS: Final = 1


class StoreRefused(StoreUnavailable):
    """The store cannot be opened as it is; the message tells a person what to do."""


class StoreInUse(StoreRefused):
    """Another process owns the store."""


class FileLock:
    """Ownership of a database file: a lock on `<file>.lock`, held until released or dead.

    The lock file is left behind. Removing it would let two processes lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            StoreInUse: another process, or another store of this one, holds it.
        """
        lock_path = path.with_name(path.name + ".lock")
        self._descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreInUse(
                f"{path} belongs to the running process {holder or 'that just opened it'}. "
                "One process owns an embedded store: stop that one, or name another file."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def prepare_file(path: Path) -> None:
    """Create the file if it is missing, readable for its owner only. Call it under the lock.

    Never afterwards: closing any descriptor of the file drops the locks SQLite holds on it.

    Raises:
        StoreRefused: the path cannot hold an embedded store.
    """
    system = file_system_of(path)
    if system in _NETWORK_FILE_SYSTEMS:
        raise StoreRefused(
            f"{path} is on a network file system ({system}), where an embedded store cannot be "
            "kept safely. Name a file on a local disk."
        )
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE))
    if path.stat().st_mode & 0o077:
        path.chmod(_PRIVATE)


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the type of the file system that `path` is on, "" where that is not told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    parents = {str(parent) for parent in path.resolve().parents}
    found, system = "", ""
    for line in lines:
        point, kind = line.split(" ")[1:3]
        # Of two mounts on one point the later one is on top.
        if point in parents and len(point) >= len(found):
            found, system = point, kind
    return system


def has_slow_disk(directory: Path, clock: Clock) -> bool:
    """Tell whether making 4 KiB durable takes a millisecond or more: the best of three rounds."""
    with tempfile.TemporaryFile(dir=directory) as file:
        rounds = [_sync_repeatedly(file.fileno(), clock) for _ in range(3)]
    return min(rounds) >= _PROBES * _SLOW_SYNC_MS


def _sync_repeatedly(descriptor: int, clock: Clock) -> int:
    started_ms = clock.now_ms()
    for _ in range(_PROBES):
        os.pwrite(descriptor, bytes(4096), 0)
        os.fdatasync(descriptor)
    return clock.now_ms() - started_ms
