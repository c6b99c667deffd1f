"""`/livez`, `/readyz` and `/metrics`: what orchestrators ask, and what operators watch."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.alarms import Alarm, AlarmKind
from tests.gateway.api.surface import CREDENTIALS, JSON, problem, read_only, sample, until
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

LOW_BALANCE = Reply(status=402, body=b'{"title": "Low balance"}')


async def test_a_gateway_that_runs_is_live(world: World) -> None:
    answer = await world.http.get("/livez")
    assert (answer.status_code, answer.text) == (200, "live\n")


async def test_a_gateway_that_can_accept_is_ready(world: World) -> None:
    answer = await world.admin.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


async def test_everybody_who_asks_at_the_start_is_told_the_same(world: World) -> None:
    answers = await asyncio.gather(*(world.admin.get("/readyz") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_l6_a_query_changes_nothing(world: World, path: str) -> None:
    answer = await world.admin.get(f"{path}?{'a[]=1&' * 5_000}")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_health_can_only_be_read(world: World, path: str) -> None:
    problem(await world.http.post(path), 405)


async def test_a_gateway_whose_store_cannot_write_is_not_ready(world: World) -> None:
    async with read_only(world):
        answer = await world.admin.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "store unavailable\n")


async def test_a_store_that_fails_is_noticed_within_a_second(world: World) -> None:
    await world.admin.get("/readyz")
    async with read_only(world):
        world.clock.advance(1)
        answer = await world.admin.get("/readyz")
    assert answer.status_code == 503


async def test_a_store_that_recovers_is_noticed_within_a_second(world: World) -> None:
    async with read_only(world):
        await world.admin.get("/readyz")
    world.clock.advance(1)
    answer = await world.admin.get("/readyz")
    assert answer.status_code == 200


async def test_the_store_is_not_asked_more_than_once_a_second(world: World, tmp_path: Path) -> None:
    before = checks(tmp_path)
    await asyncio.gather(*(world.admin.get("/readyz") for _ in range(20)))
    assert checks(tmp_path) == before + 1


def checks(folder: Path) -> int:
    """Return how often the store proved that it can write."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db")) as connection:
        query = "SELECT value FROM meta WHERE name = 'checks'"
        return int(connection.execute(query).fetchone()[0])


async def test_a_gateway_that_cannot_write_is_still_live(world: World) -> None:
    async with read_only(world):
        answer = await world.http.get("/livez")
    assert answer.status_code == 200


