"""A gateway that ends, however it ends, and the next one on the same store.

The first life is a bench that is left behind at some point, as by a kill; the second one is a
whole gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.engine import LEASE_MS
from gateway.stores.base import OutboxKind
from tests.support.bench import UNHEARD_OF, Bench
from tests.support.lives import Lives
from tests.support.loopback import Reply
from tests.support.peers import answer
from tests.support.world import WHATSAPP_THEN_SMS


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    """Surroundings that outlive gateways."""
    surroundings = Lives(folder=tmp_path)
    async with surroundings.upstream.listening(), surroundings.receiver.listening():
        yield surroundings


async def in_mid_send(bench: Bench) -> None:
    """Kill the process while the upstream has the request and has not answered."""
    answers = asyncio.Event()
    bench.upstream.replies.append(Reply(holds=answers, hangs_up=True))
    sending = asyncio.create_task(bench.send())
    await bench.upstream.wait_for(1)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    answers.set()


async def test_a_dispatch_that_was_only_accepted_is_sent_once(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "waiting")
    assert len(lives.upstream.seen) == 1


async def test_a_send_that_was_claimed_and_not_begun_is_sent_once(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        (item,) = await bench.take(OutboxKind.SEND)
        await bench.store.release(item, due_ms=0, tried=False)
        await bench.take(OutboxKind.SEND)
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "waiting")
    assert len(lives.upstream.seen) == 1


async def test_a_send_whose_intent_was_committed_is_never_sent(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        (item,) = await bench.take(OutboxKind.SEND)
        await bench.store.begin(item, now_ms=bench.clock.now_ms())
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "unknown")
        assert (await world.gateway.store.counts()).pending_sends == 0
    assert lives.upstream.seen == []


async def test_a_send_that_had_left_is_not_sent_again(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await in_mid_send(bench)
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "unknown")
        assert (await world.gateway.store.counts()).pending_sends == 0
    assert len(lives.upstream.seen) == 1


async def test_a_webhook_settles_what_the_kill_left_in_doubt(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await in_mid_send(bench)
    async with lives.whole() as world:
        await world.webhook(lives.upstream.seen[0].json(), "read")
        assert [told["status"] for told in await world.callbacks(2)] == ["read", "completed"]
        assert (await world.state(dispatch_uuid))["status"] == "completed"


async def test_what_the_kill_left_in_doubt_fails_over_by_its_expiry(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await in_mid_send(bench)
        await bench.store.sign(now_ms=lives.clock.now_ms())
    async with lives.whole() as world:
        await world.until_step(dispatch_uuid, 0, "unknown")
        lives.clock.advance(600)
        await world.until_step(dispatch_uuid, 1, "waiting")
    assert [seen.json()["channel"] for seen in lives.upstream.seen] == ["whatsapp", "sms"]


async def test_callbacks_that_were_owed_are_delivered_in_order(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        for word in ("submitted", "delivered", "read"):
            await bench.hear(dispatch_uuid, word)
    async with lives.whole() as world:
        told = [each["status"] for each in await world.callbacks(4)]
    assert told == ["submitted", "delivered", "read", "completed"]


async def test_a_callback_that_was_not_settled_is_delivered_again_as_it_was(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.hear(dispatch_uuid, "submitted")
        (item,) = await bench.take(OutboxKind.CALLBACK)
        await bench.callbacks.post(item.url, item.body, {})
    async with lives.whole() as world:
        await world.callbacks(2)
    first, again = lives.receiver.seen
    assert first.body == again.body


async def test_a_callback_that_was_settled_is_not_delivered_again(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.hear(dispatch_uuid, "submitted")
        await bench.deliver()
        await bench.hear(dispatch_uuid, "delivered")
    async with lives.whole() as world:
        told = [each["status"] for each in await world.callbacks(2)]
    assert told == ["submitted", "delivered"]


async def test_a_retry_keeps_its_date(lives: Lives) -> None:
    lives.receiver.replies.append(answer(503))
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.hear(dispatch_uuid, "submitted")
        await bench.deliver()
    async with lives.first() as bench:
        early = await bench.deliver_after(4.999)
        assert (early, await bench.deliver_after(0.001)) == (0, 1)


async def test_overdue_timers_fire_when_the_grace_after_the_start_is_over(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(2 * 3600)
    async with lives.whole() as world:
        assert len(lives.upstream.seen) == 1
        lives.clock.advance(915)
        await world.until_step(dispatch_uuid, 1, "waiting")
    assert len(lives.upstream.seen) == 2


async def test_timers_that_are_not_due_yet_are_not_fired_by_the_start(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
    lives.clock.advance(599.999)
    async with lives.first() as bench:
        early = await bench.timers.fire_due()
        assert (early, await bench.fire_after(0.001)) == (0, 1)
        assert await bench.standing(dispatch_uuid) == "open: expired sending"


async def test_a_webhook_that_was_held_when_its_message_became_known_is_used(
    lives: Lives,
) -> None:
    # The kill came between the commit that bound the message and the search for held webhooks.
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.hear_of(UNHEARD_OF, "read")
        await bench.hear(dispatch_uuid, "submitted", message_uuid=UNHEARD_OF)
    async with lives.whole() as world:
        told = [each["status"] for each in await world.callbacks(3)]
        assert (await world.gateway.store.counts()).held_webhooks == 0
    assert told == ["submitted", "read", "completed"]


async def test_a_webhook_is_known_again_after_the_start(lives: Lives) -> None:
    async with lives.first() as bench:
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.hear(dispatch_uuid, "submitted")
    async with lives.first() as bench:
        await bench.hear(dispatch_uuid, "submitted")
        assert len(await bench.told()) == 1


async def test_an_idempotency_key_is_known_again_after_the_start(lives: Lives) -> None:
    key = {"Idempotency-Key": "order-42"}
    async with lives.whole() as world:
        first = await world.post(WHATSAPP_THEN_SMS, **key)
    async with lives.whole() as world:
        again = await world.post(WHATSAPP_THEN_SMS, **key)
    assert again.json() == first.json()


async def test_a_lease_of_the_last_life_holds_nobody_up(lives: Lives) -> None:
    async with lives.first() as bench:
        await bench.dispatch()
        (item,) = await bench.take(OutboxKind.SEND)
    async with lives.first() as bench:
        (again,) = await bench.store.claim(
            OutboxKind.SEND,
            now_ms=bench.clock.now_ms(),
            lease_ms=LEASE_MS,
            room={item.application: 9},
        )
    assert (again.item_id, again.fence > item.fence) == (item.item_id, True)
