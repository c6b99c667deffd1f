"""`POST /v0.1/dispatch`: who is let in (rows A), for whom, and what a repetition is."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.api.served import GOOD, ONE_SMS, OURS, REFUSED_BY_UPSTREAM, Served
from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    OTHER_CREDENTIALS,
    OTHER_ID,
    in_module_loop,
    lines,
    problem,
    serving,
    stored,
    two_tenants,
    until,
)
from tests.gateway.api.tokens import basic, bearer, claims, sign, unsigned
from tests.gateway.keys import private_pem
from tests.support.loopback import Loopback
from tests.support.world import (
    API_KEY,
    API_SECRET,
    WHATSAPP_THEN_SMS,
    World,
    a_world,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

# Callers

STRANGERS = {
    "A2 not base64": "Basic !!!",
    "A2 no colon": basic("abcd1234"),
    "A2 colon only": basic(":"),
    "A3 not UTF-8": basic(b"\xff\xfe:x"),
    "A4 wrong secret": basic(f"{API_KEY}:wrong"),
    "A4 unknown key": basic(f"stranger:{API_SECRET}"),
    "A6 alg none": bearer(unsigned("none")),
    "A9 key of another application": bearer(sign(key="theirs")),
    "A19 two dots missing": bearer("token"),
    "another scheme": "Digest username=x",
    "empty": "",
}


@in_module_loop
async def test_a1_a_request_without_credentials_is_a_401_with_a_challenge(served: Served) -> None:
    answer, body = await served.refused(401, authorization=None)
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert body["type"] == "https://developer.nexmo.com/api-errors#unauthorized"


@in_module_loop
@pytest.mark.parametrize("row", STRANGERS)
async def test_bad_credentials_are_a_401_with_the_same_challenge_and_body(
    served: Served, row: str
) -> None:
    plain, expected = await served.refused(401, authorization=None)
    answer, body = await served.refused(401, authorization=STRANGERS[row])
    assert answer.headers["WWW-Authenticate"] == plain.headers["WWW-Authenticate"]
    assert {**body, "instance": ""} == {**expected, "instance": ""}


async def test_a5_both_kinds_of_credentials_at_once_are_a_401(tmp_path: Path) -> None:
    async with (
        two_tenants(tmp_path, private_key=private_pem("theirs")) as (world, _),
        serving(world) as http,
    ):
        answer = await http.post(
            "/v0.1/dispatch",
            content=GOOD,
            headers=[
                ("Content-Type", "application/json"),
                ("Authorization", OURS),
                ("Authorization", bearer(sign(claims(application_id=OTHER_ID), key="theirs"))),
            ],
        )
    problem(answer, 401)


async def test_a_stranger_is_refused_before_the_body_is_read(world: World) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    problem(await world.http.post("/v0.1/dispatch", content=nothing(), headers=JSON), 401)


async def test_why_a_caller_was_refused_is_in_the_log_only(log: io.BytesIO, world: World) -> None:
    headers = {**JSON, "Authorization": basic(f"{API_KEY}:wrong")}
    answer = await world.http.post("/v0.1/dispatch", content=GOOD, headers=headers)
    assert [line["reason"] for line in lines(log, "caller.refused")] == ["wrong_secret"]
    assert "wrong_secret" not in answer.text


async def test_a_caller_with_a_jwt_is_served(tmp_path: Path) -> None:
    async with two_tenants(tmp_path, private_key=private_pem("theirs")) as (world, _):
        token = sign(claims(application_id=OTHER_ID), key="theirs")
        answer = await world.http.post(
            "/v0.1/dispatch", content=GOOD, headers={**JSON, "Authorization": bearer(token)}
        )
    assert answer.status_code == 202


CALLERS = {
    "first account": (OURS, ["/webhooks/status", "/webhooks/status"], []),
    "second account": (basic(":".join(OTHER_CREDENTIALS)), [], ["/other/report", "/other/status"]),
    "JWT of the second application": (
        bearer(sign(claims(application_id=OTHER_ID), key="theirs")),
        [],
        ["/other/report", "/other/status"],
    ),
}


@pytest.mark.parametrize("caller", CALLERS)
async def test_callbacks_go_to_the_urls_of_the_caller_s_application(
    tmp_path: Path, caller: str
) -> None:
    authorization, ours, theirs = CALLERS[caller]
    async with two_tenants(tmp_path, private_key=private_pem("theirs")) as (world, other):
        world.upstream.replies.append(REFUSED_BY_UPSTREAM)
        headers = {**JSON, "Authorization": authorization}
        await world.http.post("/v0.1/dispatch", content=ONE_SMS, headers=headers)
        await until(lambda: are_seen(world, other, 2))
        seen = [sorted(each.path for each in place.seen) for place in (world.receiver, other)]
    assert seen == [ours, theirs]


async def are_seen(world: World, other: Loopback, count: int) -> bool:
    return len(world.receiver.seen) + len(other.seen) == count


# Repetition


async def test_w21_the_same_request_twice_is_two_dispatches(world: World) -> None:
    assert await world.dispatch() != await world.dispatch()


async def test_w22_a_key_with_the_same_body_is_answered_with_the_first_dispatch(
    world: World,
) -> None:
    first = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
    again = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
    assert (again.status_code, again.json()) == (202, first.json())


async def test_w22_a_key_with_another_body_is_a_409_and_nothing_begins(
    world: World, tmp_path: Path
) -> None:
    await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
    await world.sends(1)
    before = stored(tmp_path)
    problem(await world.post(workflow(step()), **{"Idempotency-Key": "order-42"}), 409)
    assert stored(tmp_path)["dispatch"] == before["dispatch"]


async def test_a_key_of_a_refused_request_is_not_used_up(world: World) -> None:
    await world.post({}, **{"Idempotency-Key": "order-42"})
    answer = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
    assert answer.status_code == 202


async def test_keys_of_two_applications_do_not_meet(tmp_path: Path) -> None:
    headers = {**JSON, "Idempotency-Key": "order-42"}
    async with two_tenants(tmp_path) as (world, _):
        ours = await world.http.post(
            "/v0.1/dispatch", content=GOOD, headers=headers, auth=CREDENTIALS
        )
        theirs = await world.http.post(
            "/v0.1/dispatch", content=ONE_SMS, headers=headers, auth=OTHER_CREDENTIALS
        )
    assert (ours.status_code, theirs.status_code) == (202, 202)


async def test_fifty_posts_with_one_key_at_once_are_one_dispatch(world: World) -> None:
    posts = [world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"}) for _ in range(50)]
    answers = await asyncio.gather(*posts)
    await world.sends(1)
    counts = await world.gateway.store.counts()
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert (counts.open_dispatches, len(world.upstream.seen)) == (1, 1)


BAD_KEYS = {"empty": "", "256 characters": "k" * 256, "not ASCII": "ordre-é", "a tab": "a\tb"}


@in_module_loop
@pytest.mark.parametrize("row", BAD_KEYS)
async def test_w23_a_key_that_is_no_key_is_a_400_that_names_the_header(
    served: Served, row: str
) -> None:
    _, body = await served.refused(400, headers={"Idempotency-Key": BAD_KEYS[row]})
    assert body["invalid_parameters"]["name"] == "Idempotency-Key"  # type: ignore[index, call-overload]


async def test_a_key_of_255_characters_is_taken(world: World) -> None:
    answer = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "k" * 255})
    assert answer.status_code == 202


async def test_two_keys_on_one_request_are_refused(world: World) -> None:
    headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "a"),
        ("Idempotency-Key", "b"),
    ]
    answer = await world.http.post(
        "/v0.1/dispatch", content=GOOD, headers=headers, auth=CREDENTIALS
    )
    problem(answer, 400)


ELSEWHERE: JsonObject = {"paths": {"/*/users/**": {}}}


@pytest.mark.parametrize(
    ("acl", "refused", "answered"),
    [
        (ELSEWHERE, "", (202, "REQ194")),
        ({}, "", (202, "REQ194")),
        ({"paths": {"/*/dispatch/**": {}}}, "acl-elsewhere", (202, None)),
        (ELSEWHERE, "acl-elsewhere", (403, "REQ194")),
    ],
    ids=["elsewhere", "none", "dispatch", "elsewhere and refused"],
)
async def test_a25_an_acl_without_dispatch_is_a_warning_and_a_403_on_request(
    tmp_path: Path, acl: object, refused: str, answered: tuple[int, str | None]
) -> None:
    switches = {"GATEWAY_REFUSE": refused}
    private = {"VONAGE_APPLICATION_ID": OTHER_ID, "VONAGE_PRIVATE_KEY": private_pem("theirs")}
    async with a_world(tmp_path, {**switches, **private}) as world:
        token = sign(claims(application_id=OTHER_ID, acl=acl), key="theirs")
        for _ in range(2):  # the second one is remembered
            answer = await world.http.post(
                "/v0.1/dispatch", content=GOOD, headers={**JSON, "Authorization": bearer(token)}
            )
            told = answer.headers.get("Gateway-Diagnostics")
            assert (answer.status_code, told) == answered


async def test_an_acl_shows_in_the_plan(tmp_path: Path) -> None:
    private = {"VONAGE_APPLICATION_ID": OTHER_ID, "VONAGE_PRIVATE_KEY": private_pem("theirs")}
    async with a_world(tmp_path, private) as world:
        token = sign(claims(application_id=OTHER_ID, acl=ELSEWHERE), key="theirs")
        answer = await world.http.post(
            "/v0.1/dispatch/plan", content=GOOD, headers={**JSON, "Authorization": bearer(token)}
        )
    assert [each["name"] for each in answer.json()["diagnostics"]] == ["acl-elsewhere"]
