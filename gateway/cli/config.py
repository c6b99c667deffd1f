"""`dispatch-gateway config`: what the settings are, and whether they can be used."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.cli.checks import read_checked
from gateway.cli.doctor import FORMAT, look
from gateway.cli.main import stop
from gateway.cli.named import Commands
from gateway.cli.telling import show as show_lines
from gateway.cli.telling import tell
from gateway.folding import columns_of
from gateway.settings import Entry
from gateway.settings.rows import shown

_CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with settings.",
)

_EPILOG = """\b
Examples:
  dispatch-gateway config check --config gateway.toml
  dispatch-gateway config check --live
  dispatch-gateway config show
"""


@click.group("config", cls=Commands, epilog=_EPILOG)
def command() -> None:
    """Check the settings, or show them."""


@command.command()
@_CONFIG
@click.option("--strict", is_flag=True, help="Exit with 1 when something is doubtful.")
@click.option("--live", is_flag=True, help="Look at what they lead to as well, as doctor does.")
@FORMAT
def check(*, config: Path | None, strict: bool, live: bool, layout: str) -> int:
    """Check the settings, all at once.

    Names and values, the files of secrets and keys, where URLs lead, and whether the store's file
    could be written. The store is not opened, the port not taken and nobody called: a store in
    use, a port that is taken or a wrong secret shows when the gateway runs, or with --live.

    Faults end in exit code 2. What is allowed but probably not meant is named, too.
    """
    if layout != "text" and not live:
        raise click.UsageError("--format is for what --live finds")
    reading = read_checked(config, {})
    if reading.faults:
        stop(reading.faults)
    settings = reading.settings
    if live:
        return look(settings, layout) or int(strict and bool(settings.warnings))
    for doubt in settings.warnings:
        tell(f"doubtful: {doubt}")
    show_lines(f"The settings can be used. Applications: {len(settings.applications)}.")
    return 1 if strict and settings.warnings else 0


@command.command()
@_CONFIG
def show(*, config: Path | None) -> None:
    """Print every setting; secrets are masked.

    A line has the name, the value and where the value comes from. Faults follow, and end in exit
    code 2.
    """
    reading = read_checked(config, {})
    rows = [(each.label, _value(each), each.origin.value) for each in reading.entries]
    name_width, value_width = (max((len(row[n]) for row in rows), default=0) for n in (0, 1))
    columns = columns_of(sys.stdout)
    widest = name_width + value_width + 4 + max((len(row[2]) for row in rows), default=0)
    for name, value, origin in rows:
        if columns is None or widest <= columns:
            click.echo(f"{name:{name_width}}  {value:{value_width}}  {origin}")
        else:
            # Below each other: no table of these three fits.
            show_lines(f"{name}\n  {value}\n  from {origin}")
    if reading.faults:
        stop(reading.faults)


def _value(entry: Entry) -> str:
    # The note is written for a page; a terminal shows no marks.
    note = (entry.note or "").replace("`", "")
    return f"({note})" if note else shown(entry.value) or "-"
