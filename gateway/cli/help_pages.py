"""How help is laid out: within the terminal, examples and tables included.

Click folds prose. What it is told to leave alone, between a `\\b` and the next empty line, is cut
by the terminal in the middle of words; it is folded here by what it is.
"""

from __future__ import annotations

import re
from typing import Final

import click
from click.formatting import wrap_text

from gateway.folding import fold, fold_lines

_AS_IS: Final = "\b"
_SHELL: Final = re.compile(r"\s*(?:dispatch-gateway|curl|jq|zcat|make)\b")
_WIDEST_TERM: Final = 30
_CONTINUED: Final = " \\"
# What must stay together: an option with its value, and what stands in quotes.
_WHOLE: Final = re.compile(r"""'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|-{1,2}[a-z][a-z-]* (?![-|<>])""")
_TIED: Final = "\N{NO-BREAK SPACE}"


class FoldingFormatter(click.HelpFormatter):
    """Writes help in lines that fit, and what cannot be broken on lines of its own."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        margin = " " * self.current_indent
        written = []
        for paragraph in text.split("\n\n"):
            if paragraph.lstrip(" ").startswith(_AS_IS):
                lines = paragraph.split("\n")[1:]
                written += [self._fold_as_is([margin + line for line in lines])]
            else:
                written += [
                    wrap_text(paragraph, self.width, margin, margin, preserve_paragraphs=True)
                ]
        self.write("\n\n".join(written) + "\n")

    def write_dl(
        self,
        rows: object,
        col_max: int = _WIDEST_TERM,
        col_spacing: int = 2,
    ) -> None:
        """Write terms and what they mean, which keeps two thirds of the line."""
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)  # type: ignore[arg-type]

    def _fold_as_is(self, lines: list[str]) -> str:
        """Fold lines each by itself; a command so that it can be pasted as it is folded."""
        return "\n".join(
            "\n".join(_fold_command(line, self.width))
            if _SHELL.match(line)
            else fold_lines(line, self.width)
            for line in lines
        )


class FoldingContext(click.Context):
    """The context of a command whose help is laid out here."""

    formatter_class = FoldingFormatter


def _fold_command(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    margin = " " * (len(line) - len(line.lstrip()))
    tied = _WHOLE.sub(lambda found: found[0].replace(" ", _TIED), line.lstrip())
    folded = fold(tied, width - len(_CONTINUED), margin, f"{margin}  ")
    lines = [each.replace(_TIED, " ") for each in folded]
    # After a pipe the shell waits for the rest by itself.
    ends = ["" if each.endswith(("|", "\\")) else _CONTINUED for each in lines[:-1]]
    return [each + end for each, end in zip(lines, [*ends, ""], strict=True)]
