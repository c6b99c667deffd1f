"""Lanes, leases and fences."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stores.base import CauseSpent, OutboxKind, Store
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    callback,
    commit,
    due,
    leave,
    positions,
    put,
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
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
    assert (item.fence, item.lease_until_ms) == (2, LATER + LEASE)


async def test_a_claim_is_of_one_kind(store: Store) -> None:
    await put_items(store, callback(1), send(2))
    assert await due(store, LATER, kind=OutboxKind.SEND) == [2]


async def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    await put_items(store, *(callback(n, url=f"{OTHER_URL}/{n}") for n in range(5)))
    assert len(await due(store, LATER, limit=3)) == 3


async def claimed_of(store: Store, room: dict[str, int], now_ms: int = NOW) -> list[str]:
    """Claim sends; return whose they are."""
    claimed = await store.claim(OutboxKind.SEND, now_ms=now_ms, lease_ms=LEASE, room=room)
    return [item.application for item in claimed]


async def test_a_claim_takes_of_each_application_what_there_is_room_for(store: Store) -> None:
    for number in range(1, 6):
        await leave(store, send(1, number), number=number)
    for number in range(6, 8):
        await leave(store, send(1, number, application="stall"), number=number, now_ms=NOW + 5)
    claimed = await claimed_of(store, {SHOP: 2, "stall": 9}, NOW + 5)
    assert claimed == [SHOP, SHOP, "stall", "stall"]


async def test_a_claim_takes_nothing_of_an_application_without_room(store: Store) -> None:
    await leave(store, send(1))
    assert await claimed_of(store, {"stall": 9, SHOP: 0}) == []
    assert await claimed_of(store, {}) == []


async def test_what_a_commit_leaves_is_due_at_once(store: Store) -> None:
    assert list(await leave(store, send(1), callback(2))) == []
    assert [await due(store, NOW, kind=kind) for kind in OutboxKind] == [[1], [2]]


async def test_what_a_commit_leaves_was_held_by_nobody(store: Store) -> None:
    await leave(store, send(1))
    (item,) = await store.claim(OutboxKind.SEND, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
    assert (item.fence, item.tries, item.created_ms, item.begun_ms) == (1, 0, NOW, None)


async def test_a_commit_leaves_only_what_is_named(store: Store) -> None:
    items = [send(1), callback(2), callback(3, url=OTHER_URL)]
    made = commit(outbox=items)
    handed_out = await put(store, made, unclaimed=[items[1].item_id])
    assert (positions(handed_out), await due(store, NOW)) == ([1, 3], [2])


async def test_what_is_left_keeps_the_place_in_its_lane(store: Store) -> None:
    await leave(store, callback(1), callback(2))
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 9})
    following = await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert (item.item_id.position, positions(following)) == (1, [2])


async def test_an_enqueued_callback_that_nobody_wants_is_due_at_once(store: Store) -> None:
    item = callback(0)
    left = await store.enqueue(
        item, digest=b"inbound", now_ms=NOW, lease_ms=LEASE, unclaimed=[item.item_id]
    )
    assert (list(left), await due(store, NOW)) == ([], [0])


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
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
    assert item.tries == 1


async def test_a_release_without_an_attempt_counts_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.release(item, due_ms=NOW, tried=False)
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
    assert item.tries == 0


async def test_a_released_item_is_no_longer_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.begin(item, now_ms=NOW + 1)
    await store.release(item, due_ms=NOW + 2, tried=True)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=NOW + 2, lease_ms=LEASE, room={SHOP: 1})
    assert item.begun_ms is None


async def test_a_begun_item_tells_so_when_its_lease_has_run_out(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    assert await store.begin(item, now_ms=NOW + 1)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
    assert item.begun_ms == NOW + 1


async def test_an_item_claimed_by_another_is_not_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
    assert not await store.begin(item, now_ms=LATER + 1)


async def test_a_refused_beginning_changes_nothing(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(OutboxKind.SEND, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
    await store.begin(item, now_ms=LATER + 1)
    (item,) = await store.claim(
        OutboxKind.SEND, now_ms=LATER + LEASE, lease_ms=LEASE, room={SHOP: 1}
    )
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
    await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
    assert list(await store.settle(item, now_ms=LATER, lease_ms=LEASE)) == []
    assert (await store.counts()).pending_callbacks == 2


async def test_a_stale_holder_releases_nothing(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.claim(OutboxKind.CALLBACK, now_ms=LATER, lease_ms=LEASE, room={SHOP: 1})
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
