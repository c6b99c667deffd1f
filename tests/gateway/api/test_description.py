"""`docs/openapi.yaml` says what the gateway does: its routes, its examples, its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio
import schemathesis

from tests.gateway.api.statuses import sent, status_of
from tests.gateway.api.surface import CREDENTIALS, JSON, in_module_loop, read_only
from tests.gateway.api.tokens import basic
from tests.support.description import (
    answer_faults,
    description,
    faults,
    operations,
    resolved,
)
from tests.support.world import WHATSAPP_THEN_SMS, World, a_world, step, workflow

ONE = orjson.dumps(workflow(step()))
OURS = basic(":".join(CREDENTIALS))
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def described(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a gateway with every route there is."""
    folder = tmp_path_factory.mktemp("described")
    async with a_world(folder, {"GATEWAY_LEGACY": "http://127.0.0.1:1"}) as world:
        yield world


def test_it_is_a_description_of_openapi() -> None:
    schemathesis.openapi.from_dict(description()).validate()


@in_module_loop
async def test_it_has_every_route_and_no_other(described: World) -> None:
    routes = {
        (method, route.path.rstrip("/"))
        for route in described.gateway.routes()
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {(method, path) for method, path, _ in operations()} == routes


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [told["operationId"] for _, _, told in operations()]
    assert sorted(set(names)) == sorted(names)


def _examples(node: Any, at: str = "") -> list[Any]:
    found = []
    if isinstance(node, dict):
        if "example" in node and "schema" in node:
            found.append(pytest.param(node["schema"], node["example"], id=at))
        for key, value in node.items():
            found += _examples(value, f"{at}/{key}")
    return found


@pytest.mark.parametrize(("schema", "example"), _examples(description()))
def test_an_example_is_as_its_schema_says(schema: dict[str, Any], example: object) -> None:
    assert faults(schema, example) == []


@in_module_loop
async def test_the_example_of_a_workflow_is_accepted(described: World) -> None:
    content = resolved({"$ref": "#/components/requestBodies/Workflow"})["content"]
    body = orjson.dumps(content["application/json"]["example"])
    headers = {**JSON, "Authorization": OURS}
    answer = await described.http.post("/v0.1/dispatch", content=body, headers=headers)
    assert answer.status_code == 202
    assert "Gateway-Diagnostics" not in answer.headers


ASKED: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "accepted": (202, "POST", "/v0.1/dispatch", {"content": ONE}),
    "accepted with a slash": (202, "POST", "/v0.1/dispatch/", {"content": ONE}),
    "a plan": (200, "POST", "/v0.1/dispatch/plan", {"content": orjson.dumps(WHATSAPP_THEN_SMS)}),
    "a rehearsal": (200, "POST", "/v0.1/dispatch?dry_run=1", {"content": ONE}),
    "an unreadable rehearsal": (400, "POST", "/v0.1/dispatch?dry_run=maybe", {"content": ONE}),
    "invalid": (400, "POST", "/v0.1/dispatch", {"content": b"{}"}),
    "a stranger": (401, "POST", "/v0.1/dispatch", {"content": ONE, "auth": ("a", "b")}),
    "no JSON wanted": (406, "POST", "/v0.1/dispatch", {"headers": {**JSON, "Accept": "a/b"}}),
    "too large": (413, "POST", "/v0.1/dispatch", {"content": b" " * 300_000}),
    "another type": (415, "POST", "/v0.1/dispatch", {"headers": {"Content-Type": "a/b"}}),
    "an unknown state": (404, "GET", f"/v0.1/dispatch/{UUID}", {}),
    "an unknown workflow": (404, "GET", f"/workflows/{UUID}", {}),
    "dead letters": (200, "GET", "/dead-letters", {}),
    "dead letters of nonsense": (400, "GET", "/dead-letters?limit=x", {}),
    "counting": (200, "POST", "/dead-letters/replay?count=true", {}),
    "a replay": (202, "POST", "/dead-letters/replay", {}),
    "a replay of nonsense": (400, "POST", "/dead-letters/replay?since=x", {}),
    "an unknown letter": (404, "POST", f"/dead-letters/{UUID}.1", {}),
    "parked": (200, "GET", "/parked", {}),
    "a release": (200, "POST", "/parked/release?reason=unmatched", {}),
    "a release of nothing": (400, "POST", "/parked/release", {}),
    "an unknown parked": (404, "GET", "/parked/99", {}),
    "releasing an unknown": (404, "POST", "/parked/99", {}),
    "discarding an unknown": (404, "DELETE", "/parked/99", {}),
    "an unsigned webhook": (503, "POST", "/webhooks/status", {"content": b"{}", "auth": None}),
    "an unsigned message": (503, "POST", "/webhooks/inbound", {"content": b"{}", "auth": None}),
    "a forgery": (401, "POST", "/webhooks/status", {"headers": {"Authorization": "Bearer a.b.c"}}),
    "a webhook too large": (413, "POST", "/webhooks/status", {"content": b" " * 300_000}),
    "a GET of a webhook": (405, "GET", "/webhooks/inbound", {}),
    "an unknown nonce": (404, "GET", "/webhooks/doctor/x", {}),
    "alive": (200, "GET", "/livez", {}),
    "ready": (200, "GET", "/readyz", {}),
    "figures": (404, "GET", "/metrics", {}),
    "a callback of Dispatch": (200, "POST", "/legacy/status", {"content": b"{}"}),
    "a callback for nobody": (404, "POST", "/legacy/status/nobody", {"content": b"{}"}),
}


@in_module_loop
@pytest.mark.parametrize("case", ASKED)
async def test_an_answer_is_as_it_is_described(described: World, case: str) -> None:
    status, method, path, given = ASKED[case]
    headers = given.get("headers", JSON)
    answer = await described.http.request(
        method,
        path,
        headers=headers,
        content=given.get("content", ONE if method == "POST" and "dispatch" in path else b""),
        auth=None if "Authorization" in headers else given.get("auth", CREDENTIALS),
    )
    assert (answer.status_code, answer_faults(answer)) == (status, [])


async def test_the_answers_of_a_whole_life_are_as_described(world: World, tmp_path: Path) -> None:
    answers: list[httpx2.Response] = []

    async def ask(method: str, path: str, **given: Any) -> httpx2.Response:
        answer = await world.http.request(method, path, auth=CREDENTIALS, **given)
        answers.append(answer)
        return answer

    send = await sent(world)
    stray = status_of({**send, "webhook_url": ""}, message_uuid=UUID)
    await world.http.post("/webhooks/status", content=stray, headers=world.signed(stray))
    taken = status_of(send)
    answers.append(
        await world.http.post("/webhooks/status", content=taken, headers=world.signed(taken))
    )
    accepted = await ask("POST", "/v0.1/dispatch", content=ONE, headers=JSON)
    await ask("GET", accepted.json()["dispatch_uuid"].join(("/v0.1/dispatch/", "")))
    held = (await ask("GET", "/parked?limit=1")).json()["parked"][0]["id"]
    for method in ("GET", "POST", "DELETE"):
        await ask(method, f"/parked/{held}")
    async with read_only(world):
        await ask("POST", "/v0.1/dispatch", content=ONE, headers=JSON)
    assert {answer.status_code for answer in answers} == {200, 202, 204, 503}
    assert [fault for answer in answers for fault in answer_faults(answer)] == []
