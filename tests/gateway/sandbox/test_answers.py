"""What the sandbox answers before any script is asked: credentials, bodies, paths."""

from __future__ import annotations

import asyncio
import dataclasses

import httpx2
import jwt
import pytest

from gateway.clock import SystemClock
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.credentials import is_authorized
from gateway.sandbox.server import running_sandbox
from tests.gateway.sandbox.conftest import API_KEY, Upstream, running_upstream

TOKEN = jwt.encode({"application_id": "a", "iat": 1, "jti": "b"}, "k" * 32, algorithm="HS256")
RESTRICTED = SandboxConfig(api_key="key", api_secret="secret")
OPEN = SandboxConfig()


@pytest.mark.parametrize(
    ("authorization", "config", "expected"),
    [
        (httpx2.BasicAuth("any", "thing"), OPEN, True),
        (httpx2.BasicAuth("any", ""), OPEN, False),
        (httpx2.BasicAuth("", "thing"), OPEN, False),
        (httpx2.BasicAuth("key", "secret"), RESTRICTED, True),
        (httpx2.BasicAuth("key", "other"), RESTRICTED, False),
        (httpx2.BasicAuth("other", "secret"), RESTRICTED, False),
        (httpx2.BasicAuth("ключ", "secret"), RESTRICTED, False),
    ],
)
def test_basic_credentials_need_a_known_key_and_a_secret(
    authorization: httpx2.BasicAuth, config: SandboxConfig, expected: bool
) -> None:
    request = next(authorization.auth_flow(httpx2.Request("POST", "http://sandbox")))
    assert is_authorized(request.headers["authorization"], config) is expected


@pytest.mark.parametrize("config", [OPEN, RESTRICTED])
def test_any_well_formed_token_is_taken(config: SandboxConfig) -> None:
    assert is_authorized(f"Bearer {TOKEN}", config)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic a2V5",
        "Bearer",
        "Bearer abc",
        "Bearer a.b.c",
        "Bearer \xff.\xff.\xff",
        f"Token {TOKEN}",
    ],
)
def test_anything_else_is_not_authorized(authorization: str | None) -> None:
    assert not is_authorized(authorization, OPEN)


async def test_no_credentials_are_answered_with_401(upstream: Upstream) -> None:
    message = upstream.message("00")
    request = upstream.client.build_request("POST", "/v1/messages", json=message)
    answer = await upstream.client.send(request, auth=lambda request: request)
    assert answer.status_code == 401
    assert answer.json()["title"] == "You did not provide correct credentials."


PROBLEMS = {
    "10": (429, "#1010", "Rate Limit Hit"),
    "12": (402, "#low-balance", "Low balance"),
    "13": (422, "#110", "Invalid recipient"),
    "14": (500, "#1000", "Internal error"),
    "16": (401, "#unathorized", "You did not provide correct credentials."),
    "25": (403, "#forbidden", "Forbidden"),
}


@pytest.mark.parametrize("digits", PROBLEMS)
async def test_a_scripted_refusal_is_a_problem_of_v1(digits: str, upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", json=upstream.message(digits))
    problem = answer.json()
    http_status, fragment, title = PROBLEMS[digits]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == http_status
    assert problem["type"].startswith("https://developer.vonage.com/api-errors")
    assert problem["type"].endswith(fragment)
    assert problem["title"] == title
    assert problem["detail"]
    assert len(problem["instance"]) == 32


async def test_a_throttled_answer_says_when_to_come_again(upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", json=upstream.message("10"))
    assert answer.headers["retry-after"] == "1"


async def test_a_broken_proxy_answers_with_html(upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", json=upstream.message("15"))
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"{'to': 1}"])
async def test_a_body_that_is_no_json_is_answered_with_422(body: bytes, upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", content=body)
    assert answer.status_code == 422
    assert answer.json()["title"] == "The request body did not contain valid JSON"


async def test_an_invalid_message_is_answered_with_its_faults(upstream: Upstream) -> None:
    message = upstream.message("00") | {"client_ref": "x" * 101}
    answer = await upstream.client.post("/v1/messages", json=message)
    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid client reference"
    assert answer.json()["invalid_parameters"] == [
        {"name": "client_ref", "reason": "must have at most 100 characters"}
    ]


async def test_a_body_beyond_a_megabyte_is_not_read(upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", content=b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "http_status"),
    [("GET", "/", 404), ("GET", "/v1/messages", 405), ("PATCH", "/v1/messages", 405)],
)
async def test_an_unknown_route_is_a_problem_too(
    method: str, path: str, http_status: int, upstream: Upstream
) -> None:
    answer = await upstream.client.request(method, path)
    assert answer.status_code == http_status
    assert set(answer.json()) == {"type", "title", "detail", "instance"}


async def test_it_says_that_it_lives(upstream: Upstream) -> None:
    assert (await upstream.client.get("/livez")).status_code == 200


async def test_an_answer_is_held_back_whatever_the_pace(config: SandboxConfig) -> None:
    clock = SystemClock()
    slow = dataclasses.replace(config, fixed_pace=0.02)
    async with running_upstream(slow) as upstream:
        started_ms = clock.now_ms()
        await upstream.post(upstream.message("08"))
        assert clock.now_ms() - started_ms >= 60


async def test_a_shutdown_does_not_wait_for_an_answer_that_is_held_back(
    upstream: Upstream,
) -> None:
    message = upstream.message("26")
    async with httpx2.AsyncClient(auth=(API_KEY, "secret"), timeout=20) as client:
        async with running_sandbox(OPEN, SystemClock()) as url:
            held = asyncio.create_task(client.post(f"{url}/v1/messages", json=message))
            while not (await client.get(f"{url}/sandbox/messages")).json()["posts"]:
                pass
        with pytest.raises(httpx2.RemoteProtocolError):
            await held


async def test_a_server_that_cannot_hang_up_answers_500_with_nothing() -> None:
    transport = httpx2.ASGITransport(create_sandbox(OPEN, SystemClock()))
    message = {"to": "447700900009", "from": "a", "channel": "sms"}
    message |= {"message_type": "text", "text": "Hello"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        answer = await client.post("/v1/messages", json=message, auth=(API_KEY, "secret"))
    assert (answer.status_code, answer.content) == (500, b"")
