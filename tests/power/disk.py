"""A folder whose files lose with the power what was not synced, and the death of who uses it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from types import TracebackType
from typing import Any, Final

from gateway.stores.base import Store, StoreFault
from gateway.stores.sqlite import SqliteStore
from tests.power.unsynced import Contents, FileChange, Luck, UnsyncedFiles
from tests.power.vfs import HeardVfs

_DEAD: Final = StoreFault(why="The process is dead.", remedy="None.")
_MEMORY: Final = "-shm"
_LOCKS: Final = ".lock"


class Disk:
    """A mounted folder. What happens to the databases in it is heard, in this process.

    Heard are SQLite, by its VFS, and what is done by `os.pwrite`, `ftruncate`, `fsync` and
    `fdatasync` to a file that SQLite opened, or to the folder. All that lies in the folder at the
    beginning counts as synced.
    """

    def __init__(self, folder: Path) -> None:
        """Name a folder that exists; the quickest place is a file system in memory."""
        self.folder = folder.resolve()
        self.changes = 0
        """How many writes, truncations, syncs, creations and deletions were made."""
        self.heard: list[Any] | None = None
        """Takes down every change (`FileChange`), if it is a list. Cuts do not belong there."""
        self.files: UnsyncedFiles
        self._life = 0
        self._is_on = False
        self._identities: dict[tuple[int, int], str] = {}
        self._loses_power_at: int | None = None
        self._syncs_left: int | None = None
        self._fails_for_good = False
        self._then: Callable[[], None] = lambda: None

    def __enter__(self) -> Disk:
        self._take(self._read())
        HeardVfs.get().listeners[str(self.folder)] = self
        _disks.append(self)
        _hear_python()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._turn_off()
        del HeardVfs.get().listeners[str(self.folder)]
        _disks.remove(self)
        if not _disks:
            _hear_python_no_more()

    def kill(self, store: Store | None) -> None:
        """Let the process die that has a store open here: what it wrote is still in the cache.

        The next one finds everything as it was written. What was not synced is still not. Without
        a store it died while it opened one, which has failed.
        """
        self._turn_off()
        if store is not None:
            abandon(store)
        self._is_on = True

    def cut(self, store: Store | None, chance: Random, luck: Luck | None = None) -> None:
        """Let the power go, and the process with it: of what was not synced a drawn part is left.

        The next one finds that, and it is durable. `luck` is drawn by default.
        """
        self._turn_off()
        if store is not None:
            abandon(store)
        self._replace(self.files.after_cut(chance, luck))

    def fail_after(self, changes: int, then: Callable[[], None] = lambda: None) -> None:
        """Let every change fail with an I/O error after so many, which may be amid a commit.

        `then` is called at the first one that fails, maybe in another thread. It is still for
        `cut` or `kill` to end the store.
        """
        self._loses_power_at = self.changes + changes
        self._then = then

    def fail_sync_after(self, syncs: int, *, for_good: bool = False) -> None:
        """Let one sync fail after so many: what it was for is read, and will never be durable.

        `for_good`: every change fails from then on, until `cut` or `kill` ends the store.
        """
        self._syncs_left, self._fails_for_good = syncs, for_good

    def _turn_off(self) -> None:
        """Nobody who has a file open here changes anything any more."""
        self._is_on = False
        self._life += 1
        self._loses_power_at = self._syncs_left = None

    def _read(self) -> Contents:
        return {
            path.name: path.read_bytes()
            for path in self.folder.iterdir()
            if path.is_file() and not path.name.endswith((_MEMORY, _LOCKS))
        }

    def _replace(self, contents: Contents) -> None:
        """Put other files in place of what is there, as new ones."""
        for path in self.folder.iterdir():
            if path.is_file() and not path.name.endswith(_LOCKS):
                path.unlink()
        for name, content in contents.items():
            (self.folder / name).write_bytes(content)
        self._take(contents)

    def _take(self, contents: Contents) -> None:
        self.files = UnsyncedFiles(contents)
        status = self.folder.stat()
        self._identities = {(status.st_dev, status.st_ino): ""}
        self._is_on = True

    # What is heard.

    def may_change(self, life: int | None) -> bool:
        if not self._is_on or (life is not None and life != self._life):
            return False
        if self._loses_power_at is not None and self.changes >= self._loses_power_at:
            self._turn_off()
            self._then()
            return False
        return True

    def may_sync(self, path: str) -> bool:
        if self._syncs_left is None:
            return True
        self._syncs_left -= 1
        if self._syncs_left >= 0:
            return True
        self._syncs_left = None
        if self._fails_for_good:
            self._turn_off()
        name = self._name(path)
        self._tell(partial(UnsyncedFiles.fail_to_sync, name=name, seed=self.changes))
        return False

    def opened(self, path: str) -> int:
        name = self._name(path)
        status = os.stat(path)  # noqa: PTH116
        self._identities[status.st_dev, status.st_ino] = path
        if name not in self.files:
            self._tell(partial(UnsyncedFiles.create, name=name))
        return self._life

    def wrote(self, path: str, offset: int, data: bytes) -> None:
        self._tell(partial(UnsyncedFiles.write, name=self._name(path), offset=offset, data=data))

    def truncated(self, path: str, size: int) -> None:
        self._tell(partial(UnsyncedFiles.truncate, name=self._name(path), size=size))

    def synced(self, path: str) -> None:
        self._tell(partial(UnsyncedFiles.sync, name=self._name(path)))

    def deleted(self, path: str) -> None:
        self._tell(partial(UnsyncedFiles.delete, name=self._name(path)))
        # Its number may be another file's next.
        known = self._identities.items()
        self._identities = {number: other for number, other in known if other != path}

    def synced_folder(self) -> None:
        self._tell(partial(UnsyncedFiles.sync_folder))

    def _tell(self, change: FileChange) -> None:
        self.changes += 1
        change(self.files)
        if self.heard is not None:
            self.heard.append(change)

    def path_of(self, status: os.stat_result) -> str | None:
        """Return the path of an open file that is heard, "" for the folder, None for another."""
        return self._identities.get((status.st_dev, status.st_ino))

    def _name(self, path: str) -> str:
        return path.rpartition("/")[2]


def memory() -> Path | None:
    """Return a file system in memory, the quickest place for a disk; None where there is none."""
    place = Path("/dev/shm")  # noqa: S108
    return place if place.is_dir() and os.access(place, os.W_OK) else None


def abandon(store: Store) -> None:
    """Let go of a store as its process would by dying: nothing is finished, nothing is left open.

    Whoever still has it is refused everything, and whoever waits for it waits for ever. It may be
    called at any await of the store's methods, and twice. A transaction that is just running in
    the writer's thread is waited for.
    """
    assert isinstance(store, SqliteStore)
    store._checkpoints.cancel()
    writer = store.writer
    writer.fault = _DEAD
    writer._operations.clear()
    writer._jobs.clear()
    writer._thread.shutdown()
    # The last connection to close copies the log into the file, if it can: the reader cannot.
    writer._connection.close()
    store._reads.close()
    store._files.close()
    store._lock.release()


# What Python does to files that SQLite has open: `gateway.stores.sqlite_log` does.

_disks: Final[list[Disk]] = []
_original: Final = {
    name: getattr(os, name) for name in ("pwrite", "ftruncate", "fsync", "fdatasync")
}


def _heard(descriptor: int) -> tuple[Disk, str] | None:
    status = os.fstat(descriptor)
    for disk in _disks:
        path = disk.path_of(status)
        if path is not None:
            if not disk.may_change(None):
                raise OSError(errno.EIO, "the power is off")
            return disk, path
    return None


def _pwrite(descriptor: int, data: bytes, offset: int, /) -> int:
    heard = _heard(descriptor)
    count: int = _original["pwrite"](descriptor, data, offset)
    if heard is not None:
        heard[0].wrote(heard[1], offset, bytes(data[:count]))
    return count


def _ftruncate(descriptor: int, size: int, /) -> None:
    heard = _heard(descriptor)
    _original["ftruncate"](descriptor, size)
    if heard is not None:
        heard[0].truncated(heard[1], size)


def _syncing(name: str) -> Callable[[int], None]:
    def sync(descriptor: int, /) -> None:
        heard = _heard(descriptor)
        if heard is not None and heard[1] and not heard[0].may_sync(heard[1]):
            raise OSError(errno.EIO, "the sync fails")
        _original[name](descriptor)
        if heard is not None:
            disk, path = heard
            disk.synced(path) if path else disk.synced_folder()

    return sync


_HEARD: Final[dict[str, Any]] = {
    "pwrite": _pwrite,
    "ftruncate": _ftruncate,
    "fsync": _syncing("fsync"),
    "fdatasync": _syncing("fdatasync"),
}


def _hear_python() -> None:
    for name, function in _HEARD.items():
        setattr(os, name, function)


def _hear_python_no_more() -> None:
    for name, function in _original.items():
        setattr(os, name, function)
