"""What a gateway is set up as, for commands that do offline what it would do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.main import stop
from gateway.cli.parameters import Command

if TYPE_CHECKING:
    from gateway.settings import Fault, Settings

_TABLES: Final = "applications["


def config_option(command: Command) -> Command:
    """Add `--config`; its value is for `read_config`."""
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The settings of the gateway, a TOML file and the environment, as `serve` reads them:"
        " switches, locale, horizons, and what shapes callbacks.",
    )(command)


def read_config(config: Path) -> Settings:
    """Read what decides about a workflow; whatever else a gateway needs may be missing here.

    A fault in what is used ends the command: anything else would be answered as if it were not
    set.
    """
    from gateway.cli.checks import check_switches, rule_names  # noqa: PLC0415 - `--help` stays fast
    from gateway.settings import read_settings  # noqa: PLC0415

    reading = read_settings(os.environ, config, checks=(check_switches,))
    needless = _needless()
    faults = [each for each in reading.faults if not _is_about(each, needless)]
    if faults:
        stop(faults)
    settings = reading.settings
    return replace(settings, accept=rule_names(settings.accept), refuse=rule_names(settings.refuse))


def _needless() -> frozenset[str]:
    """Return the names of settings that decide nothing here, in both spellings."""
    from gateway.settings.application import Application  # noqa: PLC0415
    from gateway.settings.choices import DECISIVE  # noqa: PLC0415
    from gateway.settings.rows import rows  # noqa: PLC0415
    from gateway.settings.table import Settings  # noqa: PLC0415

    known = [*rows(Settings), *rows(Application)]
    return frozenset(
        name
        for field, row in known
        if field not in DECISIVE
        for name in (*row.variables, *row.keys)
    )


def _is_about(fault: Fault, names: frozenset[str]) -> bool:
    return fault.name in names or fault.name.startswith(_TABLES)
