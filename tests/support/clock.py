"""A clock that moves only when a test says so, and draws the same values every time."""

from __future__ import annotations

import random
import uuid

from gateway.identifiers import CHANCE_BYTES, time_ordered_uuid

START_MS = 1_738_584_865_000  # 2025-02-03T12:14:25Z, the instant of the documents' examples


class ManualClock:
    """Implements `gateway.clock.Clock`."""

    def __init__(self, now_ms: int = START_MS, seed: int = 0) -> None:
        self._now_ms = now_ms
        self._random = random.Random(seed)
        self._stalled_ms = 0
        self._wrong_ms = 0
        self._anchored_ms = 0

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self._now_ms += round(seconds * 1000)

    def stall(self, seconds: float) -> None:
        """Move time forward while the process does not get its turn."""
        self.advance(seconds)
        self._stalled_ms += round(seconds * 1000)

    def set_wrong(self, seconds: float) -> None:
        """Put the wall clock ahead; it is taken over by the next `anchor`."""
        self._wrong_ms = round(seconds * 1000)

    def steady_ms(self) -> int:
        return self._stalled_ms

    def anchor(self) -> None:
        self._now_ms += self._wrong_ms - self._anchored_ms
        self._anchored_ms = self._wrong_ms

    def now_ms(self) -> int:
        return self._now_ms

    def wall_s(self) -> int:
        return (self._now_ms + self._wrong_ms - self._anchored_ms) // 1000

    def draw_uuid(self) -> uuid.UUID:
        return time_ordered_uuid(self._now_ms, self.draw_token(CHANCE_BYTES))

    def draw_token(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def jitter(self, spread: float) -> float:
        return 1.0

    def detours(self) -> bool:
        return False