async def test_a_gateway_that_drains_is_not_ready(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        transport = httpx2.ASGITransport(app=world.gateway.admin_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "draining\n")


# The public side


async def test_strangers_are_told_whether_the_gateway_is_ready_and_no_more(world: World) -> None:
    world.gateway.alarms.raise_alarm(
        Alarm(
            kind=AlarmKind.CLOCK,
            subject="",
            since_ms=0,
            why="it is wrong",
            remedy="set it",
            blocks_intake=False,
        )
    )
    answer = await world.http.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


async def test_strangers_are_not_told_why_the_gateway_is_not_ready(world: World) -> None:
    async with read_only(world):
        answer = await world.http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")


async def test_metrics_are_not_for_strangers_and_the_answer_names_the_setting(
    world: World,
) -> None:
    answer = await world.http.get("/metrics")
    assert answer.status_code == 404
    assert "GATEWAY_ADMIN_PORT" in answer.text
    assert "gateway_open" not in answer.text


# Metrics

NAMES = {
    "gateway_requests_total",
    "gateway_dispatches_accepted_total",
    "gateway_dispatches_closed_total",
    "gateway_failovers_total",
    "gateway_late_deliveries_total",
    "gateway_sends_total",
    "gateway_send_seconds",
    "gateway_steps_in_doubt_total",
    "gateway_credential_alarms_total",
    "gateway_webhooks_total",
    "gateway_callbacks_total",
    "gateway_timer_lag_seconds",
    "gateway_open_dispatches",
    "gateway_pending_timers",
    "gateway_pending_sends",
    "gateway_callback_backlog",
    "gateway_dead_letters",
    "gateway_held_webhooks",
}


async def test_every_metric_is_there_from_the_start(world: World) -> None:
    answer = await world.admin.get("/metrics")
    described = {line.split(" ")[2] for line in answer.text.splitlines() if "# HELP" in line}
    assert described >= NAMES


async def test_metrics_are_in_the_format_prometheus_scrapes(world: World) -> None:
    answer = await world.admin.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert list(text_string_to_metric_families(answer.text))


async def waiting(world: World, document: JsonObject = WHATSAPP_THEN_SMS) -> JsonObject:
    """Have a first step sent and accepted; return its body."""
    dispatch_uuid = await world.dispatch(document)
    (send,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    return send


async def is_counted(world: World, name: str, value: float = 1, **labels: str) -> bool:
    return await sample(world, name, **labels) == value


async def test_an_open_dispatch_is_counted_with_its_timer(world: World) -> None:
    await waiting(world)
    assert await is_counted(world, "gateway_dispatches_accepted_total")
    assert await is_counted(world, "gateway_open_dispatches")
    assert await is_counted(world, "gateway_pending_timers")
    assert await is_counted(world, "gateway_pending_sends", 0)


async def test_a_finished_dispatch_is_counted_by_its_report(world: World) -> None:
    await world.webhook(await waiting(world), "read")
    assert await is_counted(world, "gateway_dispatches_closed_total", status="completed")
    assert await is_counted(world, "gateway_open_dispatches", 0)
    assert await is_counted(world, "gateway_pending_timers", 0)


async def test_an_expiry_counts_a_failover_and_how_late_it_came(world: World) -> None:
    await waiting(world)
    world.clock.advance(600.25)
    await world.sends(2)
    assert await is_counted(world, "gateway_failovers_total", channel="whatsapp", reason="expired")
    assert await is_counted(world, "gateway_timer_lag_seconds_count")
    assert await is_counted(world, "gateway_timer_lag_seconds_sum", 0.25)


async def test_a_rejection_counts_a_failover(world: World) -> None:
    await world.webhook(await waiting(world), "rejected")
    await world.sends(2)
    assert await is_counted(world, "gateway_failovers_total", channel="whatsapp", reason="rejected")


async def test_the_failure_of_a_last_step_is_no_failover(world: World) -> None:
    await world.webhook(await waiting(world, workflow(step())), "rejected")
    assert await is_counted(world, "gateway_dispatches_closed_total", status="error")
    assert await is_counted(world, "gateway_failovers_total", 0)


async def test_a_delivery_after_the_failover_is_counted_once(world: World) -> None:
    send = await waiting(world)
    world.clock.advance(600)
    await world.sends(2)
    await world.webhook(send, "delivered")
    await world.webhook(send, "read")
    assert await is_counted(world, "gateway_late_deliveries_total", channel="whatsapp")


async def test_a_delivery_in_time_is_not_late(world: World) -> None:
    await world.webhook(await waiting(world), "read")
    assert await is_counted(world, "gateway_late_deliveries_total", 0)


async def test_a_send_without_an_answer_is_counted_as_in_doubt(world: World) -> None:
    world.upstream.replies.append(Reply(hangs_up=True))
    dispatch_uuid = await world.dispatch(workflow(step()))
    await world.until_step(dispatch_uuid, 0, "unknown")
    assert await is_counted(world, "gateway_steps_in_doubt_total")
    assert await is_counted(world, "gateway_sends_total", outcome="in_doubt")


async def test_a_send_is_counted_and_timed(world: World) -> None:
    await waiting(world)
    assert await is_counted(world, "gateway_sends_total", outcome="accepted")
    assert await is_counted(world, "gateway_send_seconds_count")


async def test_credentials_the_upstream_refuses_are_counted(world: World) -> None:
    world.upstream.replies.append(Reply(status=401))
    await world.dispatch(workflow(step()))
    await until(lambda: is_counted(world, "gateway_credential_alarms_total"))


async def test_callbacks_that_wait_are_the_backlog(world: World) -> None:
    answers = asyncio.Event()
    world.receiver.replies.append(Reply(holds=answers))
    await world.webhook(await waiting(world), "submitted")
    await world.callbacks(1)
    before = await sample(world, "gateway_callback_backlog")
    answers.set()
    await until(lambda: is_counted(world, "gateway_callback_backlog", 0))
    assert before == 1
    assert await is_counted(world, "gateway_callbacks_total", outcome="delivered")


async def test_a_dead_letter_is_counted(world: World) -> None:
    world.receiver.replies.append(Reply(status=410))
    await world.webhook(await waiting(world), "submitted")
    await until(lambda: is_counted(world, "gateway_dead_letters"))
    assert await is_counted(world, "gateway_callbacks_total", outcome="buried")


async def test_a_held_webhook_is_counted(world: World) -> None:
    await world.http.post("/webhooks/status", content=b"[]", headers=world.signed(b"[]"))
    assert await is_counted(world, "gateway_held_webhooks")
    assert await is_counted(
        world, "gateway_webhooks_total", kind="status", disposition="held_unusable"
    )


async def test_a_forged_webhook_is_counted(world: World) -> None:
    headers = {**world.signed(b"[]"), "Authorization": "Bearer forged"}
    await world.http.post("/webhooks/status", content=b"[]", headers=headers)
    assert await is_counted(
        world, "gateway_webhooks_total", kind="status", disposition="unauthorized"
    )


# Requests

COUNTED = {
    "an accepted workflow": ("POST", "/v0.1/dispatch", "/v0.1/dispatch", "400"),
    "with a slash": ("POST", "/v0.1/dispatch/?q=1", "/v0.1/dispatch/", "400"),
    "a state": ("GET", "/v0.1/dispatch/447700900000", "/v0.1/dispatch/{dispatch_uuid}", "404"),
    "another method": ("PUT", "/workflows/447700900000", "/workflows/{dispatch_uuid}", "405"),
    "a webhook": ("POST", "/webhooks/status/447700900000", "/webhooks/status/{token}", "401"),
    "an unknown path": ("GET", "/447700900000", "unmatched", "404"),
    "another unknown path": ("POST", "/447700900000/x", "unmatched", "404"),
}


@pytest.mark.parametrize("row", COUNTED)
async def test_a_request_is_counted_by_the_template_of_its_route(world: World, row: str) -> None:
    method, path, route, code = COUNTED[row]
    await world.http.request(method, path, auth=CREDENTIALS, headers=JSON)
    assert await is_counted(world, "gateway_requests_total", route=route, code=code)


async def test_no_part_of_a_path_becomes_a_label(world: World) -> None:
    for method, path, _, _ in COUNTED.values():
        await world.http.request(method, path, auth=CREDENTIALS)
    assert "447700900000" not in (await world.admin.get("/metrics")).text


async def test_accepted_requests_are_counted_apart_from_refused_ones(world: World) -> None:
    await world.dispatch(workflow({**step(), **failing_over()}, step()))
    await world.post({})
    assert await is_counted(world, "gateway_requests_total", route="/v0.1/dispatch", code="202")
    assert await is_counted(world, "gateway_requests_total", route="/v0.1/dispatch", code="400")
