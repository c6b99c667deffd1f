"""The clock of one simulated machine."""

from __future__ import annotations

import uuid
from random import Random

from gateway.identifiers import CHANCE_BYTES, time_ordered_uuid
from tests.laboratory.loop import Domain
from tests.laboratory.world import World


class SimulatedClock:
    """Implements `gateway.clock.Clock`."""

    def __init__(self, world: World, domain: Domain, *, wrong_s: int, chance: Random) -> None:
        """`wrong_s` is by how much the wall clock is ahead when the process starts."""
        self._world = world
        self._domain = domain
        self._random = chance
        self.wrong_ms = 1000 * wrong_s
        self._anchored_ms = self.wrong_ms

    def now_ms(self) -> int:
        return self._world.now_ms + self._anchored_ms

    def steady_ms(self) -> int:
        # Time in this world passes between two turns, and never because somebody was busy.
        return self._domain.stopped_ms

    def anchor(self) -> None:
        self._anchored_ms = self.wrong_ms

    def wall_s(self) -> int:
        return (self._world.now_ms + self.wrong_ms) // 1000

    def draw_uuid(self) -> uuid.UUID:
        return time_ordered_uuid(self.now_ms(), self.draw_token(CHANCE_BYTES))

    def draw_token(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def jitter(self, spread: float) -> float:
        return self._random.uniform(1 - spread, 1 + spread)

    def detours(self) -> bool:
        rate = self._world.plan.detours
        if not rate or self._world.faults_are_over or self._random.random() >= rate:
            return False
        self._world.happened("our own code took a detour")
        return True
