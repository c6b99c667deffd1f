"""The loop that works an outbox: bounded, stubborn, and quiet while it drains."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from gateway.applications import Applications
from gateway.engine import LEASE_MS
from gateway.settings import Application
from gateway.stores.base import (
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    Store,
    StoreUnavailable,
)
from gateway.workers.loop import OutboxLoop
from gateway.workers.rounds import Line
from tests.support.clock import ManualClock
from tests.support.loopback import WAIT_S
from tests.support.model_store import ModelStore
from tests.support.stores import open_sqlite_in_loop

NEVER_S = 3600.0
ACCOUNT = "an account"


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
        self.waits_ms: dict[tuple[str, str], float] = {}
        """By account and destination."""
        self.put_back_later: list[str] = []
        self.longest_line = 100
        self.looks_past = 0
        self._news = asyncio.Event()

    def line_of(self, item: NewOutboxItem) -> Line:
        """Return the line of an item: `account/destination/…` is its URL, in part or whole."""
        account, _, rest = item.url.rpartition("/")[0].partition("/")
        return Line(account or ACCOUNT, item.application, rest)

    def longest(self, application: str) -> int:
        """Return how many may wait in a line."""
        return self.longest_line

    def take(self, item: OutboxItem) -> float:
        """Let an item begin unless its line waits."""
        return self.waits_ms.get(self.line_of(item)[::2], 0)

    async def put_off(self, item: OutboxItem) -> None:
        """Give an item back for a second."""
        self.put_back_later.append(item.url)
        await self.store.release(item, due_ms=self.clock.now_ms() + 1000, tried=False)

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

    def made(self, name: str, application: str = "shop") -> NewOutboxItem:
        """Return a callback that is in no store yet."""
        return NewOutboxItem(
            item_id=OutboxItemId(owner=str(self.clock.draw_uuid()), position=0),
            kind=OutboxKind.CALLBACK,
            application=application,
            url=name,
            step=-1,
            body=b"{}",
        )

    async def _enqueue(self, name: str) -> Sequence[OutboxItem]:
        application = "stall" if name.startswith("stall") else "shop"
        item = self.made(name, application)
        digest = uuid.UUID(item.item_id.owner).bytes
        return await self.store.enqueue(
            item, digest=digest, now_ms=self.clock.now_ms(), lease_ms=LEASE_MS
        )

    async def put_back(self, *names: str) -> None:
        """Append callbacks that only a claim finds."""
        for item in await self.enqueue(*names):
            await self.store.release(item, due_ms=self.clock.now_ms(), tried=False)

    async def claim_all(self) -> Sequence[OutboxItem]:
        """Claim what the loop left in the store."""
        now_ms, room = self.clock.now_ms(), {"shop": 99, "stall": 99}
        return await self.store.claim(
            OutboxKind.CALLBACK, now_ms=now_ms, lease_ms=LEASE_MS, room=room
        )

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

    def loop(
        self,
        *,
        kind: OutboxKind = OutboxKind.CALLBACK,
        concurrency: int = 4,
        poll_s: float = NEVER_S,
    ) -> OutboxLoop:
        """Return a loop over this work."""
        return OutboxLoop(
            kind=kind,
            store=self.store,
            clock=self.clock,
            desk=self,
            applications=Applications(
                [
                    Application(api_key=ACCOUNT, name="shop"),
                    Application(api_key=ACCOUNT, name="stall"),
                ]
            ),
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
    loop = bench.loop(kind=OutboxKind.SEND)
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
    bench.longest_line = 2
    await bench.put_back("a", "b", "c")
    async with running(bench.loop(concurrency=1)):
        await bench.until_begun(1)
        left = await bench.claim_all()
        bench.may_end.set()
    assert len(left) == 1


async def test_after_a_full_claim_the_next_does_not_wait_for_the_poll(bench: Workbench) -> None:
    bench.longest_line = 2
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


async def test_accounts_have_their_turns_whatever_waits_of_one(bench: Workbench) -> None:
    loop = bench.loop(concurrency=1)
    loop.offer(await bench.enqueue("x/1", "x/2", "x/3", "y/1", "z/1", "x/4"))
    await bench.until_ended(6)
    assert bench.begun == ["x/1", "x/2", "y/1", "z/1", "x/3", "x/4"]


async def test_applications_of_one_account_have_their_turns_in_its_own(bench: Workbench) -> None:
    loop = bench.loop(concurrency=1)
    loop.offer(await bench.enqueue("a", "b", "c", "stall", "y/1", "y/2"))
    await bench.until_ended(6)
    assert bench.begun == ["a", "b", "y/1", "stall", "y/2", "c"]


async def test_who_waits_for_his_pace_holds_no_place(bench: Workbench) -> None:
    bench.waits_ms["x", ""] = 3_600_000
    loop = bench.loop(concurrency=1)
    loop.offer(await bench.enqueue("x/1", "x/2", "y/1"))
    await bench.until_ended(1)
    assert bench.begun == ["y/1"]


async def test_what_waited_for_its_pace_begins_when_that_comes(bench: Workbench) -> None:
    bench.waits_ms["x", ""] = 1
    loop = bench.loop()
    loop.offer(await bench.enqueue("x/1"))
    before = list(bench.begun)
    del bench.waits_ms["x", ""]
    await bench.until_ended(1)
    assert before == []


async def test_an_account_whose_work_hangs_leaves_places_to_others(bench: Workbench) -> None:
    bench.may_end.clear()
    loop = bench.loop(concurrency=4)
    loop.offer(await bench.enqueue("x/1", "x/2", "x/3", "x/4", "x/5"))
    loop.offer(await bench.enqueue("y/1"))
    await bench.until_begun(4)
    assert "y/1" in bench.begun
    bench.may_end.set()
    await loop.drain(WAIT_S)


async def test_a_line_that_is_full_stays_in_the_store(bench: Workbench) -> None:
    bench.longest_line = 2
    bench.waits_ms[ACCOUNT, ""] = 3_600_000
    loop = bench.loop()
    wanted = []
    for name in "abc":
        wanted.append(loop.wants(bench.made(name)))
        loop.offer(await bench.enqueue(name))
    assert wanted == [True, True, False]


async def test_a_full_line_is_not_the_one_of_another_destination(bench: Workbench) -> None:
    bench.longest_line = 1
    bench.waits_ms["x", ""] = 3_600_000
    loop = bench.loop()
    loop.offer(await bench.enqueue("x/1"))
    assert [loop.wants(bench.made(name)) for name in ("x/2", "x/other/1")] == [False, True]


async def test_nothing_overtakes_what_waits_in_the_store(bench: Workbench) -> None:
    bench.longest_line = 1
    bench.waits_ms[ACCOUNT, ""] = 3_600_000
    loop = bench.loop()
    loop.offer(await bench.enqueue("a"))
    loop.wants(bench.made("b"))
    bench.waits_ms.clear()
    loop.offer(())
    await bench.until_ended(1)
    assert not loop.wants(bench.made("c"))


async def test_once_the_store_holds_nothing_more_commits_hand_over_again(bench: Workbench) -> None:
    bench.longest_line = 1
    loop = bench.loop(poll_s=0.005)
    loop.offer(await bench.enqueue("a"))
    loop.wants(bench.made("b"))
    await bench.put_back("b")
    async with running(loop):
        await bench.until_ended(2)
        async with asyncio.timeout(WAIT_S):
            while not loop.wants(bench.made("c")):
                await bench.store.check()  # a claim comes in between


async def test_while_draining_everything_stays_in_the_store(bench: Workbench) -> None:
    loop = bench.loop()
    await loop.drain(1)
    assert not loop.wants(bench.made("a"))


async def test_what_waits_behind_a_full_line_is_found(bench: Workbench) -> None:
    bench.longest_line, bench.looks_past = 2, 5
    bench.waits_ms[ACCOUNT, ""] = 3_600_000
    other = f"{ACCOUNT}/other/1"
    await bench.put_back("a", "b", "c", other)
    loop = bench.loop(poll_s=0.005)
    loop.offer(await bench.enqueue("d", "e"))
    async with running(loop):
        await bench.until_ended(1)
    assert (bench.begun, sorted(bench.put_back_later)) == ([other], ["a", "b", "c"])


async def test_a_full_line_lets_nothing_new_of_another_destination_wait(bench: Workbench) -> None:
    bench.longest_line, bench.looks_past = 2, 3
    bench.waits_ms[ACCOUNT, ""] = 3_600_000
    other = f"{ACCOUNT}/other"
    await bench.put_back("a", "b", f"{other}/again")
    bench.clock.advance(1)
    await bench.put_back("c", "d", "e")
    loop = bench.loop(poll_s=0.005)
    loop.offer(await bench.enqueue("f", "g"))
    async with running(loop):
        await bench.until_ended(1)
        assert loop.wants(bench.made(f"{other}/new"))


class Failing(ModelStore):
    """A store that cannot be asked for work a few times."""

    def __init__(self, *, outages: int) -> None:
        super().__init__()
        self._outages = outages

    async def claim(
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, room: Mapping[str, int]
    ) -> Sequence[OutboxItem]:
        """Claim, or raise."""
        if self._outages:
            self._outages -= 1
            raise StoreUnavailable
        return await super().claim(kind, now_ms=now_ms, lease_ms=lease_ms, room=room)
