"""`translate` as it is called: results, options, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.cli.translating import (
    MIXED,
    NOTED,
    REFUSED,
    SOUND,
    WARNED,
    line_with,
    results_of,
    translate,
    workflow_with,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mixed(folder: Path) -> Path:
    """Four lines: nothing to say, a note, a warning, an error."""
    path = Path("mixed.jsonl")
    path.write_text(MIXED)
    return path


def test_one_document_is_one_indented_object() -> None:
    done = translate(stdin=json.dumps(workflow_with(), indent=2))
    assert done.stdout.startswith('{\n  "source": "-",\n  "ok": true,\n  "messages": [\n')


def test_nothing_is_said_about_one_sound_document() -> None:
    assert translate(stdin=SOUND).stderr == ""


def test_several_documents_are_lines(mixed: Path) -> None:
    assert [each["source"] for each in results_of(translate(mixed).stdout)] == [
        f"mixed.jsonl:{number}" for number in (1, 2, 3, 4)
    ]


def test_several_files_of_one_document_are_lines_named_by_their_files(folder: Path) -> None:
    for name in ("b.json", "a.json"):
        Path(name).write_text(SOUND)
    names = [each["source"] for each in results_of(translate("b.json", "a.json").stdout)]
    assert names == ["b.json", "a.json"]


def test_a_result_has_its_members_in_their_order(mixed: Path) -> None:
    refused = results_of(translate(mixed).stdout)[3]
    assert list(refused) == ["source", "ok", "messages", "failover", "diagnostics"]
    assert (refused["ok"], refused["messages"], refused["failover"]) == (False, None, None)


def test_a_diagnostic_has_its_members_in_their_order(mixed: Path) -> None:
    (found,) = results_of(translate(mixed).stdout)[2]["diagnostics"]
    assert found == {
        "rule": "REQ144",
        "name": "address-as-number",
        "severity": "warning",
        "pointer": "/workflow/0/to/number",
        "line": 3,
        "column": WARNED.index("447700900000") + 1,
        "detail": "is a JSON number; write it as a string",
    }


def test_each_step_has_the_terms_on_which_it_gives_way() -> None:
    first = workflow_with(failover={"expiry_time": 600, "condition_status": "read"})
    both = {"template": "failover", "workflow": first["workflow"] + workflow_with()["workflow"]}
    terms = json.loads(translate(stdin=json.dumps(both)).stdout)["failover"]
    assert terms == [{"expiry_time": 600, "condition_status": "read"}, None]


def test_several_documents_are_an_array_on_request(mixed: Path) -> None:
    array = json.loads(translate(mixed, "--format", "json").stdout)
    assert array == results_of(translate(mixed).stdout)


def test_one_document_is_a_line_on_request() -> None:
    assert len(translate("--format", "jsonl", stdin=SOUND).stdout.splitlines()) == 1


def test_nothing_that_could_be_read_is_an_empty_array(folder: Path) -> None:
    assert translate("missing", "--format", "json").stdout == "[]\n"


def test_text_is_for_people() -> None:
    done = translate("--format", "text", stdin=SOUND)
    assert done.stdout.startswith('-\n  1. sms text; last\n     {\n       "to": "447700900000"')


def test_findings_in_text_show_their_line_with_a_caret() -> None:
    document = '{\n  "template": "failover",\n  "workflow":\t{}\n}\n'
    done = translate("--format", "text", stdin=document)
    assert done.stderr.startswith(
        "-:3:15: error REQ122 field-wrong-type\n"
        "  /workflow must be an array, not an object\n"
        '  3 |   "workflow":\t{}\n'
        "    |              \t^~\n\n"
    )


def test_check_writes_nothing_to_standard_output(mixed: Path) -> None:
    done = translate(mixed, "--check")
    assert (done.stdout, done.exit_code) == ("", 1)


def test_check_tells_every_finding_in_full(mixed: Path) -> None:
    told = translate(mixed, "--check").stderr
    assert [rule in told for rule in ("note REQ124", "warning REQ144", "error REQ123")] == [
        True
    ] * 3


def test_of_many_documents_twenty_findings_are_told(folder: Path) -> None:
    lines = translate(stdin=REFUSED * 50).stderr.splitlines()
    assert sum(line.startswith("-:") for line in lines) == 20
    assert lines[-1] == "50 errors: REQ123 value-empty 50."


@pytest.mark.parametrize(
    ("lines", "options", "code"),
    [
        (SOUND, (), 0),
        (NOTED, ("--strict",), 0),
        (WARNED, (), 0),
        (WARNED, ("--strict",), 1),
        (REFUSED, (), 1),
        (REFUSED, ("--ignore", "REQ123"), 0),
        (REFUSED, ("--ignore", "value-empty"), 0),
        (REFUSED, ("--ignore", "REQ"), 0),
        (REFUSED, ("--select", "REQ144"), 0),
        (REFUSED, ("--select", "REQ144,req123"), 1),
        (REFUSED, ("--select", "REQ1", "--ignore", "REQ12*"), 0),
        (WARNED, ("--strict", "--ignore", "address-as-number"), 0),
        (WARNED, ("--refuse", "address-as-number"), 1),
        (WARNED, ("--accept", "address-as-number"), 0),
    ],
)
def test_the_exit_code_says_what_was_found(lines: str, options: tuple[str, ...], code: int) -> None:
    assert translate(*options, stdin=lines).exit_code == code


def test_results_keep_all_diagnostics_whatever_is_ignored(mixed: Path) -> None:
    done = translate(mixed, "--ignore", "REQ")
    assert sum(len(each["diagnostics"]) for each in results_of(done.stdout)) == 3


def test_what_is_ignored_is_not_told(mixed: Path) -> None:
    assert "REQ123" not in translate(mixed, "--check", "--ignore", "REQ123").stderr


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--ignore", "REQ123"), "1 finding left out by --ignore, and not told."),
        (("--select", "NAT"), "3 findings left out by --select, and not told."),
        (
            ("--select", "REQ1", "--ignore", "REQ124"),
            "1 finding left out by --select and --ignore, and not told.",
        ),
    ],
)
def test_what_is_left_out_is_counted(mixed: Path, options: tuple[str, ...], line: str) -> None:
    assert line in translate(mixed, *options).stderr.splitlines()


def test_findings_of_a_check_can_be_written_to_a_file(mixed: Path) -> None:
    translate(mixed, "--check", "--format", "github", "-o", "findings")
    assert Path("findings").read_text() == translate(mixed, "--format", "github").stdout


def test_what_the_gateway_accepts_on_request_is_accepted(folder: Path) -> None:
    last = line_with(failover={"expiry_time": 600, "condition_status": "read"})
    codes = [translate(*options, stdin=last).exit_code for options in ((), ("--accept", "REQ134"))]
    assert codes == [1, 0]


def test_templates_without_a_locale_get_the_default_one() -> None:
    template = {
        "from": {"type": "whatsapp", "number": "447700900001"},
        "to": {"type": "whatsapp", "number": "447700900000"},
        "message": {"content": {"type": "template", "template": {"name": "a"}}},
    }
    done = translate("--default-locale", "en-GB", stdin=line_with(**template))
    assert json.loads(done.stdout)["messages"][0]["whatsapp"] == {"locale": "en_GB"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--format", "yaml"],
        ["--jobs", "-1"],
        ["--ttl"],
        ["--assume", "undeliverable-fails-over"],
        ["--to", "steps", "--ttl"],
        ["--from", "status", "--to", "failover"],
        ["--from", "inbound", "--accept", "mms-media"],
        ["--from", "status", "--default-locale", "en"],
        ["--from", "status", "--max-steps", "100"],
        ["--workflow", "order.json"],
        ["--dispatch-uuid", "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"],
        ["--from", "inbound", "--pass-v1-codes"],
        ["--from", "status", "--reply-as-text"],
        ["--check", "--output", "out.json"],
        ["--check", "--format", "jsonl"],
        ["--output", "."],
        ["--accept", "mms-media", "--refuse", "REQ171"],
        ["--refuse", "value-empty"],
    ],
)
def test_what_would_mean_nothing_is_wrong_usage(folder: Path, arguments: list[str]) -> None:
    done = translate(*arguments, stdin=SOUND)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "\nError: " in done.stderr


@pytest.mark.parametrize(
    "setting",
    [
        ("--refuse", "null-as-absent"),
        ("--max-steps", "1"),
    ],
)
def test_the_request_of_recorded_statuses_is_read_with_the_settings_given(
    folder: Path, setting: tuple[str, str]
) -> None:
    step = workflow_with(client_ref=None)["workflow"][0]
    failover = {"expiry_time": 600, "condition_status": "delivered"}
    order = {"template": "failover", "workflow": [step | {"failover": failover}, step]}
    Path("order.json").write_text(json.dumps(order))
    options = ("--from", "status", "--workflow", "order.json", "--check")
    assert translate(*options, stdin="{}").exit_code == 1
    done = translate(*options, *setting, stdin="{}")
    assert done.exit_code == 2
    assert "order.json: is no request that statuses could belong to" in done.stderr


@pytest.mark.parametrize("option", ["--select", "--ignore", "--accept", "--refuse"])
def test_an_unknown_rule_is_answered_with_a_guess(option: str) -> None:
    done = translate(option, "mms-meda", stdin=SOUND)
    assert done.exit_code == 2
    assert "did you mean" in done.stderr
