"""The lock files are complete: they are installed without resolving anything."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.support.lock_files import (
    Distribution,
    asked_for,
    environments,
    installed,
    read_pins,
    unmet,
)
from tests.support.pages import ROOT

LOCKS: Final = {"requirements.lock": ("build",), "requirements-dev.lock": ("dev",)}
HERE: Final = next(environments())
_HASH: Final = " --hash=sha256:00"

known = cache(installed)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(
    "environment",
    list(environments()),
    ids=lambda each: "-".join(
        each[name] for name in ("python_full_version", "sys_platform", "platform_machine")
    ),
)
def test_whatever_a_locked_distribution_requires_is_locked(
    lock: str, environment: Mapping[str, str]
) -> None:
    pins = read_pins((ROOT / lock).read_text("utf-8"))
    assert unmet(pins, asked_for(*LOCKS[lock]), known, environment) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_without_any_one_of_its_lines_is_not_closed(lock: str) -> None:
    pins = [pin for pin in read_pins((ROOT / lock).read_text("utf-8")) if pin.is_for(HERE)]
    roots = asked_for(*LOCKS[lock])
    unnoticed = [
        pin.name
        for pin in pins
        if not unmet([each for each in pins if each is not pin], roots, known, HERE)
    ]
    assert unnoticed == []


def test_what_runs_is_locked_alike_in_both_files() -> None:
    few, many = (
        {(pin.name, pin.version) for pin in read_pins((ROOT / lock).read_text("utf-8"))}
        for lock in LOCKS
    )
    assert few - many == set()


def test_no_lock_is_ever_installed_with_a_resolver() -> None:
    pages = (ROOT / "docs").rglob("*.md")
    places = ("Makefile", "Dockerfile", "README.md", "CONTRIBUTING.md", ".pre-commit-config.yaml")
    files = [*(ROOT / place for place in places), *(ROOT / ".ci").iterdir(), *pages]
    assert [line for file in files for line in _resolving(file)] == []


def _resolving(file: Path) -> list[str]:
    return [
        f"{file.name}: {line}"
        for line in file.read_text("utf-8").splitlines()
        if "install" in line and "--require-hashes" in line and "--no-deps" not in line
    ]


@pytest.mark.parametrize(
    ("lock", "lacking"),
    [
        (f"a==1{_HASH}\nb==2{_HASH}\nc==3{_HASH}", []),
        (f"a==1{_HASH}\nc==3{_HASH}", ["a requires b[more]>=2, which is not locked"]),
        (f"a==1{_HASH}\nb==2{_HASH}", ['b[more] requires c; extra == "more", which is not locked']),
        (
            f"a==1{_HASH}\nb==2 ; sys_platform == 'win32'{_HASH}\nc==3{_HASH}",
            ["a requires b[more]>=2, which is not locked"],
        ),
        (f"a==1\nb==2{_HASH}\nc==3{_HASH}", ["a has no hash"]),
        (
            f"a==2{_HASH}\nb==2{_HASH}\nc==3{_HASH}",
            ["a is locked at 2, but 1 is installed"],
        ),
        (
            f"a==1{_HASH}\nb==2{_HASH}\nc==3{_HASH}\nd==1{_HASH}",
            ["d is not installed, so what it requires is not known"],
        ),
        (f"b==2{_HASH}\nc==3{_HASH}", ["pyproject.toml requires a, which is not locked"]),
    ],
    ids=(
        *("closed", "a-line-is-missing", "that-of-an-extra-is-missing", "for-another-system"),
        *("no-hash", "another-version", "not-installed", "what-is-asked-for-is-missing"),
    ),
)
def test_what_a_lock_lacks_is_named(lock: str, lacking: list[str]) -> None:
    assert unmet(read_pins(lock), [Requirement("a")], INVENTED.get, HERE) == lacking


def test_a_pin_that_does_not_fit_is_named() -> None:
    lock = f"a==1{_HASH}\nb==1{_HASH}\nc==3{_HASH}"
    older = INVENTED | {"b": Distribution(version="1")}
    assert unmet(read_pins(lock), [], older.get, HERE) == ["a requires b[more]>=2, but 1 is locked"]


def test_a_distribution_for_another_python_is_named() -> None:
    newer = {"a": Distribution(version="1", python=">=3.12")}
    assert unmet(read_pins(f"a==1{_HASH}"), [], newer.get, HERE) == ["a is not for Python 3.11.0"]


INVENTED: Final = {
    "a": Distribution(
        version="1",
        requires=(Requirement("b[more]>=2"), Requirement("e; sys_platform == 'win32'")),
    ),
    "b": Distribution(version="2", requires=(Requirement("c; extra == 'more'"),)),
    "c": Distribution(version="3"),
}
