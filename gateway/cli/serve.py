"""`dispatch-gateway serve`: the gateway."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from gateway.cli.checks import read_checked
from gateway.cli.main import stop
from gateway.settings import Fault

_EPILOG = """\b
Settings are environment variables, or keys of the TOML file; docs/settings.md lists them.

\b
Examples:
  dispatch-gateway serve --config gateway.toml
  VONAGE_API_KEY=a1b2c3d VONAGE_API_SECRET_FILE=/run/secrets/vonage \\
    GATEWAY_STATUS_URL=https://example.com/status dispatch-gateway serve --port 8080
"""


@click.command("serve", epilog=_EPILOG)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with settings.",
)
@click.option("--host", metavar="ADDRESS", help="Where to listen; wins over GATEWAY_HOST.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Wins over GATEWAY_PORT; 0 takes a free one."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    help="Processes. Only 1 is possible with SQLite.",
)
def command(*, config: Path | None, host: str | None, port: int | None, workers: int) -> int:
    """Run the gateway until it is told to stop.

    SIGHUP reads the settings anew and takes over the secrets of the applications.
    """
    asked = threading.Event()
    with _hangups_noted(asked):
        return _serve(config, host, port, workers, asked)


def _serve(
    config: Path | None, host: str | None, port: int | None, workers: int, asked: threading.Event
) -> int:
    overrides = {"GATEWAY_HOST": host, "GATEWAY_PORT": None if port is None else str(port)}
    reading = read_checked(config, overrides)
    faults = list(reading.faults)
    if workers != 1:
        faults.append(
            Fault(
                name="--workers",
                problem="is not 1, but one process owns the file of an SQLite store",
                remedy="leave the option out",
            )
        )
    if faults:
        stop(faults)

    from gateway.logs import configure_logging, get_logger  # noqa: PLC0415 - after all faults
    from gateway.server import Rereading, serve  # noqa: PLC0415

    settings = reading.settings
    configure_logging(settings.log_level, settings.log_format)
    for doubt in settings.warnings:
        get_logger().warning(
            "setting.doubted", setting=doubt.name, problem=doubt.problem, remedy=doubt.remedy
        )
    read = partial(read_checked, config, overrides, is_running=True)
    return serve(settings, Rereading(read=read, asked=asked))


@contextmanager
def _hangups_noted(asked: threading.Event) -> Iterator[None]:
    """Note each SIGHUP from now on: one that comes while the gateway starts must not end it."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or threading.current_thread() is not threading.main_thread():
        yield  # signals are not for every system, nor for other threads
        return
    before = signal.signal(hangup, lambda *_: asked.set())
    try:
        yield
    finally:
        signal.signal(hangup, before)
