"""What provably was not sent is sent again: with patience, within a budget, and the same bytes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from gateway.stores.base import OutboxKind
from tests.gateway.keys import private_pem, public_pem
from tests.support.bench import Bench, a_bench
from tests.support.environment import SECOND_ACCOUNT
from tests.support.loopback import Reply
from tests.support.peers import ClosedAtFirst, answer
from tests.support.world import API_KEY, API_SECRET, step, workflow

LAST_STEP = workflow(step("sms"))
BUDGET = {"GATEWAY_SEND_BUDGET": "30"}
APPLICATION_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"


@pytest.fixture
async def unreachable(tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench whose upstream refuses connections, until it is opened."""
    async with (
        ClosedAtFirst().listening() as upstream,
        a_bench(tmp_path, BUDGET, upstream=upstream) as bench,
    ):
        yield bench


@pytest.fixture
async def brief(tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench whose sends are tried again for half a minute."""
    async with a_bench(tmp_path, BUDGET) as bench:
        yield bench


@pytest.fixture
async def signing(tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench whose application has a private key."""
    environ = {"VONAGE_APPLICATION_ID": APPLICATION_ID, "VONAGE_PRIVATE_KEY": private_pem()}
    async with a_bench(tmp_path, environ) as bench:
        yield bench


async def attempts_within(bench: Bench, seconds: int) -> list[float]:
    """Let time pass in steps of 0.1 s; return the instants at which something was attempted."""
    return [
        tenth / 10
        for tenth in range(1, seconds * 10 + 1)
        for _ in range(await bench.send_after(0.1))
    ]


def claims_of(bench: Bench, number: int) -> dict[str, Any]:
    """Return the verified claims of the token that a send carried."""
    token = bench.upstream.seen[number].headers["authorization"].removeprefix("Bearer ")
    return jwt.decode(token, public_pem(), algorithms=["RS256"], options={"verify_exp": False})


async def test_a_refused_connection_is_tried_again_within_the_budget(unreachable: Bench) -> None:
    await unreachable.dispatch(LAST_STEP)
    await unreachable.send()
    # At the end of the budget it is given up without another attempt.
    assert await attempts_within(unreachable, 60) == [0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 30.0]


async def test_a_send_that_never_leaves_is_rejected_with_1100(unreachable: Bench) -> None:
    await unreachable.dispatch(LAST_STEP)
    await unreachable.send()
    await attempts_within(unreachable, 30)
    assert [status.get("error") for status in await unreachable.told()] == [
        {"code": 1100, "reason": "Communication Failed"},
        None,
    ]


async def test_a_step_that_never_leaves_fails_over_when_its_expiry_time_has_passed(
    unreachable: Bench,
) -> None:
    dispatch_uuid = await unreachable.dispatch()
    await unreachable.send()
    await unreachable.send_after(599)
    before = await unreachable.standing(dispatch_uuid)
    await unreachable.send_after(1)
    assert (before, await unreachable.standing(dispatch_uuid)) == (
        "open: sending pending",
        "open: rejected sending",
    )


async def test_the_patience_of_a_step_counts_from_its_first_attempt(unreachable: Bench) -> None:
    first = await unreachable.dispatch()
    await unreachable.take(OutboxKind.SEND)
    await unreachable.send_after(60)
    await unreachable.send_after(599)
    before = await unreachable.standing(first)
    await unreachable.send_after(1)
    assert (before, await unreachable.standing(first)) == (
        "open: sending pending",
        "open: rejected sending",
    )


async def test_a_restart_neither_renews_nor_loses_the_budget(tmp_path: Path) -> None:
    async with ClosedAtFirst().listening() as upstream:
        async with a_bench(tmp_path, BUDGET, upstream=upstream) as bench:
            dispatch_uuid = await bench.dispatch(LAST_STEP)
            await bench.send()
            clock = bench.clock
        clock.advance(20)
        async with a_bench(tmp_path, BUDGET, upstream=upstream, clock=clock) as bench:
            await bench.send()
            await bench.send_after(9)
            before = await bench.standing(dispatch_uuid)
            await bench.send_after(1)
            assert (before, await bench.standing(dispatch_uuid)) == (
                "open: sending",
                "error: rejected",
            )


async def test_without_a_budget_nothing_is_tried_again(tmp_path: Path) -> None:
    async with (
        ClosedAtFirst().listening() as upstream,
        a_bench(tmp_path, {"GATEWAY_SEND_BUDGET": "0"}, upstream=upstream) as bench,
    ):
        dispatch_uuids = [await bench.dispatch() for _ in range(5)]
        await bench.send()
        standings = {await bench.standing(each) for each in dispatch_uuids}
        assert standings == {"open: rejected sending"}


async def test_a_send_that_could_not_leave_is_sent_once_it_can(unreachable: Bench) -> None:
    upstream = unreachable.upstream
    assert isinstance(upstream, ClosedAtFirst)
    dispatch_uuid = await unreachable.dispatch(LAST_STEP)
    await unreachable.send()
    await upstream.open()
    await unreachable.send_after(0.5)
    assert (len(upstream.seen), await unreachable.standing(dispatch_uuid)) == (1, "open: waiting")


async def test_waiting_in_the_queue_does_not_spend_the_budget(unreachable: Bench) -> None:
    dispatch_uuid = await unreachable.dispatch(LAST_STEP)
    await unreachable.take(OutboxKind.SEND)
    await unreachable.send_after(3600)
    assert await unreachable.standing(dispatch_uuid) == "open: sending"


async def test_a_retry_sends_the_same_bytes(bench: Bench) -> None:
    bench.upstream.replies += [answer(429), answer(401), answer(429)]
    await bench.dispatch()
    await bench.send()
    await attempts_within(bench, 10)
    bodies = [seen.body for seen in bench.upstream.seen]
    assert bodies == [bodies[0]] * 4


async def test_basic_credentials_are_sent_without_a_private_key(bench: Bench) -> None:
    await bench.dispatch()
    await bench.send()
    pair = base64.b64encode(f"{API_KEY}:{API_SECRET}".encode()).decode()
    assert bench.upstream.seen[0].headers["authorization"] == f"Basic {pair}"


async def test_a_token_is_signed_with_the_private_key(signing: Bench) -> None:
    await signing.dispatch()
    await signing.send()
    claims = claims_of(signing, 0)
    assert (claims["application_id"], claims["iat"]) == (APPLICATION_ID, signing.clock.wall_s())


async def test_a_refused_token_is_replaced_by_a_fresh_one(signing: Bench) -> None:
    signing.upstream.replies.append(answer(401))
    await signing.dispatch(LAST_STEP)
    await signing.send()
    await signing.send_after(0.5)
    assert claims_of(signing, 0)["jti"] != claims_of(signing, 1)["jti"]


async def test_a_token_that_was_refused_once_is_not_used_for_another_send(signing: Bench) -> None:
    signing.upstream.replies.append(answer(401))
    await signing.dispatch(LAST_STEP)
    await signing.send()
    await signing.dispatch(LAST_STEP)
    await signing.send()
    assert claims_of(signing, 0)["jti"] != claims_of(signing, 1)["jti"]


async def test_a_token_that_was_not_refused_is_kept_after_a_429(signing: Bench) -> None:
    signing.upstream.replies.append(answer(429))
    await signing.dispatch(LAST_STEP)
    await signing.send()
    await signing.send_after(0.5)
    assert claims_of(signing, 0)["jti"] == claims_of(signing, 1)["jti"]


async def test_a_fresh_token_that_is_accepted_ends_the_matter(signing: Bench) -> None:
    signing.upstream.replies.append(answer(401))
    dispatch_uuid = await signing.dispatch(LAST_STEP)
    await signing.send()
    await signing.send_after(0.5)
    assert await signing.standing(dispatch_uuid) == "open: waiting"


UNPROVISIONED = answer(
    401, {"type": "https://developer.nexmo.com/api-errors/messages-olympus#unprovisioned"}
)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401), {"code": 1030, "reason": "Internal error"}),
        (UNPROVISIONED, {"code": 1140, "reason": "Facility not allowed"}),
        (answer(403), {"code": 1140, "reason": "Facility not allowed"}),
    ],
    ids=["401", "401 unprovisioned", "403"],
)
async def test_credentials_refused_for_the_whole_budget_reject_the_step(
    brief: Bench, reply: Reply, error: dict[str, object]
) -> None:
    brief.upstream.replies += [reply] * 7
    await brief.dispatch(LAST_STEP)
    await brief.send()
    await attempts_within(brief, 30)
    assert (await brief.told())[0]["error"] == error


