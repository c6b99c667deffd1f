"""A progress bar on standard error, where a person watches; lines above it stay whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Protocol

import click

from gateway.folding import columns_of, fold_lines

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_LONG: Final = 4 << 20
"""Input, in bytes, that takes long enough to be watched."""


class Progress(Protocol):
    """How far the reading is."""

    def advance(self, size: int) -> None:
        """Say that `size` more bytes of input are done."""
        ...

    def say(self, line: str) -> None:
        """Write a line to standard error."""
        ...

    def close(self) -> None:
        """Take the bar away."""
        ...


class Silent:
    """No bar: nobody watches, or there is little to read."""

    def advance(self, size: int) -> None:
        """Do nothing."""

    def say(self, line: str) -> None:
        """Write a line to standard error."""
        click.echo(fold_lines(line, columns_of(sys.stderr)), err=True)

    def close(self) -> None:
        """Do nothing."""


class Bar:
    """A bar over the bytes of the input, or a count where its size is not known."""

    def __init__(self, total: int | None) -> None:
        from rich.console import Console  # noqa: PLC0415 - 50 ms, and only for a terminal
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Columns  # noqa: PLC0415

        # Without a thread of its own: processes are forked while it shows.
        self._bar: RichProgress = Columns(
            TextColumn("reading"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("reading", total=total)
        self._bar.start()

    def advance(self, size: int) -> None:
        """Move on; a block is large enough to be drawn each time."""
        self._bar.update(self._task, advance=size, refresh=True)

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        line = fold_lines(line, columns_of(sys.stderr))
        self._bar.console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def make_progress(total: int | None, *, is_wanted: bool) -> Progress:
    """Return a bar if a person watches and there is enough to wait for.

    Args:
        total: the size of the input in bytes; `None` if it is not known, which may mean long.
        is_wanted: False for `--no-progress`.
    """
    is_watched = sys.stderr is not None and sys.stderr.isatty()
    if is_watched and is_wanted and (total is None or total >= _LONG):
        return Bar(total)
    return Silent()
