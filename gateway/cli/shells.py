"""How each shell is answered when it asks for completions; importing this tells click.

A shell completes words, and click the values in them: `--format=j` is one word whose value is `j`.
What the shell gets has to take the place of what it takes for the word.
"""

from __future__ import annotations

import os

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)


class _WholeWords(ShellComplete):
    """Answers with the whole word."""

    def complete(self) -> str:
        """Return the completions of the word that was begun."""
        args, begun = self.get_completion_args()
        items = self.get_completions(args, begun)
        return "\n".join(self.format_completion(self._fit(item, begun)) for item in items)

    def _fit(self, item: CompletionItem[str], begun: str) -> CompletionItem[str]:
        option, equals, _ = begun.partition("=")
        # Of files the shell makes the whole word itself.
        if equals and option.startswith("-") and item.type == "plain":
            item.value = f"{option}={item.value}"
        return item


@add_completion_class
class Zsh(_WholeWords, ZshComplete):
    """zsh, whose words are those of the command line."""


@add_completion_class
class Fish(_WholeWords, FishComplete):
    """fish, likewise."""


@add_completion_class
class Bash(_WholeWords, BashComplete):
    """bash, to which an equals sign is a word, unless `COMP_WORDBREAKS` says otherwise."""

    _is_split = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that was begun, and that one, as they were typed."""
        at = int(os.environ["COMP_CWORD"])
        pieces = split_arg_string(os.environ["COMP_WORDS"])[: at + 1]
        if len(pieces) <= at:
            pieces.append("")
        words = [""]
        is_open = True
        for piece in pieces:
            if is_open or piece == "=":
                words[-1] += piece
            else:
                words.append(piece)
            is_open = piece == "="
        *args, begun = words
        self._is_split = begun != pieces[-1]
        return args[1:], begun

    def _fit(self, item: CompletionItem[str], begun: str) -> CompletionItem[str]:
        item = super()._fit(item, begun)
        if self._is_split and item.type == "plain":
            item.value = item.value[begun.rindex("=") + 1 :]
        return item
