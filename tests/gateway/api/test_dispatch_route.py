"""`POST /v0.1/dispatch`: what is accepted, what is said about it, and what stands in the way."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests.gateway.api.served import GOOD, OURS, REQUESTS
from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    hang_up_on,
    in_module_loop,
    levels,
    lines,
    problem,
    read_only,
    serving,
    stored,
)
from tests.support.loopback import Reply
from tests.support.world import (
    WHATSAPP_THEN_SMS,
    World,
    a_world,
    failing_over,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

# What is accepted


async def test_an_accepted_request_is_answered_with_its_uuid_alone(world: World) -> None:
    answer = await world.post(WHATSAPP_THEN_SMS)
    body = answer.json()
    assert (answer.status_code, list(body)) == (202, ["dispatch_uuid"])
    assert str(uuid.UUID(body["dispatch_uuid"])) == body["dispatch_uuid"]


async def test_an_accepted_request_without_findings_has_no_diagnostics_header(world: World) -> None:
    answer = await world.post(WHATSAPP_THEN_SMS)
    assert "Gateway-Diagnostics" not in answer.headers


async def test_the_202_does_not_wait_for_the_upstream(world: World) -> None:
    answers = asyncio.Event()
    world.upstream.replies.append(Reply(holds=answers))
    await world.dispatch()
    await world.sends(1)
    answers.set()


@in_module_loop
@pytest.mark.parametrize("path", ["/v0.1/dispatch", "/v0.1/dispatch/"])
@pytest.mark.parametrize("query", ["", "?", "?api_key=x&dry=1", "?%00=%ff"])
async def test_both_slash_forms_are_served_whatever_the_query(
    accepting: World, path: str, query: str
) -> None:
    answer = await accepting.http.post(path + query, content=GOOD, headers=JSON, auth=CREDENTIALS)
    assert answer.status_code == 202


MEDIA_TYPES = [
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "application/json; charset=us-ascii",
    "application/json; charset=utf-8; version=1",
    "application/json; version=1; charset=utf-8",
    "application/json; version=1",
    "application/json;",
]


@in_module_loop
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
async def test_j32_json_in_utf8_is_accepted_however_it_is_declared(
    accepting: World, media_type: str
) -> None:
    answer = await accepting.post(WHATSAPP_THEN_SMS, **{"Content-Type": media_type})
    assert answer.status_code == 202


ACCEPTED_ANSWERS = [
    "*/*",
    "application/json",
    "application/*;q=0.5",
    "application/json, text/plain, */*",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    "",
]


@in_module_loop
@pytest.mark.parametrize("wanted", ACCEPTED_ANSWERS)
async def test_a_client_that_can_read_json_is_answered(accepting: World, wanted: str) -> None:
    answer = await accepting.post(WHATSAPP_THEN_SMS, Accept=wanted)
    assert answer.status_code == 202


async def test_a_client_may_spread_what_it_accepts_over_several_headers(world: World) -> None:
    answer = await world.http.post(
        "/v0.1/dispatch",
        content=GOOD,
        headers=[
            ("Content-Type", "application/json"),
            ("Accept", "text/html"),
            ("Accept", "application/json"),
        ],
        auth=CREDENTIALS,
    )
    assert answer.status_code == 202


async def test_a_body_in_chunks_is_accepted(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield GOOD[:40]
        yield GOOD[40:]

    async with serving(world) as http:
        answer = await http.post("/v0.1/dispatch", content=chunks(), headers=JSON, auth=CREDENTIALS)
    assert answer.status_code == 202


# Findings


async def test_what_was_accepted_with_a_warning_is_named_in_a_header(world: World) -> None:
    request = orjson.loads((REQUESTS / "carried" / "content-type-img.v01.json").read_bytes())
    answer = await world.post(request)
    assert (answer.status_code, answer.headers["Gateway-Diagnostics"]) == (202, "REQ162")


async def test_findings_of_an_accepted_request_are_in_the_log(
    log: io.BytesIO, world: World
) -> None:
    request = orjson.loads((REQUESTS / "carried" / "content-type-img.v01.json").read_bytes())
    await world.post(request)
    assert [line["rules"] for line in lines(log, "dispatch.accepted")] == [["REQ162"]]


async def test_the_instance_of_a_refusal_finds_its_line_in_the_log(
    log: io.BytesIO, world: World
) -> None:
    body = problem(await world.post({}), 400)
    (line,) = lines(log, "request.refused")
    assert (line["instance"], line["http_status"], line["rules"]) == (
        body["instance"],
        400,
        ["REQ121"],
    )


async def test_two_refusals_have_two_instances(world: World) -> None:
    first, second = problem(await world.post({}), 400), problem(await world.post({}), 400)
    assert first["instance"] != second["instance"]


async def test_all_faults_are_listed_when_the_setting_asks_for_an_array(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_INVALID_PARAMETERS": "array"}) as world:
        body = problem(await world.post({}), 400)
    assert body["invalid_parameters"] == [
        {"name": "template", "reason": "is required"},
        {"name": "workflow", "reason": "is required"},
    ]


async def test_a_rule_that_the_operator_refuses_is_refused_by_name(tmp_path: Path) -> None:
    request = (REQUESTS / "carried" / "content-type-img.v01.json").read_bytes()
    async with a_world(tmp_path, {"GATEWAY_REFUSE": "content-type-img"}) as world:
        answer = await world.post(orjson.loads(request))
    assert (answer.status_code, answer.headers["Gateway-Diagnostics"]) == (400, "REQ162")


async def test_a_rule_that_the_operator_accepts_is_accepted_with_a_warning(tmp_path: Path) -> None:
    request = workflow({**step(), **failing_over()})
    async with a_world(tmp_path, {"GATEWAY_ACCEPT": "failover-on-last-step"}) as world:
        answer = await world.post(request)
    assert (answer.status_code, answer.headers["Gateway-Diagnostics"]) == (202, "REQ134")


async def test_the_cap_on_steps_is_a_setting(tmp_path: Path) -> None:
    conditional: JsonObject = {**step(), **failing_over()}
    request = workflow(conditional, conditional, step())
    async with a_world(tmp_path, {"GATEWAY_MAX_STEPS": "2"}) as world:
        body = problem(await world.post(request), 400)
    assert body["invalid_parameters"]["name"] == "workflow"  # type: ignore[index, call-overload]


async def test_templates_without_a_locale_take_the_configured_one(tmp_path: Path) -> None:
    template: JsonObject = {"type": "template", "template": {"name": "ns:verify"}}
    request = workflow({**step("whatsapp"), "message": {"content": template}})
    async with a_world(tmp_path, {"GATEWAY_DEFAULT_LOCALE": "en-GB"}) as world:
        await world.dispatch(request)
        (send,) = await world.sends(1)
    assert send["whatsapp"] == {"locale": "en_GB"}


# Paths, methods, hang-ups, outages


@in_module_loop
@pytest.mark.parametrize("path", ["/", "/v0.1", "/v0.1/dispatchx", "/beta/workflows", "//v0.1"])
async def test_h39_an_unknown_path_is_a_404_in_the_shape_of_v01(
    accepting: World, path: str
) -> None:
    problem(await accepting.http.post(path, content=GOOD, headers=JSON, auth=CREDENTIALS), 404)


@in_module_loop
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/v0.1/dispatch", "/v0.1/dispatch/"])
async def test_h40_another_method_is_a_405_that_says_which_is_allowed(
    accepting: World, method: str, path: str
) -> None:
    answer = await accepting.http.request(method, path, auth=CREDENTIALS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_h40_a_405_has_the_shape_of_v01(world: World) -> None:
    problem(await world.http.get("/v0.1/dispatch", auth=CREDENTIALS), 405)


async def test_h36_a_client_that_hangs_up_in_its_body_causes_no_alarm(
    log: io.BytesIO, world: World, tmp_path: Path
) -> None:
    before = stored(tmp_path)
    await hang_up_on(world, "/v0.1/dispatch", {**JSON, "Authorization": OURS})
    assert levels(log).isdisjoint({"warning", "error", "critical"})
    assert stored(tmp_path) == before


async def test_a_store_that_cannot_write_means_503_and_nothing_accepted(
    world: World, tmp_path: Path
) -> None:
    await world.dispatch()
    await world.sends(1)
    before = stored(tmp_path)
    async with read_only(world):
        answer = await world.post(WHATSAPP_THEN_SMS)
    problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"
    assert (stored(tmp_path)["dispatch"], len(world.upstream.seen)) == (before["dispatch"], 1)


async def test_dispatches_are_accepted_again_once_the_store_can_write(world: World) -> None:
    async with read_only(world):
        await world.post(WHATSAPP_THEN_SMS)
    answer = await world.post(WHATSAPP_THEN_SMS)
    assert answer.status_code == 202
