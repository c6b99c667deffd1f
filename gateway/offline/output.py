"""Where results go: standard output, or a file that is either whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gateway.offline.streams import standard_output


@contextmanager
def open_output(path: Path | None) -> Iterator[BinaryIO]:
    """Yield what to write to: standard output, or a file that takes its name when it is whole.

    A run that fails or is interrupted leaves the file that was there before, or none. The error
    that ends it says so in a note.

    Raises:
        OSError: the file could not be made or written.
    """
    opened = _open_stream(path) if path is None or _is_device(path) else _open_part(path)
    try:
        with opened as file:
            yield file
    except OSError as error:
        if error.filename is None and path is not None:
            error.filename = str(path)
        raise


@contextmanager
def _open_stream(path: Path | None) -> Iterator[BinaryIO]:
    """Open what has no name to take: standard output, /dev/null, a pipe."""
    try:
        if path is None:
            stream = standard_output()
            yield stream
            stream.flush()
        else:
            with path.open("wb") as device:
                yield device
    except BaseException as error:
        error.add_note("what was written is not all")
        raise


@contextmanager
def _open_part(path: Path) -> Iterator[BinaryIO]:
    """Open a file that becomes `path` at the end."""
    # What a link leads to is written, not the link: /dev/stdout is one.
    target = Path(os.path.realpath(path))
    handle, part = _part_of(target, path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(_mode(target))
        part.replace(target)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        error.add_note(f"{path} was not written")
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once, or leave what was there.

    Raises:
        OSError: it could not be written.
    """
    with open_output(path) as file:
        file.write(content)


def check_output(path: Path) -> None:
    """Try whether a file can be written, before all the work that it is for is done.

    Raises:
        OSError: it cannot.
    """
    if not _is_device(path):
        handle, part = _part_of(Path(os.path.realpath(path)), path)
        os.close(handle)
        part.unlink()


def _part_of(target: Path, path: Path) -> tuple[int, Path]:
    """Open the file that becomes `target`; an error names it as the user did, `path`."""
    try:
        prefix = f".{target.name}."
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    return handle, Path(name)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _mode(path: Path) -> int:
    """Return the permissions the file shall have: its own, or those of any new file."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
