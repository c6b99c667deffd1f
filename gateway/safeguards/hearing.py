"""Whether webhooks could come in: down, stalled and without a store are gaps, and are held.

A sign of life in the store tells the next process how long nobody listened. Within a process the
same is told by a task that should have had its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.safeguards.grace import FOREVER_MS
from gateway.safeguards.holds import Holds
from gateway.stores.base import Store, StoreUnavailable

log = get_logger()

STALL_MS: Final = 1_000
"""A lag under this is no gap: two turns of the loop read what waits in the sockets."""
_SIGN_EVERY_MS: Final = 1_000
_TICK_S: Final = 0.1


class Hearing:
    """Notices gaps, and holds what a gap makes doubtful."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        holds: Holds,
        accounts: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        """`accounts` returns those with dispatches under way: nobody else waits for anything."""
        self._store = store
        self._clock = clock
        self._holds = holds
        self._accounts = accounts
        self._signed_ms = 0
        self._sound_ms = clock.now_ms()
        self._turned_ms: int | None = None
        """When the loop last turned; None while nobody looks after it."""
        self._lost_since_ms: int | None = None
        self._losses = 0
        """How often a gap was noticed: another one may come while the first is being held."""
        self._stopped_ms: int | None = None
        self._signs = False

    async def begin(self) -> None:
        """Hold for the time since the last sign of life; from now on signs are left.

        Call it when the clock is known to be right: an instant in the store is compared with it.
        """
        now_ms = self._clock.now_ms()
        signed_ms = await self._store.signed_ms()
        if signed_ms is None or signed_ms > now_ms:
            # A sign from the future was left under a wrong clock, and tells nothing.
            await self._hold_gap(now_ms, missed_ms=FOREVER_MS)
        else:
            await self._hold_gap(signed_ms, missed_ms=now_ms - signed_ms)
        self._signs = True
        await self._sign(self._clock.now_ms())

    def can_hear(self) -> bool:
        """Tell whether silence means anything just now. Asked right before a timer fires."""
        self._notice_stall()
        return self._lost_since_ms is None and self._stopped_ms is None

    def stop(self) -> None:
        """Take note that nobody listens from now on: what is under way may take its time to end."""
        self._notice_stall()  # a sign of life would hide it
        if self._stopped_ms is None:
            self._stopped_ms = self._clock.now_ms()

    def lose_store(self) -> None:
        """Take note that a webhook could not be made durable, and was not taken in."""
        self._lose(self._sound_ms)

    async def run(self) -> None:
        """Leave signs of life and notice gaps, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._turn())
            tasks.create_task(self._listen())

    async def _turn(self) -> None:
        """Measure nothing but the loop: whatever else it did, it turned."""
        self._turned_ms = self._clock.steady_ms()
        while True:
            await asyncio.sleep(_TICK_S)
            self._notice_stall()

    async def _listen(self) -> None:
        while True:
            try:
                self._notice_stall()  # before a sign of life says that there was none
                await self._settle()
                if self._is_time_to_sign() and await self._has_work():
                    await self._sign(self._clock.now_ms())
                self._sound_ms = self._clock.now_ms()
            except StoreUnavailable:
                self.lose_store()
            except Exception as error:
                report_fault(error)
            await asyncio.sleep(_TICK_S)

    async def end(self) -> None:
        """Leave the last sign of life, so that the next start knows how short the pause was."""
        if self._signs and self._lost_since_ms is None:
            await self._sign(self._stopped_ms or self._clock.now_ms())

    def _notice_stall(self) -> None:
        if self._turned_ms is None:
            return
        turned_ms = self._clock.steady_ms()
        lag_ms = turned_ms - self._turned_ms
        self._turned_ms = turned_ms
        if lag_ms >= STALL_MS + 1000 * _TICK_S:
            self._lose(self._clock.now_ms() - lag_ms)

    def _lose(self, since_ms: int) -> None:
        known = self._lost_since_ms
        self._losses += 1
        self._lost_since_ms = since_ms if known is None else min(known, since_ms)

    async def _settle(self) -> None:
        """Turn a gap that is over into a hold, durably, before anything may fire.

        No sign of life is left before the hold is: a process that was killed between the two would
        hide the gap from the next one.
        """
        since_ms = self._lost_since_ms
        if since_ms is None:
            return
        losses = self._losses
        await self._store.check()  # what can be written now was the store's outage until now
        await self._hold_gap(since_ms, missed_ms=self._clock.now_ms() - since_ms)
        if self._losses == losses:
            self._lost_since_ms = None

    async def _hold_gap(self, since_ms: int, *, missed_ms: int) -> None:
        for account in await self._accounts():
            log.warning("hearing.gap_held", account=account, duration_ms=missed_ms)
            await self._holds.hold_gap(account, since_ms=since_ms, missed_ms=missed_ms)

    async def _has_work(self) -> bool:
        return (await self._store.counts()).open_dispatches > 0

    def _is_time_to_sign(self) -> bool:
        is_due = self._clock.now_ms() - self._signed_ms >= _SIGN_EVERY_MS
        return self._signs and self._stopped_ms is None and is_due

    async def _sign(self, at_ms: int) -> None:
        self._signed_ms = at_ms
        await self._store.sign(now_ms=at_ms)


def report_fault(error: Exception) -> None:
    """Log an error of ours; a safeguard that fails once must not end the gateway, nor itself."""
    log.error(
        "worker.item_failed",
        worker="safeguards",
        error_type=type(error).__name__,
        exc_info=True,
    )
