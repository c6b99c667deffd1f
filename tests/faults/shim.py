"""The library that lets writes fail: how it is made, and how a test tells it what to do."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("shim.c")
_COMPILERS: Final = ("cc", "gcc", "clang")
_NUMBERS: Final = struct.Struct("=8i")


class Kind(IntFlag):
    """What is made to fail; the values are those of `shim.c`."""

    WRITE = 1
    SYNC = 2
    TRUNCATE = 4


class Manner(IntEnum):
    """How it fails; the values are those of `shim.c`."""

    ONCE = 0
    FROM_THEN_ON = 1
    """And all that come after it."""
    AFTER_DOING_IT = 2
    """It is done, and an error is returned all the same."""
    HALF_WAY = 3
    """The first half is written, and the second half fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which call fails, and how."""

    kind: Kind
    nth: int
    error: int
    """An `errno`."""
    manner: Manner = Manner.ONCE


def compiler() -> str | None:
    """Return a C compiler, None where there is none."""
    return next((found for name in _COMPILERS if (found := shutil.which(name))), None)


def build(folder: Path, source: Path = _SOURCE) -> Path:
    """Compile a library that is loaded before all others; there has to be a compiler."""
    library = folder / source.with_suffix(".so").name
    command = compiler()
    assert command is not None
    subprocess.run(
        [command, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl"],
        check=True,
    )
    return library


class Control:
    """What a test and the process under the library share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(_NUMBERS.size))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _NUMBERS.size)

    def arm(self, fault: Fault) -> None:
        """Begin to count, and let a call fail."""
        self._shared[:] = _NUMBERS.pack(
            1, fault.kind, fault.nth, fault.error, fault.manner, 0, 0, 0
        )

    def disarm(self) -> int:
        """Let nothing fail any more; return how many calls did."""
        _, *_, fired, _ = _NUMBERS.unpack(self._shared[:])
        self._shared[:] = bytes(_NUMBERS.size)
        return int(fired)

    def close(self) -> None:
        """Let go of what is shared."""
        self._shared.close()
