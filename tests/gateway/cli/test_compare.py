"""`compare` as it is called: formats, files, exit codes, and what goes where."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.compare import SUBCOMMANDS
from gateway.cli.main import command
from gateway.compare.replay import replay
from gateway.traces.codec import from_line, to_line
from gateway.traces.model import Kind, Trace
from gateway.traces.model import Path as TracePath
from tests.gateway.compare.reporting import EARLY, MISSING, REQUEST, entry

SAME: Final = replace(
    replay(EARLY.candidate),
    dispatch="0d5c0000-0000-4000-8000-000000000003",
    path=TracePath.GATEWAY,
    origin="gateway",
)
SILENT: Final = replace(MISSING.reference, dispatch="0d5c0000-0000-4000-8000-000000000002")
KEY: Final = "0123456789abcdef-a-key-of-tests"


def compare(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, ["compare", *map(str, arguments)], input=stdin)


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A file of traces: one is given up too early, one lacks its report, one is sound."""
    path = tmp_path / "traces.jsonl"
    path.write_bytes(b"".join(map(to_line, (EARLY.reference, SILENT, SAME))))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An application's log with one workflow that completed."""
    dispatch = "0d5c0000-0000-4000-8000-00000000000a"
    links = {"workflow": {"dispatch_uuid": dispatch, "href": f"/workflows/{dispatch}"}}
    status = {
        "message_uuid": "aaaaaaaa-0000-4000-8000-000000000001",
        "to": {"type": "whatsapp", "number": "447700900001"},
        "from": {"type": "whatsapp", "number": "447700900000"},
        "timestamp": "2026-01-01T10:00:03.000Z",
        "status": "delivered",
        "_links": links,
    }
    report = {
        "dispatch_uuid": dispatch,
        "template": "failover",
        "status": "completed",
        "timestamp": "2026-01-01T10:00:03.000Z",
        "_links": {"messages": [{"href": status["message_uuid"], "status": "delivered"}]},
    }
    lines = [
        {"at": "2026-01-01T10:00:00Z", "request": REQUEST, "response": {"dispatch_uuid": dispatch}},
        {"at": "2026-01-01T10:00:03Z", "body": status},
        {"at": "2026-01-01T10:00:03.2Z", "body": report},
    ]
    path = tmp_path / "app.log"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file with a key."""
    path = tmp_path / "trace.key"
    path.write_text(f"{KEY}\n")
    return path


def told(done: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_replay_says_how_each_workflow_compares(traces: Path) -> None:
    done = compare("replay", traces)
    assert done.exit_code == 1
    assert [(line["source"], line["outcome"]) for line in told(done)] == [
        (f"{traces}:1", "semantic"),
        (f"{traces}:2", "semantic"),
        (f"{traces}:3", "identical"),
    ]
    assert done.stderr == "dispatch-gateway: 2 semantic, 1 identical\n"


def test_a_tolerance_makes_a_difference_go_away(traces: Path) -> None:
    done = compare("replay", traces, "--tolerance", "failover-early=301")
    assert told(done)[0]["outcome"] == "equivalent"


def test_an_identity_replay_has_no_difference(traces: Path, tmp_path: Path) -> None:
    replayed = tmp_path / "replayed.jsonl"
    assert compare("replay", traces, "-o", replayed).exit_code == 0
    done = compare("replay", replayed)
    assert done.exit_code == 0
    assert {line["outcome"] for line in told(done)} == {"identical"}


def test_rules_can_be_switched_for_a_replay(traces: Path) -> None:
    done = compare("replay", traces, "--refuse", "read-never-met")
    assert done.exit_code == 1


def test_a_trace_that_cannot_be_read_is_told_and_the_rest_done(traces: Path) -> None:
    with traces.open("ab") as file:
        file.write(to_line(SAME)[:100])
    done = compare("replay", traces)
    assert (done.exit_code, len(told(done))) == (2, 3)
    assert f"dispatch-gateway: {traces}:4: " in done.stderr


def test_two_files_are_compared_workflow_by_workflow(traces: Path, tmp_path: Path) -> None:
    replayed = tmp_path / "replayed.jsonl"
    compare("replay", traces, "-o", replayed)
    done = compare("diff", traces, replayed)
    assert done.exit_code == 1
    assert done.stdout.startswith("3 workflows on both sides: 1 identical, 2 semantic.\n")
    assert "  CMP405 failover-early, step 1\n" in done.stdout


def test_only_so_many_workflows_are_drawn(traces: Path, tmp_path: Path) -> None:
    replayed = tmp_path / "replayed.jsonl"
    compare("replay", traces, "-o", replayed)
    done = compare("diff", traces, replayed, "--top", "1")
    assert "1 more workflow with differences; --format jsonl lists them all." in done.stdout


def test_a_workflow_on_one_side_only_is_told(traces: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(to_line(SAME))
    done = compare("diff", other, traces)
    assert done.exit_code == 1
    assert "2 workflows only in B." in done.stdout
    assert done.stderr == f"dispatch-gateway: {traces}:1: is only in B, the first of 2\n"


def test_the_same_file_twice_differs_in_nothing(traces: Path) -> None:
    done = compare("diff", traces, traces, "--format", "jsonl")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line["differences"] for line in told(done)] == [[], [], []]


def test_logs_become_traces(log: Path, key: Path, tmp_path: Path) -> None:
    output = tmp_path / "traces.jsonl"
    done = compare("import", log, "--key-file", key, "-o", output)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "dispatch-gateway: 1 trace\n"
    read = from_line(output.read_bytes())
    assert isinstance(read, Trace)
    assert [report.status for report in read.reports] == ["completed"]


def test_imported_traces_hold_nobody(log: Path, key: Path) -> None:
    assert "447700900001" not in compare("import", log, "--key-file", key).stdout


def test_one_key_gives_the_same_pseudonyms_from_a_file_and_the_environment(
    log: Path, key: Path, environment: pytest.MonkeyPatch
) -> None:
    from_file = compare("import", log, "--key-file", key).stdout
    environment.setenv("GATEWAY_TRACE_KEY", KEY)
    assert compare("import", log).stdout == from_file


def test_without_a_key_one_is_drawn_and_that_is_said(log: Path) -> None:
    first, second = compare("import", log), compare("import", log)
    assert "so one was drawn and is thrown away" in first.stderr
    assert first.stdout != second.stdout


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"short", "is shorter than 16 characters"), (b"\xff" * 20, "is not text")],
)
def test_a_key_that_cannot_be_used_is_explained(
    log: Path, tmp_path: Path, content: bytes, fault: str
) -> None:
    path = tmp_path / "bad.key"
    path.write_bytes(content)
    done = compare("import", log, "--key-file", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"dispatch-gateway: {path}: {fault}" in done.stderr


def test_a_log_that_is_cut_off_is_told_and_the_rest_imported(log: Path, key: Path) -> None:
    with log.open("a") as file:
        file.write('{"at": "2026')
    done = compare("import", log, "--key-file", key)
    assert (done.exit_code, len(told(done))) == (2, 1)
    assert f"{log}:4: is cut off" in done.stderr


def test_traces_get_other_pseudonyms_and_stay_comparable(
    traces: Path, key: Path, tmp_path: Path
) -> None:
    output = tmp_path / "to-share.jsonl"
    assert compare("anonymise", traces, "--key-file", key, "-o", output).exit_code == 0
    renamed = [from_line(line) for line in output.read_bytes().splitlines()]
    dispatches = {each.dispatch for each in renamed if isinstance(each, Trace)}
    assert len(dispatches - {EARLY.reference.dispatch, SILENT.dispatch, SAME.dispatch}) == 3
    before, after = compare("replay", traces), compare("replay", output)
    assert [line["outcome"] for line in told(after)] == [line["outcome"] for line in told(before)]


def test_a_replay_under_other_pseudonyms_is_still_identical(
    traces: Path, key: Path, tmp_path: Path
) -> None:
    replayed, renamed = tmp_path / "replayed.jsonl", tmp_path / "renamed.jsonl"
    compare("replay", traces, "-o", replayed)
    compare("anonymise", replayed, "--key-file", key, "-o", renamed)
    assert {line["outcome"] for line in told(compare("replay", renamed))} == {"identical"}


def test_standard_input_is_read(traces: Path) -> None:
    done = compare("replay", "-", stdin=traces.read_bytes())
    assert [line["source"] for line in told(done)] == ["-:1", "-:2", "-:3"]


def test_a_report_begins_with_the_answer(traces: Path) -> None:
    done = compare("report", traces)
    assert done.exit_code == 1
    assert done.stdout.startswith("No: 2 of 2 workflows differ in meaning.\n")
    assert done.stderr == ""


def test_it_is_plain_when_nobody_watches(traces: Path) -> None:
    assert "\x1b" not in compare("report", traces).stdout


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("r.html", "<!doctype"), ("r.json", "{"), ("r.xml", "<?xml"), ("r.md", "No: 2 of 2 work")],
)
def test_the_name_of_the_output_chooses_the_format(
    traces: Path, tmp_path: Path, name: str, beginning: str
) -> None:
    done = compare("report", traces, "-o", tmp_path / name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert (tmp_path / name).read_text().startswith(beginning)


@pytest.mark.parametrize(("limit", "code"), [("semantic", 1), ("critical", 0), ("not-go", 1)])
def test_what_fails_is_for_the_caller_to_say(traces: Path, limit: str, code: int) -> None:
    assert compare("report", traces, "--fail-on", limit).exit_code == code


def test_too_few_workflows_are_not_yet_enough(tmp_path: Path) -> None:
    path = tmp_path / "sound.jsonl"
    path.write_bytes(to_line(replace(replay(SAME), path=TracePath.LEGACY, origin="observe")))
    done = compare("report", path)
    assert done.exit_code == 0
    assert done.stdout.startswith("Not yet: 1 workflow of 1 shape, and none differs in meaning,")
    assert compare("report", path, "--fail-on", "not-go").exit_code == 1


def test_nothing_to_compare_makes_no_report(tmp_path: Path) -> None:
    path = tmp_path / "gone.jsonl"
    done = compare("report", path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"dispatch-gateway: {path}: cannot be read")


def test_a_finding_has_a_sample_of_both_sides(traces: Path) -> None:
    report = json.loads(compare("report", traces, "--format", "json").stdout)
    finding = next(each for each in report["findings"] if each["name"] == "failover-early")
    assert (finding["workflows"], finding["first"]) == (1, f"{traces}:1")
    assert [finding["sample"][side]["path"] for side in ("reference", "candidate")] == [
        "legacy",
        "none",
    ]


def test_what_somebody_answers_for_does_not_fail(traces: Path, tmp_path: Path) -> None:
    report = json.loads(compare("report", traces, "--format", "json").stdout)
    ignores = tmp_path / "ignores.toml"
    ignores.write_text(
        "".join(
            f'[[ignore]]\nfingerprint = "{finding["fingerprint"]}"\nreason = "known to us"\n'
            'owner = "ops"\nexpires = 9999-12-31\n'
            for finding in report["findings"]
        )
    )
    done = compare("report", traces, "--ignores", ignores)
    assert done.exit_code == 0
    assert "Ignored: known to us (ops, until 9999-12-31)." in done.stdout


def test_ignores_that_expired_or_met_nothing_are_told(traces: Path, tmp_path: Path) -> None:
    ignores = tmp_path / "ignores.toml"
    ignores.write_text(
        "".join(
            f'[[ignore]]\nfingerprint = "{12 * digit}"\nreason = "r"\nowner = "ops"\n'
            f"expires = {day}\n"
            for digit, day in (("a", "2020-01-31"), ("b", "9999-12-31"))
        )
    )
    told = compare("report", traces, "--ignores", ignores).stdout
    assert "aaaaaaaaaaaa expired on 2020-01-31 (ops: r)" in told
    assert "bbbbbbbbbbbb met by nothing (ops: r)" in told


def test_an_ignore_without_an_owner_is_refused(traces: Path, tmp_path: Path) -> None:
    ignores = tmp_path / "ignores.toml"
    ignores.write_text('[[ignore]]\nfingerprint = "aaaaaaaaaaaa"\nreason = "r"\n')
    done = compare("report", traces, "--ignores", ignores)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"dispatch-gateway: {ignores}:1: lacks owner" in done.stderr


def test_branches_that_were_never_seen_can_be_written(traces: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jsonl"
    compare("report", traces, "--write-missing", missing)
    done = compare("replay", missing)
    assert {line["outcome"] for line in told(done)} == {"identical"}


def test_two_recordings_can_be_compared_instead_of_a_replay(traces: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(to_line(replay(EARLY.reference)) + to_line(replay(SILENT)))
    done = compare("report", traces, "--with", other, "--format", "json")
    assert json.loads(done.stdout)["evidence"]["compared"] == 2
    assert done.stderr == (
        f"dispatch-gateway: {traces}:3: is only on the first side, so it is not compared;"
        " the first of 1\n"
    )


def test_an_output_that_cannot_be_written_is_explained(traces: Path, tmp_path: Path) -> None:
    done = compare("report", traces, "-o", tmp_path / "none" / "r.html")
    assert done.exit_code == 2
    assert "cannot be written: no such file or directory" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "report", "replay", "doubles", "populations", "anonymise --key-file {key}",
        "import --key-file {key}", "diff {traces}", "report --with {traces}", "diff",
    ],
)  # fmt: skip
@pytest.mark.parametrize("output", ["--output={0}", "-o{0}"])
def test_what_is_read_is_not_overwritten(
    traces: Path, key: Path, arguments: str, output: str
) -> None:
    before = traces.read_bytes()
    words = arguments.format(key=key, traces=traces).split()
    done = compare(*words, traces, output.format(traces))
    assert (done.exit_code, traces.read_bytes()) == (2, before)
    assert f"{traces}: is read as input; choose another name for the output" in done.stderr


def test_a_key_is_not_overwritten(log: Path, key: Path) -> None:
    done = compare("import", log, "--key-file", key, "-o", key)
    assert (done.exit_code, key.read_text()) == (2, f"{KEY}\n")


def test_the_missing_branches_are_not_written_over_the_traces(traces: Path) -> None:
    before = traces.read_bytes()
    done = compare("report", traces, "--write-missing", traces)
    assert (done.exit_code, traces.read_bytes()) == (2, before)


@pytest.mark.parametrize(
    "arguments",
    [
        "report {gone}", "report {traces} --with {gone}", "replay {gone}", "doubles {gone}",
        "populations {gone}", "import {gone} --key-file {key}", "diff {gone} {traces}",
        "diff {traces} {gone}", "anonymise {gone} --key-file {key}",
    ],
)  # fmt: skip
def test_a_misspelt_input_leaves_the_last_result(
    traces: Path, key: Path, tmp_path: Path, arguments: str
) -> None:
    result = tmp_path / "result.txt"
    result.write_text("of yesterday")
    gone = tmp_path / "gone.jsonl"
    done = compare(*arguments.format(gone=gone, traces=traces, key=key).split(), "-o", result)
    assert (done.exit_code, result.read_text()) == (2, "of yesterday")
    assert f"no trace was found, and {result} was not written" in done.stderr


def test_a_log_among_traces_is_told_once(log: Path) -> None:
    done = compare("report", log)
    assert done.exit_code == 2
    assert done.stderr == (
        f"dispatch-gateway: {log}:1: is a line of a log, not a trace, and perhaps not the only one;"
        " run `dispatch-gateway compare import` on the log first\n"
        "dispatch-gateway: no trace was found\n"
    )


@pytest.mark.parametrize("arguments", ["diff {cut} {traces} --format jsonl", "replay {cut}"])
def test_a_record_that_was_cut_is_no_outcome(traces: Path, tmp_path: Path, arguments: str) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(to_line(replace(SAME, entries=SAME.entries[:-1], is_complete=False)))
    done = compare(*arguments.format(cut=cut, traces=traces).split())
    assert [line["outcome"] for line in told(done)] == ["cut"]


def test_an_answer_that_nothing_ties_is_a_loss(log: Path, key: Path) -> None:
    problem = {"type": "https://example.com/errors#throttled", "detail": "Too many requests."}
    with log.open("a") as file:
        file.write(f"{json.dumps({'status': 429, 'body': problem})}\n")
    done = compare("import", log, "--key-file", key)
    assert (done.exit_code, len(told(done))) == (2, 1)
    assert f"{log}:4: is a refusal and does not say of which request" in done.stderr


def test_the_edge_of_a_log_is_no_loss(log: Path, key: Path) -> None:
    with log.open("a") as file:
        file.write(f"{json.dumps({'at': '2026-01-01T10:01:00Z', 'request': REQUEST})}\n")
    done = compare("import", log, "--key-file", key)
    assert (done.exit_code, len(told(done))) == (0, 1)


def test_who_was_messaged_twice_is_counted(tmp_path: Path) -> None:
    late = entry(900, Kind.STATUS, 0, "delivered")
    path = tmp_path / "late.jsonl"
    entries = (*EARLY.reference.entries, late)
    path.write_bytes(to_line(replace(EARLY.reference, entries=entries)))
    done = compare("doubles", path, "--format", "json")
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)["rows"]
    assert row == {
        "channel": "whatsapp",
        "condition_status": "delivered",
        "expiry_time": 600,
        "steps": 1,
        "failovers": 1,
        "doubles": 1,
        "unread": 0,
    }


@pytest.mark.parametrize(
    ("name", "beginning"), [("d.html", "<!doctype"), ("d.txt", "1 of 2 steps with an expiry was")]
)
def test_doubles_are_drawn(traces: Path, tmp_path: Path, name: str, beginning: str) -> None:
    compare("doubles", traces, "-o", tmp_path / name)
    assert (tmp_path / name).read_text().startswith(beginning)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["replay"], "Missing argument"),
        (["report", "x", "--format", "pdf"], "'pdf' is not one of"),
        (["replay", "x", "--tolerance", "late=5"], "'late' is none of failover-late"),
        (["replay", "x", "--tolerance", "report=soon"], "write report=SECONDS, from 0 to 86400"),
        (["replay", "x", "--tolerance", "report=nan"], "write report=SECONDS, from 0 to 86400"),
        (["diff"], "Missing argument 'A'"),
        (["revise"], "No such command 'revise'"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], fault: str) -> None:
    done = compare(*arguments)
    assert done.exit_code == 2
    assert fault in done.stderr


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_help_teaches_by_example(name: str) -> None:
    text = compare(name, "--help").stdout
    assert f"dispatch-gateway compare {name}" in text
    assert "Exit codes:" in text


def test_nothing_of_the_server_is_imported(traces: Path) -> None:
    code = (
        "import sys; from gateway.cli.main import run;"
        f"run(['compare', 'report', {str(traces)!r}]); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    heavy = {"httptools", "asyncio", "pydantic", "rich", "sqlite3", "starlette", "structlog"}
    ours = {"gateway.app", "gateway.settings", "gateway.stores", "gateway.engine"}
    assert (heavy | ours) & set(done.stderr.split()) == set()
