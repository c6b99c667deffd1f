"""Every webhook route takes every kind of webhook: what it is, its body tells."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.alarms import AlarmKind
from gateway.stores.base import HeldWebhook
from gateway.tokens import StepAddress, TokenMint
from tests.gateway.api.statuses import (
    STRANGE_UUID,
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
    OTHER_KEY,
    OTHER_SIGNATURE_SECRET,
    bearing,
    claims_of,
    lines,
    problem,
    sample,
    stored,
    two_tenants,
    until,
)
from tests.gateway.api.test_inbound_route import message
from tests.support.loopback import Loopback, Reply
from tests.support.world import (
    API_KEY,
    WHATSAPP_THEN_SMS,
    World,
    a_world,
    message_uuid_of,
)
from translators.diagnostics import JsonObject, JsonValue

STATUS, INBOUND = "/webhooks/status", "/webhooks/inbound"


def v01_message(text: str = "Hello") -> bytes:
    """Return an inbound SMS in the shape of v0.1, written as no library of ours would."""
    return (
        '{ "message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",\n'
        '"timestamp":"2025-02-03T12:14:25.000Z","to":{"type":"sms","number":"447700900001"},'
        '"from":{"type":"sms","number":"447700900000"},"message":{"content":{"type":"text",'
        f'"text":"{text} \\u00e9"}},"sms":{{"num_messages":"1"}}}},"price":0.10}}\n'
    ).encode()


async def post(world: World, path: str, body: bytes) -> httpx2.Response:
    """Post a webhook, signed by the first account."""
    return await world.http.post(path, content=body, headers=world.signed(body))


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


# A status in the shape of v0.1


ROUTES = ["token", "token/", STATUS, f"{STATUS}/", INBOUND, f"{INBOUND}/", f"{STATUS}/forged"]


def path_to(send: JsonObject, route: str) -> str:
    """Return a path of ours; `token` stands for the one that the send named."""
    return path_of(send) + route.removeprefix("token") if route.startswith("token") else route


@pytest.mark.parametrize("route", ROUTES)
async def test_a_status_in_v01_shape_is_applied_on_every_route(world: World, route: str) -> None:
    send = await sent(world)
    assert_taken(await post(world, path_to(send, route), v01_status_of(send)))
    assert (await first_step(world))["step"] == "met"


@pytest.mark.parametrize("route", ROUTES)
async def test_a_status_in_v1_shape_is_applied_on_every_route(world: World, route: str) -> None:
    send = await sent(world)
    assert_taken(await post(world, path_to(send, route), status_of(send)))
    assert (await first_step(world))["step"] == "met"


async def test_a_message_delivered_in_v01_shape_is_not_followed_by_another(world: World) -> None:
    send = await sent(world, WHATSAPP_THEN_SMS)
    await post(world, path_of(send), v01_status_of(send, "read"))
    world.clock.advance(601)
    status, report = await world.callbacks(2)
    assert (status["status"], report["status"]) == ("read", "completed")
    assert len(world.upstream.seen) == 1


async def test_a_status_in_v01_shape_is_forwarded_as_the_one_in_v1_shape_is(world: World) -> None:
    first, second = await sent(world), await sent(world)
    usage: JsonObject = {"currency": "EUR", "price": "0.0333"}
    await post(world, path_of(first), status_of(first, "submitted", usage=usage))
    await post(world, path_of(second), v01_status_of(second, "submitted", usage=usage))
    theirs, ours = await world.callbacks(2)
    for each in (theirs, ours):
        del each["message_uuid"], each["_links"]
    assert theirs == ours


async def test_a_failure_in_v01_shape_fails_over_with_its_error(world: World) -> None:
    send = await sent(world, WHATSAPP_THEN_SMS)
    error: JsonObject = {"code": 1300, "reason": "Not part of the provider network"}
    await post(world, STATUS, v01_status_of(send, "undeliverable", error=error))
    await world.sends(2)
    (callback,) = await world.callbacks(1)
    assert callback["error"] == error


async def test_the_same_event_in_both_shapes_is_one(world: World) -> None:
    send = await sent(world)
    error: JsonObject = {"title": "1300"}
    theirs = status_of(send, "submitted", usage={"currency": "EUR", "price": 0.0333}, error=error)
    ours = v01_status_of(
        send, "submitted", usage={"currency": "EUR", "price": "0.0333"}, error={"code": 1300}
    )
    assert_taken(await post(world, path_of(send), theirs))
    assert_taken(await post(world, STATUS, ours))
    await until(lambda: nothing_to_deliver(world))
    assert await sample(world, "gateway_webhooks_total", disposition="duplicate") == 1
    assert len(world.receiver.seen) == 1


async def nothing_to_deliver(world: World) -> bool:
    return (await world.gateway.store.counts()).pending_callbacks == 0


async def test_a_status_in_v01_shape_is_a_warning_in_the_log(log: io.BytesIO, world: World) -> None:
    send = await sent(world)
    await post(world, STATUS, v01_status_of(send))
    assert [(line["level"], line["rules"]) for line in lines(log, "webhook.in_v01_shape")] == [
        ("warning", ["STS206"])
    ]


async def test_a_status_in_v01_shape_that_overtakes_its_answer_waits(world: World) -> None:
    send = await sent(world)
    body = v01_status_of(send, message_uuid=STRANGE_UUID)
    assert_taken(await post(world, STATUS, body))
    (kept,) = await world.gateway.store.held_for(STRANGE_UUID)
    assert (kept.reason, kept.body) == ("unmatched", body)


async def test_another_account_s_status_in_v01_shape_about_our_message_is_a_401(
    tmp_path: Path,
) -> None:
    async with two_tenants(tmp_path) as (world, _):
        send = await sent(world)
        body = v01_status_of(send)
        before = stored(tmp_path)
        headers = bearing(claims_of(world, body, api_key=OTHER_KEY), OTHER_SIGNATURE_SECRET)
        for path in (path_of(send), f"{path_of(send)}/", STATUS):
            problem(await world.http.post(path, content=body, headers=headers), 401)
        assert stored(tmp_path) == before


# A message from a person


@pytest.mark.parametrize("route", [INBOUND, f"{INBOUND}/", STATUS, f"{STATUS}/", "token"])
async def test_a_message_in_v01_shape_is_relayed_to_the_byte(
    relaying: World, inbox: Loopback, route: str
) -> None:
    send = await sent(relaying)
    assert_taken(await post(relaying, path_to(send, route), v01_message()))
    (seen,) = await inbox.wait_for(1)
    assert (seen.path, seen.body) == ("/inbound", v01_message())
    assert (await first_step(relaying))["step"] == "waiting"


async def test_a_message_with_a_token_of_a_dispatch_that_is_gone_is_relayed_all_the_same(
    relaying: World, inbox: Loopback
) -> None:
    assert_taken(await post(relaying, gone(relaying), v01_message()))
    (seen,) = await inbox.wait_for(1)
    assert seen.body == v01_message()


def gone(world: World) -> str:
    """Return the path of a step that was pruned."""
    mint = TokenMint(world.gateway.store.secret())
    return f"{STATUS}/{mint.mint(StepAddress(dispatch_uuid=STRANGE_UUID, step=0))}"


async def test_a_message_in_v01_shape_is_relayed_once(relaying: World, inbox: Loopback) -> None:
    for path in (INBOUND, INBOUND, STATUS):
        assert_taken(await post(relaying, path, v01_message()))
    await until(lambda: nothing_to_deliver(relaying))
    assert len(inbox.seen) == 1


ODD: dict[str, bytes] = {
    "a character cut in two": b"\\ud83d",
    "a character that is none": b"\\u0000",
    "a key twice": b'","text":"twice',
    "a large number": b'","n":123456789012345678901234567890,"m":"',
}


@pytest.mark.parametrize("row", ODD)
async def test_a_message_in_v01_shape_is_relayed_whatever_it_says(
    relaying: World, inbox: Loopback, row: str
) -> None:
    body = v01_message().replace(b"Hello", ODD[row])
    assert_taken(await post(relaying, INBOUND, body))
    (seen,) = await inbox.wait_for(1)
    assert seen.body == body


async def test_two_messages_in_v01_shape_are_relayed_both(relaying: World, inbox: Loopback) -> None:
    for text in ("one", "two"):
        await post(relaying, INBOUND, v01_message(text))
    assert {seen.body for seen in await inbox.wait_for(2)} == {
        v01_message("one"),
        v01_message("two"),
    }


async def test_a_message_in_v1_shape_on_the_status_route_is_rewritten_and_relayed(
    relaying: World, inbox: Loopback
) -> None:
    assert_taken(await post(relaying, STATUS, message("Hi")))
    (seen,) = await inbox.wait_for(1)
    assert seen.json()["message"] == {
        "content": {"type": "text", "text": "Hi"},
        "sms": {"num_messages": "1"},
    }


async def test_a_message_in_v01_shape_is_a_warning_in_the_log(
    log: io.BytesIO, relaying: World
) -> None:
    await post(relaying, INBOUND, v01_message())
    assert [(line["level"], line["rules"]) for line in lines(log, "webhook.in_v01_shape")] == [
        ("warning", ["STS206"])
    ]


async def test_a_message_that_nobody_wants_is_held_in_either_shape(world: World) -> None:
    for path, body in ((INBOUND, message()), (STATUS, v01_message())):
        assert_taken(await post(world, path, body))
    assert {one.reason for one in await kept(world)} == {"no-inbound-url"}


async def kept(world: World) -> list[HeldWebhook]:
    """Return everything that is held."""
    senders = [f"account:{API_KEY}", f"unproven:{API_KEY}"]
    return list(await world.gateway.store.held(senders, reason=None, after=0, limit=99))


async def test_a_message_with_the_token_of_another_tenant_goes_nowhere(
    tmp_path: Path, inbox: Loopback
) -> None:
    ours = {"GATEWAY_INBOUND_URL": f"{inbox.url}/ours"}
    async with two_tenants(tmp_path, ours, inbound_url=f"{inbox.url}/theirs") as (world, _):
        send = await sent(world)
        claims = claims_of(world, v01_message(), api_key=OTHER_KEY)
        headers = bearing(claims, OTHER_SIGNATURE_SECRET)
        answer = await world.http.post(path_of(send), content=v01_message(), headers=headers)
        problem(answer, 401)
        assert inbox.seen == []


# What is not for the gateway


VERIFY = {
    "event": b'{"request_id":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","triggered_at":"2025-02-03",'
    b'"type":"event","channel":"sms","status":"completed"}',
    "summary": b'{"request_id":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","type":"summary",'
    b'"status":"completed","workflow":[{"channel":"sms","status":"completed"}],"price":"0.1"}',
}


@pytest.mark.parametrize("path", [STATUS, INBOUND])
@pytest.mark.parametrize("row", VERIFY)
async def test_a_webhook_of_verify_is_held_under_its_own_reason(
    world: World, row: str, path: str
) -> None:
    assert_taken(await post(world, path, VERIFY[row]))
    assert [one.reason for one in await kept(world)] == ["verify-format"]


@pytest.mark.parametrize("path", [STATUS, INBOUND])
async def test_a_final_report_of_dispatch_itself_is_held_under_its_own_reason(
    world: World, path: str
) -> None:
    body = b'{"dispatch_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"completed"}'
    assert_taken(await post(world, path, body))
    assert [one.reason for one in await kept(world)] == ["dispatch-report"]


RECEIPT = (
    "msisdn=447700900000&to=AcmeInc&network-code=23410&messageId=0A0000001234567B&price=0.03"
    "&status=delivered&scts=2502031214&err-code=0&message-timestamp=2025-02-03+12%3A14%3A25"
)
SMS = "msisdn=447700900000&to=447700900001&messageId=0A0000001234567B&text=Hi&type=text"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATHS = [STATUS, f"{STATUS}/", INBOUND, f"{INBOUND}/", f"{STATUS}/anything"]


def as_json(query: str) -> bytes:
    """Write a form as JSON."""
    return orjson.dumps(dict(field.split("=") for field in query.split("&")))


@pytest.mark.parametrize("query", [RECEIPT, SMS], ids=["receipt", "message"])
@pytest.mark.parametrize("path", PATHS)
async def test_the_form_of_the_sms_api_is_held_under_its_own_reason_however_it_comes(
    world: World, path: str, query: str
) -> None:
    answers = [
        await world.http.get(f"{path}?{query}"),
        await world.http.post(path, content=query.encode(), headers=FORM),
        await world.http.post(path, content=as_json(query), headers=JSON),
    ]
    for answer in answers:
        assert_taken(answer)
    # The query and the form are the same bytes, and kept once.
    assert [(one.reason, one.body) for one in await kept(world)] == [
        ("sms-api-format", query.encode()),
        ("sms-api-format", as_json(query)),
    ]


async def test_credentials_that_a_proxy_adds_do_not_hide_the_form_of_the_sms_api(
    world: World,
) -> None:
    headers = {**FORM, "Authorization": "Basic cHJveHk6eA=="}
    assert_taken(await world.http.post(INBOUND, content=SMS.encode(), headers=headers))
    assert [one.reason for one in await kept(world)] == ["sms-api-format"]


async def test_the_form_of_the_sms_api_raises_an_alarm_that_shuts_nothing(world: World) -> None:
    await world.http.get(f"{INBOUND}?{SMS}")
    (alarm,) = world.gateway.alarms.standing(API_KEY)
    assert (alarm.kind, alarm.subject, alarm.blocks_intake) == (AlarmKind.SMS_API, API_KEY, False)
    assert (await world.post(WHATSAPP_THEN_SMS)).status_code == 202
    assert (await world.admin.get("/readyz")).status_code == 200


async def test_the_form_of_the_sms_api_is_logged_without_what_it_says(
    log: io.BytesIO, world: World
) -> None:
    await world.http.get(f"{INBOUND}?{SMS}")
    (line,) = lines(log, "webhook.held")
    assert (line["level"], line["reason"]) == ("warning", "sms-api-format")
    assert "Messages API" in line["remedy"]
    said = [value for _, value in parse_qsl(SMS) if len(value) > 8]
    assert [value for value in said if value.encode() in log.getvalue()] == []


async def test_the_form_of_the_sms_api_touches_no_dispatch_whatever_it_says(world: World) -> None:
    send = await sent(world)
    document = {**orjson.loads(status_of(send)), **orjson.loads(as_json(RECEIPT))}
    document["message_uuid"] = None
    body = orjson.dumps(document)
    assert_taken(await world.http.post(path_of(send), content=body, headers=JSON))
    assert (await first_step(world))["step"] == "waiting"


async def test_what_is_more_than_the_form_of_the_sms_api_has_to_be_signed(world: World) -> None:
    send = await sent(world)
    document = {**orjson.loads(as_json(RECEIPT)), **orjson.loads(status_of(send))}
    body = orjson.dumps(document)
    problem(await world.http.post(path_of(send), content=body, headers=JSON), 503)
    assert (await held(world), (await first_step(world))["step"]) == (0, "waiting")


async def test_a_signed_body_in_the_form_of_the_sms_api_is_held_under_the_same_reason(
    world: World,
) -> None:
    assert_taken(await post(world, INBOUND, as_json(SMS)))
    assert [one.reason for one in await kept(world)] == ["sms-api-format"]
    assert [alarm.kind for alarm in world.gateway.alarms.standing()] == [AlarmKind.SMS_API]


async def test_an_unsigned_body_that_is_long_is_not_kept(world: World) -> None:
    body = as_json(f"{SMS}&data={'A' * 20_000}")
    problem(await world.http.post(INBOUND, content=body, headers=JSON), 503)
    assert await held(world) == 0


async def test_strangers_do_not_fill_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sms_api._KEPT_BYTES", len(SMS) + 10)
    assert_taken(await world.http.get(f"{INBOUND}?{SMS}"))
    problem(await world.http.get(f"{INBOUND}?{RECEIPT}"), 503)
    world.clock.advance(24 * 3600)
    assert_taken(await world.http.get(f"{INBOUND}?{SMS}2"))
    assert [one.body for one in await kept(world)] == [SMS.encode(), f"{SMS}2".encode()]


async def test_what_is_held_for_other_reasons_leaves_room_for_it(world: World) -> None:
    for number in range(3):
        await post(world, STATUS, b"[%d]" % number)
    assert_taken(await world.http.get(f"{INBOUND}?{SMS}"))
    assert await held(world) == 4


MEMBERS = (
    *("msisdn", "messageId", "message-timestamp", "message_uuid", "status", "to", "from"),
    *("err-code", "scts", "text", "type", "api-key", "dispatch_uuid", "request_id", "message"),
)
VALUES: list[JsonValue] = ["", "delivered", "read", "447700900000", API_KEY, None, 1, {}, []]
UNPROVEN = st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(VALUES))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=UNPROVEN, names_message=st.booleans(), is_form=st.booleans())
async def test_nothing_that_nobody_signed_touches_a_dispatch(
    world: World, document: JsonObject, names_message: bool, is_form: bool
) -> None:
    if not world.upstream.seen:
        await sent(world, WHATSAPP_THEN_SMS)
    send: JsonObject = world.upstream.seen[0].json()
    if names_message:
        document = {**document, "message_uuid": message_uuid_of(send)}
    body = urlencode(document).encode() if is_form else orjson.dumps(document)
    for path in (path_of(send), STATUS, INBOUND):
        answer = await world.http.post(path, content=body, headers=FORM if is_form else JSON)
        assert answer.status_code in (200, 503)
    await world.http.get(f"{path_of(send)}?{body.decode()}")
    shown = await first_step(world)
    assert (shown["step"], "status" in shown, len(world.receiver.seen)) == ("waiting", False, 0)


async def test_the_alarm_goes_a_day_after_the_last_of_them(world: World) -> None:
    await world.http.get(f"{INBOUND}?{SMS}")
    world.clock.advance(23 * 3600)
    await world.http.get(f"{INBOUND}?{RECEIPT}")
    world.clock.advance(23 * 3600)
    await world.gateway.sms_api.expire()
    before = len(world.gateway.alarms.standing())
    world.clock.advance(3600)
    await world.gateway.sms_api.expire()
    assert (before, len(world.gateway.alarms.standing())) == (1, 0)


@pytest.mark.parametrize("query", ["", "?a=1", "?msisdn=447700900000", "?nonce=doctor"])
@pytest.mark.parametrize("path", PATHS)
async def test_any_other_get_is_a_405(world: World, path: str, query: str) -> None:
    answer = await world.http.get(f"{path}{query}")
    problem(answer, 405)
    assert (answer.headers["Allow"], await held(world)) == ("POST", 0)


async def test_of_several_accounts_the_one_it_names_is_told(tmp_path: Path) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await world.http.get(f"{INBOUND}?{SMS}&api-key={OTHER_KEY}")
        assert [alarm.subject for alarm in world.gateway.alarms.standing()] == [OTHER_KEY]


@pytest.mark.parametrize("claim", ["", "&api-key=stranger"])
async def test_of_several_accounts_nobody_is_told_where_none_of_them_is_named(
    tmp_path: Path, claim: str
) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await world.http.get(f"{INBOUND}?{SMS}{claim}")
        assert [alarm.subject for alarm in world.gateway.alarms.standing()] == [""]
        assert await kept(world) == []


# A dispatch that is gone


async def test_a_good_signature_and_a_token_of_a_dispatch_that_is_gone_are_counted(
    world: World,
) -> None:
    send = await sent(world)
    for body in (status_of(send), v01_status_of(send, "submitted")):
        assert_taken(await post(world, gone(world), body))
    assert await sample(world, "gateway_webhooks_total", disposition="unknown_dispatch") == 2
    assert (await held(world), (await first_step(world))["step"]) == (0, "waiting")


async def test_without_any_signature_secret_a_token_of_a_dispatch_that_is_gone_is_enough(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path, {"VONAGE_SIGNATURE_SECRET": ""}) as world:
        send = await sent(world)
        assert_taken(await post(world, gone(world), status_of(send)))
        assert await sample(world, "gateway_webhooks_total", disposition="unknown_dispatch") == 1


# With or without a slash


async def test_a_callback_of_dispatch_is_relayed_with_a_slash_too(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_MODE": "observe"}) as world:
        for path in ("/legacy/status/", f"/legacy/status/{API_KEY}/"):
            answer = await world.http.post(path, content=b"{}", headers=JSON)
            assert answer.status_code == 200
        assert len(world.receiver.seen) == 2
