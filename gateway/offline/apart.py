"""What a run writes is not what it reads: no input is overwritten, and no result is an input."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO, TypeAlias

from gateway.offline.inputs import STANDARD_INPUT, Input, Trouble, show_path

_Identity: TypeAlias = tuple[int, int] | str

# A result or a baseline of an earlier run, or a file that the shell has just made for this one.
RESULTS: Final = re.compile(rb'\s*\[?\s*\{\s*"(?:source|version)"|\s*\Z')
_HEAD: Final = 512


class Overwriting(Exception):
    """The run would overwrite what it reads; the text says which file, and what to do."""


def keep_apart(
    found: Sequence[Input | Trouble],
    named: Iterable[str],
    *,
    written: Iterable[Path | None],
    consulted: Iterable[Path | None] = (),
    results: re.Pattern[bytes] = RESULTS,
) -> list[Input | Trouble]:
    """Return `found` without what is no input; each file that is left out is told as a `Trouble`.

    Left out are, where they were found in a directory and not named themselves, files that are
    read for another purpose, and files that an earlier run wrote and this one writes anew.

    Args:
        named: the paths that the user gave.
        written: where the run will write; `None` is standard output.
        consulted: what it reads besides, such as a baseline.
        results: how the files begin that such a run writes.

    Raises:
        Overwriting: one of `written` is an input.
    """
    targets = {_identity(path) for path in written}
    besides = {_identity(path) for path in consulted if path is not None}
    targets.discard(None)
    besides.discard(None)
    if not targets and not besides:
        return list(found)
    names = set(named)
    kept: list[Input | Trouble] = []
    left_out: list[Trouble] = []
    for each in found:
        if isinstance(each, Input) and (reason := _reason(each, targets, besides, names, results)):
            left_out.append(Trouble(path=each.path, problem=reason, is_loss=False))
        else:
            kept.append(each)
    if left_out and not kept:
        shown = " ".join(sorted(names))
        kept.append(Trouble(path=shown, problem="holds nothing else to read"))
    # After the rest: one document is one document, whatever lies beside it.
    return kept + left_out


def refuse_one_file_for_two(written: Path | None, others: Iterable[Path | None]) -> None:
    """Check that what is written is not what another option names.

    Raises:
        Overwriting: it is.
    """
    if written is None or (written.exists() and not written.is_file()):
        return
    if any(other is not None and is_same(written, other) for other in others):
        raise Overwriting(f"{written}: is named by two options; choose another name for one")


def is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to the same file, or would if there were one."""
    return _identity(one) == _identity(other)


def _reason(
    source: Input,
    targets: set[_Identity | None],
    besides: set[_Identity | None],
    named: set[str],
    results: re.Pattern[bytes],
) -> str | None:
    """Return why the file is left out; `None` if it is read.

    Raises:
        Overwriting: it may be neither.
    """
    path, is_stream = source.path, source.path == STANDARD_INPUT
    identity = _stream(sys.stdin) if is_stream else _identity(Path(path))
    is_named = is_stream or path in named
    if identity in targets:
        if is_named or not _begins_like(Path(path), results):
            shown = show_path(path)
            raise Overwriting(f"{shown}: is read as input; choose another name for the output")
        return "is where this run writes; not read"
    if identity in besides and not is_named:
        return "is what another option names; not read as input"
    return None


def _identity(path: Path | None) -> _Identity | None:
    """Return what is equal for all names of a file; `None` for what is no file, such as a pipe."""
    if path is None:
        return _stream(sys.stdout)
    try:
        status = path.stat()
    except OSError:
        return os.path.realpath(path)  # it is not there yet
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _stream(stream: TextIO | BinaryIO | None) -> _Identity | None:
    try:
        status = os.fstat(stream.fileno()) if stream is not None else None
    except (OSError, ValueError):
        return None  # it is closed, or no file of the system
    if status is None or not stat.S_ISREG(status.st_mode):
        return None
    return status.st_dev, status.st_ino


def _begins_like(path: Path, results: re.Pattern[bytes]) -> bool:
    try:
        with path.open("rb") as file:
            return results.match(file.read(_HEAD)) is not None
    except OSError:
        return False
