"""The loop that works an outbox: bounded, stubborn, and quiet while it drains."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from gateway.engine import LEASE_MS
from gateway.stores.base import (
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    Store,
    StoreUnavailable,
)
from gateway.workers.loop import OutboxLoop
from tests.support.clock import ManualClock
from tests.support.loopback import WAIT_S
from tests.support.model_store import ModelStore
from tests.support.stores import open_sqlite_in_loop

NEVER_S = 3600.0


class Workbench:
    """Work that is recorded, and held until it is let go."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.fails: dict[str, Exception] = {}
        self._news = asyncio.Event()

    async def work(self, item: OutboxItem) -> None:
        """Settle an item, or fail."""
        name = item.url
        self.begun.append(name)
        self._news.set()
        await self.may_end.wait()
        if name in self.fails:
            raise self.fails[name]
        await self.store.settle(item, now_ms=self.clock.now_ms(), lease_ms=LEASE_MS)
        self.ended.append(name)
        self._news.set()

    async def enqueue(self, *names: str) -> list[OutboxItem]:
        """Append callbacks to the store, claimed by whoever gets them."""
        return [item for name in names for item in await self._enqueue(name)]

    async def _enqueue(self, name: str) -> Sequence[OutboxItem]:
        item = NewOutboxItem(
            item_id=OutboxItemId(owner=str(self.clock.draw_uuid()), position=0),
            kind=OutboxKind.CALLBACK,
            application="shop",
            url=name,
            step=-1,
            body=b"{}",
        )
        digest = uuid.UUID(item.item_id.owner).bytes
        return await self.store.enqueue(
            item, digest=digest, now_ms=self.clock.now_ms(), lease_ms=LEASE_MS
        )

    async def put_back(self, *names: str) -> None:
        """Append callbacks that only a claim finds."""
        for item in await self.enqueue(*names):
            await self.store.release(item, due_ms=self.clock.now_ms(), tried=False)

    async def until_ended(self, count: int) -> None:
        """Wait until that many items were worked to the end."""
        async with asyncio.timeout(WAIT_S):
            while len(self.ended) < count:
                self._news.clear()
                await self._news.wait()

    async def until_begun(self, count: int) -> None:
        """Wait until that many items were begun."""
        async with asyncio.timeout(WAIT_S):
            while len(self.begun) < count:
                self._news.clear()
                await self._news.wait()

    def loop(self, *, concurrency: int = 4, poll_s: float = NEVER_S) -> OutboxLoop:
        """Return a loop over this work."""
        return OutboxLoop(
            kind=OutboxKind.CALLBACK,
            store=self.store,
            clock=self.clock,
            work=self.work,
            concurrency=concurrency,
            poll_s=poll_s,
        )


@contextlib.asynccontextmanager
async def running(loop: OutboxLoop) -> AsyncIterator[None]:
    """Let a loop claim while the context lasts."""
    task = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await loop.drain(1)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Workbench]:
    """Work on a real store."""
    store = await open_sqlite_in_loop(tmp_path)
    yield Workbench(store)
    await store.close()


async def test_what_a_commit_hands_over_is_worked_without_a_claim(bench: Workbench) -> None:
    bench.loop().offer(await bench.enqueue("a"))
    await bench.until_ended(1)


async def test_what_is_of_another_kind_is_left_alone(bench: Workbench) -> None:
    loop = OutboxLoop(
        kind=OutboxKind.SEND,
        store=bench.store,
        clock=bench.clock,
        work=bench.work,
        concurrency=1,
    )
    loop.offer(await bench.enqueue("a"))
    await loop.drain(1)
    assert bench.begun == []


async def test_what_is_due_is_claimed_and_worked(bench: Workbench) -> None:
    await bench.put_back("a", "b")
    async with running(bench.loop()):
        await bench.until_ended(2)
    assert sorted(bench.ended) == ["a", "b"]


async def test_what_becomes_due_later_is_found_by_polling(bench: Workbench) -> None:
    async with running(bench.loop(poll_s=0.005)):
        await bench.put_back("a")
        await bench.until_ended(1)


async def test_no_more_is_under_way_than_allowed(bench: Workbench) -> None:
    bench.may_end.clear()
    loop = bench.loop(concurrency=2)
    loop.offer(await bench.enqueue("a", "b", "c"))
    await bench.until_begun(2)
    await bench.store.check()
    under_way = list(bench.begun)
    bench.may_end.set()
    await bench.until_ended(3)
    assert under_way == ["a", "b"]


