"""Lanes: in order, but for an item that fails no longer than its lane waits for it."""

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

WAITED = NOW + 5_000
"""When the lanes of these tests wait no longer."""
HOUR_MS = 3_600_000


async def failing(store: Store, *items: int, due_ms: int = NOW + HOUR_MS) -> OutboxItem:
    """Append callbacks; release the first one, for which its lane waits until `WAITED`."""
    (first,) = await put_items(store, *(callback(position) for position in items))
    await store.release(first, due_ms=due_ms, tried=True, lane_waits_until_ms=WAITED)
    return first


async def claim(store: Store, now_ms: int) -> list[OutboxItem]:
    claimed = await store.claim(OutboxKind.CALLBACK, now_ms=now_ms, lease_ms=LEASE, room={SHOP: 9})
    return list(claimed)


async def append(store: Store, revision: int, position: int, now_ms: int) -> list[int]:
    """Append one callback; return the positions that the commit handed out."""
    made = commit(revision=revision, outbox=[callback(position)])
    return positions(await put(store, made, now_ms=now_ms))


async def test_a_lane_waits_for_an_item_that_failed_until_the_instant_it_is_told(
    store: Store,
) -> None:
    await failing(store, 1, 2, 3)
    assert (await due(store, WAITED - 1), await due(store, WAITED)) == ([], [2, 3])


async def test_a_lane_that_is_told_nothing_waits_until_the_item_is_gone(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2))
    await store.release(first, due_ms=NOW + HOUR_MS, tried=True)
    assert await due(store, NOW + HOUR_MS - 1) == []


async def test_the_first_instant_of_an_item_counts(store: Store) -> None:
    await failing(store, 1, 2, due_ms=NOW + 1_000)
    (again,) = await claim(store, NOW + 1_000)
    await store.release(again, due_ms=NOW + HOUR_MS, tried=True, lane_waits_until_ms=NOW + HOUR_MS)
    assert await due(store, WAITED) == [2]


async def test_a_lane_goes_on_while_its_oldest_item_is_being_tried_again(store: Store) -> None:
    await failing(store, 1, 2, due_ms=WAITED - 1)
    assert (await due(store, WAITED - 1), await due(store, WAITED)) == ([1], [2])


async def test_the_order_holds_when_the_item_is_taken_in_time(store: Store) -> None:
    await failing(store, 1, 2, 3, due_ms=NOW + 1_000)
    (first,) = await claim(store, NOW + 1_000)
    following = await store.settle(first, now_ms=NOW + 1_000, lease_ms=LEASE)
    assert (positions(following), await due(store, WAITED)) == ([2], [])


async def test_an_item_whose_turn_comes_is_waited_for_anew(store: Store) -> None:
    await failing(store, 1, 2, 3, due_ms=NOW + 1_000)
    (first,) = await claim(store, NOW + 1_000)
    (second,) = await store.settle(first, now_ms=NOW + 1_000, lease_ms=LEASE)
    await store.release(
        second, due_ms=NOW + HOUR_MS, tried=True, lane_waits_until_ms=WAITED + 1_000
    )
    assert (await due(store, WAITED + 999), await due(store, WAITED + 1_000)) == ([], [3])


async def test_a_lane_waits_once_and_not_for_a_second_item_that_fails(store: Store) -> None:
    await failing(store, 1, 2)
    (second,) = await claim(store, WAITED)
    await store.release(
        second, due_ms=WAITED + HOUR_MS, tried=True, lane_waits_until_ms=WAITED + HOUR_MS
    )
    assert await append(store, 2, 3, WAITED + 1) == [3]


async def test_a_lane_that_waits_no_longer_waits_for_nobody_until_all_are_gone(
    store: Store,
) -> None:
    first = await failing(store, 1, 2, due_ms=WAITED)
    first, second = await claim(store, WAITED)
    await store.release(
        second, due_ms=WAITED + HOUR_MS, tried=True, lane_waits_until_ms=WAITED + HOUR_MS
    )
    await store.settle(first, now_ms=WAITED, lease_ms=LEASE)
    assert await append(store, 2, 3, WAITED + 1) == [3]


async def test_a_lane_is_in_order_again_when_all_are_gone(store: Store) -> None:
    await failing(store, 1, 2, due_ms=WAITED)
    for item in await claim(store, WAITED):
        await store.settle(item, now_ms=WAITED, lease_ms=LEASE)
    handed = [await append(store, number, number + 1, WAITED) for number in (2, 3)]
    assert (handed, await due(store, WAITED + LEASE - 1)) == ([[3], []], [])


