"""`assess` as it is called: formats, files, exit codes, and what goes where."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from tests.gateway.assess.assessing import flow, waiting
from tests.support.corpus import make_step

SMS: Final = json.dumps(flow(make_step("sms", "text")))
WHATSAPP: Final = json.dumps(waiting("whatsapp"))
MMS: Final = json.dumps(waiting("mms", "image"))


def assess(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, ["assess", *map(str, arguments)], input=stdin)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with three payloads and a line without any."""
    path = tmp_path / "app.log"
    path.write_text(f"INFO {SMS}\nINFO started\nINFO {WHATSAPP}\nINFO {MMS}\n")
    return path


def test_a_report_is_written_to_standard_output(log: Path) -> None:
    done = assess(log)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("2 of 3 workflows (67 %) can leave the gateway, 1 of them only")


def test_it_is_plain_when_nobody_watches(log: Path) -> None:
    assert "\x1b" not in assess(log).stdout


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        *(("r.html", "<!doctype"), ("r.HTM", "<!doctype"), ("r.json", "{"), ("r.csv", "grade,")),
        *(("r.txt", "2 of 3 work"), ("r", "2 of 3 work")),
    ],
)
def test_the_name_of_the_output_chooses_the_format(
    log: Path, tmp_path: Path, name: str, beginning: str
) -> None:
    done = assess(log, "-o", tmp_path / name)
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / name).read_text().startswith(beginning)


def test_directories_and_standard_input_are_read(log: Path) -> None:
    report = json.loads(assess(log.parent, "-", "--format", "json", stdin=SMS).stdout)
    assert report["payloads"] == 4
    assert report["input"]["files"] == 2


def test_what_cannot_be_read_is_told_and_the_rest_reported(log: Path) -> None:
    with log.open("a") as file:
        file.write(f"INFO {SMS[:40]}\n")
    done = assess(log, log.with_name("gone.log"))
    assert done.exit_code == 2
    assert done.stdout.startswith("2 of 3 workflows")
    assert done.stderr.splitlines() == [
        f"dispatch-gateway: {log}:5: looks like a payload that is cut off",
        f"dispatch-gateway: {log}/gone.log: cannot be read: no such file or directory".replace(
            "app.log/", ""
        ),
    ]


@pytest.mark.parametrize(
    ("text", "limit", "code"),
    [
        (WHATSAPP, "N3", 1),
        (MMS, "N3", 0),
        (MMS, "N2", 1),
        (SMS, "N1", 0),
        (WHATSAPP, "error", 0),
        ('{"template": "failover", "workflow": []}', "error", 1),
        ('{"template": "failover", "workflow": []}', "N3", 1),
    ],
)
def test_a_grade_can_fail_the_command(tmp_path: Path, text: str, limit: str, code: int) -> None:
    path = tmp_path / "order.json"
    path.write_text(text)
    assert assess(path, "--fail-on", limit).exit_code == code


@pytest.mark.parametrize(
    ("options", "grades"),
    [
        (["--assume", "undeliverable-fails-over"], {"N0": 1, "N1": 1, "N3": 1}),
        (["--accept", "NAT504"], {"N0": 1, "N2": 2}),
        (["--accept", "ttl-unavailable,mms-media"], {"N0": 1, "N2": 2}),
    ],
)
def test_assumptions_change_grades(log: Path, options: list[str], grades: dict[str, int]) -> None:
    counts = json.loads(assess(log, "--format", "json", *options).stdout)["grades"]
    assert {grade: count for grade, count in counts.items() if count} == grades


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "Missing argument"),
        (["x.log", "--accept", "ttl-unavailabel"], "did you mean NAT504 ttl-unavailable"),
        (["x.log", "--format", "pdf"], "'pdf' is not one of"),
        (["x.log", "--top", "0"], "is not in the range"),
        (["x.log", "-o", "r.pdf"], "r.pdf ends with none of .txt, .json, .csv, .html; choose one"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], fault: str) -> None:
    done = assess(*arguments)
    assert done.exit_code == 2
    assert fault in done.stderr


def test_a_format_that_is_named_may_have_any_suffix(log: Path) -> None:
    assert assess(log, "--format", "csv", "-o", log.with_name("r.tsv")).exit_code == 0


VERIFY = '{"brand": "Shop", "workflow": [{"channel": "sms", "to": "447700900000"}]}'


@pytest.mark.parametrize("text", ["INFO started\n", "{}", VERIFY])
def test_a_corpus_without_a_payload_fails_the_command(tmp_path: Path, text: str) -> None:
    path = tmp_path / "app.log"
    path.write_text(text)
    done = assess(path)
    assert done.exit_code == 2
    assert done.stderr == (
        "dispatch-gateway: no payload was found in 1 file; is it the right one?"
        " A payload is what POST /v0.1/dispatch takes\n"
    )
    assert done.stdout.startswith("No payload was found.")


