"""Webhooks that could not be used when they came."""

from __future__ import annotations

import asyncio

from gateway.stores.base import Store
from tests.gateway.stores.building import NOW, SHOP, commit, put, uuid_of

MESSAGE = uuid_of(7)


async def hold(
    store: Store,
    body: bytes = b"{}",
    *,
    application: str = SHOP,
    reason: str = "unmatched",
    message_uuid: str | None = MESSAGE,
    now_ms: int = NOW,
) -> tuple[str, int] | None:
    return await store.hold(
        application=application,
        reason=reason,
        message_uuid=message_uuid,
        body=body,
        now_ms=now_ms,
    )


async def test_an_unmatched_webhook_waits_for_its_message(store: Store) -> None:
    assert await hold(store) is None
    (held,) = await store.held_for(MESSAGE)
    assert (held.application, held.reason, held.message_uuid) == (SHOP, "unmatched", MESSAGE)
    assert (held.body, held.received_ms) == (b"{}", NOW)


async def test_a_webhook_whose_message_is_bound_by_now_is_not_kept(store: Store) -> None:
    await put(store, commit(bindings=[(MESSAGE, 1)]))
    assert await hold(store) == (uuid_of(1), 1)
    assert (await store.counts()).held_webhooks == 0


async def test_a_webhook_and_the_commit_it_waits_for_cannot_miss_each_other(store: Store) -> None:
    found, _ = await asyncio.gather(hold(store), put(store, commit(bindings=[(MESSAGE, 1)])))
    kept = len(await store.held_for(MESSAGE))
    assert (found, kept) in [(None, 1), ((uuid_of(1), 1), 0)]


async def test_the_same_body_is_kept_once(store: Store) -> None:
    await hold(store)
    await hold(store, now_ms=NOW + 1)
    assert (await store.counts()).held_webhooks == 1


async def test_the_same_body_is_kept_for_each_application(store: Store) -> None:
    await hold(store)
    await hold(store, application="other")
    assert (await store.counts()).held_webhooks == 2


async def test_a_body_held_again_is_held_for_the_latest_reason(store: Store) -> None:
    await hold(store)
    await hold(store, reason="unreadable", message_uuid=None)
    await put(store, commit(bindings=[(MESSAGE, 1)]))
    assert list(await store.matchable(limit=9)) == []
    assert (await store.counts()).held_webhooks == 1


async def test_the_oldest_waits_in_front(store: Store) -> None:
    for age, body in ((1, b"young"), (9, b"old"), (5, b"between")):
        await hold(store, body, now_ms=NOW - age)
    assert [held.body for held in await store.held_for(MESSAGE)] == [b"old", b"between", b"young"]


async def test_webhooks_of_other_messages_do_not_wait_for_this_one(store: Store) -> None:
    await hold(store, message_uuid=uuid_of(8))
    assert list(await store.held_for(MESSAGE)) == []


async def test_webhooks_held_for_another_reason_wait_for_nothing(store: Store) -> None:
    await hold(store, reason="unreadable")
    assert list(await store.held_for(MESSAGE)) == []


async def test_a_webhook_without_message_id_is_kept_for_a_person(store: Store) -> None:
    await hold(store, reason="unreadable", message_uuid=None)
    assert (await store.counts()).held_webhooks == 1


async def test_a_dropped_webhook_is_forgotten(store: Store) -> None:
    await hold(store)
    (held,) = await store.held_for(MESSAGE)
    await store.drop_held(held.held_id)
    assert list(await store.held_for(MESSAGE)) == []


async def test_dropping_a_webhook_twice_does_nothing(store: Store) -> None:
    await hold(store, b"one")
    (held,) = await store.held_for(MESSAGE)
    await hold(store, b"two")
    await store.drop_held(held.held_id)
    await store.drop_held(held.held_id)
    assert (await store.counts()).held_webhooks == 1


async def test_a_webhook_becomes_matchable_when_its_message_is_bound(store: Store) -> None:
    await hold(store)
    assert list(await store.matchable(limit=9)) == []
    await put(store, commit(bindings=[(MESSAGE, 1)]))
    assert [held.message_uuid for held in await store.matchable(limit=9)] == [MESSAGE]


async def test_only_unmatched_webhooks_are_matchable(store: Store) -> None:
    await hold(store, reason="unreadable")
    await put(store, commit(bindings=[(MESSAGE, 1)]))
    assert list(await store.matchable(limit=9)) == []


async def test_matchable_webhooks_come_up_to_the_limit(store: Store) -> None:
    for number in range(3):
        await hold(store, str(number).encode(), now_ms=NOW + number)
    await put(store, commit(bindings=[(MESSAGE, 1)]))
    assert [held.body for held in await store.matchable(limit=2)] == [b"0", b"1"]
