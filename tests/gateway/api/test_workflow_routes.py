"""`GET /v0.1/dispatch/{uuid}` and its twin `/workflows/{uuid}`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    OTHER_CREDENTIALS,
    OTHER_ID,
    in_module_loop,
    problem,
    read_only,
    serving,
    two_tenants,
)
from tests.gateway.api.tokens import basic, bearer, claims, sign
from tests.gateway.keys import private_pem
from tests.support.loopback import Reply
from tests.support.world import (
    API_KEY,
    World,
    message_uuid_of,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

TWINS = ["/v0.1/dispatch/{}", "/workflows/{}"]
UNKNOWN = "01234567-89ab-7cde-8f01-23456789abcd"


async def get(world: World, path: str) -> httpx2.Response:
    """GET with good credentials."""
    return await world.http.get(path, auth=CREDENTIALS)


# The state


@pytest.mark.parametrize("twin", TWINS)
async def test_the_state_of_a_finished_workflow_is_complete(world: World, twin: str) -> None:
    dispatch_uuid = await world.dispatch()
    (whatsapp,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    await world.webhook(whatsapp, "submitted")
    world.clock.advance(600)
    sms = (await world.sends(2))[1]
    await world.until_step(dispatch_uuid, 1, "waiting")
    await world.webhook(sms, "delivered", usage={"currency": "EUR", "price": "0.0333"})
    assert (await get(world, twin.format(dispatch_uuid))).json() == {
        "dispatch_uuid": dispatch_uuid,
        "template": "failover",
        "status": "completed",
        "timestamp": "2025-02-03T12:24:25.000Z",
        "usage": {"price": "0.0333", "currency": "EUR"},
        "workflow": [
            {
                "channel": "whatsapp",
                "step": "expired",
                "status": "submitted",
                "message_uuid": message_uuid_of(whatsapp),
            },
            {
                "channel": "sms",
                "step": "met",
                "status": "delivered",
                "message_uuid": message_uuid_of(sms),
            },
        ],
        "_links": {"self": {"href": f"/v0.1/dispatch/{dispatch_uuid}"}},
    }


async def test_a_step_that_waits_shows_until_when(world: World) -> None:
    dispatch_uuid = await world.dispatch()
    (send,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    state = await world.state(dispatch_uuid)
    assert state["status"] == "open"
    assert state["workflow"] == [
        {
            "channel": "whatsapp",
            "step": "waiting",
            "message_uuid": message_uuid_of(send),
            "expires_at": "2025-02-03T12:24:25.000Z",
        },
        {"channel": "sms", "step": "pending"},
    ]


async def test_a_step_under_way_shows_no_message_before_there_is_one(world: World) -> None:
    world.upstream.replies.append(Reply(hangs_up=True))
    dispatch_uuid = await world.dispatch(workflow(step()))
    await world.until_step(dispatch_uuid, 0, "unknown")
    assert (await world.state(dispatch_uuid))["workflow"] == [
        {"channel": "sms", "step": "unknown", "expires_at": "2025-02-03T12:29:25.000Z"}
    ]


async def test_a_refused_step_shows_the_message_that_its_callback_named(world: World) -> None:
    world.upstream.replies.append(Reply(status=402, body=b'{"title": "Low balance"}'))
    dispatch_uuid = await world.dispatch(workflow(step()))
    status, report = await world.callbacks(2)
    state = await world.state(dispatch_uuid)
    assert (report["status"], state["status"]) == ("error", "error")
    assert state["workflow"] == [
        {
            "channel": "sms",
            "step": "rejected",
            "status": "rejected",
            "message_uuid": status["message_uuid"],
        }
    ]


async def test_the_links_of_callbacks_lead_to_the_state(world: World) -> None:
    dispatch_uuid = await world.dispatch()
    (send,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    await world.webhook(send, "submitted")
    (callback,) = await world.callbacks(1)
    links: JsonObject = callback["_links"]  # type: ignore[assignment]
    hrefs = [f"/{str(link['href']).lstrip('/')}" for link in links.values()]  # type: ignore[index, call-overload]
    answers = [await get(world, href) for href in hrefs]
    assert [answer.json()["dispatch_uuid"] for answer in answers] == [dispatch_uuid] * 2


async def test_the_state_is_shown_to_a_caller_with_a_jwt(tmp_path: Path) -> None:
    async with two_tenants(tmp_path, private_key=private_pem("theirs")) as (world, _):
        headers = {"Authorization": bearer(sign(claims(application_id=OTHER_ID), key="theirs"))}
        body = orjson.dumps(workflow(step()))
        created = await world.http.post("/v0.1/dispatch", content=body, headers={**JSON, **headers})
        dispatch_uuid = created.json()["dispatch_uuid"]
        shown = await world.http.get(f"/v0.1/dispatch/{dispatch_uuid}", headers=headers)
    assert (shown.status_code, shown.json()["dispatch_uuid"]) == (200, dispatch_uuid)


async def test_the_state_can_be_read_while_the_store_cannot_write(world: World) -> None:
    dispatch_uuid = await world.dispatch()
    async with read_only(world):
        answer = await get(world, f"/v0.1/dispatch/{dispatch_uuid}")
    assert answer.status_code == 200


# Who may see it


@in_module_loop
@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("authorization", [None, basic(f"{API_KEY}:wrong"), "Bearer x"])
async def test_without_good_credentials_the_state_is_a_401(
    accepting: World, twin: str, authorization: str | None
) -> None:
    dispatch_uuid = await accepting.dispatch()
    headers = {"Authorization": authorization} if authorization else {}
    answer = await accepting.http.get(twin.format(dispatch_uuid), headers=headers)
    problem(answer, 401)
    assert "WWW-Authenticate" in answer.headers


async def test_without_credentials_a_known_uuid_looks_like_an_unknown_one(world: World) -> None:
    known = await world.http.get(f"/v0.1/dispatch/{await world.dispatch()}")
    unknown = await world.http.get(f"/v0.1/dispatch/{UNKNOWN}")
    assert {**known.json(), "instance": ""} == {**unknown.json(), "instance": ""}


@pytest.mark.parametrize("twin", TWINS)
async def test_p8_a_foreign_uuid_looks_like_an_unknown_one(tmp_path: Path, twin: str) -> None:
    async with two_tenants(tmp_path) as (world, _):
        ours = twin.format(await world.dispatch())
        foreign = await world.http.get(ours, auth=OTHER_CREDENTIALS)
        unknown = await world.http.get(twin.format(UNKNOWN), auth=OTHER_CREDENTIALS)
    assert {**problem(foreign, 404), "instance": ""} == {**problem(unknown, 404), "instance": ""}


SPELLINGS = {
    "P1 dots": "../../etc/passwd",
    "P2 encoded dots": "%2e%2e%2f",
    "P3 NUL": "%00",
    "P3 NUL at the end": "{}%00",
    "P4 not UTF-8": "%ff%fe",
    "P5 not an escape": "%zz",
    "P7 braces": "%7B{}%7D",
    "P7 upper case": "upper",
    "P7 urn": "urn:uuid:{}",
    "P7 no hyphens": "bare",
    "P9 hash tag": "{{{}}}",
    "P10 10 kB": "a" * 10_000,
    "P11 slash at the end": "{}/",
    "P11 two slashes": "/{}",
    "P11 parameter": "{};jsessionid=1",
    "P12 Arabic-Indic digits": "arabic",
    "line break at the end": "{}%0A",
    "space at the end": "{}%20",
}


def spelled(row: str, dispatch_uuid: str) -> str:
    """Return another spelling of an id."""
    return {
        "upper": dispatch_uuid.upper(),
        "bare": dispatch_uuid.replace("-", ""),
        "arabic": dispatch_uuid.replace("0", "%D9%A0"),
    }.get(SPELLINGS[row]) or SPELLINGS[row].format(dispatch_uuid)


@in_module_loop
@pytest.mark.parametrize("row", SPELLINGS)
async def test_an_id_has_one_spelling(accepting: World, row: str) -> None:
    path = spelled(row, await accepting.dispatch())
    problem(await get(accepting, f"/v0.1/dispatch/{path}"), 404)


@in_module_loop
@pytest.mark.parametrize("row", SPELLINGS)
async def test_no_spelling_gets_past_authentication(accepting: World, row: str) -> None:
    path = spelled(row, await accepting.dispatch())
    answer = await accepting.http.get(f"/v0.1/dispatch/{path}")
    assert answer.status_code in {401, 404}


async def test_p6_a_path_in_raw_utf8_is_a_400(world: World) -> None:
    async with serving(world) as http:
        reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
        writer.write("GET /v0.1/dispatch/é HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
        status_line = await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert status_line.startswith(b"HTTP/1.1 400 ")


@in_module_loop
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("twin", TWINS)
async def test_the_state_can_only_be_read(accepting: World, method: str, twin: str) -> None:
    answer = await accepting.http.request(method, twin.format(UNKNOWN), auth=CREDENTIALS)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}
