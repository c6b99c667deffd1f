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


@pytest.mark.parametrize("mode", ["gateway", "explain", "observe"])
@pytest.mark.parametrize(
    ("legacy", "said"),
    [
        ("http://169.254.169.254", "is refused: the host is not on the public internet"),
        ("https://gateway.example.com", "is this gateway itself"),
        ("https://legacy.example.com:22", "is refused: its port is not allowed"),
        ("ftp://legacy.example.com", "is not an http or https URL"),
    ],
)
def test_a_legacy_service_is_judged_in_every_mode(
    mode: str, legacy: str, said: str, environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_MODE", mode)
    environment.setenv("GATEWAY_LEGACY", legacy)
    assert run(["config", "check"]) == 2
    assert f"GATEWAY_LEGACY {said}" in capsys.readouterr().err


OWN = {
    "the public URL": ("https://gateway.example.com/status", {}),
    "the public URL in capitals": ("https://GATEWAY.example.com:443/", {}),
    "the public URL with a dot": ("https://gateway.example.com./status?a=b", {}),
    "a path of the public URL": (
        "https://gateway.example.com/gw/status",
        {"GATEWAY_PUBLIC_URL": "https://gateway.example.com/gw"},
    ),
    "where it listens": ("http://127.0.0.1:8080/status", {}),
    "where it listens, by name": ("http://localhost:8080/status", {}),
    "where operators ask it": ("http://127.0.0.1:8081/status", {}),
    "a name it is asked under": (
        "http://gateway.internal:8080/status",
        {"GATEWAY_HOSTS": "gateway.internal"},
    ),
    "a name it is asked under, behind a proxy": (
        "https://gateway.internal/status",
        {"GATEWAY_HOSTS": "gateway.internal"},
    ),
    "where it listens everywhere": (
        "http://[::1]:8443/status",
        {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_PORT": "8443"},
    ),
}


@pytest.mark.parametrize(
    "variable",
    ["GATEWAY_STATUS_URL", "GATEWAY_FINAL_REPORT_URL", "GATEWAY_INBOUND_URL"],
)
@pytest.mark.parametrize(("url", "settings"), OWN.values(), ids=OWN)
def test_u30_a_callback_url_that_leads_to_the_gateway_itself_is_a_fault(
    variable: str,
    url: str,
    settings: dict[str, str],
    environment: pytest.MonkeyPatch,
    capsys: Output,
) -> None:
    given = {"GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true", **settings, variable: url}
    for name, value in given.items():
        environment.setenv(name, value)
    assert run(["config", "check"]) == 2
    assert f"{variable} of application a1b2c3d is this gateway itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("http://127.0.0.1:8090/status", {}),
        ("https://gateway.example.com:8443/status", {}),
        (
            "https://gateway.example.com/status",
            {"GATEWAY_PUBLIC_URL": "https://gateway.example.com/gw"},
        ),
        (
            "https://gateway.example.com/gw2",
            {"GATEWAY_PUBLIC_URL": "https://gateway.example.com/gw"},
        ),
    ],
    ids=["another port", "another port of its host", "beside its path", "a path like its own"],
)
def test_a_neighbour_of_the_gateway_is_somebody_else(
    url: str, settings: dict[str, str], environment: pytest.MonkeyPatch
) -> None:
    given = {"GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true", **settings, "GATEWAY_STATUS_URL": url}
    for name, value in given.items():
        environment.setenv(name, value)
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


@pytest.mark.parametrize(
    ("legacy", "settings"),
    [
        ("https://gateway.example.com", {}),
        ("https://GATEWAY.example.com:443/", {}),
        ("https://gateway.example.com/legacy", {}),
        ("http://127.0.0.1:8080", {}),
        ("http://localhost:8080/dispatch", {}),
        ("http://[::1]:8080", {"GATEWAY_HOST": "::"}),
        ("http://127.0.0.1:8443", {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_PORT": "8443"}),
        ("http://10.0.0.5:8080", {"GATEWAY_HOST": "10.0.0.5"}),
    ],
)
def test_a_legacy_service_that_is_this_gateway_is_a_fault(
    legacy: str, settings: dict[str, str], environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    given = {"GATEWAY_MODE": "observe", "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true", **settings}
    for name, value in {**given, "GATEWAY_LEGACY": legacy}.items():
        environment.setenv(name, value)
    assert run(["config", "check"]) == 2
    assert "GATEWAY_LEGACY is this gateway itself: it would call itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("legacy", "public"),
    [
        ("http://127.0.0.1:8902", "https://gateway.example.com"),
        ("https://example.com/old", "https://example.com/gateway"),
        ("https://gateway.example.com:8443", "https://gateway.example.com"),
    ],
)
def test_a_legacy_service_beside_this_gateway_is_none(
    legacy: str, public: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("GATEWAY_MODE", "observe")
    environment.setenv("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "true")
    environment.setenv("GATEWAY_PUBLIC_URL", public)
    environment.setenv("GATEWAY_LEGACY", legacy)
    assert run(["config", "check"]) == 0


def test_a_dial_without_its_mode_is_a_fault(
    environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_SPLIT", "0")
    assert run(["config", "check"]) == 2
    assert "GATEWAY_SPLIT is set, and no application has GATEWAY_MODE=split" in (
        capsys.readouterr().err
    )


def test_a_trace_file_that_cannot_be_is_a_fault(
    environment: pytest.MonkeyPatch, capsys: Output, tmp_path: Path
) -> None:
    environment.setenv("GATEWAY_TRACE", str(tmp_path / "nowhere" / "traces.jsonl"))
    assert run(["config", "check"]) == 2
    assert "GATEWAY_TRACE names a file in a directory that does not exist" in (
        capsys.readouterr().err
    )
