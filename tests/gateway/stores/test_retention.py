"""`sweep` wipes what is personal of what ended; `counts` tells what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.state import DispatchStatus
from gateway.identifiers import CHANCE_BYTES, time_ordered_uuid
from gateway.stores.base import OutboxItem, RequestCause, Store, StoreCounts
from tests.gateway.stores.building import (
    DAY,
    LEASE,
    NOW,
    SHOP,
    callback,
    commit,
    put,
    put_items,
    send,
    timer,
    uuid_of,
)

CLOSED = DispatchStatus.COMPLETED


async def has_plan(store: Store, number: int = 1) -> bool:
    record = await store.load(uuid_of(number))
    return record is not None and record.plan is not None


async def bury(store: Store, item: OutboxItem, now_ms: int = NOW) -> None:
    await store.bury(item, reason="refused", http_status=422, now_ms=now_ms, lease_ms=LEASE)


async def test_the_plan_of_an_ended_dispatch_is_wiped(store: Store) -> None:
    await put(store, commit(status=CLOSED))
    assert await store.sweep(before_ms=NOW + 1, limit=9) == 1
    assert not await has_plan(store)


async def test_a_wiped_dispatch_stays(store: Store) -> None:
    await put(store, commit(status=CLOSED))
    await store.sweep(before_ms=NOW + 1, limit=9)
    record = await store.load(uuid_of(1))
    assert record is not None
    assert record.state.status is CLOSED


async def test_the_message_ids_of_a_wiped_dispatch_stay_bound_for_31_days(store: Store) -> None:
    await put(store, commit(status=CLOSED, bindings=[(uuid_of(7), 0)]))
    await store.sweep(before_ms=NOW + 31 * DAY, limit=9)
    assert await store.find_message(uuid_of(7)) == (uuid_of(1), 0)


async def test_what_ended_at_the_bound_is_kept(store: Store) -> None:
    await put(store, commit(status=CLOSED))
    await store.sweep(before_ms=NOW, limit=9)
    assert await has_plan(store)


async def test_an_open_dispatch_keeps_its_plan(store: Store) -> None:
    await put(store, commit())
    assert await store.sweep(before_ms=NOW + DAY, limit=9) == 0


async def test_a_dispatch_with_a_callback_to_deliver_keeps_its_plan(store: Store) -> None:
    await put(store, commit(status=CLOSED, outbox=[callback(1)]))
    await store.sweep(before_ms=NOW + 1, limit=9)
    assert await has_plan(store)


async def test_a_dispatch_whose_last_callback_is_settled_is_wiped(store: Store) -> None:
    (item,) = await put(store, commit(status=CLOSED, outbox=[callback(1)]))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    await store.sweep(before_ms=NOW + 1, limit=9)
    assert not await has_plan(store)


async def test_dead_letters_go_with_the_plan(store: Store) -> None:
    (item,) = await put(store, commit(status=CLOSED, outbox=[callback(1)]))
    await bury(store, item, NOW + DAY)
    assert await store.sweep(before_ms=NOW + 1, limit=9) == 2
    assert list(await store.dead_letters(SHOP, limit=9)) == []


async def test_dead_letters_of_an_open_dispatch_stay(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert await store.sweep(before_ms=NOW + DAY, limit=9) == 0


async def test_dead_letters_after_the_plan_was_wiped_go_by_their_age(store: Store) -> None:
    await put(store, commit(status=CLOSED))
    await store.sweep(before_ms=NOW + 1, limit=9)
    (item,) = await put(store, commit(revision=2, status=CLOSED, outbox=[callback(8)]))
    await bury(store, item)
    assert await store.sweep(before_ms=NOW, limit=9) == 0
    assert await store.sweep(before_ms=NOW + 1, limit=9) == 1


async def test_dead_letters_of_no_dispatch_go_by_their_age(store: Store) -> None:
    (item,) = await store.enqueue(callback(0, 9), digest=b"in", now_ms=NOW, lease_ms=LEASE)
    await bury(store, item)
    assert await store.sweep(before_ms=NOW + 1, limit=9) == 1


async def test_a_plan_is_wiped_once(store: Store) -> None:
    await put(store, commit(status=CLOSED))
    await store.sweep(before_ms=NOW + 1, limit=9)
    await put(store, commit(revision=2, status=CLOSED))
    assert await store.sweep(before_ms=NOW + 1, limit=9) == 0


async def test_old_held_webhooks_go(store: Store) -> None:
    for age in (0, 1):
        await store.hold(
            application=SHOP,
            reason="unreadable",
            message_uuid=None,
            body=bytes([age]),
            now_ms=NOW - age,
        )
    assert await store.sweep(before_ms=NOW, limit=9) == 1
    assert (await store.counts()).held_webhooks == 1


async def test_a_sweep_wipes_no_more_than_its_limit_of_a_kind(store: Store) -> None:
    for number in range(1, 6):
        await put(store, commit(number, status=CLOSED))
    assert [await store.sweep(before_ms=NOW + 1, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_longest_ended_is_wiped_first(store: Store) -> None:
    await put(store, commit(1, status=CLOSED, changed_ms=NOW))
    await put(store, commit(2, status=CLOSED, changed_ms=NOW - 1))
    await store.sweep(before_ms=NOW + 1, limit=1)
    assert (await has_plan(store, 1), await has_plan(store, 2)) == (True, False)


@pytest.mark.parametrize(
    ("age_ms", "before_ms", "is_kept"),
    [
        (DAY, NOW, True),
        (DAY + 1, NOW - DAY - 1, True),
        (DAY + 1, NOW - DAY, False),
    ],
)
async def test_keys_are_kept_for_a_day_and_until_the_bound(
    store: Store, age_ms: int, before_ms: int, is_kept: bool
) -> None:
    for number, at_ms in ((1, NOW - age_ms), (2, NOW)):
        cause = RequestCause(application=SHOP, idempotency_key=f"key {number}")
        await put(store, commit(number, cause=cause), now_ms=at_ms)
    await store.sweep(before_ms=before_ms, limit=9)
    assert (await store.recall(SHOP, "key 1") is not None) is is_kept


async def test_a_forgotten_key_can_be_used_again(store: Store) -> None:
    keys = [RequestCause(application=SHOP, idempotency_key=key) for key in ("old", "new", "old")]
    await put(store, commit(1, cause=keys[0]), now_ms=NOW - 2 * DAY)
    await put(store, commit(2, cause=keys[1]))
    await store.sweep(before_ms=NOW, limit=9)
    await put(store, commit(3, cause=keys[2]))
    record = await store.recall(SHOP, "old")
    assert record is not None
    assert record.dispatch_uuid == uuid_of(3)


async def test_old_digests_of_inbound_messages_go_like_keys(store: Store) -> None:
    for number, at_ms in ((1, NOW - 2 * DAY), (2, NOW)):
        digest = str(number).encode()
        await store.enqueue(callback(0, number), digest=digest, now_ms=at_ms, lease_ms=LEASE)
    assert await store.sweep(before_ms=NOW, limit=9) == 1


async def test_a_sweep_forgets_no_more_than_its_limit_of_keys(store: Store) -> None:
    ages = [2 * DAY] * 5 + [0]
    for number, age_ms in enumerate(ages, start=1):
        cause = RequestCause(application=SHOP, idempotency_key=f"key {number}")
        await put(store, commit(number, cause=cause), now_ms=NOW - age_ms)
    assert [await store.sweep(before_ms=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_oldest_keys_are_forgotten_first(store: Store) -> None:
    for number, age_ms in enumerate([3 * DAY, 2 * DAY, 0], start=1):
        cause = RequestCause(application=SHOP, idempotency_key=f"key {number}")
        await put(store, commit(number, cause=cause), now_ms=NOW - age_ms)
    await store.sweep(before_ms=NOW, limit=1)
    known = [await store.recall(SHOP, f"key {number}") is not None for number in (1, 2, 3)]
    assert known == [False, True, True]


async def test_a_sweep_forgets_no_more_than_its_limit_of_inbound_messages(store: Store) -> None:
    ages = [2 * DAY] * 5 + [0]
    for number, age_ms in enumerate(ages):
        digest = str(number).encode()
        at_ms = NOW - age_ms
        await store.enqueue(callback(0, number), digest=digest, now_ms=at_ms, lease_ms=LEASE)
    assert [await store.sweep(before_ms=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_counts_of_an_empty_store_are_zero(store: Store) -> None:
    assert await store.counts() == StoreCounts(
        open_dispatches=0,
        pending_timers=0,
        pending_sends=0,
        pending_callbacks=0,
        dead_letters=0,
        held_webhooks=0,
    )


async def test_the_counts_are_what_is_there(store: Store) -> None:
    items = await put_items(store, send(1), callback(2), callback(3))
    await put(store, commit(2, timers_set=[timer(2), timer(2, step=1)]))
    await put(store, commit(3, status=CLOSED))
    await bury(store, items[1])
    await store.hold(
        application=SHOP, reason="unreadable", message_uuid=None, body=b"?", now_ms=NOW
    )
    assert await store.counts() == StoreCounts(
        open_dispatches=2,
        pending_timers=2,
        pending_sends=1,
        pending_callbacks=1,
        dead_letters=1,
        held_webhooks=1,
    )


async def test_what_ends_is_not_counted_any_more(store: Store) -> None:
    (item,) = await put(store, commit(timers_set=[timer()], outbox=[callback(1)]))
    await put(store, commit(revision=2, status=CLOSED, timers_dropped=[timer()]))
    await bury(store, item)
    await store.sweep(before_ms=NOW + 1, limit=9)
    counts = await store.counts()
    assert counts == replace(counts, open_dispatches=0, pending_timers=0, dead_letters=0)


async def test_an_application_with_an_open_dispatch_is_in_use(store: Store) -> None:
    await put(store, commit(application="zoo"))
    await put(store, commit(2, application="shop"))
    assert await store.applications_in_use() == ["shop", "zoo"]


async def test_an_application_with_an_open_dispatch_is_at_work(store: Store) -> None:
    await put(store, commit(application="zoo"))
    await put(store, commit(2, application="shop"))
    await put(store, commit(3, application="shop"))
    assert await store.applications_at_work() == ["shop", "zoo"]
    await put(store, commit(application="zoo", revision=2, status=CLOSED))
    assert await store.applications_at_work() == ["shop"]


async def test_an_application_with_a_callback_to_deliver_is_in_use(store: Store) -> None:
    await put(store, commit(status=CLOSED, outbox=[callback(1)]))
    assert await store.applications_in_use() == [SHOP]
    assert await store.applications_at_work() == []


async def test_an_application_whose_work_has_ended_is_not_in_use(store: Store) -> None:
    (item,) = await put(store, commit(status=CLOSED, outbox=[callback(1)]))
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert await store.applications_in_use() == []


async def test_dispatches_are_counted_by_the_instant_in_their_ids(store: Store) -> None:
    day = 1_738_540_800_000
    for index, drawn_ms in enumerate((day - 1, day, day + 1, day + 5)):
        chance = bytes([index]) * CHANCE_BYTES
        number = time_ordered_uuid(drawn_ms, chance).int
        await put(store, commit(number, application="zoo" if index == 3 else "shop"))
    await put(store, commit(9, application="shop"))

    async def accepted(application: str, since_ms: int, limit: int = 9) -> int:
        return await store.accepted_since(application, since_ms=since_ms, limit=limit)

    assert await accepted("shop", day) == 2
    assert await accepted("shop", day + 1) == 1
    assert await accepted("shop", day, limit=1) == 1
    assert await accepted("zoo", day) == 1
    assert await accepted("nobody", day) == 0


async def test_a_closed_dispatch_without_its_plan_is_counted(store: Store) -> None:
    day = 1_738_540_800_000
    number = time_ordered_uuid(day, bytes(CHANCE_BYTES)).int
    await put(store, commit(number))
    await put(store, commit(number, revision=2, status=CLOSED))
    await store.sweep(before_ms=NOW + 1, limit=9)
    assert await store.accepted_since(SHOP, since_ms=day, limit=9) == 1
