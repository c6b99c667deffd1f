"""The command `dispatch-gateway` and how its subcommands are found.

A subcommand is the attribute `command` of the module of its name. Modules are imported only when
their command runs: what the server needs takes half a second to import, `--help` must not.
"""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from gateway import __version__
from gateway.cli.endings import (
    INTERRUPTED,
    end_unwritten,
    signals_as_interruptions,
    told_endings,
)
from gateway.cli.named import NamedCommands
from gateway.cli.telling import tell

COMMANDS: Final[Mapping[str, str]] = {
    "serve": "Run the gateway.",
    "demo": "Send a real workflow through everything, in one process.",
    "sandbox": "Run a simulated Messages API v1.",
    "config": "Check the settings, or show them.",
    "doctor": "Look at all that a gateway depends on; nobody is sent anything.",
    "translate": "Turn v0.1 payloads into v1 calls, offline.",
    "simulate": "Show what would happen to one workflow, offline.",
    "assess": "Report on a corpus of payloads, offline.",
    "compare": "Compare recorded workflows with what this gateway would do.",
    "explain": "Explain one rule, or list them.",
    "completion": "Print a shell completion script.",
    "help": "Show the help of a command.",
    "version": "Show the version.",
}
"""Name and summary of each subcommand, in the order of the help."""

OFFLINE: Final = frozenset({"translate", "simulate", "assess", "compare", "explain", "completion"})
"""Those that serve nothing: they read, they write, and they end."""

COMPLETION: Final = "_DISPATCH_GATEWAY_COMPLETE"
"""The variable in which the script of a shell asks for completions; click makes up the name."""

INTERNAL_ERROR: Final = 3

_EPILOG: Final = """\b
Examples:
  dispatch-gateway demo
  dispatch-gateway doctor --config gateway.toml
  dispatch-gateway serve --config gateway.toml --port 8080
  dispatch-gateway translate order.json
  dispatch-gateway explain REQ163
  dispatch-gateway COMMAND --help

Exit codes: 0 all is well; 1 findings of severity error, or with --strict of
severity warning, or a demo that failed; 2 wrong usage or settings, unreadable
input, or an address or a store that cannot be had; 3 an internal error;
130 interrupted; 141 the reader of the output went away; 143 terminated.
"""


class LazyGroup(NamedCommands):
    """The command itself, whose help and completions import no subcommand."""

    summaries = COMMANDS
    module = "gateway.cli.{}"
    groups = ("compare", "config")

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the names of subcommands and options that begin like this, importing none."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - wanted by shells only

        names = [
            CompletionItem(name, help=summary)
            for name, summary in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        # Past the group's own way of finding names, which imports every command.
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the options of the group itself; `--help` may have no reader."""
        try:
            with told_endings():
                return super().make_context(info_name, args, parent, **extra)
        except OSError as error:
            end_unwritten(error)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; one that is offline cleans up when it is told to end."""
        name, found, rest = super().resolve_command(ctx, args)
        if name in OFFLINE:
            ctx.with_resource(signals_as_interruptions())
        return name, found, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what nobody expected becomes one line and exit code 3."""
        try:
            with told_endings():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and ctx.invoked_subcommand in OFFLINE:
                end_unwritten(error)
            _report(error, has_traceback=ctx.params["debug"])
            ctx.exit(INTERNAL_ERROR)


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--debug",
    is_flag=True,
    envvar="GATEWAY_DEBUG",
    show_envvar=True,
    help="Show the traceback of an internal error; it may hold private data.",
)
@click.version_option(__version__, prog_name="dispatch-gateway")
def command(debug: bool) -> None:
    """Keep a Dispatch API v0.1 integration working on the Messages API v1."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    if COMPLETION in os.environ:
        importlib.import_module("gateway.cli.shells")  # which tells click of them
    try:
        outcome = command.main(list(arguments), prog_name="dispatch-gateway", standalone_mode=False)
    except click.ClickException as fault:
        show_fault(fault)
        return fault.exit_code if isinstance(fault, click.UsageError) else 2
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return outcome if isinstance(outcome, int) else 0


def show_fault(fault: click.ClickException) -> None:
    """Write what is wrong with a call to standard error."""
    told = StringIO()
    fault.show(told)
    tell(told.getvalue().removesuffix("\n"))


def stop(lines: Sequence[object], exit_code: int = 2) -> NoReturn:
    """Write `lines` to standard error, each with the program's name, and end the command."""
    for line in lines:
        tell(f"dispatch-gateway: {line}")
    click.get_current_context().exit(exit_code)


def _report(error: Exception, *, has_traceback: bool) -> None:
    """Say what went wrong and where, without the error's text: it may quote the input."""
    if has_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    place = traceback.extract_tb(error.__traceback__)[-1]
    tell(
        f"dispatch-gateway: unexpected {type(error).__name__} in {Path(place.filename).name}:"
        f"{place.lineno}; this is a bug: please open an issue in the project's tracker, with"
        " the output of the same command under --debug."
    )
