"""The two sides of a split as text and as JSON; the first line says whether they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from gateway.compare.populations import LEAST, SHARE, TIME, Figure, Populations
from gateway.offline.words import counted, listed, number
from gateway.simulation.durations import duration
from gateway.simulation.paragraphs import WIDEST, Paragraph, fold_rows
from gateway.simulation.timeline import Row, Stretch, Style
from translators.diagnostics import JsonObject

VERSION: Final = 1
"""Of the JSON object: raised when a member changes its meaning or goes."""

_BAR: Final = 30
_BLOCKS: Final = " ▏▎▍▌▋▊▉"
# Below each limit, to so many milliseconds.
_ROUNDING: Final = ((1_000, 1), (10_000, 10), (60_000, 100), (3_600_000, 1_000))
_MEANINGS: Final[Mapping[str, str]] = {
    "delivered": "workflows of which a message arrived",
    "failed-over": "workflows of which a step was given up",
    "reported": "workflows whose final report was told",
    "ended-in-error": "workflows whose final report says error",
    "time-to-condition": "from the acceptance until a condition was met, the median",
    "callback-latency": "from a status to its callback, the median",
    "cost": "what a workflow cost, the mean",
}


class Answer(StrEnum):
    """Whether the gateway's side differs from that of Dispatch beyond noise."""

    ALIKE = "alike"
    DIFFERING = "differing"
    TOO_FEW = "too-few"
    """Nothing could be judged."""


def answer_of(found: Populations) -> Answer:
    """Return the answer: one figure that differs is enough, one that can be judged is needed."""
    if found.differing:
        return Answer.DIFFERING
    return Answer.ALIKE if found.judged else Answer.TOO_FEW


def headline(found: Populations) -> str:
    """Write the answer in a sentence or two."""
    if not found.judged:
        legacy = f"{counted(found.legacy, 'workflow')} through Dispatch"
        return f"Too few to tell: {legacy}, {number(found.gateway)} through the gateway."
    judged = counted(len(found.judged), "figure")
    if found.differing:
        names = listed([name_of(figure) for figure in found.differing])
        told = f"The gateway's side differs beyond noise in {len(found.differing)} of {judged}"
        told = f"{told}: {names}."
    else:
        told = f"The gateway's side does not differ beyond noise in any of {judged}."
    rest = len(found.figures) - len(found.judged)
    return f"{told} {number(rest)} more could not be judged." if rest else told


def sizes(found: Populations) -> list[tuple[str, str, str]]:
    """Return the sizes of the sides as title, figure and what it means."""
    first, second = found.halves
    noise = f"in two random halves of {number(first)} and {number(second)}: the measure of noise"
    return [
        ("Dispatch", number(found.legacy), noise),
        ("gateway", number(found.gateway), "through Messages v1"),
        ("left out", number(found.left_out), "cut, copied, not accepted, or on neither path"),
    ]


def name_of(figure: Figure) -> str:
    """Name a figure; there is a cost for each currency."""
    return f"cost ({figure.unit})" if figure.unit not in (SHARE, TIME) else figure.name


def meaning_of(figure: Figure) -> str:
    """Say what a figure is."""
    return _MEANINGS.get(figure.name, "")


def shown(figure: Figure, value: float | None) -> str:
    """Write a value of a figure, as finely as it can be known."""
    if value is None:
        return "nothing"
    if figure.unit == SHARE:
        return _percent(value)
    return _quantity(figure, value)


def judgement(figure: Figure) -> str:
    """Say whether a figure differs beyond noise, in a word or two."""
    if figure.allowance is None:
        return "too few to judge"
    return "differs" if figure.differs else "within noise"


def distance(figure: Figure) -> str:
    """Say how far the sides lie apart, and how far chance may set them apart."""
    if figure.allowance is None or figure.legacy is None or figure.gateway is None:
        return f"{LEAST} values are needed on the gateway's side and in each half."
    apart = figure.gateway - figure.legacy
    more = "more" if apart > 0 else "less"
    far = f"{_span(figure, abs(apart))} {more} than through Dispatch" if apart else "No difference"
    first, second = (shown(figure, value) for value in figure.halves)
    chance = f"chance explains up to {_span(figure, figure.allowance)}"
    return f"{far}; {chance}. The halves: {first} and {second}."


