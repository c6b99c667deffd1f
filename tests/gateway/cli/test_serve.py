"""`serve`: what it refuses before it listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.cli.main import run
from tests.gateway.cli.terminal import PROGRAM, run_in_terminal
from tests.support.environment import environment as settings_in

Output = pytest.CaptureFixture[str]


def test_faults_end_with_2_before_anything_starts(
    environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_PORT", "x")
    environment.delenv("GATEWAY_STATUS_URL")
    assert run(["serve"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_one_process_owns_an_sqlite_store(capsys: Output) -> None:
    assert run(["serve", "--workers", "2"]) == 2
    assert capsys.readouterr().err.startswith(
        "dispatch-gateway: --workers is not 1, but one process owns"
    )


def test_options_win_over_the_environment(environment: pytest.MonkeyPatch, capsys: Output) -> None:
    environment.setenv("GATEWAY_HOST", "")
    assert run(["serve", "--host", "\x1b", "--port", "1"]) == 2
    assert capsys.readouterr().err.startswith("dispatch-gateway: GATEWAY_HOST is empty")


def test_an_address_that_is_taken_ends_with_2(
    environment: pytest.MonkeyPatch, capsys: Output
) -> None:
    environment.setenv("GATEWAY_SQLITE_SYNCHRONOUS", "normal")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "--port", str(taken.getsockname()[1])]) == 2
    err = capsys.readouterr().err
    assert "setting.doubted" in err
    assert "dispatch-gateway: cannot listen on 127.0.0.1" in err
    assert ": Address already in use; choose another address" in err


@pytest.mark.slow
def test_on_a_terminal_it_says_where_it_listens(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    variables = [f"{name}={text}" for name, text in settings_in(tmp_path, nowhere, nowhere).items()]
    command = ["env", *variables, PROGRAM, "serve", "--port", "0"]
    with run_in_terminal(command, at=tmp_path) as terminal:
        terminal.until("Listening on http://127.0.0.1:")
        assert "; Ctrl-C ends it." in terminal.until("it.")
