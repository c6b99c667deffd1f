"""What becomes of the sends of an account that cannot send, worked by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.alarms import Alarm, AlarmKind
from gateway.stores.base import OutboxKind
from tests.gateway.keys import private_pem
from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.environment import SECOND_ACCOUNT
from tests.support.loopback import Reply
from tests.support.peers import ClosedAtFirst, answer
from tests.support.world import API_KEY, failing_over, step, workflow

LAST_STEP = workflow(step("sms"))
REFUSED = answer(401)


@pytest.fixture
async def unreachable(tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench whose upstream refuses connections, until it is opened."""
    async with (
        ClosedAtFirst().listening() as upstream,
        a_bench(tmp_path, upstream=upstream) as bench,
    ):
        yield bench


async def open_up(bench: Bench) -> None:
    """Let the upstream answer from now on."""
    assert isinstance(bench.upstream, ClosedAtFirst)
    await bench.upstream.open()


async def pass_seconds(bench: Bench, seconds: int) -> None:
    """Let time pass, and work what there is in every second of it."""
    for _ in range(seconds):
        await bench.send_after(1)


async def drain(bench: Bench) -> None:
    """Work sends until none is ready."""
    while await bench.send():
        pass


def texts(bench: Bench) -> list[object]:
    """Return the texts that the upstream saw, in order."""
    return [seen.json()["text"] for seen in bench.upstream.seen]


def mute_alarm(bench: Bench) -> Alarm | None:
    """Return the alarm of the account, if it stands."""
    alarms = [each for each in bench.alarms.standing(API_KEY) if each.kind is AlarmKind.MUTE]
    return alarms[0] if alarms else None


