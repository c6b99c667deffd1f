"""Down, stalled, without a store: timers wait for what the vendor repeats."""

from __future__ import annotations

import itertools

import pytest

from gateway.stores.base import Hold, StoreUnavailable
from tests.gateway.api.surface import read_only, until
from tests.gateway.safeguards.stage import readiness, reasons, until_held, until_reasons
from tests.support.lives import Lives
from tests.support.loopback import Reply
from tests.support.world import World, failing_over, step, workflow
from translators.diagnostics import JsonObject

SHORT = workflow(step("whatsapp", **failing_over("delivered", 15)), step("sms"))
LAST_IN_DOUBT_S = 900
RHYTHMS_S = ((5, 10, 20, 40, 80, 160, 320, 640, 900, 900), (5, 60, 300, 900, 900))


async def waiting(world: World, document: JsonObject = SHORT, count: int = 1) -> list[str]:
    """Have workflows accepted whose first step waits."""
    before = len(world.upstream.seen)
    dispatches = [await world.dispatch(document) for _ in range(count)]
    await world.sends(before + count)
    for dispatch_uuid in dispatches:
        await world.until_step(dispatch_uuid, 0, "waiting")
    return dispatches


async def until_signed(world: World) -> None:
    """Wait until the last sign of life is of now."""

    async def is_signed() -> bool:
        return await world.gateway.store.signed_ms() == world.clock.now_ms()

    await until(is_signed)


async def until_hearing(world: World) -> None:
    """Wait until what was missed is held, and silence means something again."""

    async def hears() -> bool:
        return world.gateway.safeguards.hearing.can_hear()

    await until(hears)


async def test_while_a_dispatch_is_open_there_are_signs_of_life(world: World) -> None:
    await waiting(world)
    world.clock.advance(1)
    await until_signed(world)


async def test_after_a_stall_no_timer_fires_before_the_grace(world: World) -> None:
    (dispatch_uuid,) = await waiting(world)
    world.clock.stall(17)
    await until_reasons(world, "gap")
    await until_held(world, 1)
    world.clock.advance(79.9)
    assert (await world.state(dispatch_uuid))["held"] == [
        {
            "reason": "gap",
            "since": "2025-02-03T12:14:25.000Z",
            "until": "2025-02-03T12:16:02.000Z",
        }
    ]
    assert len(world.upstream.seen) == 1
    world.clock.advance(0.1)
    await world.sends(2)


async def test_a_webhook_that_waited_in_the_socket_stops_its_timer(world: World) -> None:
    (dispatch_uuid,) = await waiting(world)
    (send,) = await world.sends(1)
    world.clock.stall(17)
    await world.webhook(send, "delivered")
    world.clock.advance(80)
    await until_reasons(world)
    assert (await world.state(dispatch_uuid))["status"] == "completed"
    assert len(world.upstream.seen) == 1


async def test_what_falls_due_after_the_stall_waits_as_well(world: World) -> None:
    await waiting(world, workflow(step("whatsapp", **failing_over("delivered", 30)), step("sms")))
    world.clock.stall(17)
    await until_reasons(world, "gap")
    world.clock.advance(20)
    await until_held(world, 1)


async def test_a_gap_is_told_where_an_operator_looks(world: World) -> None:
    await waiting(world)
    world.clock.stall(17)
    await until_reasons(world, "gap")
    status, lines = await readiness(world)
    assert (status, lines[0]) == (200, "degraded")
    assert lines[1].startswith(
        "gap: account abcd1234 since 2025-02-03T12:14:25.000Z until 2025-02-03T12:16:02.000Z: "
    )


async def test_a_stall_with_nothing_open_holds_nothing(world: World) -> None:
    await readiness(world)  # by now the loop turned
    world.clock.stall(17)
    assert not world.gateway.safeguards.hearing.can_hear()
    await until_hearing(world)
    assert reasons(world) == []


async def test_a_lag_under_a_second_is_no_gap(world: World) -> None:
    await waiting(world)
    world.clock.advance(15)
    world.clock.stall(0.9)
    await world.sends(2)
    assert reasons(world) == []


async def test_a_second_gap_is_held_as_long_as_both_together(world: World) -> None:
    await waiting(world)
    world.clock.stall(400)
    await until_reasons(world, "gap")
    world.clock.stall(3)
    assert not world.gateway.safeguards.hearing.can_hear()
    await until_hearing(world)
    world.clock.advance(914.9)
    await world.gateway.safeguards.holds.turn()
    assert reasons(world) == ["gap"]
    world.clock.advance(0.1)
    await until_reasons(world)


