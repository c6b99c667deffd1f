"""Rows L: what strangers write stays out of logs, figures and the work of health checks."""

from __future__ import annotations

import io

import orjson
import pytest

from tests.gateway.api.surface import CREDENTIALS, JSON, sample
from tests.support.world import World, step, workflow
from translators.diagnostics import JsonObject

CREATE = "/v0.1/dispatch"
NASTY = "\r\n\x1b[31mforged\x00{}"


ONE = workflow(step())
PLACES: dict[str, tuple[JsonObject, str, dict[str, str]]] = {
    "a text": (workflow(step(text=NASTY)), CREATE, {}),
    "a number": (workflow(step(to={"type": "sms", "number": NASTY})), CREATE, {}),
    "a type": (workflow(step(to={"type": NASTY, "number": "1"})), CREATE, {}),
    "the template": ({**ONE, "template": NASTY}, CREATE, {}),
    "a name": ({**ONE, NASTY: 1}, CREATE, {}),
    "the path": (ONE, "/%0d%0a%1b[31mforged", {}),
    "a header": (ONE, CREATE, {"Idempotency-Key": "\x1b[31mforged"}),
}


@pytest.mark.parametrize(("document", "path", "headers"), PLACES.values(), ids=PLACES)
async def test_l1_what_breaks_lines_breaks_none(
    log: io.BytesIO, world: World, document: JsonObject, path: str, headers: dict[str, str]
) -> None:
    await world.http.post(
        path, content=orjson.dumps(document), headers={**JSON, **headers}, auth=CREDENTIALS
    )
    written = log.getvalue()
    assert b"forged" not in written and b"\x1b" not in written
    assert all(isinstance(orjson.loads(line), dict) for line in written.splitlines())


async def test_l3_a_refusal_is_short_however_long_what_it_is_about(world: World) -> None:
    long = workflow(*({**step(text="a" * 2_000), "n" * 60: 1} for _ in range(90)))
    answer = await world.post(long)
    assert answer.status_code == 400
    assert len(answer.content) < 1_000


async def test_l4_no_label_of_a_metric_is_a_stranger_s(world: World) -> None:
    for index in range(50):
        await world.http.post(f"/forged-{index}", auth=("forged", "forged"))
        await world.http.request(f"FORGED{index}", "/v0.1/dispatch")
        await world.http.post(f"/webhooks/status/forged-{index}", headers={"Authorization": "x"})
    assert "forged" not in (await world.admin.get("/metrics")).text.lower()
    assert await sample(world, "gateway_requests_total", route="unmatched", code="404") == 50


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_l6_a_health_check_reads_no_query(world: World, path: str) -> None:
    plain = await world.http.get(path)
    bomb = await world.http.get(f"{path}?{'a[]=1&' * 5_000}")
    assert (bomb.status_code, bomb.content) == (plain.status_code, plain.content)


async def test_l5_figures_are_not_on_the_public_bind(world: World) -> None:
    answers = {path: await world.http.get(path) for path in ("/metrics", "/readyz", "/livez")}
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/metrics": 404,
        "/readyz": 200,
        "/livez": 200,
    }
    assert answers["/readyz"].text == "ready\n"
