"""A curve over expiries, drawn: what a longer wait saves and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.offline.pages import svg
from gateway.offline.words import seconds
from gateway.simulation.durations import duration
from gateway.simulation.timeline import Row, Stretch, Style

# The drawing, in its own units.
_WIDTH: Final = 440
_HEIGHT: Final = 270
_LEFT: Final = 44
_RIGHT: Final = 20
_TOP: Final = 34
_BOTTOM: Final = 34
_STEPS: Final = 4
"""Lines of the grid."""
_SCALES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_LABELS: Final = 6
"""How many expiries are named below the drawing, at most."""
_BAR: Final = 18
_LEAST_BAR: Final = 4
_BESIDE_BARS: Final = 41
"""Columns of everything but the two bars."""
_BLOCKS: Final = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What would happen under one expiry."""

    expiry_s: int
    failovers: float
    """The share of messages that would be given up, from 0 to 1."""
    doubles: float
    """The share of which a second message would have reached the person."""
    delay_s: float | None
    """How long a person who needs the next message waits for it, at the middle."""
    is_now: bool = False
    """Whether it is the expiry in the requests."""


def curve_svg(points: Sequence[Point], anchor: str, title: str) -> str:
    """Draw failovers and doubles over the expiry."""
    top = next((each for each in _SCALES if each >= max(point.failovers for point in points)), 1.0)
    room = (_WIDTH - _LEFT - _RIGHT) / max(1, len(points) - 1)
    places = [(_LEFT + index * room, point) for index, point in enumerate(points)]
    told = "; ".join(
        f"{seconds(point.expiry_s)}: {percent(point.failovers)} failovers,"
        f" {percent(point.doubles)} doubles"
        for point in points
    )
    drawing = [*_grid(top), *_labels(places)]
    for name, values in (
        ("failovers", [(x, point.failovers) for x, point in places]),
        ("doubles", [(x, point.doubles) for x, point in places]),
    ):
        drawing += _line(name, [(x, _height(value, top)) for x, value in values])
    size = f'class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return svg(anchor, title, told, size, "".join(drawing))


def curve_rows(points: Sequence[Point], width: int = 80) -> Iterator[Row]:
    """Draw the same in lines of text.

    Args:
        width: of the screen, in columns; the bars are shorter where there are few.
    """
    bar = max(_LEAST_BAR, min(_BAR, (width - _BESIDE_BARS) // 2))
    head = f"{'expiry':>10}   {'failovers':<{bar + 8}}{'doubles':<{bar + 8}}delay"
    yield (Stretch(text=head, style=Style.DIM),)
    for point in points:
        mark = "→" if point.is_now else " "
        style = Style.TITLE if point.is_now else Style.PLAIN
        yield (
            Stretch(text=f"{mark} {seconds(point.expiry_s):>8}   ", style=style),
            *_bar(point.failovers, Style.TURN, bar),
            *_bar(point.doubles, Style.ALARM, bar),
            Stretch(text=delay(point.delay_s)),
        )


def percent(share: float) -> str:
    """Write a share: `0 %`, `0.3 %`, `41 %`; what is there is never 0."""
    value = 100 * share
    if 0 < value < 0.05:
        return "< 0.1 %"
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def delay(delay_s: float | None) -> str:
    """Write a delay as finely as it matters; empty if nobody waits."""
    if delay_s is None:
        return ""
    step = 1 if delay_s < 600 else 60
    return duration(1000 * step * round(delay_s / step))


def _bar(share: float, style: Style, width: int) -> tuple[Stretch, Stretch]:
    eighths = round(8 * width * min(1.0, share))
    whole, part = divmod(max(eighths, 1 if share else 0), 8)
    bar = "█" * whole + (_BLOCKS[part] if part else "")
    return Stretch(text=f"{percent(share):>7} "), Stretch(text=f"{bar:<{width}}", style=style)


def _height(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _grid(top: float) -> Iterator[str]:
    for step in range(_STEPS + 1):
        value = top * step / _STEPS
        y = _height(value, top)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * value:g} %</text>'


def _labels(places: Sequence[tuple[float, Point]]) -> Iterator[str]:
    every = -(-len(places) // _LABELS)
    for index, (x, point) in enumerate(places):
        if index % every == 0:
            label = seconds(point.expiry_s)
            yield f'<text x="{x:.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{label}</text>'
        if point.is_now:
            yield (
                f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 12}"'
                f' y2="{_HEIGHT - _BOTTOM}"/><text x="{x:.1f}" y="{_TOP - 18}"'
                ' text-anchor="middle">now</text>'
            )


def _line(name: str, dots: Sequence[tuple[float, float]]) -> Iterator[str]:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in dots)
    yield f'<path class="{name}" d="M{path}"/>'
    for x, y in dots:
        if name == "failovers":
            yield f'<circle class="dot-{name}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        else:
            yield (
                f'<rect class="dot-{name}" x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4"'
                ' height="6.4"/>'
            )
