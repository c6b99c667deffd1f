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
from tests.support.loopback import Loopback, Reply
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


async def enqueue(bench: Bench, url: str, count: int) -> list[OutboxItem]:
    """Enqueue callbacks, each a lane of its own; return them claimed."""
    for number in range(count):
        item_id = OutboxItemId(owner=str(bench.clock.draw_uuid()), position=0)
        item = NewOutboxItem(
            item_id=item_id,
            kind=OutboxKind.CALLBACK,
            application=API_KEY,
            url=url,
            step=-1,
            body=b"%d" % number,
        )
        await bench.engine.enqueue(item, digest=uuid.UUID(item_id.owner).bytes)
    return await bench.take(OutboxKind.CALLBACK)


async def test_no_more_requests_go_to_an_origin_at_once_than_it_may_have(
    tmp_path: Path, slow: Slow
) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "2"}) as bench:
        items = await enqueue(bench, slow.server.url, 5)
        works = [asyncio.create_task(bench.deliverer.work(item)) for item in items]
        await slow.server.wait_for(2)
        await bench.callbacks.post(bench.receiver.url, b"{}", {})  # time for a third to arrive
        at_once = len(slow.server.seen)
        slow.answers.set()
        await asyncio.gather(*works)
        assert (at_once, len(slow.server.seen)) == (2, 5)


async def test_what_an_origin_cannot_take_soon_is_parked(tmp_path: Path, slow: Slow) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench:
        *waiting, parked = await enqueue(bench, slow.server.url, 5)
        works = [asyncio.create_task(bench.deliverer.work(item)) for item in waiting]
        await slow.server.wait_for(1)
        await bench.deliverer.work(parked)
        bench.clock.advance(2)
        (again,) = await bench.take(OutboxKind.CALLBACK)
        slow.answers.set()
        await asyncio.gather(*works)
        assert (again.item_id, again.tries) == (parked.item_id, 0)


async def test_a_parked_callback_is_left_alone_for_a_while(tmp_path: Path, slow: Slow) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench:
        *waiting, parked = await enqueue(bench, slow.server.url, 5)
        works = [asyncio.create_task(bench.deliverer.work(item)) for item in waiting]
        await slow.server.wait_for(1)
        await bench.deliverer.work(parked)
        at_once = await bench.take(OutboxKind.CALLBACK)
        slow.answers.set()
        await asyncio.gather(*works)
        assert at_once == []


async def test_a_parked_callback_is_delivered_in_the_end(tmp_path: Path, slow: Slow) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench:
        items = await enqueue(bench, slow.server.url, 6)
        works = [asyncio.create_task(bench.deliverer.work(item)) for item in items]
        await slow.server.wait_for(1)
        slow.answers.set()
        await asyncio.gather(*works)
        await bench.deliver_after(2)
        assert sorted(seen.body for seen in slow.server.seen) == [b"%d" % n for n in range(6)]


async def test_a_dead_origin_does_not_delay_another(tmp_path: Path, slow: Slow) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_CONCURRENCY": "1"}) as bench:
        loop = OutboxLoop(
            kind=OutboxKind.CALLBACK,
            store=bench.store,
            clock=bench.clock,
            work=bench.deliverer.work,
            concurrency=16,
        )
        loop.offer(await enqueue(bench, slow.server.url, 40))
        loop.offer(await enqueue(bench, bench.receiver.url, 1))
        await bench.receiver.wait_for(1)
        slow.answers.set()
        await loop.drain(1)
        assert len(slow.server.seen) < 40


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
