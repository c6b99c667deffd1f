"""Every event has a cause, and a commit spends it."""

from __future__ import annotations

import asyncio

import pytest

from gateway.stores.base import (
    CauseSpent,
    OutboxCause,
    RequestCause,
    RevisionConflict,
    Store,
    TimerCause,
)
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    SHOP,
    callback,
    commit,
    positions,
    put,
    put_items,
    send,
    timer,
    uuid_of,
    webhook,
)

KEYED = RequestCause(application=SHOP, idempotency_key="key", fingerprint="f00d")


async def test_a_webhook_counts_once(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2, cause=webhook("delivered")))
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=3, cause=webhook("delivered")))


async def test_webhooks_that_say_different_things_both_count(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2, cause=webhook("submitted")))
    await put(store, commit(revision=3, cause=webhook("delivered")))
    assert len(await store.history(uuid_of(1))) == 3


async def test_a_webhook_is_identified_within_its_dispatch(store: Store) -> None:
    for number in (1, 2):
        await put(store, commit(number))
        await put(store, commit(number, 2, cause=webhook("delivered")))
    assert len(await store.history(uuid_of(2))) == 2


async def test_a_spent_cause_is_told_before_a_revision_conflict(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2, cause=webhook("delivered")))
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=9, cause=webhook("delivered")))


async def test_a_refused_commit_does_not_spend_its_cause(store: Store) -> None:
    await put(store, commit())
    with pytest.raises(RevisionConflict):
        await put(store, commit(revision=9, cause=webhook("delivered")))
    await put(store, commit(revision=2, cause=webhook("delivered")))
    assert len(await store.history(uuid_of(1))) == 2


async def test_an_idempotency_key_is_spent_once(store: Store) -> None:
    await put(store, commit(1, cause=KEYED))
    with pytest.raises(CauseSpent):
        await put(store, commit(2, cause=KEYED))


async def test_a_request_refused_as_spent_makes_no_dispatch(store: Store) -> None:
    await put(store, commit(1, cause=KEYED))
    with pytest.raises(CauseSpent):
        await put(store, commit(2, cause=KEYED))
    assert await store.load(uuid_of(2)) is None


async def test_of_many_requests_with_one_key_exactly_one_is_accepted(store: Store) -> None:
    await asyncio.gather(
        *(put(store, commit(number, cause=KEYED)) for number in range(1, 51)),
        return_exceptions=True,
    )
    assert (await store.counts()).open_dispatches == 1


async def test_a_key_is_remembered_with_what_it_was_used_for(store: Store) -> None:
    await put(store, commit(cause=KEYED))
    record = await store.recall(SHOP, "key")
    assert record is not None
    assert (record.dispatch_uuid, record.fingerprint) == (uuid_of(1), "f00d")


async def test_a_key_that_was_not_used_is_none(store: Store) -> None:
    await put(store, commit(cause=KEYED))
    assert await store.recall(SHOP, "another") is None


async def test_a_key_belongs_to_one_application(store: Store) -> None:
    other = RequestCause(application="other", idempotency_key="key")
    await put(store, commit(1, cause=KEYED))
    await put(store, commit(2, cause=other, application="other"))
    record = await store.recall("other", "key")
    assert record is not None
    assert record.dispatch_uuid == uuid_of(2)


async def test_requests_without_a_key_are_all_accepted(store: Store) -> None:
    await put(store, commit(1))
    await put(store, commit(2))
    assert (await store.counts()).open_dispatches == 2


async def test_spending_a_timer_removes_it(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await put(store, commit(revision=2, cause=TimerCause(timer=timer())))
    assert await store.next_timer_ms() is None


async def test_a_timer_fires_once(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await put(store, commit(revision=2, cause=TimerCause(timer=timer())))
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=3, cause=TimerCause(timer=timer())))


async def test_a_timer_that_was_dropped_is_spent(store: Store) -> None:
    await put(store, commit(timers_set=[timer()]))
    await put(store, commit(revision=2, timers_dropped=[timer()]))
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=3, cause=TimerCause(timer=timer())))


async def test_the_outcome_of_a_send_settles_its_item(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    await put(store, commit(revision=2, cause=cause))
    assert (await store.counts()).pending_sends == 0


async def test_the_outcome_of_a_send_counts_once(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    await put(store, commit(revision=2, cause=cause))
    with pytest.raises(CauseSpent):
        await put(store, commit(revision=3, cause=cause))


async def test_a_stale_fence_counts_as_spent(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await store.claim(item.kind, now_ms=NOW + LEASE, lease_ms=LEASE, room={SHOP: 1})
    with pytest.raises(CauseSpent):
        cause = OutboxCause(item_id=item.item_id, fence=item.fence)
        await put(store, commit(revision=2, cause=cause))


async def test_the_next_send_of_the_same_commit_is_handed_out(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    claimed = await put(store, commit(revision=2, cause=cause, outbox=[send(8, step=1)]))
    assert positions(claimed) == [8]


async def test_an_outcome_hands_out_the_send_that_waited_for_it(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    await put(store, commit(revision=2, outbox=[send(8, step=1)]))
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    claimed = await put(store, commit(revision=3, cause=cause, outbox=[callback(16)]))
    assert positions(claimed) == [8, 16]
