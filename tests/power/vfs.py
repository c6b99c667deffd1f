"""Hearing what SQLite does to its files: its own seam for that, the VFS, in Python.

SQLite calls the system by a table of functions, which may be replaced; its authors test crashes
the same way. Here it is replaced by a copy that tells a listener of every write, truncation, sync,
creation and deletion, and leaves reading, locks and shared memory to the original. The listener
may forbid the call instead, which then fails with an I/O error.

Source: https://www.sqlite.org/vfs.html; the layout of the tables is part of SQLite's ABI.
"""

from __future__ import annotations

import _sqlite3
import atexit
import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

_OK: Final = 0
_IOERR: Final = 10
_IOERR_FSYNC: Final = _IOERR | 4 << 8
_CANTOPEN: Final = 14
_CREATE: Final = 0x4
_DELETE_ON_CLOSE: Final = 0x8
# Journals, of a transaction over several databases too, and write-ahead logs: the first sync of
# such a file makes its name durable with it (unixOpen and unixSync in os_unix.c).
_JOURNALS: Final = 0x800 | 0x4000 | 0x80000

_POINTER: Final = ctypes.c_void_p
_INT: Final = ctypes.c_int
_OPEN: Final = (_INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
_DELETE: Final = (_INT, _POINTER, _POINTER, _INT)
_CLOSE: Final = (_INT, _POINTER)
_WRITE: Final = (_INT, _POINTER, _POINTER, _INT, ctypes.c_int64)
_TRUNCATE: Final = (_INT, _POINTER, ctypes.c_int64)
_SYNC: Final = (_INT, _POINTER, _INT)


class Listener(Protocol):
    """Who hears of changes, each after it was made. Files have the paths that SQLite gives them."""

    def may_change(self, life: int | None) -> bool:
        """Tell whether who opened a file in this life, or anybody, may change anything."""
        ...

    def may_sync(self, path: str) -> bool:
        """Tell whether a sync succeeds."""
        ...

    def opened(self, path: str) -> int:
        """Return in which life a file was opened or created."""
        ...

    def wrote(self, path: str, offset: int, data: bytes) -> None: ...
    def truncated(self, path: str, size: int) -> None: ...
    def synced(self, path: str) -> None: ...
    def deleted(self, path: str) -> None: ...
    def synced_folder(self) -> None: ...


class _Vfs(ctypes.Structure):
    _fields_ = [
        *[(name, _INT) for name in ("iVersion", "szOsFile", "mxPathname")],
        ("pNext", _POINTER),
        ("zName", ctypes.c_char_p),
        *[(name, _POINTER) for name in ("pAppData", "xOpen", "xDelete")],
        ("rest", _POINTER * 14),
    ]


class _Methods(ctypes.Structure):
    _fields_ = [
        ("iVersion", _INT),
        *[(name, _POINTER) for name in ("xClose", "xRead", "xWrite", "xTruncate", "xSync")],
        ("rest", _POINTER * 13),
    ]


@dataclass(slots=True)
class _Handle:
    """A file that SQLite has open."""

    path: str
    listener: Listener
    life: int
    methods: int
    """The address of the original table."""
    syncs_folder: bool


def _library() -> ctypes.CDLL | None:
    """Return the SQLite that Python uses, None where its functions cannot be reached."""
    path = getattr(_sqlite3, "__file__", None)
    if os.name != "posix" or path is None:
        return None
    library = ctypes.CDLL(path)
    if not hasattr(library, "sqlite3_vfs_find"):
        return None
    library.sqlite3_vfs_find.restype = _POINTER
    library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
    library.sqlite3_vfs_register.argtypes = [_POINTER, _INT]
    return library


CAN_HEAR: Final = _library() is not None
"""Whether the SQLite of this Python can be heard: it is linked so that its functions are found."""


class HeardVfs:
    """SQLite's file system, which tells listeners what is done to files in their folders.

    There is one in a process, and SQLite never lets go of it: connections refer to it.
    """

    _only: HeardVfs | None = None

    @classmethod
    def get(cls) -> HeardVfs:
        """Return the one, made at the first call; `CAN_HEAR` has to be true."""
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def __init__(self) -> None:
        library = _library()
        assert library is not None
        self.listeners: dict[str, Listener] = {}
        """By the folder they care for."""
        self._handles: dict[int, _Handle] = {}
        self._tables: dict[int, _Methods] = {}
        self._kept: list[object] = []
        address = library.sqlite3_vfs_find(None)
        self._original = _Vfs.from_address(address)
        self._original_address = address
        self._vfs = _Vfs.from_buffer_copy(self._original)
        self._vfs.pNext = None
        self._vfs.zName = b"heard"
        self._open = ctypes.CFUNCTYPE(*_OPEN)(self._original.xOpen)
        self._delete = ctypes.CFUNCTYPE(*_DELETE)(self._original.xDelete)
        self._vfs.xOpen = self._callback(_OPEN, self._when_opened)
        self._vfs.xDelete = self._callback(_DELETE, self._when_deleted)
        library.sqlite3_vfs_register(ctypes.addressof(self._vfs), 1)
        atexit.register(self._hear_no_more)

    def _hear_no_more(self) -> None:
        """Put the originals back: a connection may be closed when Python is gone by half."""
        self._vfs.xOpen, self._vfs.xDelete = self._original.xOpen, self._original.xDelete
        for file, handle in self._handles.items():
            _POINTER.from_address(file).value = handle.methods

    def _callback(self, signature: tuple[Any, ...], function: Callable[..., int]) -> int | None:
        callback = ctypes.CFUNCTYPE(*signature)(function)
        self._kept.append(callback)
        return ctypes.cast(callback, _POINTER).value

    def _listener(self, path: str) -> Listener | None:
        return self.listeners.get(path.rpartition("/")[0])

    def _when_opened(
        self, _vfs: int, name: int | None, file: int, flags: int, out_flags: int | None
    ) -> int:
        path = "" if name is None else os.fsdecode(ctypes.string_at(name))
        listener = None if flags & _DELETE_ON_CLOSE else self._listener(path)
        if listener is None:
            return int(self._open(self._original_address, name, file, flags, out_flags))
        if not listener.may_change(None):
            return _CANTOPEN
        code: int = self._open(self._original_address, name, file, flags, out_flags)
        if code == _OK:
            syncs_folder = bool(flags & _CREATE and flags & _JOURNALS)
            methods = _POINTER.from_address(file)
            assert methods.value is not None
            life = listener.opened(path)
            self._handles[file] = _Handle(path, listener, life, methods.value, syncs_folder)
            methods.value = ctypes.addressof(self._table(methods.value))
        return code

    def _when_deleted(self, _vfs: int, name: int, sync_folder: int) -> int:
        path = os.fsdecode(ctypes.string_at(name))
        listener = self._listener(path)
        if listener is not None and not listener.may_change(None):
            return _IOERR
        code: int = self._delete(self._original_address, name, sync_folder)
        if listener is not None and code == _OK:
            listener.deleted(path)
            if sync_folder:
                listener.synced_folder()
        return code

    def _table(self, address: int) -> _Methods:
        """Return the copy of a table of functions of open files, in which ours stand."""
        if address not in self._tables:
            table = _Methods.from_buffer_copy(_Methods.from_address(address))
            self._replace(table)
            self._tables[address] = table
        return self._tables[address]

    def _replace(self, table: _Methods) -> None:
        handles = self._handles
        string_at = ctypes.string_at
        # Writing to the page cache is short, so that these keep Python's lock: half the time.
        write = ctypes.PYFUNCTYPE(*_WRITE)(table.xWrite)
        truncate = ctypes.PYFUNCTYPE(*_TRUNCATE)(table.xTruncate)
        sync = ctypes.CFUNCTYPE(*_SYNC)(table.xSync)
        close = ctypes.CFUNCTYPE(*_CLOSE)(table.xClose)

        def when_written(file: int, data: int, size: int, offset: int) -> int:
            handle = handles[file]
            listener = handle.listener
            if not listener.may_change(handle.life):
                return _IOERR
            code: int = write(file, data, size, offset)
            if code == _OK:
                listener.wrote(handle.path, offset, string_at(data, size))
            return code

        def when_truncated(file: int, size: int) -> int:
            handle = handles[file]
            if not handle.listener.may_change(handle.life):
                return _IOERR
            code: int = truncate(file, size)
            if code == _OK:
                handle.listener.truncated(handle.path, size)
            return code

        def when_synced(file: int, flags: int) -> int:
            handle = handles[file]
            if not handle.listener.may_change(handle.life):
                return _IOERR
            if not handle.listener.may_sync(handle.path):
                return _IOERR_FSYNC
            code: int = sync(file, flags)
            if code == _OK:
                handle.listener.synced(handle.path)
                if handle.syncs_folder:
                    handle.syncs_folder = False
                    handle.listener.synced_folder()
            return code

        def when_closed(file: int) -> int:
            handles.pop(file, None)
            return int(close(file))

        table.xWrite = self._callback(_WRITE, when_written)
        table.xTruncate = self._callback(_TRUNCATE, when_truncated)
        table.xSync = self._callback(_SYNC, when_synced)
        table.xClose = self._callback(_CLOSE, when_closed)
