"""Wrong secrets: refused, then limited by source and by key; a right one is always let in."""

from __future__ import annotations

import io
from pathlib import Path

import httpx2
import pytest

from gateway.api.buckets import Buckets
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.strangers import WRONG_BURST
from tests.gateway.api.served import GOOD
from tests.gateway.api.statuses import path_of, sent, status_of
from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    OTHER_CREDENTIALS,
    bearing,
    claims_of,
    lines,
    problem,
    sample,
    two_tenants,
)
from tests.gateway.api.tokens import basic, bearer, claims, sign
from tests.support.clock import ManualClock
from tests.support.world import API_KEY, SIGNATURE_SECRET, World
from translators.diagnostics import JsonObject

TOO_MANY = 2 * WRONG_BURST
WRONG = {
    "a secret": basic(f"{API_KEY}:wrong"),
    "a key": basic("stranger:wrong"),
    "nothing readable": "Basic !!!",
    "a token": bearer(sign(claims(application_id="aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"))),
    "an expired token": bearer(sign(claims(iat=1, exp=2))),
    "another scheme": "Digest abc",
}
ROUTES = [
    ("POST", "/v0.1/dispatch"),
    ("POST", "/v0.1/dispatch/"),
    ("POST", "/v0.1/dispatch/plan"),
    ("GET", "/v0.1/dispatch/aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
    ("GET", "/workflows/aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
    ("GET", "/dead-letters"),
    ("POST", "/dead-letters/replay"),
    ("GET", "/parked"),
    ("POST", "/parked/release"),
]


async def ask(
    world: World, authorization: str, method: str = "POST", path: str = "/v0.1/dispatch"
) -> httpx2.Response:
    headers = {**JSON, "Authorization": authorization}
    return await world.http.request(method, path, content=GOOD, headers=headers)


async def asks(world: World, authorization: str, times: int = TOO_MANY) -> list[int]:
    return [(await ask(world, authorization)).status_code for _ in range(times)]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a27_wrong_secrets_are_limited(world: World, wrong: str) -> None:
    assert await asks(world, wrong) == [401] * WRONG_BURST + [429] * (TOO_MANY - WRONG_BURST)


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[" ".join(each) for each in ROUTES])
async def test_wrong_secrets_are_limited_on_every_route(
    world: World, method: str, path: str
) -> None:
    await asks(world, WRONG["a key"])
    answer = await ask(world, WRONG["a secret"], method, path)
    assert problem(answer, 429)["title"] == "Rate Limit Hit"
    assert int(answer.headers["Retry-After"]) >= 1


async def test_a_right_secret_is_let_in_whatever_came_before(tmp_path: Path) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await asks(world, WRONG["a secret"])
        for credentials in (CREDENTIALS, OTHER_CREDENTIALS):
            answer = await world.http.post(
                "/v0.1/dispatch", content=GOOD, headers=JSON, auth=credentials
            )
            assert answer.status_code == 202


async def test_retry_after_holds(world: World) -> None:
    await asks(world, WRONG["a secret"])
    limited = await ask(world, WRONG["a secret"])
    world.clock.advance(int(limited.headers["Retry-After"]))
    assert (await ask(world, WRONG["a secret"])).status_code == 401


async def test_no_credentials_are_no_wrong_ones(world: World) -> None:
    answers = {
        (await world.http.post("/v0.1/dispatch", content=GOOD, headers=JSON)).status_code
        for _ in range(TOO_MANY)
    }
    assert answers == {401}


async def test_a_key_is_limited_wherever_its_wrong_secrets_come_from(world: World) -> None:
    async def from_another_source(index: int) -> int:
        transport = httpx2.ASGITransport(
            app=world.gateway.app(), client=(f"192.0.2.{index}", 40_000)
        )
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
            headers = {**JSON, "Authorization": WRONG["a secret"]}
            return (await http.post("/v0.1/dispatch", content=GOOD, headers=headers)).status_code

    answers = [await from_another_source(index) for index in range(TOO_MANY)]
    assert answers == [401] * WRONG_BURST + [429] * (TOO_MANY - WRONG_BURST)


async def test_2000_wrong_secrets_leave_few_lines_that_count_them(
    log: io.BytesIO, world: World
) -> None:
    await asks(world, WRONG["a secret"], 2_000)
    assert len(log.getvalue().splitlines()) <= 6
    world.clock.advance(61)
    await ask(world, WRONG["a secret"])
    told = lines(log, "caller.refused")
    assert [(line["reason"], line["times"]) for line in told] == [
        ("wrong_secret", 1),
        ("wrong_secret", 2_000),
    ]


async def test_how_wrong_secrets_were_answered_is_counted(world: World) -> None:
    await asks(world, WRONG["a secret"])
    said = {"kind": "caller", "reason": "wrong_secret"}
    assert await sample(world, "gateway_wrong_secrets_total", **said, answer="refused") == 50
    assert await sample(world, "gateway_wrong_secrets_total", **said, answer="limited") == 50


class Webhooks:
    """Webhooks about one send, of which only some can be verified."""

    def __init__(self, world: World, send: JsonObject) -> None:
        self.world, self.send = world, send
        self.body = status_of(send)

    async def posted(self, headers: dict[str, str], path: str = "/webhooks/status") -> int:
        answer = await self.world.http.post(path, content=self.body, headers=headers)
        return answer.status_code

    def forged(self) -> dict[str, str]:
        return bearing(claims_of(self.world, self.body), "another-secret-that-is-long-enough")

    def genuine(self) -> dict[str, str]:
        return bearing(claims_of(self.world, self.body), SIGNATURE_SECRET)


@pytest.fixture
async def webhooks(world: World) -> Webhooks:
    return Webhooks(world, await sent(world))


async def test_forged_webhooks_are_401_and_then_limited_while_genuine_ones_count(
    webhooks: Webhooks,
) -> None:
    answers = [await webhooks.posted(webhooks.forged()) for _ in range(TOO_MANY)]
    assert answers == [401] * WRONG_BURST + [429] * (TOO_MANY - WRONG_BURST)
    assert await webhooks.posted(webhooks.genuine()) == 200


async def test_unsigned_webhooks_come_again_however_many_there_are(webhooks: Webhooks) -> None:
    assert {await webhooks.posted(JSON) for _ in range(TOO_MANY)} == {503}


async def test_webhooks_with_our_token_come_again_however_many_cannot_be_verified(
    webhooks: Webhooks,
) -> None:
    own = path_of(webhooks.send)
    assert {await webhooks.posted(webhooks.forged(), own) for _ in range(TOO_MANY)} == {503}


async def test_forged_webhooks_limit_no_caller(webhooks: Webhooks) -> None:
    for _ in range(TOO_MANY):
        await webhooks.posted(webhooks.forged())
    assert await asks(webhooks.world, WRONG["a secret"], 1) == [401]


async def test_2000_forged_webhooks_leave_few_lines(log: io.BytesIO, webhooks: Webhooks) -> None:
    before = len(log.getvalue().splitlines())
    for _ in range(2_000):
        await webhooks.posted(webhooks.forged())
    assert len(log.getvalue().splitlines()) - before <= 6


async def test_what_was_not_told_is_told_when_nothing_follows(log: io.BytesIO) -> None:
    clock = ManualClock()
    told = RepeatedLines(clock)
    for instance in ("1", "2", "3"):
        told.write("info", "request.refused", latest={"instance": instance}, http_status=401)
    await told.flush()
    clock.advance(60)
    await told.flush()
    await told.flush()
    assert [(line["times"], line["instance"]) for line in lines(log, "request.refused")] == [
        (1, "1"),
        (2, "3"),
    ]


def test_a_bucket_that_nobody_asked_for_is_forgotten_when_there_are_too_many() -> None:
    buckets = Buckets(rate_per_s=1, burst=1, clock=ManualClock(), capacity=10)
    for key in range(1_000):
        buckets.take(key)
    assert len(buckets) == 10


def test_a_bucket_fills_at_its_rate_and_no_higher_than_its_burst() -> None:
    clock = ManualClock()
    buckets = Buckets(rate_per_s=0.5, burst=2, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]
    clock.advance(2)
    assert [buckets.take("a"), buckets.take("a"), buckets.take("b")] == [0, 2, 0]
    clock.advance(3600)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]


def test_a_clock_that_is_set_back_empties_no_bucket() -> None:
    clock = ManualClock()
    buckets = Buckets(rate_per_s=1, burst=2, clock=clock)
    buckets.take("a")
    clock.advance(-3600)
    assert buckets.take("a") == 0
