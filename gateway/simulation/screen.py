"""A page as lines of text, for the screen or the pipe it goes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.simulation.timeline import Row, Stretch, Style, as_ascii

# Select Graphic Rendition: what every terminal of the last forty years understands.
_CODES: Final[Mapping[Style, str]] = {
    Style.DIM: "2",
    Style.TITLE: "1",
    Style.SEND: "36",
    Style.GOOD: "32",
    Style.BAD: "31",
    Style.TURN: "33",
    Style.END: "1;32",
    Style.ALARM: "1;31",
}


def write(page: Iterable[Row], *, has_colour: bool, has_unicode: bool) -> list[str]:
    """Return the lines of a page; without colour also without anything invisible."""
    rows = page if has_unicode else map(as_ascii, page)
    if has_colour:
        return ["".join(map(_coloured, row)) for row in rows]
    return ["".join(each.text for each in row).rstrip() for row in rows]


def _coloured(stretch: Stretch) -> str:
    code = _CODES.get(stretch.style)
    if code is None or not stretch.text.strip():
        return stretch.text
    return f"\x1b[{code}m{stretch.text}\x1b[0m"