async def test_a_claim_takes_no_more_than_there_is_room_for(bench: Workbench) -> None:
    bench.may_end.clear()
    await bench.put_back("a", "b", "c")
    async with running(bench.loop(concurrency=2)):
        await bench.until_begun(2)
        left = await bench.store.claim(
            OutboxKind.CALLBACK, now_ms=bench.clock.now_ms(), lease_ms=LEASE_MS, limit=9
        )
        bench.may_end.set()
    assert len(left) == 1


async def test_after_a_full_claim_the_next_does_not_wait_for_the_poll(bench: Workbench) -> None:
    await bench.put_back(*"abcdefgh")
    async with running(bench.loop(concurrency=2, poll_s=NEVER_S)):
        await bench.until_ended(8)


async def test_an_item_whose_lease_is_nearly_over_is_let_go(bench: Workbench) -> None:
    items = await bench.enqueue("a")
    bench.clock.advance(29.5)
    loop = bench.loop()
    loop.offer(items)
    await loop.drain(1)
    assert bench.begun == []


async def test_an_item_with_a_second_of_its_lease_left_is_worked(bench: Workbench) -> None:
    items = await bench.enqueue("a")
    bench.clock.advance(29)
    loop = bench.loop()
    loop.offer(items)
    await bench.until_ended(1)
    assert bench.begun == ["a"]


async def test_an_item_that_was_let_go_is_claimed_again(bench: Workbench) -> None:
    items = await bench.enqueue("a")
    bench.clock.advance(29.5)
    async with running(loop := bench.loop(poll_s=0.005)):
        loop.offer(items)
        bench.clock.advance(0.5)
        await bench.until_ended(1)


@pytest.mark.parametrize("error", [RuntimeError("broken"), StoreUnavailable("full")], ids=repr)
async def test_an_item_that_fails_stops_no_other(bench: Workbench, error: Exception) -> None:
    bench.fails["a"] = error
    bench.loop(concurrency=1).offer(await bench.enqueue("a", "b"))
    await bench.until_ended(1)
    assert bench.ended == ["b"]


async def test_an_item_that_failed_is_tried_again_when_its_lease_ends(bench: Workbench) -> None:
    bench.fails["a"] = RuntimeError("broken")
    items = await bench.enqueue("a")
    async with running(loop := bench.loop(poll_s=0.005)):
        loop.offer(items)
        await bench.until_begun(1)
        bench.fails.clear()
        bench.clock.advance(30)
        await bench.until_ended(1)


async def test_an_outage_of_the_store_does_not_end_the_loop() -> None:
    bench = Workbench(Failing(outages=3))
    await bench.put_back("a")
    async with running(bench.loop(poll_s=0.005)):
        await bench.until_ended(1)


async def test_draining_waits_for_what_is_under_way(bench: Workbench) -> None:
    bench.may_end.clear()
    loop = bench.loop()
    loop.offer(await bench.enqueue("a"))
    await bench.until_begun(1)
    draining = asyncio.create_task(loop.drain(WAIT_S))
    bench.may_end.set()
    await draining
    assert bench.ended == ["a"]


async def test_draining_does_not_wait_for_ever(bench: Workbench) -> None:
    bench.may_end.clear()
    loop = bench.loop()
    loop.offer(await bench.enqueue("a"))
    await bench.until_begun(1)
    await loop.drain(0.01)
    ended = list(bench.ended)
    bench.may_end.set()
    await bench.until_ended(1)
    assert ended == []


async def test_nothing_begins_while_draining(bench: Workbench) -> None:
    bench.may_end.clear()
    loop = bench.loop(concurrency=1)
    loop.offer(await bench.enqueue("a", "b"))
    await bench.until_begun(1)
    draining = asyncio.create_task(loop.drain(WAIT_S))
    bench.may_end.set()
    await draining
    loop.offer(await bench.enqueue("c"))
    await loop.drain(WAIT_S)
    assert bench.begun == ["a"]


class Failing(ModelStore):
    """A store that cannot be asked for work a few times."""

    def __init__(self, *, outages: int) -> None:
        super().__init__()
        self._outages = outages

    async def claim(
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, limit: int
    ) -> Sequence[OutboxItem]:
        """Claim, or raise."""
        if self._outages:
            self._outages -= 1
            raise StoreUnavailable
        return await super().claim(kind, now_ms=now_ms, lease_ms=lease_ms, limit=limit)
