"""A gateway under callgrind, whose clocks stand still and whose waking is in our hands."""

from __future__ import annotations

import contextlib
import http.client
import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

SERVE: Final = ("-m", "gateway", "serve")

_ROOT: Final = Path(__file__).parents[2]
_SOURCE: Final = Path(__file__).with_name("still.c")
_COMPILERS: Final = ("cc", "gcc", "clang")
_NUMBER: Final = struct.Struct("=q")
# Not `totals`: what a call had cost before everything was set to zero is still in them.
_SUMMARY: Final = re.compile(rb"^summary: (\d+)$", re.MULTILINE)
_LOOK_EVERY_S: Final = 0.002
_PATIENCE_S: Final = 120.0
"""For one thing that the gateway does; a machine may be very busy."""


class Field(IntEnum):
    """The numbers that are shared, in the order of `struct control` in `still.c`."""

    STANDS_STILL = 0
    NOW_MS = 1
    ASKED = 2
    WAITS = 3
    WAKES = 4
    STATEMENTS = 5
    BYTES = 6
    SYNCS = 7
    PLANTED = 8


CONTROL_SIZE: Final = len(Field) * _NUMBER.size


class Order(IntEnum):
    """What can be asked of the process; the values are those of `still.c`."""

    INSTRUMENT = 1
    BEGIN = 2
    END = 3


class CannotCount(Exception):
    """Something that counting needs is missing or failed; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a stretch of work took."""

    instructions: int
    statements: int
    bytes_written: int
    syncs: int


def what_is_missing() -> str | None:
    """Return why nothing can be counted here, None where it can be."""
    if sys.platform != "linux":
        return "callgrind counts on Linux only"
    if shutil.which("valgrind") is None:
        return "valgrind is not installed (Debian: apt-get install valgrind)"
    if _compiler() is None:
        return "there is no C compiler (Debian: apt-get install gcc libc6-dev)"
    return None


class Process:
    """The gateway's process, as seen from outside."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, shared: mmap.mmap) -> None:
        self._process = process
        self._folder = folder
        self._shared = shared

    def __getitem__(self, field: Field) -> int:
        return int(_NUMBER.unpack_from(self._shared, field * _NUMBER.size)[0])

    def __setitem__(self, field: Field, value: int) -> None:
        _NUMBER.pack_into(self._shared, field * _NUMBER.size, value)

    def do(self, order: Order) -> None:
        """Wake the idle process for this alone: whoever goes on after a stop is woken."""
        self[Field.ASKED] = order
        with self.stopped():
            pass
        self._wait_for(lambda: not self[Field.ASKED] and self._waits(), f"to {order.name.lower()}")

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the process, so that all that is sent within the block is seen at once."""
        self._process.send_signal(signal.SIGSTOP)
        self._wait_for(lambda: self._state() == "T", "to stop")
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def wait_until_it_answers(self, port: int) -> None:
        """Wait for the start."""

        def answers() -> bool:
            # The socket listens before the store is open; whoever answers has started.
            asking = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
            with contextlib.suppress(OSError), contextlib.closing(asking):
                asking.request("GET", "/livez")
                return asking.getresponse().status == 200
            return False

        self._wait_for(answers, "to start")

    def wait_until_idle(self, *, after: int) -> None:
        """Wait until it has been woken since (a value of `Field.WAKES`) and waits again."""
        self._wait_for(lambda: self[Field.WAKES] > after and self._waits(), "to become idle")

    def take(self) -> Counted:
        """Return what was counted between BEGIN and END."""
        counts = []
        for dump in self._folder.glob("callgrind.out.*"):
            counts += [int(found) for found in _SUMMARY.findall(dump.read_bytes())]
            dump.unlink()
        if not counts:
            raise CannotCount("callgrind wrote nothing")
        return Counted(
            instructions=sum(counts),
            statements=self[Field.STATEMENTS],
            bytes_written=self[Field.BYTES],
            syncs=self[Field.SYNCS],
        )

    def _state(self) -> str:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0]

    def _waits(self) -> bool:
        # Whoever is woken no longer sleeps, even before it gets to run and to say so.
        return bool(self[Field.WAITS]) and self._state() == "S"

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not condition():
            if self._process.poll() is not None:
                raise CannotCount(f"the gateway ended with {self._process.returncode}{self._log()}")
            if time.monotonic() > until:
                raise CannotCount(f"the gateway took too long {what}{self._log()}")
            time.sleep(_LOOK_EVERY_S)

    def _log(self) -> str:
        said = (self._folder / "log").read_text(encoding="utf-8", errors="replace").strip()
        return f"; it said:\n{said}" if said else ""


@contextlib.contextmanager
def counted_gateway(
    folder: Path, environ: dict[str, str], *, port: int, command: Sequence[str] = SERVE
) -> Iterator[Process]:
    """Run a gateway under callgrind until the block ends; nothing is counted yet.

    Args:
        folder: for what the run leaves: the library, the log, what callgrind writes.
        environ: the gateway's variables.
        port: where it will listen.
        command: what Python runs.

    Raises:
        CannotCount: it did not start.
    """
    control = folder / "control"
    control.write_bytes(bytes(CONTROL_SIZE))
    # Nothing of the caller's environment: its contents can change what is done.
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONHASHSEED": "0",
        "LD_PRELOAD": str(_build(folder)),
        "GATE_CONTROL": str(control),
        **environ,
    }
    callgrind = [
        *("valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"),
        f"--callgrind-out-file={folder / 'callgrind.out'}",
    ]
    with (
        control.open("r+b") as file,
        mmap.mmap(file.fileno(), CONTROL_SIZE) as shared,
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*callgrind, sys.executable, *command],
            env=variables,
            cwd=_ROOT,
            stdout=log,
            stderr=log,
        ) as started,
    ):
        try:
            process = Process(started, folder, shared)
            process.wait_until_it_answers(port)
            process[Field.STANDS_STILL] = 1
            yield process
        finally:
            started.kill()  # whose clocks stand still never ends in an orderly way


def _compiler() -> str | None:
    return next((found for name in _COMPILERS if (found := shutil.which(name))), None)


def _build(folder: Path) -> Path:
    library, compiler = folder / "still.so", _compiler()
    assert compiler is not None
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, _SOURCE, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CannotCount(f"{_SOURCE.name} cannot be compiled:\n{made.stderr}")
    return library
