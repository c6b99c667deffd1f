"""Whole lives of the workflows that the vendor's documents publish, through the running gateway.

The application was written against Dispatch, and is told everything that it was told before.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.support.peers import answer
from tests.support.published import DOCUMENTS, GUIDE, THREE_STEPS, TWO_STEPS, Document
from tests.support.world import API_KEY, API_SECRET, World, a_world, message_uuid_of
from translators.diagnostics import JsonObject

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
each_of_two_steps = pytest.mark.parametrize("document", TWO_STEPS, ids=lambda each: each.name)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A running gateway and its surroundings."""
    with capture_logs():
        async with a_world(tmp_path) as surroundings:
            yield surroundings


class Life:
    """One published workflow under way."""

    def __init__(self, world: World, document: Document, dispatch_uuid: str) -> None:
        self.world = world
        self.document = document
        self.dispatch_uuid = dispatch_uuid
        self._sent: dict[int, JsonObject] = {}
        self._told = 0

    @classmethod
    async def begin(cls, world: World, document: Document) -> Life:
        """Send the published bytes, as they are."""
        accepted = await post(world, document.body)
        return cls(world, document, accepted.json()["dispatch_uuid"])

    async def sent(self, index: int) -> JsonObject:
        """Wait until a step was sent and its 202 was taken in; return its body."""
        if index not in self._sent:
            send = (await self.world.sends(index + 1))[index]
            await self.world.until_step(self.dispatch_uuid, index, "waiting")
            self._sent[index] = send
        return self._sent[index]

    async def expire(self, index: int) -> None:
        """Let the time of a step that was sent pass, when everything told is delivered."""
        await self.sent(index)
        await self.world.callbacks(self._told)
        self.world.clock.advance(self.document.failover[index]["expiry_time"])

    async def tell(self, index: int, word: str, **members: Any) -> None:
        """Have the upstream tell a status of the message of a step."""
        answered = await self.world.webhook(await self.sent(index), word, **members)
        assert answered.status_code == 200
        self._told += 1


async def post(world: World, body: bytes, path: str = "/v0.1/dispatch") -> httpx2.Response:
    """POST bytes to the legacy endpoint."""
    return await world.http.post(
        path,
        content=body,
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        auth=(API_KEY, API_SECRET),
    )


def in_brief(callbacks: list[JsonObject]) -> list[tuple[object, object]]:
    """Return of each callback what it speaks of, the message or the dispatch, and its status."""
    return [
        (callback.get("message_uuid", callback.get("dispatch_uuid")), callback["status"])
        for callback in callbacks
    ]


@each_document
async def test_a_published_workflow_is_accepted_with_nothing_but_its_id(
    world: World, document: Document
) -> None:
    accepted = await post(world, document.body)
    assert (accepted.status_code, list(accepted.json())) == (202, ["dispatch_uuid"])
    assert str(uuid.UUID(accepted.json()["dispatch_uuid"])) == accepted.json()["dispatch_uuid"]


async def test_the_endpoint_may_end_in_a_slash(world: World) -> None:
    accepted = await post(world, DOCUMENTS[0].body, "/v0.1/dispatch/")
    assert accepted.status_code == 202


@each_document
async def test_every_step_is_sent_as_its_v1_message(world: World, document: Document) -> None:
    life = await Life.begin(world, document)
    for index in range(len(document.messages) - 1):
        await life.expire(index)
    await life.sent(len(document.messages) - 1)
    sends = [
        {name: value for name, value in send.items() if not name.startswith("webhook_")}
        for send in await world.sends(len(document.messages))
    ]
    assert sends == document.messages


@each_document
async def test_a_condition_that_is_met_ends_the_dispatch_without_another_message(
    world: World, document: Document
) -> None:
    life = await Life.begin(world, document)
    condition = document.failover[0]["condition_status"]
    await life.tell(0, "submitted")
    await life.tell(0, condition)
    message_uuid = message_uuid_of(await life.sent(0))
    assert in_brief(await world.callbacks(3)) == [
        (message_uuid, "submitted"),
        (message_uuid, condition),
        (life.dispatch_uuid, "completed"),
    ]
    await life.expire(0)
    assert (await world.state(life.dispatch_uuid))["status"] == "completed"
    assert len(world.upstream.seen) == 1


@each_of_two_steps
async def test_a_condition_that_is_not_met_in_time_sends_the_next_step(
    world: World, document: Document
) -> None:
    life = await Life.begin(world, document)
    await life.tell(0, "submitted")
    await life.expire(0)
    await life.tell(1, "delivered")
    first, second = [message_uuid_of(send) for send in await world.sends(2)]
    assert in_brief(await world.callbacks(3)) == [
        (first, "submitted"),
        (second, "delivered"),
        (life.dispatch_uuid, "completed"),
    ]


