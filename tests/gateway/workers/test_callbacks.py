"""Callbacks reach the application: each lane in order, by a schedule, or kept as dead letters."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import jwt
import pytest

from gateway.stores.base import OutboxKind
from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.environment import SECOND_ACCOUNT
from tests.support.loopback import Loopback, Reply
from tests.support.peers import answer, receiving
from tests.support.world import API_KEY, SIGNATURE_SECRET

DOWN = Reply(status=503)
DAY_S = 24 * 3600


async def a_life(bench: Bench, *words: str) -> str:
    """Have a dispatch accepted and sent, and these statuses of its first step received."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    for word in words:
        await bench.hear(dispatch_uuid, word)
    return dispatch_uuid


def said(receiver: Loopback) -> list[Any]:
    """Return the status of every callback as it came over the wire."""
    return [seen.json()["status"] for seen in receiver.seen]


def claims_of(bench: Bench, number: int) -> dict[str, Any]:
    """Return the verified claims of the token that a callback carried."""
    token = bench.receiver.seen[number].headers["authorization"].removeprefix("Bearer ")
    return jwt.decode(token, SIGNATURE_SECRET, algorithms=["HS256"])


async def waits(bench: Bench, *seconds: float) -> list[tuple[int, int]]:
    """Return for each wait how often was delivered 1 ms before its end, and at its end."""
    return [
        (await bench.deliver_after(wait - 0.001), await bench.deliver_after(0.001))
        for wait in seconds
    ]


async def test_a_lane_keeps_its_order_while_the_receiver_flaps(bench: Bench) -> None:
    bench.receiver.replies += [DOWN, Reply(), DOWN, DOWN, Reply(), Reply(), DOWN]
    await a_life(bench, "submitted", "delivered", "read")
    for _ in range(8):
        await bench.deliver_after(10)
    assert said(bench.receiver) == [
        *("submitted", "submitted"),
        *("delivered", "delivered", "delivered"),
        "read",
        *("completed", "completed"),
    ]


async def test_the_report_follows_the_status_that_caused_it(bench: Bench) -> None:
    await a_life(bench, "read")
    await bench.deliver()
    assert said(bench.receiver) == ["read", "completed"]


async def test_a_lane_does_not_wait_for_another(bench: Bench) -> None:
    bench.receiver.replies.append(DOWN)
    await a_life(bench, "submitted")
    await bench.deliver()
    second = await a_life(bench, "submitted", "read")
    await bench.deliver()
    links: Any = bench.receiver.seen[1].json()["_links"]
    assert links["workflow"]["dispatch_uuid"] == second
    assert said(bench.receiver)[1:] == ["submitted", "read", "completed"]


async def test_reports_go_to_their_own_url(tmp_path: Path) -> None:
    async with Loopback(receiving).listening() as elsewhere:
        environ = {"GATEWAY_FINAL_REPORT_URL": f"{elsewhere.url}/final"}
        async with a_bench(tmp_path, environ) as bench:
            await a_life(bench, "read")
            await bench.deliver()
            paths = [seen.path for seen in (*bench.receiver.seen, *elsewhere.seen)]
            assert paths == ["/webhooks/status", "/final"]


async def test_a_report_with_its_own_url_waits_for_no_status(tmp_path: Path) -> None:
    async with Loopback(receiving).listening() as elsewhere:
        environ = {"GATEWAY_FINAL_REPORT_URL": f"{elsewhere.url}/final"}
        async with a_bench(tmp_path, environ) as bench:
            bench.receiver.replies.append(DOWN)
            await a_life(bench, "read")
            await bench.deliver()
            assert said(elsewhere) == ["completed"]


async def test_a_retry_sends_the_same_bytes(bench: Bench) -> None:
    bench.receiver.replies.append(DOWN)
    await a_life(bench, "submitted")
    await bench.deliver()
    await bench.deliver_after(5)
    first, second = bench.receiver.seen
    assert first.body == second.body


async def test_a_callback_is_signed_over_the_bytes_it_sends(bench: Bench) -> None:
    await a_life(bench, "submitted")
    await bench.deliver()
    claims = claims_of(bench, 0)
    assert (claims["payload_hash"], claims["api_key"], claims["iss"]) == (
        hashlib.sha256(bench.receiver.seen[0].body).hexdigest(),
        API_KEY,
        "Vonage",
    )


async def test_each_attempt_is_signed_anew(bench: Bench) -> None:
    bench.receiver.replies.append(DOWN)
    await a_life(bench, "submitted")
    await bench.deliver()
    await bench.deliver_after(5)
    first, second = claims_of(bench, 0), claims_of(bench, 1)
    assert second["iat"] - first["iat"] == 5
    assert second["jti"] != first["jti"]


async def test_without_a_signature_secret_callbacks_are_not_signed(tmp_path: Path) -> None:
    async with a_bench(tmp_path, config=SECOND_ACCOUNT) as bench:
        dispatch_uuid = await bench.dispatch(of=1)
        await bench.send()
        await bench.hear(dispatch_uuid, "rejected", sender="account:second")
        await bench.deliver()
        assert "authorization" not in bench.receiver.seen[0].headers


async def test_the_headers_of_standard_webhooks_are_left_out_by_default(bench: Bench) -> None:
    await a_life(bench, "submitted")
    await bench.deliver()
    assert [name for name in bench.receiver.seen[0].headers if name.startswith("webhook-")] == []


