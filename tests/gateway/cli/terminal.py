"""A terminal to run commands in, and to type into."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PROGRAM: Final = str(Path(sys.executable).with_name("dispatch-gateway"))
SEARCH_PATH: Final = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
"""Where shells find the program first."""
PROMPT: Final = "ready> "


class Terminal:
    """The side of a pseudo-terminal at which the person sits."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen = b""

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._descriptor, keys.encode())

    def until(self, text: str) -> str:
        """Wait for a text and return what was shown up to its end; all, if it never comes."""
        wanted = text.encode()
        while wanted not in self._seen and (piece := self._read()):
            self._seen += piece
        shown, found, self._seen = self._seen.partition(wanted)
        return (shown + found).decode()

    def rest(self) -> str:
        """Return all that is shown until the program ends, in lines as the program wrote them."""
        while piece := self._read():
            self._seen += piece
        return self._seen.decode().replace("\r\n", "\n")

    def _read(self) -> bytes:
        with suppress(OSError):  # how Linux says that nobody is at the other side any more
            return os.read(self._descriptor, 65536)
        return b""


@contextmanager
def run_in_terminal(
    command: Sequence[str],
    *,
    at: Path | None = None,
    columns: int = 100,
    **variables: str,
) -> Iterator[Terminal]:
    """Run a command in a terminal of its own, with the program itself on its path."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    environment: Mapping[str, str] = {**kept, "PATH": SEARCH_PATH, "TERM": "xterm", **variables}
    process = subprocess.Popen(
        command,
        cwd=at,
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    try:
        yield Terminal(mine)
    finally:
        process.kill()
        process.wait()
        os.close(mine)
