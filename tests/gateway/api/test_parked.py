"""`/parked`: webhooks that could not be used, listed, shown, released and discarded."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.stores.base import HeldWebhook
from tests.gateway.api.statuses import STRANGE_UUID, first_step, held, path_of, sent, status_of
from tests.gateway.api.statuses import v01_status_of as v01_status
from tests.gateway.api.surface import (
    CREDENTIALS,
    OTHER_CREDENTIALS,
    OTHER_KEY,
    OTHER_SIGNATURE_SECRET,
    bearing,
    claims_of,
    lines,
    problem,
    read_only,
    sample,
    two_tenants,
    until,
)
from tests.gateway.api.test_inbound_route import message
from tests.gateway.api.test_webhook_kinds import SMS, v01_message
from tests.support.loopback import Loopback, Reply
from tests.support.world import API_KEY, WHATSAPP_THEN_SMS, World, a_world

ACCOUNT = f"account:{API_KEY}"


async def ask(
    world: World, method: str, path: str, auth: tuple[str, str] = CREDENTIALS
) -> httpx2.Response:
    """Ask with good credentials."""
    return await world.http.request(method, path, auth=auth)


async def parked(
    world: World, query: str = "", auth: tuple[str, str] = CREDENTIALS
) -> list[dict[str, Any]]:
    """Return what is listed."""
    listed: list[dict[str, Any]] = (await ask(world, "GET", f"/parked{query}", auth)).json()[
        "parked"
    ]
    return listed


async def park(
    world: World, body: bytes, reason: str = "unusable:STS206", application: str = ACCOUNT
) -> str:
    """Hold a webhook as an older release did; return its id."""
    store = world.gateway.store
    await store.hold(
        application=application,
        reason=reason,
        message_uuid=None,
        body=body,
        now_ms=world.clock.now_ms(),
    )
    kept: list[HeldWebhook] = list(
        await store.held([application], reason=None, after=0, limit=99_999)
    )
    return str(next(one.held_id for one in kept if one.body == body))


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


# Listed


async def test_what_is_parked_is_listed_with_reason_and_remedy_and_without_its_body(
    world: World,
) -> None:
    await world.http.post("/webhooks/inbound", content=message(), headers=world.signed(message()))
    (entry,) = await parked(world)
    assert entry == {
        "id": entry["id"],
        "reason": "no-inbound-url",
        "remedy": entry["remedy"],
        "account": API_KEY,
        "received": "2025-02-03T12:14:25.000Z",
    }
    assert "GATEWAY_INBOUND_URL" in entry["remedy"]


async def test_one_that_waits_for_its_message_names_it(world: World) -> None:
    send = await sent(world)
    await world.webhook(send, "read", message_uuid=STRANGE_UUID, path="/webhooks/status")
    (entry,) = await parked(world)
    assert (entry["reason"], entry["message_uuid"]) == ("unmatched", STRANGE_UUID)


async def test_what_is_parked_is_listed_oldest_first_in_pages(world: World) -> None:
    for number in range(5):
        await park(world, str(number).encode())
    query, pages = "?limit=2", list[list[int]]()
    while True:
        page = (await ask(world, "GET", f"/parked{query}")).json()
        pages.append([int(entry["id"]) for entry in page["parked"]])
        if "next" not in page:
            break
        query = f"?limit=2&after={page['next']}"
    assert [len(page) for page in pages] == [2, 2, 1]
    ids = [each for page in pages for each in page]
    assert ids == sorted(ids)


async def test_what_is_parked_is_listed_by_reason(world: World) -> None:
    await park(world, b"1", "unusable:STS202")
    await park(world, b"2", "no-inbound-url")
    assert [entry["reason"] for entry in await parked(world, "?reason=unusable")] == [
        "unusable:STS202"
    ]
    assert await parked(world, "?reason=nothing") == []


async def test_a_reason_of_another_release_is_listed_without_a_remedy(world: World) -> None:
    await park(world, b"1", "a-new-word:X1")
    (entry,) = await parked(world)
    assert (entry["reason"], entry["remedy"]) == ("a-new-word:X1", "")


ODD_PAGES = ["limit=0", "limit=101", "limit=x", "after=-1", "after=x", "after=", "reasons=failed"]
ODD_PAGES.append(f"after={2**63}")


@pytest.mark.parametrize("query", [*ODD_PAGES, "reason=failed&reason=unusable"])
async def test_a_page_that_cannot_be_is_a_400(world: World, query: str) -> None:
    body = problem(await ask(world, "GET", f"/parked?{query}"), 400)
    assert query.partition("=")[0] in str(body["invalid_parameters"])


# Shown


async def test_one_is_shown_with_its_body(world: World) -> None:
    held_id = await park(world, v01_message())
    shown = (await ask(world, "GET", f"/parked/{held_id}")).json()
    assert (shown["id"], shown["body"]) == (held_id, v01_message().decode())


async def test_a_body_that_is_no_text_is_shown_in_base64(world: World) -> None:
    held_id = await park(world, b"\xff\x00")
    shown = (await ask(world, "GET", f"/parked/{held_id}")).json()
    assert (shown["body_base64"], "body" in shown) == ("/wA=", False)


# Released


async def test_a_status_in_v01_shape_that_an_older_release_kept_is_applied(world: World) -> None:
    send = await sent(world)
    held_id = await park(world, v01_status(send))
    answer = await ask(world, "POST", f"/parked/{held_id}")
    assert (answer.status_code, answer.json()) == (
        202,
        {"id": held_id, "disposition": "applied"},
    )
    status, report = await world.callbacks(2)
    assert (status["status"], report["status"]) == ("delivered", "completed")
    assert (await held(world), (await first_step(world))["step"]) == (0, "met")


async def test_a_message_in_v01_shape_that_an_older_release_kept_is_relayed_to_the_byte(
    relaying: World, inbox: Loopback
) -> None:
    held_id = await park(relaying, v01_message(), "unusable")
    assert (await ask(relaying, "POST", f"/parked/{held_id}")).status_code == 202
    (seen,) = await inbox.wait_for(1)
    assert (seen.body, await held(relaying)) == (v01_message(), 0)


async def test_messages_are_released_once_there_is_somewhere_to_send_them(
    tmp_path: Path, inbox: Loopback
) -> None:
    async with a_world(tmp_path) as world:
        for text in ("one", "two"):
            body = message(text)
            await world.http.post("/webhooks/inbound", content=body, headers=world.signed(body))
    environ = {"GATEWAY_INBOUND_URL": f"{inbox.url}/inbound"}
    async with a_world(tmp_path, environ, world.clock) as world:
        answer = await ask(world, "POST", "/parked/release?reason=no-inbound-url")
        seen = await inbox.wait_for(2)
        left = await held(world)
    assert (answer.status_code, answer.json()) == (
        200,
        {"reason": "no-inbound-url", "released": 2, "kept": 0},
    )
    assert [b'"text":"one"' in seen[0].body, b'"text":"two"' in seen[1].body] == [True, True]
    assert left == 0


async def test_what_was_used_already_is_not_used_again(relaying: World, inbox: Loopback) -> None:
    body = v01_message()
    await relaying.http.post("/webhooks/inbound", content=body, headers=relaying.signed(body))
    held_id = await park(relaying, body)
    answer = await ask(relaying, "POST", f"/parked/{held_id}")
    await until(lambda: nothing_to_deliver(relaying))
    assert answer.json()["disposition"] == "duplicate"
    assert (len(inbox.seen), await held(relaying)) == (1, 0)


async def nothing_to_deliver(world: World) -> bool:
    return (await world.gateway.store.counts()).pending_callbacks == 0


async def test_what_still_cannot_be_used_stays_under_the_reason_of_today(world: World) -> None:
    held_id = await park(world, v01_message())
    answer = await ask(world, "POST", f"/parked/{held_id}")
    assert (answer.status_code, answer.json()["disposition"]) == (202, "held_unusable")
    (entry,) = await parked(world)
    assert (entry["id"], entry["reason"]) == (held_id, "no-inbound-url")


async def test_a_status_whose_message_is_not_known_waits_for_it_once_released(
    world: World,
) -> None:
    send = await sent(world)
    held_id = await park(world, v01_status(send, message_uuid=STRANGE_UUID))
    await ask(world, "POST", f"/parked/{held_id}")
    (waiting,) = await world.gateway.store.held_for(STRANGE_UUID)
    assert (str(waiting.held_id), waiting.reason) == (held_id, "unmatched")


@pytest.mark.parametrize(
    ("body", "reason"),
    [(SMS.encode(), "sms-api-format"), (b"[]", "unusable:STS201"), (b"\xff", "unusable:REQ102")],
)
async def test_what_can_never_be_used_can_be_released_in_vain(
    world: World, body: bytes, reason: str
) -> None:
    await park(world, body, "failed")
    answer = await ask(world, "POST", "/parked/release?reason=failed")
    assert answer.json() == {"reason": "failed", "released": 0, "kept": 1}
    assert [entry["reason"] for entry in await parked(world)] == [reason]


async def test_a_stranger_s_webhook_is_applied_by_nobody_s_release(world: World) -> None:
    send = await sent(world)
    held_id = await park(world, status_of(send), application=f"unproven:{API_KEY}")
    answer = await ask(world, "POST", f"/parked/{held_id}")
    assert answer.json()["disposition"] == "forbidden"
    assert (await first_step(world))["step"] == "waiting"
    assert [entry["reason"] for entry in await parked(world)] == ["not-permitted"]


async def test_a_stranger_s_message_is_relayed_by_nobody_s_release(
    relaying: World, inbox: Loopback
) -> None:
    held_id = await park(relaying, message(), application=f"unproven:{API_KEY}")
    await ask(relaying, "POST", f"/parked/{held_id}")
    assert [entry["reason"] for entry in await parked(relaying)] == ["no-inbound-url"]
    assert inbox.seen == []


async def test_only_those_of_the_reason_are_released(world: World) -> None:
    send = await sent(world, WHATSAPP_THEN_SMS)
    await park(world, v01_status(send, "submitted"), "unusable:STS206")
    await park(world, v01_status(send, "read"), "failed")
    await ask(world, "POST", "/parked/release?reason=unusable")
    assert [entry["reason"] for entry in await parked(world)] == ["failed"]
    assert (await first_step(world))["status"] == "submitted"


async def test_those_of_a_reason_are_released_in_the_order_they_came(world: World) -> None:
    send = await sent(world, WHATSAPP_THEN_SMS)
    for word in ("submitted", "delivered", "read"):
        await park(world, v01_status(send, word))
    await ask(world, "POST", "/parked/release?reason=unusable")
    callbacks = await world.callbacks(4)
    assert [body["status"] for body in callbacks[:3]] == ["submitted", "delivered", "read"]


async def test_one_request_releases_so_many_and_says_where_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.api.parked._RELEASED", 2)
    monkeypatch.setattr("gateway.api.parked._BATCH", 2)
    for number in range(3):
        await park(world, str(number).encode(), "failed")
    first = (await ask(world, "POST", "/parked/release?reason=failed")).json()
    query = f"reason=failed&after={first['next']}"
    second = (await ask(world, "POST", f"/parked/release?{query}")).json()
    assert (first["kept"], second) == (2, {"reason": "failed", "released": 0, "kept": 1})


async def test_all_of_no_reason_are_a_400(world: World) -> None:
    body = problem(await ask(world, "POST", "/parked/release"), 400)
    assert "reason" in str(body["invalid_parameters"])
    for query in ("reason=", "reason=failed&after=x", "reason=failed&count=true"):
        problem(await ask(world, "POST", f"/parked/release?{query}"), 400)


async def test_releases_are_counted(world: World) -> None:
    send = await sent(world)
    await ask(world, "POST", f"/parked/{await park(world, v01_status(send))}")
    assert await sample(world, "gateway_webhooks_total", kind="released") == 1


async def test_one_that_fails_in_us_is_kept_as_failed(
    log: io.BytesIO, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    send = await sent(world)
    held_id = await park(world, v01_status(send))
    monkeypatch.setattr("gateway.correlation.Correlator._apply", fail)
    answer = await ask(world, "POST", f"/parked/{held_id}")
    assert answer.json()["disposition"] == "held_failed"
    assert [entry["reason"] for entry in await parked(world)] == ["failed"]
    assert [line["error_type"] for line in lines(log, "webhook.held")] == ["ZeroDivisionError"]


# Discarded


async def test_one_is_discarded_for_good(log: io.BytesIO, world: World) -> None:
    held_id = await park(world, b"[]")
    answer = await ask(world, "DELETE", f"/parked/{held_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await parked(world) == []
    assert [line["level"] for line in lines(log, "webhook.discarded")] == ["warning"]


# Whose they are


async def test_the_parked_webhooks_of_another_account_are_not_there(tmp_path: Path) -> None:
    async with two_tenants(tmp_path) as (world, _):
        claims = claims_of(world, message(), api_key=OTHER_KEY)
        headers = bearing(claims, OTHER_SIGNATURE_SECRET)
        await world.http.post("/webhooks/inbound", content=message(), headers=headers)
        (entry,) = await parked(world, auth=OTHER_CREDENTIALS)
        assert (await parked(world), entry["account"]) == ([], OTHER_KEY)
        for method in ("GET", "POST", "DELETE"):
            problem(await ask(world, method, f"/parked/{entry['id']}"), 404)
        answer = await ask(world, "POST", "/parked/release?reason=no-inbound-url")
        assert answer.json()["kept"] == 0
        assert len(await parked(world, auth=OTHER_CREDENTIALS)) == 1


async def test_what_nobody_signed_is_seen_by_the_account_it_claims(tmp_path: Path) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await world.http.get(f"/webhooks/inbound?{SMS}&api-key={OTHER_KEY}")
        await world.http.get(f"/webhooks/inbound?{SMS}")
        assert await parked(world) == []
        theirs = await parked(world, auth=OTHER_CREDENTIALS)
        assert [entry["reason"] for entry in theirs] == ["sms-api-format"]


@pytest.mark.parametrize("other_secret", ["", OTHER_SIGNATURE_SECRET])
async def test_what_needs_no_signature_is_seen_where_it_can_be_of_no_other_account(
    tmp_path: Path, other_secret: str
) -> None:
    environ = {"VONAGE_SIGNATURE_SECRET": ""}
    async with two_tenants(tmp_path, environ, signature_secret=other_secret) as (world, _):
        send = await sent(world)
        await world.http.post(path_of(send), content=b"[]")
        ours, theirs = await parked(world), await parked(world, auth=OTHER_CREDENTIALS)
    assert (len(ours), len(theirs)) == (1 if other_secret else 0, 0)


REQUESTS = [
    ("GET", "/parked"),
    ("GET", "/parked/1"),
    ("POST", "/parked/1"),
    ("POST", "/parked/release?reason=failed"),
    ("DELETE", "/parked/1"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_without_credentials_there_is_nothing_to_see(
    world: World, method: str, path: str
) -> None:
    problem(await world.http.request(method, path), 401)


@pytest.mark.parametrize("held_id", ["0", "99", "9" * 19, "9" * 30, "-1", "x", "1.5", "%C2%B2"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_id_that_names_nothing_is_a_404(world: World, method: str, held_id: str) -> None:
    await park(world, b"[]")
    problem(await ask(world, method, f"/parked/{held_id}"), 404)


async def test_a_store_that_cannot_write_releases_and_discards_nothing(world: World) -> None:
    send = await sent(world)
    held_id = await park(world, v01_status(send))
    async with read_only(world):
        problem(await ask(world, "POST", "/parked/release?reason=unusable"), 503)
        problem(await ask(world, "POST", f"/parked/{held_id}"), 503)
        problem(await ask(world, "DELETE", f"/parked/{held_id}"), 503)
    assert [entry["id"] for entry in await parked(world)] == [held_id]
    again = await ask(world, "POST", f"/parked/{held_id}")
    assert again.json()["disposition"] == "applied"
