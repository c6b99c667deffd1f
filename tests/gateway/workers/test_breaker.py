"""The circuit breaker by itself: when somebody is woken, and how many may be taken up."""

from __future__ import annotations

import asyncio

import pytest

from gateway.alarms import Alarms
from gateway.metrics import Metrics
from gateway.stores.base import OutboxItem, OutboxItemId, OutboxKind
from gateway.workers.breaker import MUTE_AFTER, Breaker, Breakers
from gateway.workers.obstacles import unreachable
from tests.support.clock import ManualClock

AWAY = unreachable("connection-refused")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breakers(clock: ManualClock) -> Breakers:
    return Breakers(clock=clock, alarms=Alarms(Metrics()), refuses_intake=True)


@pytest.fixture
def breaker(breakers: Breakers) -> Breaker:
    """Return the breaker of an account of which one send waits."""
    found = breakers.of("account")
    found.refused(AWAY, will_wait=True)
    found.suspended(is_new=False)
    breakers.news.clear()
    return found


def test_an_answered_send_wakes_who_takes_up_the_others(
    breakers: Breakers, breaker: Breaker
) -> None:
    breaker.answered()
    assert breakers.news.is_set()


def test_a_send_that_was_put_aside_wakes_who_takes_it_up(
    breakers: Breakers, breaker: Breaker
) -> None:
    breaker.suspended(is_new=True)
    assert breakers.news.is_set()


def test_a_mended_obstacle_wakes_who_tries_the_next(breakers: Breakers, breaker: Breaker) -> None:
    breakers.secrets_changed(frozenset({"account", "another"}))
    assert (breakers.news.is_set(), breaker.room()) == (True, 1)


def test_a_clock_that_was_set_back_wakes_who_tries_the_next(
    breakers: Breakers, breaker: Breaker
) -> None:
    breakers.clock_set_back()
    assert (breakers.news.is_set(), breaker.room()) == (True, 1)


def test_while_it_is_open_one_is_tried_when_its_time_has_come(
    clock: ManualClock, breaker: Breaker
) -> None:
    early = breaker.room()
    clock.advance(0.5)
    assert (early, breaker.room()) == (0, 1)


def test_the_waits_between_tries_grow_to_eight_seconds(
    clock: ManualClock, breaker: Breaker
) -> None:
    waits = []
    for _ in range(7):
        waited = 0.0
        while not breaker.room():
            clock.advance(0.5)
            waited += 0.5
        waits.append(waited)
        breaker.refused(AWAY, will_wait=True)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


def test_a_refusal_that_was_under_way_does_not_lengthen_the_wait(
    clock: ManualClock, breaker: Breaker
) -> None:
    for _ in range(MUTE_AFTER):
        breaker.refused(AWAY, will_wait=True)
    clock.advance(0.5)
    assert breaker.room() == 1


def test_an_answer_begins_the_waits_anew(clock: ManualClock, breaker: Breaker) -> None:
    clock.advance(0.5)
    breaker.refused(AWAY, will_wait=True)
    breaker.answered()
    breaker.refused(AWAY, will_wait=True)
    clock.advance(0.5)
    assert breaker.room() == 1


def test_the_alarm_tells_since_when_nothing_could_be_sent(
    clock: ManualClock, breaker: Breaker
) -> None:
    begun_ms = breaker.since_ms
    clock.advance(60)
    breaker.refused(AWAY, will_wait=True)
    assert (breaker.since_ms, clock.now_ms() - begun_ms) == (begun_ms, 60_000)


def test_the_next_outage_has_a_beginning_of_its_own(clock: ManualClock, breaker: Breaker) -> None:
    breaker.answered()
    clock.advance(60)
    breaker.refused(AWAY, will_wait=True)
    assert breaker.since_ms == clock.now_ms()


def test_new_sends_hasten_a_try_until_the_account_is_mute(breaker: Breaker) -> None:
    breaker.suspended(is_new=True)
    before = breaker.room()
    while not breaker.is_mute:
        breaker.refused(AWAY, will_wait=True)
    breaker.suspended(is_new=True)
    assert (before, breaker.room()) == (1, 0)


def taken_up(breaker: Breaker, clock: ManualClock, *, lease_s: int = 30) -> OutboxItem:
    """Return a send that was suspended and is taken up, the only one."""
    (item,) = positioned(clock, lease_s)
    breaker.take_up([item], are_all=True)
    return item


def positioned(clock: ManualClock, lease_s: int = 30) -> list[OutboxItem]:
    """Return a claimed send of a dispatch of its own."""
    now_ms = clock.now_ms()
    return [
        OutboxItem(
            item_id=OutboxItemId(owner=str(clock.draw_uuid()), position=1),
            kind=OutboxKind.SEND,
            application="shop",
            url="",
            step=0,
            body=b"{}",
            fence=1,
            tries=0,
            lease_until_ms=now_ms + 1000 * lease_s,
            created_ms=now_ms,
        )
    ]


def test_one_that_was_taken_up_and_never_worked_makes_room_when_its_lease_ends(
    clock: ManualClock, breaker: Breaker
) -> None:
    taken_up(breaker, clock)
    breaker.suspended(is_new=False)
    clock.advance(29)
    before = breaker.room()
    clock.advance(1)
    assert (before, breaker.room()) == (0, 1)


def test_who_comes_later_waits_until_those_that_were_taken_up_have_left(
    clock: ManualClock, breaker: Breaker
) -> None:
    item, (later,) = taken_up(breaker, clock), positioned(clock)
    breaker.answered()
    before = (breaker.permits(item), breaker.permits(later))
    breaker.done(item.item_id)
    assert (before, breaker.permits(later)) == ((True, False), True)


async def test_those_that_were_taken_up_leave_one_after_the_other(
    clock: ManualClock, breaker: Breaker
) -> None:
    first, second = taken_up(breaker, clock), taken_up(breaker, clock)
    async with breaker.in_order(first) as left:
        following = asyncio.create_task(leave(breaker, second))
        await asyncio.sleep(0)
        before = following.done()
        left()
        await following
    assert not before


async def leave(breaker: Breaker, item: OutboxItem) -> None:
    """Wait until the item may leave."""
    async with breaker.in_order(item):
        pass
