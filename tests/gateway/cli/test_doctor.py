"""`doctor` and `config check --live`: what is printed where, and how they end."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from gateway.cli.main import run

Output = pytest.CaptureFixture[str]
COMMANDS = (["doctor"], ["config", "check", "--live"])


@pytest.fixture(autouse=True)
def alone(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set up a gateway whose surroundings are all on loopback, and closed."""
    ports = [_free_port() for _ in range(4)]
    for name, port in zip(
        ("GATEWAY_UPSTREAM", "GATEWAY_STATUS_URL", "GATEWAY_PUBLIC_URL"), ports, strict=False
    ):
        environment.setenv(name, f"http://127.0.0.1:{port}")
    environment.setenv("GATEWAY_PORT", str(ports[-1]))
    environment.setenv("GATEWAY_STORE", f"sqlite:///{tmp_path / 'gateway.db'}")
    environment.setenv("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "true")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_is_wrong_ends_with_1_and_stands_on_standard_output(
    command: list[str], capsys: Output
) -> None:
    assert run(command) == 1
    out, err = capsys.readouterr()
    assert [line.split(" ")[0] for line in out.splitlines()][:7] == [
        *("ok", "ok", "wrong", "unknown", "wrong", "ok", "wrong")
    ]
    assert "Cannot be known from here; look in the vendor's dashboard:\n" in out
    assert err == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_machines_read_the_same(command: list[str], capsys: Output) -> None:
    assert run([*command, "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert {each["verdict"] for each in told["findings"]} == {"ok", "wrong", "unknown"}
    assert [each["where"] for each in told["dashboard"]] == [
        "API settings, signature secret",
        "API settings, Messaging API type",
        "application, capabilities",
        "application, status URL",
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_settings_that_cannot_be_used_end_with_2(
    command: list[str], environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_PORT", "x")
    assert run(command) == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith("dispatch-gateway: GATEWAY_PORT")) == ("", True)


def test_the_help_says_that_nobody_is_sent_anything(capsys: Output) -> None:
    run(["doctor", "--help"])
    assert "nobody is sent anything" in capsys.readouterr().out