async def test_after_a_refusal_the_other_sends_are_not_tried(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    await bench.dispatch(LAST_STEP)
    await bench.dispatch(LAST_STEP)
    await bench.send()
    assert len(bench.upstream.seen) == 1


async def test_one_send_at_a_time_is_tried_while_nothing_can_be_sent(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 10
    for number in range(5):
        await bench.dispatch(workflow(step(text=str(number))))
    await bench.send()
    await pass_seconds(bench, 30)
    assert texts(bench) == ["0"] * len(bench.upstream.seen)


async def test_what_waited_leaves_in_the_order_of_acceptance(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 2
    for number in range(40):
        await bench.dispatch(workflow(step(text=str(number))))
    await bench.send()
    await pass_seconds(bench, 2)
    await drain(bench)
    assert texts(bench) == ["0", "0", *map(str, range(40))]


async def test_what_comes_while_others_wait_queues_up_behind_them(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    for number in range(20):
        await bench.dispatch(workflow(step(text=str(number))))
    await bench.send()
    bench.clock.advance(1)
    await bench.send()  # the first one is tried again, and answered
    await bench.dispatch(workflow(step(text="new")))
    (item,) = bench.offered
    bench.offered.clear()
    await bench.sender.work(item)
    await drain(bench)
    assert texts(bench)[1:] == [*map(str, range(20)), "new"]


async def test_what_comes_later_leaves_at_once(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.send_after(1)
    await drain(bench)
    await bench.dispatch(workflow(step(text="new")))
    (item,) = bench.offered
    await bench.sender.work(item)
    assert texts(bench)[-1] == "new"


@pytest.mark.parametrize(
    "reply",
    [REFUSED, answer(403)],
    ids=["401", "403"],
)
async def test_refused_credentials_fail_no_step(bench: Bench, reply: Reply) -> None:
    bench.upstream.replies += [reply] * 100
    dispatch_uuids = [await bench.dispatch() for _ in range(5)]
    await bench.send()
    await pass_seconds(bench, 599)
    assert {await bench.standing(each) for each in dispatch_uuids} == {"open: sending pending"}


async def test_an_unreachable_upstream_fails_no_step(unreachable: Bench) -> None:
    dispatch_uuids = [await unreachable.dispatch() for _ in range(5)]
    await unreachable.send()
    await pass_seconds(unreachable, 120)
    await open_up(unreachable)
    await pass_seconds(unreachable, 8)
    await drain(unreachable)
    standings = {await unreachable.standing(each) for each in dispatch_uuids}
    assert (standings, len(unreachable.upstream.seen)) == ({"open: waiting pending"}, 5)


async def test_only_the_last_step_goes_out_when_the_expiry_passed_meanwhile(
    unreachable: Bench,
) -> None:
    document = workflow(step("whatsapp", **failing_over("read", 15)), step("sms"))
    dispatch_uuids = [await unreachable.dispatch(document) for _ in range(3)]
    await unreachable.send()
    await pass_seconds(unreachable, 120)
    await open_up(unreachable)
    await pass_seconds(unreachable, 8)
    await drain(unreachable)
    channels = [seen.json()["channel"] for seen in unreachable.upstream.seen]
    standings = {await unreachable.standing(each) for each in dispatch_uuids}
    assert (channels, standings) == (["sms"] * 3, {"open: rejected waiting"})


async def test_a_step_whose_expiry_passed_while_it_waited_is_not_sent_when_it_may_leave(
    bench: Bench,
) -> None:
    bench.upstream.replies.append(REFUSED)
    dispatch_uuid = await bench.dispatch(
        workflow(step("whatsapp", **failing_over("read", 15)), step("sms"))
    )
    await bench.send()
    bench.clock.advance(16)
    await drain(bench)
    channels = [seen.json()["channel"] for seen in bench.upstream.seen]
    assert channels == ["whatsapp", "sms"]
    assert await bench.standing(dispatch_uuid) == "open: rejected waiting"


async def test_a_last_step_whose_budget_is_over_when_it_may_leave_is_sent(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.send_after(3601)
    assert await bench.standing(dispatch_uuid) == "open: waiting"


async def test_what_waited_for_more_than_a_day_closes_its_dispatch(tmp_path: Path) -> None:
    environ = {"GATEWAY_SEND_BUDGET": "86400", "GATEWAY_STALE_AFTER": "3600"}
    async with a_bench(tmp_path, environ) as bench:
        bench.upstream.replies.append(REFUSED)
        dispatch_uuid = await bench.dispatch()
        await bench.send()
        await bench.send_after(3601)
        assert (await bench.standing(dispatch_uuid), len(bench.upstream.seen)) == (
            "error: rejected pending",
            1,
        )


async def test_two_refusals_raise_no_alarm(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 2
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.send_after(0.5)
    assert (len(bench.upstream.seen), mute_alarm(bench)) == (2, None)


async def test_the_third_refusal_in_a_row_raises_the_alarm(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 3
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.send_after(0.5)
    await bench.send_after(1)
    alarm = mute_alarm(bench)
    assert alarm is not None
    assert (alarm.blocks_intake, "credentials (401)" in alarm.why) == (True, True)


async def test_new_messages_hasten_the_alarm(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 3
    for _ in range(3):
        await bench.dispatch(LAST_STEP)
        await bench.send()
        await bench.send()
    assert mute_alarm(bench) is not None


async def test_the_alarm_says_how_the_upstream_cannot_be_reached(unreachable: Bench) -> None:
    await unreachable.dispatch(LAST_STEP)
    await unreachable.send()
    await pass_seconds(unreachable, 3)
    alarm = mute_alarm(unreachable)
    assert alarm is not None
    assert "connection-refused" in alarm.why


async def test_an_answered_send_takes_the_alarm_back(bench: Bench) -> None:
    bench.upstream.replies += [REFUSED] * 3
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await pass_seconds(bench, 8)
    assert (len(bench.upstream.seen), mute_alarm(bench)) == (4, None)


@pytest.mark.parametrize("reply", [answer(422), answer(429)], ids=["422", "429"])
async def test_an_answer_that_is_no_success_takes_the_alarm_back_as_well(
    bench: Bench, reply: Reply
) -> None:
    bench.upstream.replies += [REFUSED] * 3 + [reply]
    await bench.dispatch(LAST_STEP)
    await bench.send()
    await pass_seconds(bench, 4)
    assert (len(bench.upstream.seen) >= 4, mute_alarm(bench)) == (True, None)


@pytest.mark.parametrize(
    "reply",
    [answer(502), Reply(hangs_up=True)],
    ids=["502", "hang-up"],
)
async def test_an_attempt_in_doubt_lets_nothing_else_go(bench: Bench, reply: Reply) -> None:
    bench.upstream.replies += [REFUSED, reply, REFUSED]
    dispatch_uuids = [await bench.dispatch(LAST_STEP) for _ in range(5)]
    await bench.send()
    await bench.send_after(0.5)
    await bench.send()
    standings = [await bench.standing(each) for each in dispatch_uuids]
    assert (len(bench.upstream.seen), standings) == (2, ["open: unknown"] + ["open: sending"] * 4)


@pytest.mark.parametrize("http_status", [302, 404])
async def test_what_stands_in_for_an_upstream_that_is_away_fails_no_step(
    bench: Bench, http_status: int
) -> None:
    bench.upstream.replies += [REFUSED, Reply(status=http_status)]
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.send_after(0.5)
    before = await bench.standing(dispatch_uuid)
    await bench.send_after(1)
    assert (before, await bench.standing(dispatch_uuid)) == (
        "open: sending pending",
        "open: waiting pending",
    )


async def test_what_stands_in_for_an_upstream_is_not_asked_more_often_than_one_that_is_away(
    bench: Bench,
) -> None:
    bench.upstream.replies += [REFUSED, *[Reply(status=404)] * 50]
    await bench.dispatch()
    await bench.send()
    for _ in range(20):
        await bench.send_after(0.5)
    # After 0.5, 1, 2, 4 and 8 seconds, as in any outage: four of them are within ten seconds.
    assert len(bench.upstream.seen) == 5


async def test_the_intake_opens_when_nothing_is_left_to_try(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_SEND_BUDGET": "10"}) as bench:
        bench.upstream.replies += [REFUSED] * 20
        await bench.dispatch(LAST_STEP)
        await bench.send()
        await pass_seconds(bench, 20)
        alarm = mute_alarm(bench)
        assert alarm is not None
        assert not alarm.blocks_intake


async def test_while_mute_holds_the_intake_stays_open(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_WHILE_MUTE": "hold"}) as bench:
        bench.upstream.replies += [REFUSED] * 3
        await bench.dispatch(LAST_STEP)
        await bench.send()
        await pass_seconds(bench, 3)
        alarm = mute_alarm(bench)
        assert alarm is not None
        assert not alarm.blocks_intake


async def test_a_mute_account_does_not_hold_up_another(tmp_path: Path) -> None:
    async with a_bench(tmp_path, config=SECOND_ACCOUNT) as bench:
        bench.upstream.replies.append(REFUSED)
        await bench.dispatch(LAST_STEP, of=0)
        await bench.send()
        other = await bench.dispatch(LAST_STEP, of=1)
        await bench.send()
        assert await bench.standing(other) == "open: waiting"


async def test_what_waits_survives_a_restart_and_leaves_in_order(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        bench.upstream.replies.append(REFUSED)
        for number in range(20):
            await bench.dispatch(workflow(step(text=str(number))))
        await bench.send()
        clock = bench.clock
    async with a_bench(tmp_path, clock=clock) as bench:
        await bench.dispatch(workflow(step(text="new")))
        await drain(bench)
        assert texts(bench) == [*map(str, range(20)), "new"]


async def test_after_a_restart_one_refusal_is_enough_for_the_alarm(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        bench.upstream.replies += [REFUSED] * 3
        await bench.dispatch(LAST_STEP)
        await bench.send()
        await pass_seconds(bench, 2)
        clock = bench.clock
    async with a_bench(tmp_path, clock=clock) as bench:
        bench.upstream.replies.append(REFUSED)
        await bench.send()
        assert mute_alarm(bench) is not None


async def test_a_webhook_that_proves_a_suspended_send_prevents_the_post(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.hear(dispatch_uuid, "submitted")
    await pass_seconds(bench, 10)
    assert len(bench.upstream.seen) == 1


async def test_an_attempt_that_nobody_worked_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.upstream.replies.append(REFUSED)
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    bench.clock.advance(1)
    await bench.take(OutboxKind.SEND)  # and dropped
    await bench.send_after(31)
    await bench.send()
    await drain(bench)
    assert await bench.standing(dispatch_uuid) == "open: waiting"


async def test_of_many_refused_tokens_one_is_replaced(tmp_path: Path) -> None:
    environ = {"VONAGE_APPLICATION_ID": UNHEARD_OF, "VONAGE_PRIVATE_KEY": private_pem()}
    async with a_bench(tmp_path, environ) as bench:
        bench.upstream.replies.append(REFUSED)
        dispatch_uuid = await bench.dispatch(LAST_STEP)
        await bench.send()
        tokens = {seen.headers["authorization"] for seen in bench.upstream.seen}
        assert (len(tokens), await bench.standing(dispatch_uuid)) == (2, "open: waiting")


async def test_a_fresh_token_that_is_refused_as_well_is_one_refusal(tmp_path: Path) -> None:
    environ = {"VONAGE_APPLICATION_ID": UNHEARD_OF, "VONAGE_PRIVATE_KEY": private_pem()}
    async with a_bench(tmp_path, environ) as bench:
        bench.upstream.replies += [REFUSED] * 4
        await bench.dispatch(LAST_STEP)
        await bench.send()
        await bench.send_after(0.5)
        assert (len(bench.upstream.seen), mute_alarm(bench)) == (4, None)


async def test_no_more_are_taken_up_together_than_can_leave_soon(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_SEND_RATE": "0.5"}) as bench:
        bench.upstream.replies.append(REFUSED)
        for _ in range(10):
            await bench.dispatch(LAST_STEP)
        (first, *rest) = await bench.take(OutboxKind.SEND)
        await bench.sender.work(first)
        for item in rest:
            await bench.sender.work(item)
        bench.clock.advance(60)
        (probe,) = await bench.take(OutboxKind.SEND)
        await bench.sender.work(probe)
        bench.clock.advance(2)
        assert len(await bench.take(OutboxKind.SEND)) == 3


async def test_a_send_that_another_process_suspended_is_taken_up(bench: Bench) -> None:
    await bench.suspended.take_up()
    await bench.dispatch(LAST_STEP)
    item, *_ = bench.offered
    bench.offered.clear()
    now_ms = bench.clock.now_ms()
    await bench.store.suspend(
        item, account=API_KEY, until_ms=now_ms + 3_600_000, now_ms=now_ms, tried=True
    )
    await pass_seconds(bench, 10)
    assert texts(bench) == ["Hello"]