async def test_refused_credentials_raise_the_alarm_each_time(bench: Bench) -> None:
    bench.upstream.replies += [answer(401), answer(403)]
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await attempts_within(bench, 3)
    assert bench.counted("gateway_credential_alarms_total") == 2


async def test_a_throttled_send_waits_for_as_long_as_it_is_asked_to(bench: Bench) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="7"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert await attempts_within(bench, 29) == [7.0]


async def test_a_throttled_send_without_a_date_backs_off(bench: Bench) -> None:
    bench.upstream.replies += [answer(429), answer(429), answer(429)]
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert await attempts_within(bench, 29) == [0.5, 1.5, 3.5]


async def test_more_sends_than_the_rate_allows_within_a_lease_leave_one_by_one(
    tmp_path: Path,
) -> None:
    # 25 s from one to the next; a send may be put off for 20 s before its lease is too short.
    async with a_bench(tmp_path, {"GATEWAY_SEND_RATE": "0.04"}) as bench, asyncio.timeout(5):
        for _ in range(3):
            await bench.dispatch(LAST_STEP)
        await bench.send()
        left = [len(bench.upstream.seen)]
        for _ in range(2):
            await bench.send_after(25)
            left.append(len(bench.upstream.seen))
        assert left == [1, 2, 3]