async def test_what_is_appended_while_the_lane_waits_is_handed_out_when_it_no_longer_does(
    store: Store,
) -> None:
    await failing(store, 1)
    assert (await append(store, 2, 2, NOW + 1), await due(store, WAITED)) == ([], [2])


async def test_what_is_appended_at_that_instant_is_handed_out_at_once(store: Store) -> None:
    await failing(store, 1)
    assert await append(store, 2, 2, WAITED) == [2]


async def test_what_a_lane_waits_no_longer_for_is_claimed_in_its_order(store: Store) -> None:
    await failing(store, 1, *range(2, 9))
    assert await due(store, WAITED) == list(range(2, 9))


async def test_a_release_without_an_attempt_changes_nothing_about_the_lane(store: Store) -> None:
    await failing(store, 1, 2, due_ms=NOW)
    (first,) = await claim(store, NOW)
    await store.release(first, due_ms=NOW + HOUR_MS, tried=False)
    assert await due(store, WAITED) == [2]


async def test_a_stale_holder_makes_no_lane_go_on(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2))
    await claim(store, NOW + LEASE)
    await store.release(first, due_ms=NOW, tried=True, lane_waits_until_ms=NOW)
    assert await due(store, NOW + LEASE) == []


async def test_a_lane_goes_on_when_the_item_it_waited_for_is_buried(store: Store) -> None:
    await failing(store, 1, 2, 3, due_ms=NOW)
    (first,) = await claim(store, NOW)
    following = await store.bury(
        first, reason="refused", http_status=422, now_ms=NOW, lease_ms=LEASE
    )
    assert (positions(following), await due(store, WAITED)) == ([2], [])


async def test_lanes_wait_for_their_own_items_only(store: Store) -> None:
    (first, _) = await put_items(
        store, callback(1), callback(2, url=OTHER_URL), callback(3, url=OTHER_URL)
    )
    await store.release(first, due_ms=NOW + HOUR_MS, tried=True, lane_waits_until_ms=WAITED)
    assert await due(store, WAITED) == []


async def test_detaching_hands_out_the_next_of_the_lane(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2), callback(3))
    following = await store.detach(first, due_ms=NOW + 9, now_ms=NOW, lease_ms=LEASE)
    assert (positions(following), following[0].lease_until_ms) == ([2], NOW + LEASE)


async def test_a_detached_item_keeps_its_own_due_instant(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2))
    await store.detach(first, due_ms=NOW + 900, now_ms=NOW, lease_ms=LEASE)
    assert (await due(store, NOW + 899), await due(store, NOW + 900)) == ([], [1])


async def test_a_detached_item_was_tried(store: Store) -> None:
    (first,) = await put_items(store, callback(1))
    await store.detach(first, due_ms=NOW, now_ms=NOW, lease_ms=LEASE)
    (again,) = await claim(store, NOW)
    assert (again.tries, again.begun_ms) == (1, None)


async def test_nothing_waits_for_a_detached_item(store: Store) -> None:
    (first,) = await put_items(store, callback(1))
    await store.detach(first, due_ms=NOW + HOUR_MS, now_ms=NOW, lease_ms=LEASE)
    assert await append(store, 2, 2, NOW) == [2]


async def test_the_lane_keeps_its_order_without_a_detached_item(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2), callback(3))
    (second,) = await store.detach(first, due_ms=NOW + 1, now_ms=NOW, lease_ms=LEASE)
    (first,) = await claim(store, NOW + 1)
    assert positions(await store.settle(first, now_ms=NOW + 1, lease_ms=LEASE)) == []
    assert positions(await store.settle(second, now_ms=NOW + 1, lease_ms=LEASE)) == [3]


async def test_a_stale_holder_detaches_nothing(store: Store) -> None:
    (first,) = await put_items(store, callback(1), callback(2))
    await claim(store, NOW + LEASE)
    handed = await store.detach(first, due_ms=NOW, now_ms=NOW, lease_ms=LEASE)
    assert (list(handed), await due(store, NOW + LEASE)) == ([], [])


async def test_a_lane_waits_no_longer_for_an_item_that_left_it(store: Store) -> None:
    await failing(store, 1, 2, 3, due_ms=NOW)
    (first,) = await claim(store, NOW)
    following = await store.detach(first, due_ms=NOW + HOUR_MS, now_ms=NOW, lease_ms=LEASE)
    assert (positions(following), await due(store, WAITED)) == ([2], [])
