"""Callbacks nobody will take: kept, listed, and posted again on request."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench
from tests.support.loopback import Reply
from tests.support.world import API_KEY

DAY_S = 24 * 3600
DOWN = Reply(status=503)


async def a_life(bench: Bench, *words: str) -> None:
    """Have a dispatch accepted and sent, and these statuses of its first step received."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    for word in words:
        await bench.hear(dispatch_uuid, word)


async def test_410_ends_the_attempts_at_once(bench: Bench) -> None:
    bench.receiver.replies.append(Reply(status=410))
    await a_life(bench, "submitted")
    await bench.deliver()
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    assert (letter.tries, letter.reason) == (1, "client-error")


@pytest.mark.parametrize("status", [400, 402, 405, 413, 422])
async def test_answers_that_promise_nothing_end_the_attempts_after_nine_repetitions(
    bench: Bench, status: int
) -> None:
    bench.receiver.replies += [Reply(status=status)] * 11
    await a_life(bench, "submitted")
    await bench.deliver()
    for delay in (5, 10, 20, 40, 80, 160, 320, 640, 900, 900):
        await bench.deliver_after(delay)
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    assert (letter.tries, len(bench.receiver.seen)) == (10, 10)


async def test_a_dead_letter_does_not_hold_up_its_lane(bench: Bench) -> None:
    bench.receiver.replies.append(Reply(status=410))
    await a_life(bench, "submitted", "delivered", "read")
    await bench.deliver()
    assert [told["status"] for told in await bench.told()][1:] == ["delivered", "read", "completed"]


async def test_a_dead_letter_can_be_posted_again(bench: Bench) -> None:
    bench.receiver.replies.append(Reply(status=410))
    await a_life(bench, "submitted")
    await bench.deliver()
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    was_there = await bench.engine.exhume(API_KEY, letter.item.item_id)
    await bench.deliver()
    first, again = bench.receiver.seen
    assert (was_there, first.body == again.body) == (True, True)
    assert await bench.store.dead_letters(API_KEY, limit=10) == []


async def test_a_dead_letter_that_is_posted_again_has_a_whole_schedule(bench: Bench) -> None:
    bench.receiver.replies += [Reply(status=410), DOWN, DOWN]
    await a_life(bench, "submitted")
    await bench.deliver()
    bench.clock.advance(3 * DAY_S)
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    await bench.engine.exhume(API_KEY, letter.item.item_id)
    await bench.deliver()
    assert [await bench.deliver_after(wait) for wait in (5, 10)] == [1, 1]


async def test_a_stranger_cannot_post_a_dead_letter_again(bench: Bench) -> None:
    bench.receiver.replies.append(Reply(status=410))
    await a_life(bench, "submitted")
    await bench.deliver()
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    assert not await bench.engine.exhume("somebody-else", letter.item.item_id)