def test_an_input_is_never_overwritten(log: Path) -> None:
    before = log.read_bytes()
    link = log.with_name("link.txt")
    link.symlink_to(log)
    done = [assess(paths, "-o", link, "--format", "text") for paths in (log, log.parent)]
    assert [each.exit_code for each in done] == [2, 2]
    assert all("is read as input; choose another name" in each.stderr for each in done)
    assert log.read_bytes() == before


@pytest.mark.parametrize("name", ["r.txt", "r.json", "r.csv", "r.html"])
def test_the_last_report_is_no_input_of_the_next(log: Path, name: str) -> None:
    reports = []
    for _ in range(2):
        done = assess(log.parent, "-o", log.with_name(name))
        reports.append(log.with_name(name).read_text())
    assert (done.exit_code, reports[1]) == (0, reports[0])


@pytest.mark.parametrize("name", ["r.txt", "r.json", "r.csv", "r.html"])
def test_a_report_of_an_earlier_run_is_not_counted(log: Path, name: str) -> None:
    assess(log, "-o", log.with_name(name))
    done = assess(log.parent)
    assert done.stdout.startswith("2 of 3 workflows")
    told = f"{log.with_name(name)}: is a report of an earlier run; not read"
    assert done.stderr == f"dispatch-gateway: {told}\n"


def test_an_interruption_says_what_became_of_the_report(log: Path) -> None:
    path = log.with_name("r.html")
    arguments = [sys.executable, "-m", "gateway", "assess", "-", "-o", str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin and running.stderr
        running.stdin.write(f"{SMS}\n".encode() + b'"workflow": [\n' * 100_000)
        running.stdin.flush()
        first = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        told = running.stderr.read().splitlines()
    assert b"holds a part of a payload" in first
    assert told[-1].decode() == f"dispatch-gateway: interrupted; {path} was not written"
    assert running.returncode == 130


def test_an_output_that_cannot_be_written_is_explained(log: Path) -> None:
    path = log.parent / "none" / "r.html"
    done = assess(log, "-o", path)
    assert done.exit_code == 2
    assert "cannot be written: no such file or directory" in done.stderr


def test_no_path_is_shown_on_request(tmp_path: Path) -> None:
    for name, text in (("a.json", SMS), ("jane.jsonl", f"{SMS[:40]}\n{WHATSAPP}\n")):
        (tmp_path / name).write_text(text)
    done = assess(tmp_path, "--no-paths", "--format", "json")
    report = json.loads(done.stdout)
    assert sorted(each["first"] for each in report["shapes"]) == ["file 1", "file 2:2"]
    assert [each["path"] for each in report["input"]["troubles"]] == ["file 2:1"]
    assert "jane" not in done.stdout


def test_a_file_that_cannot_be_read_is_no_line_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "\udcff.json").write_text("")
    (tmp_path / "a.json").write_text(SMS)
    report = json.loads(assess(tmp_path, "--format", "json").stdout)["input"]
    assert (report["lines"], report["unreadable"], report["troubles_total"]) == (0, 0, 1)


def test_a_failed_run_leaves_the_last_report(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = log.with_name("r.json")
    path.write_text("the last one")

    def fail(_path: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    done = assess(log, "-o", path)
    assert "cannot be written: no space left on device" in done.stderr
    assert [each.name for each in sorted(log.parent.iterdir())] == ["app.log", "r.json"]
    assert path.read_text() == "the last one"


def test_many_faults_do_not_flood_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text('"workflow": [\n' * 150)
    lines = assess(path).stderr.splitlines()
    assert (len(lines), lines[-1]) == (101, "dispatch-gateway: and 50 more like these")


def test_nothing_of_the_server_is_imported(log: Path) -> None:
    code = (
        "import sys; from gateway.cli.main import run;"
        f"run(['assess', {str(log)!r}]); print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    heavy = {"httptools", "asyncio", "pydantic", "rich", "sqlite3", "starlette", "structlog"}
    ours = {"gateway.app", "gateway.settings", "gateway.stores", "gateway.engine"}
    assert (heavy | ours) & set(done.stderr.split()) == set()


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_command(log: Path) -> None:
    arguments = [sys.executable, "-m", "gateway", "assess", str(log), "--format", "html"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        running.stdout.close()
        told = running.stderr.read()
    assert told == (
        b"dispatch-gateway: the reader of the output went away; the rest was not written\n"
    )
    assert running.returncode == 141


def test_the_help_teaches_by_example() -> None:
    text = assess("--help").stdout
    assert "dispatch-gateway assess templates/" in text
    assert "Exit codes:" in text
