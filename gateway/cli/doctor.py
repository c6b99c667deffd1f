"""`dispatch-gateway doctor`: everything that can be looked at before the first message."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from gateway.cli.checks import read_checked
from gateway.cli.main import stop
from gateway.cli.telling import show, tell
from gateway.settings import Settings

_EPILOG = """\b
Examples:
  dispatch-gateway doctor --config gateway.toml
  dispatch-gateway doctor --format json

Exit codes: 0 nothing is known to be wrong; 1 something is; 2 the settings cannot
be used.
"""

FORMAT = click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A line for each finding, or one JSON object.",
)


@click.command("doctor", epilog=_EPILOG)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with settings.",
)
@FORMAT
def command(*, config: Path | None, layout: str) -> int:
    """Look at all that a gateway depends on; nobody is sent anything.

    Credentials (by a send that cannot be accepted), this machine's clock, whether the public URL
    leads here and how it is secured, whether the receivers of callbacks answer (without posting
    anything), the signature secret, the store's directory. Each line says ok, wrong, or unknown,
    and what to do. What only the vendor's dashboard shows is listed last.

    It works beside a running gateway. Where none runs, it listens in its place for some seconds
    and tells whoever else calls to come again.
    """
    reading = read_checked(config, {})
    if reading.faults:
        stop(reading.faults)
    return look(reading.settings, layout)


def look(settings: Settings, layout: str) -> int:
    """Examine, print what was found, and return the exit code."""
    # After all faults: they take half a second to import.
    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.doctor.dashboard import looks  # noqa: PLC0415
    from gateway.doctor.examine import examine  # noqa: PLC0415
    from gateway.doctor.findings import is_well  # noqa: PLC0415

    for doubt in settings.warnings:
        tell(f"doubtful: {doubt}")
    findings = asyncio.run(examine(settings, SystemClock()))
    if layout == "json":
        told = {
            "ok": is_well(findings),
            "findings": [each.as_json() for each in findings],
            "dashboard": [
                {"where": each.where, "wanted": each.wanted, "otherwise": each.otherwise}
                for each in looks(settings)
            ],
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            show(str(finding))
        show("\nCannot be known from here; look in the vendor's dashboard:")
        for each in looks(settings):
            show(f"  {each}")
    return 0 if is_well(findings) else 1
