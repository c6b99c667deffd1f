"""Holds are remembered, and what they hold leaves the index of what is due and comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from gateway.stores.base import CauseSpent, Hold, HoldReason, Store, TimerCause
from tests.gateway.stores.building import NOW, commit, due_timers, put, timer, uuid_of

DEAF: Final = Hold(
    account="abcd1234", reason=HoldReason.DEAF, since_ms=NOW, latest_ms=NOW, secrets="f00"
)
STEP: Final = Hold(
    account="abcd1234",
    reason=HoldReason.UNREADABLE,
    since_ms=NOW - 1,
    until_ms=NOW + 9,
    dispatch_uuid=uuid_of(1),
    step=1,
)


async def test_a_hold_is_remembered_as_it_was_placed(store: Store) -> None:
    await store.place_hold(DEAF)
    await store.place_hold(STEP)
    assert list(await store.holds()) == [STEP, DEAF]


async def test_a_hold_of_the_same_scope_and_reason_takes_the_place_of_the_earlier(
    store: Store,
) -> None:
    await store.place_hold(DEAF)
    await store.place_hold(replace(DEAF, until_ms=NOW + 5))
    assert list(await store.holds()) == [replace(DEAF, until_ms=NOW + 5)]


async def test_one_scope_can_be_held_for_several_reasons(store: Store) -> None:
    await store.place_hold(DEAF)
    await store.place_hold(replace(DEAF, reason=HoldReason.GAP))
    await store.lift_hold(DEAF)
    assert [hold.reason for hold in await store.holds()] == [HoldReason.GAP]


async def test_lifting_a_hold_leaves_the_one_that_took_its_place(store: Store) -> None:
    longer = replace(DEAF, until_ms=NOW + 5)
    await store.place_hold(DEAF)
    await store.place_hold(longer)
    await store.lift_hold(DEAF)
    assert list(await store.holds()) == [longer]
    await store.lift_hold(longer)
    assert list(await store.holds()) == []


async def test_lifting_a_hold_that_is_not_there_does_nothing(store: Store) -> None:
    await store.lift_hold(DEAF)
    assert list(await store.holds()) == []


async def test_a_timer_that_is_set_aside_is_not_due_and_still_set(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer()], scope="s")
    counts = await store.counts()
    assert await due_timers(store, NOW) == []
    assert await store.next_timer_ms() is None
    assert (counts.pending_timers, counts.held_timers) == (1, 1)
    assert list(await store.scopes_aside()) == ["s"]


async def test_what_is_set_aside_comes_back_with_its_due_time_the_longest_due_first(
    store: Store,
) -> None:
    early, late = timer(1, due_ms=NOW), timer(2, due_ms=NOW + 1)
    await put(store, commit(1, timers_set=[early]))
    await put(store, commit(2, timers_set=[late]))
    await store.set_aside([late, early], scope="s")
    assert await store.bring_back("s", limit=1) == 1
    assert await due_timers(store, NOW + 9) == [early]
    assert [await store.bring_back("s", limit=9), await store.bring_back("s", limit=9)] == [1, 0]
    assert await due_timers(store, NOW + 9) == [early, late]
    assert (await store.counts()).held_timers == 0


async def test_a_timer_that_was_set_anew_meanwhile_comes_back_as_one(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer()], scope="s")
    await put(store, commit(revision=2, timers_set=[timer()]))
    assert await store.bring_back("s", limit=9) == 1
    counts = await store.counts()
    assert (counts.pending_timers, counts.held_timers) == (1, 0)
    assert await due_timers(store, NOW) == [timer()]


async def test_a_scope_brings_back_its_own_timers_only(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer()], scope="s")
    assert await store.bring_back("another", limit=9) == 0
    assert await due_timers(store, NOW) == []


async def test_a_timer_that_is_not_set_cannot_be_set_aside(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer(due_ms=NOW + 7), timer(2)], scope="s")
    assert (await store.counts()).held_timers == 0


async def test_a_commit_drops_a_timer_that_is_set_aside(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer()], scope="s")
    await put(store, commit(revision=2, timers_dropped=[timer()]))
    counts = await store.counts()
    assert (counts.pending_timers, counts.held_timers) == (0, 0)
    assert await store.bring_back("s", limit=9) == 0


async def test_a_timer_that_is_set_aside_is_no_cause(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await store.set_aside([timer()], scope="s")
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=2, cause=TimerCause(timer=timer())))


async def test_a_store_that_was_never_signed_has_no_sign_of_life(store: Store) -> None:
    assert await store.signed_ms() is None


async def test_before_the_first_sign_of_life_the_latest_commit_is_one(store: Store) -> None:
    await put(store, commit(1))
    await put(store, commit(1, revision=2))
    first = await store.signed_ms()
    await store.sign(now_ms=NOW - 5)
    assert (first, await store.signed_ms()) == (NOW, NOW - 5)


async def test_the_last_sign_of_life_counts_even_if_it_is_earlier(store: Store) -> None:
    await store.sign(now_ms=NOW)
    await store.sign(now_ms=NOW - 5)
    assert await store.signed_ms() == NOW - 5


async def test_a_silence_is_remembered_by_account_as_it_was_noted_last(store: Store) -> None:
    await store.note_silence("one", [NOW])
    await store.note_silence("two", [NOW])
    await store.note_silence("one", [NOW, NOW + 1])
    await store.note_silence("two", [])
    await store.note_silence("three", [])
    assert {account: list(at) for account, at in (await store.silences()).items()} == {
        "one": [NOW, NOW + 1]
    }
