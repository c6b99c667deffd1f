"""A regular end: what is under way is finished, nothing begins, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bench import UNHEARD_OF
from tests.support.lives import Lives
from tests.support.loopback import Reply
from tests.support.world import step, workflow

DRAINED_S = 0.05
"""When the upstream answers, after the end began: a gateway that does not wait is gone by then."""


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    """Surroundings that outlive gateways."""
    surroundings = Lives(folder=tmp_path)
    async with surroundings.upstream.listening(), surroundings.receiver.listening():
        yield surroundings


def answering_while_it_ends(answers: asyncio.Event) -> None:
    """Let the upstream answer a little later, when the gateway is about to end."""
    asyncio.get_running_loop().call_later(DRAINED_S, answers.set)


async def test_a_send_under_way_at_the_end_is_finished(lives: Lives) -> None:
    answers = asyncio.Event()
    body = b'{"message_uuid": "%s"}' % UNHEARD_OF.encode()
    lives.upstream.replies.append(Reply(status=202, body=body, holds=answers))
    async with lives.whole() as world:
        dispatch_uuid = await world.dispatch()
        await world.sends(1)
        answering_while_it_ends(answers)
    async with lives.first() as bench:
        assert await bench.standing(dispatch_uuid) == "open: waiting pending"


async def test_what_a_finished_send_leads_to_is_done_by_the_next_life(lives: Lives) -> None:
    answers = asyncio.Event()
    lives.upstream.replies.append(Reply(status=422, holds=answers))
    async with lives.whole() as world:
        dispatch_uuid = await world.dispatch()
        await world.sends(1)
        answering_while_it_ends(answers)
    sent = len(lives.upstream.seen)
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 1, "waiting")
        told = [each["status"] for each in await world.callbacks(1)]
    assert (sent, len(lives.upstream.seen), told) == (1, 2, ["rejected"])


async def test_nothing_begins_while_the_gateway_ends(lives: Lives) -> None:
    answers = asyncio.Event()
    lives.upstream.replies.append(Reply(hangs_up=True, holds=answers))
    async with lives.whole(GATEWAY_SEND_CONCURRENCY="1") as world:
        await world.dispatch()
        await world.sends(1)
        waiting = await world.dispatch(workflow(step("sms")))
        answering_while_it_ends(answers)
    sent = len(lives.upstream.seen)
    async with lives.whole() as world:
        await world.until_step(waiting, 0, "waiting")
    assert (sent, len(lives.upstream.seen)) == (1, 2)


async def test_a_send_that_does_not_end_in_time_is_left_in_doubt(lives: Lives) -> None:
    answers = asyncio.Event()
    lives.upstream.replies.append(Reply(hangs_up=True, holds=answers))
    async with lives.whole(GATEWAY_DRAIN="0") as world:
        dispatch_uuid = await world.dispatch()
        await world.sends(1)
    answers.set()
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "unknown")
    assert len(lives.upstream.seen) == 1
