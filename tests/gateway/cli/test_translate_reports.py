"""`translate` for build servers: annotations, test reports, baselines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.gateway.cli.translating import (
    MIXED,
    NOTED,
    REFUSED,
    SOUND,
    WARNED,
    translate,
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


def cases_in(document: str) -> list[ET.Element]:
    return list(ET.fromstring(document).iter("testcase"))  # noqa: S314 - our own output


@pytest.mark.parametrize("form", ["github", "junit"])
def test_a_form_for_build_servers_is_a_result(mixed: Path, form: str) -> None:
    assert translate(mixed, "--format", form, "--check").stdout != ""


def test_annotations_name_file_line_and_column(mixed: Path) -> None:
    lines = translate(mixed, "--format", "github").stdout.splitlines()
    column = NOTED.index('"bogus"') + 1
    assert lines[0] == (
        f"::notice file=mixed.jsonl,line=2,col={column},title=REQ124 field-unknown"
        "::/workflow/0/bogus is no field of Dispatch here; not sent on"
    )
    assert [line.split()[0] for line in lines] == ["::notice", "::warning", "::error"]


def test_an_annotation_names_what_was_not_read(folder: Path) -> None:
    lines = translate("missing.json", "--format", "github").stdout.splitlines()
    assert lines == [
        "::error file=missing.json,title=could not be read"
        "::missing.json: cannot be read: no such file or directory"
    ]


def test_an_annotation_names_a_line_that_was_not_read(folder: Path) -> None:
    Path("a.jsonl").write_text(SOUND + "x" * ((16 << 20) + 1) + "\n" + SOUND)
    (line,) = translate("a.jsonl", "--format", "github").stdout.splitlines()
    assert line.startswith(
        "::error file=a.jsonl,line=2,title=could not be read::a.jsonl: is longer"
    )


def test_annotations_escape_what_would_end_them(folder: Path) -> None:
    Path("a,b:c%d\ne.json").write_text(REFUSED)
    (line,) = translate("a,b:c%d\ne.json", "--format", "github").stdout.splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac%25d%0Ae.json,line=1,")


def test_a_test_report_has_a_case_for_each_document(mixed: Path) -> None:
    cases = cases_in(translate(mixed, "--format", "junit").stdout)
    assert [case.get("name") for case in cases] == [f"mixed.jsonl:{n}" for n in (1, 2, 3, 4)]


def test_in_a_test_report_what_fails_the_command_is_a_failure(mixed: Path) -> None:
    cases = cases_in(translate(mixed, "--format", "junit").stdout)
    assert [[inner.tag for inner in case] for case in cases] == [
        [],
        ["system-out"],
        ["system-out"],
        ["failure"],
    ]


def test_in_a_test_report_a_warning_is_a_failure_if_strict(mixed: Path) -> None:
    root = ET.fromstring(translate(mixed, "--format", "junit", "--strict").stdout)  # noqa: S314
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "2", "0")


def test_in_a_test_report_what_was_not_read_is_an_error(mixed: Path) -> None:
    done = translate(mixed, "missing.json", "--format", "junit")
    root = ET.fromstring(done.stdout)  # noqa: S314
    assert (root.get("tests"), root.get("errors")) == ("5", "1")
    assert [error.get("message") for error in root.iter("error")] == [
        "cannot be read: no such file or directory"
    ]


def test_a_test_report_can_hold_any_file_name(folder: Path) -> None:
    Path('a\x01<&">.json').write_text(REFUSED)
    (case,) = cases_in(translate('a\x01<&">.json', "--format", "junit").stdout)
    assert case.get("name") == 'a\N{REPLACEMENT CHARACTER}<&">.json'


@pytest.mark.parametrize("form", ["json", "jsonl", "text", "github", "junit"])
def test_a_file_name_that_is_no_text_is_no_trouble(folder: Path, form: str) -> None:
    path = Path("\udcff.json")
    path.write_text(REFUSED)
    assert translate(path, "--format", form).exit_code == 1


@pytest.mark.parametrize("form", ["json", "jsonl", "text", "github", "junit"])
def test_a_missing_file_whose_name_is_no_text_is_no_trouble(folder: Path, form: str) -> None:
    assert translate("\udcffmissing.json", "--format", form).exit_code == 2


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\n", "\r", "\x7f", "\x85", "\u2028"])
def test_a_test_report_names_files_as_they_are_called(folder: Path, character: str) -> None:
    name = f"a{character}b.json"
    Path(name).write_text(REFUSED)
    (case,) = cases_in(translate(name, "--format", "junit").stdout)
    shown = name.translate(dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}"))
    assert (case.get("classname"), case.get("name")) == (shown, shown)


def test_a_file_name_cannot_steer_the_terminal(folder: Path) -> None:
    Path("\x1b[2J\n.json").write_text(REFUSED)
    done = translate("\x1b[2J\n.json", "\x1b[2J\nmissing", "--check")
    assert "\x1b" not in done.stderr
    assert "·[2J·.json:1:" in done.stderr
    assert "dispatch-gateway: ·[2J·missing: cannot be read: " in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 1, "findings": [1]}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_what_is_no_baseline_is_refused(mixed: Path, content: str) -> None:
    Path("baseline.json").write_bytes(content.encode(errors="surrogateescape"))
    done = translate(mixed, "--baseline", "baseline.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "dispatch-gateway: baseline.json: is not a baseline; make one with --write-baseline\n"
    )


def test_a_baseline_of_another_version_is_refused(mixed: Path) -> None:
    Path("baseline.json").write_text('{"version": 2, "findings": []}')
    done = translate(mixed, "--baseline", "baseline.json")
    assert done.stderr == (
        "dispatch-gateway: baseline.json: has version 2; this program reads version 1\n"
    )


def test_a_baseline_that_is_made_may_be_missing_yet(mixed: Path) -> None:
    done = translate(mixed, "--baseline", "new.json", "--write-baseline", "./new.json")
    assert done.exit_code == 0
    assert translate(mixed, "--baseline", "new.json", "--strict").exit_code == 0


def test_a_run_that_accepts_its_findings_does_not_fail(mixed: Path) -> None:
    assert translate(mixed, "--strict", "--write-baseline", "new.json").exit_code == 0


def test_a_baseline_stays_as_it_was_when_not_all_was_read(mixed: Path) -> None:
    translate(mixed, "--write-baseline", "baseline.json")
    before = Path("baseline.json").read_bytes()
    done = translate("missing.json", "--write-baseline", "baseline.json")
    assert (done.exit_code, Path("baseline.json").read_bytes()) == (2, before)
    assert done.stderr.endswith(
        "baseline.json was not written: a baseline needs all of the input to be read.\n"
    )


def test_a_baseline_holds_for_another_checkout(folder: Path) -> None:
    text = REFUSED.replace("{", "{\n", 1)
    Path("a.json").write_bytes(text.encode())
    translate("a.json", "--write-baseline", "baseline.json")
    Path("a.json").write_bytes(text.replace("\n", "\r\n").encode())
    assert translate("a.json", "--baseline", "baseline.json").exit_code == 0


def test_a_missing_baseline_is_refused(mixed: Path) -> None:
    done = translate(mixed, "--baseline", "baseline.json")
    assert done.exit_code == 2
    assert "baseline.json: cannot be read: no such file or directory" in done.stderr


def test_a_baseline_with_strange_entries_accepts_nothing(mixed: Path) -> None:
    entry = '{"document": 1, "rule": null, "pointer": [], "source": {}}'
    Path("baseline.json").write_text(f'{{"version": 1, "findings": [{entry}]}}')
    done = translate(mixed, "--baseline", "baseline.json", "--select", "REQ")
    assert done.exit_code == 1


def test_a_baseline_of_nothing_is_one(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=SOUND)
    assert translate("--baseline", "baseline.json", stdin=SOUND).exit_code == 0


def test_warnings_are_accepted_for_strict_runs(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=WARNED)
    assert translate("--strict", "--baseline", "baseline.json", stdin=WARNED).exit_code == 0


def test_a_baseline_can_be_made_anew_from_itself(mixed: Path) -> None:
    translate(mixed, "--write-baseline", "baseline.json")
    before = Path("baseline.json").read_bytes()
    translate(mixed, "--baseline", "baseline.json", "--write-baseline", "baseline.json")
    assert Path("baseline.json").read_bytes() == before


def test_a_copy_of_an_accepted_document_is_not_accepted(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=REFUSED + SOUND)
    done = translate("--baseline", "baseline.json", "--check", stdin=REFUSED + SOUND + REFUSED)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        1,
        "-:3: error REQ123 /workflow/0/message/content/text has it 2 times, in copies of one"
        " document; the baseline accepts 1",
    )


def test_as_many_copies_are_accepted_as_there_were(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=REFUSED * 5)
    done = translate("--baseline", "baseline.json", "--check", stdin=REFUSED * 5)
    assert done.exit_code == 0
    assert "\n5 findings accepted by the baseline, and not told.\n" in done.stderr


def test_a_copy_that_is_gone_is_told(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=REFUSED * 5)
    done = translate("--baseline", "baseline.json", stdin=REFUSED * 3)
    assert "1 entry of the baseline met no finding, or fewer than it accepts: " in done.stderr
    assert "  -:5 REQ123 /workflow/0/message/content/text: 3 of 5\n" in done.stderr


def test_an_entry_that_a_merge_has_doubled_accepts_no_more(folder: Path) -> None:
    translate("--write-baseline", "baseline.json", stdin=REFUSED)
    baseline = json.loads(Path("baseline.json").read_bytes())
    baseline["findings"] *= 2
    Path("baseline.json").write_text(json.dumps(baseline))
    assert translate("--baseline", "baseline.json", stdin=REFUSED * 2).exit_code == 1


def test_an_annotation_names_what_is_not_accepted_any_more(folder: Path) -> None:
    Path("a.jsonl").write_text(REFUSED)
    translate("a.jsonl", "--write-baseline", "baseline.json")
    Path("a.jsonl").write_text(REFUSED * 2)
    done = translate("a.jsonl", "--baseline", "baseline.json", "--format", "github")
    assert done.stdout.startswith("::error file=a.jsonl,line=2,title=REQ123 value-empty::/workflow")


@pytest.mark.parametrize(
    ("strictness", "inner"), [((), "system-out"), (("--strict",), "failure")], ids=["", "strict"]
)
def test_in_a_test_report_what_is_not_accepted_any_more_is_a_case(
    folder: Path, strictness: tuple[str, ...], inner: str
) -> None:
    translate("--write-baseline", "baseline.json", stdin=WARNED)
    done = translate(
        *("--baseline", "baseline.json", "--format", "junit", *strictness), stdin=WARNED * 2
    )
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own output
    assert [[each.tag for each in case] for case in cases_in(done.stdout)] == [[], [], [inner]]
    assert root.get("tests") == "3"
    assert root.get("failures") == str(len(strictness))


@pytest.mark.parametrize("count", [0.5, "2", None, [1]])
def test_a_baseline_with_a_strange_count_is_refused(mixed: Path, count: object) -> None:
    translate(mixed, "--write-baseline", "baseline.json")
    baseline = json.loads(Path("baseline.json").read_bytes())
    baseline["findings"][0]["count"] = count
    Path("baseline.json").write_text(json.dumps(baseline))
    assert translate(mixed, "--baseline", "baseline.json").exit_code == 2


@pytest.mark.parametrize("choice", ["--ignore=REQ144", "--select=REQ123"])
def test_a_baseline_made_anew_keeps_what_was_not_looked_for(mixed: Path, choice: str) -> None:
    translate(mixed, "--write-baseline", "baseline.json")
    before = Path("baseline.json").read_bytes()
    both = ("--baseline", "baseline.json", "--write-baseline", "baseline.json")
    done = translate(mixed, *both, choice)
    assert Path("baseline.json").read_bytes() == before
    assert done.stderr.endswith("Wrote baseline.json: it accepts 2 findings.\n")


def test_a_stale_entry_of_a_rule_that_is_not_selected_is_not_told(mixed: Path) -> None:
    translate(mixed, "--write-baseline", "baseline.json")
    done = translate("--baseline", "baseline.json", "--select", "REQ124", stdin=SOUND + NOTED)
    assert "met no finding" not in done.stderr
