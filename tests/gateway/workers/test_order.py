"""The order of callbacks: kept with patience, and given up where it would cost the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.stores.base import OutboxKind
from tests.support.bench import Bench, a_bench
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import API_KEY

DOWN = Reply(status=503)
STRICT = {"GATEWAY_ORDER_PATIENCE": "strict"}


async def a_life(bench: Bench, *words: str) -> str:
    """Have a dispatch accepted and sent, and these statuses of its first step received."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    for word in words:
        await bench.hear(dispatch_uuid, word)
    return dispatch_uuid


def said(receiver: Loopback) -> list[Any]:
    """Return the status of every callback as it came over the wire."""
    return [seen.json()["status"] for seen in receiver.seen]


def answering(bench: Bench, **replies: Reply) -> None:
    """Have the receiver answer the callbacks of these statuses so, and take all others."""

    def reply(seen: Seen) -> Reply:
        return replies.get(str(seen.json()["status"]), Reply())

    bench.receiver.default = reply


async def test_a_status_that_is_refused_holds_up_nothing(bench: Bench) -> None:
    answering(bench, submitted=Reply(status=406))
    await a_life(bench, "submitted", "delivered", "read")
    await bench.deliver()
    assert said(bench.receiver) == ["submitted", "delivered", "read", "completed"]


async def test_statuses_that_are_all_refused_do_not_hold_up_the_report(bench: Bench) -> None:
    refused = Reply(status=406)
    answering(bench, submitted=refused, delivered=refused, read=refused)
    await a_life(bench, "submitted", "delivered", "read")
    await bench.deliver()
    assert said(bench.receiver) == ["submitted", "delivered", "read", "completed"]


async def test_a_status_that_is_refused_keeps_its_schedule(bench: Bench) -> None:
    bench.receiver.replies += [Reply(status=422), Reply(status=422)]
    await a_life(bench, "submitted")
    await bench.deliver()
    attempts = [await bench.deliver_after(wait) for wait in (4.999, 0.001, 9.999, 0.001)]
    assert attempts == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "reply",
    [
        *(Reply(status=status) for status in (302, 401, 403, 404, 408, 425, 429, 500, 503)),
        Reply(hangs_up=True),
    ],
    ids=lambda reply: "hang-up" if reply.hangs_up else str(reply.status),
)
async def test_the_order_is_kept_through_a_deploy_of_5_seconds(bench: Bench, reply: Reply) -> None:
    bench.receiver.replies.append(reply)
    await a_life(bench, "submitted", "delivered", "read")
    await bench.deliver()
    await bench.deliver_after(5)
    assert said(bench.receiver)[1:] == ["submitted", "delivered", "read", "completed"]


async def test_a_status_that_is_never_taken_delays_the_others_by_30_seconds(bench: Bench) -> None:
    answering(bench, submitted=DOWN)
    await a_life(bench, "submitted", "read")
    await bench.deliver()
    for wait in (5, 10, 14.999):
        await bench.deliver_after(wait)
    before = set(said(bench.receiver))
    await bench.deliver_after(0.001)
    assert (before, said(bench.receiver)[-2:]) == ({"submitted"}, ["read", "completed"])


async def test_several_statuses_that_are_never_taken_delay_the_report_by_30_seconds_in_all(
    bench: Bench,
) -> None:
    answering(bench, submitted=DOWN, delivered=DOWN, read=DOWN)
    await a_life(bench, "submitted", "delivered", "read")
    await bench.deliver()
    for wait in (5, 10, 15):
        await bench.deliver_after(wait)
    assert said(bench.receiver).count("completed") == 1


async def test_what_was_overtaken_keeps_its_schedule(bench: Bench) -> None:
    answering(bench, submitted=DOWN)
    await a_life(bench, "submitted", "read")
    await bench.deliver()
    for wait in (5, 10, 15, 4.999):
        await bench.deliver_after(wait)
    before = said(bench.receiver).count("submitted")
    await bench.deliver_after(0.001)
    assert (before, said(bench.receiver).count("submitted")) == (3, 4)


