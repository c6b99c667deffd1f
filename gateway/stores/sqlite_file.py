"""The database file: where it may lie, and how fast its disk is."""

from __future__ import annotations

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
_PROBES: Final = 10
_SLOW_SYNC_MS: Final = 1


class StoreRefused(StoreUnavailable):
    """The store cannot be opened as it is; the message tells a person what to do."""


def check_place(path: Path) -> None:
    """Refuse a place that cannot hold an embedded store.

    Raises:
        StoreRefused: it is on another machine.
    """
    system = file_system_of(path)
    if system in _NETWORK_FILE_SYSTEMS:
        raise StoreRefused(
            f"{path} is on a network file system ({system}), where an embedded store cannot be "
            "kept safely. Name a file on a local disk."
        )


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
