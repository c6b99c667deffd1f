"""Draw what happened: instants down, a column for each actor, as wide as the terminal is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.laboratory.happenings import ACTORS, Happening

NARROWEST: Final = 80


def draw_timeline(happenings: Sequence[Happening], *, width: int) -> str:
    """Return the timeline as lines of at most `width` characters.

    Args:
        happenings: in order of time.
        width: below `NARROWEST` nothing could be read, so that is the least.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), width=max(width, NARROWEST), pad_edge=False)
    table.add_column("second", justify="right", no_wrap=True, min_width=10)
    for actor in ACTORS:
        # The gateway says most, because it gives reasons.
        table.add_column(actor, ratio=2 if actor == "gateway" else 1, overflow="fold")
    before = ""
    for one in happenings:
        instant = f"{one.at_s:.3f}"
        cells = ["" if actor != one.actor else one.told for actor in ACTORS]
        table.add_row("" if instant == before else instant, *(Text(cell) for cell in cells))
        before = instant
    console = Console(file=io.StringIO(), width=max(width, NARROWEST), no_color=True)
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
