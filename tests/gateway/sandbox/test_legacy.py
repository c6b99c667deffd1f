"""The stand-in over HTTP: what it answers, how its callbacks travel, what its ledger says."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio

from gateway.clock import SystemClock
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.legacy import LegacyConfig, create_legacy
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, with_quirks
from gateway.sandbox.server import running_sandbox
from tests.gateway.sandbox.conftest import (
    API_KEY,
    APPLICATION_ID,
    FAST,
    SECRET,
    Received,
    Receiver,
    running_receiver,
)
from tests.gateway.sandbox.legacy_workflows import workflow

PATH = "/v0.1/dispatch"
AUTH = (API_KEY, "secret")
SIGNED = SandboxConfig(
    signature_secret=SECRET, api_key=API_KEY, application_id=APPLICATION_ID, pace=FAST
)
SILENT = SandboxConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running stand-in, a client that speaks to it, and a receiver of its callbacks."""

    client: httpx2.AsyncClient
    receiver: Receiver
    url: str

    async def accepted(self, *steps: str) -> str:
        """Post a workflow and return its id."""
        answer = await self.client.post(PATH, json=workflow(*steps))
        return str(answer.json()["dispatch_uuid"])

    async def entry(self, dispatch_uuid: str | None = None) -> dict[str, Any]:
        """Return the ledger's entry, the newest by default, once no callback of it is pending."""
        while True:
            ledger = (await self.client.get("/sandbox/dispatches")).json()
            found: dict[str, Any] = [
                each
                for each in ledger["dispatches"]
                if dispatch_uuid in (None, each["dispatch_uuid"])
            ][-1]
            if not found["callbacks"]["pending"]:
                return found

    async def received(self, dispatch_uuid: str) -> list[Received]:
        """Return the callbacks of a workflow, as soon as all have come."""
        await self.entry(dispatch_uuid)
        mark = dispatch_uuid.encode()
        return [each for each in self.receiver.at(self.url) if mark in each.body]

    async def told(self, *steps: str) -> list[Any]:
        """Post a workflow and return all its callbacks."""
        return [each.document for each in await self.received(await self.accepted(*steps))]


@contextlib.asynccontextmanager
async def running(
    legacy: LegacyConfig,
    *answers: int,
    config: SandboxConfig = SIGNED,
    say: Callable[[str], None] | None = None,
) -> AsyncIterator[Service]:
    """Run a stand-in whose callbacks are answered with `answers`, then with 200."""
    async with running_receiver() as receiver:
        url = receiver.new_url(*answers)
        told = replace(config, webhook_url=url)
        async with (
            running_sandbox(told, SystemClock(), legacy=legacy, say=say) as base_url,
            httpx2.AsyncClient(base_url=base_url, auth=AUTH, timeout=20) as client,
        ):
            yield Service(client=client, receiver=receiver, url=url)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def service() -> AsyncIterator[Service]:
    """A stand-in that signs and runs a thousand times faster; shared, so it is never reset."""
    async with running(LegacyConfig()) as shared:
        yield shared


def without_server(
    legacy: LegacyConfig | None = None, config: SandboxConfig = SILENT
) -> httpx2.AsyncClient:
    """Return a client of a stand-in whose callbacks stay pending."""
    app = create_legacy(config, legacy or LegacyConfig(), SystemClock())
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://legacy")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?api_key=x"])
async def test_a_workflow_is_accepted_and_told_to_its_end(path: str, service: Service) -> None:
    answer = await service.client.post(path, json=workflow("whatsapp 02", "sms 00"))
    dispatch_uuid = answer.json()["dispatch_uuid"]
    told: list[Any] = [each.document for each in await service.received(dispatch_uuid)]
    assert answer.status_code == 202
    assert [each["status"] for each in told] == ["submitted"] * 2 + ["delivered", "completed"]
    assert told[-1]["dispatch_uuid"] == dispatch_uuid


