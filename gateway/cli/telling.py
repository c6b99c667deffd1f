"""What commands say to people beside their results, folded to what they look at."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from gateway.folding import columns_of, fold_lines

if TYPE_CHECKING:
    from gateway.offline.reports import Screen


def tell(text: str) -> None:
    """Write lines to standard error."""
    click.echo(fold_lines(text, columns_of(sys.stderr)), err=True)


def findings_screen() -> Screen:
    """Return what findings are shown on: standard error."""
    from gateway.offline.reports import Screen  # noqa: PLC0415 - most commands have none

    is_watched = sys.stderr is not None and sys.stderr.isatty()
    return Screen(
        columns=columns_of(sys.stderr),
        has_colour=is_watched and not os.environ.get("NO_COLOR"),
    )


def show(text: str) -> None:
    """Write lines to standard output."""
    click.echo(fold_lines(text, columns_of(sys.stdout)))
