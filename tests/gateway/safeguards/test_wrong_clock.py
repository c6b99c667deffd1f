"""Nothing is done under a clock in dispute that would keep its wrong instant afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate

import pytest

from gateway.alarms import AlarmKind
from tests.gateway.api.surface import until
from tests.gateway.safeguards.stage import until_reasons
from tests.support.clock import START_MS
from tests.support.lives import Lives
from tests.support.loopback import Reply, Seen
from tests.support.peers import accepting
from tests.support.world import World, failing_over, step, workflow
from translators.diagnostics import JsonObject

HOUR_S = 3600
ONE_HOUR = workflow(step("whatsapp", **failing_over("read", HOUR_S)), step("sms"))
THREE = workflow(
    step("whatsapp", **failing_over("read", HOUR_S)),
    step("sms", **failing_over("delivered", HOUR_S)),
    step("sms"),
)


@pytest.fixture(autouse=True)
def read_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the clocks anew every 10 ms."""
    monkeypatch.setattr("gateway.safeguards.clock_check.EVERY_S", 0.01)


def dated(post: Callable[[Seen], Reply] = accepting) -> Callable[[Seen], Reply]:
    """Return an upstream that tells the time, which stands still, and answers sends like `post`."""

    def answer(seen: Seen) -> Reply:
        if seen.path == "/":
            return Reply(headers={"Date": formatdate(START_MS // 1000, usegmt=True)})
        return post(seen)

    return answer


def sent(lives: Lives) -> list[JsonObject]:
    """Return the messages that the upstream saw."""
    return [seen.json() for seen in lives.upstream.seen if seen.path != "/"]


async def until_sent(lives: Lives, count: int) -> None:
    """Wait until the upstream saw so many messages."""

    async def are_sent() -> bool:
        return len(sent(lives)) == count

    await until(are_sent)


async def left_unsent(lives: Lives, count: int = 1) -> list[str]:
    """Leave dispatches behind that were accepted, and nothing of them sent."""
    async with lives.first() as bench:
        uuids = [await bench.dispatch(ONE_HOUR) for _ in range(count)]
        await bench.store.sign(now_ms=lives.clock.now_ms())
    return uuids


def start_wrong(lives: Lives, seconds: float) -> None:
    """Let the next process start under a wrong clock, beside an upstream that tells."""
    lives.clock.set_wrong(seconds)
    lives.clock.anchor()
    lives.upstream.default = dated()


async def in_dispute(world: World) -> None:
    """Wait until the dispute is known, and give every worker a few turns in it."""
    await until_alarm(world)
    await asyncio.sleep(0.3)  # longer than any worker's poll: what must not happen has its chance


async def until_alarm(world: World) -> None:
    async def is_told() -> bool:
        return any(alarm.kind is AlarmKind.CLOCK for alarm in world.gateway.alarms.standing())

    await until(is_told)


async def agreed(world: World) -> None:
    """Set the clock, and wait until it was taken over."""
    world.clock.set_wrong(0)
    await until_reasons(world, "gap")


async def wait_out(world: World, lives: Lives, seconds: int, still: int) -> None:
    """Let the time pass in which nothing more may be sent."""
    for _ in range(seconds // 10):
        world.clock.advance(10)
        await asyncio.sleep(0.03)
    assert len(sent(lives)) == still


async def test_what_waits_to_be_sent_waits_for_the_clock_so_that_its_expiry_is_not_over_at_once(
    lives: Lives,
) -> None:
    await left_unsent(lives)
    start_wrong(lives, -7200)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        assert sent(lives) == []
        await agreed(world)
        await until_sent(lives, 1)
        await wait_out(world, lives, 100, still=1)


async def test_a_failover_by_a_webhook_in_a_dispute_is_sent_when_the_clock_is_right(
    lives: Lives,
) -> None:
    async with lives.whole() as world:
        await world.dispatch(THREE)
        (first,) = await world.sends(1)
    start_wrong(lives, -7200)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        assert (await world.webhook(first, "rejected")).status_code == 200
        await asyncio.sleep(0.3)
        assert len(sent(lives)) == 1
        await agreed(world)
        await until_sent(lives, 2)
        await wait_out(world, lives, 100, still=2)


async def test_credentials_that_a_wrong_clock_made_refusable_are_not_held_against_the_account(
    lives: Lives,
) -> None:
    await left_unsent(lives, 3)
    start_wrong(lives, 7200)

    def refusing_the_future(seen: Seen) -> Reply:
        return (
            accepting(seen) if lives.clock.wall_s() < START_MS // 1000 + 60 else Reply(status=401)
        )

    lives.upstream.default = dated(refusing_the_future)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        await agreed(world)
        await until_sent(lives, 3)
        alarms = [alarm.kind for alarm in world.gateway.alarms.standing()]
        assert AlarmKind.MUTE not in alarms


async def test_two_days_ahead_nothing_that_waits_is_given_up_as_too_old(lives: Lives) -> None:
    (dispatch_uuid,) = await left_unsent(lives)
    start_wrong(lives, 2 * 86_400)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        assert (await world.state(dispatch_uuid))["status"] == "open"
        await agreed(world)
        await until_sent(lives, 1)


async def test_a_month_ahead_nothing_is_wiped(lives: Lives) -> None:
    async with lives.whole() as world:
        dispatch_uuid = await world.dispatch(workflow(step("sms")))
        (send,) = await world.sends(1)
        await world.webhook(send, "delivered")
        await world.callbacks(2)
        await left_open(world)
    start_wrong(lives, 30 * 86_400)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        record = await world.gateway.store.load(dispatch_uuid)
        assert record is not None
        assert record.plan is not None


async def left_open(world: World) -> None:
    """Leave one under way: a start with nothing open holds nothing."""
    await world.dispatch(ONE_HOUR)


async def test_a_clock_that_is_set_back_does_not_freeze_what_readyz_says(lives: Lives) -> None:
    await left_unsent(lives)
    start_wrong(lives, 7200)
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        await in_dispute(world)
        assert (await world.admin.get("/readyz")).status_code == 503
        await agreed(world)
        asked: list[None] = []
        check = world.gateway.store.check

        async def counted() -> None:
            asked.append(None)
            await check()

        world.gateway.store.check = counted  # type: ignore[method-assign]
        assert (await world.admin.get("/readyz")).status_code == 200
        assert asked