async def test_gaps_that_follow_before_the_grace_is_over_are_waited_for_as_one(
    lives: Lives,
) -> None:
    async with lives.first() as bench:
        await bench.dispatch(SHORT)
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(300)
    # It starts, leaves its signs of life, and is gone before the vendor has repeated anything.
    async with lives.whole():
        pass
    lives.clock.advance(120)
    async with lives.whole() as world:
        await until_held(world, 1)
        lives.clock.advance(914.9)
        await world.gateway.safeguards.holds.turn()
        assert reasons(world) == ["gap"]
        lives.clock.advance(0.1)
        await world.sends(2)


async def test_a_gap_whose_grace_is_over_counts_no_more(lives: Lives) -> None:
    async with lives.first() as bench:
        await bench.dispatch(workflow(step("whatsapp", **failing_over("read", 3600)), step("sms")))
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    for _ in range(3):
        lives.clock.advance(60)
        async with lives.whole() as world:
            assert reasons(world) == ["gap"]
            lives.clock.advance(79.9)
            await world.gateway.safeguards.holds.turn()
            assert reasons(world) == ["gap"]
            lives.clock.advance(0.1)
            await until_reasons(world)


async def test_an_outage_of_the_store_is_a_gap(world: World) -> None:
    await waiting(world)
    await until_signed(world)
    (send,) = await world.sends(1)
    async with read_only(world):
        world.clock.advance(16)
        refused = await world.webhook(send, "delivered")
        assert not world.gateway.safeguards.hearing.can_hear()
    await until_reasons(world, "gap")
    await until_held(world, 1)
    assert (refused.status_code, len(world.upstream.seen)) == (503, 1)


