"""Recorded v1 statuses, and the callbacks and report that v0.1 would have sent."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.casting import cast
from gateway.simulation.messages import dispatch_uuid_of
from gateway.simulation.recorded import OF_NO_STEP, REPEATED, Recording, Told
from gateway.simulation.scenarios import SCENARIOS
from gateway.simulation.trace import Trace, What
from tests.gateway.simulation.casts import GUIDE, fates_of, plan_of
from translators.channels import CHANNELS
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.status import MessageStatus, translate_status


def webhook_of(callback: Any) -> JsonObject:
    """Write the v1 webhook that a v0.1 callback was made of."""
    to, sender = callback["to"], callback["from"]
    webhook: JsonObject = {
        "message_uuid": callback["message_uuid"],
        "to": to.get("number") or to.get("id"),
        "from": sender.get("number") or sender.get("id"),
        "timestamp": callback["timestamp"],
        "status": callback["status"],
        "channel": CHANNELS[to["type"]].v1_name,
    }
    if "usage" in callback:
        webhook["usage"] = callback["usage"]
    if "error" in callback:
        code, reason = callback["error"]["code"], callback["error"]["reason"]
        webhook["error"] = {"title": str(code), "detail": f"{reason} - as it was"}
    return webhook


def status_of(callback: Any) -> MessageStatus:
    status = translate_status(webhook_of(callback)).value
    assert status is not None
    return status


def callbacks_of(trace: Trace) -> list[JsonObject]:
    return [each.body for each in trace.entries if each.what is What.CALLBACK and each.body]


def recorded(plan: DispatchPlan, callbacks: list[JsonObject]) -> tuple[Recording, list[Told]]:
    recording = Recording(plan, dispatch_uuid_of(plan))
    return recording, [recording.take(status_of(each)) for each in callbacks]


def guide(*lines: str) -> tuple[DispatchPlan, Trace]:
    plan = plan_of(*GUIDE)
    return plan, run_gateway(plan, fates_of(plan, *lines))


def timeless(report: JsonObject | None) -> JsonObject:
    """Leave out when a report was made: a record knows when statuses came about, not when told."""
    assert report is not None
    return {name: value for name, value in report.items() if name != "timestamp"}


def is_recorded(name: str) -> bool:
    fate = SCENARIOS[name]
    return bool(fate.happenings)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if is_recorded(name)])
def test_a_record_gives_the_callbacks_of_the_run_it_was_made_of(name: str) -> None:
    plan = plan_of(*GUIDE)
    parts, _ = cast(plan, [], {0: name})
    trace = run_gateway(plan, [part.fate for part in parts])
    _, told = recorded(plan, callbacks_of(trace))
    assert [each.callback for each in told] == callbacks_of(trace)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if is_recorded(name)])
def test_a_record_gives_the_report_of_the_run_it_was_made_of(name: str) -> None:
    plan = plan_of(*GUIDE)
    parts, _ = cast(plan, [], {0: name})
    trace = run_gateway(plan, [part.fate for part in parts])
    recording, _ = recorded(plan, callbacks_of(trace))
    assert trace.report is not None
    assert timeless(recording.report) == timeless(trace.report.body)


def test_a_status_recorded_twice_has_one_callback() -> None:
    plan, trace = guide("1 delivered @1s")
    first = callbacks_of(trace)[0]
    _, told = recorded(plan, [first, first])
    assert told[1] == Told(step=0, callback=None, ignored=REPEATED)


def test_a_status_of_no_step_has_a_callback_without_links() -> None:
    plan, trace = guide("1 delivered @1s")
    stranger: JsonObject = {
        **callbacks_of(trace)[0],
        "message_uuid": "11111111-bbbb-4ccc-8ddd-000000000009",
        "to": {"type": "mms", "number": "447700900999"},
    }
    _, told = recorded(plan, [stranger])
    assert (told[0].step, told[0].ignored) == (None, OF_NO_STEP)
    assert told[0].callback is not None
    assert "_links" not in told[0].callback


def test_a_record_that_ends_early_has_no_report() -> None:
    plan, trace = guide("1 submitted @1s", "1 delivered @5s")
    recording, _ = recorded(plan, callbacks_of(trace)[:1])
    assert recording.is_open
    assert recording.report is None


def test_a_step_that_was_sent_a_little_early_proves_that_the_one_before_was_given_up() -> None:
    plan, trace = guide("1 submitted @1s", "2 submitted @0s", "2 delivered @2s")
    first, second, third = callbacks_of(trace)
    early = {**second, "timestamp": "2025-01-01T00:09:58.000Z"}
    recording, told = recorded(plan, [first, early, third])
    assert [each.step for each in told] == [0, 1, 1]
    assert recording.report is not None
    assert recording.report["status"] == "completed"


def test_a_message_without_any_status_is_listed_in_the_report_all_the_same() -> None:
    plan, trace = guide("1 submitted @1s", "2 delivered @2s")
    recording, _ = recorded(plan, callbacks_of(trace)[1:])
    report: Any = recording.report
    assert [each["status"] for each in report["_links"]["messages"]] == ["submitted", "delivered"]


def test_a_message_whose_first_status_comes_after_the_report_has_its_own_id_in_it() -> None:
    plan, trace = guide("1 submitted @1s", "2 delivered @2s")
    first, second = callbacks_of(trace)
    recording, _ = recorded(plan, [second, first])
    report: Any = recording.report
    listed = [each["message_uuid"] for each in report["_links"]["messages"]]
    assert listed == [first["message_uuid"], second["message_uuid"]]


def test_a_late_status_is_told_and_changes_nothing() -> None:
    plan, trace = guide("1 delivered @20m", "2 delivered @2s")
    _, told = recorded(plan, callbacks_of(trace))
    assert (told[-1].step, told[-1].ignored) == (0, "step-resolved")
    assert told[-1].callback is not None


def test_a_status_without_a_readable_time_comes_when_the_one_before_it_did() -> None:
    plan, trace = guide("1 submitted @1s", "1 delivered @5s")
    first, second = callbacks_of(trace)
    recording, _ = recorded(plan, [first, {**second, "timestamp": "yesterday"}])
    assert recording.report is not None


def test_two_steps_to_one_number_are_told_apart_by_their_order() -> None:
    plan = plan_of("sms delivered 15", "sms")
    trace = run_gateway(plan, fates_of(plan, "1 submitted @1s", "2 delivered @1s"))
    _, told = recorded(plan, callbacks_of(trace))
    assert [each.step for each in told] == [0, 1]
