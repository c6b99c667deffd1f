"""The pace of an account."""

from __future__ import annotations

import asyncio

from gateway.workers.breaker import Breaker
from gateway.workers.obstacles import unreachable
from gateway.workers.pace import Pace
from tests.support.clock import ManualClock


def test_messages_of_one_account_leave_at_its_rate() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=10, clock=clock)
    left = []
    for ms in range(300):
        if pace.take("a") == 0:
            left.append(ms)
        clock.advance(0.001)
    assert left == [0, 100, 200]


def test_accounts_do_not_share_a_rate() -> None:
    pace = Pace(rate_per_s=10, clock=ManualClock())
    assert [pace.take("a"), pace.take("b")] == [0, 0]


def test_a_rate_of_zero_is_no_limit() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    assert [pace.take("a") for _ in range(3)] == [0, 0, 0]


def test_time_in_which_nothing_left_is_not_saved_up_for_a_burst() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=10, clock=clock)
    pace.take("a")
    clock.advance(60)
    assert [pace.take("a") for _ in range(2)] == [0, 100]


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


def test_a_silence_is_a_wait() -> None:
    pace = Pace(rate_per_s=0, clock=ManualClock())
    pace.silence("a", 3600)
    assert pace.take("a") == 3_600_000


def test_a_turn_that_is_not_there_yet_stays_free() -> None:
    pace = Pace(rate_per_s=0.1, clock=ManualClock())
    assert [pace.take("a") for _ in range(3)] == [0, 10_000, 10_000]


def test_asking_for_the_wait_reserves_nothing() -> None:
    pace = Pace(rate_per_s=10, clock=ManualClock())
    pace.take("a")
    assert [pace.wait_ms("a"), pace.wait_ms("a")] == [100, 100]


def test_a_turn_that_was_waited_for_and_came_late_delays_no_other() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=10, clock=clock)
    waits = [pace.take("a"), pace.take("a")]
    clock.advance(0.115)
    assert [*waits, pace.take("a"), pace.take("a")] == [0, 100, 0, 85]


def test_the_first_turn_after_a_silence_is_not_late() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=2, clock=clock)
    assert pace.take("a") == 0
    pace.silence("a", 3)
    assert pace.take("a") == 3000
    clock.advance(3)
    assert pace.take("a") == 0
    assert pace.wait_ms("a") == 500


def test_a_turn_that_came_much_too_late_is_no_burst() -> None:
    clock = ManualClock()
    pace = Pace(rate_per_s=10, clock=clock)
    waits = [pace.take("a"), pace.take("a")]
    clock.advance(5)
    assert [*waits, *(pace.take("a") for _ in range(3))] == [0, 100, 0, 0, 100]


def test_the_turns_within_a_time_are_known() -> None:
    pace = Pace(rate_per_s=0.5, clock=ManualClock())
    assert [pace.turns_within(each) for each in (0, 1.9, 2, 5)] == [1, 1, 2, 3]


def test_without_a_limit_any_number_of_turns_is_within_a_time() -> None:
    assert Pace(rate_per_s=0, clock=ManualClock()).turns_within(5) is None


def test_a_clock_that_was_ahead_silences_nobody_once_it_is_set() -> None:
    clock = ManualClock()
    clock.advance(7200)
    pace = Pace(rate_per_s=10, clock=clock)
    pace.take("a")
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
