"""Reports in rows, folded to the screen they are for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from gateway.folding import fold, fold_lines
from gateway.simulation.timeline import Row, Stretch, Style

WIDEST: Final = 92
"""Columns of prose; more would be hard to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Prose that is as wide as there is room for."""

    text: str
    first: str = ""
    """What its first line begins with."""
    other: str | None = None
    """What the others begin with; the same by default."""
    style: Style = Style.PLAIN


def fold_rows(rows: Iterable[Row | Paragraph], width: int) -> Iterator[Row]:
    """Yield rows that fit: prose in lines, and rows that are too wide over several."""
    for each in rows:
        if isinstance(each, Paragraph):
            lines = fold(each.text, min(width, WIDEST), each.first, each.other)
            # A number stays with its sign.
            yield from ((Stretch(text=_spaced(line), style=each.style),) for line in lines)
        elif sum(len(stretch.text) for stretch in each) <= width:
            yield each
        else:
            yield from _folded(each, width)


def _spaced(line: str) -> str:
    return line.replace("\u00a0", " ")


def _folded(row: Row, width: int) -> Iterator[Row]:
    """Fold a row; every character keeps its style."""
    text = "".join(stretch.text for stretch in row).rstrip()
    styles = [stretch.style for stretch in row for _ in stretch.text]
    at = 0
    for line in fold_lines(text, width).split("\n"):
        body = line.lstrip(" ") if at else line
        margin = line[: len(line) - len(body)]
        at = text.index(body, at) if body else at
        pieces = zip(body, styles[at : at + len(body)], strict=True)
        yield (
            Stretch(text=margin),
            *(
                Stretch(text="".join(character for character, _ in some), style=style)
                for style, some in groupby(pieces, key=lambda piece: piece[1])
            ),
        )
        at += len(body)
