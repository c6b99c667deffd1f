"""`/dead-letters` when there are many: page by page, chosen, counted, and posted again in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.stores.base import OutboxKind
from tests.gateway.api.served import OURS
from tests.gateway.api.surface import (
    CREDENTIALS,
    OTHER_CREDENTIALS,
    hang_up_on,
    problem,
    read_only,
    sample,
    two_tenants,
    until,
)
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import API_KEY, World, a_world, failing_over, step, workflow

GONE = Reply(status=410)
TWO_STEPS = workflow(step("whatsapp", **failing_over("delivered")), step("sms"))
WHAT_IS_SAID = ["submitted", "rejected", "submitted", "delivered", "completed"]
BEFORE, START, AFTER = "2025-02-03T12:14:24Z", "2025-02-03T12:14:25Z", "2025-02-03T12:14:26Z"
UNKNOWN = "01234567-89ab-4cde-8f01-23456789abcd"


async def get(world: World, **query: str) -> httpx2.Response:
    return await world.http.get("/dead-letters", params=query, auth=CREDENTIALS)


async def listed(world: World, **query: str) -> list[Any]:
    answer = await get(world, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["dead_letters"])


async def replay(world: World, **query: str) -> httpx2.Response:
    return await world.http.post("/dead-letters/replay", params=query, auth=CREDENTIALS)


async def dead_life(world: World) -> str:
    """Let a dispatch fail over and be delivered while nobody listens: five dead letters."""
    before = (await world.gateway.store.counts()).dead_letters
    sent = len(world.upstream.seen)
    world.receiver.default = lambda seen: GONE
    dispatch_uuid = await world.dispatch(TWO_STEPS)
    first = (await world.sends(sent + 1))[-1]
    await world.webhook(first, "submitted")
    await world.webhook(first, "rejected", error={"title": "1020", "detail": "Refused"})
    second = (await world.sends(sent + 2))[-1]
    await world.webhook(second, "submitted")
    await world.webhook(second, "delivered")

    async def are_dead() -> bool:
        return (await world.gateway.store.counts()).dead_letters == before + 5

    await until(are_dead)
    world.receiver.default = lambda seen: Reply()
    world.receiver.seen.clear()
    return dispatch_uuid


def said(world: World) -> list[Any]:
    return [seen.json()["status"] for seen in world.receiver.seen]


async def test_statuses_are_listed_before_the_report_they_were_made_before(world: World) -> None:
    await dead_life(world)
    letters = await listed(world)
    assert [letter["kind"] for letter in letters] == [*["status"] * 4, "report"]
    assert letters[-1]["message_uuid"] is None


async def test_letters_are_listed_in_the_order_of_making(world: World) -> None:
    dispatches = []
    for _ in range(2):
        dispatches.append(await dead_life(world))
        world.clock.advance(60)
    letters = await listed(world)
    assert [letter["dispatch_uuid"] for letter in letters] == [
        *[dispatches[0]] * 5,
        *[dispatches[1]] * 5,
    ]


async def closed_url() -> str:
    """Return the URL of a server that is gone."""
    async with Loopback(lambda seen: Reply()).listening() as server:
        return server.url


async def test_a_dead_inbound_message_belongs_to_no_dispatch(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_INBOUND_URL": f"{await closed_url()}/in"}) as world:
        body = (
            b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"447700900001",'
            b'"from":"447700900000","timestamp":"2025-02-03T12:14:25Z","channel":"sms",'
            b'"message_type":"text","text":"Hi"}'
        )
        await world.http.post("/webhooks/inbound", content=body, headers=world.signed(body))
        await are_given_up(world, 1)
        (letter,) = await listed(world)
    assert letter["message_uuid"] == "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
    assert (letter["kind"], letter["dispatch_uuid"], letter["http_status"]) == (
        "inbound",
        None,
        None,
    )


async def are_given_up(world: World, count: int) -> None:
    """Let the schedules of what fails pass."""

    async def are_dead() -> bool:
        world.clock.advance(900)
        return (await world.gateway.store.counts()).dead_letters == count

    await until(are_dead)


async def test_a_url_is_shown_without_its_query(tmp_path: Path) -> None:
    url = f"{await closed_url()}/hook"
    async with a_world(tmp_path, {"GATEWAY_STATUS_URL": f"{url}?token=s3cr3t"}) as world:
        world.upstream.replies.append(Reply(status=402, body=b'{"title": "Low balance"}'))
        await world.dispatch(workflow(step()))
        await are_given_up(world, 2)
        answer = await get(world)
    assert {one["url"] for one in answer.json()["dead_letters"]} == {url}
    assert "s3cr3t" not in answer.text


async def test_the_list_comes_in_pages_that_miss_and_repeat_nothing(world: World) -> None:
    await dead_life(world)
    ids = [letter["id"] for letter in await listed(world)]
    paged: list[str] = []
    query = {"limit": "2"}
    while True:
        body = (await get(world, **query)).json()
        paged += [letter["id"] for letter in body["dead_letters"]]
        if "next" not in body:
            break
        query["after"] = body["next"]
    assert paged == ids


async def test_a_page_that_is_exactly_full_has_no_next(world: World) -> None:
    await dead_life(world)
    assert "next" not in (await get(world, limit="5")).json()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 5),
        ({"since": START, "until": START}, 5),
        ({"since": AFTER}, 0),
        ({"until": BEFORE}, 0),
        ({"since": "2025-02-03T13:14:25+01:00", "until": "2025-02-03T12:14:25.000Z"}, 5),
        ({"since": "2025-02-03T12:14:25.0001Z"}, 0),
        ({"dispatch_uuid": UNKNOWN}, 0),
        ({"reason": "client-error"}, 5),
        ({"reason": "server-error"}, 0),
        ({"reason": "client-error", "until": BEFORE}, 0),
    ],
)
async def test_what_is_meant_is_listed_counted_and_replayed_alike(
    world: World, query: dict[str, str], count: int
) -> None:
    await dead_life(world)
    assert len(await listed(world, **query)) == count
    assert (await replay(world, count="true", **query)).json() == {"count": count}
    answer = await replay(world, **query)
    assert (answer.status_code, answer.json()) == (202, {"replayed": count})
    assert len(await listed(world)) == 5 - count


async def test_counting_puts_nothing_back(world: World) -> None:
    await dead_life(world)
    answer = await replay(world, count="true")
    assert (answer.status_code, len(await listed(world))) == (200, 5)


async def test_a_dispatch_is_replayed_by_its_id_alone(world: World) -> None:
    first, second = await dead_life(world), await dead_life(world)
    answer = await replay(world, dispatch_uuid=second.upper())
    assert answer.json() == {"replayed": 5}
    assert {letter["dispatch_uuid"] for letter in await listed(world)} == {first}


async def test_a_replay_delivers_the_statuses_before_their_report(world: World) -> None:
    await dead_life(world)
    await replay(world)
    await world.receiver.wait_for(5)
    assert said(world) == WHAT_IS_SAID


async def test_a_replay_waits_for_what_fails_in_it_as_the_first_time(world: World) -> None:
    await dead_life(world)
    world.receiver.replies.append(Reply(status=503))
    await replay(world)

    async def has_failed() -> bool:
        return await sample(world, "gateway_callbacks_total", outcome="failed") == 6

    await until(has_failed)
    world.clock.advance(5)
    await world.receiver.wait_for(6)
    assert said(world)[1:] == WHAT_IS_SAID


async def test_what_is_refused_in_a_replay_dies_again_and_holds_up_nothing(world: World) -> None:
    await dead_life(world)

    def reply(seen: Seen) -> Reply:
        return GONE if seen.json()["status"] == "rejected" else Reply()

    world.receiver.default = reply
    await replay(world)
    await world.receiver.wait_for(5)
    (again,) = await listed(world)
    assert (said(world)[-1], again["kind"], again["tries"]) == ("completed", "status", 1)


async def test_a_replay_to_a_receiver_that_is_still_gone_ends(world: World) -> None:
    await dead_life(world)
    world.receiver.default = lambda seen: GONE
    answer = await replay(world)
    assert answer.json() == {"replayed": 5}


async def test_a_replay_is_paced_at_20_a_second(world: World) -> None:
    for _ in range(2):
        await dead_life(world)
    await replay(world)
    await world.receiver.wait_for(5)
    now_ms = world.clock.now_ms()
    due = [
        len(
            await world.gateway.store.claim(
                OutboxKind.CALLBACK, now_ms=at, lease_ms=1, room={API_KEY: 9}
            )
        )
        for at in (now_ms + 249, now_ms + 250)
    ]
    assert due == [0, 1]


async def test_a_replay_of_more_than_a_batch_replays_them_all(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_MAX_STEPS": "0"}) as world:
        for _ in range(23):
            await dead_life(world)
        answer = await replay(world)
        assert answer.json() == {"replayed": 115}
        assert (await world.gateway.store.counts()).dead_letters == 0


async def test_the_parameters_of_a_replay_may_be_a_json_object(world: World) -> None:
    first, _ = await dead_life(world), await dead_life(world)
    answer = await world.http.post(
        "/dead-letters/replay", json={"dispatch_uuid": first, "count": True}, auth=CREDENTIALS
    )
    assert answer.json() == {"count": 5}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=yesterday", "since"),
        ("since=", "since"),
        ("since=2025-02-03", "since"),
        ("since=2025-02-03T12:14:25", "since"),
        ("since=1738584865", "since"),
        ("until=2025-02-30T12:14:25Z", "until"),
        ("until=2025-02-03T25:00:00Z", "until"),
        (f"since={AFTER}&until={BEFORE}", "until"),
        ("dispatch_uuid=17", "dispatch_uuid"),
        (f"dispatch_uuid={UNKNOWN}.8", "dispatch_uuid"),
        ("reason=gone", "reason"),
        ("reason=", "reason"),
        ("count=maybe", "count"),
        ("count=", "count"),
        ("limit=5", "limit"),
        ("reson=client-error", "reson"),
        ("reason=client-error&reason=server-error", "reason"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named_and_nothing_is_replayed(
    world: World, query: str, name: str
) -> None:
    await dead_life(world)
    answer = await world.http.post(f"/dead-letters/replay?{query}", auth=CREDENTIALS)
    assert dict(problem(answer, 400)["invalid_parameters"])["name"] == name  # type: ignore[arg-type]
    assert len(await listed(world)) == 5


@pytest.mark.parametrize(
    "body", [b"since=yesterday", b"[]", b"null", b'{"since": 5}', b'{"other": "x"}', b"{", b"\xff"]
)
async def test_a_body_that_is_no_object_of_parameters_replays_nothing(
    world: World, body: bytes
) -> None:
    await dead_life(world)
    answer = await world.http.post("/dead-letters/replay", content=body, auth=CREDENTIALS)
    problem(answer, 400)
    assert len(await listed(world)) == 5


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("after=1", "after"),
        (f"after={UNKNOWN}.8", "after"),
        ("count=true", "count"),
        ("page=2", "page"),
    ],
)
async def test_a_parameter_of_a_page_that_cannot_be_used_is_named(
    world: World, query: str, name: str
) -> None:
    answer = await world.http.get(f"/dead-letters?{query}", auth=CREDENTIALS)
    assert dict(problem(answer, 400)["invalid_parameters"])["name"] == name  # type: ignore[arg-type]


async def test_nobody_counts_or_replays_the_letters_of_another(tmp_path: Path) -> None:
    async with two_tenants(tmp_path) as (world, _):
        await dead_life(world)
        answers = [
            await world.http.post(f"/dead-letters/replay{query}", auth=OTHER_CREDENTIALS)
            for query in ("?count=true", "")
        ]
        assert [answer.json() for answer in answers] == [{"count": 0}, {"replayed": 0}]
        assert len(await listed(world)) == 5


async def test_a_replay_needs_credentials(world: World) -> None:
    problem(await world.http.post("/dead-letters/replay"), 401)


async def test_a_replay_that_the_store_cannot_write_says_so_and_replays_nothing(
    world: World,
) -> None:
    await dead_life(world)
    async with read_only(world):
        answer = await replay(world)
    assert "0 dead letters were put back" in str(problem(answer, 503)["detail"])
    assert len(await listed(world)) == 5


async def test_a_client_that_hangs_up_replays_nothing(world: World) -> None:
    await dead_life(world)
    await hang_up_on(world, "/dead-letters/replay", {"Authorization": OURS})
    assert len(await listed(world)) == 5