def figures_to_show(found: Populations) -> tuple[Figure, ...]:
    """Return the figures, unless there is nothing in any of them."""
    return found.figures if found.legacy or found.gateway else ()


def extent(figure: Figure) -> float:
    """Return the value at which a bar of a figure is full: what chance allows finds room."""
    if figure.unit == SHARE:
        return 1.0
    by_chance = (figure.legacy or 0.0) + (figure.allowance or 0.0)
    return max(by_chance, figure.gateway or 0.0) or 1.0


def populations_rows(found: Populations, width: int = WIDEST) -> Iterator[Row]:
    """Write everything in lines, a bar for each side of each figure."""
    return fold_rows(_rows(found), width)


def _rows(found: Populations) -> Iterator[Row | Paragraph]:
    yield from _wrap(headline(found), style=Style.TITLE)
    yield ()
    for title, size, meaning in sizes(found):
        yield (
            Stretch(text=f"  {title:<12}{size:>12}"),
            Stretch(text=f"  {meaning}", style=Style.DIM),
        )
    for figure in figures_to_show(found):
        yield ()
        yield from _figure_rows(figure)


def populations_json(found: Populations) -> str:
    """Write everything as one JSON object; docs/compare.md describes it."""
    told: JsonObject = {
        "version": VERSION,
        "answer": answer_of(found).value,
        "headline": headline(found),
        "workflows": {
            "legacy": found.legacy,
            "gateway": found.gateway,
            "halves": [*found.halves],
            "left_out": found.left_out,
        },
        "figures": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "legacy": figure.legacy,
                "gateway": figure.gateway,
                "halves": [*figure.halves],
                "allowance": figure.allowance,
                "differs": figure.differs,
            }
            for figure in found.figures
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _figure_rows(figure: Figure) -> Iterator[Row | Paragraph]:
    style = Style.ALARM if figure.differs else Style.DIM
    yield (
        Stretch(text=f"{name_of(figure):<20}", style=Style.TITLE),
        Stretch(text=f"{judgement(figure):<18}", style=style),
        Stretch(text=meaning_of(figure), style=Style.DIM),
    )
    for title, value in (("Dispatch", figure.legacy), ("gateway", figure.gateway)):
        bar = _bar((value or 0.0) / extent(figure))
        yield (
            Stretch(text=f"  {title:<10}{shown(figure, value):>14}  "),
            Stretch(text=bar, style=Style.BAD if figure.differs else Style.GOOD),
        )
    yield from _wrap(distance(figure), "  ", style=Style.DIM)


def _percent(share: float) -> str:
    """Write a share; what is there is never 0, and what is not all never 100."""
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def _rounded_ms(ms: float) -> int:
    """Round a time to what its classes can tell: not more than three digits."""
    step = next((step for limit, step in _ROUNDING if ms < limit), 60_000)
    return step * round(ms / step)


def _span(figure: Figure, width: float) -> str:
    """Write how far two values of a figure lie apart."""
    return f"{100 * width:.1f} points" if figure.unit == SHARE else _quantity(figure, width)


def _quantity(figure: Figure, value: float) -> str:
    if figure.unit == TIME:
        return duration(_rounded_ms(value))
    return f"{value:.4f} {figure.unit}"


def _bar(share: float) -> str:
    eighths = round(8 * _BAR * min(1.0, share))
    whole, part = divmod(max(eighths, 1 if share else 0), 8)
    return "█" * whole + (_BLOCKS[part] if part else "")


def _wrap(text: str, indent: str = "", *, style: Style = Style.PLAIN) -> Iterator[Paragraph]:
    yield Paragraph(text=text.replace(" %", "\u00a0%"), first=indent, style=style)
