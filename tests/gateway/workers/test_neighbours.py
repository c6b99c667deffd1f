"""What waits of one account delays no send of another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.stores.base import OutboxItem, OutboxKind
from gateway.workers.loop import OutboxLoop
from tests.support.bench import Bench, a_bench
from tests.support.loopback import WAIT_S, Loopback, Reply
from tests.support.world import step, workflow

ACCOUNTS = """
[[applications]]
api_key = "aaaaaaaa"
api_secret = "1234567890abcdef"
status_url = "{receiver}/a"

[[applications]]
api_key = "bbbbbbbb"
api_secret = "1234567890abcdef"
status_url = "{receiver}/b"
"""
GREEDY, SMALL = 0, 1


@contextlib.asynccontextmanager
async def sending(bench: Bench) -> AsyncIterator[OutboxLoop]:
    """Let a loop send what is offered and what is due."""
    loop = OutboxLoop(
        kind=OutboxKind.SEND,
        store=bench.store,
        clock=bench.clock,
        desk=bench.sender,
        applications=bench.applications,
        concurrency=bench.settings.send_concurrency,
        poll_s=0.005,
    )
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await loop.drain(1)


async def accepted(bench: Bench, of: int, count: int, text: str) -> list[OutboxItem]:
    """Have workflows accepted; return their sends."""
    for _ in range(count):
        await bench.dispatch(workflow(step("sms", text)), of=of)
    items, bench.offered[:] = list(bench.offered), []
    return items


def texts(bench: Bench) -> list[str]:
    """Return what left."""
    return [str(seen.json()["text"]) for seen in bench.upstream.seen]


async def until_left(bench: Bench, text: str, count: int) -> None:
    """Wait until so many of these left."""
    left = len(bench.upstream.seen)
    async with asyncio.timeout(WAIT_S):
        while texts(bench).count(text) < count:
            left += 1
            await bench.upstream.wait_for(left)


async def test_what_waits_for_its_pace_is_in_no_other_accounts_way(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_SEND_RATE": "1"}, config=ACCOUNTS) as bench:
        crowd = await accepted(bench, GREEDY, 300, "crowd")
        async with sending(bench) as loop:
            loop.offer(crowd)
            await until_left(bench, "crowd", 1)
            loop.offer(await accepted(bench, SMALL, 1, "neighbour"))
            await until_left(bench, "neighbour", 1)
        # The clock stands still, so no second turn of the crowd ever came.
        assert texts(bench) == ["crowd", "neighbour"]


async def test_what_is_due_in_the_store_is_in_no_other_accounts_way(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_SEND_RATE": "1"}, config=ACCOUNTS) as bench:
        for item in await accepted(bench, GREEDY, 300, "crowd"):
            await bench.store.release(item, due_ms=bench.clock.now_ms(), tried=False)
        for item in await accepted(bench, SMALL, 1, "neighbour"):
            await bench.store.release(item, due_ms=bench.clock.now_ms() + 1, tried=False)
        bench.clock.advance(1)
        async with sending(bench):
            await until_left(bench, "neighbour", 1)
        assert texts(bench).count("crowd") <= 1


async def test_sends_that_hang_leave_places_to_another_account(tmp_path: Path) -> None:
    answers = asyncio.Event()
    hanging = Loopback(lambda seen: Reply(holds=answers, status=202, body=b"{}"))
    async with (
        hanging.listening() as upstream,
        a_bench(tmp_path, config=ACCOUNTS, upstream=upstream) as bench,
        sending(bench) as loop,
    ):
        loop.offer(await accepted(bench, GREEDY, 100, "crowd"))
        # With that of the environment there are three: of 64 places ten are kept for each.
        await until_left(bench, "crowd", 44)
        loop.offer(await accepted(bench, SMALL, 16, "neighbour"))
        await until_left(bench, "neighbour", 10)
        assert texts(bench).count("crowd") == 44
        answers.set()


async def test_a_silence_of_one_account_is_not_anothers(tmp_path: Path) -> None:
    async with a_bench(tmp_path, config=ACCOUNTS) as bench, sending(bench) as loop:
        bench.upstream.replies.append(Reply(status=429, headers={"Retry-After": "600"}))
        loop.offer(await accepted(bench, GREEDY, 1, "first"))
        await until_left(bench, "first", 1)
        await bench.store.check()
        loop.offer(await accepted(bench, SMALL, 8, "neighbour"))
        await until_left(bench, "neighbour", 8)
