"""A receiver that is slow or dead holds up nobody but itself."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.stores.base import NewOutboxItem, OutboxItem, OutboxItemId, OutboxKind
from gateway.workers.loop import OutboxLoop
from tests.support.bench import Bench, a_bench
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.peers import receiving
from tests.support.world import API_KEY


class Slow:
    """A receiver that answers when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.server = Loopback(lambda seen: Reply(holds=self.answers))

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Slow]:
        """Listen; in the end everybody is answered."""
        async with self.server.listening():
            yield self
            self.answers.set()


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    """A slow receiver."""
    async with Slow().listening() as receiver:
        yield receiver


async def enqueue(bench: Bench, url: str, count: int, of: str = API_KEY) -> list[OutboxItem]:
    """Enqueue callbacks, each a lane of its own; return them claimed."""
    for number in range(count):
        item_id = OutboxItemId(owner=str(bench.clock.draw_uuid()), position=0)
        item = NewOutboxItem(
            item_id=item_id,
            kind=OutboxKind.CALLBACK,
            application=of,
            url=url,
            step=-1,
            body=b"%d" % number,
        )
        await bench.engine.enqueue(item, digest=uuid.UUID(item_id.owner).bytes)
    return await bench.take(OutboxKind.CALLBACK)


@contextlib.asynccontextmanager
async def working(bench: Bench, concurrency: int = 64) -> AsyncIterator[OutboxLoop]:
    """Let a loop work what is offered and what is due."""
    loop = OutboxLoop(
        kind=OutboxKind.CALLBACK,
        store=bench.store,
        clock=bench.clock,
        desk=bench.deliverer,
        applications=bench.applications,
        concurrency=concurrency,
        poll_s=0.005,
    )
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await loop.drain(1)


async def test_no_more_requests_go_to_an_origin_at_once_than_it_may_have(
    tmp_path: Path, slow: Slow
) -> None:
    async with (
        a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "2"}) as bench,
        working(bench) as loop,
    ):
        loop.offer(await enqueue(bench, slow.server.url, 5))
        await slow.server.wait_for(2)
        await bench.callbacks.post(bench.receiver.url, b"{}", {})  # time for a third to arrive
        at_once = len(slow.server.seen)
        slow.answers.set()
        await slow.server.wait_for(5)
        assert at_once == 2


async def test_what_an_origin_cannot_take_is_left_alone_for_a_while(
    tmp_path: Path, slow: Slow
) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench:
        held, parked = await enqueue(bench, slow.server.url, 2)
        work = asyncio.create_task(bench.deliverer.work(held))
        await slow.server.wait_for(1)
        await bench.deliverer.work(parked)
        at_once = await bench.take(OutboxKind.CALLBACK)
        bench.clock.advance(2)
        (again,) = await bench.take(OutboxKind.CALLBACK)
        slow.answers.set()
        await work
        assert (at_once, again.item_id, again.tries) == ([], parked.item_id, 0)


async def test_everything_is_delivered_to_a_slow_origin_in_the_end(
    tmp_path: Path, slow: Slow
) -> None:
    async with (
        a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench,
        working(bench) as loop,
    ):
        loop.offer(await enqueue(bench, slow.server.url, 20))
        await slow.server.wait_for(1)
        slow.answers.set()
        await slow.server.wait_for(20)
        assert sorted(seen.body for seen in slow.server.seen) == sorted(
            b"%d" % number for number in range(20)
        )


async def test_a_dead_origin_does_not_delay_another(tmp_path: Path, slow: Slow) -> None:
    async with (
        a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench,
        working(bench, concurrency=16) as loop,
    ):
        loop.offer(await enqueue(bench, slow.server.url, 40))
        loop.offer(await enqueue(bench, bench.receiver.url, 1))
        await bench.receiver.wait_for(1)
        slow.answers.set()
        assert len(slow.server.seen) < 40


TWO_ACCOUNTS = """
[[applications]]
api_key = "aaaaaaaa"
api_secret = "1234567890abcdef"
status_url = "{receiver}/a"

[[applications]]
api_key = "bbbbbbbb"
api_secret = "1234567890abcdef"
status_url = "{receiver}/b"
"""


async def test_a_receiver_that_hangs_leaves_slots_of_its_origin_to_another_account(
    tmp_path: Path,
) -> None:
    hung = asyncio.Event()

    def of_a_hangs(seen: Seen) -> Reply:
        return Reply(holds=hung) if seen.path == "/a" else Reply()

    async with (
        Loopback(of_a_hangs).listening() as shared,
        a_bench(tmp_path, config=TWO_ACCOUNTS, receiver=shared) as bench,
        working(bench) as loop,
    ):
        loop.offer(await enqueue(bench, f"{shared.url}/a", 300, of="aaaaaaaa"))
        await shared.wait_for(12)
        loop.offer(await enqueue(bench, f"{shared.url}/b", 20, of="bbbbbbbb"))
        await shared.wait_for(32)
        paths = [seen.path for seen in shared.seen]
        hung.set()
        assert (paths.count("/a"), paths.count("/b")) == (12, 20)


async def test_origins_differ_by_port(tmp_path: Path, slow: Slow) -> None:
    async with (
        Loopback(receiving).listening() as neighbour,
        a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench,
    ):
        held, free = [
            *await enqueue(bench, slow.server.url, 1),
            *await enqueue(bench, neighbour.url, 1),
        ]
        work = asyncio.create_task(bench.deliverer.work(held))
        await bench.deliverer.work(free)
        slow.answers.set()
        await work
        assert len(neighbour.seen) == 1
