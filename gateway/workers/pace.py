"""How fast one account may send: a steady rate, and silence while the upstream asks for it."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from gateway.clock import Clock

_LATE_AT_MOST_MS: Final = 100.0
"""By how much a turn that was waited for may be late without delaying those after it."""


class Pace:
    """Hands out the instants at which sends of an account may leave.

    A burst that the upstream would answer with 429 is spread out before it leaves, because a
    429 spends the patience of the step that got it.
    """

    def __init__(self, *, rate_per_s: float, clock: Clock) -> None:
        """`rate_per_s` is in messages a second for each account; 0 means no limit."""
        self.rate_per_s = rate_per_s
        self._interval_ms = 1000 / rate_per_s if rate_per_s else 0.0
        self._clock = clock
        self._next_ms: dict[str, float] = defaultdict(float)
        self._awaited: set[str] = set()
        """The accounts whose next turn somebody waits for."""
        self._silent_until_ms: dict[str, int] = defaultdict(int)

    def silence(self, account: str, seconds: float) -> None:
        """Let nothing of `account` leave for that long."""
        until = self._clock.now_ms() + int(seconds * 1000)
        self._silent_until_ms[account] = max(self._silent_until_ms[account], until)

    def clock_set_back(self) -> None:
        """Forget all instants: they are of a clock that was ahead, and would not come for long."""
        self._next_ms.clear()
        self._awaited.clear()
        self._silent_until_ms.clear()

    def silence_ms(self, account: str) -> int:
        """Return for how much longer nothing of `account` may leave."""
        return max(0, self._silent_until_ms[account] - self._clock.now_ms())

    def wait_ms(self, account: str) -> float:
        """Return how far the next turn of `account` is from now, silence included."""
        wait_ms = self._next_ms[account] - self._clock.now_ms()
        return max(0.0, wait_ms, self.silence_ms(account))

    def turns_within(self, seconds: float) -> int | None:
        """Return how many sends of an account may leave within that time; None without a limit."""
        return 1 + int(1000 * seconds / self._interval_ms) if self._interval_ms else None

    def take(self, account: str) -> float:
        """Take the account's turn and return 0, or return in how many ms to ask again.

        Nobody waits here: who waits holds a place that others could use. Time in which nobody
        asked is not saved up, but a turn that was waited for keeps the next one where it was,
        though its taker woke a moment too late.
        """
        now_ms = self._clock.now_ms()
        wait_ms = max(self._next_ms[account], self._silent_until_ms[account]) - now_ms
        if wait_ms > 0:
            self._awaited.add(account)
            return wait_ms
        earliest_ms = now_ms - (_LATE_AT_MOST_MS if account in self._awaited else 0.0)
        self._awaited.discard(account)
        due_ms = max(self._next_ms[account], self._silent_until_ms[account])
        self._next_ms[account] = max(due_ms, earliest_ms) + self._interval_ms
        return 0.0
