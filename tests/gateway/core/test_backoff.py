"""The waits between attempts.

Source: docs/wire.md section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.core.backoff import LEGACY_CALLBACKS, STANDARD_CALLBACKS, Schedule


def waits(schedule: Schedule, stretch: float = 1.0) -> Iterator[float]:
    """Yield the scheduled waits of attempts that all fail, each waited `stretch` times as long."""
    tries, age_s = 1, 0.0
    while (delay_s := schedule.delay_after(tries, age_s)) is not None:
        yield delay_s
        tries, age_s = tries + 1, age_s + delay_s * stretch


def test_the_legacy_schedule_doubles_from_5_s_to_15_min() -> None:
    assert list(waits(LEGACY_CALLBACKS))[:9] == [5, 10, 20, 40, 80, 160, 320, 640, 900]


def test_the_legacy_schedule_goes_on_every_15_min() -> None:
    assert set(list(waits(LEGACY_CALLBACKS))[8:]) == {900}


def test_the_legacy_schedule_lasts_to_the_last_attempt_within_24_h() -> None:
    assert 24 * 3600 - 900 < sum(waits(LEGACY_CALLBACKS)) <= 24 * 3600


@pytest.mark.parametrize("stretch", [0.9, 1.0, 1.1])
def test_the_standard_schedule_is_walked_to_its_end_whatever_the_jitter(stretch: float) -> None:
    # Jitter stretches each wait by up to a tenth; it must not cost the last attempt nor add one.
    expected = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert list(waits(STANDARD_CALLBACKS, stretch)) == expected


def test_a_wait_that_ends_exactly_with_the_life_is_still_waited() -> None:
    assert Schedule(delays_s=(5,), life_s=10).delay_after(1, age_s=5) == 5


def test_a_wait_that_would_outlast_the_life_is_not_begun() -> None:
    assert Schedule(delays_s=(5,), life_s=10).delay_after(1, age_s=5.1) is None
