"""`dispatch-gateway simulate`: what it takes, what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.simulate import command
from gateway.simulation.scenarios import SCENARIOS
from tests.gateway.simulation.casts import GUIDE, document_of

HEAVY = {"httptools", "asyncio", "pydantic", "sqlite3", "starlette", "structlog", "uvloop"}


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """Write the example of the migration guide to a file."""
    path = tmp_path / "guide.json"
    document = document_of("whatsapp delivered 600", "sms")
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return path


def simulate(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)), input=stdin)


def test_the_page_is_plain_when_it_is_piped(guide: Path) -> None:
    done = simulate(guide, "--scenario", "never-delivered")
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_what_was_assumed_is_said(guide: Path) -> None:
    done = simulate(guide, "--event", "1 lost")
    assert "assumed, because nothing was said" in done.stdout


def test_standard_input_is_a_dash() -> None:
    done = simulate("-", stdin=json.dumps(document_of("sms")))
    assert done.exit_code == 0


def test_a_file_of_lines_may_hold_one_workflow(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text(json.dumps(document_of("sms")) + "\n", encoding="utf-8")
    assert simulate(path).exit_code == 0


def test_events_come_from_a_file_and_from_options(guide: Path, tmp_path: Path) -> None:
    script = tmp_path / "monday.txt"
    script.write_text("# late\n1 delivered @20m\n", encoding="utf-8")
    done = simulate(guide, "--events", script, "--event", "1 submitted @1s", "--format", "json")
    plays = [part["plays"] for part in json.loads(done.stdout)["script"]]
    assert plays[0] == "submitted after 1 s, delivered after 20 min"


def test_the_result_for_machines_has_every_service(guide: Path) -> None:
    done = simulate(guide, "--event", "1 delivered @20m", "--format", "json")
    result = json.loads(done.stdout)
    services = ("gateway", "native", "native_with_ttl")
    assert [result[service]["doubles"] for service in services] == [1, 0, 0]


def test_two_runs_print_the_same(guide: Path) -> None:
    runs = [simulate(guide, "--format", "json").stdout for _ in range(2)]
    assert runs[0] == runs[1]


def test_callbacks_are_shown_in_full_on_request(guide: Path) -> None:
    assert '"dispatch_uuid": "' in simulate(guide, "--callbacks").stdout


def test_the_horizon_can_be_days_away(guide: Path) -> None:
    done = simulate(guide, "--event", "2 submitted @1s", "--event", "1 lost", "--horizon", "30d")
    assert "nothing heard for 30 d" in done.stdout


def test_undeliverable_can_be_assumed_to_fail_over(guide: Path) -> None:
    arguments = (guide, "--scenario", "undeliverable", "--format", "json")
    done = simulate(*arguments, "--assume", "undeliverable-fails-over")
    assert [each["step"] for each in json.loads(done.stdout)["native"]["messages"]] == [1, 2]


def test_what_is_accepted_changes_the_verdict(guide: Path) -> None:
    runs = [
        json.loads(simulate(guide, "--format", "json", *extra).stdout)
        for extra in ((), ("--accept", "ttl-unavailable"))
    ]
    assert [run["verdict"]["grade"] for run in runs] == ["N3", "N2"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_named(name: str, guide: Path) -> None:
    assert simulate(guide, "--scenario", name, "--scenario", f"2={name}").exit_code == 0


# What cannot be simulated


def test_a_workflow_that_cannot_be_carried_over_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_text('{"template": "failover",\n "workflow": []}\n', encoding="utf-8")
    done = simulate(path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{path}:2:14: error REQ" in done.stderr


def test_what_is_not_json_is_told_with_its_place() -> None:
    done = simulate("-", stdin="{,}")
    assert done.exit_code == 1
    assert "-:1:2: error" in done.stderr


def test_a_warning_fails_the_command_under_strict() -> None:
    document = json.dumps(document_of(*GUIDE))
    assert [simulate("-", *extra, stdin=document).exit_code for extra in ((), ("--strict",))] == [
        0,
        1,
    ]


def test_everything_wrong_with_the_events_is_told_at_once(guide: Path, tmp_path: Path) -> None:
    script = tmp_path / "monday.txt"
    script.write_text("1 delivered\n2 lost\n", encoding="utf-8")
    done = simulate(guide, "--event", "1 deliverd @1s", "--events", script)
    assert (done.exit_code, done.stdout) == (2, "")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "--event 1, column 3",
        f"{script}:1:12",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "never-deliverd"], "did you mean never-delivered?"),
        (["--event", "3 lost"], "there is no step 3"),
        (["--event", "2 read @1s"], "sms has no read receipts"),
        (["--events", "/nowhere/monday.txt"], "/nowhere/monday.txt: cannot be read"),
        (["--horizon", "1s"], "write a time from 1m to 30d"),
        (["--horizon", "soon"], "write a time from 1m to 30d"),
        (["--accept", "nonsense"], "no rule is called"),
        (["--callbacks", "--format", "json"], "holds them anyway"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], said: str, guide: Path) -> None:
    done = simulate(guide, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds nothing"),
        (b'{"template": "failover"}\n{"template": "failover"}\n', "holds several documents"),
    ],
)
def test_input_without_one_document_is_told(raw: bytes, said: str) -> None:
    done = simulate("-", stdin=raw)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_file_that_is_not_there_is_told() -> None:
    done = simulate("/nowhere/order.json")
    assert done.exit_code == 2
    assert done.stderr == (
        "dispatch-gateway: /nowhere/order.json: cannot be read: no such file or directory\n"
    )


def test_events_that_are_not_text_are_told(guide: Path, tmp_path: Path) -> None:
    script = tmp_path / "monday.txt"
    script.write_bytes(b"\xff\xfe1")
    done = simulate(guide, "--events", script)
    assert done.exit_code == 2
    assert f"{script}: is not UTF-8" in done.stderr


def test_the_help_teaches_by_example() -> None:
    assert "  dispatch-gateway simulate order.json --scenario" in simulate("--help").stdout


# The process


def test_a_reader_that_goes_away_is_told_in_a_line(guide: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m gateway simulate {guide} --callbacks | true"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr.startswith("dispatch-gateway: the reader of the output went away")


def test_no_server_is_imported_and_plain_output_stays_plain(guide: Path) -> None:
    code = (
        "import sys; from gateway.cli.main import run; "
        f"run(['simulate', {str(guide)!r}]); print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.isascii()
    assert HEAVY & set(done.stderr.split()) == set()
