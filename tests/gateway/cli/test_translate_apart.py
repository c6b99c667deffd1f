"""`translate` keeps what it writes apart from what it reads, and says what input probably is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.cli.translating import (
    REFUSED,
    SOUND,
    WARNED,
    results_of,
    run,
    translate,
    workflow_with,
)

LAID_OUT = json.dumps(workflow_with(), indent=2) + "\n"
LENGTH = LAID_OUT.count("\n")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with one payload, and the current one."""
    monkeypatch.chdir(tmp_path)
    Path("t").mkdir()
    Path("t/order.json").write_text(SOUND)
    return tmp_path


def sources(stdout: str) -> list[str]:
    return [each["source"] for each in results_of(stdout)]


@pytest.mark.parametrize("option", ["--output", "--write-baseline"])
@pytest.mark.parametrize("source", ["t/order.json", "t"])
@pytest.mark.parametrize("name", ["t/order.json", "t/../t/order.json", "link", "twin"])
def test_an_input_is_not_overwritten(option: str, source: str, name: str) -> None:
    Path("link").symlink_to("t/order.json")
    Path("twin").hardlink_to("t/order.json")
    done = translate(source, option, name)
    assert done.exit_code == 2
    assert done.stderr == (
        "dispatch-gateway: t/order.json: is read as input; choose another name for the output\n"
    )
    assert Path("t/order.json").read_text() == SOUND


def test_what_standard_input_comes_from_is_not_overwritten() -> None:
    with Path("t/order.json").open("rb") as file:
        done = run("-o", "t/order.json", stdin=file)
    assert done.returncode == 2
    assert Path("t/order.json").read_text() == SOUND


@pytest.mark.parametrize(
    "arguments",
    [
        ("--output", "a.json", "--write-baseline", "./a.json"),
        ("--output", "t/order.json", "--baseline", "t/order.json"),
        ("--from", "status", "--output", "t/order.json", "--workflow", "t/order.json"),
        ("--from", "status", "--write-baseline", "t/order.json", "--workflow", "t/order.json"),
    ],
)
def test_one_file_is_not_for_two_options(arguments: tuple[str, ...]) -> None:
    done = translate(*arguments, stdin=SOUND)
    assert done.exit_code == 2
    assert "is named by two options; choose another name for one" in done.stderr


def test_results_in_a_directory_are_not_read_again() -> None:
    codes = [translate("t", "-o", "t/results.json").exit_code for _ in range(2)]
    assert codes == [0, 0]
    assert json.loads(Path("t/results.json").read_text())["source"] == "t/order.json"


def test_what_is_left_out_is_said() -> None:
    translate("t", "-o", "t/results.json")
    done = translate("t", "-o", "t/results.json")
    assert done.stderr == "dispatch-gateway: t/results.json: is where this run writes; not read\n"


def test_a_baseline_in_a_directory_is_not_read_as_input() -> None:
    Path("t/warned.json").write_text(WARNED)
    assert translate("t", "--write-baseline", "t/baseline.json").exit_code == 0
    done = translate("t", "--strict", "--baseline", "t/baseline.json")
    assert (done.exit_code, sources(done.stdout)) == (0, ["t/order.json", "t/warned.json"])


def test_what_is_left_out_may_leave_nothing() -> None:
    Path("u").mkdir()
    Path("u/results.json").touch()
    done = translate("u", "-o", "u/results.json")
    assert done.exit_code == 2
    assert "dispatch-gateway: u: holds nothing else to read\n" in done.stderr


def test_a_shell_may_send_results_into_the_directory() -> None:
    with Path("t/results.json").open("wb") as file:
        assert run("t", stdout=file, stderr=None, capture_output=False).returncode == 0
    assert json.loads(Path("t/results.json").read_text())["source"] == "t/order.json"


def test_a_shell_may_not_append_results_to_what_is_read() -> None:
    with Path("t/order.json").open("ab") as file:
        done = run("t", stdout=file, stderr=None, capture_output=False)
    assert (done.returncode, Path("t/order.json").read_text()) == (2, SOUND)


@pytest.mark.parametrize("target", ["steps", "failover"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_document_spread_over_lines_is_told_once(target: str, end: str) -> None:
    text = SOUND + LAID_OUT + "\n" + SOUND + LAID_OUT
    Path("a.jsonl").write_bytes(text.replace("\n", end).encode())
    results = results_of(translate("a.jsonl", "--to", target).stdout)
    assert [(each["source"], each["ok"]) for each in results] == [
        ("a.jsonl:1", True),
        ("a.jsonl:2", False),
        (f"a.jsonl:{LENGTH + 3}", True),
        (f"a.jsonl:{LENGTH + 4}", False),
    ]
    (found,) = results[1]["diagnostics"]
    assert (found["rule"], found["line"], found["column"]) == ("REQ103", 2, 1)
    assert f"is spread over lines 2 to {LENGTH + 1}; in JSON Lines" in found["detail"]


def test_as_many_documents_are_told_as_there_are() -> None:
    count = (3 << 20) // len(LAID_OUT)  # more than is read at a time
    Path("a.jsonl").write_text(LAID_OUT * count)
    assert translate("a.jsonl", "--check").stderr.count("is spread over lines") == count


@pytest.mark.parametrize("broken", ['{"a":', "{", '{"a": [', '{"a": "b'])
def test_a_line_that_breaks_off_takes_no_other_with_it(broken: str) -> None:
    Path("a.jsonl").write_text(f"{broken}\n{SOUND}{broken}\n{SOUND}")
    results = results_of(translate("a.jsonl").stdout)
    assert [each["ok"] for each in results] == [False, True, False, True]


@pytest.mark.parametrize("start", ["INFO sent ", "2025-02-03 12:14:25 ", "[12:14:25] "])
def test_a_log_is_answered_with_the_command_that_reads_logs(start: str) -> None:
    Path("app.log").write_text(f"{start}{SOUND}{start}{SOUND}")
    told = translate("app.log", "--check").stderr
    assert "it looks like a log: `dispatch-gateway assess` finds payloads in logs" in told


@pytest.mark.parametrize("text", [SOUND[:-3], "[" + SOUND, "x\n", REFUSED])
def test_what_is_no_log_is_not_called_one(text: str) -> None:
    assert "looks like a log" not in translate(stdin=text).stderr


def test_a_log_of_webhooks_is_not_sent_to_assess() -> None:
    assert "looks like a log" not in translate("--from", "status", stdin=f"x {SOUND}").stderr
