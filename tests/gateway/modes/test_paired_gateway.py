"""A whole gateway that pairs: what leaves it, counted by real servers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.settings.mode_values import ACKNOWLEDGEMENT
from gateway.traces.model import Path as TracePath
from tests.gateway.api.surface import read_only
from tests.gateway.modes.observing import (
    ACCEPTED,
    DISPATCH_UUID,
    caught_up,
    post,
    report,
    tell,
    traces,
)
from tests.support.loopback import Loopback, Reply
from tests.support.world import World, a_world, step, workflow
from translators.diagnostics import JsonObject

PAIRED = {
    "GATEWAY_MODE": "paired",
    "GATEWAY_PAIRED_ALLOW": "447700900000",
    "GATEWAY_PAIRED_ACKNOWLEDGE": ACKNOWLEDGEMENT,
    "GATEWAY_PAIRED_MAX": "4",
    "GATEWAY_PAIRED_UNTIL": "2025-02-05T00:00:00Z",
}


@contextlib.asynccontextmanager
async def pairing(folder: Path) -> AsyncIterator[tuple[World, Loopback]]:
    """Run a gateway that pairs, and the legacy service it pairs with."""
    legacy = Loopback(lambda seen: ACCEPTED)
    async with legacy.listening():
        environ = {
            **PAIRED,
            "GATEWAY_LEGACY": legacy.url,
            "GATEWAY_TRACE": str(folder / "traces.jsonl"),
            "GATEWAY_TRACE_KEY": "key-of-the-tests-0001",
        }
        async with a_world(folder, environ) as world:
            yield world, legacy


def to(number: str) -> JsonObject:
    """Return a workflow of one step for a number."""
    one = step()
    one["to"] = {"type": "sms", "number": number}
    return workflow(one)


CUSTOM = workflow(
    {
        **step("whatsapp"),
        "message": {
            "content": {"type": "custom", "custom": {"to": "447700900001", "type": "text"}}
        },
    }
)


async def test_a_request_goes_both_ways(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        await world.dispatch(workflow(step()))
        await world.sends(1)
        assert len(legacy.seen) == 1


async def test_the_legacy_service_gets_the_same_bytes(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        await world.dispatch(workflow(step()))
        assert legacy.seen[0].body == orjson.dumps(workflow(step()))


async def test_the_caller_is_answered_by_this_gateway(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        assert await world.dispatch(workflow(step())) != DISPATCH_UUID


@pytest.mark.parametrize(
    "request_",
    [
        to("447700900001"),
        workflow(
            step(failover={"expiry_time": 15, "condition_status": "delivered"}),
            *to("447700900001")["workflow"],  # type: ignore[misc]
        ),
        {**workflow(step()), "bcc": "447700900001"},
        CUSTOM,
    ],
    ids=["stranger", "stranger-in-a-later-step", "unknown-field", "custom-content"],
)
async def test_nobody_else_is_messaged_by_either_path(tmp_path: Path, request_: JsonObject) -> None:
    async with pairing(tmp_path) as (world, legacy):
        answer = await world.post(request_)
        assert (answer.status_code, legacy.seen, world.upstream.seen) == (400, [], [])


async def test_a_stranger_is_refused_in_the_shape_of_v01(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        answer = await world.post(to("447700900001"))
        assert answer.json()["invalid_parameters"] == {
            "name": "workflow[0].to.number",
            "reason": "is not in GATEWAY_PAIRED_ALLOW",
        }


async def test_the_cap_ends_both_paths(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        codes = [(await world.post(workflow(step()))).status_code for _ in range(3)]
        await world.sends(2)
        assert (codes, len(legacy.seen)) == ([202, 202, 400], 2)


async def test_a_restart_does_not_reset_the_cap(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        await world.post(workflow(step()))
        await world.post(workflow(step()))
    async with pairing(tmp_path) as (world, legacy):
        answer = await world.post(workflow(step()))
        assert (answer.status_code, legacy.seen) == (400, [])


async def test_nothing_leaves_after_the_end(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        world.clock.advance(2 * 86_400)
        answer = await world.post(workflow(step()))
        assert (answer.status_code, legacy.seen, world.upstream.seen) == (400, [], [])


async def test_a_stranger_to_the_account_is_refused_here(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        answer = await world.http.post("/v0.1/dispatch", json=workflow(step()))
        assert (answer.status_code, legacy.seen) == (401, [])


async def test_a_request_that_asks_not_to_be_repeated_is_refused(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        answer = await world.post(workflow(step()), **{"Idempotency-Key": "once"})
        assert (answer.status_code, legacy.seen) == (400, [])


async def test_a_request_with_a_query_is_refused(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        answer = await post(world, orjson.dumps(workflow(step())), "?to=447700900001")
        assert (answer.status_code, legacy.seen, world.upstream.seen) == (400, [], [])


async def test_a_store_that_fails_after_dispatch_took_it_does_not_ask_for_another(
    tmp_path: Path,
) -> None:
    async with pairing(tmp_path) as (world, legacy), read_only(world):
        answer = await world.post(workflow(step()))
        assert (answer.status_code, len(legacy.seen)) == (504, 1)
        assert "Do not send it again" in answer.json()["detail"]


async def test_a_store_that_fails_after_dispatch_refused_it_can_be_asked_again(
    tmp_path: Path,
) -> None:
    async with pairing(tmp_path) as (world, legacy), read_only(world):
        legacy.replies.append(Reply(status=422))
        answer = await world.post(workflow(step()))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_a_request_in_doubt_is_not_sent_here(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, legacy):
        legacy.replies.append(Reply(hangs_up=True))
        answer = await world.post(workflow(step()))
        assert (answer.status_code, world.upstream.seen) == (504, [])


async def test_callbacks_of_dispatch_go_no_further(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        await world.dispatch(workflow(step()))
        answer = await tell(world, report())
        assert (answer.status_code, world.receiver.seen) == (200, [])


async def test_both_traces_are_written_under_one_pair(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        await world.dispatch(workflow(step()))
        await world.sends(1)
        await tell(world, report())
    first, second = traces(tmp_path)
    assert first.pair is not None
    assert (first.pair, {first.path, second.path}) == (
        second.pair,
        {TracePath.LEGACY, TracePath.GATEWAY},
    )


async def test_both_traces_are_compared_once_both_are_complete(tmp_path: Path) -> None:
    async with pairing(tmp_path) as (world, _):
        dispatch_uuid = await world.dispatch(workflow(step()))
        (send,) = await world.sends(1)
        await world.webhook(send, "delivered")
        await world.callbacks(2)
        await world.until_step(dispatch_uuid, 0, "met")
        await tell(world, report())
        await caught_up(world)
        world.clock.advance(3 * 3600)
        await caught_up(world)
        text = (await world.admin.get("/metrics")).text
        assert 'gateway_comparisons_total{candidate="paired"' in text
