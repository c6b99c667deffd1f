"""One loop for both kinds of outbox work: take what commits hand over, claim what is due.

A place is taken by who can begin now. Who waits (for the pace of its account, for its receiver)
waits in a line, and the lines are worked in rounds (`rounds`). Lines are short: what is more than
can begin soon stays in the store, where it takes no memory, and is claimed in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from gateway.applications import Applications
from gateway.clock import Clock
from gateway.engine import LEASE_MS
from gateway.logs import get_logger
from gateway.stores.base import NewOutboxItem, OutboxItem, OutboxKind, Store, StoreUnavailable
from gateway.workers.rounds import Line, Rounds
from gateway.workers.shares import Shares

log = get_logger()

_LEASE_MARGIN_MS: Final = 1_000
_IN_FLIGHT_MS: Final = 100
"""How long a commit may take that leaves an item in the store: until then a claim misses it."""
_LOOK_PAST_EVERY_MS: Final = 1_000


class Desk(Protocol):
    """Who performs the items of one kind."""

    looks_past: int
    """How many more are claimed of an application now and then while a line of it is full.

    It may have other lines, whose items are due later.
    """

    def line_of(self, item: NewOutboxItem) -> Line:
        """Return where an item waits."""
        ...

    def longest(self, application: str) -> int:
        """Return how many items at most should wait in one line of it outside of the store."""
        ...

    def take(self, item: OutboxItem) -> float:
        """Take what an item needs to begin now, and return 0; `work` follows at once.

        Else it returns in how many milliseconds to ask again: infinitely many where what it needs
        comes free when another item has ended.
        """
        ...

    async def work(self, item: OutboxItem) -> None:
        """Perform an item, or put it off."""
        ...

    async def put_off(self, item: OutboxItem) -> None:
        """Give an item back that cannot begin soon."""
        ...


class OutboxLoop:
    """Works outbox items of one kind with bounded concurrency.

    Items come from commits of this process (`offer`) and from claims, which find what was left
    in the store, what was released for later and what a dead holder left. An item whose lease is
    nearly over is let go: a claim hands it out again under a newer fence.
    """

    def __init__(
        self,
        *,
        kind: OutboxKind,
        store: Store,
        clock: Clock,
        desk: Desk,
        applications: Applications,
        concurrency: int,
        poll_s: float = 0.2,
        may_act: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_act` is asked before an item is begun; what comes meanwhile waits here."""
        self._kind = kind
        self._store = store
        self._clock = clock
        self._desk = desk
        self._applications = applications
        self._concurrency = concurrency
        self._poll_s = poll_s
        self._may_act = may_act
        accounts = {application.account for application in applications.by_name.values()}
        self._places = Shares(concurrency, accounts)
        self._ready = Rounds()
        self._shortest = min(map(desk.longest, applications.by_name), default=0)
        """How many may wait in any line."""
        self._left: set[Line] = set()
        """Lines that go on in the store."""
        self._left_ms: dict[str, int] = {}
        """When a commit was last told to leave an item of an application there."""
        self._more_is_due: set[str] = set()
        """Applications to claim for as soon as there is room, before the next poll."""
        self._running: set[asyncio.Task[None]] = set()
        self._wait_ms = math.inf
        self._waking: asyncio.TimerHandle | None = None
        self._looked_past_ms = 0
        self._is_draining = False
        self._has_room = asyncio.Event()

    def wants(self, item: NewOutboxItem) -> bool:
        """Tell whether a commit that appends this should hand it over; else it leaves it due.

        What comes later does not overtake what waits in the store.
        """
        if len(self._ready) < self._shortest and not self._left and not self._is_draining:
            return True  # nearly always
        line = self._desk.line_of(item)
        goes_on = line in self._left or self._is_draining
        if not goes_on and self._ready.waiting_in(line) < self._desk.longest(item.application):
            return True
        self._left.add(line)
        self._left_ms[item.application] = self._clock.now_ms()
        self._more_is_due.add(item.application)
        return False

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """Take over items that are claimed for this process."""
        if not self._is_draining:
            may_act = self._may_act()
            for item in items:
                if item.kind is not self._kind:
                    continue
                if self._ready or not may_act or not self._begins(item):
                    self._ready.append(self._desk.line_of(item), item)
        self._fill()

    async def run(self) -> None:
        """Claim due items until cancelled."""
        while True:
            now_ms = self._clock.now_ms()
            claimed: Sequence[OutboxItem] = ()
            room = self._room(now_ms) if self._may_act() else {}
            try:
                if room:
                    claimed = await self._store.claim(
                        self._kind, now_ms=now_ms, lease_ms=LEASE_MS, room=room
                    )
                self._note_left(claimed, room, now_ms)
            except StoreUnavailable:
                log.error("store.became_unavailable", worker=self._kind.value)
            self.offer(self._put_off_what_is_too_much(claimed))
            await self._rest()

    def _room(self, now_ms: int) -> Mapping[str, int]:
        """Return how many items to claim of which application."""
        looks_past = 0
        # A clock that was set back must not put the next look off.
        if not 0 <= now_ms - self._looked_past_ms < _LOOK_PAST_EVERY_MS:
            looks_past, self._looked_past_ms = self._desk.looks_past, now_ms
        room = {}
        for name in self._applications.by_name:
            free = self._free(name)
            free = free if free > 0 else looks_past
            if free > 1 and self._clock.detours():
                free = 1
            if free > 0:
                room[name] = free
        return room

    def _free(self, name: str) -> int:
        """Return how many items of an application may yet be claimed."""
        account = self._applications.by_name[name].account
        return self._desk.longest(name) - self._ready.waiting_of(account, name)

    def _note_left(
        self, claimed: Sequence[OutboxItem], room: Mapping[str, int], now_ms: int
    ) -> None:
        """Learn from a claim of whom there is more: of whom it found as many as it asked for."""
        counts = Counter(item.application for item in claimed)
        for name, asked in room.items():
            if counts[name] >= asked:
                self._more_is_due.add(name)
                continue
            self._left -= {line for line in self._left if line.application == name}
            # A commit that is under way may leave one that this claim did not see.
            if self._left_ms.get(name, 0) + _IN_FLIGHT_MS <= now_ms:
                self._more_is_due.discard(name)
        if self._desk.looks_past:
            # Of which line there is more is not known: one that is full must not have others wait
            # behind what it has in the store. A full line is noted where it is found to be full.
            return
        for item in claimed:
            if counts[item.application] >= room[item.application]:
                self._left.add(self._desk.line_of(item))

    def _put_off_what_is_too_much(self, claimed: Sequence[OutboxItem]) -> Sequence[OutboxItem]:
        """Give back what a look past a full line found of that very line; return the others."""
        if not self._desk.looks_past:
            return claimed
        kept: Counter[Line] = Counter()
        taken = []
        for item in claimed:
            line = self._desk.line_of(item)
            kept[line] += 1
            if self._ready.waiting_in(line) + kept[line] <= self._desk.longest(item.application):
                taken.append(item)
            else:
                self._left.add(line)
                self._begin(item, self._desk.put_off)
        return taken

    async def _rest(self) -> None:
        self._has_room.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._has_room.wait()

    async def drain(self, timeout_s: float) -> None:
        """Start nothing more, and wait for what is under way."""
        self._is_draining = True
        self._ready.clear()
        self._wake_in(math.inf)
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=timeout_s)

    def _fill(self) -> None:
        """Begin what can begin now, and come again when the next one can."""
        if self._is_draining or not self._places.free or not self._may_act():
            return
        if not self._ready and not self._more_is_due:
            return
        self._wait_ms = math.inf
        while self._ready.take(self._begins):
            pass
        if self._waking is not None or self._wait_ms < math.inf:
            self._wake_in(self._wait_ms)
        if self._more_is_due and any(
            2 * self._free(name) >= self._desk.longest(name) for name in self._more_is_due
        ):
            self._has_room.set()

    def _begins(self, item: OutboxItem) -> bool:
        """Begin an item or let it go; False when it has to wait."""
        if item.lease_until_ms - _LEASE_MARGIN_MS < self._clock.now_ms():
            return True
        account = self._desk.line_of(item).account
        if not self._places.may_take(account):
            return False
        wait_ms = self._desk.take(item)
        if wait_ms:
            self._wait_ms = min(self._wait_ms, wait_ms)
            return False
        self._places.take(account)
        self._begin(item, self._desk.work, account)
        return True

    def _begin(
        self,
        item: OutboxItem,
        work: Callable[[OutboxItem], Awaitable[None]],
        account: str | None = None,
    ) -> None:
        task = asyncio.create_task(self._guarded(item, work))
        self._running.add(task)
        task.add_done_callback(partial(self._finished, account))

    def _finished(self, account: str | None, task: asyncio.Task[None]) -> None:
        """Take that work ended; with an account, it held one of its places."""
        self._running.discard(task)
        if account is not None:
            self._places.give_back(account)
        self._fill()

    def _wake_in(self, wait_ms: float) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if wait_ms < math.inf:
            loop = asyncio.get_running_loop()
            self._waking = loop.call_later(wait_ms / 1000, self._fill)

    async def _guarded(
        self, item: OutboxItem, work: Callable[[OutboxItem], Awaitable[None]]
    ) -> None:
        try:
            await work(item)
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
