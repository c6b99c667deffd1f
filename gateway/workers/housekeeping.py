"""Slow work: wipe what is personal when its time is over, and refresh the gauges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.clock import Clock
from gateway.correlation import Correlator
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.stores.base import Store, StoreUnavailable

log = get_logger()

_SWEEP_EVERY_S = 60.0
_SWEEP_BATCH = 500


class Housekeeper:
    """Sweeps once a minute."""

    def __init__(
        self,
        *,
        store: Store,
        correlator: Correlator,
        clock: Clock,
        metrics: Metrics,
        retention_s: float,
        chores: Sequence[Callable[[], Awaitable[object]]] = (),
        may_forget: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare; `chores` are done once a minute, too. Nothing is wiped unless `may_forget`."""
        self._store = store
        self._correlator = correlator
        self._clock = clock
        self._metrics = metrics
        self._chores = chores
        self._may_forget = may_forget
        self._retention_ms = int(retention_s * 1000)

    async def run(self) -> None:
        """Keep house until cancelled. A crash may have left matches undone: they come first."""
        while True:
            await self._guarded(self._correlator.match_leftovers)
            if self._may_forget():
                await self._guarded(self.sweep)
            for chore in self._chores:
                await self._guarded(chore)
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def sweep(self) -> int:
        """Wipe everything that is over the retention; return how many rows."""
        before_ms = self._clock.now_ms() - self._retention_ms
        wiped = 0
        limit = 1 if self._clock.detours() else _SWEEP_BATCH
        while batch := await self._store.sweep(before_ms=before_ms, limit=limit):
            wiped += batch
            await asyncio.sleep(0)
        if wiped:
            log.info("retention.wiped", rows=wiped)
        return wiped

    async def _guarded(self, chore: Callable[[], Awaitable[object]]) -> None:
        """Do a chore; one that fails neither stops the other nor ends the housekeeping."""
        try:
            await chore()
        except StoreUnavailable:
            log.error("store.became_unavailable", worker="housekeeping")
        except Exception as error:
            log.error(
                "worker.item_failed",
                worker="housekeeping",
                error_type=type(error).__name__,
                exc_info=True,
            )

    async def refresh_gauges(self) -> None:
        """Read the store's sizes into the metrics; done when they are scraped."""
        counts = await self._store.counts()
        self._metrics.open_dispatches.set(counts.open_dispatches)
        self._metrics.pending_timers.set(counts.pending_timers)
        self._metrics.held_timers.set(counts.held_timers)
        self._metrics.pending_sends.set(counts.pending_sends)
        self._metrics.suspended_sends.set(counts.suspended_sends)
        self._metrics.pending_callbacks.set(counts.pending_callbacks)
        self._metrics.dead_letters.set(counts.dead_letters)
        self._metrics.held_webhooks.set(counts.held_webhooks)
