"""How far two shares may lie apart before it means something. Pure.

The measure of noise is the reference itself: two random halves of it differ by chance alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

_DEVIATIONS: Final = 3.0
"""Standard errors that chance is allowed; beyond lie 3 of 1,000 looks."""
_MARGIN: Final = 0.02
"""What is allowed on top, for looking again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share, from 0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    def __add__(self, other: Share) -> Share:
        return Share(hits=self.hits + other.hits, of=self.of + other.of)


def allowance(candidate: Share, halves: tuple[Share, Share]) -> float:
    """Return by how much the candidate's share may differ from that of both halves together."""
    first, second = halves
    reference = first + second
    everything = reference + candidate
    if not candidate.of or not reference.of:
        return 1.0
    spread = everything.value * (1 - everything.value)
    error = sqrt(spread * (1 / candidate.of + 1 / reference.of))
    noise = abs(first.value - second.value)
    return max(noise, _DEVIATIONS * error) + _MARGIN
