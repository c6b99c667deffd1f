"""Sends that are accepted while nothing is heard: silence is not acted on for a while, once."""

from __future__ import annotations

import asyncio

from tests.gateway.safeguards.stage import readiness, reasons, until_held, until_reasons
from tests.support.lives import Lives
from tests.support.world import API_KEY, World


async def sent(world: World, count: int) -> list[str]:
    """Have workflows accepted and their first steps sent."""
    before = len(world.upstream.seen)
    dispatches = [await world.dispatch() for _ in range(count)]
    await world.sends(before + count)
    for dispatch_uuid in dispatches:
        await world.until_step(dispatch_uuid, 0, "waiting")
    return dispatches


async def test_five_sends_and_no_webhook_for_a_minute_hold_the_account(world: World) -> None:
    dispatches = await sent(world, 5)
    world.clock.advance(60)
    await until_reasons(world, "unheard")
    status, lines = await readiness(world)
    assert (status, lines[0]) == (200, "degraded")
    assert lines[1].startswith("unheard: account abcd1234 since 2025-02-03T12:14:25.000Z: ")
    assert "GATEWAY_PUBLIC_URL" in lines[1]
    held = (await world.state(dispatches[0]))["held"]
    assert held == [
        {
            "reason": "unheard",
            "since": "2025-02-03T12:14:25.000Z",
            "until": "2025-02-03T12:30:25.000Z",
        }
    ]


async def test_four_do_not(world: World) -> None:
    await sent(world, 4)
    world.clock.advance(600)
    await world.sends(8)
    assert reasons(world) == []


async def test_a_minute_counts_from_the_fifth(world: World) -> None:
    await sent(world, 4)
    world.clock.advance(30)
    await sent(world, 1)
    world.clock.advance(59)
    await world.gateway.safeguards._unheard.turn()
    assert reasons(world) == []
    world.clock.advance(1)
    await until_reasons(world, "unheard")


async def test_after_the_hold_timers_fire_and_the_alarm_stays(world: World) -> None:
    await sent(world, 5)
    world.clock.advance(60)
    await until_reasons(world, "unheard")
    world.clock.advance(700)
    await until_held(world, 5)
    world.clock.advance(200)
    await world.sends(10)
    assert (await readiness(world))[1][1].startswith("unheard: account abcd1234 ")
    assert reasons(world) == []


async def test_one_silence_is_held_once(world: World) -> None:
    await sent(world, 5)
    world.clock.advance(60)
    await until_reasons(world, "unheard")
    world.clock.advance(900)
    await world.sends(10)
    world.clock.advance(600)
    await world.gateway.safeguards._unheard.turn()
    assert reasons(world) == []


async def test_a_webhook_ends_it_after_the_grace(world: World) -> None:
    await sent(world, 5)
    world.clock.advance(60)
    await until_reasons(world, "unheard")
    (send, *_) = await world.sends(5)
    await world.webhook(send, "submitted")
    assert reasons(world) == ["gap"]
    assert (await readiness(world))[1][1].startswith("gap: account abcd1234 ")
    world.clock.advance(80)
    await until_reasons(world)


async def test_a_webhook_in_time_keeps_the_account_heard(world: World) -> None:
    await sent(world, 5)
    (send, *_) = await world.sends(5)
    world.clock.advance(59)
    await world.webhook(send, "submitted")
    world.clock.advance(541)
    await world.sends(10)
    assert reasons(world) == []


async def test_it_can_be_switched_off(lives: Lives) -> None:
    async with lives.whole(GATEWAY_UNHEARD_HOLD="0") as world:
        await sent(world, 5)
        lives.clock.advance(600)
        await world.sends(10)
        assert (await readiness(world))[1] == ["ready"]


async def test_the_hold_and_its_alarm_survive_a_restart(lives: Lives) -> None:
    async with lives.whole() as world:
        await sent(world, 5)
        lives.clock.advance(60)
        await until_reasons(world, "unheard")
    async with lives.whole() as world:
        lives.clock.advance(700)
        await until_held(world, 5)
        assert (await readiness(world))[1][1].startswith("unheard: account abcd1234 ")


async def test_what_was_counted_before_a_restart_counts_after_it(lives: Lives) -> None:
    async with lives.whole() as world:
        await sent(world, 3)
        lives.clock.advance(30)
    async with lives.whole() as world:
        await sent(world, 2)
        lives.clock.advance(60)
        await until_reasons(world, "unheard")


async def test_the_count_survives_a_kill_a_second_later(lives: Lives) -> None:
    async with lives.first() as bench:
        await bench.dispatch()
        await bench.send()
        for _ in range(5):
            bench.safeguards._unheard.accepted(API_KEY)
        lives.clock.advance(1)
        await bench.safeguards._unheard.turn()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(60)
    async with lives.whole() as world:
        await until_reasons(world, "gap", "unheard")


async def test_who_is_heard_of_is_forgotten_by_the_store_too(lives: Lives) -> None:
    async with lives.whole() as world:
        await sent(world, 5)
        lives.clock.advance(30)
        await world.gateway.safeguards._unheard.turn()
        (send, *_) = await world.sends(5)
        noted = dict(await world.gateway.store.silences())
        await world.webhook(send, "submitted")
        assert (list(noted), dict(await world.gateway.store.silences())) == (["abcd1234"], {})


async def test_webhooks_that_end_a_silence_together_are_all_taken(lives: Lives) -> None:
    async with lives.whole() as world:
        await sent(world, 5)
        lives.clock.advance(30)
        await world.gateway.safeguards._unheard.turn()
        sends = await world.sends(5)
        answers = await asyncio.gather(*(world.webhook(send, "submitted") for send in sends))
        assert {answer.status_code for answer in answers} == {200}


async def test_what_was_counted_is_forgotten_where_the_fence_is_off(lives: Lives) -> None:
    async with lives.whole() as world:
        await sent(world, 5)
        lives.clock.advance(30)
    lives.clock.advance(60)
    async with lives.whole(GATEWAY_UNHEARD_HOLD="0") as world:
        assert dict(await world.gateway.store.silences()) == {}
        await world.gateway.safeguards._unheard.turn()
        assert all(alarm.kind != "unheard" for alarm in world.gateway.alarms.standing())
