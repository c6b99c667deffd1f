"""One loop for both kinds of outbox work: take what commits hand over, claim what is due."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from gateway.clock import Clock
from gateway.engine import LEASE_MS
from gateway.logs import get_logger
from gateway.stores.base import OutboxItem, OutboxKind, Store, StoreUnavailable

log = get_logger()

_LEASE_MARGIN_MS = 1_000


class OutboxLoop:
    """Works outbox items of one kind with bounded concurrency.

    Items come from commits of this process (`offer`) and from claims, which find what was
    released for later and what a dead holder left. An item whose lease is nearly over is let
    go: a claim hands it out again under a newer fence.
    """

    def __init__(
        self,
        *,
        kind: OutboxKind,
        store: Store,
        clock: Clock,
        work: Callable[[OutboxItem], Awaitable[None]],
        concurrency: int,
        poll_s: float = 0.2,
        may_act: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_act` is asked before an item is begun; what comes meanwhile waits here."""
        self._kind = kind
        self._store = store
        self._clock = clock
        self._work = work
        self._concurrency = concurrency
        self._poll_s = poll_s
        self._may_act = may_act
        self._ready: deque[OutboxItem] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_draining = False
        self._more_is_due = False
        self._has_room = asyncio.Event()

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """Take over items that a commit claimed for this process."""
        for item in items:
            if item.kind is self._kind and not self._is_draining:
                self._ready.append(item)
        self._fill()

    async def run(self) -> None:
        """Claim due items until cancelled."""
        while True:
            free = self._concurrency - len(self._running) - len(self._ready)
            if free > 1 and self._clock.detours():
                free = 1
            claimed: Sequence[OutboxItem] = ()
            if free > 0 and self._may_act():
                try:
                    claimed = await self._store.claim(
                        self._kind, now_ms=self._clock.now_ms(), lease_ms=LEASE_MS, limit=free
                    )
                except StoreUnavailable:
                    log.error("store.became_unavailable", worker=self._kind.value)
            # A full claim means that more is due: look again as soon as there is room.
            self._more_is_due = free <= 0 or len(claimed) == free
            self.offer(claimed)
            await self._rest()

    async def _rest(self) -> None:
        self._has_room.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._has_room.wait()

    async def drain(self, timeout_s: float) -> None:
        """Start nothing more, and wait for what is under way."""
        self._is_draining = True
        self._ready.clear()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=timeout_s)

    def _fill(self) -> None:
        while self._ready and len(self._running) < self._concurrency and self._may_act():
            item = self._ready.popleft()
            if item.lease_until_ms - _LEASE_MARGIN_MS < self._clock.now_ms():
                continue
            task = asyncio.create_task(self._guarded(item))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not self._is_draining:
            self._fill()
        if self._more_is_due and len(self._running) <= self._concurrency // 2:
            self._has_room.set()

    async def _guarded(self, item: OutboxItem) -> None:
        try:
            await self._work(item)
        except StoreUnavailable:
            # The lease runs out and the item is claimed again: a send that was begun becomes
            # in doubt, a callback is delivered once more.
            log.error("store.became_unavailable", worker=self._kind.value)
        except Exception as error:
            log.error(
                "worker.item_failed",
                worker=self._kind.value,
                item=str(item.item_id),
                error_type=type(error).__name__,
                exc_info=True,
            )
