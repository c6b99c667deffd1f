"""What `make gate` does with what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gate.__main__ import CLOSED, PASSED, gate, prove, record
from benchmarks.gate.figures import SCENARIOS
from benchmarks.gate.record import Recorded, read, write
from tests.benchmarks.gate.figures import BUILD, RECORDED, changed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that knows one build."""
    file = tmp_path / "recorded.toml"
    file.write_text(write({BUILD: Recorded(figures=RECORDED)}), encoding="utf-8")
    return file


def test_the_same_figures_pass(path: Path) -> None:
    assert gate(path, BUILD, lambda: RECORDED) == PASSED


def test_a_loss_fails_and_leaves_the_file_alone(path: Path) -> None:
    before = path.read_bytes()
    assert gate(path, BUILD, lambda: changed(cycle=1.03)) == CLOSED
    assert path.read_bytes() == before


def test_a_gain_passes_and_leaves_the_file_alone(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path.read_bytes()
    assert gate(path, BUILD, lambda: changed(cycle=0.9)) == PASSED
    assert path.read_bytes() == before
    assert "make gate-record" in capsys.readouterr().out


def test_another_build_is_recorded_and_passes(path: Path) -> None:
    assert gate(path, "PyPy", lambda: changed(cycle=9.0)) == PASSED
    assert read(path.read_text(encoding="utf-8")) == {
        BUILD: Recorded(figures=RECORDED),
        "PyPy": Recorded(figures=changed(cycle=9.0)),
    }


def test_without_a_file_the_first_build_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "recorded.toml"
    assert gate(path, BUILD, lambda: RECORDED) == PASSED
    assert gate(path, BUILD, lambda: changed(accept=1.03)) == CLOSED


def test_recording_a_loss_without_a_reason_fails(path: Path) -> None:
    before = path.read_bytes()
    assert record(path, BUILD, lambda: changed(cycle=1.03), "") == CLOSED
    assert path.read_bytes() == before


def test_a_loss_that_was_recorded_with_a_reason_passes_from_then_on(path: Path) -> None:
    assert record(path, BUILD, lambda: changed(cycle=1.03), "checks every body") == PASSED
    assert gate(path, BUILD, lambda: changed(cycle=1.03)) == PASSED
    assert '"checks every body"' in path.read_text(encoding="utf-8")


def test_a_recorded_gain_holds_what_comes_after(path: Path) -> None:
    assert record(path, BUILD, lambda: changed(cycle=0.9), "") == PASSED
    assert gate(path, BUILD, lambda: RECORDED) == CLOSED


def test_a_planted_loss_that_is_seen_is_a_success() -> None:
    planted = changed(accept=1.03, accept_send=1.03, cycle=1.03, webhook=1.03)
    assert prove(RECORDED, planted) == PASSED


@pytest.mark.parametrize("blind", SCENARIOS)
def test_a_planted_loss_that_one_count_does_not_see_is_a_failure(blind: str) -> None:
    seeing = {name: 1.03 for name in SCENARIOS if name != blind}
    assert prove(RECORDED, changed(**seeing)) == CLOSED


def test_a_planted_loss_that_is_not_seen_is_a_failure() -> None:
    assert prove(RECORDED, RECORDED) == CLOSED
