"""`dispatch-gateway completion`: the script that teaches a shell to complete this command."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from gateway.cli.main import COMPLETION

_PROGRAM: Final = "dispatch-gateway"

_EPILOG: Final = f"""\b
Examples, for this shell only:
  bash  eval "$({_PROGRAM} completion bash)"
  zsh   eval "$({_PROGRAM} completion zsh)"
  fish  {_PROGRAM} completion fish | source

\b
To keep it:
  bash  {_PROGRAM} completion bash > ~/.local/share/bash-completion/completions/{_PROGRAM}
        needs bash 4.4 and the package bash-completion
  zsh   {_PROGRAM} completion zsh > ~/.zfunc/_{_PROGRAM}
        with these lines in ~/.zshrc:  fpath+=~/.zfunc; autoload -Uz compinit; compinit
  fish  {_PROGRAM} completion fish > ~/.config/fish/completions/{_PROGRAM}.fish

Make the directory first where there is none. Subcommands, options, their
values, files, scenarios and the codes and names of rules are completed;
nothing is sent.

Exit codes: 0 printed; 2 no such shell; 3 an internal error; 130 interrupted;
141 the reader of the output went away; 143 terminated.
"""


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script."""
    maker = get_completion_class(shell)
    assert maker is not None  # noqa: S101 - click brings all three
    # The template as it is: `source()` of bash would start one to ask for its version.
    script = maker(ctx.find_root().command, {}, _PROGRAM, COMPLETION)
    click.echo(maker.source_template % script.source_vars(), nl=False)
