"""How fast one account may send: a steady rate, and silence while the upstream asks for it."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict

from gateway.clock import Clock


class Pace:
    """Hands out the instants at which sends of an account may leave.

    A burst that the upstream would answer with 429 is spread out before it leaves, because a
    429 spends the patience of the step that got it.
    """

    def __init__(self, *, rate_per_s: float, clock: Clock) -> None:
        """`rate_per_s` is in messages a second for each account; 0 means no limit."""
        self._interval_ms = 1000 / rate_per_s if rate_per_s else 0.0
        self._clock = clock
        self._next_ms: dict[str, float] = defaultdict(float)
        self._silent_until_ms: dict[str, int] = defaultdict(int)

    def silence(self, account: str, seconds: float) -> None:
        """Let nothing of `account` leave for that long."""
        until = self._clock.now_ms() + int(seconds * 1000)
        self._silent_until_ms[account] = max(self._silent_until_ms[account], until)

    def clock_set_back(self) -> None:
        """Forget all instants: they are of a clock that was ahead, and would not come for long."""
        self._next_ms.clear()
        self._silent_until_ms.clear()

    def silence_ms(self, account: str) -> int:
        """Return for how much longer nothing of `account` may leave."""
        return max(0, self._silent_until_ms[account] - self._clock.now_ms())

    def wait_ms(self, account: str) -> float:
        """Return how far the next instant of `account` is from now; it stays free."""
        return max(0.0, self._next_ms[account] - self._clock.now_ms())

    def turns_within(self, seconds: float) -> int | None:
        """Return how many sends of an account may leave within that time; None without a limit."""
        return 1 + int(1000 * seconds / self._interval_ms) if self._interval_ms else None

    def reserve_ms(self, account: str) -> float:
        """Reserve the next instant of `account`; return how far it is from now."""
        wait = self.wait_ms(account)
        self._next_ms[account] = self._clock.now_ms() + wait + self._interval_ms
        return wait

    async def turn(self, account: str, *, patience_ms: int) -> int:
        """Wait for the account's turn, and return 0; or return after how long to come again.

        A silence is not waited for here: whoever waits holds a place that others could use. A
        turn that is further away than `patience_ms` is not reserved either: it would pass unused.
        """
        if silence := self.silence_ms(account):
            return silence
        if (wait := self.wait_ms(account)) > patience_ms:
            return math.ceil(wait)
        if (wait := self.reserve_ms(account)) > 0:
            await asyncio.sleep(wait / 1000)
        return self.silence_ms(account)
