"""Webhooks that hit no route are lost; the log says where they went."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gateway.api.unrouted import shown_path
from tests.gateway.api.statuses import path_of, sent, status_of
from tests.gateway.api.surface import (
    JSON,
    bearing,
    claims_of,
    hang_up_on,
    levels,
    lines,
    problem,
    sample,
)
from tests.support.world import World, a_world

BODY = b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"delivered"}'

MISSED = {
    "a wrong path": ("POST", "/webhook/status", 404, "/webhook/status"),
    "no path": ("POST", "/", 404, "/"),
    "a prefix": ("POST", "/gateway/webhooks/inbound", 404, "/gateway/webhooks/inbound"),
    "too deep": ("POST", "/webhooks/inbound/sms", 404, "/webhooks/inbound/sms"),
    "two slashes": ("POST", "/webhooks/inbound//", 404, "/webhooks/inbound//"),
    "a query": ("POST", "/hooks?to=447700900000", 404, "/hooks"),
    "a number": ("POST", "/hooks/447700900000", 404, "/hooks/…"),
    "another route": ("POST", "/livez", 405, "/livez"),
    "another method": ("PUT", "/webhooks/status", 405, "/webhooks/status"),
}


@pytest.mark.parametrize("row", MISSED)
async def test_a_signed_webhook_that_hits_no_route_is_a_warning_in_the_log(
    log: io.BytesIO, world: World, row: str
) -> None:
    method, path, http_status, shown = MISSED[row]
    answer = await world.http.request(method, path, content=BODY, headers=world.signed(BODY))
    problem(answer, http_status)
    (line,) = lines(log, "webhook.unrouted")
    assert (line["level"], line["http_status"], line["path"]) == ("warning", http_status, shown)
    assert "dashboard" in line["remedy"]
    assert await sample(world, "gateway_webhooks_total", kind="unrouted") == 1


async def test_a_token_in_a_path_that_hits_no_route_is_not_logged(
    log: io.BytesIO, world: World
) -> None:
    send = await sent(world)
    path, body = path_of(send), status_of(send)
    token = path.rpartition("/")[2]
    for wrong in (f"/hooks{path}", f"{path}/more", f"/{token}"):
        await world.http.post(wrong, content=body, headers=world.signed(body))
    assert [line["path"] for line in lines(log, "webhook.unrouted")] == [
        "/hooks/webhooks/status/…",
        "/webhooks/status/…/more",
        "/…",
    ]
    assert token.encode() not in log.getvalue()


@pytest.mark.parametrize("row", ["unsigned", "forged", "of another body", "not a token"])
async def test_what_nobody_we_know_has_signed_is_not_logged(
    log: io.BytesIO, world: World, row: str
) -> None:
    headers = {
        "unsigned": JSON,
        "forged": bearing(claims_of(world, BODY), "another-secret-of-32-bytes-or-more"),
        "of another body": world.signed(b"{}"),
        "not a token": {**JSON, "Authorization": "Bearer x"},
    }
    problem(await world.http.post("/hooks", content=BODY, headers=headers[row]), 404)
    assert lines(log, "webhook.unrouted") == []


async def test_a_signed_webhook_too_large_is_answered_as_ever(
    log: io.BytesIO, world: World
) -> None:
    body = b" " * 300_000
    problem(await world.http.post("/hooks", content=body, headers=world.signed(body)), 404)
    assert lines(log, "webhook.unrouted") == []


async def test_a_vendor_that_hangs_up_where_there_is_no_route_causes_no_alarm(
    log: io.BytesIO, world: World
) -> None:
    await hang_up_on(world, "/hooks", world.signed(b""), code="404")
    assert levels(log).isdisjoint({"warning", "error", "critical"})


async def test_a_signed_callback_of_dispatch_for_nobody_is_logged_too(
    log: io.BytesIO, tmp_path: Path
) -> None:
    async with a_world(tmp_path, {"GATEWAY_MODE": "observe"}) as world:
        answer = await world.http.post(
            "/legacy/status/nobody", content=BODY, headers=world.signed(BODY)
        )
    problem(answer, 404)
    assert [line["path"] for line in lines(log, "webhook.unrouted")] == ["/legacy/status/nobody"]


PATHS = {
    "": "",
    "/": "/",
    "/a/b.c/d-e_f/v0.1": "/a/b.c/d-e_f/v0.1",
    "/Webhooks/STATUS": "/Webhooks/STATUS",
    "/webhooks/x7Gh2kPq": "/webhooks/…",
    "/webhooks/a3f9c1d2": "/webhooks/…",
    "/webhooks/447": "/webhooks/…",
    "/" + "a" * 32: "/…",
    "/caf\u00e9/\n": "/…/…",
    "/a" * 100: "/a" * 50,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_shown_without_what_could_be_a_secret(path: str) -> None:
    assert shown_path(path) == PATHS[path]
