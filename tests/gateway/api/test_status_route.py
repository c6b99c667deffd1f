"""`POST /webhooks/status`: what is applied, and what is held for a person or a later send.

The rows are those of the catalogue of bad input (S).
"""

from __future__ import annotations

import asyncio
import io

import orjson
import pytest

from tests.gateway.api.statuses import (
    STRANGE_UUID,
    assert_taken,
    first_step,
    held,
    path_of,
    sent,
    status_of,
)
from tests.gateway.api.surface import (
    bearing,
    claims_of,
    lines,
    sample,
)
from tests.support.world import (
    PUBLIC_URL,
    WHATSAPP_THEN_SMS,
    World,
)
from translators.diagnostics import JsonValue

# What is applied


async def test_a_status_is_answered_200_with_an_empty_body(world: World) -> None:
    send = await sent(world)
    assert_taken(await world.webhook(send, "delivered"))


async def test_a_status_is_forwarded_in_the_shape_of_v01(world: World) -> None:
    send = await sent(world)
    await world.webhook(send, "submitted")
    (callback,) = await world.callbacks(1)
    assert list(callback) == ["message_uuid", "to", "from", "timestamp", "status", "_links"]


async def test_every_send_names_where_its_webhooks_go(world: World) -> None:
    send = await sent(world)
    assert str(send["webhook_url"]).startswith(f"{PUBLIC_URL}/webhooks/status/")
    assert send["webhook_version"] == "v1"


async def test_each_send_has_a_token_of_its_own(world: World) -> None:
    assert (await sent(world))["webhook_url"] != (await sent(world))["webhook_url"]


async def test_a_webhook_without_a_token_is_matched_by_its_message(world: World) -> None:
    send = await sent(world)
    assert_taken(await world.webhook(send, "delivered", path="/webhooks/status"))
    assert (await first_step(world))["step"] == "met"


async def test_s8_a_payload_hash_in_upper_case_is_the_same_hash(world: World) -> None:
    body = status_of(await sent(world))
    claims = claims_of(world, body)
    claims["payload_hash"] = str(claims["payload_hash"]).upper()
    answer = await world.http.post("/webhooks/status", content=body, headers=bearing(claims))
    assert_taken(answer)


async def test_s10_a_repetition_a_day_old_is_accepted(world: World) -> None:
    body = status_of(await sent(world))
    headers = world.signed(body)
    world.clock.advance(23 * 3600)
    assert_taken(await world.http.post("/webhooks/status", content=body, headers=headers))


async def test_s11_a_vendor_clock_a_little_ahead_is_accepted(world: World) -> None:
    body = status_of(await sent(world))
    headers = bearing(claims_of(world, body, iat=world.clock.wall_s() + 240))
    assert_taken(await world.http.post("/webhooks/status", content=body, headers=headers))


async def test_s12_the_same_webhook_again_is_answered_200_without_effect(world: World) -> None:
    body = status_of(await sent(world), "submitted")
    headers = world.signed(body)
    first = await world.http.post("/webhooks/status", content=body, headers=headers)
    again = await world.http.post("/webhooks/status", content=body, headers=headers)
    assert_taken(first)
    assert_taken(again)
    assert await sample(world, "gateway_webhooks_total", disposition="duplicate") == 1


async def test_the_same_status_under_a_new_signature_is_still_the_same(world: World) -> None:
    send = await sent(world)
    await world.webhook(send, "submitted")
    await world.webhook(send, "submitted", path="/webhooks/status")
    assert await sample(world, "gateway_webhooks_total", disposition="duplicate") == 1


async def test_s25_a_thousand_identical_webhooks_at_once_have_one_effect(world: World) -> None:
    send = await sent(world)
    body = status_of(send, "delivered")
    headers = world.signed(body)
    posts = [world.http.post(path_of(send), content=body, headers=headers) for _ in range(1_000)]
    answers = await asyncio.gather(*posts)
    await world.callbacks(2)
    assert {answer.status_code for answer in answers} == {200}
    assert await sample(world, "gateway_webhooks_total", disposition="applied") == 1
    assert await sample(world, "gateway_webhooks_total", disposition="duplicate") == 999


async def test_a_hundred_different_webhooks_at_once_about_one_message_are_all_applied(
    world: World,
) -> None:
    send = await sent(world)
    times = [f"2025-02-03T12:14:25.{number:03}Z" for number in range(100)]
    answers = await asyncio.gather(
        *(world.webhook(send, "submitted", timestamp=time) for time in times)
    )
    callbacks = await world.callbacks(100)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(str(body["timestamp"]) for body in callbacks) == times


async def test_s32_two_events_that_differ_in_usage_are_both_kept(world: World) -> None:
    send = await sent(world)
    await world.webhook(send, "submitted")
    await world.webhook(send, "submitted", usage={"currency": "EUR", "price": "0.0333"})
    plain, charged = await world.callbacks(2)
    assert "usage" not in plain
    assert charged["usage"] == {"currency": "EUR", "price": "0.0333"}


async def test_s26_a_status_that_was_overtaken_is_forwarded_and_lowers_nothing(
    world: World,
) -> None:
    send = await sent(world)
    await world.webhook(send, "delivered")
    await world.webhook(send, "submitted")
    callbacks = await world.callbacks(3)
    statuses = [body["status"] for body in callbacks if "message_uuid" in body]
    assert (statuses, (await first_step(world))["status"]) == (
        ["delivered", "submitted"],
        "delivered",
    )


