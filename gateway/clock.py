"""The only reader of time and randomness.

Everything else is handed a `Clock`, so that a test can move time and repeat a run.
"""

from __future__ import annotations

import random
import secrets
import time
import uuid
from typing import Protocol

from gateway.identifiers import CHANCE_BYTES, time_ordered_uuid

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Time and chance, as the shells see them."""

    def now_ms(self) -> int:
        """Return the instant in Unix milliseconds. Steady: it never steps, whatever NTP does."""
        ...

    def steady_ms(self) -> int:
        """Return how long the machine has been up, suspends included: for measuring stalls only."""
        ...

    def anchor(self) -> None:
        """Take the wall clock over: `now_ms` goes on from what it says now."""
        ...

    def wall_s(self) -> int:
        """Return the wall clock in Unix seconds, for tokens that other machines judge."""
        ...

    def draw_uuid(self) -> uuid.UUID:
        """Draw an identifier that grows with time and reads as a UUID version 4."""
        ...

    def draw_token(self, size: int) -> bytes:
        """Draw `size` unguessable bytes."""
        ...

    def jitter(self, spread: float) -> float:
        """Draw a factor between `1 - spread` and `1 + spread`."""
        ...

    def detours(self) -> bool:
        """Tell whether to take a rare way that is as right as the usual one.

        No machine does. A simulation does it often, so that what is rare is tested as much as
        what is usual: small batches, work given back, others coming in between.
        """
        ...


class SystemClock:
    """The machine's clock.

    Timers must not fire early because an operator or NTP stepped the wall clock: a timer that
    fires early sends a real message. So the wall clock is read at construction, and once more when
    it was found right at the start; time then advances by the boot clock, which is never stepped
    and keeps counting through a suspend.
    """

    def __init__(self) -> None:
        self._offset_ns = 0
        self.anchor()

    def now_ms(self) -> int:
        return (self._offset_ns + time.clock_gettime_ns(_CLOCK)) // 1_000_000

    def steady_ms(self) -> int:
        return time.clock_gettime_ns(_CLOCK) // 1_000_000

    def anchor(self) -> None:
        self._offset_ns = time.time_ns() - time.clock_gettime_ns(_CLOCK)

    def wall_s(self) -> int:
        return int(time.time())

    def draw_uuid(self) -> uuid.UUID:
        return time_ordered_uuid(self.now_ms(), self.draw_token(CHANCE_BYTES))

    def draw_token(self, size: int) -> bytes:
        return secrets.token_bytes(size)

    def jitter(self, spread: float) -> float:
        return random.uniform(1 - spread, 1 + spread)  # noqa: S311

    def detours(self) -> bool:
        return False