@pytest.mark.parametrize("down_s", [17, 600, 7200])
@pytest.mark.parametrize("rhythm_s", RHYTHMS_S, ids=["doubling", "steps"])
async def test_after_a_downtime_nobody_gets_a_second_message_if_the_vendor_repeats(
    lives: Lives, down_s: int, rhythm_s: tuple[int, ...]
) -> None:
    expiries_s = [15, max(15, down_s // 2), down_s + 1, down_s + 5, down_s + 60] * 8
    async with lives.first() as bench:
        dispatches = [
            await bench.dispatch(
                workflow(step("whatsapp", **failing_over("delivered", expiry_s)), step("sms"))
            )
            for expiry_s in expiries_s
        ]
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(down_s)
    sends = [seen.json() for seen in lives.upstream.seen]
    async with lives.whole() as world:
        lives.clock.advance(next_attempt_s(rhythm_s, down_s) - down_s)
        await world.gateway.safeguards.holds.turn()
        for send, dispatch_uuid in zip(sends, dispatches, strict=True):
            record = await world.gateway.store.load(dispatch_uuid)
            assert record is not None
            message_uuid = record.state.steps[0].message_uuid
            answer = await world.webhook(send, "delivered", message_uuid=message_uuid)
            assert answer.status_code == 200
        lives.clock.advance(20 * 60)
        await until_reasons(world)
        states = {(await world.state(dispatch_uuid))["status"] for dispatch_uuid in dispatches}
    assert (states, len(lives.upstream.seen)) == ({"completed"}, len(expiries_s))


def next_attempt_s(rhythm_s: tuple[int, ...], down_s: int) -> int:
    """Return when the vendor's first repetition after the downtime comes, counted from its start.

    Its first attempt was made at the very beginning.
    """
    attempts_s = list(itertools.accumulate((*rhythm_s, *[rhythm_s[-1]] * 90)))
    return next(at_s for at_s in attempts_s if at_s >= down_s)


@pytest.mark.parametrize("down_s", [17, 600, 7200])
async def test_with_no_webhook_coming_the_second_message_goes_out_when_the_grace_ends(
    lives: Lives, down_s: int
) -> None:
    grace_s = {17: 80, 600: 915, 7200: 915}[down_s]
    async with lives.first() as bench:
        await bench.dispatch(SHORT)
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(down_s)
    async with lives.whole() as world:
        await until_held(world, 1)
        lives.clock.advance(grace_s - 0.1)
        await world.gateway.safeguards.holds.turn()
        assert len(lives.upstream.seen) == 1
        lives.clock.advance(0.1)
        await world.sends(2)


async def test_a_clean_restart_of_3_s_holds_nothing_that_is_due_later_than_10_s_after_it(
    lives: Lives,
) -> None:
    async with lives.whole() as world:
        await waiting(world, workflow(step("whatsapp", **failing_over("read", 30)), step("sms")))
        lives.clock.advance(15)
    lives.clock.advance(3)
    async with lives.whole() as world:
        lives.clock.advance(10)
        await until_reasons(world)
        lives.clock.advance(2)
        await world.sends(2)


async def test_a_store_without_open_dispatches_starts_without_a_hold(lives: Lives) -> None:
    async with lives.whole():
        pass
    lives.clock.advance(7200)
    async with lives.whole() as world:
        assert reasons(world) == []


async def test_the_grace_of_an_in_doubt_last_step_and_the_horizon_wait_like_an_expiry(
    lives: Lives,
) -> None:
    async with lives.first() as bench:
        lives.upstream.default = lambda seen: Reply(hangs_up=True)
        await bench.dispatch(workflow(step("sms")))
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())
    lives.clock.advance(LAST_IN_DOUBT_S + 1)
    async with lives.whole() as world:
        await until_held(world, 1)
        assert lives.receiver.seen == []


async def test_a_gap_is_held_though_the_store_fails_at_first(world: World) -> None:
    await waiting(world)
    world.clock.stall(17)
    assert not world.gateway.safeguards.hearing.can_hear()
    async with read_only(world):
        with pytest.raises(StoreUnavailable):
            await world.gateway.safeguards.hearing._settle()
        assert not world.gateway.safeguards.hearing.can_hear()
    await until_reasons(world, "gap")
    assert len(world.upstream.seen) == 1


async def test_where_no_sign_of_life_was_left_the_latest_commit_tells_how_long_it_was(
    lives: Lives,
) -> None:
    # A first process that ended before its clock was found right.
    async with lives.first() as bench:
        await bench.dispatch(SHORT)
        await bench.send()
    lives.clock.advance(17)
    async with lives.whole() as world:
        await until_held(world, 1)
        (gap,) = world.gateway.safeguards.holds.all()
        assert (gap.until_ms or 0) - lives.clock.now_ms() == 80_000
        assert len(lives.upstream.seen) == 1


async def test_a_sign_of_life_from_the_future_tells_nothing_and_the_longest_grace_is_waited_for(
    lives: Lives,
) -> None:
    async with lives.first() as bench:
        await bench.dispatch(SHORT)
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms() + 3_600_000)
    lives.clock.advance(17)
    async with lives.whole() as world:
        await until_held(world, 1)
        (gap,) = world.gateway.safeguards.holds.all()
        assert (gap.until_ms or 0) - lives.clock.now_ms() == 915_000


async def test_no_sign_of_life_is_left_before_a_gap_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(world)
    await until_signed(world)
    store, signed_ms = world.gateway.store, world.clock.now_ms()
    place_hold, found = store.place_hold, list[int | None]()

    async def and_look(hold: Hold) -> None:
        """Look at what a process that was killed right now would leave behind."""
        found.append(await store.signed_ms())
        await place_hold(hold)

    async def is_found() -> bool:
        return bool(found)

    monkeypatch.setattr(store, "place_hold", and_look)
    world.clock.stall(17)
    await until(is_found)
    assert found == [signed_ms]


async def test_who_stops_listening_does_not_act_and_is_deaf_from_then_on(lives: Lives) -> None:
    async with lives.whole() as world:
        await waiting(world)
        world.gateway.safeguards.hearing.stop()
        lives.clock.advance(20)  # for as long as a send that is under way takes
        assert await world.gateway._timers.fire_due() == 0
    lives.clock.advance(3)
    async with lives.whole() as world:
        await until_held(world, 1)
        (gap,) = world.gateway.safeguards.holds.all()
        assert (gap.until_ms or 0) - lives.clock.now_ms() == 80_000
        assert len(lives.upstream.seen) == 1


async def test_who_is_told_to_end_right_after_a_stall_leaves_no_sign_that_hides_it(
    lives: Lives,
) -> None:
    async with lives.whole() as world:
        await waiting(world)
        lives.clock.stall(120)
        world.gateway.safeguards.hearing.stop()
    lives.clock.advance(5)
    async with lives.whole() as world:
        await until_held(world, 1)
        (gap,) = world.gateway.safeguards.holds.all()
        assert (gap.until_ms or 0) - lives.clock.now_ms() == 315_000
