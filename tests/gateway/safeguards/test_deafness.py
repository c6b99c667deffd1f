"""Webhooks that are the vendor's and cannot be verified: nobody expires for it."""

from __future__ import annotations

import orjson
from structlog.testing import capture_logs

from tests.gateway.safeguards.stage import (
    OTHER_SECRET,
    readiness,
    reasons,
    unreadable,
    until_held,
    until_reasons,
    wrongly_signed,
)
from tests.support.lives import Lives
from tests.support.world import WHATSAPP_THEN_SMS, World, failing_over, step, workflow

EXPIRY_S = 600
FORGOTTEN_S = 25 * 3600


async def three_unreadable(world: World) -> list[str]:
    """Have three messages sent, and an unreadable webhook come for each."""
    dispatches = [await world.dispatch() for _ in range(3)]
    for send in await world.sends(3):
        await unreadable(world, send)
    return dispatches


async def test_a_webhook_with_our_token_that_cannot_be_verified_must_come_again(
    world: World,
) -> None:
    await world.dispatch()
    (send,) = await world.sends(1)
    answer = await unreadable(world, send)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


async def test_its_step_does_not_expire(world: World) -> None:
    dispatch_uuid = await world.dispatch()
    (send,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    await unreadable(world, send)
    world.clock.advance(EXPIRY_S + 1)
    await until_held(world, 1)
    state = await world.state(dispatch_uuid)
    assert state["held"] == [
        {"reason": "unreadable", "since": "2025-02-03T12:14:25.000Z", "step": 1}
    ]


async def test_one_bad_token_alone_makes_nobody_else_wait(world: World) -> None:
    first, second = await world.dispatch(), await world.dispatch()
    sends = await world.sends(2)
    await world.until_step(first, 0, "waiting")
    await world.until_step(second, 0, "waiting")
    held = await unreadable(world, sends[0])
    assert held.status_code == 503
    world.clock.advance(EXPIRY_S)
    await until_held(world, 1)
    sent = await world.sends(3)
    assert [send["channel"] for send in sent] == ["whatsapp", "whatsapp", "sms"]


async def test_two_messages_do_not_make_an_account_deaf(world: World) -> None:
    for _ in range(2):
        await world.dispatch()
    for send in await world.sends(2):
        await unreadable(world, send)
        await unreadable(world, send, "delivered")
    assert reasons(world) == ["unreadable", "unreadable"]


async def test_three_messages_within_ten_minutes_make_the_account_deaf(world: World) -> None:
    await three_unreadable(world)
    status, lines = await readiness(world)
    assert reasons(world) == ["deaf", "unreadable", "unreadable", "unreadable"]
    assert (status, lines[0]) == (200, "degraded")
    assert lines[1].startswith("deaf: account abcd1234 since 2025-02-03T12:14:25.000Z: ")
    assert "VONAGE_SIGNATURE_SECRET" in lines[1]


async def test_three_messages_over_more_than_ten_minutes_do_not(world: World) -> None:
    for _ in range(3):
        await world.dispatch()
    for send in await world.sends(3):
        await unreadable(world, send)
        world.clock.advance(301)
    assert "deaf" not in reasons(world)


async def test_a_verified_webhook_between_starts_the_count_anew(world: World) -> None:
    for _ in range(4):
        await world.dispatch()
    sends = await world.sends(4)
    await unreadable(world, sends[0])
    await unreadable(world, sends[1])
    await world.webhook(sends[3], "submitted")
    await unreadable(world, sends[2])
    assert "deaf" not in reasons(world)


async def test_nothing_of_a_deaf_account_expires(world: World) -> None:
    await three_unreadable(world)
    dispatch_uuid = await world.dispatch()  # of which no webhook came at all
    await world.sends(4)
    await world.until_step(dispatch_uuid, 0, "waiting")
    world.clock.advance(EXPIRY_S + 1)
    await until_held(world, 4)
    assert len(world.upstream.seen) == 4


async def test_a_bad_signature_that_names_a_deaf_account_is_a_503_on_every_route(
    world: World,
) -> None:
    body = orjson.dumps({"text": "Hello"})
    before = await world.http.post(
        "/webhooks/inbound", content=body, headers=wrongly_signed(world, body)
    )
    await three_unreadable(world)
    after = [
        await world.http.post(path, content=body, headers=wrongly_signed(world, body))
        for path in ("/webhooks/inbound", "/webhooks/status")
    ]
    assert [before.status_code, *(one.status_code for one in after)] == [401, 503, 503]


async def test_a_verified_webhook_ends_deafness_after_the_grace(world: World) -> None:
    await three_unreadable(world)
    sends = await world.sends(3)
    world.clock.advance(60)
    await world.webhook(sends[0], "submitted")
    assert set(reasons(world)) == {"gap"}
    world.clock.advance(80)
    await until_reasons(world)


async def test_deafness_survives_a_restart_with_the_same_secrets(lives: Lives) -> None:
    async with lives.whole() as world:
        await three_unreadable(world)
    async with lives.whole() as world:
        _, lines = await readiness(world)
        assert "deaf" in reasons(world)
        assert lines[0] == "degraded"
        lives.clock.advance(20 * 60)
        await until_held(world, 3)
        await world.gateway.safeguards.holds.turn()
        assert "deaf" in reasons(world)


async def test_other_secrets_and_the_repeated_webhooks_complete_with_one_message(
    lives: Lives,
) -> None:
    async with lives.whole(VONAGE_SIGNATURE_SECRET=OTHER_SECRET) as world:
        dispatch_uuid = await world.dispatch(
            workflow(step("whatsapp", **failing_over("read", 15)), step("sms"))
        )
        (send,) = await world.sends(1)
        await world.until_step(dispatch_uuid, 0, "waiting")
        lives.clock.advance(2)
        refused = await world.webhook(send, "read")
        lives.clock.advance(60)
        await until_held(world, 1)
    async with lives.whole() as world:
        taken = await world.webhook(send, "read")
        state = await world.state(dispatch_uuid)
    assert (refused.status_code, taken.status_code) == (503, 200)
    assert (state["status"], len(lives.upstream.seen)) == ("completed", 1)


async def test_a_start_with_other_secrets_says_until_when_it_waits(lives: Lives) -> None:
    async with lives.whole(VONAGE_SIGNATURE_SECRET=OTHER_SECRET) as world:
        for _ in range(3):
            await world.dispatch()
        for send in await world.sends(3):
            await world.webhook(send, "submitted")
    async with lives.whole() as world:
        _, lines = await readiness(world)
    deaf = next(line for line in lines if line.startswith("deaf: "))
    assert "since 2025-02-03T12:14:25.000Z until 2025-02-03T12:29:25.000Z: " in deaf
    assert "Its secrets are others now" in deaf


async def test_after_a_start_with_other_secrets_silence_means_something_again(
    lives: Lives,
) -> None:
    async with lives.whole(VONAGE_SIGNATURE_SECRET=OTHER_SECRET) as world:
        dispatch_uuid = await world.dispatch()
        (send,) = await world.sends(1)
        await world.until_step(dispatch_uuid, 0, "waiting")
        await world.webhook(send, "submitted")
        lives.clock.advance(EXPIRY_S + 1)
        await until_held(world, 1)
    async with lives.whole() as world:
        lives.clock.advance(915 - 1)
        assert len(world.upstream.seen) == 1
        lives.clock.advance(1)
        await world.sends(2)


async def test_what_stays_unreadable_is_given_up_when_nobody_repeats_it_any_more(
    world: World,
) -> None:
    await world.dispatch()
    (send,) = await world.sends(1)
    await unreadable(world, send)
    world.clock.advance(FORGOTTEN_S)
    await until_reasons(world, "gap")


async def test_a_token_of_a_dispatch_that_is_closed_holds_nothing(world: World) -> None:
    dispatch_uuid = await world.dispatch(workflow(step("sms")))
    (send,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    await world.webhook(send, "delivered")
    answer = await unreadable(world, send)
    assert (answer.status_code, reasons(world)) == (503, [])


async def test_raising_the_alarm_is_logged_without_secrets(world: World) -> None:
    with capture_logs() as lines:
        await three_unreadable(world)
    raised = [line for line in lines if line["event"] == "alarm.raised"]
    assert [(line["alarm"], line["account"]) for line in raised] == [("deaf", "abcd1234")]
    assert OTHER_SECRET not in str(lines)


async def test_whoever_has_no_secret_hears_by_the_token_alone(lives: Lives) -> None:
    async with lives.whole(VONAGE_SIGNATURE_SECRET="") as world:
        await world.dispatch(WHATSAPP_THEN_SMS)
        (send,) = await world.sends(1)
        answer = await unreadable(world, send, "read")
    assert (answer.status_code, reasons(world)) == (200, [])