async def test_s27_a_rejection_after_delivery_is_forwarded_and_fails_nothing_over(
    world: World,
) -> None:
    send = await sent(world, WHATSAPP_THEN_SMS)
    await world.webhook(send, "delivered")
    await world.webhook(send, "rejected", error={"title": "1300"})
    callbacks = await world.callbacks(2)
    assert [body["status"] for body in callbacks] == ["delivered", "rejected"]
    assert len(world.upstream.seen) == 1


async def test_s19_an_unknown_status_is_forwarded_and_moves_nothing(world: World) -> None:
    send = await sent(world)
    assert_taken(await world.webhook(send, "foo"))
    (callback,) = await world.callbacks(1)
    assert (callback["status"], (await first_step(world))["step"]) == ("foo", "waiting")


TIMESTAMPS: dict[str, tuple[JsonValue, str]] = {
    "S21 garbage": ("yesterday", "yesterday"),
    "S21 year 1": ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    "S21 offset": ("2025-02-03T13:14:25+01:00", "2025-02-03T12:14:25.000Z"),
    "S21 leap second": ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"),
    "S21 empty": ("", "2025-02-03T12:14:25.000Z"),
    "S21 no instant": (7, "2025-02-03T12:14:25.000Z"),
    "S21 object": ({"seconds": 1}, "2025-02-03T12:14:25.000Z"),
    "S21 seconds": (1738584000, "2025-02-03T12:00:00.000Z"),
    "S21 milliseconds as text": ("1738584000061", "2025-02-03T12:00:00.061Z"),
}


@pytest.mark.parametrize("row", TIMESTAMPS)
async def test_s21_a_timestamp_in_any_form_is_taken(world: World, row: str) -> None:
    told, shown = TIMESTAMPS[row]
    send = await sent(world)
    assert_taken(await world.webhook(send, "submitted", timestamp=told))
    (callback,) = await world.callbacks(1)
    assert callback["timestamp"] == shown


USAGES: dict[str, tuple[JsonValue, JsonValue]] = {
    "S22 NaN": ({"currency": "EUR", "price": "NaN"}, None),
    "S22 negative": ({"currency": "EUR", "price": "-1"}, None),
    "S22 enormous": ({"currency": "EUR", "price": 1e308}, None),
    "S22 no price": ({"currency": "EUR"}, None),
    "S22 a number": (
        {"currency": "EUR", "price": 0.0333},
        {"currency": "EUR", "price": "0.0333"},
    ),
}


@pytest.mark.parametrize("row", USAGES)
async def test_s22_a_price_that_is_none_is_left_out(world: World, row: str) -> None:
    told, shown = USAGES[row]
    send = await sent(world)
    assert_taken(await world.webhook(send, "submitted", usage=told))
    (callback,) = await world.callbacks(1)
    assert callback.get("usage") == shown


# What is held


async def test_s16_a_message_nobody_knows_is_held_for_the_send_it_may_belong_to(
    world: World,
) -> None:
    send = await sent(world)
    answer = await world.webhook(
        send, "delivered", message_uuid=STRANGE_UUID, path="/webhooks/status"
    )
    assert_taken(answer)
    assert (await held(world), (await first_step(world))["step"]) == (1, "waiting")


async def test_s17_a_forged_token_is_no_token(world: World) -> None:
    send = await sent(world)
    answer = await world.webhook(
        send, "delivered", message_uuid=STRANGE_UUID, path=path_of(send)[:-9] + "AAAAAAAAA"
    )
    assert_taken(answer)
    assert (await held(world), (await first_step(world))["step"]) == (1, "waiting")


async def test_s17_a_forged_token_does_not_keep_the_message_from_being_found(
    world: World,
) -> None:
    send = await sent(world)
    assert_taken(await world.webhook(send, "delivered", path="/webhooks/status/forged"))
    assert (await first_step(world))["step"] == "met"


async def test_s18_a_token_with_another_message_is_held_with_an_alarm(
    log: io.BytesIO, world: World
) -> None:
    send = await sent(world)
    assert_taken(await world.webhook(send, "delivered", message_uuid=STRANGE_UUID))
    assert (await held(world), (await first_step(world))["step"]) == (1, "waiting")
    assert [line["level"] for line in lines(log, "webhook.other_message_held")] == ["error"]


UNUSABLE: dict[str, bytes] = {
    "S20 status missing": b'{"message_uuid": "' + STRANGE_UUID.encode() + b'"}',
    "S20 status a number": b'{"message_uuid": "' + STRANGE_UUID.encode() + b'", "status": 1}',
    "S20 status null": b'{"message_uuid": "' + STRANGE_UUID.encode() + b'", "status": null}',
    "S23 v0.1 shape": orjson.dumps(
        {"message_uuid": STRANGE_UUID, "to": {"type": "sms"}, "status": "delivered"}
    ),
    "S24 an inbound message": orjson.dumps(
        {"message_uuid": STRANGE_UUID, "channel": "sms", "message_type": "text", "text": "Hi"}
    ),
    "S29 not JSON": b"status=delivered",
    "S31 empty": b"",
    "a list": b"[]",
    "100,000 arrays": b"[" * 100_000,
}


@pytest.mark.parametrize("row", UNUSABLE)
async def test_what_is_signed_and_unusable_is_held_and_answered_200(world: World, row: str) -> None:
    body = UNUSABLE[row]
    answer = await world.http.post("/webhooks/status", content=body, headers=world.signed(body))
    assert_taken(answer)
    assert (await held(world), world.receiver.seen) == (1, [])


async def test_the_same_unusable_webhook_is_held_once(world: World) -> None:
    for _ in range(3):
        await world.http.post("/webhooks/status", content=b"[]", headers=world.signed(b"[]"))
    assert await held(world) == 1
