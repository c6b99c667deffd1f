"""Timers are facts of the commit."""

from __future__ import annotations

from gateway.core.state import TimerKind
from gateway.stores.base import Store, Timer
from tests.gateway.stores.building import NOW, commit, due_timers, put, timer, uuid_of


async def test_a_set_timer_is_due_at_its_instant(store: Store) -> None:
    await put(store, commit(timers_set=[timer(due_ms=NOW + 600_000)]))
    assert await due_timers(store, NOW + 599_999) == []
    assert await due_timers(store, NOW + 600_000) == [timer(due_ms=NOW + 600_000)]


async def test_due_timers_stay_set(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.due_timers(now_ms=NOW, limit=9)
    assert await due_timers(store, NOW) == [timer()]


async def test_the_longest_due_timers_come_first_up_to_the_limit(store: Store) -> None:
    for number, due_ms in ((1, NOW + 2), (2, NOW), (3, NOW + 1)):
        await put(store, commit(number, timers_set=[timer(number, due_ms=due_ms)]))
    found = await store.due_timers(now_ms=NOW + 9, limit=2)
    assert [one.timer.dispatch_uuid for one in found] == [uuid_of(2), uuid_of(3)]


async def test_a_due_timer_names_the_application_of_its_dispatch(store: Store) -> None:
    await put(store, commit(application="other", timers_set=[timer()]))
    (found,) = await store.due_timers(now_ms=NOW, limit=9)
    assert found.application == "other"


async def test_a_dropped_timer_is_gone(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await put(store, commit(revision=2, timers_dropped=[timer()]))
    assert await due_timers(store, NOW) == []


async def test_dropping_a_timer_leaves_the_other_ones(store: Store) -> None:
    kept = Timer(dispatch_uuid=uuid_of(1), step=0, kind=TimerKind.HORIZON, due_ms=NOW)
    await put(store, commit(timers_set=[timer(), kept, timer(step=1), timer(due_ms=NOW + 1)]))
    await put(store, commit(revision=2, timers_dropped=[timer(), timer(step=1)]))
    assert await due_timers(store, NOW + 1) == [kept, timer(due_ms=NOW + 1)]


async def test_dropping_a_timer_that_is_not_set_does_nothing(store: Store) -> None:
    await put(store, commit(timers_dropped=[timer()]))
    assert (await store.counts()).pending_timers == 0


async def test_a_timer_set_twice_is_one_fact(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await put(store, commit(revision=2, timers_set=[timer()]))
    assert (await store.counts()).pending_timers == 1


async def test_the_next_timer_is_the_earliest(store: Store) -> None:
    await put(store, commit(1, timers_set=[timer(1, due_ms=NOW + 2)]))
    await put(store, commit(2, timers_set=[timer(2, due_ms=NOW + 1)]))
    assert await store.next_timer_ms() == NOW + 1


async def test_without_timers_there_is_no_next(store: Store) -> None:
    assert await store.next_timer_ms() is None
