"""Status webhooks: making them, and seeing what became of them."""

from __future__ import annotations

import httpx2
import orjson

from tests.support.world import (
    PUBLIC_URL,
    World,
    message_uuid_of,
    step,
    workflow,
)
from translators.diagnostics import JsonObject, JsonValue

ONE_SMS = workflow(step())
STRANGE_UUID = "cccccccc-bbbb-4ccc-8ddd-0123456789ab"


def status_of(send: JsonObject, status: JsonValue = "delivered", **members: JsonValue) -> bytes:
    """Return the body of a webhook about a message that the upstream saw."""
    return orjson.dumps(
        {
            "message_uuid": message_uuid_of(send),
            "to": send["to"],
            "from": send["from"],
            "timestamp": "2025-02-03T12:14:25Z",
            "status": status,
            "channel": send["channel"],
            **members,
        }
    )


def v01_status_of(send: JsonObject, status: JsonValue = "delivered", **members: JsonValue) -> bytes:
    """Return the same in the shape of v0.1."""
    address = {"type": send["channel"]}
    return orjson.dumps(
        {
            "message_uuid": message_uuid_of(send),
            "to": {**address, "number": send["to"]},
            "from": {**address, "number": send["from"]},
            "timestamp": "2025-02-03T12:14:25.000Z",
            "status": status,
            **members,
        }
    )


def path_of(send: JsonObject) -> str:
    """Return the path of the send's webhook URL: the token is its end."""
    return str(send["webhook_url"]).removeprefix(PUBLIC_URL)


async def sent(world: World, document: JsonObject = ONE_SMS) -> JsonObject:
    """Have a workflow accepted and its first step sent; return the send's body."""
    count = len(world.upstream.seen)
    dispatch_uuid = await world.dispatch(document)
    send = (await world.sends(count + 1))[count]
    await world.until_step(dispatch_uuid, 0, "waiting")
    return send


async def held(world: World) -> int:
    """Return how many webhooks are kept for a person to read."""
    return (await world.gateway.store.counts()).held_webhooks


async def first_step(world: World) -> JsonObject:
    """Return what GET shows of the only dispatch's first step."""
    token_owner = world.upstream.seen[0].json()
    bound = await world.gateway.store.find_message(message_uuid_of(token_owner))
    assert bound is not None
    state = await world.state(bound[0])
    step_shown: JsonObject = state["workflow"][0]  # type: ignore[index, assignment]
    return step_shown


def assert_taken(answer: httpx2.Response) -> None:
    """See that a webhook was answered as the vendor expects it: 200, nothing to read."""
    assert (answer.status_code, answer.content) == (200, b"")
