"""Turns: in order, but not at the price of a long wait."""

from __future__ import annotations

import asyncio

from gateway.stores.base import OutboxKind
from gateway.workers.turns import Turns
from tests.support.bench import Bench
from tests.support.loopback import Loopback, Reply


async def test_the_second_begins_when_the_first_has_ended() -> None:
    turns, told = Turns(), list[str]()

    async def take(name: str, until: asyncio.Event) -> None:
        async with turns.taking("lane"):
            told.append(f"{name} began")
            await until.wait()
            told.append(f"{name} ended")

    go = asyncio.Event()
    takes = [asyncio.create_task(take(name, go)) for name in ("first", "second", "third")]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*takes)
    assert told == [
        f"{name} {what}" for name in ("first", "second", "third") for what in ("began", "ended")
    ]


async def test_who_has_waited_long_enough_goes_out_of_turn() -> None:
    turns, never = Turns(longest_s=0.01), asyncio.Event()

    async def block() -> None:
        async with turns.taking("lane"):
            await never.wait()

    blocking = [asyncio.create_task(block()) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5), turns.taking("lane"):
        pass
    never.set()
    await asyncio.gather(*blocking)


async def test_keys_do_not_wait_for_each_other() -> None:
    turns = Turns()
    async with turns.taking("one"), asyncio.timeout(0.5), turns.taking("another"):
        pass


async def test_one_that_fails_lets_the_next_go() -> None:
    turns = Turns()
    try:
        async with turns.taking("lane"):
            raise RuntimeError
    except RuntimeError:
        async with asyncio.timeout(0.5), turns.taking("lane"):
            pass


async def test_nothing_is_remembered_of_turns_that_are_over() -> None:
    turns = Turns()
    async with turns.taking("lane"):
        pass
    assert turns._last == {}


async def test_what_a_lane_hands_out_together_is_delivered_in_order(bench: Bench) -> None:
    slow = asyncio.Event()
    bench.receiver.replies += [Reply(status=503), Reply(holds=slow)]
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    for word in ("submitted", "delivered", "read"):
        await bench.hear(dispatch_uuid, word)
    await bench.deliver()
    bench.clock.advance(30)
    items = await bench.take(OutboxKind.CALLBACK)
    works = [asyncio.create_task(bench.deliverer.work(item)) for item in items]
    await bench.receiver.wait_for(2)
    slow.set()
    await asyncio.gather(*works)
    assert said(bench.receiver)[1:] == ["submitted", "delivered", "read", "completed"]


def said(receiver: Loopback) -> list[object]:
    return [seen.json()["status"] for seen in receiver.seen]
