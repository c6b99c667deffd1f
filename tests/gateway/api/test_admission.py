"""The gate of new workflows: shut while an alarm blocks the intake, and true when it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.alarms import Alarm, AlarmKind
from tests.gateway.api.surface import problem, stored
from tests.support.clock import START_MS
from tests.support.world import API_KEY, World, step, workflow

ONE = workflow(step())


def shut(world: World, subject: str = API_KEY, *, blocks_intake: bool = True) -> None:
    """Let an alarm stand."""
    world.gateway.alarms.raise_alarm(
        Alarm(
            kind=AlarmKind.CLOCK,
            subject=subject,
            since_ms=START_MS,
            why="The clock is wrong.",
            remedy="Set it.",
            blocks_intake=blocks_intake,
        )
    )


@pytest.mark.parametrize("subject", [API_KEY, ""], ids=["its account", "everybody"])
async def test_an_alarm_that_blocks_the_intake_refuses_new_workflows(
    world: World, tmp_path: Path, subject: str
) -> None:
    shut(world, subject)
    before = stored(tmp_path)
    answer = await world.post(ONE)
    detail = problem(answer, 503)["detail"]
    assert "Nothing was accepted." in str(detail)
    assert (answer.headers["Retry-After"], stored(tmp_path)) == ("10", before)


@pytest.mark.parametrize(
    ("subject", "blocks_intake"),
    [("another", True), (API_KEY, False)],
    ids=["of another account", "that blocks nothing"],
)
async def test_an_alarm_does_not_concern_the_workflows(
    world: World, subject: str, blocks_intake: bool
) -> None:
    shut(world, subject, blocks_intake=blocks_intake)
    assert (await world.post(ONE)).status_code == 202


async def test_workflows_are_accepted_again_when_the_alarm_is_taken_back(world: World) -> None:
    shut(world)
    world.gateway.alarms.clear(AlarmKind.CLOCK, API_KEY)
    assert (await world.post(ONE)).status_code == 202


async def test_a_repeated_key_gets_its_first_answer_while_the_gate_is_shut(world: World) -> None:
    first = await world.post(ONE, **{"Idempotency-Key": "once"})
    shut(world)
    again = await world.post(ONE, **{"Idempotency-Key": "once"})
    assert (again.status_code, again.json()) == (202, first.json())


async def test_a_new_key_is_refused_while_the_gate_is_shut_and_is_free_afterwards(
    world: World,
) -> None:
    shut(world)
    refused = await world.post(ONE, **{"Idempotency-Key": "once"})
    world.gateway.alarms.clear(AlarmKind.CLOCK, API_KEY)
    accepted = await world.post(workflow(step(text="Other")), **{"Idempotency-Key": "once"})
    assert (refused.status_code, accepted.status_code) == (503, 202)


async def test_a_key_of_another_body_is_a_conflict_while_the_gate_is_shut(world: World) -> None:
    await world.post(ONE, **{"Idempotency-Key": "once"})
    shut(world)
    answer = await world.post(workflow(step(text="Other")), **{"Idempotency-Key": "once"})
    assert answer.status_code == 409


async def test_a_faulty_workflow_is_told_its_fault_while_the_gate_is_shut(world: World) -> None:
    shut(world)
    assert (await world.post(workflow())).status_code == 400
