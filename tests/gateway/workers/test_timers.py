"""Timers fire at their instant or after it, once, and none stands in the way of another."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from gateway.stores.base import DueTimer, StoreUnavailable
from gateway.stores.record import pack_id
from gateway.workers.timers import BATCH, MAX_SLEEP_S, MIN_SLEEP_S, TimerLoop
from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.environment import SECOND_ACCOUNT
from tests.support.loopback import WAIT_S, Reply
from tests.support.model_store import ModelStore
from tests.support.world import failing_over, step, workflow
from translators.diagnostics import JsonObject

LAST_STEP = workflow(step("sms"))
SMS_15_S: JsonObject = {**step("sms"), **failing_over(after_s=15)}
SMS_30_S: JsonObject = {**step("sms"), **failing_over(after_s=30)}
HORIZON_S = 72 * 3600


def another_loop(bench: Bench) -> TimerLoop:
    """Return a second loop on the store of the bench."""
    return TimerLoop(
        engine=bench.engine,
        clock=bench.clock,
        metrics=bench.metrics,
        safeguards=bench.safeguards,
        stale_after_s=86_400,
    )


async def waiting(bench: Bench) -> str:
    """Return a dispatch whose first step is waiting for 600 s."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    return dispatch_uuid


async def test_an_expiry_is_never_early(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    fired = await bench.fire_after(599.999)
    assert (fired, await bench.standing(dispatch_uuid)) == (0, "open: waiting pending")


async def test_an_expiry_fails_over_at_its_instant(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    fired = await bench.fire_after(600)
    assert (fired, await bench.standing(dispatch_uuid)) == (1, "open: expired sending")


async def test_an_expiry_is_counted_from_the_202(bench: Bench) -> None:
    answers = asyncio.Event()
    body = b'{"message_uuid": "%s"}' % UNHEARD_OF.encode()
    bench.upstream.replies.append(Reply(status=202, body=body, holds=answers))
    dispatch_uuid = await bench.dispatch()
    sending = asyncio.create_task(bench.send())
    await bench.upstream.wait_for(1)
    bench.clock.advance(5)
    answers.set()
    await sending
    early = await bench.fire_after(599.999)
    assert (early, await bench.fire_after(0.001)) == (0, 1)
    assert await bench.standing(dispatch_uuid) == "open: expired sending"


async def test_an_expiry_of_a_send_in_doubt_is_counted_from_the_intent(bench: Bench) -> None:
    answers = asyncio.Event()
    bench.upstream.replies.append(Reply(hangs_up=True, holds=answers))
    dispatch_uuid = await bench.dispatch()
    sending = asyncio.create_task(bench.send())
    await bench.upstream.wait_for(1)
    bench.clock.advance(9)
    answers.set()
    await sending
    early = await bench.fire_after(590.999)
    assert (early, await bench.fire_after(0.001)) == (0, 1)
    assert await bench.standing(dispatch_uuid) == "open: expired sending"


async def test_a_last_step_in_doubt_is_given_its_grace(bench: Bench) -> None:
    bench.upstream.replies.append(Reply(hangs_up=True))
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    early = await bench.fire_after(899.999)
    assert (early, await bench.fire_after(0.001)) == (0, 1)
    assert await bench.standing(dispatch_uuid) == "error: expired"


async def test_a_last_step_that_never_resolves_is_closed_with_error(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    early = await bench.fire_after(HORIZON_S - 0.001)
    assert (early, await bench.fire_after(0.001)) == (0, 1)
    assert await bench.standing(dispatch_uuid) == "error: expired"


async def test_the_horizon_reports_what_was_known(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch(LAST_STEP)
    await bench.send()
    await bench.hear(dispatch_uuid, "submitted")
    await bench.fire_after(HORIZON_S)
    report = (await bench.told())[-1]
    assert (report["status"], report["dispatch_uuid"]) == ("error", dispatch_uuid)


async def test_a_timer_fires_once(bench: Bench) -> None:
    await waiting(bench)
    assert [await bench.fire_after(600), await bench.fire_after(1)] == [1, 0]


async def test_a_met_condition_stops_the_timer(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    await bench.hear(dispatch_uuid, "read")
    assert await bench.fire_after(600) == 0


async def test_two_pollers_that_see_the_same_timer_fire_it_once(bench: Bench) -> None:
    await waiting(bench)
    other = another_loop(bench)
    bench.clock.advance(600)
    await asyncio.gather(bench.timers.fire_due(), other.fire_due())
    assert bench.counted("gateway_failovers_total", channel="whatsapp", reason="expired") == 1


async def test_a_status_and_the_expiry_in_one_instant_have_one_winner(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    bench.clock.advance(600)
    await asyncio.gather(bench.hear(dispatch_uuid, "read"), bench.timers.fire_due())
    assert await bench.standing(dispatch_uuid) in {
        "completed: met pending",
        "open: expired sending",
    }


async def test_many_that_are_due_at_once_all_fire(bench: Bench) -> None:
    document = workflow(SMS_15_S, step("sms"))
    dispatches = [await bench.dispatch(document) for _ in range(BATCH + 20)]
    await bench.send()
    await bench.send()
    fired = [await bench.fire_after(15), await bench.fire_after(0)]
    standings = {await bench.standing(dispatch_uuid) for dispatch_uuid in dispatches}
    assert (fired, standings) == ([BATCH, 20], {"open: expired sending"})


async def test_the_longest_due_fire_first(bench: Bench) -> None:
    late = await bench.dispatch(workflow(SMS_30_S, step("sms")))
    early = await bench.dispatch(workflow(SMS_15_S, step("sms")))
    await bench.send()
    await bench.fire_after(60)
    owners = [item.item_id.owner for item in bench.offered]
    assert owners == [early, late]


async def test_overdue_timers_fire_at_once(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    await bench.fire_after(24 * 3600)
    assert await bench.standing(dispatch_uuid) == "open: expired sending"


async def test_what_is_overdue_by_more_than_a_day_ends_with_error_instead(bench: Bench) -> None:
    dispatch_uuid = await waiting(bench)
    await bench.fire_after(600 + 24 * 3600 + 1)
    assert await bench.standing(dispatch_uuid) == "error: expired pending"


async def test_the_lag_is_measured(bench: Bench) -> None:
    await waiting(bench)
    await bench.fire_after(602)
    assert bench.counted("gateway_timer_lag_seconds_sum") == 2


async def left_by_the_second_account(tmp_path: Path, count: int) -> None:
    """Leave timers behind that no bench without the second account can fire."""
    async with a_bench(tmp_path, config=SECOND_ACCOUNT) as bench:
        for _ in range(count):
            await bench.dispatch(LAST_STEP, of=1)
        while await bench.send():
            pass


async def test_a_timer_that_cannot_fire_stops_no_other(tmp_path: Path) -> None:
    await left_by_the_second_account(tmp_path, BATCH + 1)
    async with a_bench(tmp_path) as bench:
        bench.clock.advance(1)
        dispatch_uuid = await bench.dispatch(LAST_STEP)
        await bench.send()
        await bench.fire_after(HORIZON_S)
        await bench.timers.fire_due()
        assert await bench.standing(dispatch_uuid) == "error: expired"


async def test_a_timer_that_cannot_fire_is_not_tried_in_a_circle(tmp_path: Path) -> None:
    await left_by_the_second_account(tmp_path, 1)
    async with a_bench(tmp_path) as bench:
        tried = [await bench.fire_after(seconds) for seconds in (HORIZON_S, 0, 59.999, 0.001)]
        assert tried == [1, 0, 0, 1]


async def test_a_timer_that_could_not_fire_does_so_when_it_can(tmp_path: Path) -> None:
    await left_by_the_second_account(tmp_path, 1)
    async with a_bench(tmp_path) as bench:
        await bench.fire_after(HORIZON_S)
    async with a_bench(tmp_path, config=SECOND_ACCOUNT, clock=bench.clock) as bench:
        await bench.timers.fire_due()
        assert [report["status"] for report in await bench.told()] == ["error"]


async def test_a_dispatch_that_cannot_be_read_stops_no_timer_of_another(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        damaged, sound = await waiting(bench), await waiting(bench)
    with contextlib.closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
        connection.execute(
            "UPDATE dispatch SET state = x'ff00' WHERE uuid = ?", (pack_id(damaged),)
        )
    async with a_bench(tmp_path, clock=bench.clock) as bench:
        tried = [await bench.fire_after(600), await bench.fire_after(0)]
        assert (tried, await bench.standing(sound)) == ([2, 0], "open: expired sending")


async def test_a_timer_that_was_dropped_is_not_remembered(tmp_path: Path) -> None:
    await left_by_the_second_account(tmp_path, 1)
    async with a_bench(tmp_path) as bench:
        await bench.fire_after(HORIZON_S)
        bench.timers._store = ModelStore()  # in which that timer is gone
        await bench.fire_after(60)
        assert not bench.timers._failing


async def test_the_loop_rests_until_the_next_timer_within_its_bounds(bench: Bench) -> None:
    rests = [await bench.timers._rest_s()]
    await waiting(bench)
    for early_s in (10, 0.013, 0, -10):
        bench.clock.advance(600 - early_s)
        rests.append(round(await bench.timers._rest_s(), 3))
        bench.clock.advance(early_s - 600)
    assert rests == [MAX_SLEEP_S, MAX_SLEEP_S, 0.013, MIN_SLEEP_S, MIN_SLEEP_S]


async def test_an_outage_of_the_store_is_a_gap_and_does_not_end_the_loop(bench: Bench) -> None:
    store = Failing()
    bench.engine.store = store
    loop = another_loop(bench)
    running = asyncio.create_task(loop.run())
    could_hear = bench.safeguards.hearing.can_hear()
    async with asyncio.timeout(WAIT_S):
        await store.was_asked_again.wait()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    # A webhook that came during the outage was not taken in: silence says nothing about it.
    assert (could_hear, bench.safeguards.hearing.can_hear()) == (True, False)


class Failing(ModelStore):
    """A store that cannot tell about timers when it is first asked."""

    def __init__(self) -> None:
        super().__init__()
        self._was_asked = False
        self.was_asked_again = asyncio.Event()

    async def due_timers(self, *, now_ms: int, limit: int) -> Sequence[DueTimer]:
        """Raise, then answer."""
        if not self._was_asked:
            self._was_asked = True
            raise StoreUnavailable
        self.was_asked_again.set()
        return ()
