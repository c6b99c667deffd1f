"""A thousand mixed payloads, 37 of them faulty: where, what is carried, and what is accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.gateway.cli.translating import results_of, translate
from tests.support.faulty import FAULTS, Line, a_thousand_lines

LINES = a_thousand_lines()
NEW_FAULT = '{"template":"failover","workflow":{}}'


def write(folder: Path, lines: list[Line]) -> Path:
    path = folder / "orders.jsonl"
    path.write_bytes(b"".join(line.payload + b"\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What the command said about the thousand."""
    return translate(write(tmp_path_factory.mktemp("thousand"), LINES))


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """The thousand lines in a file of their own."""
    return write(tmp_path, LINES)


@pytest.fixture
def baseline(orders: Path, tmp_path: Path) -> Path:
    """A baseline that accepts what is wrong with the thousand."""
    path = tmp_path / "baseline.json"
    translate(orders, "--check", "--write-baseline", path)
    return path


def errors_of(result: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [
        (found["rule"], found["line"], found["column"])
        for found in result["diagnostics"]
        if found["severity"] == "error"
    ]


def test_there_are_37_faults_of_many_rules() -> None:
    assert len(FAULTS) == 37
    assert len({fault.rule for fault in FAULTS}) > 20


def test_every_fault_is_told_with_its_line_and_column(done: Result) -> None:
    expected = [
        (line.fault.rule, number, line.fault.column)
        for number, line in enumerate(LINES, 1)
        if line.fault is not None
    ]
    assert [error for each in results_of(done.stdout) for error in errors_of(each)] == expected


def test_faults_among_a_thousand_end_with_1(done: Result) -> None:
    assert done.exit_code == 1


def test_the_963_others_are_carried_over_in_order(done: Result) -> None:
    carried = [
        {name: each[name] for name in ("messages", "failover")}
        for each in results_of(done.stdout)
        if each["ok"]
    ]
    assert len(carried) == 963
    assert carried == [line.becomes for line in LINES if line.fault is None]


def test_every_line_has_one_result_that_names_it(done: Result) -> None:
    names = [each["source"].rpartition(":")[2] for each in results_of(done.stdout)]
    assert names == [str(number) for number in range(1, 1001)]


def test_a_faulty_line_has_no_messages(done: Result) -> None:
    assert [each["messages"] for each in results_of(done.stdout) if not each["ok"]] == [None] * 37


def test_the_last_lines_add_up(done: Result) -> None:
    assert "1,000 documents: 963 carried over, 37 not.\n37 errors, " in done.stderr


def test_a_baseline_accepts_them_all(orders: Path, baseline: Path) -> None:
    assert translate(orders, "--baseline", baseline).exit_code == 0


def test_what_a_baseline_accepts_is_counted(orders: Path, baseline: Path) -> None:
    entries = json.loads(baseline.read_bytes())["findings"]
    findings = sum(entry.get("count", 1) for entry in entries)
    line = f"{findings} findings accepted by the baseline, and not told.\n"
    assert line in translate(orders, "--baseline", baseline).stderr


def test_a_baseline_does_not_change_the_results(orders: Path, baseline: Path, done: Result) -> None:
    accepted = results_of(translate(orders, "--baseline", baseline).stdout)
    found = [each["diagnostics"] for each in results_of(done.stdout)]
    assert [each["diagnostics"] for each in accepted] == found


def test_a_new_fault_fails_in_spite_of_the_baseline(orders: Path, baseline: Path) -> None:
    orders.write_bytes(orders.read_bytes() + NEW_FAULT.encode())
    done = translate(orders, "--baseline", baseline)
    assert done.exit_code == 1
    assert f"{orders}:1001:35: REQ122 error" in done.stderr


def test_a_baseline_holds_wherever_lines_are_moved_to(
    orders: Path, baseline: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(b"\n\n" + orders.read_bytes())
    assert translate(moved, "--baseline", baseline).exit_code == 0


def test_a_mended_line_leaves_its_entry_over(orders: Path, baseline: Path) -> None:
    mended = LINES[:26] + LINES[:1] + LINES[27:]
    write(orders.parent, mended)
    done = translate(orders, "--baseline", baseline)
    assert done.exit_code == 0
    assert "1 entry of the baseline met no finding: mended" in done.stderr
    assert f"  {orders}:27 REQ103 /\n" in done.stderr


def test_a_baseline_that_fits_is_not_called_stale(orders: Path, baseline: Path) -> None:
    assert "met no finding" not in translate(orders, "--baseline", baseline).stderr


def test_a_baseline_has_a_line_for_each_finding(baseline: Path) -> None:
    rules = [line.split('"')[3] for line in baseline.read_text().splitlines()[1:-1]]
    assert set(rules) > {fault.rule for fault in FAULTS}


def test_a_baseline_holds_no_payload(baseline: Path) -> None:
    assert "447700900" not in baseline.read_text(encoding="utf-8")
