"""Pairs of traces as pages for people: each with what differs, and drawn side by side."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.compare.comparison import Difference, Outcome
from gateway.compare.pairing import CUT, Pair
from gateway.compare.timelines import LEGEND_OF_BOTH, draw_both, title_of
from gateway.offline.words import counted, number
from gateway.simulation.paragraphs import fold_rows
from gateway.simulation.timeline import Row, Stretch, Style

_INDENT: Final = "  "
_OUTCOMES: Final = (*Outcome, CUT)
_DIFFERENT: Final = (Outcome.SEMANTIC, Outcome.COSMETIC, Outcome.EXPLAINED, Outcome.NOT_COMPARABLE)
"""Outcomes worth a drawing, the most urgent first."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What many pairs come to, and the few that are shown."""

    top: int
    outcomes: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[Pair]] = field(default_factory=dict)

    def add(self, pair: Pair) -> None:
        """Count a pair, and keep it if it may be shown."""
        outcome = pair.outcome
        self.outcomes[outcome] += 1
        kept = self.shown.setdefault(outcome, [])
        if outcome in _DIFFERENT and len(kept) < self.top:
            kept.append(pair)

    @property
    def is_different(self) -> bool:
        """Whether a workflow differs in meaning."""
        return self.outcomes[Outcome.SEMANTIC] > 0

    @property
    def summary(self) -> str:
        """The counts in a sentence: `3 workflows on both sides: 2 identical, 1 semantic`."""
        told = [f"{number(count)} {word}" for word in _OUTCOMES if (count := self.outcomes[word])]
        both = f"{counted(sum(self.outcomes.values()), 'workflow')} on both sides"
        return f"{both}: {', '.join(told)}" if told else both


def diff_rows(gathered: Gathered, alone: Sequence[tuple[str, int]], *, width: int) -> list[Row]:
    """Write what differs between two files, pair by pair.

    Args:
        alone: name of a side, and how many workflows are on it only.
    """
    return list(fold_rows(_diff_rows(gathered, alone, width), width))


def pair_rows(pair: Pair, *, width: int) -> Iterator[Row]:
    """Write one pair: what differs, then both timelines."""
    comparison = pair.comparison
    yield (
        Stretch(text=pair.outcome, style=_style(pair.outcome)),
        Stretch(text=f"  {pair.place}  ", style=Style.TITLE),
        Stretch(text=pair.reference.dispatch, style=Style.DIM),
    )
    if comparison.note:
        yield (Stretch(text=f"{_INDENT}{comparison.note}"),)
    sides = title_of(pair.reference), title_of(pair.candidate)
    for difference in comparison.differences:
        yield from _difference(difference, sides)
    yield ()
    rows = draw_both(pair.reference, pair.candidate, width=max(40, width - len(_INDENT)))
    yield from ((Stretch(text=_INDENT), *row) for row in rows)


def _diff_rows(gathered: Gathered, alone: Iterable[tuple[str, int]], width: int) -> Iterator[Row]:
    yield (Stretch(text=f"{gathered.summary}.", style=Style.TITLE),)
    for side, count in alone:
        if count:
            text = f"{counted(count, 'workflow')} only in {side}."
            yield (Stretch(text=text, style=Style.BAD),)
    drawn = [pair for outcome in _DIFFERENT for pair in gathered.shown.get(outcome, ())]
    for pair in drawn[: gathered.top]:
        yield ()
        yield from pair_rows(pair, width=width)
    if drawn:
        yield ()
        for line in textwrap.wrap(LEGEND_OF_BOTH, width):
            yield (Stretch(text=line, style=Style.DIM),)
    different = sum(gathered.outcomes[outcome] for outcome in _DIFFERENT)
    if (rest := different - min(len(drawn), gathered.top)) > 0:
        text = f"{counted(rest, 'more workflow')} with differences; --format jsonl lists them all."
        yield (Stretch(text=text),)


def _difference(difference: Difference, sides: tuple[str, str]) -> Iterator[Row]:
    step = "" if difference.step is None else f", step {difference.step + 1}"
    known = f" ({difference.known})" if difference.known else ""
    style = Style.BAD if difference.is_semantic else Style.PLAIN
    yield (Stretch(text=f"{_INDENT}{difference.kind}{step}{known}", style=style),)
    if difference.detail:
        yield (Stretch(text=f"{_INDENT * 2}{difference.detail}"),)
    for side, told in zip(sides, (difference.reference, difference.candidate), strict=True):
        yield (Stretch(text=f"{_INDENT * 2}{side}: {told or 'nothing'}"),)


def _style(outcome: str) -> Style:
    match outcome:
        case Outcome.SEMANTIC:
            return Style.BAD
        case Outcome.NOT_COMPARABLE:
            return Style.TURN
        case _:
            return Style.PLAIN
