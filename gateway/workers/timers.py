"""Fire due timers by polling the index: no object per timer, and none is ever early."""

from __future__ import annotations

import asyncio

from gateway.clock import Clock
from gateway.core.events import Event, ExpiryReached, HorizonReached
from gateway.core.state import TimerKind
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.safeguards.safeguards import Safeguards
from gateway.stores.base import StoreUnavailable, Timer, TimerCause

log = get_logger()

BATCH = 50
MIN_SLEEP_S, MAX_SLEEP_S = 0.005, 0.02
"""A poll with nothing due costs microseconds; these bound the lateness and the idle cost."""

_OUTAGE_SLEEP_S = 0.5
_FAILING_MS = 60_000


class TimerLoop:
    """Turns due timers into events."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        metrics: Metrics,
        safeguards: Safeguards,
        stale_after_s: int,
    ) -> None:
        """`stale_after_s` is how late a timer may be and still send something."""
        self._engine = engine
        self._safeguards = safeguards
        self._stale_after_ms = 1000 * stale_after_s
        self._store = engine.store
        self._clock = clock
        self._metrics = metrics
        self._failing: dict[Timer, int] = {}

    async def run(self) -> None:
        """Fire until cancelled."""
        while True:
            try:
                fired = await self.fire_due()
                # A full batch means that more are due. The pause lets requests in between.
                pause_s = 0.0 if fired == BATCH else await self._rest_s()
            except StoreUnavailable:
                # A webhook of this moment cannot be taken in either.
                self._safeguards.hearing.lose_store()
                log.error("store.became_unavailable", worker="timers")
                await asyncio.sleep(_OUTAGE_SLEEP_S)
                continue
            await asyncio.sleep(pause_s)

    async def _rest_s(self) -> float:
        """Return how long to wait: until the next timer is due, within the bounds."""
        next_ms = await self._store.next_timer_ms()
        if next_ms is None:
            return MAX_SLEEP_S
        wait_s = (next_ms - self._clock.now_ms()) / 1000
        return min(max(wait_s, MIN_SLEEP_S), MAX_SLEEP_S)

    async def fire_due(self) -> int:
        """Fire up to one batch of due timers; return how many were tried, or set aside."""
        now_ms = self._clock.now_ms()
        # Whose time is over is tried again, or its timer was dropped meanwhile.
        self._failing = {
            timer: until_ms for timer, until_ms in self._failing.items() if until_ms > now_ms
        }
        limit = (1 if self._clock.detours() else BATCH) + len(self._failing)
        found = [
            one
            for one in await self._store.due_timers(now_ms=now_ms, limit=limit)
            if one.timer not in self._failing
        ]
        if not found:
            return 0
        # Two turns of the loop let in what waits in the sockets: a webhook that is here already
        # comes before the timer that it stops.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        due = await self._safeguards.sort_out(found)
        # Asked last, with no wait behind it: the store may just have taken its time.
        if not self._safeguards.hearing.can_hear():
            return 0
        # Whom the clock's hold does not know of: accounts that had nothing open at the start.
        if due and not self._safeguards.may_act():
            return 0
        await asyncio.gather(*(self._guarded(timer) for timer in due))
        return len(found)

    async def _guarded(self, timer: Timer) -> None:
        try:
            await self._fire(timer)
        except StoreUnavailable:
            raise
        except Exception as error:
            # One timer that cannot fire must neither stop the others nor be tried in a circle.
            self._failing[timer] = self._clock.now_ms() + _FAILING_MS
            log.error(
                "timer.failed",
                dispatch_uuid=timer.dispatch_uuid,
                error_type=type(error).__name__,
                exc_info=True,
            )

    async def _fire(self, timer: Timer) -> None:
        is_outdated = self._clock.now_ms() - timer.due_ms > self._stale_after_ms
        reached = ExpiryReached if timer.kind is TimerKind.EXPIRY else HorizonReached
        event: Event = reached(step=timer.step, due_ms=timer.due_ms, is_outdated=is_outdated)
        await self._engine.apply(timer.dispatch_uuid, event, TimerCause(timer=timer))
        lag_s = (self._clock.now_ms() - timer.due_ms) / 1000
        self._metrics.timer_lag_seconds.observe(lag_s)
