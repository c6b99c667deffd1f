"""What became of one attempt to send, for every way it can end; nothing is sent twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson
import pytest

from gateway.stores.base import OutboxKind
from tests.gateway.keys import private_pem
from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.clock import ManualClock
from tests.support.loopback import Reply
from tests.support.peers import answer
from tests.support.world import message_uuid_of, step, workflow
from translators.diagnostics import JsonValue

LAST_STEP = workflow(step("sms"))
SIGNING = {"VONAGE_APPLICATION_ID": UNHEARD_OF, "VONAGE_PRIVATE_KEY": private_pem()}

SERVER_ERRORS = {
    "500": answer(500, {"title": "Internal error"}),
    "502 of a gateway": Reply(status=502, body=b"<html>Bad Gateway</html>"),
    "503 without a problem": Reply(status=503),
    "503 of a gateway": answer(503, {"message": "no upstream"}, Retry_After="1"),
    "504": Reply(status=504),
}
UNREADABLE = {
    "202 with garbage": Reply(status=202, body=b"<html>Thank you</html>"),
    "202 with nothing": Reply(status=202),
    "202 without uuid": answer(202, {"message_id": "1"}),
    "202 with a number for a uuid": answer(202, {"message_uuid": 1}),
    "200 with garbage": Reply(status=200, body=b"OK"),
}
IN_DOUBT = {**SERVER_ERRORS, **UNREADABLE, "hang-up": Reply(hangs_up=True)}

REFUSALS: dict[str, tuple[Reply, int, str]] = {
    "402": (answer(402, {"title": "Low balance"}), 1070, "Partner quota exceeded"),
    "422 sender": (
        answer(422, {"title": "Invalid sender"}),
        1120,
        "Illegal Sender Address - rejected",
    ),
    "422 recipient": (
        answer(422, {"title": "Invalid recipient"}),
        1170,
        "Invalid or Missing Msisdn Param",
    ),
    "422 message type": (answer(422, {"title": "Invalid message type"}), 1040, "Invalid message"),
    "422 channel": (answer(422, {"title": "Unsupported channel"}), 1020, "Invalid params"),
    "422 ttl": (
        answer(
            422,
            {"title": "Invalid params", "invalid_parameters": [{"name": "ttl", "reason": "-"}]},
        ),
        1130,
        "Invalid TTL",
    ),
    "422 without body": (Reply(status=422), 1020, "Invalid params"),
    "400": (Reply(status=400), 1020, "Invalid params"),
    "404": (Reply(status=404), 1030, "Internal error"),
    "301": (Reply(status=301, headers={"Location": "/v2/messages"}), 1030, "Internal error"),
    "307": (Reply(status=307, headers={"Location": "/v1/messages"}), 1030, "Internal error"),
}


def nothing() -> None:
    """Do nothing."""


def failure() -> None:
    """Fail, as no part of the gateway expects it."""
    raise RuntimeError("no token")


class WatchedClock(ManualClock):
    """A clock that lets something happen when a token is signed."""

    before_draw: Callable[[], None] = staticmethod(nothing)

    def draw_uuid(self) -> uuid.UUID:
        self.before_draw()
        return super().draw_uuid()


@pytest.mark.parametrize("reply", IN_DOUBT.values(), ids=list(IN_DOUBT))
async def test_a_send_in_doubt_is_not_repeated(bench: Bench, reply: Reply) -> None:
    bench.upstream.replies.append(reply)
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.send_after(300)
    assert (len(bench.upstream.seen), await bench.standing(dispatch_uuid)) == (
        1,
        "open: unknown pending",
    )


async def test_an_answer_that_does_not_come_in_time_leaves_the_send_in_doubt(
    tmp_path: Path,
) -> None:
    async with a_bench(tmp_path, {"GATEWAY_SEND_TIMEOUT": "0.2"}) as bench:
        answers = asyncio.Event()
        bench.upstream.replies.append(Reply(holds=answers))
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        answers.set()
        assert await bench.standing(dispatch_uuid) == "open: unknown pending"
        assert bench.counted("gateway_steps_in_doubt_total", cause="deadline-passed") == 1


async def test_nobody_is_told_of_a_send_in_doubt(bench: Bench) -> None:
    bench.upstream.replies.append(Reply(hangs_up=True))
    await bench.dispatch()
    await bench.send()
    assert await bench.told() == []


async def test_an_accepted_send_waits_under_the_id_of_the_202(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    first = (await bench.steps(dispatch_uuid))[0]
    assert (first.status, first.message_uuid) == (
        "waiting",
        message_uuid_of(bench.upstream.seen[0].json()),
    )


async def test_an_accepted_send_is_not_repeated(bench: Bench) -> None:
    await bench.dispatch()
    await bench.send()
    await bench.send_after(300)
    assert len(bench.upstream.seen) == 1


async def test_a_webhook_that_came_before_its_202_is_used_after_it(bench: Bench) -> None:
    bench.upstream.replies.append(answer(202, {"message_uuid": UNHEARD_OF}))
    await bench.dispatch()
    await bench.hear_of(UNHEARD_OF, "read")
    await bench.send()
    assert [told["status"] for told in await bench.told()] == ["read", "completed"]


@pytest.mark.parametrize(("reply", "code", "reason"), REFUSALS.values(), ids=list(REFUSALS))
async def test_a_refusal_is_told_as_a_rejected_status(
    bench: Bench, reply: Reply, code: int, reason: str
) -> None:
    bench.upstream.replies.append(reply)
    await bench.dispatch()
    await bench.send()
    status = (await bench.told())[0]
    assert (status["status"], status["error"]) == ("rejected", {"code": code, "reason": reason})


@pytest.mark.parametrize("reply", [row[0] for row in REFUSALS.values()], ids=list(REFUSALS))
async def test_a_refusal_fails_over_at_once(bench: Bench, reply: Reply) -> None:
    bench.upstream.replies.append(reply)
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.send()
    channels = [seen.json()["channel"] for seen in bench.upstream.seen]
    assert (channels, await bench.standing(dispatch_uuid)) == (
        ["whatsapp", "sms"],
        "open: rejected waiting",
    )


async def test_the_report_repeats_the_id_that_the_refusal_was_told_under(bench: Bench) -> None:
    bench.upstream.replies.append(answer(422, {"title": "Invalid sender"}))
    await bench.dispatch(LAST_STEP)
    await bench.send()
    status, report = await bench.told()
    links = report["_links"]
    assert isinstance(links, dict)
    assert links["messages"] == [
        {
            "message_uuid": status["message_uuid"],
            "href": status["message_uuid"],
            "channel": "sms",
            "status": "rejected",
        }
    ]


async def test_a_refusal_names_who_was_to_get_the_message(bench: Bench) -> None:
    bench.upstream.replies.append(answer(402))
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    status = (await bench.told())[0]
    told = {name: status[name] for name in ("to", "from", "timestamp", "_links")}
    assert told == {
        "to": {"type": "sms", "number": "447700900000"},
        "from": {"type": "sms", "number": "447700900001"},
        "timestamp": "2025-02-03T12:14:25.000Z",
        "_links": {
            "workflow": {
                "dispatch_uuid": dispatch_uuid,
                "href": f"/workflows/{dispatch_uuid}",
            },
            "dispatch": {
                "dispatch_uuid": dispatch_uuid,
                "href": f"v0.1/dispatch/{dispatch_uuid}",
            },
        },
    }


async def test_a_redirect_is_not_followed(bench: Bench) -> None:
    bench.upstream.replies.append(
        Reply(status=308, headers={"Location": f"{bench.receiver.url}/v1/messages"})
    )
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert bench.receiver.seen == []


async def test_a_send_left_begun_is_in_doubt_and_not_sent(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    await bench.store.begin(item, now_ms=bench.clock.now_ms())
    await bench.send_after(31)
    assert (len(bench.upstream.seen), await bench.standing(dispatch_uuid)) == (
        0,
        "open: unknown pending",
    )
    assert bench.counted("gateway_steps_in_doubt_total", cause="holder-lost") == 1


async def test_a_holder_that_came_too_late_does_not_send(bench: Bench) -> None:
    await bench.dispatch()
    (old,) = await bench.take(OutboxKind.SEND)
    bench.clock.advance(31)
    (new,) = await bench.take(OutboxKind.SEND)
    bench.clock.advance(-25)
    await bench.sender.work(old)
    assert (bench.upstream.seen, new.fence > old.fence) == ([], True)


@pytest.mark.parametrize(("waited_s", "sends"), [(20, 1), (20.001, 0)])
async def test_an_item_is_sent_while_its_lease_outlasts_the_attempt(
    bench: Bench, waited_s: float, sends: int
) -> None:
    await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    bench.clock.advance(waited_s)
    await bench.sender.work(item)
    assert len(bench.upstream.seen) == sends


async def test_the_outcome_of_a_late_holder_counts_for_nothing(bench: Bench) -> None:
    # It was stopped while it sent, for longer than its lease: the step became in doubt since.
    answers = asyncio.Event()
    bench.upstream.replies.append(Reply(status=422, holds=answers))
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    late = asyncio.create_task(bench.sender.work(item))
    await bench.upstream.wait_for(1)
    await bench.send_after(31)
    answers.set()
    await late
    assert (len(bench.upstream.seen), await bench.standing(dispatch_uuid)) == (
        1,
        "open: unknown pending",
    )


async def test_a_202_that_comes_after_the_lease_still_names_the_message(bench: Bench) -> None:
    answers = asyncio.Event()
    bench.upstream.replies.append(
        Reply(status=202, body=orjson.dumps({"message_uuid": UNHEARD_OF}), holds=answers)
    )
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    late = asyncio.create_task(bench.sender.work(item))
    await bench.upstream.wait_for(1)
    await bench.send_after(31)
    answers.set()
    await late
    first = (await bench.steps(dispatch_uuid))[0]
    assert (first.status, first.message_uuid) == ("waiting", UNHEARD_OF)


async def test_a_late_202_finds_the_webhooks_that_waited_for_it(bench: Bench) -> None:
    answers = asyncio.Event()
    bench.upstream.replies.append(
        Reply(status=202, body=orjson.dumps({"message_uuid": UNHEARD_OF}), holds=answers)
    )
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    late = asyncio.create_task(bench.sender.work(item))
    await bench.upstream.wait_for(1)
    await bench.send_after(31)
    await bench.hear_of(UNHEARD_OF, "read")
    answers.set()
    await late
    assert await bench.standing(dispatch_uuid) == "completed: met pending"


async def test_an_intent_that_was_committed_too_late_is_given_back_unsent(tmp_path: Path) -> None:
    clock = WatchedClock()
    async with a_bench(tmp_path, SIGNING, clock=clock) as bench:
        dispatch_uuid = await bench.dispatch()
        clock.before_draw = partial(clock.advance, 20.001)
        await bench.send()
        clock.before_draw = nothing
        seen = len(bench.upstream.seen)
        await bench.send()
        assert (seen, await bench.standing(dispatch_uuid)) == (0, "open: waiting pending")


async def test_a_token_that_cannot_be_made_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    clock = WatchedClock()
    async with a_bench(tmp_path, SIGNING, clock=clock) as bench:
        dispatch_uuid = await bench.dispatch()
        clock.before_draw = failure
        with pytest.raises(RuntimeError, match="no token"):
            await bench.send()
        clock.before_draw = nothing
        await bench.send_after(31)
        assert await bench.standing(dispatch_uuid) == "open: waiting pending"


async def test_a_lease_that_would_end_during_the_send_is_given_back(bench: Bench) -> None:
    await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    bench.clock.advance(20.001)  # 30 s of lease, 10 s for a send
    await bench.sender.work(item)
    seen = len(bench.upstream.seen)
    await bench.send()
    assert (seen, len(bench.upstream.seen)) == (0, 1)


async def test_a_send_is_told_where_to_send_its_webhooks(bench: Bench) -> None:
    await bench.dispatch()
    await bench.send()
    body: dict[str, JsonValue] = bench.upstream.seen[0].json()
    assert str(body["webhook_url"]).startswith("https://gateway.example.com/webhooks/status/")
    assert body["webhook_version"] == "v1"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(402), "rejected"),
        (answer(500), "in_doubt"),
        (answer(429), "throttled"),
        (answer(401), "credentials"),
        (answer(404), "misconfigured"),
        (Reply(hangs_up=True), "in_doubt"),
    ],
)
async def test_each_attempt_is_counted_by_its_outcome(
    bench: Bench, reply: Reply, outcome: str
) -> None:
    bench.upstream.replies.append(reply)
    await bench.dispatch()
    await bench.send()
    assert bench.counted("gateway_sends_total", outcome=outcome) == 1
