"""A group of commands that is known by names alone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click


class NamedCommands(click.Group):
    """Knows its commands by name, imports the one that runs, and suggests the one that was meant.

    A subcommand is the attribute `command` of a module.
    """

    summaries: Mapping[str, str]
    """Name and summary of each subcommand, in the order of the help."""
    module: str
    """The module of a subcommand; `{}` stands for its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None for an unknown name."""
        if cmd_name not in self.summaries:
            return None
        found = importlib.import_module(self.module.format(cmd_name)).command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as fault:
            # Click suggests only what it holds, and nothing was imported yet.
            raise click.NoSuchCommand(
                fault.command_name, possibilities=self.summaries, ctx=ctx
            ) from None
