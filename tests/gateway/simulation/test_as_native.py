"""A workflow under native v1 failover, as its documents describe it."""

from __future__ import annotations

import pytest

from gateway.simulation.as_native import run_native
from gateway.simulation.casting import cast
from gateway.simulation.fates import outlived
from gateway.simulation.scenarios import SCENARIOS
from gateway.simulation.trace import Outcome, Reached, Trace, What
from tests.gateway.simulation.casts import GUIDE, plan_of, played, sends, told, whys

THREE = ("sms delivered 60", "mms delivered 600", "sms")


def run_scenarios(*names: str) -> Trace:
    plan = plan_of(*GUIDE)
    parts, _ = cast(plan, [], dict(enumerate(names)))
    return run_native(plan, [part.fate for part in parts], ttls=(None, None))


def test_an_mms_that_is_never_delivered_stops_everything() -> None:
    trace = played(GUIDE, "1 submitted @0.2s").native
    assert sends(trace) == [(1, 0)]
    assert (trace.outcome, trace.ended_ms, trace.report) == (Outcome.UNRESOLVED, None, None)


def test_with_a_ttl_the_sms_follows_when_it_runs_out() -> None:
    trace = played(GUIDE, "1 submitted @0.2s", "2 delivered @1s").native_with_ttl
    assert sends(trace) == [(1, 0), (2, 600)]
    assert told(trace) == ["1 submitted", "1 rejected", "2 delivered"]
    assert whys(trace, What.FAILOVER) == ["ttl ran out"]


def test_with_a_ttl_nothing_arrives_late() -> None:
    trace = played(GUIDE, "1 delivered @20m", "2 delivered @1s").native_with_ttl
    assert [each.channel for each in trace.arrived] == ["sms"]


def test_without_a_ttl_a_late_delivery_is_the_only_one() -> None:
    trace = played(GUIDE, "1 delivered @20m").native
    assert [each.channel for each in trace.arrived] == ["mms"]


def test_a_delivery_at_the_very_end_of_the_ttl_is_in_time() -> None:
    assert sends(played(GUIDE, "1 delivered @10m").native_with_ttl) == [(1, 0)]


def test_a_message_may_be_read_after_its_ttl_if_it_was_delivered_before() -> None:
    assert outlived(SCENARIOS["read"], 1) == SCENARIOS["read"]


def test_rejected_fails_over_at_once() -> None:
    assert sends(played(GUIDE, "1 rejected 1300 @5s").native) == [(1, 0), (2, 5)]


def test_undeliverable_ends_the_workflow() -> None:
    trace = played(GUIDE, "1 undeliverable 1331 @3s").native
    assert sends(trace) == [(1, 0)]
    assert (trace.outcome, trace.ended_ms) == (Outcome.ERROR, 3_000)


def test_undeliverable_can_be_assumed_to_fail_over() -> None:
    trace = played(GUIDE, "1 undeliverable 1331 @3s", undeliverable_fails_over=True).native
    assert sends(trace) == [(1, 0), (2, 3)]


def test_read_is_not_waited_for() -> None:
    trace = played(("whatsapp read 600", "sms"), "1 delivered @2s").native_with_ttl
    assert sends(trace) == [(1, 0)]


def test_a_refusal_of_the_first_message_refuses_them_all() -> None:
    trace = played(GUIDE, "1 refused 1170").native
    assert (trace.outcome, trace.messages, sends(trace)) == (Outcome.REFUSED, (), [])


@pytest.mark.parametrize("name", ["throttled", "throttled-once", "wrong-credentials"])
def test_nobody_but_the_caller_tries_a_refused_request_again(name: str) -> None:
    trace = run_scenarios(name)
    assert (trace.outcome, trace.ended_ms, sends(trace)) == (Outcome.REFUSED, 0, [])
    assert whys(trace, What.REFUSED) == ["only its caller can try again"]


def test_a_message_that_v1_sends_by_itself_is_not_throttled_at_the_door() -> None:
    trace = run_scenarios("rejected", "throttled-once")
    assert [entry.at_ms for entry in trace.callbacks if entry.step == 1] == [1_200, 2_000]


def test_a_later_message_that_would_be_refused_is_rejected_in_its_turn() -> None:
    trace = played(THREE, "1 rejected 1300 @5s", "2 refused 1170", "3 delivered @1s").native
    assert sends(trace) == [(1, 0), (2, 5), (3, 5)]
    assert told(trace) == ["1 rejected", "2 rejected", "3 delivered"]


def test_an_answer_can_only_be_lost_to_the_first_message() -> None:
    trace = played(GUIDE, "1 rejected 1300 @5s", "2 lost @0s", "2 delivered @1s").native
    assert [entry.what for entry in trace.entries].count(What.LOST) == 0
    assert trace.outcome is Outcome.COMPLETED


def test_a_lost_answer_leaves_the_caller_in_doubt() -> None:
    trace = played(GUIDE, "1 lost @30s").native
    assert [entry.at_ms for entry in trace.entries if entry.what is What.LOST] == [30_000]
    assert [each.reached for each in trace.messages] == [Reached.UNCONFIRMED]


def test_a_rejection_that_is_told_twice_sends_the_next_message_once() -> None:
    lines = ("1 rejected 1300 @5s", "1 rejected 1300 @5s", "2 submitted @1s")
    assert sends(played(GUIDE, *lines).native) == [(1, 0), (2, 5)]


def test_a_last_rejection_is_the_end() -> None:
    trace = played(GUIDE, "1 rejected @1s", "2 rejected @2s").native
    assert (trace.outcome, trace.ended_ms) == (Outcome.ERROR, 3_000)


def test_statuses_name_the_workflow_and_the_place_in_it() -> None:
    body = played(GUIDE, "1 delivered @1s").native.callbacks[0].body
    assert body is not None
    workflow = body["workflow"]
    assert isinstance(workflow, dict)
    assert (workflow["items_number"], workflow["items_total"]) == ("1", "2")
    assert len(str(workflow["workflow_id"])) == 55


def test_a_single_message_is_no_workflow() -> None:
    body = played(("sms",), "1 delivered @1s").native.callbacks[0].body
    assert body is not None
    assert "workflow" not in body
