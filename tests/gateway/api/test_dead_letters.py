"""`/dead-letters`: callbacks that were given up, listed and posted again on request."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.gateway.api.surface import (
    CREDENTIALS,
    OTHER_CREDENTIALS,
    in_module_loop,
    problem,
    read_only,
    two_tenants,
    until,
)
from tests.support.loopback import Reply
from tests.support.world import (
    World,
    step,
    workflow,
)

UNKNOWN = "01234567-89ab-7cde-8f01-23456789abcd"


async def get(world: World, path: str) -> httpx2.Response:
    """GET with good credentials."""
    return await world.http.get(path, auth=CREDENTIALS)


async def buried(world: World) -> str:
    """Let a callback die: the receiver says that nobody will ever listen there."""
    world.receiver.replies.append(Reply(status=410))
    world.upstream.replies.append(Reply(status=402, body=b'{"title": "Low balance"}'))
    dispatch_uuid = await world.dispatch(workflow(step()))
    await until(lambda: has_letters(world))
    return dispatch_uuid


async def has_letters(world: World) -> bool:
    counts = await world.gateway.store.counts()
    return (counts.dead_letters, counts.pending_callbacks) == (1, 0)


async def test_a_callback_nobody_wanted_is_listed_without_its_body(world: World) -> None:
    dispatch_uuid = await buried(world)
    (letter,) = (await get(world, "/dead-letters")).json()["dead_letters"]
    assert letter == {
        "id": letter["id"],
        "kind": "status",
        "dispatch_uuid": dispatch_uuid,
        "message_uuid": world.receiver.seen[0].json()["message_uuid"],
        "url": f"{world.receiver.url}/webhooks/status",
        "http_status": 410,
        "reason": "client-error",
        "tries": 1,
        "created": "2025-02-03T12:14:25.000Z",
        "died": "2025-02-03T12:14:25.000Z",
    }


async def test_without_dead_letters_the_list_is_empty(world: World) -> None:
    assert (await get(world, "/dead-letters")).json() == {"dead_letters": []}


async def test_a_dead_letter_is_posted_again_on_request_with_the_same_bytes(
    world: World,
) -> None:
    await buried(world)
    (letter,) = (await get(world, "/dead-letters")).json()["dead_letters"]
    count = len(world.receiver.seen)
    answer = await world.http.post(f"/dead-letters/{letter['id']}", auth=CREDENTIALS)
    seen = await world.receiver.wait_for(count + 1)
    assert (answer.status_code, answer.json()) == (202, {"id": letter["id"]})
    assert seen[count].body == seen[0].body


async def test_a_dead_letter_is_dug_up_once(world: World) -> None:
    await buried(world)
    (letter,) = (await get(world, "/dead-letters")).json()["dead_letters"]
    path = f"/dead-letters/{letter['id']}"
    first = await world.http.post(path, auth=CREDENTIALS)
    again = await world.http.post(path, auth=CREDENTIALS)
    assert (first.status_code, again.status_code) == (202, 404)


async def test_dead_letters_of_another_tenant_are_neither_listed_nor_posted(
    tmp_path: Path,
) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await buried(world)
        (letter,) = (await get(world, "/dead-letters")).json()["dead_letters"]
        listed = await world.http.get("/dead-letters", auth=OTHER_CREDENTIALS)
        posted = await world.http.post(f"/dead-letters/{letter['id']}", auth=OTHER_CREDENTIALS)
    assert listed.json() == {"dead_letters": []}
    problem(posted, 404)


@in_module_loop
@pytest.mark.parametrize(
    "item",
    ["x", UNKNOWN, f"{UNKNOWN}.8", f"{UNKNOWN}.99999999999", f"{UNKNOWN}.-1", "%00", "../x", ".1"],
)
async def test_what_names_no_dead_letter_is_a_404(accepting: World, item: str) -> None:
    problem(await accepting.http.post(f"/dead-letters/{item}", auth=CREDENTIALS), 404)


async def test_dead_letters_need_credentials(world: World) -> None:
    problem(await world.http.get("/dead-letters"), 401)
    problem(await world.http.post(f"/dead-letters/{UNKNOWN}.8"), 401)


async def test_a_dead_letter_stays_dead_while_the_store_cannot_write(world: World) -> None:
    await buried(world)
    (letter,) = (await get(world, "/dead-letters")).json()["dead_letters"]
    async with read_only(world):
        answer = await world.http.post(f"/dead-letters/{letter['id']}", auth=CREDENTIALS)
    problem(answer, 503)
    assert len((await get(world, "/dead-letters")).json()["dead_letters"]) == 1
