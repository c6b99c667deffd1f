"""Sends that are put aside because their account cannot send, and are taken up again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.stores.base import OutboxCause, OutboxItem, OutboxKind, Store
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    SHOP,
    callback,
    commit,
    due,
    leave,
    put,
    put_items,
    send,
)

ACCOUNT = "account"
UNTIL = NOW + 600_000


async def put_aside(
    store: Store, number: int = 1, *, account: str = ACCOUNT, now_ms: int = NOW
) -> OutboxItem:
    """Append a send of dispatch `number` and suspend it."""
    (item,) = await put_items(store, send(number, number), number=number)
    await store.suspend(item, account=account, until_ms=UNTIL, now_ms=now_ms, tried=False)
    return item


async def resumed(
    store: Store, *, account: str = ACCOUNT, now_ms: int = NOW, limit: int = 100
) -> list[int]:
    """Resume; return the positions."""
    items = await store.resume(account, now_ms=now_ms, lease_ms=LEASE, limit=limit)
    return [item.item_id.position for item in items]


async def test_a_suspended_send_is_not_due(store: Store) -> None:
    await put_aside(store)
    assert await due(store, UNTIL - 1, kind=OutboxKind.SEND) == []


async def test_a_suspended_send_is_due_when_its_patience_ends(store: Store) -> None:
    await put_aside(store)
    assert await due(store, UNTIL, kind=OutboxKind.SEND) == [1]


async def test_a_send_that_came_due_is_suspended_no_longer(store: Store) -> None:
    await put_aside(store)
    await due(store, UNTIL, kind=OutboxKind.SEND)
    assert (await resumed(store, now_ms=UNTIL), list(await store.suspended())) == ([], [])


async def test_suspended_sends_are_resumed_in_the_order_of_acceptance(store: Store) -> None:
    items = [(await put_items(store, send(n, n), number=n))[0] for n in (5, 3, 4)]
    for item in (items[2], items[0], items[1]):
        await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW, tried=False)
    assert await resumed(store) == [5, 3, 4]


async def test_no_more_are_resumed_than_asked_for(store: Store) -> None:
    for number in (1, 2, 3):
        await put_aside(store, number)
    assert (await resumed(store, limit=2), await resumed(store)) == ([1, 2], [3])


async def test_a_resumed_send_is_leased_under_a_newer_fence(store: Store) -> None:
    old = await put_aside(store)
    (item,) = await store.resume(ACCOUNT, now_ms=NOW + 7, lease_ms=LEASE, limit=1)
    assert (item.fence, item.lease_until_ms) == (old.fence + 1, NOW + 7 + LEASE)
    assert await due(store, NOW + 7 + LEASE, kind=OutboxKind.SEND) == [1]


async def test_a_resumed_send_is_not_resumed_again(store: Store) -> None:
    await put_aside(store)
    await resumed(store)
    assert await resumed(store) == []


async def test_the_sends_of_another_account_are_not_resumed(store: Store) -> None:
    await put_aside(store, account="another")
    assert (await resumed(store), list(await store.suspended())) == ([], ["another"])


async def test_a_suspended_send_is_no_longer_begun(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.begin(item, now_ms=NOW + 1)
    await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW + 2, tried=True)
    (item,) = await store.resume(ACCOUNT, now_ms=NOW + 3, lease_ms=LEASE, limit=1)
    assert (item.begun_ms, item.tries) == (None, 1)


async def test_a_stale_holder_suspends_nothing(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(OutboxKind.SEND, now_ms=NOW + LEASE, lease_ms=LEASE, room={SHOP: 1})
    await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW, tried=False)
    assert list(await store.suspended()) == []


async def test_a_callback_is_never_suspended(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW, tried=False)
    assert (list(await store.suspended()), await due(store, NOW + LEASE)) == ([], [1])


async def test_a_send_that_is_released_is_suspended_no_longer(store: Store) -> None:
    item = await put_aside(store)
    await store.release(item, due_ms=NOW, tried=False)
    assert (list(await store.suspended()), await due(store, kind=OutboxKind.SEND)) == ([], [1])


@pytest.mark.parametrize("is_begun", [True, False], ids=["an attempt", "its first suspension"])
async def test_a_refusal_is_dated_to(store: Store, is_begun: bool) -> None:
    (item,) = await put_items(store, send(1))
    if is_begun:
        await store.begin(item, now_ms=NOW + 5)
    await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW + 9, tried=is_begun)
    (item,) = await store.resume(ACCOUNT, now_ms=NOW + 10, lease_ms=LEASE, limit=1)
    assert item.refused_ms == (NOW + 5 if is_begun else NOW + 9)


async def test_the_first_refusal_keeps_its_date(store: Store) -> None:
    await put_aside(store, now_ms=NOW + 1)
    (item,) = await store.resume(ACCOUNT, now_ms=NOW + 2, lease_ms=LEASE, limit=1)
    await store.begin(item, now_ms=NOW + 3)
    await store.suspend(item, account=ACCOUNT, until_ms=UNTIL, now_ms=NOW + 4, tried=True)
    (item,) = await store.resume(ACCOUNT, now_ms=NOW + 5, lease_ms=LEASE, limit=1)
    assert item.refused_ms == NOW + 1


async def test_an_attempt_that_came_to_nothing_dates_the_refusal(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.begin(item, now_ms=NOW + 5)
    await store.release(item, due_ms=NOW + 9, tried=True)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=NOW + 9, lease_ms=LEASE, room={SHOP: 1})
    assert item.refused_ms == NOW + 5


async def test_being_given_back_untried_dates_nothing(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.begin(item, now_ms=NOW + 5)
    await store.release(item, due_ms=NOW + 9, tried=False)
    (item,) = await store.claim(OutboxKind.SEND, now_ms=NOW + 9, lease_ms=LEASE, room={SHOP: 1})
    assert item.refused_ms is None


async def test_suspended_sends_are_counted(store: Store) -> None:
    await put_aside(store, 1)
    await put_aside(store, 2)
    await put_items(store, send(3, 3), number=3)
    counts = await store.counts()
    assert (counts.pending_sends, counts.suspended_sends) == (3, 2)


async def waiting(store: Store, application: str = SHOP) -> tuple[int, int | None] | None:
    """Return how many sends of an application there are, and since when."""
    found = (await store.waiting_sends()).get(application)
    return None if found is None else (found.count, found.oldest_ms)


async def test_the_oldest_send_that_waits_for_its_turn_is_known(store: Store) -> None:
    await put_items(store, send(1))
    made = commit(2, outbox=[send(1, 2)])
    await put(store, made, now_ms=NOW + 5)
    assert await waiting(store) == (2, NOW)


async def test_sends_are_counted_for_each_application(store: Store) -> None:
    await put_items(store, send(1))
    await leave(store, send(1, 2, application="stall"), number=2, now_ms=NOW + 5)
    assert (await waiting(store), await waiting(store, "stall")) == ((1, NOW), (1, NOW + 5))


async def test_callbacks_are_no_sends_that_wait(store: Store) -> None:
    await put_items(store, callback(1))
    assert await waiting(store) is None


async def test_a_suspended_send_does_not_wait_for_its_turn(store: Store) -> None:
    await put_aside(store)
    assert await waiting(store) == (1, None)


async def test_a_resumed_send_does_not_wait_for_its_turn(store: Store) -> None:
    await put_aside(store)
    await resumed(store)
    assert await waiting(store) == (1, None)


async def test_a_settled_send_waits_no_longer(store: Store) -> None:
    (item,) = await put_items(store, replace(send(1), application=SHOP))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert await waiting(store) is None


async def test_a_send_whose_outcome_is_committed_waits_no_longer(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    await put(store, commit(1, 2, cause=cause))
    assert await waiting(store) is None
