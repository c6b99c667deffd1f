"""Explaining: what Dispatch and native v1 failover would have done with what we sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.compare.replay import replay
from gateway.core.state import Terms
from gateway.modes.as_dispatch import run_dispatch
from gateway.modes.explain import Explainer
from gateway.modes.judging import Judgement
from gateway.traces.model import Kind, Trace, TraceEntry
from gateway.traces.model import Path as Sender
from tests.gateway.api.surface import sample
from tests.gateway.compare.legacy_traces import legacy_trace, workflows
from tests.gateway.modes.observing import DISPATCH_UUID, caught_up
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.choices import RequestOptions
from translators.diagnostics import JsonObject

TERMS = Terms()
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


async def test_an_ordinary_life_is_the_same_under_dispatch(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    async with a_world(tmp_path, environ) as world:
        _, first = await begun(world, SMS_THEN_SMS)
        world.clock.advance(3)
        await world.webhook(first, "submitted")
        world.clock.advance(4)
        await world.webhook(first, "delivered")
        assert await judged(world, "dispatch", "equivalent", "none") == 1


async def test_a_delivery_for_which_dispatch_would_still_have_waited_is_told(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    request = workflow(step("sms", **failing_over(after_s=15)), step())
    async with a_world(tmp_path, environ) as world:
        dispatch_uuid, first = await begun(world, request)
        world.clock.advance(15)
        second = (await world.sends(2))[1]
        await world.until_step(dispatch_uuid, 1, "waiting")
        world.clock.advance(1)
        await world.webhook(first, "delivered")
        await world.webhook(second, "delivered")
        assert await judged(world, "dispatch", "explained", "other-trigger") == 1


def by_dispatch(trace: Trace, terms: Terms = TERMS) -> Judgement:
    (judgement,) = [
        each
        for each in Explainer(RequestOptions(), lambda channel: terms)(trace)
        if each.candidate == "dispatch"
    ]
    return judgement


def ours(*entries: TraceEntry, request: JsonObject = SMS_THEN_SMS) -> Trace:
    """Write a trace of ours; it has its answer already."""
    return Trace(
        dispatch=DISPATCH_UUID,
        path=Sender.GATEWAY,
        origin="explain",
        accepted_at="2025-02-03T12:14:25.000Z",
        request=request,
        entries=(TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202"), *entries),
        is_complete=True,
    )


@pytest.mark.parametrize("horizon_s", [3_600, 259_200])
def test_of_workflows_of_all_shapes_dispatch_differs_by_its_lag_alone(horizon_s: int) -> None:
    terms = Terms(horizon_s=horizon_s)
    runs = [replay(legacy_trace(request), terms=terms) for request in list(workflows())[::10]]
    told = [by_dispatch(run, terms) for run in runs]
    assert {(each.kind, each.known) for each in told} == {
        ("none", ()),
        ("other-trigger", ("DIFF-11",)),
    }


def test_dispatch_would_have_gone_on_where_we_were_late_ourselves() -> None:
    trace = ours(
        TraceEntry(at_ms=0, kind=Kind.SEND, step=0, event_ms=100),
        TraceEntry(at_ms=950_000, kind=Kind.STATUS, step=0, status="delivered"),
        TraceEntry(at_ms=950_000, kind=Kind.REPORT, status="completed"),
    )
    told = by_dispatch(trace)
    assert (told.outcome, told.kind, told.step) == ("semantic", "other-trigger", 0)


def test_what_became_of_a_message_that_we_never_sent_is_not_made_up() -> None:
    trace = ours(TraceEntry(at_ms=0, kind=Kind.SEND, step=0, event_ms=100))
    run = run_dispatch(trace, TERMS)
    last = run.entries[-1]
    assert (last.at_ms, last.kind, last.step) == (903_050, Kind.SEND, 1)
    assert not run.is_complete


def test_a_message_in_doubt_that_was_never_heard_of_compares_with_nothing() -> None:
    trace = ours(
        TraceEntry(at_ms=0, kind=Kind.SEND, step=0),
        TraceEntry(at_ms=30_000, kind=Kind.IN_DOUBT, step=0),
        TraceEntry(at_ms=900_000, kind=Kind.FAILOVER, step=0, why="expired"),
        TraceEntry(at_ms=900_000, kind=Kind.SEND, step=1, event_ms=900_100),
        TraceEntry(at_ms=905_000, kind=Kind.STATUS, step=1, status="delivered"),
        TraceEntry(at_ms=905_000, kind=Kind.REPORT, status="completed"),
    )
    assert by_dispatch(trace).outcome == "not-comparable"


def test_a_request_that_dispatch_would_have_refused_is_refused() -> None:
    request = workflow(step("sms", **failing_over(after_s=1)), step())
    (answer,) = run_dispatch(ours(request=request), TERMS).entries
    assert (answer.kind, answer.status) == (Kind.ANSWER, "400")
