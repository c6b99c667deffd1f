"""Lanes, leases and fences."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stores.base import CauseSpent, OutboxKind, Store
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    OTHER_URL,
    callback,
    due,
    positions,
    put_items,
    send,
)

LATER = NOW + LEASE


async def test_a_leased_item_is_not_claimed_by_another(store: Store) -> None:
    await put_items(store, callback(1))
    assert await due(store, LATER - 1) == []


async def test_an_item_whose_lease_has_run_out_is_claimed_again(store: Store) -> None:
    await put_items(store, callback(1))
    assert await due(store, LATER) == [1]


async def test_each_claim_raises_the_fence(store: Store) -> None:
    await put_items(store, callback(1))
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, limit=1)
    assert (item.fence, item.lease_until_ms) == (2, LATER + LEASE)


async def test_a_claim_is_of_one_kind(store: Store) -> None:
    await put_items(store, callback(1), send(2))
    assert await due(store, LATER, kind=OutboxKind.SEND) == [2]


async def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    await put_items(store, *(callback(n, url=f"{OTHER_URL}/{n}") for n in range(5)))
    assert len(await due(store, LATER, limit=3)) == 3


async def test_the_longest_due_is_claimed_first(store: Store) -> None:
    items = await put_items(store, callback(1), callback(2, url=OTHER_URL))
    await store.release(items[0], due_ms=NOW + 20, tried=True)
    await store.release(items[1], due_ms=NOW + 10, tried=True)
    assert await due(store, NOW + 30) == [2, 1]


async def test_concurrent_claims_share_no_item(store: Store) -> None:
    await put_items(store, *(callback(n, url=f"{OTHER_URL}/{n}") for n in range(20)))
    claims = await asyncio.gather(*(due(store, LATER, limit=3) for _ in range(10)))
    assert sorted(position for claim in claims for position in claim) == list(range(20))


async def test_a_released_item_is_claimed_from_its_due_instant_on(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.release(item, due_ms=NOW + 5_000, tried=True)
    assert (await due(store, NOW + 4_999), await due(store, NOW + 5_000)) == ([], [1])


async def test_a_release_after_an_attempt_counts_it(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.release(item, due_ms=NOW, tried=True)
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, limit=1)
    assert item.tries == 1


async def test_a_release_without_an_attempt_counts_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.release(item, due_ms=NOW, tried=False)
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, limit=1)
    assert item.tries == 0


async def test_a_released_item_is_no_longer_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.begin(item, now_ms=NOW + 1)
    await store.release(item, due_ms=NOW + 2, tried=True)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=NOW + 2, lease_ms=LEASE, limit=1)
    assert item.begun_ms is None


async def test_a_begun_item_tells_so_when_its_lease_has_run_out(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    assert await store.begin(item, now_ms=NOW + 1)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, limit=1)
    assert item.begun_ms == NOW + 1


async def test_an_item_claimed_by_another_is_not_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, limit=1)
    assert not await store.begin(item, now_ms=LATER + 1)


async def test_a_refused_beginning_changes_nothing(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, limit=1)
    await store.begin(item, now_ms=LATER + 1)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=LATER + LEASE, lease_ms=LEASE, limit=1)
    assert item.begun_ms is None


async def test_an_item_that_is_gone_is_not_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert not await store.begin(item, now_ms=NOW)


async def test_a_settled_item_is_gone(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert await due(store, LATER) == []


async def test_settling_hands_out_the_next_of_the_lane(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2), callback(3))
    (following,) = await store.settle(item, now_ms=NOW + 7, lease_ms=LEASE)
    assert (following.item_id.position, following.fence) == (2, 1)
    assert (following.lease_until_ms, following.created_ms) == (NOW + 7 + LEASE, NOW)


async def test_settling_the_last_of_a_lane_hands_out_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    assert list(await store.settle(item, now_ms=NOW, lease_ms=LEASE)) == []


async def test_a_stale_holder_settles_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2))
    await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, limit=1)
    assert list(await store.settle(item, now_ms=LATER, lease_ms=LEASE)) == []
    assert (await store.counts()).pending_callbacks == 2


async def test_a_stale_holder_releases_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, limit=1)
    await store.release(item, due_ms=LATER, tried=True)
    assert await due(store, LATER) == []


async def test_settling_twice_hands_out_the_next_once(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert list(await store.settle(item, now_ms=NOW, lease_ms=LEASE)) == []


async def test_a_lane_is_delivered_in_the_order_of_appending(store: Store) -> None:
    items = await put_items(store, *(callback(n) for n in range(10)))
    delivered = []
    while items:
        (item,) = items
        delivered.append(item.item_id.position)
        items = await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert delivered == list(range(10))


async def test_an_item_behind_a_released_head_waits(store: Store) -> None:
    (item,) = await put_items(store, callback(1), callback(2))
    await store.release(item, due_ms=NOW + 900_000, tried=True)
    assert await due(store, NOW + 899_999) == []


async def test_lanes_of_two_urls_do_not_wait_for_each_other(store: Store) -> None:
    items = await put_items(store, callback(1), callback(2, url=OTHER_URL), callback(3))
    assert positions(items) == [1, 2]


async def test_lanes_of_two_dispatches_do_not_wait_for_each_other(store: Store) -> None:
    await put_items(store, callback(1, 1), number=1)
    assert positions(await put_items(store, callback(1, 2), number=2)) == [1]


async def test_sends_and_callbacks_do_not_wait_for_each_other(store: Store) -> None:
    items = await put_items(store, send(1), callback(2), send(3), callback(4))
    assert positions(items) == [1, 2]


async def test_an_enqueued_callback_comes_back_claimed(store: Store) -> None:
    (item,) = await store.enqueue(callback(0), digest=b"inbound", now_ms=NOW, lease_ms=LEASE)
    assert (item.item_id, item.fence, item.lease_until_ms) == (
        callback(0).item_id,
        1,
        NOW + LEASE,
    )


async def test_the_same_digest_is_enqueued_once(store: Store) -> None:
    await store.enqueue(callback(0), digest=b"inbound", now_ms=NOW, lease_ms=LEASE)
    with pytest.raises(CauseSpent):
        await store.enqueue(callback(0, 2), digest=b"inbound", now_ms=NOW, lease_ms=LEASE)
    assert (await store.counts()).pending_callbacks == 1


async def test_enqueued_callbacks_are_lanes_of_their_own(store: Store) -> None:
    await store.enqueue(callback(0), digest=b"one", now_ms=NOW, lease_ms=LEASE)
    items = await store.enqueue(callback(1), digest=b"two", now_ms=NOW, lease_ms=LEASE)
    assert positions(items) == [1]
