"""What is personal goes when its time is over; what is owed stays."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from gateway.stores.base import StoreUnavailable
from gateway.workers.housekeeping import Housekeeper
from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.loopback import WAIT_S, Reply
from tests.support.model_store import ModelStore
from tests.support.world import API_KEY

WEEK_S = 7 * 24 * 3600
LATER_S = 0.001


async def a_closed_dispatch(bench: Bench) -> str:
    """Return a dispatch that was completed, its callbacks not delivered yet."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.hear(dispatch_uuid, "read")
    return dispatch_uuid


async def has_plan(bench: Bench, dispatch_uuid: str) -> bool:
    """Tell whether addresses and texts of a dispatch are still there."""
    record = await bench.store.load(dispatch_uuid)
    assert record is not None
    return record.plan is not None


async def sweep_after(bench: Bench, seconds: float) -> int:
    """Let time pass, then sweep."""
    bench.clock.advance(seconds)
    return await bench.housekeeper.sweep()


async def test_a_plan_is_wiped_when_the_retention_is_over(bench: Bench) -> None:
    dispatch_uuid = await a_closed_dispatch(bench)
    await bench.deliver()
    wiped = await sweep_after(bench, WEEK_S + LATER_S)
    assert (wiped, await has_plan(bench, dispatch_uuid)) == (1, False)


async def test_a_plan_is_kept_until_then(bench: Bench) -> None:
    dispatch_uuid = await a_closed_dispatch(bench)
    await bench.deliver()
    wiped = await sweep_after(bench, WEEK_S)
    assert (wiped, await has_plan(bench, dispatch_uuid)) == (0, True)


async def test_the_retention_is_a_setting(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_RETENTION_DAYS": "1.5"}) as bench:
        dispatch_uuid = await a_closed_dispatch(bench)
        await bench.deliver()
        await sweep_after(bench, 36 * 3600 + LATER_S)
        assert not await has_plan(bench, dispatch_uuid)


async def test_the_plan_of_an_open_dispatch_is_kept(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await sweep_after(bench, 10 * WEEK_S)
    assert await has_plan(bench, dispatch_uuid)


async def test_a_plan_is_kept_while_a_callback_is_owed(bench: Bench) -> None:
    dispatch_uuid = await a_closed_dispatch(bench)
    await sweep_after(bench, 10 * WEEK_S)
    assert await has_plan(bench, dispatch_uuid)


async def test_a_sweep_wipes_more_than_one_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.workers.housekeeping._SWEEP_BATCH", 2)
    for _ in range(5):
        await a_closed_dispatch(bench)
    await bench.deliver()
    assert await sweep_after(bench, WEEK_S + LATER_S) == 5


async def test_a_late_status_is_forwarded_after_the_wipe(bench: Bench) -> None:
    dispatch_uuid = await a_closed_dispatch(bench)
    await bench.deliver()
    await sweep_after(bench, WEEK_S + LATER_S)
    await bench.hear(dispatch_uuid, "delivered", client_ref="order-42")
    late = (await bench.told())[-1]
    assert [late[name] for name in ("status", "to", "from", "client_ref")] == [
        "delivered",
        {"type": "whatsapp", "number": "447700900000"},
        {"type": "whatsapp", "number": "447700900001"},
        "order-42",
    ]


async def test_dead_letters_are_wiped(bench: Bench) -> None:
    bench.receiver.replies += [Reply(status=410), Reply(status=410)]
    await a_closed_dispatch(bench)
    await bench.deliver()
    await sweep_after(bench, WEEK_S + LATER_S)
    assert await bench.store.dead_letters(API_KEY, limit=10) == []


async def test_webhooks_that_nothing_ever_matched_are_wiped(bench: Bench) -> None:
    await bench.hear_of(UNHEARD_OF, "delivered")
    held = (await bench.store.counts()).held_webhooks
    await sweep_after(bench, WEEK_S + LATER_S)
    assert (held, (await bench.store.counts()).held_webhooks) == (1, 0)


async def test_the_gauges_show_what_the_store_holds(bench: Bench) -> None:
    bench.receiver.replies.append(Reply(status=410))
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.hear(dispatch_uuid, "submitted")
    await bench.deliver()
    await bench.hear(dispatch_uuid, "delivered")
    await bench.hear_of(UNHEARD_OF, "delivered")
    await bench.dispatch()
    await bench.housekeeper.refresh_gauges()
    names = (
        *("open_dispatches", "pending_timers", "pending_sends", "callback_backlog"),
        *("dead_letters", "held_webhooks"),
    )
    assert [bench.counted(f"gateway_{name}") for name in names] == [2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("error", [StoreUnavailable(), ZeroDivisionError()])
async def test_a_chore_that_fails_does_not_end_the_housekeeping(
    bench: Bench, error: Exception
) -> None:
    store = Failing(error)
    keeper = Housekeeper(
        store=store,
        correlator=bench.correlator,
        clock=bench.clock,
        metrics=bench.metrics,
        retention_s=WEEK_S,
    )
    keeping = asyncio.create_task(keeper.run())
    async with asyncio.timeout(WAIT_S):
        await store.was_asked.wait()
    await asyncio.sleep(0)
    is_over = keeping.done()
    await ended(keeping)
    assert not is_over


async def test_chores_are_done_whatever_fails_before_them(bench: Bench) -> None:
    done = asyncio.Event()

    async def fail() -> None:
        raise ZeroDivisionError

    async def do() -> None:
        done.set()

    keeper = Housekeeper(
        store=Failing(ZeroDivisionError()),
        correlator=bench.correlator,
        clock=bench.clock,
        metrics=bench.metrics,
        retention_s=WEEK_S,
        chores=[fail, do],
    )
    keeping = asyncio.create_task(keeper.run())
    async with asyncio.timeout(WAIT_S):
        await done.wait()
    await ended(keeping)


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Failing(ModelStore):
    """A store that cannot wipe."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error
        self.was_asked = asyncio.Event()

    async def sweep(self, *, before_ms: int, limit: int) -> int:
        """Raise."""
        self.was_asked.set()
        raise self._error
