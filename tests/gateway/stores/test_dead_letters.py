"""Callbacks whose schedule ended: buried, listed, exhumed."""

from __future__ import annotations

import pytest

from gateway.stores.base import (
    EVERY_LETTER,
    LetterChoice,
    LetterPlace,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    Store,
)
from tests.gateway.stores.building import (
    DAY,
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
    uuid_of,
)


async def bury(
    store: Store, item: OutboxItem, now_ms: int = NOW, *, reason: str = "refused"
) -> list[int]:
    following = await store.bury(
        item, reason=reason, http_status=422, now_ms=now_ms, lease_ms=LEASE
    )
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
    (item,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
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


async def test_what_the_last_attempt_was_answered_is_kept(store: Store) -> None:
    answered, silent = await put_items(store, callback(1), callback(2, url=OTHER_URL))
    await bury(store, answered)
    await store.bury(silent, reason="silence", http_status=None, now_ms=NOW, lease_ms=LEASE)
    assert [letter.http_status for letter in await store.dead_letters(SHOP, limit=9)] == [422, None]


async def dead(store: Store, *places: tuple[int, int]) -> None:
    """Make and bury one callback each of (dispatch, position), a second apart; the last dies first.

    The instant of making the n-th is `NOW + 1000 * n`.
    """
    items: list[OutboxItem] = []
    revisions: dict[int, int] = {}
    for number, (dispatch, position) in enumerate(places):
        revisions[dispatch] = revisions.get(dispatch, 0) + 1
        made = commit(
            dispatch,
            revisions[dispatch],
            outbox=[callback(position, dispatch, url=f"{OTHER_URL}/{number}")],
        )
        items += await put(store, made, now_ms=NOW + 1000 * number)
    for number, item in enumerate(reversed(items)):
        await bury(store, item, NOW + LEASE - 1000 + number, reason=f"reason-{number % 2}")


async def listed(
    store: Store,
    *,
    limit: int = 99,
    after: LetterPlace | None = None,
    choice: LetterChoice = EVERY_LETTER,
) -> list[str]:
    letters = await store.dead_letters(SHOP, limit=limit, after=after, choice=choice)
    return [named(letter.item.item_id) for letter in letters]


def named(item_id: OutboxItemId) -> str:
    """Return an id as `dispatch.position`, with the test's number of the dispatch."""
    return f"{int(item_id.owner[-4:], 16)}.{item_id.position}"


async def test_dead_letters_are_listed_in_the_order_of_making(store: Store) -> None:
    await dead(store, (1, 1), (2, 1), (1, 2))
    assert await listed(store) == ["1.1", "2.1", "1.2"]


async def test_what_was_made_at_one_instant_is_listed_by_its_position(store: Store) -> None:
    urls = (f"{OTHER_URL}/{number}" for number in range(3))
    items = await put_items(store, *(callback(n, url=url) for n, url in enumerate(urls, start=9)))
    for item in reversed(items):
        await bury(store, item)
    assert await listed(store) == ["1.9", "1.10", "1.11"]


async def test_a_list_goes_on_after_its_last_letter(store: Store) -> None:
    await dead(store, (1, 1), (2, 1), (1, 2))
    _, second = await store.dead_letters(SHOP, limit=2)
    assert await listed(store, after=second.place) == ["1.2"]


async def test_a_list_goes_on_where_a_letter_was_that_is_gone(store: Store) -> None:
    await dead(store, (1, 1), (2, 1), (1, 2))
    _, second = await store.dead_letters(SHOP, limit=2)
    await store.exhume(SHOP, second.item.item_id, now_ms=NOW)
    assert await listed(store, after=second.place) == ["1.2"]


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        (LetterChoice(), ["1.1", "2.1", "1.2", "3.1"]),
        (LetterChoice(since_ms=NOW + 1000), ["2.1", "1.2", "3.1"]),
        (LetterChoice(until_ms=NOW + 1000), ["1.1", "2.1"]),
        (LetterChoice(since_ms=NOW + 1001, until_ms=NOW + 2999), ["1.2"]),
        (LetterChoice(owner=uuid_of(1)), ["1.1", "1.2"]),
        (LetterChoice(reason="reason-1"), ["1.1", "1.2"]),
        (LetterChoice(owner=uuid_of(2), reason="reason-1"), []),
        (LetterChoice(owner="no uuid"), []),
    ],
)
async def test_what_meets_every_condition_is_meant(
    store: Store, choice: LetterChoice, meant: list[str]
) -> None:
    await dead(store, (1, 1), (2, 1), (1, 2), (3, 1))
    assert await listed(store, choice=choice) == meant
    assert await store.count_dead_letters(SHOP, choice) == len(meant)


async def test_dead_letters_of_another_application_are_not_counted(store: Store) -> None:
    await dead(store, (1, 1))
    assert await store.count_dead_letters("other", EVERY_LETTER) == 0


async def test_a_letter_that_dies_again_keeps_its_place(store: Store) -> None:
    await dead(store, (1, 1), (2, 1))
    (first,) = await store.dead_letters(SHOP, limit=1)
    await store.exhume(SHOP, first.item.item_id, now_ms=NOW + DAY)
    (again,) = await store.claim(
        OutboxKind.CALLBACK, now_ms=NOW + DAY, lease_ms=LEASE, room={SHOP: 9}
    )
    await bury(store, again, NOW + DAY)
    assert (await store.dead_letters(SHOP, limit=1))[0].place == first.place


