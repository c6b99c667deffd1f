"""`dispatch-gateway help`: what `--help` says, asked for by a word."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import CompletionItem

from gateway.cli.named import context_at

_EPILOG: Final = """\b
Examples:
  dispatch-gateway help
  dispatch-gateway help translate
  dispatch-gateway help compare report
  dispatch-gateway compare help report

Exit codes: 0 shown; 2 no such command.
"""


class _CommandName(click.ParamType[str]):
    """A command by its name, of the group that the names before it lead to."""

    name = "command"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return the commands that begin like this."""
        assert ctx.parent is not None  # noqa: S101 - `help` is always in a group
        try:
            group = context_at(ctx.parent, ctx.params.get("names") or ())
        except click.UsageError:
            return []
        if not isinstance(group.command, click.Group):
            return []
        names = group.command.list_commands(group)
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("help", epilog=_EPILOG)
@click.argument("names", nargs=-1, type=_CommandName(), metavar="[COMMAND]...")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command; without one, that of the program."""
    assert ctx.parent is not None  # noqa: S101 - `help` is always in a group
    click.echo(context_at(ctx.parent, names).get_help())
