"""From a verified webhook to its step: the two ways in, what waits, and who may speak."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.core.events import SendAccepted, StatusReceived
from gateway.correlation import Disposition
from gateway.stores.base import OutboxCause, OutboxKind
from gateway.stores.record import pack_id
from gateway.tokens import StepAddress
from tests.support.bench import UNHEARD_OF, Bench, a_bench, status_body
from tests.support.world import API_KEY
from translators.diagnostics import JsonValue

ACCOUNT = f"account:{API_KEY}"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with a_bench(tmp_path) as bench:
        yield bench


async def sent(bench: Bench) -> tuple[str, str]:
    """Have a message accepted by the upstream; return dispatch and message."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    message_uuid = (await bench.steps(dispatch_uuid))[0].message_uuid
    assert message_uuid is not None
    return dispatch_uuid, message_uuid


async def held(bench: Bench) -> int:
    return (await bench.store.counts()).held_webhooks


# The two ways in


async def test_a_token_names_the_step(bench: Bench) -> None:
    dispatch_uuid, _ = await sent(bench)
    assert await bench.hear(dispatch_uuid, "read") is Disposition.APPLIED
    assert await bench.standing(dispatch_uuid) == "completed: met pending"


async def test_a_message_id_names_the_step_too(bench: Bench) -> None:
    dispatch_uuid, message_uuid = await sent(bench)
    assert await bench.hear_of(message_uuid, "read") is Disposition.APPLIED
    assert await bench.standing(dispatch_uuid) == "completed: met pending"


async def test_a_message_id_is_the_same_in_either_case(bench: Bench) -> None:
    _, message_uuid = await sent(bench)
    assert await bench.hear_of(message_uuid.upper(), "read") is Disposition.APPLIED


async def test_the_token_wins_over_the_message_id(bench: Bench) -> None:
    first, _ = await sent(bench)
    second, message_uuid = await sent(bench)
    heard = await bench.hear(first, "read", message_uuid=message_uuid)
    assert heard is Disposition.HELD_OTHER_MESSAGE
    assert await bench.standing(second) == "open: waiting pending"


