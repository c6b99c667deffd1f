"""`commit`, `load`, `history` and `find_message`: one decision becomes durable as a whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.core.events import (
    DispatchAccepted,
    ExpiryReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
    StatusReport,
)
from gateway.core.state import DispatchStatus, Reason, Step, StepStatus, Usage
from gateway.stores.base import RequestCause, RevisionConflict, Store
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    callback,
    commit,
    dispatch,
    plan,
    positions,
    put,
    put_items,
    send,
    told,
    uuid_of,
    webhook,
)


async def test_a_committed_dispatch_is_loaded_as_it_was_given(store: Store) -> None:
    await put(store, commit())
    record = await store.load(uuid_of(1))
    assert record is not None
    assert (record.application, record.state, record.plan) == (SHOP, dispatch(), plan())


async def test_every_field_of_the_state_survives(store: Store) -> None:
    step = Step(
        channel="viber_service_msg",
        condition="delivered",
        expiry_s=15,
        status=StepStatus.EXPIRED,
        message_uuid=uuid_of(7),
        reported="undeliverable",
        usage=Usage(currency="EUR", price="0.0333"),
        deadline_ms=NOW + 15_000,
        sends=2,
    )
    state = replace(dispatch(status=DispatchStatus.ERROR), steps=(step, Step(channel="sms")))
    await put(store, replace(commit(), state=state))
    record = await store.load(uuid_of(1))
    assert record is not None
    assert record.state == state


async def test_an_unknown_dispatch_is_none(store: Store) -> None:
    assert await store.load(uuid_of(1)) is None


async def test_an_id_that_is_no_uuid_is_a_name_like_any_other(store: Store) -> None:
    assert await store.load("no uuid") is None


async def test_a_later_commit_replaces_the_state_and_keeps_the_plan(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2, status=DispatchStatus.COMPLETED))
    record = await store.load(uuid_of(1))
    assert record is not None
    assert (record.state.status, record.plan) == (DispatchStatus.COMPLETED, plan())


async def test_a_commit_that_skips_a_revision_is_refused(store: Store) -> None:
    await put(store, commit())
    with pytest.raises(RevisionConflict):
        await put(store, commit(revision=3))


async def test_a_commit_at_a_past_revision_is_refused(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2))
    with pytest.raises(RevisionConflict):
        await put(store, commit(revision=2, cause=webhook("another")))


async def test_a_dispatch_that_exists_is_not_made_again(store: Store) -> None:
    await put(store, commit())
    with pytest.raises(RevisionConflict):
        await put(store, commit())


async def test_a_dispatch_that_does_not_exist_is_not_moved(store: Store) -> None:
    with pytest.raises(RevisionConflict):
        await put(store, commit(revision=2))


async def test_a_refused_commit_leaves_nothing_behind(store: Store) -> None:
    await put(store, commit())
    before = await store.load(uuid_of(1)), await store.counts()
    refused = commit(revision=3, outbox=[callback(1), send(2)], bindings=[(uuid_of(7), 0)])
    with pytest.raises(RevisionConflict):
        await put(store, refused)
    assert (await store.load(uuid_of(1)), await store.counts()) == before
    assert await store.find_message(uuid_of(7)) is None


async def test_a_commit_without_items_hands_out_nothing(store: Store) -> None:
    assert list(await put(store, commit())) == []


async def test_appended_items_come_back_claimed_until_the_lease_ends(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    assert (item.fence, item.lease_until_ms, item.created_ms) == (1, NOW + LEASE, NOW)
    assert (item.tries, item.begun_ms) == (0, None)


async def test_an_appended_item_comes_back_as_it_was_given(store: Store) -> None:
    (item,) = await put_items(store, send(1))
    assert (item.item_id, item.kind, item.application, item.url, item.step, item.body) == (
        send(1).item_id,
        send(1).kind,
        send(1).application,
        send(1).url,
        send(1).step,
        send(1).body,
    )


async def test_the_heads_of_several_lanes_come_back_in_order(store: Store) -> None:
    items = [callback(1), send(2), callback(3, url=OTHER_URL)]
    assert positions(await put_items(store, *items)) == [1, 2, 3]


async def test_items_behind_the_head_of_their_lane_are_not_handed_out(store: Store) -> None:
    assert positions(await put_items(store, callback(1), callback(2), send(3))) == [1, 3]


async def test_items_behind_one_of_an_earlier_commit_are_not_handed_out(store: Store) -> None:
    await put_items(store, callback(1))
    assert positions(await put(store, commit(revision=2, outbox=[callback(8)]))) == []


async def test_a_bound_message_is_found(store: Store) -> None:
    await put(store, commit(bindings=[(uuid_of(7), 1)]))
    assert await store.find_message(uuid_of(7)) == (uuid_of(1), 1)


async def test_a_message_id_need_not_be_a_uuid(store: Store) -> None:
    await put(store, commit(bindings=[("0C00-A", 1)]))
    assert await store.find_message("0C00-A") == (uuid_of(1), 1)


async def test_message_ids_that_differ_in_case_differ(store: Store) -> None:
    await put(store, commit(bindings=[("AAAAAAAA-0000-4000-8000-000000000000", 0)]))
    assert await store.find_message("aaaaaaaa-0000-4000-8000-000000000000") is None


async def test_a_message_that_is_not_bound_is_none(store: Store) -> None:
    assert await store.find_message(uuid_of(7)) is None


async def test_a_message_stays_bound_to_the_step_it_was_bound_to_first(store: Store) -> None:
    await put(store, commit(bindings=[(uuid_of(7), 0)]))
    await put(store, commit(2, bindings=[(uuid_of(7), 1)]))
    assert await store.find_message(uuid_of(7)) == (uuid_of(1), 0)


async def test_the_history_has_one_entry_a_revision_in_order(store: Store) -> None:
    made = [commit(), commit(revision=2), commit(revision=3, event=told("delivered"))]
    for one in made:
        await put(store, one)
    assert list(await store.history(uuid_of(1))) == [one.history for one in made]


async def test_the_history_of_an_unknown_dispatch_is_empty(store: Store) -> None:
    assert list(await store.history(uuid_of(1))) == []


@pytest.mark.parametrize(
    "event",
    [
        DispatchAccepted(),
        SendAccepted(step=1, message_uuid=uuid_of(7), intent_ms=NOW - 40, accepted_ms=NOW - 1),
        SendUnconfirmed(step=0, intent_ms=NOW - 9_000, cause="read-timeout"),
        ExpiryReached(step=0, due_ms=NOW - 3),
        StatusReceived(
            step=1,
            report=StatusReport(
                status="rejected",
                message_uuid="not a uuid",
                timestamp="2025-02-03T12:14:25.061Z",
                usage=Usage(currency="EUR", price="0.0333"),
                error_code=1340,
            ),
        ),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_an_event_survives_in_the_history(store: Store, event: DispatchAccepted) -> None:
    made = commit(event=event)
    await put(store, replace(made, history=replace(made.history, ignored=Reason.NOT_AWAITED)))
    (entry,) = await store.history(uuid_of(1))
    assert (entry.event, entry.ignored) == (event, Reason.NOT_AWAITED)


async def test_the_history_keeps_no_texts_that_came_from_outside(store: Store) -> None:
    report = StatusReport(
        status="rejected", error_code=1340, error_reason="a text", client_ref="order-42"
    )
    await put(store, commit(event=StatusReceived(step=0, report=report)))
    await put(store, commit(revision=2, event=SendRefused(step=0, code=1020, reason="a text")))
    assert [entry.event for entry in await store.history(uuid_of(1))] == [
        StatusReceived(step=0, report=StatusReport(status="rejected", error_code=1340)),
        SendRefused(step=0, code=1020, reason=""),
    ]


async def test_of_many_commits_to_one_revision_exactly_one_is_made(store: Store) -> None:
    await put(store, commit())
    outcomes = await asyncio.gather(
        *(put(store, commit(revision=2, cause=webhook(str(n)))) for n in range(50)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["RevisionConflict"] * 49 + [
        "list"
    ]


@pytest.mark.parametrize("turns", range(6))
async def test_a_commit_whose_maker_was_cancelled_is_loaded_if_it_was_made(
    store: Store, turns: int
) -> None:
    await put(store, commit())
    making = asyncio.create_task(put(store, commit(revision=2)))
    for _ in range(turns):
        await asyncio.sleep(0)
    making.cancel()
    await asyncio.wait([making])
    await store.check()  # behind which nothing of it is on its way any more
    record = await store.load(uuid_of(1))
    assert record is not None
    assert record.state.revision == len(await store.history(uuid_of(1)))


async def test_a_refused_commit_leaves_what_is_loaded_as_it_was(store: Store) -> None:
    await put(store, commit())
    await put(store, commit(revision=2))
    with pytest.raises(RevisionConflict):
        await put(store, commit(revision=2, cause=webhook("another")))
    record = await store.load(uuid_of(1))
    assert record is not None
    assert record.state.revision == 2


async def test_many_writers_move_a_dispatch_one_revision_at_a_time(store: Store) -> None:
    await put(store, commit())

    async def move(writer: int) -> None:
        while True:
            record = await store.load(uuid_of(1))
            assert record is not None
            revision = record.state.revision + 1
            try:
                await put(store, commit(revision=revision, cause=webhook(f"from {writer}")))
            except RevisionConflict:
                continue
            return

    await asyncio.gather(*(move(writer) for writer in range(25)))
    entries = await store.history(uuid_of(1))
    assert [entry.revision for entry in entries] == list(range(1, 27))


async def test_dispatches_do_not_disturb_each_other(store: Store) -> None:
    await asyncio.gather(*(put(store, commit(number)) for number in range(1, 51)))
    assert (await store.counts()).open_dispatches == 50


async def test_a_dispatch_belongs_to_the_application_that_made_it(store: Store) -> None:
    cause = RequestCause(application="other", idempotency_key="k")
    await put(store, commit(application="other", cause=cause))
    record = await store.load(uuid_of(1))
    assert record is not None
    assert record.application == "other"


async def test_checking_a_working_store_raises_nothing(store: Store) -> None:
    await store.check()


async def test_a_working_store_has_no_fault(store: Store) -> None:
    await put(store, commit())
    assert (store.fault, store.failed.is_set(), store.fatal.is_set()) == (None, False, False)


async def test_the_secret_is_32_bytes(store: Store) -> None:
    assert len(store.secret()) == 32
