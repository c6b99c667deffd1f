"""What `assess` finds in a log, `compare import` finds as well, whatever the form of the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from tests.gateway.offline.log_forms import (
    ANSWER,
    LIFE,
    MESSAGE,
    REPORT,
    REQUEST,
    STATUS,
    TIMED,
    UNDATED,
    binary_export,
    log_of,
)

KEY: Final = {"GATEWAY_TRACE_KEY": "0123456789abcdef-a-key-of-tests"}
END: Final = (STATUS, REPORT)
T: Final = "2025-02-03T12:13:57Z"
PROBLEM: Final = {"type": "https://example.com/errors", "title": "t", "detail": "No."}
VERIFY: Final = {"brand": "Shop", "workflow": [{"channel": "sms", "to": "447700900000"}]}
ADVICE: Final = "log payloads with a JSON library"
every_form = pytest.mark.parametrize("name", [*TIMED, *UNDATED])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), env=KEY)


def imported(log: str | bytes) -> tuple[Result, list[dict[str, Any]]]:
    path = Path("app.log")
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    done = run("compare", "import", "app.log")
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def assessed(log: str | bytes) -> tuple[Result, dict[str, Any]]:
    path = Path("app.log")
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    done = run("assess", "app.log", "--format", "json")
    report: dict[str, Any] = json.loads(done.stdout)
    return done, report


def lines(*documents: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in documents)


@every_form
def test_a_payload_is_assessed_in_every_form(name: str) -> None:
    _, report = assessed(log_of({**TIMED, **UNDATED}[name]))
    assert (report["payloads"], report["grades"]["refused"]) == (1, 0)
    assert report["input"]["troubles_total"] == 0
    assert report["not_payloads"] == {"dispatch_word": 3}


@every_form
def test_a_workflow_is_imported_in_every_form(name: str) -> None:
    done, (trace,) = imported(log_of({**TIMED, **UNDATED}[name]))
    assert done.exit_code == 0
    assert trace["is_complete"]
    kinds = [entry["kind"] for entry in trace["entries"]]
    assert kinds == ["answer", "status", "report"]


@pytest.mark.parametrize("name", TIMED)
def test_an_import_knows_when_each_line_was_written(name: str) -> None:
    _, (trace,) = imported(log_of(TIMED[name]))
    assert str(trace["accepted_at"]).startswith("2025-02-03T12:13:57")
    assert [entry["at_ms"] for entry in trace["entries"]] == [0, 1000, 2000]


@every_form
def test_an_import_is_the_same_in_every_form(name: str) -> None:
    _, (reference,) = imported(log_of(TIMED["JSON, escaped in a field"]))
    _, (trace,) = imported(log_of({**TIMED, **UNDATED}[name]))
    for member in ("dispatch", "request"):
        assert trace[member] == reference[member]
    bodies = [[entry.get("body") for entry in each["entries"]] for each in (trace, reference)]
    assert bodies[0] == bodies[1]


def test_the_journals_export_is_read_by_the_lengths_it_gives() -> None:
    assert assessed(binary_export())[1]["payloads"] == 1
    done, (trace,) = imported(binary_export())
    assert done.exit_code == 0
    assert [entry["at_ms"] for entry in trace["entries"]] == [0, 1000, 2000]


def test_lines_of_two_sources_are_not_put_together() -> None:
    one, two = json.dumps(REQUEST)[:40], json.dumps(REQUEST)[40:]
    log = (
        f"2025-02-03T12:13:56Z stdout P {one}\n2025-02-03T12:13:56Z stderr F x\n"
        f"2025-02-03T12:13:56Z stdout F {two}\n"
    )
    _, report = assessed(log)
    assert (report["payloads"], report["input"]["troubles_total"]) == (0, 1)


def test_an_id_between_words_ties_an_answer_to_its_request() -> None:
    other = ANSWER | {"dispatch_uuid": "cccccccc-cccc-4ddd-8eee-0123456789ab"}
    log = (
        f"[{T}] request_id=a asked {json.dumps(REQUEST)}\n"
        f"[{T}] request_id=b asked {json.dumps(REQUEST)}\n"
        f"[{T}] request_id=b got {json.dumps(other)}\n[{T}] request_id=a got {json.dumps(ANSWER)}\n"
    )
    done, traces = imported(log)
    assert (done.exit_code, len(traces)) == (0, 2)


def test_an_answer_that_is_no_json_is_found_beside_its_request() -> None:
    dispatch = ANSWER["dispatch_uuid"]
    log = f"[{T}] sent {json.dumps(REQUEST)} dispatch_uuid={dispatch}\n{lines(*END)}"
    done, (trace,) = imported(log)
    assert (done.exit_code, trace["is_complete"]) == (0, True)


def test_a_refusal_between_words_has_its_status() -> None:
    log = f"[{T}] sent {json.dumps(REQUEST)} -> 422 {json.dumps(PROBLEM)}\n"
    done, (trace,) = imported(log)
    assert (done.exit_code, trace["entries"][0]["status"]) == (0, "422")


def test_a_refusal_in_a_dump_is_that_of_the_request_above() -> None:
    log = (
        f"POST /v0.1/dispatch HTTP/1.1\nHost: x\n\n{json.dumps(REQUEST)}\n\n"
        f"HTTP/1.1 422 Unprocessable Entity\n\n{json.dumps(PROBLEM)}\n"
    )
    done, (trace,) = imported(log)
    assert (done.exit_code, trace["entries"][0]["status"]) == (0, "422")


def test_a_dump_within_a_text_has_its_status() -> None:
    sent = f"POST /v0.1/dispatch HTTP/1.1\r\nHost: x\r\n\r\n{json.dumps(REQUEST)}"
    got = f"HTTP/1.1 422 Unprocessable Entity\r\n\r\n{json.dumps(PROBLEM)}"
    done, (trace,) = imported(lines({"at": T, "sent": sent, "got": got}))
    assert (done.exit_code, trace["entries"][0]["status"]) == (0, "422")


# What is another product's


@pytest.mark.parametrize(
    "log",
    [
        lines({"at": T, "request": REQUEST, "verify": VERIFY, "response": ANSWER}, *END),
        lines({"at": T, "verify": VERIFY, "request": REQUEST, "response": ANSWER}, *END),
        lines({"at": T, "v": VERIFY}, {"at": T, "q": REQUEST}, {"at": T, "a": ANSWER}, *END),
        lines({"at": T, "q": REQUEST}, {"at": T, "v": VERIFY}, {"at": T, "a": ANSWER}, *END),
        f"[{T}] {json.dumps(VERIFY)} {json.dumps(REQUEST)} {json.dumps(ANSWER)}\n{lines(*END)}",
        lines(
            {"at": T, "q": VERIFY, "a": {"status": 422, "body": PROBLEM}},
            {"at": T, "q": REQUEST, "a": ANSWER}, *END,
        ),
        lines(
            {"at": T, "request_id": 1, "q": VERIFY}, {"at": T, "request_id": 2, "q": REQUEST},
            {"at": T, "request_id": 1, "a": PROBLEM}, {"at": T, "request_id": 2, "a": ANSWER},
            *END,
        ),
        lines(
            {"at": T, "both": [{"q": REQUEST, "a": ANSWER}, {"q": VERIFY, "a": PROBLEM}]},
            *END,
        ),
    ],
)  # fmt: skip
def test_a_verify_request_beside_a_workflow_does_not_cost_it(log: str) -> None:
    done, (trace,) = imported(log)
    assert (done.exit_code, trace["is_complete"]) == (0, True)
    assert trace["entries"][0]["status"] == "202"
    assert "is a request of Verify v2, not of Dispatch" in done.stderr
    _, report = assessed(log)
    assert (report["payloads"], report["verify_requests"]) == (1, 1)


def test_a_refusal_that_may_be_verifys_is_given_to_nobody() -> None:
    log = lines({"at": T, "q": REQUEST, "v": VERIFY, "a": PROBLEM})
    done, traces = imported(log)
    assert (done.exit_code, traces) == (2, [])
    assert "is an answer to one of several requests and does not say to which" in done.stderr


OTHERS: Final = {
    "verify_request": VERIFY,
    "verify_webhook": {
        "request_id": "c11236f4", "submitted_at": T, "type": "summary", "status": "completed",
        "channel_timeout": 300, "workflow": [{"channel": "sms", "status": "completed"}],
    },
    "v1_request": {
        "channel": "sms", "message_type": "text", "to": "447700900000", "from": "Shop", "text": "x",
        "failover": [{"channel": "mms", "message_type": "image", "to": "447700900000"}],
    },
    "v1_webhook": {
        "message_uuid": MESSAGE, "to": "447700900000", "from": "Shop",
        "timestamp": T, "status": "delivered", "channel": "sms",
    },
    "v1_webhook ": {
        "message_uuid": MESSAGE, "to": "447700900000", "from": "Shop", "timestamp": T,
        "status": "delivered", "channel": "sms",
        "workflow": {"id": "3TcNjguHxr2vcCZ9Dd", "items_number": "1"},
    },
    "v01_message": {
        "from": {"type": "sms", "number": "447700900001"},
        "to": {"type": "sms", "number": "447700900000"},
        "message": {"content": {"type": "text", "text": "Hello"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("is_escaped", [True, False])
def test_what_is_another_products_is_counted_as_what_it_is(kind: str, is_escaped: bool) -> None:
    body = json.dumps(OTHERS[kind]) if is_escaped else OTHERS[kind]
    _, report = assessed(lines({"at": T, "body": body}, REQUEST))
    assert (report["payloads"], report["not_payloads"]) == (1, {kind.strip(): 1})
    assert report["input"]["unreadable"] == 0
    done, _ = imported(lines({"at": T, "body": body}))
    assert ", not of Dispatch, the only one; not imported" in done.stderr


@pytest.mark.parametrize(
    "body",
    [
        {"action": "completed", "workflow": {"id": 1, "path": "ci.yml"}, "workflow_run": {"id": 2}},
        {"workflow": [{"name": "checkout", "run": "make"}]},
        {"workflow": ["build", "test"], "template": "ci.yml"},
        {"workflow": [{"id": "mail", "to": "a@example.com", "message": "Hello"}]},
        {"workflow": "daily", "template": "report"},
    ],
)
def test_a_workflow_of_something_else_is_no_payload(body: object) -> None:
    _, report = assessed(lines(body, REQUEST))
    assert (report["payloads"], report["not_payloads"]) == (1, {"other_workflow": 1})
    done, traces = imported(lines(body, {"at": T, "q": REQUEST, "a": ANSWER}, *END))
    assert (done.exit_code, len(traces)) == (0, 1)


def test_the_report_for_people_says_what_else_was_seen() -> None:
    Path("app.log").write_text(lines(REQUEST, *OTHERS.values()))
    text = " ".join(run("assess", "app.log").stdout.split())
    assert "1 request of Verify v2 is not counted: that is another product" in text
    assert "1 webhook of Verify v2, " in text.partition("Seen besides, and no payloads: ")[2]


# What was printed


NODE: Final = """payload {
  template: 'failover',
  workflow: [
    { from: [Object], to: [Object], message: [Object], failover: [Object] },
    { from: [Object], to: [Object], message: [Object] }
  ]
}"""
PRINTED: Final = {
    "node": ("{ template: 'failover', workflow: [ [Object], [Object] ] }", "JSON.stringify"),
    "node, cut": ("{ body: { template: 'failover', workflow: [Array] } }", "JSON.stringify"),
    "node, after words": (f"{T} INFO sent {{ workflow: [ [Object] ], a: 1 }}", "JSON.stringify"),
    "node, over lines": (NODE, "JSON.stringify"),
    "node, of old": (
        "payload { template: 'failover',\n  workflow:\n   [ { from: [Object], to: [Object] },\n"
        "     { from: [Object], to: [Object] } ] }",
        "JSON.stringify",
    ),
    "node, in JSON": (json.dumps({"message": NODE}), "JSON.stringify"),
    "node, over lines in docker": (
        "".join(
            json.dumps({"log": f"{each}\n", "stream": "stdout", "time": T}) + "\n"
            for each in NODE.splitlines()
        ),
        "JSON.stringify",
    ),
    "python": (repr(REQUEST), ADVICE),
    "python, shortened": ("{'template': 'failover', 'workflow': [...]}", ADVICE),
    "print_r": (
        "Array\n(\n    [template] => failover\n    [workflow] => Array\n        (\n",
        "json_encode",
    ),
    "var_dump": (
        'array(2) {\n  ["template"]=>\n  string(8) "failover"\n  ["workflow"]=>\n  array(1) {\n',
        "json_encode",
    ),
    "var_export": (
        "array (\n  'template' => 'failover',\n  'workflow' => \n  array (\n    0 => \n",
        ADVICE,
    ),
    "ruby": ('{:template=>"failover", :workflow=>[{:from=>{:type=>"sms"}}]}', "to_json"),
    "ruby, with text": ('{"template"=>"failover", "workflow"=>[{"from"=>{}}]}', "is not JSON"),
    "go": ("map[template:failover workflow:[map[from:map[type:sms]]]]", "json.Marshal"),
    "java": ("Request(template=failover, workflow=[Step(from=Address(type=sms))])", ADVICE),
}


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_payload_is_unreadable_and_never_nothing(name: str) -> None:
    printed, advice = PRINTED[name]
    done, report = assessed(f"{lines(REQUEST)}{printed}\n")
    assert (done.exit_code, report["payloads"], report["input"]["unreadable"]) == (2, 1, 1)
    (trouble,) = report["input"]["troubles"]
    assert trouble["path"].partition(":")[0] == "app.log"
    assert int(trouble["path"].partition(":")[2]) >= 2
    assert advice in trouble["problem"]
    done, _ = imported(f"{lines(STATUS)}{printed}\n")
    assert done.exit_code == 2
    assert advice in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "INFO workflow: [build] started",
        "workflow: [build, test]",
        "workflow: ci",
        "the workflow => Array of steps",
        "workflow=done status=ok",
    ],
)
def test_words_about_a_workflow_are_no_printed_payload(line: str) -> None:
    done, report = assessed(f"{lines(REQUEST)}{line}\n")
    assert (done.exit_code, report["input"]["unreadable"]) == (0, 0)


@pytest.mark.parametrize(
    "printed",
    [
        "{ message_uuid: 'a', _links: { dispatch: [Object] } }",
        "{ dispatch_uuid: 'bbbbbbbb-cccc-4ddd-8eee-0123456789ab' }",
        repr(STATUS),
        "Array\n(\n    [dispatch_uuid] => bbbbbbbb-cccc-4ddd-8eee-0123456789ab\n)",
        json.dumps(STATUS)[:-20],
        f"[{T}] callback {json.dumps(STATUS)[:-20]}",
    ],
)
def test_a_callback_that_cannot_be_read_is_told_by_an_import(printed: str) -> None:
    done, traces = imported(f"{lines({'at': T, 'q': REQUEST, 'a': ANSWER})}{printed}\n")
    assert (done.exit_code, len(traces)) == (2, 1)
    assert "app.log:" in done.stderr


def test_the_words_of_a_log_are_not_unreadable() -> None:
    log = f"INFO started\n\n{log_of(TIMED['laravel'], LIFE)}INFO {{id}} done\n"
    done, traces = imported(log)
    assert (done.exit_code, len(traces)) == (0, 1)
    assert "holds nothing of Dispatch, the first of 2" in done.stderr