async def test_dead_letters_are_listed_to_their_application_only(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert list(await store.dead_letters("other", limit=10)) == []


async def test_an_exhumed_letter_is_claimable_with_no_tries(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    assert await store.exhume(SHOP, item.item_id, now_ms=NOW + 5)
    (again,) = await store.claim(
        OutboxKind.CALLBACK, now_ms=NOW + 5, lease_ms=LEASE, room={SHOP: 1}
    )
    assert (again.item_id, again.body, again.tries) == (item.item_id, item.body, 0)


async def test_an_exhumed_letter_is_appended_anew(store: Store) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await store.exhume(SHOP, item.item_id, now_ms=NOW + 5)
    (again,) = await store.claim(
        OutboxKind.CALLBACK, now_ms=NOW + 5, lease_ms=LEASE, room={SHOP: 1}
    )
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
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
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
    (again,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 1})
    await bury(store, again, NOW + 1)
    (letter,) = await store.dead_letters(SHOP, limit=10)
    assert letter.died_ms == NOW + 1


async def replay(store: Store, *item_ids: OutboxItemId, spacing_ms: int = 0) -> int:
    """Append dead letters anew, from `NOW` on."""
    return await store.replay(SHOP, item_ids, now_ms=NOW, due_ms=NOW, spacing_ms=spacing_ms)


async def buried(store: Store, *positions: int, number: int = 1) -> list[OutboxItemId]:
    """Make callbacks of one lane and bury them all."""
    items = await put_items(store, *(callback(one, number) for one in positions), number=number)
    while items:
        items = await store.bury(
            items[0], reason="refused", http_status=422, now_ms=NOW, lease_ms=LEASE
        )
    return [callback(one, number).item_id for one in positions]


async def test_letters_that_are_replayed_are_delivered_in_order(store: Store) -> None:
    assert await replay(store, *await buried(store, 1, 2, 3)) == 3
    items = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 9})
    delivered = []
    while items:
        (item,) = items
        delivered.append(item.item_id.position)
        items = await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert delivered == [1, 2, 3]


async def test_the_order_of_a_lane_does_not_depend_on_the_order_of_the_ids(store: Store) -> None:
    await replay(store, *reversed(await buried(store, 1, 2, 3)))
    assert await due(store, NOW) == [1]


async def test_replayed_letters_of_a_second_call_join_the_lane(store: Store) -> None:
    first, second = await buried(store, 1, 2)
    await replay(store, first)
    await replay(store, second)
    assert await due(store, NOW) == [1]


async def test_replayed_letters_are_spaced_by_their_place(store: Store) -> None:
    ids = [*await buried(store, 1, number=1), *await buried(store, 2, number=2)]
    await replay(store, *ids, spacing_ms=50)
    assert [await due(store, NOW + ms) for ms in (0, 49, 50)] == [[1], [], [2]]


async def test_a_lane_of_replayed_letters_waits_for_one_that_fails(store: Store) -> None:
    await replay(store, *await buried(store, 1, 2))
    (first,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 9})
    await store.release(first, due_ms=NOW + DAY, tried=True, lane_waits_until_ms=NOW + 5)
    assert (await due(store, NOW + 4), await due(store, NOW + 5)) == ([], [2])


async def test_a_replayed_letter_that_is_detached_lets_its_lane_go_on(store: Store) -> None:
    await replay(store, *await buried(store, 1, 2))
    (first,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 9})
    following = await store.detach(first, due_ms=NOW + DAY, now_ms=NOW, lease_ms=LEASE)
    assert positions(following) == [2]


async def test_what_is_new_does_not_wait_for_replayed_letters(store: Store) -> None:
    await replay(store, *await buried(store, 1, 2))
    assert positions(await put(store, commit(revision=2, outbox=[callback(3)]))) == [3]


async def test_replayed_letters_do_not_wait_for_what_is_new(store: Store) -> None:
    ids = await buried(store, 1)
    await put(store, commit(revision=2, outbox=[callback(2)]))
    await replay(store, *ids)
    assert await due(store, NOW) == [1]


async def test_replayed_letters_have_no_tries_and_the_age_of_nothing(store: Store) -> None:
    ids = await buried(store, 1)
    await store.replay(SHOP, ids, now_ms=NOW + DAY, due_ms=NOW + DAY, spacing_ms=0)
    (again,) = await store.claim(
        OutboxKind.CALLBACK, now_ms=NOW + DAY, lease_ms=LEASE, room={SHOP: 9}
    )
    assert (again.tries, again.created_ms, again.body) == (0, NOW + DAY, b"{}")


async def test_replayed_letters_are_dead_no_longer(store: Store) -> None:
    await replay(store, *await buried(store, 1, 2))
    assert (await listed(store), (await store.counts()).pending_callbacks) == ([], 2)


async def test_only_what_is_dead_and_the_application_s_own_is_replayed(store: Store) -> None:
    (item_id,) = await buried(store, 1)
    others = await store.replay("other", [item_id], now_ms=NOW, due_ms=NOW, spacing_ms=0)
    own = [await replay(store, item_id, item_id, callback(7).item_id) for _ in range(2)]
    assert (others, own) == (0, [1, 0])


async def test_who_held_a_letter_before_it_was_replayed_does_not_hold_it_after(
    store: Store,
) -> None:
    (item,) = await put_items(store, callback(1))
    await bury(store, item)
    await replay(store, item.item_id)
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    assert await due(store, NOW) == [1]
