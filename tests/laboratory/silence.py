"""When silence means something: how long a timer waits for what could not come in.

The true gaps are known here, so this is the least that the gateway has to wait; it may well know of
a longer gap, and wait longer.
"""

from __future__ import annotations

from typing import Final

from gateway.safeguards.grace import grace_ms
from tests.laboratory.seen import Told
from tests.laboratory.world import World

_TOUCH_S: Final = 1.0


class Silence:
    """The gaps of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clock_was_wrong = any(fault.kind == "clock-wrong" for fault in world.plan.faults)
        self.longest_way_s = 12.0
        """How long before it arrives a POST can have been intended: its turn, and the way."""
        self._gaps = sorted([*self._unattended(), *world.seen.stops, *self._outages()])
        self._mended_s = max(
            (fault.for_s for fault in world.plan.faults if fault.kind == "wrong-secret"),
            default=None,
        )

    def earliest_s(self, told: Told, dispatch_uuid: str) -> float | None:
        """Return until when a timer waits for a webhook that did not get in; None for no wait."""
        if told.was_lost or told.http_status == 200:
            return None
        if self._mended_s is not None and told.http_status == 503:
            return None
        ended_s = told.at_s if told.ended_s is None else told.ended_s
        for begin_s, end_s in self._gaps:
            if begin_s - _TOUCH_S <= ended_s and told.at_s <= end_s + _TOUCH_S:
                return end_s + grace_ms(round(1000 * (end_s - begin_s))) / 1000
        return None

    def _unattended(self) -> list[tuple[float, float]]:
        """Return when no process listened, from the first on."""
        lives = sorted(self._world.seen.lives, key=lambda life: life.from_s)
        gaps: list[tuple[float, float]] = []
        covered_s = lives[0].until_s if lives else None
        for life in lives[1:]:
            if covered_s is None:
                break
            if life.from_s >= covered_s:
                gaps.append((covered_s, life.from_s))
            covered_s = None if life.until_s is None else max(covered_s, life.until_s)
        return gaps

    def _outages(self) -> list[tuple[float, float]]:
        """Return when the store was away."""
        return [
            (fault.at_s, fault.at_s + fault.for_s)
            for fault in self._world.plan.faults
            if fault.kind == "store-down"
        ]