async def test_timestamps_are_those_of_an_unhurried_run(service: Service) -> None:
    first, second, *_ = await service.told("whatsapp 02", "sms 00")
    seconds = [float(each["timestamp"][17:23]) for each in (first, second)]
    assert round((seconds[1] - seconds[0]) % 60, 3) == 15


async def test_a_callback_is_signed_over_its_bytes(service: Service) -> None:
    callback, *_ = await service.received(await service.accepted("sms 00"))
    token = (callback.authorization or "").removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="Vonage")
    assert claims["payload_hash"] == hashlib.sha256(callback.body).hexdigest()
    assert (claims["api_key"], claims["application_id"]) == (API_KEY, APPLICATION_ID)


async def test_a_callback_that_is_not_taken_comes_again_before_the_next() -> None:
    async with running(LegacyConfig(), 503, 500) as service:
        told = await service.told("sms 00")
    assert told[0] == told[1] == told[2]
    assert [each["status"] for each in told[2:]] == ["submitted", "delivered", "completed"]


async def test_a_fault_is_answered_in_the_v01_shape(service: Service) -> None:
    request = workflow("sms 00", "sms 00")
    del request["workflow"][0]["failover"]
    answer = await service.client.post(PATH, json=request)
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert len(body.pop("instance")) == 32
    assert body == {
        "type": "https://www.nexmo.com/messages/Errors#InvalidParams",
        "title": "Invalid Parameters",
        "detail": "Your request parameters did not validate.",
        "invalid_parameters": {"name": "workflow[0].failover", "reason": "is required"},
    }


async def test_a_body_that_is_not_json_is_answered_with_400(service: Service) -> None:
    answer = await service.client.post(PATH, content=b'{"template"')
    assert answer.json()["invalid_parameters"] == {"name": "body", "reason": "must be JSON"}


async def test_wrong_credentials_are_answered_with_401_when_a_key_is_known(
    service: Service,
) -> None:
    auth = ("another", "secret")
    answer = await service.client.post(PATH, json=workflow("sms 00"), auth=auth)
    assert (answer.status_code, answer.json()["title"]) == (401, "Invalid credentials supplied")


async def test_without_a_known_key_no_credentials_are_asked_for() -> None:
    async with without_server() as stranger:
        answer = await stranger.post(PATH, json=workflow("sms 00"))
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("http_status", "fragment"),
    [(404, "not-found"), (410, "gone"), (503, "service-unavailable"), (429, "throttled")],
)
async def test_a_service_that_is_down_or_gone_starts_nothing(
    http_status: int, fragment: str
) -> None:
    async with without_server(LegacyConfig(answer=http_status)) as client:
        answer = await client.post(PATH, json=workflow("sms 00"))
        ledger = (await client.get("/sandbox/dispatches")).json()
    assert answer.status_code == http_status
    assert answer.json()["type"] == f"https://developer.nexmo.com/api-errors#{fragment}"
    assert (ledger["posts"], ledger["accepted"], ledger["sent"]) == (1, 0, 0)


async def test_an_answer_that_is_lost_belongs_to_a_workflow_that_runs() -> None:
    async with running(LegacyConfig(loses_answers=True)) as service:
        with pytest.raises(httpx2.RemoteProtocolError):
            await service.accepted("sms 00")
        await service.receiver.wait_for(service.url, 3)
        entry = await service.entry()
    assert (entry["answer"], entry["steps"][0]["sent"]) == ("none", True)


async def test_a_caller_that_does_not_wait_for_a_slow_answer_has_still_sent() -> None:
    async with running(LegacyConfig(answer_delay_s=0.1)) as service:
        with pytest.raises(httpx2.ReadTimeout):
            await service.client.post(PATH, json=workflow("sms 00"), timeout=0.02)
        told = await service.receiver.wait_for(service.url, 3)
    assert told[-1].document["status"] == "completed"


