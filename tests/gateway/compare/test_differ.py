"""What is taken out before two traces are compared, and what cannot be compared at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.compare.comparison import Outcome, Tolerances
from gateway.compare.differ import compare
from gateway.compare.kinds import BY_CODE, KINDS
from gateway.compare.replay import replay
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.gateway.compare.by_hand import SMS, found, judged, trace, with_body
from translators.diagnostics import JsonObject

DELIVERED = trace(
    SMS, "1 submitted @0.2 0.0333", "1 delivered @3", "report completed @3", "1 read @60"
)


def moved(reference: Trace, index: int, ms: int) -> Trace:
    """Let one entry come later."""
    entries = list(reference.entries)
    entries[index] = replace(entries[index], at_ms=entries[index].at_ms + ms)
    return replace(reference, entries=tuple(sorted(entries, key=lambda each: each.at_ms)))


def answered(reference: Trace, status: str) -> Trace:
    """Let the request be answered otherwise, and nothing happen after it."""
    answer = TraceEntry(at_ms=0, kind=Kind.ANSWER, status=status)
    return replace(reference, entries=(answer,))


def reordered(body: JsonObject) -> JsonObject:
    return dict(reversed(body.items()))


def test_the_order_of_keys_is_free() -> None:
    entries = [
        replace(each, body=reordered(each.body)) if each.body else each
        for each in DELIVERED.entries
    ]
    assert found(replace(DELIVERED, entries=tuple(entries))) == []


def test_a_status_that_came_twice_counts_once() -> None:
    twice = (*DELIVERED.entries[:2], DELIVERED.entries[1], *DELIVERED.entries[2:])
    assert found(replace(DELIVERED, entries=twice)) == []


def test_ids_have_no_value_of_their_own() -> None:
    other = replace(replay(DELIVERED), dispatch="99999999-cccc-4ddd-8eee-0123456789ab")
    assert compare(DELIVERED, other).outcome is Outcome.IDENTICAL


def test_prices_are_decimals() -> None:
    usage: JsonObject = {"price": "0.03330", "currency": "EUR"}
    assert found(with_body(DELIVERED, 3, usage=usage)) == []


@pytest.mark.parametrize(
    "spelling", ["+447700900000", "00447700900000", " 447700900000", "+44 7700-900 000"]
)
def test_the_spelling_of_a_number_is_free(spelling: str) -> None:
    to: JsonObject = {"type": "sms", "number": spelling}
    assert found(with_body(DELIVERED, 1, to=to)) == []


def test_a_wrong_recipient_is_critical() -> None:
    to: JsonObject = {"type": "sms", "number": "447700900999"}
    comparison = judged(with_body(DELIVERED, 1, to=to))
    assert [each.kind.name for each in comparison.differences] == ["wrong-recipient"]
    assert comparison.is_critical


def test_a_message_to_nobody_of_the_workflow_is_critical() -> None:
    to: JsonObject = {"type": "sms", "number": "447700900999"}
    stray = with_body(DELIVERED, 1, to=to).entries[1]
    stray = replace(stray, step=None)
    assert found(replace(DELIVERED, entries=(*DELIVERED.entries, stray))) == ["wrong-recipient"]


def test_another_content_is_critical_where_sends_are_recorded() -> None:
    sent = replay(DELIVERED)
    other = with_body(sent, 1, text="Something else")
    assert [each.kind.name for each in compare(other, sent).differences] == ["wrong-content"]


def failed_over(second: float) -> Trace:
    """Return a workflow whose second step was told of at this second; 15.2 is right."""
    lines = (f"2 submitted @{second}", f"2 delivered @{second + 2}")
    return trace(SMS, "1 submitted @0.2", *lines, f"report completed @{second + 2}")


@pytest.mark.parametrize("second", [14.5, 19.2])
def test_a_failover_within_the_tolerances_is_equivalent(second: float) -> None:
    assert judged(failed_over(second)).outcome is Outcome.EQUIVALENT


@pytest.mark.parametrize(
    ("second", "name"), [(20.4, "failover-late 1"), (13.5, "failover-early 1")]
)
def test_a_failover_beyond_the_tolerances_is_a_finding(second: float, name: str) -> None:
    assert found(failed_over(second)) == [name]


def test_the_tolerances_are_a_choice() -> None:
    late = failed_over(19.2)
    assert found(late, Tolerances(failover_late_ms=3_000)) == ["failover-late 1 DIFF-09"]


def test_a_late_step_does_not_make_the_later_ones_late() -> None:
    steps = ("sms delivered 15", "sms delivered 15", "sms")
    lines = ("1 submitted @0.2", "2 submitted @19.9", "3 submitted @39.5", "3 delivered @41")
    assert found(trace(steps, *lines, "report completed @41")) == []


def test_another_sender_in_a_callback_is_a_finding() -> None:
    sender: JsonObject = {"type": "sms", "number": "447700900999"}
    assert found(with_body(DELIVERED, 1, **{"from": sender})) == ["status-different 1"]


def test_another_reference_in_a_callback_is_a_finding() -> None:
    assert found(with_body(DELIVERED, 1, client_ref="other")) == ["status-different 1"]


def test_a_field_that_we_never_send_is_a_finding() -> None:
    assert found(with_body(DELIVERED, 1, carrier="x")) == ["status-different 1"]


def test_another_order_within_a_message_is_a_finding() -> None:
    here = replay(DELIVERED)
    there = moved(moved(DELIVERED, 1, 1_000), 2, -2_000)
    assert "status-different" in [each.kind.name for each in compare(there, here).differences]


def test_a_status_that_only_the_reference_told_is_a_finding() -> None:
    here = replay(trace(SMS, "1 submitted @0.2 0.0333", "1 delivered @3", "report completed @3"))
    assert [each.kind.name for each in compare(DELIVERED, here).differences] == ["status-extra"]


def test_a_report_that_lists_less_is_a_finding() -> None:
    whole = failed_over(15.2)
    body = whole.entries[-1].body or {}
    links = body["_links"]
    assert isinstance(links, dict)
    messages = links["messages"]
    assert isinstance(messages, list)
    shorter = with_body(whole, 4, _links={"messages": messages[1:]})
    assert "report-different" in found(shorter)


def test_a_request_that_only_we_refuse_is_a_finding() -> None:
    odd: JsonObject = {**DELIVERED.request, "template": "other"}
    assert found(replace(DELIVERED, request=odd)) == ["refused-here-accepted-there"]


@pytest.mark.parametrize("status", ["400", "422"])
def test_a_request_that_only_the_reference_refused_is_a_finding(status: str) -> None:
    assert found(answered(DELIVERED, status)) == ["accepted-here-refused-there"]


def test_a_request_that_both_refuse_is_the_same() -> None:
    odd = replace(answered(DELIVERED, "400"), request={**DELIVERED.request, "template": "other"})
    assert judged(odd).outcome is Outcome.IDENTICAL


@pytest.mark.parametrize("status", ["401", "404", "410", "429", "500", "302"])
def test_a_request_that_was_turned_down_whatever_it_said_is_not_compared(status: str) -> None:
    comparison = judged(answered(DELIVERED, status))
    assert comparison.outcome is Outcome.NOT_COMPARABLE
    assert status in (comparison.note or "")


def test_a_trace_without_its_request_is_not_compared() -> None:
    assert judged(replace(DELIVERED, request={})).outcome is Outcome.NOT_COMPARABLE


def test_a_trace_that_ends_with_the_answer_is_not_compared() -> None:
    cut = replace(answered(DELIVERED, "202"), is_complete=False)
    assert judged(cut).outcome is Outcome.NOT_COMPARABLE


def test_two_workflows_are_not_compared() -> None:
    other = replay(trace(("whatsapp read 600", "sms"), "1 read @3", "report completed @3"))
    assert compare(DELIVERED, other).outcome is Outcome.NOT_COMPARABLE


def test_a_report_that_only_the_reference_told_is_a_finding() -> None:
    here = replay(DELIVERED)
    silent = tuple(each for each in here.entries if each.kind is not Kind.REPORT)
    comparison = compare(DELIVERED, replace(here, entries=silent, path=Path.GATEWAY))
    assert [each.kind.name for each in comparison.differences] == ["report-extra"]


def test_codes_and_names_of_kinds_are_unique() -> None:
    assert len(BY_CODE) == len(KINDS) == len({kind.name for kind in KINDS})
