"""The only reader of time and randomness.

Everything else is handed a `Clock`, so that a test can move time and repeat a run.
"""

from __future__ import annotations

import random
import secrets
import time
import uuid
from typing import Protocol

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Time and chance, as the shells see them."""

    def now_ms(self) -> int:
        """Return the instant in Unix milliseconds. Steady: it never steps, whatever NTP does."""
        ...

    def wall_s(self) -> int:
        """Return the wall clock in Unix seconds, for tokens that other machines judge."""
        ...

    def draw_uuid(self) -> uuid.UUID:
        """Draw a time-ordered identifier (UUID version 7)."""
        ...

    def draw_token(self, size: int) -> bytes:
        """Draw `size` unguessable bytes."""
        ...

    def jitter(self, spread: float) -> float:
        """Draw a factor between `1 - spread` and `1 + spread`."""
        ...


class SystemClock:
    """The machine's clock.

    Timers must not fire early because an operator or NTP stepped the wall clock: a timer that
    fires early sends a real message. So the wall clock is read once, at construction, and time
    then advances by the boot clock, which is never stepped and keeps counting through a suspend.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.clock_gettime_ns(_CLOCK)
        self._last_ms = 0
        self._sequence = 0

    def now_ms(self) -> int:
        return (self._offset_ns + time.clock_gettime_ns(_CLOCK)) // 1_000_000

    def wall_s(self) -> int:
        return int(time.time())

    def draw_uuid(self) -> uuid.UUID:
        # RFC 9562 method 1: a counter in rand_a keeps ids of one millisecond in order, and time
        # order is what keeps inserts at the right edge of the store's index.
        now = self.now_ms()
        if now > self._last_ms:
            self._last_ms, self._sequence = now, secrets.randbits(8)
        else:
            self._sequence += 1
            if self._sequence > 0xFFF:
                self._last_ms, self._sequence = self._last_ms + 1, 0
        value = (self._last_ms & 0xFFFF_FFFF_FFFF) << 80
        value |= 0x7 << 76 | self._sequence << 64
        value |= 0b10 << 62 | secrets.randbits(62)
        return uuid.UUID(int=value)

    def draw_token(self, size: int) -> bytes:
        return secrets.token_bytes(size)

    def jitter(self, spread: float) -> float:
        return random.uniform(1 - spread, 1 + spread)  # noqa: S311
