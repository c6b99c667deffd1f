"""Webhooks that overtake the answer they belong to, and what proves them where nobody signs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.gateway.api.statuses import (
    ONE_SMS,
    assert_taken,
    first_step,
    held,
    path_of,
    sent,
    status_of,
    v01_status_of,
)
from tests.gateway.api.surface import (
    JSON,
    OTHER_CREDENTIALS,
    OTHER_KEY,
    OTHER_SIGNATURE_SECRET,
    bearing,
    claims_of,
    problem,
    stored,
    two_tenants,
    until,
)
from tests.support.loopback import Reply
from tests.support.world import (
    World,
    a_world,
    message_uuid_of,
)
from translators.diagnostics import JsonObject

# Webhooks that come early


@dataclass(frozen=True, slots=True)
class Held:
    """An upstream that has seen a send and not answered it yet."""

    world: World
    reply: Reply
    answers: asyncio.Event
    send: JsonObject

    async def answer(self) -> None:
        """Let the upstream accept the send, and wait until the gateway took note."""
        self.reply.body = orjson.dumps({"message_uuid": message_uuid_of(self.send)})
        self.answers.set()
        await until(self._is_settled)

    async def _is_settled(self) -> bool:
        return (await self.world.gateway.store.counts()).pending_sends == 0


async def holding(world: World) -> Held:
    """Have a message sent whose answer is not there yet."""
    answers = asyncio.Event()
    reply = Reply(status=202, holds=answers)
    world.upstream.replies.append(reply)
    await world.dispatch(ONE_SMS)
    (send,) = await world.sends(1)
    return Held(world, reply, answers, send)


async def test_a_webhook_that_overtakes_the_202_is_applied_by_its_token(world: World) -> None:
    upstream = await holding(world)
    assert_taken(await world.webhook(upstream.send, "submitted"))
    assert (await first_step(world))["step"] == "waiting"
    await upstream.answer()


async def test_the_202_that_comes_after_its_webhook_changes_nothing(world: World) -> None:
    upstream = await holding(world)
    await world.webhook(upstream.send, "delivered")
    before = await first_step(world)
    await upstream.answer()
    assert await first_step(world) == before


async def test_without_a_public_url_sends_do_not_name_one(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_PUBLIC_URL": ""}) as world:
        await world.dispatch(ONE_SMS)
        (send,) = await world.sends(1)
    assert "webhook_url" not in send


async def test_without_a_public_url_an_early_webhook_is_held_until_its_message_is_known(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path, {"GATEWAY_PUBLIC_URL": ""}) as world:
        upstream = await holding(world)
        assert_taken(await world.webhook(upstream.send, "delivered", path="/webhooks/status"))
        before = (await held(world), len(world.receiver.seen))
        await upstream.answer()
        status, report = await world.callbacks(2)
        await until(lambda: is_nothing_held(world))
    assert before == (1, 0)
    assert (status["status"], report["status"]) == ("delivered", "completed")


async def test_an_early_webhook_in_v01_shape_is_held_until_its_message_is_known(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path, {"GATEWAY_PUBLIC_URL": ""}) as world:
        upstream = await holding(world)
        body = v01_status_of(upstream.send)
        headers = world.signed(body)
        assert_taken(await world.http.post("/webhooks/status", content=body, headers=headers))
        await upstream.answer()
        status, report = await world.callbacks(2)
        await until(lambda: is_nothing_held(world))
    assert (status["status"], report["status"]) == ("delivered", "completed")


async def is_nothing_held(world: World) -> bool:
    return await held(world) == 0


# Several applications, and some that do not sign


async def test_a_signed_webhook_is_applied_to_the_application_of_its_account(
    tmp_path: Path,
) -> None:
    async with two_tenants(tmp_path) as (world, theirs):
        send = await sent_by_them(world)
        body = status_of(send)
        headers = bearing(claims_of(world, body, api_key=OTHER_KEY), OTHER_SIGNATURE_SECRET)
        assert_taken(await world.http.post(path_of(send), content=body, headers=headers))
        seen = await theirs.wait_for(2)
    assert {each.path for each in seen} == {"/other/status", "/other/report"}


async def sent_by_them(world: World) -> JsonObject:
    """Have the second tenant send a message; return its body."""
    await world.http.post(
        "/v0.1/dispatch", content=orjson.dumps(ONE_SMS), headers=JSON, auth=OTHER_CREDENTIALS
    )
    (send,) = await world.sends(1)
    return send


async def test_without_any_signature_secret_the_token_is_the_proof(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"VONAGE_SIGNATURE_SECRET": ""}) as world:
        send = await sent(world)
        answer = await world.http.post(path_of(send), content=status_of(send), headers=JSON)
        shown = await first_step(world)
    assert_taken(answer)
    assert shown["step"] == "met"


@pytest.mark.parametrize("path", ["/webhooks/status", "/webhooks/status/forged"])
async def test_without_any_signature_secret_a_webhook_without_a_token_is_a_401(
    tmp_path: Path, path: str
) -> None:
    async with a_world(tmp_path, {"VONAGE_SIGNATURE_SECRET": ""}) as world:
        send = await sent(world)
        before = stored(tmp_path)
        answer = await world.http.post(path, content=status_of(send), headers=JSON)
    problem(answer, 401)
    assert stored(tmp_path) == before


async def test_the_token_is_the_proof_for_the_one_application_that_has_no_secret(
    tmp_path: Path,
) -> None:
    async with two_tenants(tmp_path, signature_secret="") as (world, theirs):
        send = await sent_by_them(world)
        answer = await world.http.post(path_of(send), content=status_of(send), headers=JSON)
        seen = await theirs.wait_for(2)
    assert_taken(answer)
    assert {each.path for each in seen} == {"/other/status", "/other/report"}


async def test_beside_an_application_without_secret_the_others_are_still_verified(
    tmp_path: Path,
) -> None:
    async with two_tenants(tmp_path, signature_secret="") as (world, _):
        send = await sent(world)
        before = stored(tmp_path)
        answer = await world.http.post(path_of(send), content=status_of(send), headers=JSON)
    problem(answer, 503)
    assert stored(tmp_path) == before | {"hold": 1}
