"""Observing: what comes in goes on as it is, once, and nothing is sent by the gateway."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.modes.forward import MAX_ANSWER
from tests.gateway.clients.peers import RawServer, answering_then_closing
from tests.gateway.modes.observing import (
    ACCEPTED,
    observing,
    post,
    report,
    status,
    tell,
)
from tests.support.loopback import Loopback, Reply
from tests.support.peers import answer
from tests.support.world import (
    API_KEY,
    API_SECRET,
    SIGNATURE_SECRET,
    WHATSAPP_THEN_SMS,
    World,
    a_world,
)

BODY = b'{ "template":"failover",\n "workflow" : [ ]}\n'


async def ready(world: World) -> str:
    return (await world.admin.get("/readyz")).text


async def gone_for_a_minute(world: World, legacy: Loopback, code: int) -> None:
    legacy.replies.extend([answer(code)] * 3)
    for pause_s in (0, 30, 30):
        world.clock.advance(pause_s)
        assert (await post(world, BODY)).status_code == code


class TestRequests:
    async def test_the_body_goes_on_byte_for_byte(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await post(world, BODY)
        assert hashlib.sha256(legacy.seen[0].body).digest() == hashlib.sha256(BODY).digest()

    async def test_the_query_goes_on(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await post(world, BODY, "?sandbox=%2F&a=1")
        assert legacy.seen[0].path == "/v0.1/dispatch?sandbox=%2F&a=1"

    async def test_the_slash_goes_on(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await post(world, BODY, "/")
        assert legacy.seen[0].path == "/v0.1/dispatch/"

    async def test_the_callers_own_headers_go_on_and_no_others(self, tmp_path: Path) -> None:
        sent = {"user-agent": "legacy client/1", "authorization": "Bearer a.b.c", "x-own": "1"}
        async with observing(tmp_path) as (world, legacy):
            request = world.http.build_request("POST", "/v0.1/dispatch", content=BODY)
            request.headers = type(request.headers)({**sent, "content-length": str(len(BODY))})
            await world.http.send(request)
        added = {"host", "content-length", "accept-encoding"}
        assert {k: v for k, v in legacy.seen[0].headers.items() if k not in added} == sent

    async def test_headers_of_the_connection_stay_on_it(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await post(world, BODY, Connection="x-hop", **{"X-Hop": "1", "TE": "trailers"})
        assert {"connection", "x-hop", "te"} & legacy.seen[0].headers.keys() <= {"connection"}
        assert legacy.seen[0].headers.get("connection", "keep-alive") == "keep-alive"

    async def test_the_answer_comes_back_as_it_is(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            got = await post(world, BODY)
        assert (got.status_code, got.content) == (202, ACCEPTED.body)
        headers = {name: got.headers[name] for name in ("content-type", "x-trace")}
        assert headers == {name.lower(): value for name, value in ACCEPTED.headers.items()}

    async def test_a_refusal_of_the_credentials_is_the_legacy_services(
        self, tmp_path: Path
    ) -> None:
        async with observing(tmp_path) as (world, legacy):
            legacy.replies.append(answer(401, {"title": "Invalid credentials supplied"}))
            got = await world.http.post("/v0.1/dispatch", content=BODY, auth=("stranger", "x"))
        assert (got.status_code, got.json()) == (401, {"title": "Invalid credentials supplied"})

    async def test_nothing_is_sent_and_nothing_is_stored(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            await world.post(WHATSAPP_THEN_SMS)
            await tell(world, status(0, "rejected"))
            counts = await world.gateway.store.counts()
        assert (world.upstream.seen, counts.open_dispatches, counts.pending_sends) == ([], 0, 0)

    async def test_in_doubt_is_told_and_not_repeated(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            legacy.replies.append(Reply(hangs_up=True))
            got = await post(world, BODY)
        assert (got.status_code, got.json()["title"]) == (504, "Gateway Timeout")
        assert len(legacy.seen) == 1

    async def test_slow_beyond_the_limit_is_in_doubt(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_LEGACY_TIMEOUT="0.1") as (world, legacy):
            never = asyncio.Event()
            legacy.replies.append(Reply(holds=never))
            got = await post(world, BODY)
            never.set()
        assert (got.status_code, len(legacy.seen), world.upstream.seen) == (504, 1, [])

    async def test_half_an_answer_is_in_doubt(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_LEGACY_TIMEOUT="0.1") as (world, legacy):
            legacy.replies.append(Reply(status=202, body=b"{", headers={"Content-Length": "60"}))
            got = await post(world, BODY)
        assert got.status_code == 504

    async def test_an_answer_with_headers_beyond_ascii_comes_back(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            legacy.replies.append(Reply(status=202, body=b"{}", headers={"X-Name": "5 €"}))
            got = await post(world, BODY)
        values = [value for name, value in got.headers.raw if name == b"x-name"]
        assert (got.status_code, values) == (202, ["5 €".encode()])

    async def test_half_an_answer_of_unknown_length_is_in_doubt(self, tmp_path: Path) -> None:
        cut = (
            b'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"dispatch_uuid"\r\n'
        )
        async with (
            RawServer(answering_then_closing(cut)) as server,
            observing(tmp_path, GATEWAY_LEGACY=server.url()) as (world, _),
        ):
            got = await post(world, BODY)
        assert (got.status_code, len(server.requests)) == (504, 1)

    async def test_a_service_that_is_down_can_be_asked_again(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_LEGACY="http://127.0.0.1:9") as (world, _):
            got = await post(world, BODY)
        assert (got.status_code, got.headers["retry-after"]) == (503, "2")
        assert "Nothing reached" in got.json()["detail"]

    async def test_a_body_beyond_the_limit_is_not_passed_on(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_MAX_BODY="1024") as (world, legacy):
            got = await post(world, b"x" * 1025)
        assert (got.status_code, legacy.seen) == (413, [])


class TestCallbacks:
    async def test_a_callback_goes_on_byte_for_byte_with_its_signature(
        self, tmp_path: Path
    ) -> None:
        sent = orjson.dumps(status(0, "delivered"), option=orjson.OPT_INDENT_2)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer signed.by.vendor"}
        async with observing(tmp_path) as (world, _):
            await world.http.post("/legacy/status", content=sent, headers=headers)
            (got,) = await world.receiver.wait_for(1)
        assert (got.path, got.body) == ("/webhooks/status", sent)
        assert {k.lower(): v for k, v in headers.items()}.items() <= got.headers.items()

    async def test_dispatch_gets_the_applications_own_answer(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(answer(429, {"wait": "a little"}, Retry_After="7"))
            got = await tell(world, status(0, "delivered"))
        assert (got.status_code, got.json()) == (429, {"wait": "a little"})
        assert got.headers["retry-after"] == "7"

    async def test_an_answer_with_headers_beyond_ascii_comes_back(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(Reply(headers={"X-Name": "5 €"}))
            got = await tell(world, status(0, "delivered"))
        values = [value for name, value in got.headers.raw if name == b"x-name"]
        assert (got.status_code, values) == (200, ["5 €".encode()])

    async def test_a_long_answer_does_not_make_dispatch_tell_it_again(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(Reply(body=b"x" * (MAX_ANSWER + 1)))
            got = await tell(world, status(0, "delivered"))
        assert (got.status_code, got.content) == (200, b"")

    async def test_an_application_that_does_not_answer_is_told_again(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(Reply(hangs_up=True))
            got = await tell(world, report())
        assert (got.status_code, len(world.receiver.seen)) == (504, 1)

    async def test_an_application_that_is_down_is_told_again(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_STATUS_URL="http://127.0.0.1:9/") as (world, _):
            got = await tell(world, report())
        assert (got.status_code, got.json()["title"]) == (502, "Bad Gateway")

    async def test_an_application_is_told_by_its_name(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            got = await tell(world, report(), f"/legacy/status/{API_KEY}")
        assert (got.status_code, len(world.receiver.seen)) == (200, 1)

    @pytest.mark.parametrize("path", ["/legacy/status", "/legacy/status/nobody"])
    async def test_of_several_applications_none_is_guessed(self, tmp_path: Path, path: str) -> None:
        config = tmp_path / "gateway.toml"
        config.write_text(
            '[[applications]]\napi_key = "other999"\napi_secret = "x"\nmode = "observe"\n'
            'status_url = "http://127.0.0.1:9/"\n'
            f'signature_secret = "{SIGNATURE_SECRET}"\n',
            encoding="utf-8",
        )
        async with observing(tmp_path, GATEWAY_CONFIG=str(config)) as (world, _):
            got = await tell(world, report(), path)
        assert (got.status_code, world.receiver.seen) == (404, [])

    async def test_a_sister_without_a_status_url_gets_nothing_of_the_others(
        self, tmp_path: Path
    ) -> None:
        config = tmp_path / "gateway.toml"
        config.write_text(
            '[[applications]]\napi_key = "other999"\napi_secret = "x"\nmode = "observe"\n',
            encoding="utf-8",
        )
        async with observing(tmp_path, GATEWAY_CONFIG=str(config)) as (world, _):
            codes = [
                (await tell(world, report(), path)).status_code
                for path in ("/legacy/status", "/legacy/status/other999")
            ]
        assert (codes, world.receiver.seen) == ([404, 404], [])


class TestAfterTheCutOver:
    async def test_callbacks_of_workflows_that_are_still_open_get_through(
        self, tmp_path: Path
    ) -> None:
        async with observing(tmp_path, GATEWAY_MODE="gateway") as (world, _):
            got = await tell(world, report())
        assert (got.status_code, len(world.receiver.seen)) == (200, 1)

    async def test_new_workflows_are_served_here(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_MODE="gateway") as (world, legacy):
            await world.dispatch(WHATSAPP_THEN_SMS)
            await world.sends(1)
        assert legacy.seen == []

    async def test_where_no_legacy_service_is_named_nothing_is_relayed(
        self, tmp_path: Path
    ) -> None:
        async with a_world(tmp_path) as world:
            got = await tell(world, report())
        assert (got.status_code, world.receiver.seen) == (404, [])

    async def test_a_sister_that_is_still_observed_does_not_get_them(self, tmp_path: Path) -> None:
        config = tmp_path / "gateway.toml"
        config.write_text(
            '[[applications]]\napi_key = "other999"\napi_secret = "x"\nmode = "observe"\n'
            'status_url = "http://127.0.0.1:9/"\n',
            encoding="utf-8",
        )
        async with observing(tmp_path, GATEWAY_MODE="gateway", GATEWAY_CONFIG=str(config)) as (
            world,
            _,
        ):
            codes = [
                (await tell(world, report(), path)).status_code
                for path in ("/legacy/status", f"/legacy/status/{API_KEY}")
            ]
        assert (codes, len(world.receiver.seen)) == ([404, 200], 1)


async def test_a_start_tells_the_mode_and_the_legacy_service(tmp_path: Path) -> None:
    async with observing(tmp_path) as (world, legacy):
        standing = world.gateway.modes.standing
    assert standing == {"modes": ["observe"], "legacy": legacy.url}


class TestTheEndOfTheLegacyService:
    @pytest.mark.parametrize("code", [404, 410])
    async def test_it_is_recognised_after_a_minute(self, tmp_path: Path, code: int) -> None:
        async with observing(tmp_path) as (world, legacy):
            with capture_logs() as lines:
                await gone_for_a_minute(world, legacy, code)
            shown = await ready(world)
        assert "the legacy service is gone" in shown
        assert [line["event"] for line in lines].count("legacy.ended") == 1

    async def test_two_answers_are_not_the_end(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            legacy.replies.extend([answer(404)] * 2)
            await post(world, BODY)
            world.clock.advance(3600)
            await post(world, BODY)
            assert await ready(world) == "ready; mode observe\n"

    async def test_many_answers_within_a_minute_are_not_the_end(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            legacy.replies.extend([answer(410)] * 10)
            for _ in range(10):
                await post(world, BODY)
            assert await ready(world) == "ready; mode observe\n"

    async def test_its_answers_are_passed_on_by_default(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await gone_for_a_minute(world, legacy, 410)
            legacy.replies.append(answer(410))
            got = await world.post(WHATSAPP_THEN_SMS)
        assert (got.status_code, world.upstream.seen) == (410, [])

    async def test_another_answer_revokes_it(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await gone_for_a_minute(world, legacy, 404)
            await post(world, BODY)
            assert await ready(world) == "ready; mode observe\n"

    async def test_new_workflows_are_served_here_if_so_chosen(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_LEGACY_GONE="gateway") as (world, legacy):
            await gone_for_a_minute(world, legacy, 410)
            got = await world.post(WHATSAPP_THEN_SMS)
            await world.sends(1)
        assert (got.status_code, len(legacy.seen)) == (202, 3)

    async def test_who_is_served_here_is_asked_for_credentials(self, tmp_path: Path) -> None:
        async with observing(tmp_path, GATEWAY_LEGACY_GONE="gateway") as (world, legacy):
            await gone_for_a_minute(world, legacy, 410)
            got = await world.http.post("/v0.1/dispatch", content=BODY, auth=(API_KEY, "wrong"))
        assert (got.status_code, API_SECRET in got.text) == (401, False)

    async def test_a_key_that_is_in_doubt_there_is_not_served_here(self, tmp_path: Path) -> None:
        once = {"Idempotency-Key": "once"}
        async with observing(tmp_path, GATEWAY_LEGACY_GONE="gateway") as (world, legacy):
            legacy.replies.append(Reply(hangs_up=True))
            await world.post(WHATSAPP_THEN_SMS, **once)
            await gone_for_a_minute(world, legacy, 410)
            legacy.replies.append(answer(410))
            got = await world.post(WHATSAPP_THEN_SMS, **once)
            counts = await world.gateway.store.counts()
        assert (got.status_code, counts.open_dispatches) == (410, 0)
