"""What begins to be held, or is held anew, while the store writes the end of something else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.safeguards.holds import Holds
from gateway.stores.base import Hold, HoldReason, Timer
from tests.support.bench import Bench, a_bench
from tests.support.world import API_KEY, failing_over, step, workflow

SHORT = workflow(step("whatsapp", **failing_over("delivered", 15)), step("sms"))


def holds_of(bench: Bench) -> Holds:
    return Holds(
        store=bench.store,
        clock=bench.clock,
        alarms=bench.alarms,
        accounts={API_KEY: API_KEY},
        rate_per_s=0,
    )


def gap(bench: Bench, account: str = API_KEY, *, lasts_s: float) -> Hold:
    now_ms = bench.clock.now_ms()
    return Hold(
        account=account,
        reason=HoldReason.GAP,
        since_ms=now_ms,
        until_ms=now_ms + round(1000 * lasts_s),
        latest_ms=now_ms,
    )


async def test_a_timer_that_is_set_aside_while_the_last_ones_come_back_comes_back_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bench(tmp_path) as bench:
        await bench.dispatch(SHORT)
        await bench.send()
        holds = holds_of(bench)
        await holds.place(gap(bench, lasts_s=15))
        bench.clock.advance(15)
        (due,) = await bench.store.due_timers(now_ms=bench.clock.now_ms(), limit=9)
        assert await holds.sort_out([due]) == []
        bring_back = bench.store.bring_back

        async def and_held_anew(scope: str, *, limit: int) -> int:
            """Begin another hold right before the answer of the store is read."""
            monkeypatch.undo()
            count = await bring_back(scope, limit=limit)
            await holds.place(gap(bench, lasts_s=10))
            assert await holds.sort_out([due]) == []
            return count

        monkeypatch.setattr(bench.store, "bring_back", and_held_anew)
        await holds.turn()
        assert (await bench.store.counts()).held_timers == 1
        bench.clock.advance(10)
        await holds.turn()
        assert (await bench.store.counts()).held_timers == 0


async def test_a_timer_comes_back_that_is_set_aside_when_its_hold_is_over_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bench(tmp_path) as bench:
        await bench.dispatch(SHORT)
        await bench.send()
        holds = holds_of(bench)
        await holds.place(gap(bench, lasts_s=60))
        bench.clock.advance(30)
        (due,) = await bench.store.due_timers(now_ms=bench.clock.now_ms(), limit=9)
        set_aside = bench.store.set_aside

        async def after_a_while(timers: Sequence[Timer], *, scope: str) -> None:
            """Be so slow that the hold ends, and its timers come back, before it is written."""
            monkeypatch.undo()
            bench.clock.advance(30)
            await holds.turn()
            await set_aside(timers, scope=scope)

        monkeypatch.setattr(bench.store, "set_aside", after_a_while)
        assert await holds.sort_out([due]) == []
        await holds.turn()
        assert (await bench.store.counts()).held_timers == 0


async def test_a_hold_that_is_made_longer_while_another_one_ends_does_not_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bench(tmp_path) as bench:
        holds = holds_of(bench)
        ending, longer = gap(bench, "one", lasts_s=10), gap(bench, "other", lasts_s=10)
        await holds.place(ending)
        await holds.place(longer)
        bench.clock.advance(10)
        lift_hold: Callable[[Hold], Awaitable[None]] = bench.store.lift_hold

        async def and_made_longer(hold: Hold) -> None:
            """Notice a gap of the other account while the store writes."""
            monkeypatch.undo()
            noticed.append(
                asyncio.create_task(holds.hold_gap("other", since_ms=bench.clock.now_ms() - 20_000))
            )
            await asyncio.sleep(0)
            await lift_hold(hold)

        noticed: list[asyncio.Task[None]] = []
        monkeypatch.setattr(bench.store, "lift_hold", and_made_longer)
        await holds.turn()
        await asyncio.gather(*noticed)
        (stands,) = holds.all()
        assert stands.account == "other"
        assert stands == replace(
            longer,
            until_ms=bench.clock.now_ms() + 80_000,
            since_ms=stands.since_ms,
            latest_ms=bench.clock.now_ms(),
        )
        assert await bench.store.holds() == [stands]


async def test_a_hold_that_is_placed_while_an_earlier_one_ends_is_there_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bench(tmp_path) as bench:
        holds = holds_of(bench)
        await holds.place(gap(bench, lasts_s=10))
        bench.clock.advance(10)
        lift_hold: Callable[[Hold], Awaitable[None]] = bench.store.lift_hold
        again = gap(bench, lasts_s=900)

        async def after_the_next(hold: Hold) -> None:
            """Be so slow that a hold that was placed later could be written before."""
            monkeypatch.undo()
            placing.append(asyncio.create_task(holds.place(again)))
            for _ in range(100):
                await asyncio.sleep(0)
            await lift_hold(hold)

        placing: list[asyncio.Task[None]] = []
        monkeypatch.setattr(bench.store, "lift_hold", after_the_next)
        await holds.turn()
        await asyncio.gather(*placing)
        later = holds_of(bench)
        await later.load()
        assert list(later.all()) == [again]


async def test_a_hold_that_begins_while_other_timers_are_set_aside_holds_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bench(tmp_path) as bench:
        for _ in range(2):
            await bench.dispatch(SHORT)
            await bench.send()
        bench.clock.advance(15)
        due = await bench.store.due_timers(now_ms=bench.clock.now_ms(), limit=9)
        holds, first = holds_of(bench), due[0].timer
        step_hold = Hold(
            account=API_KEY,
            reason=HoldReason.UNREADABLE,
            since_ms=bench.clock.now_ms(),
            dispatch_uuid=first.dispatch_uuid,
            step=first.step,
        )
        await holds.place(step_hold)
        set_aside = bench.store.set_aside

        async def and_hold_all(timers: Sequence[Timer], *, scope: str) -> None:
            """Notice a gap while the store writes."""
            monkeypatch.undo()
            await set_aside(timers, scope=scope)
            await holds.place(gap(bench, lasts_s=10))

        monkeypatch.setattr(bench.store, "set_aside", and_hold_all)
        assert await holds.sort_out(due) == []
