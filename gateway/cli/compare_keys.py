"""The key of pseudonyms: from a file, from the environment, or drawn for this one time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from gateway.cli.main import stop
from gateway.cli.parameters import Command
from gateway.cli.telling import tell

_VARIABLE: Final = "GATEWAY_TRACE_KEY"
# The bound of the setting of that name; the key is the same bytes for both.
_SHORTEST: Final = 16
_LONGEST_FILE: Final = 1 << 16
_REMEDY: Final = "draw one: openssl rand -hex 32"
_DRAWN: Final = (
    "no key was given, so one was drawn and is thrown away: these pseudonyms will never meet those"
    " of another run. To keep one: openssl rand -hex 32 > trace.key, then --key-file trace.key"
)


def key_option(command: Command) -> Command:
    """Add `--key-file`."""
    return click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Holds the secret that pseudonyms are made with; else {_VARIABLE} does.",
    )(command)


def read_key(key_file: Path | None) -> bytes:
    """Return the key; if none was given, draw one and say what that means."""
    named = os.environ.get(f"{_VARIABLE}_FILE")
    if key_file is None and named and _VARIABLE not in os.environ:
        key_file = Path(named)
    if key_file is not None:
        text, where = _read(key_file), str(key_file)
    elif _VARIABLE in os.environ:
        text, where = os.environ[_VARIABLE], _VARIABLE
    else:
        from gateway.clock import SystemClock  # noqa: PLC0415 - only where chance is wanted

        tell(f"dispatch-gateway: {_DRAWN}")
        return SystemClock().draw_token(32)
    if len(text.strip()) < _SHORTEST:
        stop([f"{where}: is shorter than {_SHORTEST} characters; {_REMEDY}"])
    return text.strip().encode()


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(_LONGEST_FILE)
    except OSError as error:
        stop([f"{path}: cannot be read: {(error.strerror or str(error)).lower()}"])
    except UnicodeDecodeError:
        stop([f"{path}: is not text; {_REMEDY}"])
