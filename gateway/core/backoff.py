"""When to try again. Delays are in seconds and carry no jitter: chance belongs to the shells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A list of waits, the last of which repeats until `life_s` after the first attempt."""

    delays_s: Sequence[float]
    life_s: float

    def delay_after(self, tries: int, age_s: float) -> float | None:
        """Return how long to wait after the `tries`-th failed attempt, None when it was the last.

        Args:
            tries: attempts made so far, at least 1.
            age_s: time since what is attempted came to be.
        """
        delay = self.delays_s[min(tries, len(self.delays_s)) - 1]
        return delay if age_s + delay <= self.life_s else None


LEGACY_CALLBACKS: Final = Schedule(
    delays_s=(5, 10, 20, 40, 80, 160, 320, 640, 900), life_s=24 * 3600
)
"""The schedule receivers of Dispatch callbacks were tuned to (docs/wire.md section 5.1)."""

STANDARD_CALLBACKS: Final = Schedule(
    delays_s=(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400), life_s=84 * 3600
)
"""The list that the Standard Webhooks specification recommends.

It adds up to 75 h 35 min. The life leaves room for 10 % of jitter, and for no further wait.
"""

SEND_DELAYS_S: Final = (0.5, 1, 2, 4, 8)
"""Waits between attempts of a send that provably never left; its budget is a setting."""
