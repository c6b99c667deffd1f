"""What commands say to people beside their results, folded to what they look at."""

from __future__ import annotations

import sys

import click

from gateway.folding import columns_of, fold_lines


def tell(text: str) -> None:
    """Write lines to standard error."""
    click.echo(fold_lines(text, columns_of(sys.stderr)), err=True)


def show(text: str) -> None:
    """Write lines to standard output."""
    click.echo(fold_lines(text, columns_of(sys.stdout)))
