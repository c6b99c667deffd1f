"""Take suspended sends up again: one at a time while a breaker is open, then all in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from gateway.clock import Clock
from gateway.engine import LEASE_MS
from gateway.logs import get_logger
from gateway.stores.base import OutboxItem, Store, StoreUnavailable
from gateway.workers.breaker import Breaker, Breakers
from gateway.workers.pace import Pace

log = get_logger()

_LONGEST_WAIT_MS: Final = 1_000
"""A send is taken up when its turn is near, so that its lease is not spent on waiting."""
_LONGEST_LINE_S: Final = 5.0
"""For the same reason, no more are taken up together than can leave within this."""
_RECALL_EVERY_MS: Final = 5_000


class SuspendedSends:
    """Looks at the breakers, and hands out what they have room for."""

    def __init__(
        self,
        *,
        store: Store,
        breakers: Breakers,
        pace: Pace,
        clock: Clock,
        offer: Callable[[Sequence[OutboxItem]], None],
        poll_s: float = 0.1,
        may_act: Callable[[], bool] = lambda: True,
    ) -> None:
        """`offer` takes the sends that were taken up, in order; `may_act` is asked before."""
        self._store = store
        self._breakers = breakers
        self._pace = pace
        self._clock = clock
        self._offer = offer
        self._poll_s = poll_s
        self._may_act = may_act
        self._recalled_ms: int | None = None

    async def run(self) -> None:
        """Take sends up until cancelled."""
        while True:
            self._breakers.news.clear()
            try:
                if self._may_act():
                    await self.take_up()
            except StoreUnavailable:
                log.error("store.became_unavailable", worker="suspended-sends")
                await asyncio.sleep(self._poll_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._breakers.news.wait()

    async def take_up(self) -> None:
        """Hand out what may be tried now, whoever suspended it."""
        await self._recall()
        for breaker in self._breakers:
            await self._take_up(breaker)

    async def _recall(self) -> None:
        """Learn now and then what others suspended: an earlier run, or a process that is gone."""
        now_ms = self._clock.now_ms()
        # A clock that was set back must not put the next look off.
        if self._recalled_ms is not None and 0 <= now_ms - self._recalled_ms < _RECALL_EVERY_MS:
            return
        for account in await self._store.suspended():
            breaker = self._breakers.of(account)
            if not breaker.has_waiting and not breaker.is_open:
                breaker.recall()
            elif not breaker.has_waiting:
                breaker.suspended(is_new=False)
        self._recalled_ms = now_ms

    async def _take_up(self, breaker: Breaker) -> None:
        account = breaker.account
        wait_ms = self._pace.wait_ms(account)
        room, most = breaker.room(), self._pace.turns_within(_LONGEST_LINE_S)
        if most is not None:
            room = min(room, most)
        if room > 1 and self._clock.detours():
            room = 1
        if room <= 0 or wait_ms > _LONGEST_WAIT_MS:
            return
        before = breaker.suspensions
        items = await self._store.resume(
            account, now_ms=self._clock.now_ms(), lease_ms=LEASE_MS, limit=room
        )
        # One that was suspended meanwhile may have come too late for this look.
        are_all = len(items) < room and breaker.suspensions == before
        breaker.take_up(items, are_all=are_all)
        self._offer(items)
