"""One quirk of a service is one finding of the right kind, and nothing else is reported."""

from __future__ import annotations

from dataclasses import replace

from gateway.compare.comparison import Outcome
from gateway.traces.model import Kind
from tests.gateway.compare.by_hand import READ, SMS, found, judged, trace

THREE = ("whatsapp read 600", "sms delivered 60", "sms")


def test_a_service_that_does_the_same_differs_in_nothing() -> None:
    same = trace(
        SMS,
        "1 submitted @0.2 0.0333",
        "2 submitted @15.4 0.0333",
        "2 delivered @18",
        "report completed @18.05",
        "1 delivered @300",
    )
    assert judged(same).outcome is Outcome.EQUIVALENT


def test_failing_over_early_is_found() -> None:
    early = trace(
        SMS, "1 submitted @0.2", "2 submitted @7.7", "2 delivered @9", "report completed @9.04"
    )
    assert found(early) == ["failover-early 1"]


def test_failing_over_early_is_found_where_the_message_then_arrives_in_time() -> None:
    early = trace(
        SMS,
        "1 submitted @0.2",
        "2 submitted @7.7",
        "1 delivered @9",
        "2 delivered @9",
        "report completed @9.04",
    )
    assert found(early) == ["failover-early 1"]


def test_of_many_early_failovers_of_a_workflow_the_first_is_the_finding() -> None:
    early = trace(
        THREE,
        "1 submitted @0.2",
        "2 submitted @300",
        "3 submitted @330",
        "3 delivered @332",
        "report completed @332",
    )
    assert found(early) == ["failover-early 1"]


def test_counting_delivered_as_read_is_found() -> None:
    content = trace(READ, "1 submitted @0.2", "1 delivered @3", "report completed @3.04")
    assert found(content) == ["completed-below-condition 1"]


def test_counting_delivered_as_read_is_found_where_the_message_is_read_after_all() -> None:
    content = trace(
        READ, "1 submitted @0.2", "1 delivered @3", "report completed @3.04", "1 read @4"
    )
    assert found(content) == ["completed-below-condition 1"]


def test_a_forgotten_report_is_found() -> None:
    assert found(trace(SMS, "1 submitted @0.2", "1 delivered @3")) == ["report-missing"]


def test_a_doubled_report_is_found() -> None:
    doubled = trace(
        SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3", "report completed @4"
    )
    assert found(doubled) == ["report-extra"]


def test_another_total_is_found() -> None:
    other = trace(SMS, "1 submitted @0.2 0.0333", "1 delivered @3", "report completed @3", fee="1")
    assert found(other) == ["cost"]


def test_ignoring_undeliverable_is_found() -> None:
    patient = trace(
        SMS,
        "1 submitted @0.2",
        "1 undeliverable 1331 @1",
        "2 submitted @15.4",
        "2 delivered @17",
        "report completed @17",
    )
    assert found(patient) == ["other-trigger 1"]


def test_ignoring_undeliverable_on_the_last_step_is_found() -> None:
    patient = trace(("sms",), "1 submitted @0.2", "1 undeliverable 1331 @1", "report error @259200")
    assert found(patient) == ["other-trigger 1"]


def test_a_late_step_is_found() -> None:
    late = trace(
        SMS, "1 submitted @0.2", "2 submitted @75", "2 delivered @77", "report completed @77"
    )
    assert found(late) == ["failover-late 1"]


def test_a_late_step_after_a_rejection_is_found() -> None:
    late = trace(
        READ,
        "1 submitted @0.2",
        "1 rejected 1300 @1",
        "2 submitted @61",
        "2 delivered @62",
        "report completed @62",
    )
    assert found(late) == ["failover-late 1"]


def test_a_dropped_deciding_status_is_found() -> None:
    dropped = trace(SMS, "1 submitted @0.2", "report completed @3", shown={0: "delivered"})
    assert found(dropped) == ["status-missing 1"]


def test_a_dropped_status_that_sent_the_next_step_is_found() -> None:
    dropped = trace(
        READ,
        "1 submitted @0.2",
        "2 submitted @1.3",
        "2 delivered @3",
        "report completed @3",
        shown={0: "rejected"},
    )
    assert found(dropped) == ["status-missing 1"]


def test_a_charge_that_was_dropped_with_its_status_is_no_finding_of_its_own() -> None:
    dropped = trace(
        READ,
        "1 submitted @0.2",
        "report completed @3",
        shown={0: "read"},
        charged={0: "0.0479"},
    )
    assert found(dropped) == ["status-missing 1"]


def test_waiting_for_ever_is_found() -> None:
    assert found(trace(READ, "1 submitted @0.2", "1 delivered @3")) == ["report-missing"]


def test_ending_where_another_step_is_due_is_found() -> None:
    gave_up = trace(READ, "1 submitted @0.2", "1 rejected 1300 @1", "report error @1")
    assert found(gave_up) == ["other-step-count 1"]


def test_going_on_after_an_end_is_found() -> None:
    went_on = trace(
        SMS, "1 delivered @3", "2 submitted @15.3", "2 delivered @17", "report completed @17"
    )
    assert found(went_on) == ["other-trigger 1"]


def test_another_end_is_found() -> None:
    assert found(trace(("sms",), "1 delivered @3", "report error @3")) == ["other-end 1"]


def test_an_end_by_a_late_delivery_of_an_earlier_step_is_found() -> None:
    ended = trace(
        SMS, "1 submitted @0.2", "2 submitted @15.4", "1 delivered @20", "report completed @20"
    )
    assert found(ended) == ["other-trigger 2"]


def test_a_report_long_after_the_deciding_status_is_found() -> None:
    assert found(trace(SMS, "1 delivered @3", "report completed @63")) == ["report-different"]


def test_a_failover_on_a_failure_after_the_delivery_is_found() -> None:
    hasty = trace(
        READ,
        "1 delivered @1",
        "1 rejected 1330 @2",
        "2 submitted @2.3",
        "2 delivered @4",
        "report completed @4",
    )
    assert found(hasty) == ["other-trigger 1"]


def test_a_second_message_for_a_step_is_found() -> None:
    once = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3")
    second = replace(once.entries[1], message="99999999-bbbb-4ccc-8ddd-0123456789ab")
    twice = replace(once, entries=(*once.entries, second))
    assert "other-step-count 1" in found(twice)


def test_a_report_may_come_before_the_status_that_it_stands_on() -> None:
    first = trace(SMS, "report completed @2.96", "1 delivered @3", shown={0: "delivered"})
    assert found(first) == []


def test_no_finding_repeats_a_text_or_an_address() -> None:
    early = trace(SMS, "1 submitted @0.2", "2 submitted @7.7", "report completed @9")
    said = str(judged(early).differences)
    assert not any(secret in said for secret in ("447700900", "Hello", "11111111"))


def test_a_cut_record_is_no_evidence_of_what_is_missing() -> None:
    cut = trace(SMS, "1 submitted @0.2", "1 delivered @3", is_complete=False)
    assert found(cut) == []


def test_a_cut_record_still_shows_what_did_not_happen_in_time() -> None:
    cut = trace(READ, "1 submitted @0.2", "1 read @3600", is_complete=False)
    assert found(cut) == ["failover-late 1"]


def test_a_status_of_no_step_is_one_message_more() -> None:
    once = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3")
    stray = replace(once.entries[1], step=None, kind=Kind.STATUS)
    assert found(replace(once, entries=(*once.entries, stray))) == ["other-step-count"]