async def test_a_503_with_the_documented_throttle_problem_is_a_429(bench: Bench) -> None:
    bench.upstream.replies.append(answer(503, {"title": "Rate Limit Hit"}, Retry_After="3"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert await attempts_within(bench, 29) == [3.0]


async def test_a_send_throttled_for_the_whole_budget_is_rejected_with_1000(brief: Bench) -> None:
    brief.upstream.replies += [answer(429)] * 7
    await brief.dispatch(LAST_STEP)
    await brief.send()
    await attempts_within(brief, 24)
    assert (await brief.told())[0]["error"] == {"code": 1000, "reason": "Throttled"}


async def test_a_wait_longer_than_the_budget_is_not_waited_for(bench: Bench) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="1000000000"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert (await bench.told())[0]["error"] == {"code": 1000, "reason": "Throttled"}


async def test_a_429_silences_its_account_for_a_while(bench: Bench) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="7"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.dispatch(LAST_STEP)
    async with asyncio.timeout(1):
        await bench.send_after(6.9)
    silent = len(bench.upstream.seen)
    await bench.send_after(0.1)
    assert (silent, len(bench.upstream.seen)) == (1, 3)


async def test_a_429_does_not_hold_up_another_account(tmp_path: Path) -> None:
    # One send after the other, as if there were a single place to send from.
    async with a_bench(tmp_path, config=SECOND_ACCOUNT) as bench:
        bench.upstream.replies.append(answer(429, Retry_After="7"))
        await bench.dispatch(LAST_STEP, of=0)
        await bench.send()
        await bench.dispatch(LAST_STEP, of=0)
        waiting = await bench.dispatch(LAST_STEP, of=1)
        async with asyncio.timeout(1):
            await bench.send()
        assert await bench.standing(waiting) == "open: waiting"


async def test_being_silenced_does_not_spend_the_budget(brief: Bench) -> None:
    brief.upstream.replies.append(answer(429, Retry_After="31"))
    await brief.dispatch(LAST_STEP)
    await brief.send()
    silenced = await brief.dispatch(LAST_STEP)
    await brief.send()
    brief.upstream.replies.append(answer(429, Retry_After="2"))
    await brief.send_after(30)
    await brief.send_after(2)
    assert await brief.standing(silenced) == "open: waiting"


async def test_being_silenced_is_not_an_attempt(bench: Bench) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="7"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    silenced = await bench.dispatch(LAST_STEP)
    await bench.send()
    bench.clock.advance(7)
    items = await bench.take(OutboxKind.SEND)
    assert [item.tries for item in items if item.item_id.owner == silenced] == [0]


async def test_an_absurd_wait_silences_the_account_for_the_budget_and_no_longer(
    bench: Bench,
) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="1000000000"))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    silenced = await bench.dispatch(LAST_STEP)
    await bench.send_after(3600)
    assert await bench.standing(silenced) == "open: waiting"


async def test_a_webhook_that_proves_the_send_prevents_the_second_post(bench: Bench) -> None:
    bench.upstream.replies.append(answer(429, Retry_After="7"))
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.hear(dispatch_uuid, "submitted")
    await bench.send_after(7)
    await bench.send_after(31)
    assert (len(bench.upstream.seen), await bench.standing(dispatch_uuid)) == (
        1,
        "open: waiting pending",
    )


async def test_a_proven_send_is_not_told_as_rejected_when_its_budget_ends(
    unreachable: Bench,
) -> None:
    dispatch_uuid = await unreachable.dispatch()
    await unreachable.send()
    await unreachable.hear(dispatch_uuid, "delivered")
    await attempts_within(unreachable, 40)
    assert [status["status"] for status in await unreachable.told()] == ["delivered"]
