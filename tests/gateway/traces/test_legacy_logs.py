"""An application's own logs as traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.offline.inputs import Trouble
from gateway.traces.codec import to_line
from gateway.traces.legacy import Told
from gateway.traces.legacy_logs import import_logs, read_logs
from gateway.traces.log_notes import Notes
from gateway.traces.log_workflows import Waiting, Workflows
from gateway.traces.model import Kind
from gateway.traces.model import Path as Sender
from tests.gateway.traces.tracing import (
    DAY_S,
    DISPATCH,
    FIRST,
    OTHER,
    PSEUDONYMS,
    SECOND,
    accepted,
    clock,
    imported,
    only_trace,
    report,
    request,
    shown,
    status,
    told,
    traces,
)
from tests.support.golden import beside, check_golden, golden_cases, stray_files
from translators.diagnostics import JsonObject

ANSWER: JsonObject = {"dispatch_uuid": DISPATCH}
PROBLEM: JsonObject = {"type": "https://www.nexmo.com/Errors#InvalidParams", "detail": "No."}
OTHER_ANSWER: JsonObject = {"dispatch_uuid": OTHER}


@pytest.mark.parametrize("path", golden_cases("traces", ".log.jsonl"))
def test_a_log_becomes_the_traces_beside_it(path: Path) -> None:
    things = list(import_logs(read_logs([str(path)]), PSEUDONYMS))
    lines = b"".join(map(to_line, traces(things)))
    check_golden(beside(path, ".traces.jsonl"), lines.decode())
    assert told(things) == []


def test_no_trace_is_without_its_log() -> None:
    assert stray_files("traces", ".log.jsonl") == []


def test_a_trace_says_where_it_comes_from() -> None:
    trace = only_trace(imported(accepted(), report(1)))
    assert (trace.origin, trace.path) == ("import", Sender.LEGACY)
    assert trace.dispatch == PSEUDONYMS.uuid(DISPATCH)
    assert trace.request == PSEUDONYMS.request(request())
    assert trace.accepted_at == "2025-02-03T12:00:00.000Z"


def test_a_trace_names_the_rules_of_the_request_as_it_was() -> None:
    asked = {**request(), "colour": "red"}
    trace = only_trace(imported({"sent": asked, "got": ANSWER, "ts": clock(0)}))
    assert trace.rules == ("REQ124",)


# Where the documents stand in a line


@pytest.mark.parametrize(
    "line",
    [
        {"sent": request(), "got": ANSWER},
        {"http": {"request": {"body": request()}, "response": {"status": 202, "body": ANSWER}}},
        {"exchange": [{"body": request()}, {"body": ANSWER}]},
        {"sent": json.dumps(request()), "got": json.dumps(ANSWER)},
        {"entry": json.dumps({"sent": json.dumps(request()), "got": ANSWER})},
        {"sent": request(), "dispatch_uuid": DISPATCH, "level": "info"},
        {**request(), "dispatch_uuid": DISPATCH, "level": "info"},
    ],
    ids=["members", "nested", "array", "texts", "text in text", "id beside", "flat"],
)
def test_a_request_and_its_answer_are_found_wherever_they_stand(line: JsonObject) -> None:
    trace = only_trace(imported({**line, "ts": clock(0)}))
    assert (trace.dispatch, trace.rules) == (PSEUDONYMS.uuid(DISPATCH), ())


def test_a_callback_that_stands_twice_in_a_line_came_once() -> None:
    line = status(1, "submitted")
    trace = only_trace(imported(accepted(), {**line, "raw": json.dumps(line["body"])}))
    assert len(trace.statuses) == 1


def test_a_log_may_be_nothing_but_the_callbacks_themselves() -> None:
    line = status(1, "submitted", timestamp="2025-02-03T12:00:05.000Z")["body"]
    trace = only_trace(imported(accepted(), line))
    assert [entry.at_ms for entry in trace.statuses] == [5000]


def test_an_array_of_lines_is_read_as_lines() -> None:
    assert len(traces(imported([accepted(), report(1)]))) == 1


# What belongs together


@pytest.mark.parametrize("name", ["request_id", "id", "correlation_id", "trace_id"])
def test_an_id_ties_an_answer_to_its_request(name: str) -> None:
    things = imported(
        {"ts": clock(0), name: 1, "sent": request(client_ref="first")},
        {"ts": clock(1), name: 2, "sent": request(client_ref="second")},
        {"ts": clock(2), name: 2, "got": OTHER_ANSWER},
        {"ts": clock(3), "http": {name: "1", "got": ANSWER}},
    )
    assert {trace.dispatch: trace.request for trace in traces(things)} == {
        PSEUDONYMS.uuid(OTHER): PSEUDONYMS.request(request(client_ref="second")),
        PSEUDONYMS.uuid(DISPATCH): PSEUDONYMS.request(request(client_ref="first")),
    }


def test_an_answer_without_an_id_is_that_of_the_only_request_waiting() -> None:
    sent: list[Any] = [{"ts": clock(0), "sent": request()}, {"ts": clock(1), "got": ANSWER}]
    assert only_trace(imported(*sent)).accepted_at == "2025-02-03T12:00:01.000Z"


def test_an_answer_that_any_of_two_requests_may_have_is_given_to_none() -> None:
    things = imported(
        {"ts": clock(0), "sent": request()},
        {"ts": clock(0), "sent": request()},
        {"ts": clock(1), "got": ANSWER},
        {"ts": clock(1), "got": OTHER_ANSWER},
    )
    assert traces(things) == []
    assert [str(each).partition(",")[0] for each in things] == [
        "app.jsonl:1: is a request without an answer that says what became of it",
        "app.jsonl:3: is an answer to one of several requests and does not say to which",
    ]


def test_two_answers_in_doubt_do_not_spoil_the_next_request() -> None:
    sent: JsonObject = {"ts": clock(0), "sent": request()}
    got: JsonObject = {"ts": clock(1), "got": ANSWER}
    later: JsonObject = {"ts": clock(3), "got": OTHER_ANSWER}
    things = imported(sent, sent, got, got, {"ts": clock(2), "sent": request()}, later)
    assert [trace.dispatch for trace in traces(things)] == [PSEUDONYMS.uuid(OTHER)]


def test_an_answer_to_another_request_id_is_not_taken_for_ours() -> None:
    things = imported(
        {"ts": clock(0), "request_id": "a", "sent": request()},
        {"ts": clock(1), "request_id": "b", "got": ANSWER},
    )
    assert traces(things) == []


def test_a_request_that_waited_too_long_gets_no_answer() -> None:
    things = imported({"ts": clock(0), "sent": request()}, {"ts": clock(601), "got": ANSWER})
    assert told(things) == [
        "app.jsonl:1: is a request without an answer that says what became of it, the only one;"
        " not imported",
        "app.jsonl:2: is an answer to a request that is not in the log, the only one",
    ]


def test_a_workflow_that_is_logged_twice_is_imported_once() -> None:
    things = imported(accepted(), {"ts": clock(0), "got": ANSWER}, accepted(), report(1))
    assert len(traces(things)) == 1
    assert told(things) == [
        "app.jsonl:3: is a request whose workflow came before, the only one; imported once"
    ]


def test_a_callback_that_overtakes_the_answer_finds_its_workflow() -> None:
    trace = only_trace(imported(status(-0.5, "submitted"), accepted()))
    assert [(entry.at_ms, entry.kind) for entry in trace.entries] == [
        (-500, Kind.STATUS),
        (0, Kind.ANSWER),
    ]


def test_a_request_that_was_refused_is_a_trace_of_its_own() -> None:
    got: JsonObject = {"status": 422, "body": PROBLEM}
    line: JsonObject = {"ts": clock(0), "sent": {"workflow": []}, "got": got}
    first, second = traces(imported(line, line))
    assert shown(first) == [(Kind.ANSWER, None, "422")]
    assert (first.is_complete, first.request) == (True, {"workflow": []})
    assert first.dispatch != second.dispatch


def test_a_refusal_without_its_http_status_is_the_documented_one() -> None:
    trace = only_trace(imported({"ts": clock(0), "sent": request(), "got": PROBLEM}))
    assert shown(trace) == [(Kind.ANSWER, None, "400")]


def test_a_request_in_doubt_is_neither_accepted_nor_refused() -> None:
    things = imported({"ts": clock(0), "sent": request(), "got": PROBLEM, "status": 500})
    assert told(things) == [
        "app.jsonl:1: is a request without an answer that says what became of it, the only one;"
        " not imported"
    ]


# What is seen of a life


def test_a_life_is_told_in_the_order_in_which_it_was_seen() -> None:
    lines = [
        status(15.2, "submitted", SECOND),
        status(0.2, "submitted"),
        report(16.1, FIRST, SECOND),
        status(16, "delivered", SECOND),
    ]
    assert shown(only_trace(imported(accepted(), *lines))) == [
        (Kind.ANSWER, None, "202"),
        (Kind.STATUS, 0, "submitted"),
        (Kind.FAILOVER, 0, "expired"),
        (Kind.STATUS, 1, "submitted"),
        (Kind.STATUS, 1, "delivered"),
        (Kind.REPORT, None, "completed"),
    ]


def test_an_entry_holds_what_its_callback_says() -> None:
    error: JsonObject = {"code": 1300, "reason": "Not part of the provider network"}
    usage: JsonObject = {"price": "0.0333", "currency": "EUR"}
    line = status(1, "rejected", error=error, usage=usage)
    (entry,) = only_trace(imported(accepted(0.5), line)).statuses
    assert (entry.at_ms, entry.event_ms, entry.message) == (500, -500, PSEUDONYMS.uuid(FIRST))
    assert (entry.code, entry.price, entry.currency) == (1300, "0.0333", "EUR")
    assert entry.body == PSEUDONYMS.body(line["body"])  # type: ignore[arg-type]


def test_a_callback_that_came_again_is_told_once() -> None:
    things = imported(accepted(), status(1, "submitted"), status(6, "submitted"))
    (trace,) = traces(things)
    assert shown(trace)[1:] == [
        (Kind.STATUS, 0, "submitted"),
        (Kind.IGNORED, 0, "told-before"),
    ]
    assert told(things) == [
        "app.jsonl:3: is a callback that came before, byte for byte, the only one; told once"
    ]


def test_without_any_time_of_the_log_the_callbacks_own_times_are_taken() -> None:
    things = imported(
        {"sent": request(), "got": ANSWER},
        {"body": status(0, "submitted", timestamp="2025-02-03T12:00:01.000Z")["body"]},
        {"body": status(0, "delivered", timestamp="2025-02-03T12:00:03.500Z")["body"]},
    )
    (trace,) = traces(things)
    assert trace.accepted_at is None
    assert [entry.at_ms for entry in trace.statuses] == [0, 2500]
    assert told(things) == [
        "app.jsonl:1: does not say when it was written, the first of 3; the callbacks' own"
        " timestamps are taken"
    ]


def test_a_clock_that_is_wrong_is_kept_and_told() -> None:
    things = imported(
        accepted(),
        status(1, "submitted", timestamp="2025-02-03T12:00:04.500Z"),
        status(2, "delivered", timestamp="2025-02-03T12:00:04.000Z"),
    )
    (trace,) = traces(things)
    assert [(entry.at_ms, entry.event_ms) for entry in trace.statuses] == [
        (1000, 4500),
        (2000, 4000),
    ]
    assert told(things) == [
        "app.jsonl:2: is a callback that arrived before the instant it tells of, the first of 2,"
        " by up to 3.5 s; kept as it is"
    ]


# When it is over


def test_a_workflow_without_its_report_is_not_complete() -> None:
    assert not only_trace(imported(accepted(), status(1, "submitted"))).is_complete


def test_a_workflow_with_its_report_is_complete() -> None:
    assert only_trace(imported(accepted(), report(1))).is_complete


@pytest.mark.parametrize(("later_s", "is_complete"), [(4 * DAY_S, False), (4 * DAY_S + 15, True)])
def test_a_report_is_missing_once_callbacks_went_on_for_long_enough(
    later_s: float, is_complete: bool
) -> None:
    things = imported(accepted(), accepted(9, OTHER), status(later_s, "read", dispatch=OTHER))
    assert traces(things)[0].is_complete is is_complete


def test_a_workflow_that_is_over_for_a_day_is_given_out_at_once() -> None:
    later = status(DAY_S + 6, "read", dispatch=OTHER)
    things = imported(accepted(), report(5), accepted(10, OTHER), later, report(DAY_S + 7))
    assert [trace.dispatch for trace in traces(things)] == [
        PSEUDONYMS.uuid(DISPATCH),
        PSEUDONYMS.uuid(OTHER),
    ]
    assert told(things) == [
        "app.jsonl:5: is a callback of a workflow that is not in the log, or whose report is more"
        " than a day older, the only one; not imported"
    ]


def test_callbacks_within_a_day_of_the_report_are_still_its_own() -> None:
    things = imported(accepted(), report(5), status(DAY_S, "delivered"))
    assert len(only_trace(things).statuses) == 1


# Bad input


def test_callbacks_of_unknown_workflows_are_counted_and_told() -> None:
    things = imported(accepted(), status(1, "read", dispatch=OTHER), report(2, dispatch=OTHER))
    assert told(things) == [
        "app.jsonl:2: is a callback of a workflow that is not in the log, or whose report is more"
        " than a day older, the first of 2; not imported"
    ]


def test_a_last_line_that_is_cut_off_is_told_and_is_a_loss() -> None:
    whole, cut = accepted(), json.dumps(status(1, "submitted")).encode()[:-7]
    things = imported(whole, cut)
    assert len(traces(things)) == 1
    assert [(str(each), each.is_loss) for each in things if isinstance(each, Trouble)] == [
        ("app.jsonl:2: is cut off: the line ends before its JSON does", True)
    ]


def test_lines_that_are_no_json_are_listed_up_to_a_bound() -> None:
    things = imported(*[b"INFO started"] * 30)
    assert len(things) == 21
    assert told(things)[-1] == (
        "app.jsonl:21: is not JSON either, the first of 10 beyond those listed"
    )


def test_lines_about_something_else_are_counted() -> None:
    things = imported({"level": "info"}, 5, accepted(), {"workflow": "daily", "status": "read"})
    assert told(things) == ["app.jsonl:1: holds nothing of Dispatch, the first of 3"]


def test_a_line_of_several_numbers_is_one_line() -> None:
    assert told(imported([1, 2, 3])) == ["app.jsonl:1: holds nothing of Dispatch, the only one"]


def test_a_refusal_that_names_no_request_is_told() -> None:
    sent: JsonObject = {"ts": clock(0), "sent": request()}
    _, said = told(imported(sent, {"ts": clock(1), "status": 429, "body": PROBLEM}))
    assert said.startswith("app.jsonl:2: is a refusal and does not say of which request, the only")


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"workflow":[null,5,"x"],"dispatch_uuid":"x"}',
        b'{"_links":{"dispatch":{"dispatch_uuid":""}},"to":5,"timestamp":[],"error":7,"usage":[]}',
        b'{"dispatch_uuid":"x","template":1,"_links":{"messages":[5,{}]},"status":NaN}',
        b'{"got":{"dispatch_uuid":"\\ud800"},"sent":{"workflow":[{"client_ref":"\\ud800"}]}}',
        b'{"ts":1e400,"sent":{"workflow":[{"to":' + b"9" * 4000 + b"}]}}",
        b"\xff\xfe",
    ],
)
def test_nothing_in_a_line_ends_the_import(line: bytes) -> None:
    things = imported(accepted(), line, report(1))
    assert PSEUDONYMS.uuid(DISPATCH) in {trace.dispatch for trace in traces(things)}
    assert b"".join(map(to_line, traces(things)))


def test_nothing_of_a_log_but_its_form_is_in_its_trace() -> None:
    asked = request(client_ref="anna")
    error: JsonObject = {"code": 1300, "reason": "anna"}
    lines: list[Any] = [
        {"ts": clock(0), "anna": 1, "sent": {**asked, "anna": 1}, "got": ANSWER},
        status(1, "rejected", client_ref="anna", error=error, anna="anna"),
        report(2, FIRST),
    ]
    written = to_line(only_trace(imported(*lines))).decode()
    known = ("447700900000", "447700900001", "anna", "Anna", DISPATCH, FIRST)
    assert [canary for canary in known if canary in written] == []


def test_what_is_said_about_a_log_tells_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    lines = [status(1, "read", client_ref="anna"), {"sent": request()}, {"secret": "anna"}]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    path.write_text(f'{text}447700900000 anna\n{{"to": "447700900000', encoding="utf-8")
    said = " ".join(told(import_logs(read_logs([str(path)]), PSEUDONYMS)))
    assert [canary for canary in ("447700900000", "anna") if canary in said] == []


def test_logs_are_read_by_their_names_from_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(json.dumps(accepted()), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps(report(1)), encoding="utf-8")
    (tmp_path / "c.txt").write_text("nothing", encoding="utf-8")
    only_trace(import_logs(read_logs([str(tmp_path)]), PSEUDONYMS))


def test_a_path_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    things = import_logs(read_logs([str(tmp_path / "none.log")]), PSEUDONYMS)
    assert told(things) == [f"{tmp_path}/none.log: cannot be read: no such file or directory"]


# What is held


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def waiting() -> Waiting:
    asked = request()
    return Waiting(
        request=asked, rules=(), life_ms=None, ids=frozenset(), at_ms=1, place="app.jsonl:1"
    )


def test_with_too_many_open_the_oldest_is_written_and_told(notes: Notes, waiting: Waiting) -> None:
    workflows = Workflows(PSEUDONYMS, notes, most_open=1)
    assert list(workflows.accept(DISPATCH, waiting, "202", 1)) == []
    (trace,) = workflows.accept(OTHER, waiting, "202", 1)
    assert (trace.dispatch, trace.is_complete) == (PSEUDONYMS.uuid(DISPATCH), False)
    assert "had to be written unfinished" in told(notes.told())[0]


def test_with_too_many_callbacks_waiting_the_oldest_are_told(notes: Notes) -> None:
    workflows = Workflows(PSEUDONYMS, notes, most_strangers=1)
    workflows.tell(DISPATCH, Told(at_ms=1, body={}), "app.jsonl:1")
    assert told(notes.told()) == []
    workflows.tell(OTHER, Told(at_ms=1, body={}), "app.jsonl:2")
    assert told(notes.told())[0].startswith("app.jsonl:1: is a callback of a workflow")
