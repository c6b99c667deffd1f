"""`dispatch-gateway version`: what `--version` says, asked for by a word."""

from __future__ import annotations

from typing import Final

import click

from gateway import __version__

_EPILOG: Final = """\b
Example:
  dispatch-gateway version
"""


@click.command("version", epilog=_EPILOG)
def command() -> None:
    """Show the version of this program."""
    click.echo(f"dispatch-gateway, version {__version__}")
