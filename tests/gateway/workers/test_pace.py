"""The pace of an account."""

from __future__ import annotations

import asyncio

from gateway.workers.breaker import Breaker
from gateway.workers.obstacles import unreachable
from gateway.workers.pace import Pace
from tests.support.clock import ManualClock

NEVER_MS = 86_400_000


def test_messages_of_one_account_leave_at_its_rate() -> None:
    pace = Pace(rate_per_s=10, clock=ManualClock())
    assert [pace.reserve_ms("a") for _ in range(3)] == [0, 100, 200]


def test_accounts_do_not_share_a_rate() -> None:
    pace = Pace(rate_per_s=10, clock=ManualClock())
    assert [pace.reserve_ms("a"), pace.reserve_ms("b")] == [0, 0]


def test_a_rate_of_zero_is_no_limit() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    assert [pace.reserve_ms("a") for _ in range(3)] == [0, 0, 0]


def test_time_in_which_nothing_left_is_not_saved_up_for_a_burst() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=10, clock=clock)
    pace.reserve_ms("a")
    clock.advance(60)
    assert [pace.reserve_ms("a") for _ in range(2)] == [0, 100]


def test_a_silence_ends_by_itself() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=0, clock=clock)
    pace.silence("a", 7)
    before = pace.silence_ms("a")
    clock.advance(7)
    assert (before, pace.silence_ms("a")) == (7000, 0)


def test_a_silence_is_of_one_account_only() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    pace.silence("a", 7)
    assert pace.silence_ms("b") == 0


def test_of_two_silences_the_longer_one_counts() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    pace.silence("a", 7)
    pace.silence("a", 2)
    assert pace.silence_ms("a") == 7000


async def test_a_silence_is_told_and_not_waited_for() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    pace.silence("a", 3600)
    async with asyncio.timeout(1):
        assert await pace.turn("a", patience_ms=NEVER_MS) == 3_600_000


async def test_a_turn_that_is_too_far_away_is_told_and_not_waited_for() -> None:
    pace = Pace(rate_per_s=0.1, clock=ManualClock())
    await pace.turn("a", patience_ms=0)
    async with asyncio.timeout(1):
        assert await pace.turn("a", patience_ms=9_999) == 10_000


async def test_a_turn_that_is_too_far_away_stays_free() -> None:
    pace = Pace(rate_per_s=0.1, clock=ManualClock())
    await pace.turn("a", patience_ms=0)
    async with asyncio.timeout(1):
        await pace.turn("a", patience_ms=9_999)
    assert pace.reserve_ms("a") == 10_000


def test_asking_for_the_wait_reserves_nothing() -> None:
    pace = Pace(rate_per_s=10, clock=ManualClock())
    pace.reserve_ms("a")
    assert [pace.wait_ms("a"), pace.wait_ms("a")] == [100, 100]


async def test_a_silence_that_begins_during_the_wait_is_told_after_it() -> None:
    pace = Pace(rate_per_s=100, clock=ManualClock())
    await pace.turn("a", patience_ms=NEVER_MS)
    waiting = asyncio.create_task(pace.turn("a", patience_ms=NEVER_MS))
    await asyncio.sleep(0)
    pace.silence("a", 5)
    assert await waiting == 5000


async def test_a_turn_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(rate_per_s=100, clock=ManualClock())
    began = loop.time()
    assert [await pace.turn("a", patience_ms=NEVER_MS) for _ in range(2)] == [0, 0]
    assert loop.time() - began >= 0.009


def test_the_turns_within_a_time_are_known() -> None:
    pace = Pace(rate_per_s=0.5, clock=ManualClock())
    assert [pace.turns_within(each) for each in (0, 1.9, 2, 5)] == [1, 1, 2, 3]


def test_without_a_limit_any_number_of_turns_is_within_a_time() -> None:
    assert Pace(rate_per_s=0, clock=ManualClock()).turns_within(5) is None


def test_a_clock_that_was_ahead_silences_nobody_once_it_is_set() -> None:
    clock = ManualClock()
    clock.advance(7200)
    pace = Pace(rate_per_s=10, clock=clock)
    pace.reserve_ms("a")
    pace.silence("a", 5)
    clock.advance(-7200)
    assert pace.wait_ms("a") > 7_000_000
    pace.clock_set_back()
    assert (pace.wait_ms("a"), pace.silence_ms("a")) == (0, 0)


async def test_a_breaker_under_a_clock_that_was_ahead_tries_soon_once_it_is_set() -> None:
    clock = ManualClock()
    clock.advance(7200)
    breaker = Breaker("a", clock=clock, tell=lambda _: None, news=asyncio.Event())
    breaker.refused(unreachable("connection-refused"), will_wait=True)
    clock.advance(-7200)
    assert breaker.room() == 0
    breaker.clock_set_back()
    assert breaker.room() == 1
