"""`config check` on what the modes need: where the legacy service is, and where traces go."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.main import run

Output = pytest.CaptureFixture[str]


def test_a_legacy_service_that_must_not_be_called_is_a_fault(
    environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_MODE", "observe")
    environment.setenv("GATEWAY_LEGACY", "http://169.254.169.254")
    assert run(["config", "check"]) == 2
    assert "dispatch-gateway: GATEWAY_LEGACY is refused: " in capsys.readouterr().err


def test_a_legacy_service_that_nobody_calls_is_not_judged(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("GATEWAY_LEGACY", "http://169.254.169.254")
    assert run(["config", "check"]) == 0


def test_observing_needs_no_status_url(environment: pytest.MonkeyPatch, capsys: Output) -> None:
    environment.setenv("GATEWAY_MODE", "observe")
    environment.delenv("GATEWAY_STATUS_URL")
    assert run(["config", "check"]) == 0
    assert "doubtful: GATEWAY_STATUS_URL is not set" in capsys.readouterr().err


def test_callbacks_relayed_to_ourselves_are_a_fault(
    environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_MODE", "observe")
    environment.setenv("GATEWAY_STATUS_URL", "https://gateway.example.com/legacy/status")
    assert run(["config", "check"]) == 2
    assert "it would call itself" in capsys.readouterr().err


def test_a_trace_file_that_cannot_be_is_a_fault(
    environment: pytest.MonkeyPatch, capsys: Output, tmp_path: Path
) -> None:
    environment.setenv("GATEWAY_TRACE", str(tmp_path / "nowhere" / "traces.jsonl"))
    assert run(["config", "check"]) == 2
    assert "GATEWAY_TRACE names a file in a directory that does not exist" in (
        capsys.readouterr().err
    )