async def test_the_headers_of_standard_webhooks_are_added_when_asked_for(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_STANDARD_WEBHOOKS": "true"}) as bench:
        await a_life(bench, "submitted")
        await bench.deliver()
        seen = bench.receiver.seen[0]
        webhook_id, timestamp = seen.headers["webhook-id"], seen.headers["webhook-timestamp"]
        signed = f"{webhook_id}.{timestamp}.".encode() + seen.body
        digest = hmac.digest(SIGNATURE_SECRET.encode(), signed, "sha256")
        assert timestamp == str(bench.clock.wall_s())
        assert seen.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


async def test_a_retry_keeps_the_webhook_id(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_STANDARD_WEBHOOKS": "true"}) as bench:
        bench.receiver.replies.append(DOWN)
        await a_life(bench, "submitted", "delivered")
        await bench.deliver()
        await bench.deliver_after(5)
        first, again, other = [seen.headers["webhook-id"] for seen in bench.receiver.seen]
        assert (first == again, first == other) == (True, False)


async def test_the_legacy_schedule_doubles_from_5_seconds_to_15_minutes(bench: Bench) -> None:
    bench.receiver.replies += [DOWN] * 11
    await a_life(bench, "submitted")
    await bench.deliver()
    delays = (5, 10, 20, 40, 80, 160, 320, 640, 900, 900)
    assert await waits(bench, *delays) == [(0, 1)] * len(delays)


async def test_the_legacy_schedule_ends_after_a_day(bench: Bench) -> None:
    bench.receiver.replies += [DOWN] * 200
    await a_life(bench, "submitted")
    await bench.deliver()
    for delay in (5, 10, 20, 40, 80, 160, 320, 640, *[900] * 96):
        await bench.deliver_after(delay)
    (letter,) = await bench.store.dead_letters(API_KEY, limit=10)
    assert (letter.tries, letter.reason) == (1 + 8 + 94, "server-error")
    assert DAY_S - 900 < (letter.died_ms - letter.created_ms) / 1000 <= DAY_S


async def test_the_standard_schedule_takes_three_days(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_CALLBACK_SCHEDULE": "standard"}) as bench:
        bench.receiver.replies += [DOWN] * 10
        await a_life(bench, "submitted")
        await bench.deliver()
        delays = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
        assert await waits(bench, *delays) == [(0, 1)] * len(delays)
        assert len(await bench.store.dead_letters(API_KEY, limit=10)) == 1


@pytest.mark.parametrize(
    ("asked", "wait_s"), [("1", 5), ("7", 7), ("1000000000", 10), ("-3", 5), ("soon", 5)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_may_ask_for_up_to_twice_the_wait(
    bench: Bench, status: int, asked: str, wait_s: int
) -> None:
    bench.receiver.replies.append(answer(status, Retry_After=asked))
    await a_life(bench, "submitted")
    await bench.deliver()
    assert await waits(bench, wait_s) == [(0, 1)]


@pytest.mark.parametrize(
    "reply",
    [
        *(Reply(status=status) for status in (301, 307, 401, 403, 404, 408, 425, 429, 500)),
        Reply(hangs_up=True),
    ],
    ids=lambda reply: "hang-up" if reply.hangs_up else str(reply.status),
)
async def test_a_receiver_that_may_recover_is_given_the_whole_schedule(
    bench: Bench, reply: Reply
) -> None:
    bench.receiver.replies += [reply] * 11
    await a_life(bench, "submitted")
    await bench.deliver()
    for delay in (5, 10, 20, 40, 80, 160, 320, 640, 900, 900):
        await bench.deliver_after(delay)
    assert (await bench.store.counts()).pending_callbacks == 1


async def test_a_callback_whose_lease_is_over_is_left_to_its_next_holder(bench: Bench) -> None:
    await a_life(bench, "submitted")
    (item,) = await bench.take(OutboxKind.CALLBACK)
    bench.clock.advance(30)
    await bench.deliverer.work(item)
    assert bench.receiver.seen == []


async def test_a_lease_that_would_end_during_the_attempt_is_given_back(bench: Bench) -> None:
    await a_life(bench, "submitted")
    (item,) = await bench.take(OutboxKind.CALLBACK)
    bench.clock.advance(14.001)  # 30 s of lease, 15 s for an attempt and one to spare
    await bench.deliverer.work(item)
    seen = len(bench.receiver.seen)
    (again,) = await bench.take(OutboxKind.CALLBACK)
    assert (seen, again.tries) == (0, 0)


async def test_an_error_of_ours_counts_as_an_attempt(bench: Bench) -> None:
    await a_life(bench, "submitted")
    await bench.deliver()
    await bench.callbacks.close()
    await bench.hear(await bench.dispatch(), "submitted", message_uuid=UNHEARD_OF)
    await bench.deliver()
    bench.clock.advance(5)
    (item,) = await bench.take(OutboxKind.CALLBACK)
    assert item.tries == 1


async def test_deliveries_failures_and_burials_are_counted(bench: Bench) -> None:
    bench.receiver.replies += [DOWN, Reply(status=410)]
    await a_life(bench, "submitted", "delivered")
    await bench.deliver()
    await bench.deliver_after(5)
    counts = {
        outcome: bench.counted("gateway_callbacks_total", outcome=outcome)
        for outcome in ("delivered", "failed", "buried")
    }
    assert counts == {"delivered": 1, "failed": 2, "buried": 1}
