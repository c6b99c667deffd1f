"""The engine: each event counts once, whoever else is deciding; strangers learn nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.core.events import ExpiryReached, StatusReceived, StatusReport
from gateway.core.state import StepStatus
from gateway.correlation import Disposition
from gateway.engine import IdempotencyConflict, UnknownDispatch
from gateway.stores.base import OutboxKind, WebhookCause
from tests.support.bench import Bench, a_bench, plan_of
from tests.support.loopback import Reply
from tests.support.world import WHATSAPP_THEN_SMS, step, workflow

UNKNOWN = "01948000-0000-7000-8000-000000000000"
SUBMITTED = StatusReceived(step=0, report=StatusReport(status="submitted"))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """The parts of a gateway with the usual settings."""
    async with a_bench(tmp_path) as parts:
        yield parts


async def accept(bench: Bench, key: str, body: str = "a") -> str | IdempotencyConflict:
    """Accept a workflow under an idempotency key."""
    return await bench.engine.accept(
        bench.settings.applications[0],
        plan_of(WHATSAPP_THEN_SMS),
        idempotency_key=key,
        fingerprint=body,
    )


async def failed_over(bench: Bench) -> str:
    """Return a dispatch whose first step expired."""
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.fire_after(600)
    return dispatch_uuid


async def test_accepting_sends_nothing(bench: Bench) -> None:
    await bench.dispatch()
    assert bench.upstream.seen == []


async def test_accepting_hands_the_first_send_over(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    assert [(item.kind, item.item_id.owner, item.step) for item in bench.offered] == [
        (OutboxKind.SEND, dispatch_uuid, 0)
    ]


async def test_every_acceptance_is_a_dispatch_of_its_own(bench: Bench) -> None:
    assert await bench.dispatch() != await bench.dispatch()


async def test_the_same_key_and_body_are_the_same_dispatch(bench: Bench) -> None:
    first, again = await accept(bench, "k"), await accept(bench, "k")
    assert (first, len(bench.offered)) == (again, 1)


async def test_the_same_key_with_another_body_is_a_conflict(bench: Bench) -> None:
    await accept(bench, "k")
    assert isinstance(await accept(bench, "k", body="b"), IdempotencyConflict)


async def test_another_key_is_another_dispatch(bench: Bench) -> None:
    assert await accept(bench, "k") != await accept(bench, "l")


async def test_of_many_at_once_with_one_key_one_is_accepted(bench: Bench) -> None:
    accepted = await asyncio.gather(*(accept(bench, "k") for _ in range(50)))
    assert (len(set(accepted)), len(bench.offered)) == (1, 1)


async def test_many_webhooks_at_once_all_count_once(bench: Bench) -> None:
    instants = [f"2025-02-03T12:{n // 60:02}:{n % 60:02}" for n in range(120)]
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    dispositions = await asyncio.gather(
        *(bench.hear(dispatch_uuid, "submitted", timestamp=f"{each}Z") for each in instants)
    )
    told = [str(status["timestamp"]) for status in await bench.told()]
    assert set(dispositions) == {Disposition.APPLIED}
    assert sorted(told) == [f"{each}.000Z" for each in instants]


async def test_events_that_two_engines_decide_at_once_all_count(bench: Bench) -> None:
    instants = [f"2025-02-03T12:00:{n:02}" for n in range(40)]
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    another = replace(bench, offered=[])  # other parts, as another process would have
    benches = itertools.cycle((bench, another))
    await asyncio.gather(
        *(
            each.hear(dispatch_uuid, "submitted", timestamp=f"{instant}Z")
            for each, instant in zip(benches, instants, strict=False)
        )
    )
    history = await bench.store.history(dispatch_uuid)
    assert [entry.revision for entry in history] == list(range(1, 43))


async def test_one_webhook_fifty_times_at_once_counts_once(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    dispositions = await asyncio.gather(
        *(bench.hear(dispatch_uuid, "submitted") for _ in range(50))
    )
    assert sorted(dispositions) == [Disposition.APPLIED, *[Disposition.DUPLICATE] * 49]
    assert len(await bench.told()) == 1


async def test_events_of_all_kinds_at_once_close_a_dispatch_once(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch(workflow(step("sms")))
    await bench.send()
    bench.clock.advance(72 * 3600)
    await asyncio.gather(
        bench.timers.fire_due(),
        bench.hear(dispatch_uuid, "delivered"),
        bench.hear(dispatch_uuid, "rejected"),
    )
    reports = [told for told in await bench.told() if "template" in told]
    assert len(reports) == 1


async def test_a_spent_cause_decides_nothing(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    cause = WebhookCause(digest=b"said-before")
    first = await bench.engine.apply(dispatch_uuid, SUBMITTED, cause)
    again = await bench.engine.apply(dispatch_uuid, SUBMITTED, cause)
    assert (first is None, again) == (False, None)


async def test_a_dispatch_nobody_knows_is_unknown(bench: Bench) -> None:
    with pytest.raises(UnknownDispatch):
        await bench.engine.apply(UNKNOWN, SUBMITTED, WebhookCause(digest=b"d"))


async def test_a_step_that_a_dispatch_lacks_is_unknown(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    with pytest.raises(UnknownDispatch):
        await bench.engine.apply(
            dispatch_uuid, ExpiryReached(step=2, due_ms=0), WebhookCause(digest=b"d")
        )


async def test_a_dispatch_of_somebody_else_is_unknown(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    with pytest.raises(UnknownDispatch):
        await bench.engine.apply(
            dispatch_uuid,
            SUBMITTED,
            WebhookCause(digest=b"d"),
            permits=lambda application: False,
        )


async def test_a_webhook_signed_by_somebody_else_changes_nothing(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    disposition = await bench.hear(dispatch_uuid, "read", sender="account:somebody-else")
    assert (disposition, await bench.standing(dispatch_uuid)) == (
        Disposition.FORBIDDEN,
        "open: waiting pending",
    )


async def test_an_acceptance_is_counted(bench: Bench) -> None:
    await bench.dispatch()
    assert bench.counted("gateway_dispatches_accepted_total") == 1


async def test_a_repeated_acceptance_is_not_counted(bench: Bench) -> None:
    await accept(bench, "k")
    await accept(bench, "k")
    assert bench.counted("gateway_dispatches_accepted_total") == 1


async def test_a_failover_is_counted_by_channel_and_reason(bench: Bench) -> None:
    await failed_over(bench)
    assert bench.counted("gateway_failovers_total", channel="whatsapp", reason="expired") == 1


async def test_the_end_of_a_last_step_is_not_a_failover(bench: Bench) -> None:
    bench.upstream.replies.append(Reply(status=422))
    await bench.dispatch(workflow(step("sms")))
    await bench.send()
    assert bench.counted("gateway_failovers_total", channel="sms", reason="rejected") == 0


@pytest.mark.parametrize(("word", "status"), [("delivered", "completed"), ("rejected", "error")])
async def test_the_end_of_a_dispatch_is_counted_by_its_status(
    bench: Bench, word: str, status: str
) -> None:
    dispatch_uuid = await bench.dispatch(workflow(step("sms")))
    await bench.send()
    await bench.hear(dispatch_uuid, word)
    assert bench.counted("gateway_dispatches_closed_total", status=status) == 1


async def test_a_late_delivery_is_counted_once_a_message(bench: Bench) -> None:
    dispatch_uuid = await failed_over(bench)
    for word in ("submitted", "delivered", "read"):
        await bench.hear(dispatch_uuid, word)
    assert bench.counted("gateway_late_deliveries_total", channel="whatsapp") == 1


async def test_a_delivery_before_the_expiry_is_not_late(bench: Bench) -> None:
    dispatch_uuid = await bench.dispatch()
    await bench.send()
    await bench.hear(dispatch_uuid, "delivered")
    await bench.fire_after(600)
    await bench.hear(dispatch_uuid, "read")
    assert bench.counted("gateway_late_deliveries_total", channel="whatsapp") == 0


async def test_a_delivery_after_which_nothing_could_have_been_sent_is_not_late(
    bench: Bench,
) -> None:
    dispatch_uuid = await bench.dispatch(workflow(step("sms")))
    await bench.send()
    await bench.fire_after(72 * 3600)
    before = (await bench.steps(dispatch_uuid))[0].status
    await bench.hear(dispatch_uuid, "delivered")
    assert before is StepStatus.EXPIRED
    assert bench.counted("gateway_late_deliveries_total", channel="sms") == 0


async def test_a_step_in_doubt_is_counted_by_cause(bench: Bench) -> None:
    bench.upstream.replies.append(Reply(status=502))
    await bench.dispatch()
    await bench.send()
    assert bench.counted("gateway_steps_in_doubt_total", cause="answered-502") == 1


async def test_the_history_tells_every_event_once(bench: Bench) -> None:
    dispatch_uuid = await failed_over(bench)
    history = await bench.store.history(dispatch_uuid)
    assert [(entry.revision, type(entry.event).__name__) for entry in history] == [
        (1, "DispatchAccepted"),
        (2, "SendAccepted"),
        (3, "ExpiryReached"),
    ]


async def test_each_commit_is_one_line_of_the_log(bench: Bench) -> None:
    with capture_logs() as lines:
        await failed_over(bench)
    committed = [line for line in lines if line["event"] == "dispatch.event_committed"]
    assert [line["revision"] for line in committed] == [1, 2, 3]


async def test_no_line_of_the_log_tells_a_number_or_a_text(bench: Bench) -> None:
    bench.upstream.replies.append(Reply(status=429))
    bench.receiver.replies.append(Reply(status=410))
    with capture_logs() as lines:
        dispatch_uuid = await bench.dispatch(workflow(step("sms", text="canary-text")))
        await bench.send()
        await bench.send_after(1)
        await bench.hear(dispatch_uuid, "delivered")
        await bench.deliver()
    text = str(lines)
    assert [secret for secret in ("447700900000", "447700900001", "canary") if secret in text] == []