@each_of_two_steps
async def test_a_rejected_message_sends_the_next_step_at_once(
    world: World, document: Document
) -> None:
    life = await Life.begin(world, document)
    await life.tell(0, "rejected", error={"title": "1300", "detail": "-", "type": "-"})
    await life.tell(1, "delivered")
    assert [status for _, status in in_brief(await world.callbacks(3))] == [
        "rejected",
        "delivered",
        "completed",
    ]


@each_of_two_steps
async def test_a_last_step_that_fails_ends_the_dispatch_with_error(
    world: World, document: Document
) -> None:
    life = await Life.begin(world, document)
    await life.tell(0, "undeliverable")
    await life.tell(1, "undeliverable")
    assert in_brief(await world.callbacks(3))[2] == (life.dispatch_uuid, "error")


@each_of_two_steps
async def test_a_message_that_is_refused_outright_sends_the_next_step(
    world: World, document: Document
) -> None:
    world.upstream.replies.append(answer(422, {"title": "Invalid recipient"}))
    life = await Life.begin(world, document)
    await life.tell(1, "delivered")
    assert [status for _, status in in_brief(await world.callbacks(3))] == [
        "rejected",
        "delivered",
        "completed",
    ]


async def test_three_channels_are_tried_in_turn(world: World) -> None:
    life = await Life.begin(world, THREE_STEPS)
    await life.tell(0, "delivered")
    await life.expire(0)
    await life.tell(1, "rejected")
    await life.tell(2, "delivered")
    report = (await world.callbacks(4))[-1]
    links: Any = report["_links"]
    assert [(message["channel"], message["status"]) for message in links["messages"]] == [
        ("messenger", "delivered"),
        ("viber_service_msg", "rejected"),
        ("sms", "delivered"),
    ]


async def test_a_status_and_a_report_are_what_the_documents_show(world: World) -> None:
    # docs/wire.md sections 5.3 and 5.4: every field, and no other.
    life = await Life.begin(world, GUIDE)
    error = {
        "type": "https://developer.vonage.com/api-errors/messages#1300",
        "title": "1300",
        "detail": "Not part of the provider network - The number is on no network.",
        "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
    }
    await life.tell(0, "rejected", error=error)
    await life.tell(1, "delivered", usage={"currency": "EUR", "price": "0.0333"})
    first, second = [message_uuid_of(send) for send in await world.sends(2)]
    links = {
        "workflow": {
            "dispatch_uuid": life.dispatch_uuid,
            "href": f"/workflows/{life.dispatch_uuid}",
        },
        "dispatch": {
            "dispatch_uuid": life.dispatch_uuid,
            "href": f"v0.1/dispatch/{life.dispatch_uuid}",
        },
    }
    assert await world.callbacks(3) == [
        {
            "message_uuid": first,
            "to": {"type": "mms", "number": "447700900000"},
            "from": {"type": "mms", "number": "447700900001"},
            "timestamp": "2025-02-03T12:14:25.000Z",
            "status": "rejected",
            "error": {"code": 1300, "reason": "Not part of the provider network"},
            "_links": links,
        },
        {
            "message_uuid": second,
            "to": {"type": "sms", "number": "447700900000"},
            "from": {"type": "sms", "number": "447700900001"},
            "timestamp": "2025-02-03T12:14:25.000Z",
            "status": "delivered",
            "usage": {"currency": "EUR", "price": "0.0333"},
            "_links": links,
        },
        {
            "dispatch_uuid": life.dispatch_uuid,
            "template": "failover",
            "status": "completed",
            "timestamp": "2025-02-03T12:14:25.000Z",
            "usage": {"price": "0.0333", "currency": "EUR"},
            "_links": {
                "messages": [
                    {
                        "message_uuid": first,
                        "href": first,
                        "channel": "mms",
                        "status": "rejected",
                    },
                    {
                        "message_uuid": second,
                        "href": second,
                        "channel": "sms",
                        "usage": {"currency": "EUR", "price": "0.0333"},
                        "status": "delivered",
                    },
                ]
            },
        },
    ]


async def test_a_phone_that_comes_back_late_is_still_told_of(world: World) -> None:
    life = await Life.begin(world, TWO_STEPS[0])
    await life.expire(0)
    await life.tell(1, "delivered")
    await world.callbacks(2)
    first = (await world.sends(2))[0]
    await world.webhook(first, "delivered")
    assert in_brief(await world.callbacks(3))[2] == (message_uuid_of(first), "delivered")


async def test_many_dispatches_live_side_by_side(world: World) -> None:
    lives = [await Life.begin(world, each) for each in TWO_STEPS for _ in range(5)]
    sends = await world.sends(len(lives))
    for life in lives:
        await world.until_step(life.dispatch_uuid, 0, "waiting")
    for send in sends:
        await world.webhook(send, "read")
    reports = [told for told in await world.callbacks(2 * len(lives)) if "template" in told]
    assert {report["dispatch_uuid"] for report in reports} == {life.dispatch_uuid for life in lives}
