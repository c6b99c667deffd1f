"""Webhooks that could not be used when they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

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


# Listed for people


async def listed(
    store: Store,
    senders: Sequence[str] = (SHOP,),
    *,
    reason: str | None = None,
    after: int = 0,
    limit: int = 9,
) -> list[bytes]:
    held = await store.held(senders, reason=reason, after=after, limit=limit)
    return [one.body for one in held]


async def test_everything_that_is_held_is_listed_in_the_order_it_was_kept(store: Store) -> None:
    for body, now_ms in ((b"first", NOW + 9), (b"second", NOW), (b"third", NOW + 5)):
        await hold(store, body, now_ms=now_ms)
    assert await listed(store) == [b"first", b"second", b"third"]


async def test_what_is_listed_says_all_there_is(store: Store) -> None:
    await hold(store, b"[]", reason="unusable:STS201", message_uuid=None)
    (one,) = await store.held([SHOP], reason=None, after=0, limit=9)
    assert (one.application, one.reason, one.message_uuid) == (SHOP, "unusable:STS201", None)
    assert (one.body, one.received_ms) == (b"[]", NOW)


async def test_only_webhooks_of_the_senders_that_are_asked_for_are_listed(store: Store) -> None:
    for sender in (SHOP, "other", "third"):
        await hold(store, sender.encode(), application=sender)
    assert await listed(store, ["other", "nobody", SHOP]) == [SHOP.encode(), b"other"]
    assert await listed(store, []) == []


async def test_webhooks_are_listed_by_the_word_of_their_reason(store: Store) -> None:
    for reason in ("unusable", "unusable:STS201,STS202", "unusable-too", "unmatched"):
        await hold(store, reason.encode(), reason=reason)
    assert await listed(store, reason="unusable") == [b"unusable", b"unusable:STS201,STS202"]
    assert await listed(store, reason="unusable:STS201,STS202") == [b"unusable:STS201,STS202"]
    assert await listed(store, reason="unus%") == []


async def test_a_page_begins_behind_the_last_one_of_the_page_before(store: Store) -> None:
    for number in range(5):
        await hold(store, str(number).encode(), reason="unreadable")
        await hold(store, f"other {number}".encode(), application="other")
    after, pages = 0, []
    while page := await store.held([SHOP], reason=None, after=after, limit=2):
        pages.append([one.body for one in page])
        after = page[-1].held_id
    assert pages == [[b"0", b"1"], [b"2", b"3"], [b"4"]]


async def test_a_body_held_again_keeps_its_place(store: Store) -> None:
    await hold(store, b"first")
    await hold(store, b"second")
    await hold(store, b"first", reason="unreadable", now_ms=NOW + 9)
    assert await listed(store) == [b"first", b"second"]


async def test_a_held_webhook_is_found_by_its_number_until_it_is_gone(store: Store) -> None:
    await hold(store, b"one")
    (one,) = await store.held([SHOP], reason=None, after=0, limit=9)
    assert await store.held_webhook(one.held_id) == one
    await store.drop_held(one.held_id)
    assert await store.held_webhook(one.held_id) is None


@pytest.mark.parametrize("number", [0, 2**63, 10**30])
async def test_a_number_that_was_never_given_names_nothing(store: Store, number: int) -> None:
    await hold(store)
    assert await store.held_webhook(number) is None


async def test_behind_any_number_that_was_never_given_there_is_nothing(store: Store) -> None:
    await hold(store)
    assert await listed(store, after=10**30) == []
