"""Callbacks whose schedule ended: buried, listed, exhumed."""

from __future__ import annotations

from gateway.stores.base import OutboxItem, OutboxKind, Store
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    callback,
    commit,
    due,
    positions,
    put,
    put_items,
)


async def bury(store: Store, item: OutboxItem, now_ms: int = NOW) -> list[int]:
    following = await store.bury(item, reason="refused", now_ms=now_ms, lease_ms=LEASE)
    return positions(following)


async def test_a_buried_callback_is_listed(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item, NOW + 9)
    (letter,) = await store.dead_letters(SHOP, limit=10)
    assert letter.item == callback(1)
    assert (letter.reason, letter.created_ms, letter.died_ms) == ("refused", NOW, NOW + 9)


async def test_the_attempt_before_the_burial_is_counted(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.release(item, due_ms=NOW, tried=True)
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, limit=1)
    await bury(store, item)
    (letter,) = await store.dead_letters(SHOP, limit=10)
    assert letter.tries == 2


async def test_a_buried_callback_is_not_claimed(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert await due(store, NOW + LEASE) == []


async def test_the_lane_goes_on_after_a_burial(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2))
    assert await bury(store, item) == [2]


async def test_a_stale_holder_buries_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await due(store, NOW + LEASE)
    await bury(store, item)
    assert list(await store.dead_letters(SHOP, limit=10)) == []


async def test_dead_letters_are_listed_latest_first_up_to_the_limit(store: Store) -> None:
    items = await put_items(store, *(callback(n, url=f"{OTHER_URL}/{n}") for n in range(3)))
    for item in items:
        await bury(store, item, NOW + item.item_id.position)
    letters = await store.dead_letters(SHOP, limit=2)
    assert [letter.item.item_id.position for letter in letters] == [2, 1]


async def test_dead_letters_are_listed_to_their_application_only(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert list(await store.dead_letters("other", limit=10)) == []


async def test_an_exhumed_letter_is_claimable_with_no_tries(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert await store.exhume(SHOP, item.item_id, now_ms=NOW + 5)
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW + 5, lease_ms=LEASE, limit=1)
    assert (again.item_id, again.body, again.tries) == (item.item_id, item.body, 0)


async def test_an_exhumed_letter_is_appended_anew(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW + 5)
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW + 5, lease_ms=LEASE, limit=1)
    assert again.created_ms == NOW + 5


async def test_an_exhumed_letter_is_no_dead_letter(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    assert list(await store.dead_letters(SHOP, limit=10)) == []


async def test_exhuming_what_is_not_dead_is_false(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    assert not await store.exhume(SHOP, item.item_id, now_ms=NOW)


async def test_nobody_exhumes_another_application_s_letter(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert not await store.exhume("other", item.item_id, now_ms=NOW)
    assert len(await store.dead_letters(SHOP, limit=10)) == 1


async def test_an_exhumed_letter_waits_for_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    assert await due(store, NOW) == [1]


async def test_the_lane_does_not_wait_for_an_exhumed_letter(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    assert positions(await put(store, commit(revision=2, outbox=[callback(2)]))) == [2]


async def test_settling_an_exhumed_letter_hands_out_nothing_of_the_lane(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2), callback(3))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, limit=1)
    assert list(await store.settle(again, now_ms=NOW, lease_ms=LEASE)) == []


async def test_who_held_a_letter_before_it_died_does_not_hold_it_after(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert await due(store, NOW) == [1]


async def test_an_exhumed_letter_can_be_buried_again(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW)
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, limit=1)
    await bury(store, again, NOW + 1)
    (letter,) = await store.dead_letters(SHOP, limit=10)
    assert letter.died_ms == NOW + 1