async def test_each_that_overtook_has_a_schedule_of_its_own(bench: Bench) -> None:
    answering(bench, submitted=DOWN, read=DOWN)
    await a_life(bench, "submitted", "read")
    await bench.deliver()
    for wait in (5, 10, 15, 5):
        await bench.deliver_after(wait)
    assert said(bench.receiver).count("read") == 2


async def test_what_comes_while_one_is_overtaken_does_not_wait(bench: Bench) -> None:
    answering(bench, submitted=DOWN)
    dispatch_uuid = await a_life(bench, "submitted", "delivered")
    await bench.deliver()
    await bench.deliver_after(30)
    await bench.hear(dispatch_uuid, "read")
    await bench.deliver()
    assert said(bench.receiver)[-2:] == ["read", "completed"]


async def test_the_order_is_back_when_none_is_overtaken(bench: Bench) -> None:
    bench.receiver.replies += [DOWN, DOWN]
    dispatch_uuid = await a_life(bench, "submitted")
    await bench.deliver()
    await bench.deliver_after(35)
    await bench.deliver_after(10)
    bench.receiver.replies.append(DOWN)
    await bench.hear(dispatch_uuid, "delivered")
    await bench.hear(dispatch_uuid, "read")
    await bench.deliver()
    assert said(bench.receiver) == [*["submitted"] * 3, "delivered"]


async def test_the_patience_counts_from_the_beginning_of_the_first_attempt_that_failed(
    bench: Bench,
) -> None:
    await a_life(bench, "submitted", "read")
    (item,) = await bench.take(OutboxKind.CALLBACK)

    def reply_after_12_s(seen: Seen) -> Reply:
        bench.clock.advance(12)
        return DOWN

    bench.receiver.default = reply_after_12_s
    await bench.deliverer.work(item)
    answering(bench, submitted=DOWN)
    await bench.deliver_after(18)
    assert said(bench.receiver)[-1] == "completed"


async def test_a_strict_order_waits_for_what_fails(tmp_path: Path) -> None:
    async with a_bench(tmp_path, STRICT) as bench:
        answering(bench, submitted=DOWN)
        await a_life(bench, "submitted", "read")
        await bench.deliver()
        for _ in range(20):
            await bench.deliver_after(900)
        assert set(said(bench.receiver)) == {"submitted"}


async def test_a_strict_order_waits_for_what_is_refused(tmp_path: Path) -> None:
    async with a_bench(tmp_path, STRICT) as bench:
        answering(bench, submitted=Reply(status=406))
        await a_life(bench, "submitted", "read")
        await bench.deliver()
        waits = (5, 10, 20, 40, 80, 160, 320, 640)
        for wait in waits:
            await bench.deliver_after(wait)
        before = set(said(bench.receiver))
        await bench.deliver_after(900)
        assert (before, said(bench.receiver)[-2:]) == ({"submitted"}, ["read", "completed"])


async def test_another_patience_may_be_set(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_ORDER_PATIENCE": "7.5"}) as bench:
        answering(bench, submitted=DOWN)
        await a_life(bench, "submitted", "read")
        await bench.deliver()
        await bench.deliver_after(7.499)
        before = set(said(bench.receiver))
        await bench.deliver_after(0.001)
        assert (before, said(bench.receiver)[-1]) == ({"submitted"}, "completed")


async def test_a_status_that_nobody_listens_for_becomes_a_dead_letter_and_holds_up_nothing(
    bench: Bench,
) -> None:
    answering(bench, submitted=Reply(status=410))
    await a_life(bench, "submitted", "read")
    await bench.deliver()
    (letter,) = await bench.store.dead_letters(API_KEY, limit=9)
    assert (letter.tries, said(bench.receiver)[-1]) == (1, "completed")
