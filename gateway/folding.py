"""Text for people, folded to what they look at: a terminal, or what COLUMNS says."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import Final, TextIO

NARROWEST: Final = 40
"""Nothing is folded to less: a screen of fewer columns breaks lines itself."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_CELL: Final = re.compile(r"\S {2,}(?=\S)")


def columns_of(stream: TextIO | None) -> int | None:
    """Return how wide what a person sees of `stream` is, in columns, 40 at least.

    `None` if no person looks at it, as far as anybody knows: it is a pipe or a file, and nobody
    has set COLUMNS. Together with LINES it is not set for us: readline tells every program that is
    started below it the size of a terminal, which says nothing of who reads a pipe.
    """
    if stream is not None and stream.isatty():
        return max(NARROWEST, shutil.get_terminal_size().columns)
    given = "" if "LINES" in os.environ else os.environ.get("COLUMNS", "")
    return max(NARROWEST, int(given)) if given.isdecimal() and int(given) else None


def fold(text: str, width: int, first: str = "", other: str | None = None) -> list[str]:
    """Return a paragraph in lines; a word that is wider than a line stays whole.

    Args:
        first: what the first line begins with.
        other: what the others begin with; the same by default.
    """
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=first if other is None else other,
        break_long_words=False,
        break_on_hyphens=False,
    )


def fold_lines(text: str, width: int | None) -> str:
    """Fold the lines of a text that are too wide; what fits stays as it is.

    The rest of a line stands under its beginning, or under the last of its columns if it has some:
    words with two spaces or more before them.

    Args:
        width: `None` folds nothing.
    """
    if width is None:
        return text
    return "\n".join(folded for line in text.split("\n") for folded in _fold_line(line, width))


def _fold_line(line: str, width: int) -> list[str]:
    if len(_COLOUR.sub("", line)) <= width:
        return [line]
    body = line.lstrip(" ")
    margin = len(line) - len(body)
    ends = (cell.end() for cell in _CELL.finditer(line, margin))
    longest = [(end, max(map(len, line[end:].split()))) for end in ends]
    cells = [end for end, word in longest if end + word <= width and end < width * 2 // 3]
    if not cells:
        # No deeper than what leaves room for words.
        return fold(body, width, " " * margin, " " * min(margin + 2, width // 2))
    head = line[: cells[-1]]
    return fold(line[cells[-1] :], width, head, " " * len(head))
