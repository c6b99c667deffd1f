"""How a command ends when something outside ends it: its reader, its disk, a signal.

Whatever it was doing is undone on the way out, and one line says what became of its output.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, NoReturn, TextIO

import click

from gateway.cli.telling import tell

INTERRUPTED: Final = 130
READER_GONE: Final = 141
UNWRITTEN: Final = 2

# Those that end a process unless it says otherwise; not every system has the second one.
_SIGNALS: Final = tuple(
    signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)


class Terminated(KeyboardInterrupt):
    """A signal asked the command to end; on its way it does what an interruption does."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextmanager
def told_endings() -> Iterator[None]:
    """Turn an interruption, and a reader that went away, into one line and an exit code.

    Raises:
        click.exceptions.Exit: with that exit code.
    """
    try:
        yield
    except BrokenPipeError:
        _end("the reader of the output went away; the rest was not written", READER_GONE)
    except Terminated as error:
        _end(_with_note("terminated", error), error.exit_code)
    except KeyboardInterrupt as error:
        with suppress(OSError):
            if sys.stderr is not None and sys.stderr.isatty():
                click.echo(err=True)  # the terminal has shown ^C on this line
        _end(_with_note("interrupted", error), INTERRUPTED)


def end_unwritten(error: OSError) -> NoReturn:
    """End a command that reads nothing of its own any more, so what failed was the writing.

    Raises:
        click.exceptions.Exit: always.
    """
    where = error.filename or "the output"
    problem = (error.strerror or str(error)).lower()
    _end(f"{where}: cannot be written: {problem}", UNWRITTEN)


@contextmanager
def signals_as_interruptions() -> Iterator[None]:
    """Let signals that end the process raise `Terminated` meanwhile, so that it cleans up.

    One that is ignored, as under nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not for other threads
        return
    taken = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # A second one would disturb the cleaning up.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Terminated(number)


def _with_note(line: str, error: BaseException) -> str:
    """Add what the open output says about itself: see `gateway.offline.output`."""
    return "; ".join([line, *getattr(error, "__notes__", [])[:1]])


def _end(line: str, exit_code: int) -> NoReturn:
    # What is left in the buffer can go nowhere; the interpreter would try again at its end.
    _abandon(sys.stdout)
    try:
        tell(f"dispatch-gateway: {line}")
    except OSError:  # standard error may be unread, or full, as well
        _abandon(sys.stderr)
    raise click.exceptions.Exit(exit_code)


def _abandon(stream: TextIO | None) -> None:
    with suppress(OSError, ValueError):  # it has no descriptor
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
