"""Standard input and output, which whoever started the command may have closed or changed."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from io import BytesIO
from typing import BinaryIO, TextIO


def standard_input() -> BinaryIO:
    """Return standard input; at a terminal, say that it is read, and wait for its end.

    Raises:
        OSError: it is closed.
    """
    stream = _usable(sys.stdin, "standard input")
    if sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("dispatch-gateway: reading standard input; Ctrl-D ends it\n")
        sys.stderr.flush()
        return BytesIO(stream.read())  # the end is typed once, and asked for once
    return stream


def standard_output() -> BinaryIO:
    """Return standard output.

    Raises:
        OSError: it is closed.
    """
    return _usable(sys.stdout, "standard output")


def _usable(stream: TextIO | None, name: str) -> BinaryIO:
    if stream is None:
        raise OSError(errno.EBADF, "it is closed", name)
    if sys.platform != "win32":
        # Other programs leave pipes in a mode in which "nothing yet" reads like the end.
        with suppress(OSError):  # it has no descriptor
            os.set_blocking(stream.fileno(), True)
    return stream.buffer
