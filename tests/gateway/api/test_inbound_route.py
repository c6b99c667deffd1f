"""`POST /webhooks/inbound`: a person's message, rewritten for the application it is meant for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest

from gateway.signatures import SignedClaims, verify_body
from tests.gateway.api.surface import (
    JSON,
    OTHER_ID,
    OTHER_KEY,
    OTHER_SIGNATURE_SECRET,
    bearing,
    claims_of,
    problem,
    read_only,
    sample,
    stored,
    two_tenants,
    until,
)
from tests.support.loopback import Loopback, Reply
from tests.support.world import API_KEY, SIGNATURE_SECRET, World, a_world
from translators.diagnostics import JsonValue

INBOUND = Path(__file__).parents[3] / "fixtures" / "inbound"


def message(text: str = "Hello", **members: JsonValue) -> bytes:
    """Return the body of an inbound SMS."""
    return orjson.dumps(
        {
            "channel": "sms",
            "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
            "to": "447700900001",
            "from": "447700900000",
            "timestamp": "2025-02-03T12:14:25Z",
            "message_type": "text",
            "text": text,
            **members,
        }
    )


async def post(world: World, body: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
    """Post an inbound webhook, signed by the first account unless `headers` say otherwise."""
    headers = world.signed(body) if headers is None else headers
    return await world.http.post("/webhooks/inbound", content=body, headers=headers)


@pytest.fixture
async def inbox() -> AsyncIterator[Loopback]:
    """Listen for inbound messages."""
    async with Loopback(lambda seen: Reply()).listening() as inbox:
        yield inbox


@pytest.fixture
async def relaying(tmp_path: Path, inbox: Loopback) -> AsyncIterator[World]:
    """Run a gateway whose application wants inbound messages."""
    async with a_world(tmp_path, {"GATEWAY_INBOUND_URL": f"{inbox.url}/inbound"}) as world:
        yield world


async def test_an_inbound_message_is_answered_200_with_an_empty_body(relaying: World) -> None:
    answer = await post(relaying, message())
    assert (answer.status_code, answer.content) == (200, b"")


async def test_it_is_relayed_in_the_shape_of_v01(relaying: World, inbox: Loopback) -> None:
    await post(relaying, message("Hi"))
    (seen,) = await inbox.wait_for(1)
    assert seen.path == "/inbound"
    assert seen.json() == {
        "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "timestamp": "2025-02-03T12:14:25.000Z",
        "to": {"type": "sms", "number": "447700900001"},
        "from": {"type": "sms", "number": "447700900000"},
        "message": {"content": {"type": "text", "text": "Hi"}, "sms": {"num_messages": "1"}},
        "usage": {"currency": "EUR", "price": "0"},
    }


async def test_it_is_relayed_with_the_account_s_signature(relaying: World, inbox: Loopback) -> None:
    await post(relaying, message())
    (seen,) = await inbox.wait_for(1)
    claims = verify_body(
        seen.headers["authorization"],
        seen.body,
        secrets_of=lambda api_key: [SIGNATURE_SECRET],
        now_s=relaying.clock.wall_s(),
    )
    assert isinstance(claims, SignedClaims)
    assert claims.api_key == API_KEY


async def test_the_same_message_again_is_relayed_once(relaying: World, inbox: Loopback) -> None:
    answers = await asyncio.gather(*(post(relaying, message()) for _ in range(20)))
    await until(lambda: is_all_delivered(relaying))
    assert {answer.status_code for answer in answers} == {200}
    assert await sample(relaying, "gateway_webhooks_total", disposition="duplicate") == 19
    assert len(inbox.seen) == 1


async def is_all_delivered(world: World) -> bool:
    return (await world.gateway.store.counts()).pending_callbacks == 0


async def test_two_messages_are_relayed_twice(relaying: World, inbox: Loopback) -> None:
    await post(relaying, message("one"))
    await post(relaying, message("two"))
    assert len(await inbox.wait_for(2)) == 2


async def test_a_message_that_v01_has_no_words_for_is_relayed_as_unsupported(
    relaying: World, inbox: Loopback
) -> None:
    await post(relaying, message(channel="whatsapp", message_type="sticker"))
    (seen,) = await inbox.wait_for(1)
    assert seen.json()["message"] == {"content": {"type": "unsupported"}}


# What cannot be relayed


async def test_without_an_inbound_url_a_message_is_held_for_a_person(world: World) -> None:
    answer = await post(world, message())
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await world.gateway.store.counts()).held_webhooks == 1


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (INBOUND / "refused").glob("*.in.json"))
)
async def test_what_is_signed_and_unusable_is_held_and_answered_200(
    relaying: World, inbox: Loopback, name: str
) -> None:
    answer = await post(relaying, (INBOUND / "refused" / name).read_bytes())
    assert (answer.status_code, answer.content) == (200, b"")
    assert ((await relaying.gateway.store.counts()).held_webhooks, inbox.seen) == (1, [])


async def test_what_is_not_json_is_held_and_answered_200(relaying: World) -> None:
    answer = await post(relaying, b"text=Hello")
    assert answer.status_code == 200
    assert (await relaying.gateway.store.counts()).held_webhooks == 1


# What is refused


async def test_an_unsigned_message_is_a_503_and_stored_nowhere(
    relaying: World, tmp_path: Path
) -> None:
    before = stored(tmp_path)
    problem(await post(relaying, message(), JSON), 503)
    assert stored(tmp_path) == before


FORGERIES: dict[str, dict[str, object]] = {
    "unknown account": {"api_key": "stranger"},
    "hash of another body": {"payload_hash": "0" * 64},
    "another issuer": {"iss": "somebody"},
}


@pytest.mark.parametrize("row", FORGERIES)
async def test_a_forged_message_is_a_401_and_stored_nowhere(
    relaying: World, inbox: Loopback, tmp_path: Path, row: str
) -> None:
    before = stored(tmp_path)
    headers = bearing(claims_of(relaying, message(), **FORGERIES[row]))
    problem(await post(relaying, message(), headers), 401)
    assert (stored(tmp_path), inbox.seen) == (before, [])


async def test_a_message_too_large_is_a_413(relaying: World) -> None:
    problem(await post(relaying, message("x" * 300_000)), 413)


async def test_get_is_a_405(relaying: World) -> None:
    problem(await relaying.http.get("/webhooks/inbound"), 405)


async def test_without_any_signature_secret_nothing_proves_a_message(
    tmp_path: Path, inbox: Loopback
) -> None:
    environ = {"GATEWAY_INBOUND_URL": inbox.url, "VONAGE_SIGNATURE_SECRET": ""}
    async with a_world(tmp_path, environ) as world:
        problem(await post(world, message(), JSON), 401)


async def test_a_store_that_cannot_write_means_503_and_the_message_counts_when_it_comes_again(
    relaying: World, inbox: Loopback
) -> None:
    async with read_only(relaying):
        problem(await post(relaying, message()), 503)
    await post(relaying, message())
    assert len(await inbox.wait_for(1)) == 1


# Several applications


async def test_a_message_goes_to_the_application_of_the_account_that_signed_it(
    tmp_path: Path, inbox: Loopback
) -> None:
    ours = {"GATEWAY_INBOUND_URL": f"{inbox.url}/ours"}
    async with two_tenants(tmp_path, ours, inbound_url=f"{inbox.url}/theirs") as (world, _):
        claims = claims_of(world, message(), api_key=OTHER_KEY)
        await post(world, message(), bearing(claims, OTHER_SIGNATURE_SECRET))
        (seen,) = await inbox.wait_for(1)
    assert seen.path == "/theirs"


async def test_of_one_account_the_application_that_is_named_gets_the_message(
    tmp_path: Path, inbox: Loopback
) -> None:
    ours = {"GATEWAY_INBOUND_URL": f"{inbox.url}/ours"}
    same_account = {
        "api_key": API_KEY,
        "signature_secret": SIGNATURE_SECRET,
        "inbound_url": f"{inbox.url}/theirs",
    }
    async with two_tenants(tmp_path, ours, **same_account) as (world, _):
        await post(world, message(), bearing(claims_of(world, message(), application_id=OTHER_ID)))
        (seen,) = await inbox.wait_for(1)
    assert seen.path == "/theirs"


async def test_a_message_for_an_application_without_inbound_url_goes_to_no_other(
    tmp_path: Path, inbox: Loopback
) -> None:
    async with two_tenants(tmp_path, {"GATEWAY_INBOUND_URL": inbox.url}) as (world, _):
        claims = claims_of(world, message(), api_key=OTHER_KEY)
        await post(world, message(), bearing(claims, OTHER_SIGNATURE_SECRET))
        counts = await world.gateway.store.counts()
    assert (counts.held_webhooks, counts.pending_callbacks, inbox.seen) == (1, 0, [])
