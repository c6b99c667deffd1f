"""What a trace of the legacy path says about steps, which Dispatch never names."""

from __future__ import annotations

import pytest

from gateway.traces.model import Kind, TraceEntry
from tests.gateway.traces.tracing import (
    DISPATCH,
    FIRST,
    SECOND,
    TERMS,
    accepted,
    clock,
    imported,
    only_trace,
    report,
    sms,
    status,
)
from translators.diagnostics import JsonObject, JsonValue

THIRD = "33333333-bbbb-4ccc-8ddd-0123456789ab"


def steps(*lines: JsonValue) -> list[int | None]:
    """Return the steps of the statuses of a workflow."""
    return [entry.step for entry in only_trace(imported(accepted(), *lines)).statuses]


def to_two_people() -> JsonObject:
    """Return a line with a request whose steps go to different people, and its answer."""
    asked: JsonObject = {
        "template": "failover",
        "workflow": [sms(failover=TERMS), sms("447700900002")],
    }
    return {"ts": clock(0), "sent": asked, "got": {"dispatch_uuid": DISPATCH}}


def failovers(*lines: JsonValue) -> list[TraceEntry]:
    trace = only_trace(imported(accepted(), *lines))
    return [entry for entry in trace.entries if entry.kind is Kind.FAILOVER]


def test_messages_to_one_person_are_of_the_steps_in_order() -> None:
    assert steps(status(1, "submitted"), status(16, "submitted", SECOND)) == [0, 1]


def test_the_order_of_the_report_counts_more_than_that_of_the_statuses() -> None:
    assert steps(status(16, "submitted", SECOND), report(17, FIRST, SECOND)) == [1]


def test_a_report_that_leaves_a_message_out_is_not_trusted() -> None:
    lines = [status(1, "submitted"), status(16, "submitted", SECOND), report(17, SECOND)]
    assert steps(*lines) == [0, 1]


def test_a_report_of_other_channels_is_not_trusted() -> None:
    line = report(17, SECOND)
    listed: list[JsonValue] = [{"message_uuid": SECOND, "channel": "mms", "status": "read"}]
    line["body"] = {**line["body"], "_links": {"messages": listed}}  # type: ignore[dict-item]
    assert steps(status(16, "submitted", SECOND), line) == [0]


def test_a_message_beyond_the_last_step_is_of_none() -> None:
    lines = [status(at_s, "submitted", each) for at_s, each in enumerate((FIRST, SECOND, THIRD))]
    assert steps(*lines) == [0, 1, None]


NOBODY: JsonObject = {"type": "sms", "number": "447700900099"}


def test_a_message_to_nobody_we_know_is_of_the_first_free_step_of_its_channel() -> None:
    lines = [status(1, "submitted"), status(16, "submitted", SECOND, to=NOBODY)]
    assert steps(*lines) == [0, 1]


def test_a_message_to_nobody_on_another_channel_is_of_no_step() -> None:
    assert steps(status(1, "submitted", to={**NOBODY, "type": "mms"})) == [None]


def test_a_second_message_to_one_person_is_not_taken_for_the_next_persons() -> None:
    lines = [status(1, "submitted"), status(2, "submitted", SECOND)]
    trace = only_trace(imported(to_two_people(), *lines))
    assert [entry.step for entry in trace.statuses] == [0, None]


@pytest.mark.parametrize(
    "to",
    [
        {"number": "447700900000", "type": "sms"},
        {"type": "sms", "number": "+447700900000"},
        {"type": "sms", "number": "\t447700900000"},
        {"type": "sms", "number": 447700900000},
        {"type": "sms", "number": "+44 7700 900000"},
        {"type": "sms", "number": "0044 (7700) 900-000"},
    ],
)
def test_a_recipient_is_known_however_it_is_written(to: JsonObject) -> None:
    assert steps(status(1, "submitted", to=to)) == [0]


def test_a_failover_is_seen_at_the_next_steps_first_status() -> None:
    (failover,) = failovers(
        status(1, "submitted"),
        status(18, "submitted", SECOND, timestamp="2025-02-03T12:00:17.953Z"),
        status(19, "delivered", SECOND),
    )
    assert (failover.at_ms, failover.event_ms, failover.step) == (18000, 17953, 0)
    assert failover.why == "expired"


@pytest.mark.parametrize("word", ["rejected", "undeliverable"])
def test_a_failover_after_a_failure_says_so(word: str) -> None:
    lines = [status(1, word), status(1.5, "submitted", SECOND)]
    assert [entry.why for entry in failovers(*lines)] == [word]


def test_a_failure_may_be_told_after_the_step_that_it_caused() -> None:
    lines = [status(1.5, "submitted", SECOND), status(1.6, "rejected"), report(9, FIRST, SECOND)]
    assert [entry.why for entry in failovers(*lines)] == ["rejected"]


def test_a_failure_long_after_the_failover_did_not_cause_it() -> None:
    lines = [status(1, "submitted"), status(16, "submitted", SECOND), status(60, "rejected")]
    assert [entry.why for entry in failovers(*lines)] == ["expired"]


def test_a_step_of_which_nothing_was_told_was_given_up_all_the_same() -> None:
    numbers = ("447700900000", "447700900001", "447700900002")
    terms: JsonObject = {"expiry_time": 15, "condition_status": "delivered"}
    asked: JsonObject = {
        "template": "failover",
        "workflow": [sms(numbers[0], failover=terms), sms(numbers[1], failover=terms), sms()],
    }
    line: JsonObject = {"ts": clock(0), "sent": asked, "got": {"dispatch_uuid": DISPATCH}}
    lines = [status(40, "submitted", THIRD), report(41, FIRST, SECOND, THIRD)]
    trace = only_trace(imported(line, *lines))
    assert [entry.step for entry in trace.entries if entry.kind is Kind.FAILOVER] == [0, 1]


def test_steps_of_which_nothing_was_told_are_given_up_one_after_the_other() -> None:
    asked: JsonObject = {
        "template": "failover",
        "workflow": [
            sms("447700900001", failover=TERMS),
            sms("447700900002", failover=TERMS),
            sms(),
        ],
    }
    line: JsonObject = {"ts": clock(0), "sent": asked, "got": {"dispatch_uuid": DISPATCH}}
    trace = only_trace(imported(line, status(16, "submitted", THIRD)))
    assert [entry.why for entry in trace.entries if entry.kind is Kind.FAILOVER] == [
        *("expired", "refused")
    ]


def test_a_step_of_which_nothing_was_told_in_its_time_was_refused() -> None:
    lines = [status(1, "submitted", to={"type": "sms", "number": "447700900002"})]
    trace = only_trace(imported(to_two_people(), *lines))
    assert [entry.why for entry in trace.entries if entry.kind is Kind.FAILOVER] == ["refused"]


def test_a_request_that_was_refused_was_never_accepted() -> None:
    problem: JsonObject = {"type": "https://www.nexmo.com/Errors#InvalidParams", "detail": "No."}
    trace = only_trace(imported({"ts": clock(0), "sent": {"workflow": [sms()]}, "got": problem}))
    assert trace.accepted_at is None
