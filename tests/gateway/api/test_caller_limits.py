"""The limits of one application: requests a second, dispatches a day."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from tests.gateway.api.surface import (
    CREDENTIALS,
    OTHER_CREDENTIALS,
    lines,
    problem,
    read_only,
    sample,
    stored,
    two_tenants,
)
from tests.support.clock import START_MS, ManualClock
from tests.support.world import World, a_world, step, workflow

ONE = workflow(step())
RATE = {"GATEWAY_REQUEST_RATE": "0.5", "GATEWAY_REQUEST_BURST": "3"}
DAILY = {"GATEWAY_DAILY_DISPATCHES": "3"}
UNTIL_MIDNIGHT_S = 86_400 - START_MS // 1000 % 86_400


async def posted(world: World, times: int, **headers: str) -> list[int]:
    return [(await world.post(ONE, **headers)).status_code for _ in range(times)]


async def test_requests_beyond_the_rate_are_refused_until_retry_after(tmp_path: Path) -> None:
    async with a_world(tmp_path, RATE) as world:
        assert await posted(world, 4) == [202, 202, 202, 429]
        before = stored(tmp_path)
        answer = await world.post(ONE)
        assert "Nothing was accepted." in str(problem(answer, 429)["detail"])
        assert (answer.headers["Retry-After"], stored(tmp_path)) == ("2", before)
        world.clock.advance(2)
        assert await posted(world, 2) == [202, 429]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v0.1/dispatch/plan"),
        ("POST", "/v0.1/dispatch?dry_run=true"),
        ("GET", "/v0.1/dispatch/aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
        ("GET", "/dead-letters"),
        ("GET", "/parked"),
    ],
)
async def test_whatever_is_asked_with_its_credentials_counts(
    tmp_path: Path, method: str, path: str
) -> None:
    async with a_world(tmp_path, RATE) as world:
        await posted(world, 3)
        answer = await world.http.request(method, path, auth=CREDENTIALS)
        problem(answer, 429)


async def test_a_burst_is_two_seconds_of_the_rate_unless_set(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_REQUEST_RATE": "1.5"}) as world:
        assert await posted(world, 4) == [202, 202, 202, 429]


async def test_dispatches_beyond_those_of_a_day_are_refused_until_midnight(tmp_path: Path) -> None:
    clock = ManualClock(START_MS + 1000 * (UNTIL_MIDNIGHT_S - 20))
    async with a_world(tmp_path, DAILY, clock) as world:
        assert await posted(world, 3) == [202] * 3
        answer = await world.post(ONE)
        problem(answer, 429)
        assert answer.headers["Retry-After"] == "20"
        clock.advance(19)
        assert await posted(world, 1) == [429]
        clock.advance(1)
        assert await posted(world, 4) == [202, 202, 202, 429]


async def test_the_dispatches_of_a_day_survive_a_restart(tmp_path: Path) -> None:
    async with a_world(tmp_path, DAILY) as world:
        await posted(world, 2)
    clock = ManualClock(START_MS + 1000)
    async with a_world(tmp_path, DAILY, clock) as world:
        assert await posted(world, 2) == [202, 429]


async def test_what_is_not_accepted_is_not_counted(tmp_path: Path) -> None:
    async with a_world(tmp_path, DAILY) as world:
        await world.post({})
        await world.post_to("/v0.1/dispatch/plan", ONE)
        async with read_only(world):
            assert (await world.post(ONE)).status_code == 503
        await world.post(ONE, **{"Idempotency-Key": "once"})
        await world.post(workflow(step(text="Other")), **{"Idempotency-Key": "once"})
        await world.post(ONE, **{"Idempotency-Key": "once"})
        assert await posted(world, 3) == [202, 202, 429]


async def test_of_many_at_once_no_more_are_accepted_than_a_day_has(tmp_path: Path) -> None:
    async with a_world(tmp_path, DAILY) as world:
        answers = await asyncio.gather(*(world.post(ONE) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 9


@pytest.mark.parametrize("limit", [RATE, DAILY], ids=["rate", "day"])
async def test_a_repeated_key_gets_its_first_answer_whatever_is_used_up(
    tmp_path: Path, limit: dict[str, str]
) -> None:
    async with a_world(tmp_path, limit) as world:
        first = await world.post(ONE, **{"Idempotency-Key": "once"})
        await posted(world, 3)
        again = await world.post(ONE, **{"Idempotency-Key": "once"})
        assert (again.status_code, again.json()) == (202, first.json())
        assert await posted(world, 1, **{"Idempotency-Key": "new"}) == [429]


@pytest.mark.parametrize("limit", [RATE, DAILY], ids=["rate", "day"])
async def test_the_limits_of_one_application_are_not_those_of_another(
    tmp_path: Path, limit: dict[str, str]
) -> None:
    async with two_tenants(tmp_path, limit) as (world, _):
        assert (await posted(world, 4))[-1] == 429
        answers = [
            await world.http.post("/v0.1/dispatch", json=ONE, auth=OTHER_CREDENTIALS)
            for _ in range(5)
        ]
        assert {answer.status_code for answer in answers} == {202}


async def test_what_was_limited_is_counted_and_told_once_a_minute(
    log: io.BytesIO, tmp_path: Path
) -> None:
    async with a_world(tmp_path, {**RATE, **DAILY}) as world:
        await posted(world, 10)
        assert await sample(world, "gateway_callers_limited_total", limit="rate") == 7
        told = [(line["application"], line["reason"]) for line in lines(log, "caller.limited")]
    assert told == [("abcd1234", "rate")]


async def test_without_limits_nothing_is_limited(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        assert set(await posted(world, 100)) == {202}
