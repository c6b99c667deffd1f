"""Explaining: what native v1 failover would have done with what we sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.api.surface import sample
from tests.gateway.modes.observing import caught_up
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.diagnostics import JsonObject

SMS_THEN_SMS = workflow(step("sms", **failing_over(after_s=900)), step())


async def begun(world: World, request: JsonObject) -> tuple[str, JsonObject]:
    dispatch_uuid = await world.dispatch(request)
    (first,) = await world.sends(1)
    await world.until_step(dispatch_uuid, 0, "waiting")
    return dispatch_uuid, first


async def judged(world: World, candidate: str, outcome: str, kind: str) -> float | None:
    """Let the trace be finished; return how often it was judged so."""
    await caught_up(world)
    world.clock.advance(3600)
    await caught_up(world)
    labels = {"candidate": candidate, "outcome": outcome, "kind": kind}
    return await sample(world, "gateway_comparisons_total", **labels)


@pytest.fixture
def environ() -> dict[str, str]:
    return {"GATEWAY_MODE": "explain"}


async def test_what_would_have_been_the_same_is_told_so(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    async with a_world(tmp_path, environ) as world:
        _, first = await begun(world, SMS_THEN_SMS)
        await world.webhook(first, "delivered")
        assert await judged(world, "native", "equivalent", "none") == 1


async def test_a_failover_that_native_v1_does_not_make_is_told(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    async with a_world(tmp_path, environ) as world:
        dispatch_uuid, _ = await begun(world, SMS_THEN_SMS)
        world.clock.advance(900)
        second = (await world.sends(2))[1]
        await world.until_step(dispatch_uuid, 1, "waiting")
        await world.webhook(second, "delivered")
        assert await judged(world, "native", "semantic", "never-sent-there") == 1


async def test_the_messages_themselves_are_sent_as_ever(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    async with a_world(tmp_path, environ) as world:
        await begun(world, SMS_THEN_SMS)
        assert len(world.upstream.seen) == 1
