"""People on WhatsApp whose number is hidden: from their message to the answer's status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import orjson
import pytest

from tests.gateway.api.surface import problem, sample
from tests.support.loopback import Loopback, Reply
from tests.support.world import World, a_world, step, workflow
from translators.diagnostics import JsonObject, JsonValue

USER_ID: Final = "US.13491208655302741918"


@pytest.fixture
async def inbox() -> AsyncIterator[Loopback]:
    """Listen for inbound messages."""
    async with Loopback(lambda seen: Reply()).listening() as inbox:
        yield inbox


@pytest.fixture
async def relaying(tmp_path: Path, inbox: Loopback) -> AsyncIterator[World]:
    """Run a gateway whose application wants inbound messages."""
    settings = {
        "GATEWAY_INBOUND_URL": f"{inbox.url}/inbound",
        "GATEWAY_AUTHENTICATION_TEMPLATES": "order_code, login_code",
    }
    async with a_world(tmp_path, settings) as world:
        yield world


async def write(world: World, **members: JsonValue) -> httpx2.Response:
    """Have somebody write to the business by WhatsApp."""
    body = orjson.dumps(
        {
            "channel": "whatsapp",
            "message_uuid": str(world.clock.draw_uuid()),
            "to": "447700900001",
            "timestamp": "2026-09-03T12:14:25Z",
            "message_type": "text",
            "text": "Hello",
            "profile": {"name": "Jane Smith", "username": "janesmith"},
            **members,
        }
    )
    return await world.http.post("/webhooks/inbound", content=body, headers=world.signed(body))


def answer_to(person: JsonValue, **members: JsonValue) -> JsonObject:
    business: JsonObject = {"type": "whatsapp", "number": "447700900001"}
    return workflow({**step("whatsapp"), "to": person, "from": business, **members})


@pytest.mark.parametrize(
    "members",
    [
        {"from": "", "whatsapp": {"sender": {"user_id": USER_ID, "wa_id": ""}}},
        {"whatsapp": {"sender": {"user_id": USER_ID}}},
        {"from": USER_ID},
    ],
    ids=["empty", "absent", "id"],
)
@pytest.mark.parametrize("copies_object", [True, False], ids=["object", "number"])
async def test_a_person_without_a_number_is_answered(
    relaying: World, inbox: Loopback, members: JsonObject, copies_object: bool
) -> None:
    assert (await write(relaying, **members)).status_code == 200
    sender = (await inbox.wait_for(1))[0].json()["from"]
    assert isinstance(sender, dict)
    person = sender if copies_object else {"type": "whatsapp", "number": sender["number"]}
    await relaying.dispatch(answer_to(person))
    (send,) = await relaying.sends(1)
    assert send["to"] == USER_ID
    recipient: JsonValue = {"recipient": {"user_id": USER_ID}}
    await relaying.webhook(send, "delivered", profile={"name": "Jane"}, whatsapp=recipient)
    callback = (await relaying.callbacks(1))[0]
    assert (callback["status"], callback["to"]) == ("delivered", person)


async def test_senders_are_counted_by_what_names_them(relaying: World, inbox: Loopback) -> None:
    await write(relaying, **{"from": "447700900000"})
    await write(relaying, **{"from": USER_ID})
    await write(relaying, **{"from": ""})
    await inbox.wait_for(3)
    counted = [
        await sample(relaying, "gateway_inbound_senders_total", sender=sender)
        for sender in ("number", "user-id", "nobody")
    ]
    assert counted == [1, 1, 1]


@pytest.mark.parametrize(("form", "members"), [("id", ["id"]), ("number", ["number"])])
async def test_a_setting_says_where_a_user_id_stands(
    tmp_path: Path, inbox: Loopback, form: str, members: list[str]
) -> None:
    settings = {"GATEWAY_INBOUND_URL": f"{inbox.url}/inbound", "GATEWAY_USER_ID_FORM": form}
    async with a_world(tmp_path, settings) as world:
        await write(world, **{"from": USER_ID})
        sender = (await inbox.wait_for(1))[0].json()["from"]
    assert sender == {"type": "whatsapp", **dict.fromkeys(members, USER_ID)}


async def test_an_authentication_template_to_a_user_id_is_refused_at_submission(
    relaying: World,
) -> None:
    content: JsonValue = {"type": "template", "template": {"name": "shop:login_code"}}
    message: JsonValue = {"content": content, "whatsapp": {"locale": "en_GB"}}
    person: JsonValue = {"type": "whatsapp", "number": USER_ID}
    refused = problem(await relaying.post(answer_to(person, message=message)), 400)
    invalid = refused["invalid_parameters"]
    assert isinstance(invalid, dict)
    assert invalid["name"] == "workflow[0].to.number"


async def test_a_rejected_template_is_told_as_an_invalid_one_on_request(tmp_path: Path) -> None:
    settings = {"GATEWAY_TEMPLATE_REJECTION": "invalid-template"}
    async with a_world(tmp_path, settings) as world:
        await world.dispatch(answer_to({"type": "whatsapp", "id": USER_ID}))
        (send,) = await world.sends(1)
        await world.webhook(send, "rejected", error={"title": "131062", "detail": "No - phone"})
        callback = (await world.callbacks(1))[0]
    assert callback["error"] == {"code": 1022, "reason": "Invalid template"}


async def test_a_message_that_says_no_instant_has_that_of_its_arrival(
    relaying: World, inbox: Loopback
) -> None:
    await write(relaying, timestamp={"at": 1}, **{"from": USER_ID})
    assert (await inbox.wait_for(1))[0].json()["timestamp"] == "2025-02-03T12:14:25.000Z"
