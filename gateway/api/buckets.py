"""Token buckets by key, in bounded memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable

from gateway.clock import Clock


class Buckets:
    """Says how often something may be done for each of many keys, and how long to wait else.

    A bucket holds `burst` tokens at most and gains `rate_per_s` a second. A bucket that was not
    asked for the longest is forgotten when there are too many, and is then full again: strangers
    who choose the keys may cost memory otherwise.
    """

    def __init__(
        self, *, rate_per_s: float, burst: float, clock: Clock, capacity: int = 4096
    ) -> None:
        """Prepare; `rate_per_s` is above 0, `burst` at least 1, `capacity` in buckets."""
        self._rate_per_ms = rate_per_s / 1000
        self._burst = burst
        self._clock = clock
        self._capacity = capacity
        # key -> the tokens it had, and when that was
        self._levels: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: Hashable) -> int:
        """Take a token of `key` and return 0, or return in how many seconds there is one."""
        now_ms = self._clock.now_ms()
        level, then_ms = self._levels.get(key, (self._burst, now_ms))
        # A clock that was set back gives nothing, and takes nothing.
        level = min(self._burst, level + max(0, now_ms - then_ms) * self._rate_per_ms)
        wait_s = 0 if level >= 1 else math.ceil((1 - level) / self._rate_per_ms / 1000)
        self._levels[key] = (level if wait_s else level - 1, now_ms)
        self._levels.move_to_end(key)
        if len(self._levels) > self._capacity:
            self._levels.popitem(last=False)
        return wait_s
