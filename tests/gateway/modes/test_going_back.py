"""Going back to Dispatch with dispatches still open: nobody is messaged twice."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from tests.support.loopback import Loopback, Reply
from tests.support.world import WHATSAPP_THEN_SMS, World, a_world, step, workflow
from translators.diagnostics import JsonObject

DISPATCH = Reply(status=202, body=b'{"dispatch_uuid": "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"}')


@contextlib.asynccontextmanager
async def gone_back(folder: Path, clock: ManualClock) -> AsyncIterator[tuple[World, Loopback]]:
    """Run a gateway in mode observe on a store from before, in front of Dispatch."""
    async with Loopback(lambda seen: DISPATCH).listening() as legacy:
        environ = {"GATEWAY_MODE": "observe", "GATEWAY_LEGACY": legacy.url}
        async with a_world(folder, environ, clock) as world:
            yield world, legacy


async def left_open(folder: Path, clock: ManualClock) -> tuple[str, JsonObject]:
    """Leave a dispatch open whose first message was sent; return its id and what was sent."""
    async with a_world(folder, clock=clock) as world:
        dispatch_uuid = await world.dispatch()
        (send,) = await world.sends(1)
        await world.until_step(dispatch_uuid, 0, "waiting")
    return dispatch_uuid, send


async def test_what_is_open_ends_here_with_its_report(tmp_path: Path) -> None:
    clock = ManualClock()
    dispatch_uuid, send = await left_open(tmp_path, clock)
    async with gone_back(tmp_path, clock) as (world, legacy):
        assert (await world.webhook(send, "read")).status_code == 200
        told = await world.callbacks(2)
    assert [each["status"] for each in told] == ["read", "completed"]
    assert told[1]["dispatch_uuid"] == dispatch_uuid
    assert legacy.seen == []


async def test_new_workflows_go_to_dispatch(tmp_path: Path) -> None:
    clock = ManualClock()
    await left_open(tmp_path, clock)
    async with gone_back(tmp_path, clock) as (world, legacy):
        await world.post(workflow(step()))
        assert (len(legacy.seen), len(world.upstream.seen)) == (1, 0)


@pytest.mark.parametrize(
    ("document", "http_status"), [(WHATSAPP_THEN_SMS, 202), (workflow(step()), 409)]
)
async def test_a_repetition_of_what_was_accepted_here_does_not_go_to_dispatch(
    tmp_path: Path, document: JsonObject, http_status: int
) -> None:
    clock = ManualClock()
    async with a_world(tmp_path, clock=clock) as world:
        first = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "k"})
        await world.sends(1)
    async with gone_back(tmp_path, clock) as (world, legacy):
        again = await world.post(document, **{"Idempotency-Key": "k"})
        assert legacy.seen == []
    assert again.status_code == http_status
    assert again.json().get("dispatch_uuid") in (first.json()["dispatch_uuid"], None)