async def test_a_message_learned_by_a_webhook_is_known_from_then_on(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.hear(dispatch_uuid, "submitted", message_uuid=UNHEARD_OF)
    assert await bench.hear_of(UNHEARD_OF, "read") is Disposition.APPLIED


async def test_a_status_of_a_step_nobody_sent_is_held_for_a_person(bench: Bench) -> None:
    dispatch_uuid, _ = await sent(bench)
    with capture_logs() as lines:
        heard = await bench.hear(dispatch_uuid, "read", step=1)
    assert (heard, await held(bench)) == (Disposition.HELD_NOT_SENT_YET, 1)
    assert [(line["log_level"], line.get("reason")) for line in lines][-1] == (
        "error",
        "not-sent-yet",
    )


FAR_OFF = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


@pytest.mark.parametrize("timestamp", FAR_OFF)
async def test_an_instant_outside_the_years_is_kept_as_it_is_written(
    bench: Bench, timestamp: str
) -> None:
    dispatch_uuid, _ = await sent(bench)
    assert await bench.hear(dispatch_uuid, "read", timestamp=timestamp) is Disposition.APPLIED
    event = (await bench.store.history(dispatch_uuid))[-1].event
    assert isinstance(event, StatusReceived)
    assert event.report.timestamp == timestamp


# Said before


CHANGES: dict[str, dict[str, JsonValue]] = {
    "another time": {"timestamp": "2025-02-03T12:14:26Z"},
    "a charge": {"usage": {"currency": "EUR", "price": "0.0333"}},
    "an error": {"error": {"title": "1300"}},
}


@pytest.mark.parametrize("row", CHANGES)
async def test_what_says_something_new_is_another_event(bench: Bench, row: str) -> None:
    dispatch_uuid, message_uuid = await sent(bench)
    await bench.hear(dispatch_uuid, "submitted")
    said = orjson.loads(status_body("submitted", message_uuid))
    body = orjson.dumps({**said, **CHANGES[row]})
    heard = await bench.correlator.receive(body, sender=ACCOUNT, address=None)
    assert heard is Disposition.APPLIED


async def test_the_same_words_written_otherwise_are_a_repetition(bench: Bench) -> None:
    dispatch_uuid, message_uuid = await sent(bench)
    await bench.hear(dispatch_uuid, "submitted")
    document = orjson.loads(status_body("submitted", message_uuid))
    rewritten = orjson.dumps(dict(reversed(document.items())), option=orjson.OPT_INDENT_2)
    heard = await bench.correlator.receive(rewritten, sender=ACCOUNT, address=None)
    assert heard is Disposition.DUPLICATE


async def test_one_timestamp_in_two_spellings_is_a_repetition(bench: Bench) -> None:
    dispatch_uuid, _ = await sent(bench)
    await bench.hear(dispatch_uuid, "submitted", timestamp="2025-02-03T12:14:25Z")
    heard = await bench.hear(dispatch_uuid, "submitted", timestamp="2025-02-03 12:14:25 UTC")
    assert heard is Disposition.DUPLICATE


async def test_a_repetition_a_day_later_is_still_one(bench: Bench) -> None:
    dispatch_uuid, _ = await sent(bench)
    await bench.hear(dispatch_uuid, "submitted")
    bench.clock.advance(24 * 3600)
    assert await bench.hear(dispatch_uuid, "submitted") is Disposition.DUPLICATE


async def test_the_same_words_about_two_messages_are_two_events(bench: Bench) -> None:
    first, _ = await sent(bench)
    second, _ = await sent(bench)
    heard = [await bench.hear(first, "read"), await bench.hear(second, "read")]
    assert heard == [Disposition.APPLIED] * 2


# What waits for its message


async def test_a_webhook_that_matches_nothing_waits(bench: Bench) -> None:
    assert await bench.hear_of(UNHEARD_OF, "read") is Disposition.HELD_UNMATCHED
    assert await held(bench) == 1


async def test_webhooks_that_waited_are_applied_in_the_order_they_came(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    for word in ("submitted", "delivered", "read"):
        await bench.hear_of(UNHEARD_OF, word)
        bench.clock.advance(1)
    await accept(bench, dispatch_uuid, OutboxCause(item_id=item.item_id, fence=item.fence))
    await bench.correlator.match_held(UNHEARD_OF)
    told = [body["status"] for body in await bench.told()]
    assert (told, await held(bench)) == (["submitted", "delivered", "read", "completed"], 0)


async def accept(bench: Bench, dispatch_uuid: str, cause: OutboxCause) -> None:
    """Commit that the upstream accepted the first step, and do nothing more, as if to crash."""
    now_ms = bench.clock.now_ms()
    event = SendAccepted(step=0, message_uuid=UNHEARD_OF, intent_ms=now_ms, accepted_ms=now_ms)
    await bench.engine.apply(dispatch_uuid, event, cause)


async def test_what_a_crash_left_unmatched_is_matched_afterwards(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    await bench.hear_of(UNHEARD_OF, "read")
    await accept(bench, dispatch_uuid, OutboxCause(item_id=item.item_id, fence=item.fence))
    await bench.correlator.match_leftovers()
    assert await bench.standing(dispatch_uuid) == "completed: met pending"
    assert await held(bench) == 0


async def test_a_webhook_and_the_commit_it_needs_cannot_miss_each_other(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    cause = OutboxCause(item_id=item.item_id, fence=item.fence)
    _, heard = await asyncio.gather(
        accept(bench, dispatch_uuid, cause), bench.hear_of(UNHEARD_OF, "read")
    )
    assert heard is Disposition.APPLIED
    assert await bench.standing(dispatch_uuid) == "completed: met pending"


async def test_the_same_webhook_waits_once(bench: Bench) -> None:
    for _ in range(3):
        await bench.hear_of(UNHEARD_OF, "read")
    assert await held(bench) == 1


async def test_what_cannot_be_read_is_kept_under_the_rules_it_breaks(bench: Bench) -> None:
    with capture_logs() as lines:
        heard = await bench.correlator.receive(b"[]", sender=ACCOUNT, address=None)
    assert heard is Disposition.HELD_UNUSABLE
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("webhook.held", "unusable:STS201")
    ]


async def test_a_webhook_that_cannot_be_applied_stops_no_other_and_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    await bench.hear_of(UNHEARD_OF, "submitted")
    await bench.hear_of(UNHEARD_OF, "read")
    await accept(bench, dispatch_uuid, OutboxCause(item_id=item.item_id, fence=item.fence))
    apply = bench.engine.apply

    async def fail_once(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(bench.engine, "apply", apply)
        raise ZeroDivisionError

    monkeypatch.setattr(bench.engine, "apply", fail_once)
    with capture_logs() as lines:
        await bench.correlator.match_leftovers()
    assert await bench.standing(dispatch_uuid) == "completed: met pending"
    assert await held(bench) == 1
    assert [line["reason"] for line in lines if line["log_level"] == "error"] == ["failed"]


async def test_a_held_webhook_of_another_message_is_kept_and_waits_no_more(
    tmp_path: Path,
) -> None:
    async with a_bench(tmp_path) as bench:
        await sent(bench)
        await bench.hear_of(UNHEARD_OF, "read")
    with contextlib.closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
        connection.execute("UPDATE message SET uuid = ?", (pack_id(UNHEARD_OF),))
    async with a_bench(tmp_path, clock=bench.clock) as bench:
        waiting = len(await bench.store.matchable(limit=9))
        await bench.correlator.match_leftovers()
        after = len(await bench.store.matchable(limit=9))
        assert (waiting, after, await held(bench)) == (1, 0, 1)


# Who may speak


async def test_a_stranger_s_token_changes_nothing(bench: Bench) -> None:
    dispatch_uuid, _ = await sent(bench)
    heard = await bench.hear(dispatch_uuid, "read", sender="account:stranger")
    assert heard is Disposition.FORBIDDEN
    assert (await bench.standing(dispatch_uuid), await held(bench)) == ("open: waiting pending", 0)


@pytest.mark.parametrize(
    "address",
    [
        StepAddress(dispatch_uuid=UNHEARD_OF, step=0),
        StepAddress(dispatch_uuid="0194cbbb-b8e8-7955-9ba9-1faf7a024204", step=2),
    ],
    ids=["no such dispatch", "no such step"],
)
async def test_a_token_that_names_nothing_any_more_is_heard_and_counted(
    bench: Bench, address: StepAddress
) -> None:
    await sent(bench)
    body = status_body("read", UNHEARD_OF)
    heard = await bench.correlator.receive(body, sender=ACCOUNT, address=address)
    assert (heard, await held(bench)) == (Disposition.UNKNOWN_DISPATCH, 0)


async def test_a_stranger_with_a_token_for_a_step_that_is_not_there_is_forbidden(
    bench: Bench,
) -> None:
    dispatch_uuid, _ = await sent(bench)
    address = StepAddress(dispatch_uuid=dispatch_uuid, step=2)
    body = status_body("read", UNHEARD_OF)
    heard = await bench.correlator.receive(body, sender="account:stranger", address=address)
    assert heard is Disposition.FORBIDDEN


async def test_what_a_stranger_left_waiting_is_not_applied_and_raises_an_alarm(
    bench: Bench,
) -> None:
    body = status_body("rejected", UNHEARD_OF)
    dispatch_uuid = await bench.dispatch()
    (item,) = await bench.take(OutboxKind.SEND)
    await bench.correlator.receive(body, sender="account:stranger", address=None)
    await accept(bench, dispatch_uuid, OutboxCause(item_id=item.item_id, fence=item.fence))
    with capture_logs() as lines:
        await bench.correlator.match_held(UNHEARD_OF)
    assert await bench.standing(dispatch_uuid) == "open: waiting pending"
    assert [(line["log_level"], line["reason"]) for line in lines] == [
        ("error", "not-permitted"),
        ("warning", "not-permitted"),
    ]
    assert (await held(bench), await bench.store.matchable(limit=9)) == (1, [])
