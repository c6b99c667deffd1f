"""What a store is made to do before the power goes: everything it can, by many at once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from typing import Final, TypeVar

from gateway.core.state import DispatchStatus
from gateway.stores.base import (
    Commit,
    Hold,
    HoldReason,
    OutboxCause,
    OutboxItem,
    OutboxKind,
    OutcomeUnknown,
    RequestCause,
    Store,
    StoreUnavailable,
    TimerCause,
    step_scope,
)
from gateway.stores.open import open_sqlite
from tests.gateway.stores.building import (
    DAY,
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    callback,
    commit,
    put,
    send,
    timer,
    uuid_of,
)
from tests.power.disk import Disk
from tests.power.trace import Answered, Asked, Denied, Trace
from tests.support.clock import ManualClock

T = TypeVar("T")

NAME: Final = "store.db"
_BEFORE: Final = Path(__file__).parents[2] / "fixtures" / "stores" / "schema-1.db.gz"
_CHECKPOINT_EVERY_S: Final = 0.001
"""So that the log is begun anew again and again."""


class End(Enum):
    """How the life of a process ends."""

    CLOSED = "as it should"
    KILLED = "killed amid a change"
    SYNC_FAILS = "a sync fails, and it ends as it should"
    DISK_FAILS = "a sync fails, and everything from then on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a store is run."""

    seed: int
    callers: int = 6
    dispatches: int = 10
    """Of each life."""
    ends: Sequence[End] = (End.CLOSED, End.KILLED, End.SYNC_FAILS, End.DISK_FAILS, End.KILLED)
    """Of its lives."""
    writer: str = "loop"
    synchronous: str = "full"
    is_of_the_release_before: bool = False
    """Whether it begins with a store of an earlier schema, or with none."""


async def run(plan: Plan, folder: Path) -> Trace:
    """Run a store in an empty folder, and return what it did."""
    if plan.is_of_the_release_before:
        (folder / NAME).write_bytes(gzip.decompress(_BEFORE.read_bytes()))
    with Disk(folder) as disk:
        trace = Trace(start=disk.files.as_written())
        disk.heard = trace.events
        workload = _Workload(plan, trace)
        for end in plan.ends:
            store = await open_store(folder, plan)
            # Whatever a start finds, it acts upon.
            trace.events.append(Answered())
            if end is End.KILLED:
                disk.fail_after(workload.chance.randint(150, 600))
            elif end in {End.SYNC_FAILS, End.DISK_FAILS}:
                syncs = workload.chance.randint(3, 20)
                disk.fail_sync_after(syncs, for_good=end is End.DISK_FAILS)
            with contextlib.suppress(StoreUnavailable):
                await workload.live(store)
            if end in {End.KILLED, End.DISK_FAILS}:
                disk.kill(store)
            else:
                await store.close()
    return trace


async def open_store(folder: Path, plan: Plan) -> Store:
    """Open the store of a folder, as a gateway does; a new one draws its secret by the seed."""
    return await open_sqlite(
        str(folder / NAME),
        clock=ManualClock(seed=plan.seed),
        writer=plan.writer,
        synchronous=plan.synchronous,
        checkpoint_every_s=_CHECKPOINT_EVERY_S,
    )


class _Workload:
    def __init__(self, plan: Plan, trace: Trace) -> None:
        self.chance = Random(plan.seed)
        self._plan = plan
        self._trace = trace
        self._numbers = count(1)

    async def live(self, store: Store) -> None:
        """Run dispatches from beginning to end, several at once, until one is refused."""
        claiming = asyncio.Lock()
        numbers = iter([next(self._numbers) for _ in range(self._plan.dispatches)])

        async def call() -> None:
            for number in numbers:
                await _Life(store, number, self.chance, self._trace, claiming).whole()

        callers = (call() for _ in range(self._plan.callers))
        ends = await asyncio.gather(*callers, return_exceptions=True)
        for error in filter(None, ends):
            raise error


