"""How far a run is, on standard error: a line that moves for who watches, one now and then else."""

from __future__ import annotations

import sys
import time
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

_NOW_AND_THEN_S: Final = 60.0
_FIRST_S: Final = 10.0
_RECENT_S: Final = 60.0
"""The rate is that of the last minute: other programs come and go."""


class Progress:
    """Counts seeds, and says so."""

    def __init__(self, total: int, *, stream: TextIO | None = None) -> None:
        """`total` is how many seeds there are to run."""
        self._total = total
        # rich leaves out colours for NO_COLOR, and everything that moves where nobody watches.
        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._done = self._violations = 0
        self._began_s = time.monotonic()
        self._marks: list[tuple[float, int]] = [(self._began_s, 0)]
        self._says_s = self._began_s + _FIRST_S
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def add(self, *, violated: bool) -> None:
        """Take that a seed is done."""
        self._done += 1
        self._violations += violated

    def look(self) -> None:
        """Say how far it is, if it is time."""
        now_s = time.monotonic()
        if now_s - self._marks[-1][0] >= 1:
            self._marks.append((now_s, self._done))
        while now_s - self._marks[0][0] > _RECENT_S:
            self._marks.pop(0)
        if self._live is not None:
            self._live.update(self.line(now_s), refresh=True)
        elif now_s >= self._says_s:
            self._says_s = now_s + _NOW_AND_THEN_S
            self._console.print(self.line(now_s), soft_wrap=True)

    def line(self, now_s: float) -> Text:
        """Return how far it is."""
        from_s, from_done = self._marks[0]
        rate = (self._done - from_done) / max(now_s - from_s, 0.001)
        left = self._total - self._done
        text = Text(f"{self._done:,} of {self._total:,} seeds, {60 * rate:,.0f}/min")
        if rate:
            text.append(f", {duration(left / rate)} left")
        word = "violation" if self._violations == 1 else "violations"
        style = "bold red" if self._violations else "green"
        return text.append(", ").append(f"{self._violations or 'no'} {word}", style=style)

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self._console.print(Text(line), soft_wrap=True)

    def close(self) -> None:
        """Take away what moves."""
        if self._live is not None:
            self._live.stop()


def duration(seconds: float) -> str:
    """Return a duration for people: `3 h 20 min`, `12 min`, `40 s`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
