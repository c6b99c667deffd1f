"""Whether the machine's clock is right, before anything that was timed earlier may fire.

Deadlines are instants in the store. A clock that is two hours ahead at the start would end every
wait of an hour at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.safeguards.holds import Holds
from gateway.stores.base import Hold, HoldReason, Store

TOLERANCE_S: Final = 30
PATIENCE_MS: Final = 5 * 60_000
"""How long the upstream's date is waited for."""
EVERY_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The clocks at one instant."""

    ours_s: int
    upstream_s: int | None
    """None when the upstream does not say."""
    mark_s: int | None
    """The store's last sign of life, None when it has none."""


def fault_of(reading: Reading, *, is_patient: bool) -> str | None:
    """Say what is wrong with our clock; "" when it is not known yet, None when it is right.

    Args:
        is_patient: whether the upstream's date is still waited for.
    """
    if reading.upstream_s is not None:
        offset_s = reading.ours_s - reading.upstream_s
        if abs(offset_s) <= TOLERANCE_S:
            return None
        side = "ahead of" if offset_s > 0 else "behind"
        return f"This machine's clock is {abs(offset_s)} s {side} the upstream's."
    if reading.mark_s is not None and reading.ours_s < reading.mark_s - TOLERANCE_S:
        behind_s = reading.mark_s - reading.ours_s
        return f"This machine's clock is {behind_s} s behind the last sign of life in the store."
    return "" if is_patient else None


class ClockCheck:
    """Holds every account with dispatches under way until the clock was found right."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store,
        holds: Holds,
        alarms: Alarms,
        upstream_s: Callable[[], Awaitable[int | None]],
        accounts: Callable[[], Awaitable[Sequence[str]]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare the check.

        Args:
            upstream_s: reads the upstream's clock, Unix seconds.
            accounts: those that have dispatches under way.
            pause: waits for so many seconds before the clocks are read anew.
        """
        self._clock = clock
        self._store = store
        self._holds = holds
        self._alarms = alarms
        self._upstream_s = upstream_s
        self._accounts = accounts
        self._pause = pause
        self._held: list[Hold] = []
        self.is_disputed = True
        """Whether nothing may be dated: the clock is known to be wrong, or was not read yet."""
        self.is_right = False
        """Whether it was found right, and taken over."""
        self.on_set_back: list[Callable[[], None]] = []
        """Called when what was taken over is earlier: an instant of before may be hours away."""

    async def hold(self) -> None:
        """Hold until `settle` returns."""
        now_ms = self._clock.now_ms()
        for account in await self._accounts():
            hold = Hold(account=account, reason=HoldReason.CLOCK, since_ms=now_ms, latest_ms=now_ms)
            await self._holds.place(hold)
            self._held.append(hold)

    async def settle(self) -> None:
        """Return when the clock was found right, and taken over; what it held is still held."""
        began_ms = self._clock.steady_ms()
        mark_ms = await self._store.signed_ms()
        while True:
            reading = Reading(
                ours_s=self._clock.wall_s(),
                upstream_s=await self._upstream_s(),
                mark_s=None if mark_ms is None else mark_ms // 1000,
            )
            is_patient = self._clock.steady_ms() - began_ms < PATIENCE_MS
            fault = fault_of(reading, is_patient=is_patient)
            self.is_disputed = bool(fault)
            if fault is None:
                break
            if fault or self._held:
                self._tell(fault)
            await self._pause(EVERY_S)
        before_ms = self._clock.now_ms()
        self._clock.anchor()
        if self._clock.now_ms() < before_ms:
            for tell in self.on_set_back:
                tell()
        self.is_right = True
        self._alarms.clear(AlarmKind.CLOCK)

    async def release(self) -> None:
        """Take back what `hold` held."""
        for hold in self._held:
            await self._holds.lift(hold)
        self._held.clear()

    def _tell(self, fault: str) -> None:
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.CLOCK,
                subject="",
                since_ms=self._clock.now_ms(),
                why=fault
                or "The upstream did not tell the time yet; what was timed before the start waits.",
                remedy="Set the machine's clock; the gateway takes it over by itself."
                if fault
                else "Nothing, if the upstream is known to be down: after 5 minutes the store's"
                " last sign of life decides.",
                blocks_intake=bool(fault),
            )
        )
