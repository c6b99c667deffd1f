"""Alarms: what is wrong now, said wherever an operator looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.metrics import Metrics
from tests.support.clock import START_MS
from tests.support.world import API_KEY, World, a_world

DEAF = Alarm(
    kind=AlarmKind.DEAF,
    subject=API_KEY,
    since_ms=START_MS,
    why="Webhooks cannot be verified.",
    remedy="Check VONAGE_SIGNATURE_SECRET.",
)
SHUT = Alarm(
    kind=AlarmKind.CLOCK,
    subject="",
    since_ms=START_MS - 1000,
    why="The clock is wrong.",
    remedy="Set it.",
    blocks_intake=True,
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


def test_an_alarm_that_is_raised_again_is_logged_once() -> None:
    alarms = Alarms(Metrics())
    with capture_logs() as lines:
        alarms.raise_alarm(DEAF)
        alarms.raise_alarm(DEAF)
    assert [line["event"] for line in lines] == ["alarm.raised"]


def test_an_alarm_that_has_something_else_to_say_is_logged_anew_and_counted_once() -> None:
    metrics = Metrics()
    alarms = Alarms(metrics)
    with capture_logs() as lines:
        alarms.raise_alarm(DEAF)
        alarms.raise_alarm(replace(DEAF, why="The secrets are others now."))
    assert [line["why"] for line in lines] == [DEAF.why, "The secrets are others now."]
    raised = metrics.registry.get_sample_value("gateway_alarms_raised_total", {"kind": "deaf"})
    assert raised == 1


def test_an_alarm_that_does_not_stand_is_cleared_in_silence() -> None:
    with capture_logs() as lines:
        Alarms(Metrics()).clear(AlarmKind.DEAF, API_KEY)
    assert lines == []


def test_an_account_is_concerned_by_its_own_alarms_and_by_those_of_the_gateway() -> None:
    alarms = Alarms(Metrics())
    alarms.raise_alarm(DEAF)
    alarms.raise_alarm(SHUT)
    assert alarms.standing(API_KEY) == [SHUT, DEAF]
    assert alarms.standing("another") == [SHUT]


async def test_readiness_names_each_alarm_with_its_remedy_and_stays_200(world: World) -> None:
    world.gateway.alarms.raise_alarm(DEAF)
    answer = await world.admin.get("/readyz")
    assert answer.status_code == 200
    assert answer.text == (
        "degraded\n"
        f"deaf: account {API_KEY} since 2025-02-03T12:14:25.000Z: Webhooks cannot be verified."
        " Check VONAGE_SIGNATURE_SECRET.\n"
    )


async def test_a_gateway_that_accepts_nothing_is_not_ready(world: World) -> None:
    world.gateway.alarms.raise_alarm(SHUT)
    answer = await world.admin.get("/readyz")
    assert answer.status_code == 503
    assert answer.text.startswith("not accepting workflows\nclock: since ")


async def test_readiness_says_when_an_account_s_workflows_are_refused(world: World) -> None:
    world.gateway.alarms.raise_alarm(replace(DEAF, blocks_intake=True))
    answer = await world.admin.get("/readyz")
    assert answer.status_code == 200
    assert (
        " Webhooks cannot be verified. Its new workflows are answered 503."
        " Check VONAGE_SIGNATURE_SECRET.\n"
    ) in answer.text


async def test_the_state_of_an_open_dispatch_names_the_alarms(world: World) -> None:
    dispatch_uuid = await world.dispatch()
    world.gateway.alarms.raise_alarm(DEAF)
    state = await world.state(dispatch_uuid)
    assert state["alarms"] == [
        {
            "kind": "deaf",
            "since": "2025-02-03T12:14:25.000Z",
            "why": "Webhooks cannot be verified.",
            "remedy": "Check VONAGE_SIGNATURE_SECRET.",
        }
    ]


async def test_the_state_is_silent_about_alarms_when_there_is_none(world: World) -> None:
    assert "alarms" not in await world.state(await world.dispatch())
