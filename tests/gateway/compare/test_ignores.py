"""Ignores: each with a reason, an owner and an end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.compare.ignores import Ignores

TODAY = date(2026, 6, 15)
ONE = """\
[[ignore]]
fingerprint = "a1b2c3d4e5f6"
reason = "nobody reads the total"
owner = "billing"
expires = 2026-06-15
"""


def problems(text: str) -> list[str]:
    return [str(fault) for fault in Ignores.parse(text, "ignores.toml", TODAY).faults]


def test_an_ignore_holds_on_its_last_day() -> None:
    assert list(Ignores.parse(ONE, "x", TODAY).active) == ["a1b2c3d4e5f6"]


def test_an_ignore_has_expired_on_the_day_after() -> None:
    ignores = Ignores.parse(ONE, "x", date(2026, 6, 16))
    assert not ignores.active
    assert [each.owner for each in ignores.expired] == ["billing"]


@pytest.mark.parametrize("name", ["fingerprint", "reason", "owner", "expires"])
def test_nothing_may_be_left_out(name: str) -> None:
    lines = [line for line in ONE.splitlines() if not line.startswith(name)]
    assert problems("\n".join(lines)) == [f"ignores.toml:1: lacks {name}"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"billing"', '" "', "owner must be a text that says something"),
        ('"a1b2c3d4e5f6"', '"CMP412"', "fingerprint must be the 12 characters"),
        ("2026-06-15", '"2026-06-15"', "expires must be a day"),
        ("2026-06-15", "2026-06-15T10:00:00", "expires must be a day"),
        ("owner", "author", "knows no 'author'"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, problem: str) -> None:
    found = problems("# why\n\n" + ONE.replace(old, new))
    assert found[0].startswith(f"ignores.toml:3: {problem}")


def test_a_fault_of_one_does_not_cost_the_others() -> None:
    broken = ONE.replace("a1b2c3d4e5f6", "000000000000").replace("owner", "author")
    assert list(Ignores.parse(broken + ONE, "x", TODAY).active) == ["a1b2c3d4e5f6"]


def test_what_is_said_twice_is_a_fault() -> None:
    assert problems(ONE + ONE) == ["ignores.toml:6: says again what line 1 says; keep one of them"]


def test_what_is_not_toml_is_told_with_its_line() -> None:
    assert problems("\n[[ignore\n")[0].startswith("ignores.toml:2: is not TOML")


@pytest.mark.parametrize("text", ["[other]\n", "ignores = 1\n"])
def test_other_tables_are_a_fault(text: str) -> None:
    assert "write [[ignore]] tables" in problems(text)[0]


@pytest.mark.parametrize("text", ["ignore = 1", "ignore = [1]"])
def test_what_is_no_table_is_a_fault(text: str) -> None:
    assert "is no table" in problems(text)[0]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ignores.toml"
    path.write_text(ONE, encoding="utf-8")
    assert list(Ignores.load(path, TODAY).active) == ["a1b2c3d4e5f6"]


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = Ignores.load(tmp_path / "none.toml", TODAY).faults
    assert "no such file" in fault.problem


def test_what_nothing_met_is_unused() -> None:
    ignores = Ignores.parse(ONE, "x", TODAY)
    assert [each.line for each in ignores.unused(set())] == [1]
    assert ignores.unused({"a1b2c3d4e5f6"}) == ()
