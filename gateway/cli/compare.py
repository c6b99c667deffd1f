"""`dispatch-gateway compare`: recorded workflows, and what this gateway makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import click

from gateway.cli.main import stop
from gateway.cli.named import NamedCommands

SUBCOMMANDS: Final[Mapping[str, str]] = {
    "report": "Say whether to cut over, with the evidence.",
    "replay": "Run recorded traces through this gateway's engine.",
    "diff": "Compare two files of traces, workflow by workflow.",
    "doubles": "Count who was messaged twice, and draw it for other expiries.",
    "populations": "Compare the two sides of a split as populations.",
    "import": "Make traces of a legacy application's own logs.",
    "anonymise": "Put traces under other pseudonyms.",
}
"""Name and summary of each subcommand, in the order of the help."""

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare import app.log -o traces.jsonl
  dispatch-gateway compare report traces.jsonl
  dispatch-gateway compare report traces.jsonl -o report.html
  dispatch-gateway compare COMMAND --help

A trace is everything that one workflow showed, in one line of JSON, under
pseudonyms. The gateway writes traces (GATEWAY_TRACE), and `compare import`
makes them of logs. Nothing here sends a message.
"""


class _Subcommands(NamedCommands):
    """The commands of the comparison."""

    summaries = SUBCOMMANDS
    module = "gateway.cli.compare_{}"

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; what it reads it does not write."""
        from gateway.offline.apart import Overwriting  # noqa: PLC0415 - `--help` stays fast

        try:
            return super().invoke(ctx)
        except Overwriting as fault:
            stop([fault])


@click.group("compare", cls=_Subcommands, epilog=_EPILOG)
def command() -> None:
    """Compare recorded workflows with what this gateway would do, offline."""
