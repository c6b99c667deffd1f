"""Groups of commands that answer whatever is typed, and import only what runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import IO, Any, Final

import click

from gateway.cli.help_pages import FoldingContext

HELP: Final = "help"


class NoCommand(click.UsageError):
    """A group was called without a command: the commands are listed, and where help is."""

    def __init__(self, ctx: click.Context) -> None:
        super().__init__("No command was given.", ctx)

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the short help."""
        assert self.ctx is not None  # noqa: S101 - made with one
        click.echo(short_help(self.ctx), file=file, err=True)


class _Mistyped(click.NoSuchCommand):
    """There is no such command; near ones are suggested."""

    def __init__(self, name: str, near: Sequence[str], ctx: click.Context) -> None:
        super().__init__(name, ctx=ctx)
        self._near = near

    def format_message(self) -> str:
        """Return the answer."""
        if not self._near:
            return self.message
        return f"{self.message} Did you mean {' or '.join(map(repr, sorted(self._near)))}?"


class Commands(click.Group):
    """Knows `help`, suggests the command that was meant, and lists its commands if there is none.

    All of that without a word of it in the commands themselves; their help folds as well.
    """

    context_class = FoldingContext
    groups: Sequence[str] = ()
    """The subcommands that have commands of their own."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand; `help` is one of every group."""
        found = self.find_command(cmd_name)
        if found is None and cmd_name == HELP:
            found = importlib.import_module("gateway.cli.help").command
        if found is not None:
            found.context_class = FoldingContext
        return found

    def find_command(self, name: str) -> click.Command | None:
        """Return a subcommand of this group's own; None for an unknown name."""
        return self.commands.get(name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options of the group itself."""
        if not args and not ctx.resilient_parsing:
            raise NoCommand(ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as fault:
            # Click suggests only what it holds, which may not be imported yet, in the case typed.
            raise _Mistyped(fault.command_name, self._near(ctx, fault.command_name), ctx) from None

    def _near(self, ctx: click.Context, name: str) -> list[str]:
        """Return the commands that a name may be meant for: of this group, or else below it."""
        names = {HELP, *self.list_commands(ctx)}
        # Click suggests only what it holds, which may not be imported yet, in the case typed.
        if name.lower() in names:
            return [name.lower()]
        if near := get_close_matches(name.lower(), names):
            return near
        groups = ((each, self.find_command(each)) for each in self.groups)
        return [
            f"{each} {name}"
            for each, group in groups
            if isinstance(group, click.Group) and name in group.list_commands(ctx)
        ]


class NamedCommands(Commands):
    """Knows its commands by name alone and imports the one that runs.

    A subcommand is the attribute `command` of a module.
    """

    summaries: Mapping[str, str]
    """Name and summary of each subcommand, in the order of the help."""
    module: str
    """The module of a subcommand; `{}` stands for its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return list(self.summaries)

    def find_command(self, name: str) -> click.Command | None:
        """Import and return a subcommand; None for an unknown name."""
        if name not in self.summaries:
            return None
        found = importlib.import_module(self.module.format(name)).command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))


def context_at(ctx: click.Context, names: Sequence[str]) -> click.Context:
    """Return the context of the command that `names` lead to from the group of `ctx`.

    Raises:
        click.UsageError: there is no such command; it says which one may be meant.
    """
    for name in names:
        group = ctx.command
        if not isinstance(group, click.Group):
            told = f"'{ctx.command_path}' has no commands below it, so no '{name}'."
            raise click.UsageError(told, ctx)
        _, found, _ = group.resolve_command(ctx, [name])
        assert found is not None  # noqa: S101 - an unknown name raises
        settings = {**found.context_settings}
        ctx = found.context_class(found, info_name=name, parent=ctx, **settings)
    return ctx


def short_help(ctx: click.Context) -> str:
    """Write what a group is for and its commands."""
    formatter = ctx.make_formatter()
    ctx.command.format_usage(ctx, formatter)
    ctx.command.format_help_text(ctx, formatter)
    assert isinstance(ctx.command, click.Group)  # noqa: S101 - others need no command
    ctx.command.format_commands(ctx, formatter)
    formatter.write_paragraph()
    program = ctx.find_root().command_path
    path = ctx.command_path.removeprefix(program).strip()
    formatter.write_text(
        f"'{' '.join(filter(None, (program, HELP, path, 'COMMAND')))}' tells more."
    )
    return formatter.getvalue().rstrip("\n")