class _Life:
    """One dispatch, and what else is done meanwhile."""

    def __init__(
        self, store: Store, number: int, chance: Random, trace: Trace, claiming: asyncio.Lock
    ) -> None:
        self._store = store
        self._number = number
        self._chance = chance
        self._trace = trace
        self._claiming = claiming
        """Whoever claims gets the due sends of all; so one releases and claims at a time."""

    async def whole(self) -> None:
        """Have it accepted, sent, told of, timed out and closed, and keep house beside it."""
        store, number = self._store, self._number
        expiry, horizon = timer(number, due_ms=NOW + 600), timer(number, step=1)
        key = None if number % 3 else f"key {number}"
        cause = RequestCause(application=SHOP, idempotency_key=key, fingerprint=f"body {number}")
        (item,) = await self._put(
            commit(number, cause=cause, outbox=[send(1, number)], timers_set=[expiry])
        )
        item = await self._try_to_send(item)
        (first,) = await self._put(
            commit(
                number,
                2,
                cause=OutboxCause(item_id=item.item_id, fence=item.fence),
                bindings=[(message_of(number), 0)],
                outbox=[callback(2, number)],
            )
        )
        (other,) = await self._put(
            commit(number, 3, outbox=[callback(3, number), callback(4, number, url=OTHER_URL)])
        )
        scope = step_scope(uuid_of(number), 0)
        await self._wrote(store.set_aside([expiry], scope=scope))
        await self._wrote(store.bring_back(scope, limit=9))
        await self._put(commit(number, 4, cause=TimerCause(timer=expiry), timers_set=[horizon]))
        await self._deliver(first, other)
        await self._keep_house()
        await self._put(
            commit(
                number,
                5,
                status=DispatchStatus.COMPLETED,
                timers_dropped=[horizon],
                outbox=[callback(5, number)],
            )
        )
        if number % 4 == 0:
            await self._wrote(store.sweep(before_ms=NOW + 1, limit=2))

    async def _put(self, made: Commit) -> Sequence[OutboxItem]:
        self._trace.events.append(Asked(made))
        try:
            claimed = await put(self._store, made)
        except OutcomeUnknown:
            raise
        except StoreUnavailable:
            self._trace.events.append(Denied(made))
            raise
        self._trace.events.append(Answered(made))
        return claimed

    async def _wrote(self, method: Awaitable[T]) -> T:
        """Wait for a method that writes for sure, and note that it returned."""
        returned = await method
        self._trace.events.append(Answered())
        return returned

    async def _try_to_send(self, item: OutboxItem) -> OutboxItem:
        store, account = self._store, f"account {self._number}"
        await self._wrote(store.begin(item, now_ms=NOW))
        chance = self._chance.randrange(3)
        if chance == 0:
            await self._wrote(
                store.suspend(item, account=account, until_ms=NOW + DAY, now_ms=NOW, tried=True)
            )
            (item,) = await self._wrote(store.resume(account, now_ms=NOW, lease_ms=LEASE, limit=9))
        elif chance == 1:
            async with self._claiming:
                await self._wrote(store.release(item, due_ms=NOW, tried=True))
                claimed = await self._wrote(
                    store.claim(OutboxKind.SEND, now_ms=NOW, lease_ms=LEASE, room={SHOP: 99})
                )
            (item,) = [each for each in claimed if each.item_id == item.item_id]
        return item

    async def _deliver(self, first: OutboxItem, other: OutboxItem) -> None:
        store = self._store
        (second,) = await self._wrote(store.settle(first, now_ms=NOW, lease_ms=LEASE))
        chance = self._chance.randrange(3)
        if chance == 0:
            await self._wrote(store.settle(second, now_ms=NOW, lease_ms=LEASE))
        elif chance == 1:
            await self._wrote(
                store.release(second, due_ms=NOW + DAY, tried=True, lane_waits_until_ms=NOW + LEASE)
            )
        else:
            await self._wrote(store.detach(second, due_ms=NOW + DAY, now_ms=NOW, lease_ms=LEASE))
        await self._wrote(
            store.bury(other, reason="gone", http_status=410, now_ms=NOW, lease_ms=LEASE)
        )
        if self._number % 2:
            await self._wrote(store.exhume(SHOP, other.item_id, now_ms=NOW))

    async def _keep_house(self) -> None:
        store, number = self._store, self._number
        hold = Hold(account=SHOP, reason=HoldReason.UNHEARD, since_ms=NOW, until_ms=NOW + number)
        inbound = replace(callback(1, 1_000_000 + number), step=-1)
        digest = b"%16d" % number
        await asyncio.gather(
            self._wrote(store.place_hold(hold)),
            self._wrote(store.note_silence(SHOP, [NOW, NOW + number])),
            self._wrote(store.sign(now_ms=NOW + number)),
            self._wrote(store.enqueue(inbound, digest=digest, now_ms=NOW, lease_ms=LEASE)),
            self._wrote(
                store.hold(
                    application=SHOP,
                    reason="unmatched",
                    message_uuid=uuid_of(2_000_000 + number),
                    body=bytes(self._chance.randrange(9000)),
                    now_ms=NOW,
                )
            ),
        )


def message_of(number: int) -> str:
    """Return the message id of a dispatch of the workload."""
    return uuid_of(1_000_000 + number)
