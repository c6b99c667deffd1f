"""Ten times what can be sent: what is accepted is sent in time, and the rest hears when to come."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crowd.town import GREEDY, Town, a_town


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """How much comes, and for how long."""

    pace_per_s: int = 30
    times: int = 10
    lasts_s: float = 60.0
    bound_s: int = 30
    come_again: int = 10
    """Of so many refused one comes again when it was told to."""
    quiet_s: float = 10.0


@dataclass(slots=True)
class Seen:
    """What became of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    quiet_s: list[float] = field(default_factory=list)
    """How long it took to be accepted before the flood."""
    accepted_s: list[float] = field(default_factory=list)
    """And in it."""
    retries: Counter[int] = field(default_factory=Counter)
    """What who came again as told was answered: in the flood, and after it."""
    retry_after_s: list[int] = field(default_factory=list)
    without: int = 0
    """Refusals that do not say when to come again."""
    waited_s: list[float] = field(default_factory=list)
    """How long what was accepted waited until it left."""
    unsent: int = 0
    memory_mb: float = 0.0


class _Crowd:
    def __init__(self, town: Town, flood: Flood, seen: Seen) -> None:
        self._town = town
        self._flood = flood
        self._seen = seen
        self._number = 0
        self._accepted_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def come(self, per_s: float, seconds: float, *, is_quiet: bool = False) -> None:
        """Have requests come at a steady rate, whatever becomes of those before."""
        began = time.monotonic()
        for nth in range(int(per_s * seconds)):
            await asyncio.sleep(max(0.0, began + nth / per_s - time.monotonic()))
            self._number += 1
            task = asyncio.create_task(self._ask(f"4479{self._number:08d}", is_quiet=is_quiet))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, number: str, *, is_quiet: bool) -> None:
        seen = self._seen
        status, took_s, retry_after = await self._town.post(GREEDY, number)
        seen.statuses[status] += 1
        if status == 202:
            (seen.quiet_s if is_quiet else seen.accepted_s).append(took_s)
            self._accepted_at[number] = time.monotonic()
        elif status == 429:
            if retry_after is None or not retry_after.isdigit():
                seen.without += 1
                return
            seen.retry_after_s.append(int(retry_after))
            if len(seen.retry_after_s) % self._flood.come_again == 0:
                await asyncio.sleep(int(retry_after))
                status, _, _ = await self._town.post(GREEDY, number)
                seen.retries[status] += 1
                if status == 202:
                    self._accepted_at[number] = time.monotonic()

    async def end(self) -> None:
        """Wait until everybody was answered, and everything left."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))
        last = time.monotonic() + self._flood.bound_s + 10
        while self._accepted_at.keys() - self._town.sent_at.keys() and time.monotonic() < last:
            await asyncio.sleep(0.1)
        for number, at in self._accepted_at.items():
            if (sent_at := self._town.sent_at.get(number)) is None:
                self._seen.unsent += 1
            else:
                self._seen.waited_s.append(sent_at - at)


async def play(flood: Flood, folder: Path) -> Seen:
    """Let the flood come; return what became of it."""
    seen = Seen()
    async with a_town(
        folder,
        GATEWAY_SEND_RATE=str(flood.pace_per_s),
        GATEWAY_MAX_SEND_AGE=str(flood.bound_s),
    ) as town:
        crowd = _Crowd(town, flood, seen)
        await crowd.come(flood.pace_per_s / 2, flood.quiet_s, is_quiet=True)
        await crowd.come(flood.pace_per_s * flood.times, flood.lasts_s)
        await crowd.end()
        seen.memory_mb = town.memory_mb()
    return seen


def p99(seconds: Sequence[float]) -> float:
    """Return what 99 of 100 stay below."""
    return sorted(seconds)[int(0.99 * len(seconds))] if seconds else 0.0