async def test_a_shutdown_does_not_wait_for_an_answer_that_is_held_back() -> None:
    app = create_legacy(SILENT, LegacyConfig(answer_delay_s=3600), SystemClock())
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://legacy") as client:
        held = asyncio.create_task(client.post(PATH, json=workflow("sms 00")))
        app.state.stopping.set()
        assert (await held).status_code == 202


async def test_a_quirk_is_played() -> None:
    habits = with_quirks(AS_DOCUMENTED, ["forgets-report"])
    async with running(LegacyConfig(habits=habits)) as service:
        told = await service.told("sms 00")
    assert [each["status"] for each in told] == ["submitted", "delivered"]


async def test_the_ledger_shows_what_was_seen(service: Service) -> None:
    dispatch_uuid = await service.accepted("whatsapp 03", "sms 00", "sms 00")
    entry = await service.entry(dispatch_uuid)
    assert (entry["answer"], entry["dispatch_uuid"]) == ("202", dispatch_uuid)
    assert entry["callbacks"] == {"pending": 0, "delivered": 5, "given_up": 0, "attempts": 5}
    assert [(step["channel"], step["to"], step["script"]) for step in entry["steps"]] == [
        ("whatsapp", "**********03", "rejected"),
        ("sms", "**********00", "delivered"),
        ("sms", "**********00", "delivered"),
    ]
    assert [step["sent"] for step in entry["steps"]] == [True, True, False]
    assert [bool(step["message_uuid"]) for step in entry["steps"]] == [True, True, False]


async def test_a_message_that_was_refused_does_not_count_as_sent(service: Service) -> None:
    (step,) = (await service.entry(await service.accepted("whatsapp 13")))["steps"]
    assert (step["sent"], bool(step["message_uuid"])) == (False, True)


async def test_a_step_that_is_still_to_come_does_not_count_as_sent() -> None:
    config = SandboxConfig(webhook_url="http://127.0.0.1:1/status", pace=1000)
    async with without_server(config=config) as client:
        await client.post(PATH, json=workflow("whatsapp 02", "sms 00"))
        ledger = (await client.get("/sandbox/dispatches")).json()
    del ledger["dispatches"]
    assert ledger == {"posts": 1, "accepted": 1, "sent": 1, "callbacks_pending": 4}


async def test_a_reset_empties_the_ledger() -> None:
    async with without_server() as client:
        await client.post(PATH, json=workflow("sms 00"))
        await client.delete("/sandbox/dispatches")
        ledger = (await client.get("/sandbox/dispatches")).json()
    assert (ledger["posts"], ledger["dispatches"]) == (0, [])


async def test_without_a_url_nothing_is_told() -> None:
    async with without_server() as client:
        await client.post(PATH, json=workflow("sms 00"))
        ledger = (await client.get("/sandbox/dispatches")).json()
    assert (ledger["accepted"], ledger["callbacks_pending"]) == (1, 0)


@pytest.mark.parametrize(
    ("method", "path", "http_status"),
    [("GET", PATH, 405), ("POST", "/v1/messages", 404), ("GET", "/livez", 200)],
)
async def test_other_paths_are_answered(method: str, path: str, http_status: int) -> None:
    async with without_server() as client:
        answer = await client.request(method, path)
    assert answer.status_code == http_status


async def test_a_line_is_said_for_each_event_and_names_nobody() -> None:
    lines: list[str] = []
    async with running(LegacyConfig(), say=lines.append) as service:
        dispatch_uuid = await service.accepted("whatsapp 02", "sms 00")
        await service.client.post(PATH, json={})
        await service.entry(dispatch_uuid)
    assert lines[0] == f"dispatch  whatsapp never-delivered, sms delivered -> 202  {dispatch_uuid}"
    assert "dispatch  refused -> 400" in lines
    assert f"webhook  {dispatch_uuid}  completed -> 200" in lines
    assert "4477" not in "".join(lines)
