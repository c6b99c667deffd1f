"""The command itself: its help, its exit codes, and what it does not import."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from gateway.cli.main import COMMANDS, LazyGroup, run

HEAVY = {
    "httptools",
    "cryptography",
    "jwt",
    "pydantic",
    "rich",
    "starlette",
    "structlog",
    "uvicorn",
}


@click.command("config")
def broken() -> None:
    """Fail in a way that nobody expected."""
    raise LookupError("447700900000")


@click.command("config")
def interrupted() -> None:
    """Be stopped by the operator."""
    raise KeyboardInterrupt


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_nothing_heavy_is_imported_to_answer(option: str) -> None:
    done = run_python(
        "import sys; from gateway.cli.main import run; "
        f"code = run([{option!r}]); print(*sys.modules, sep='\\n', file=sys.stderr); sys.exit(code)"
    )
    assert done.returncode == 0
    assert HEAVY & set(done.stderr.split()) == set()


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("dispatch-gateway, version ")


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.startswith("dispatch-gateway, version ")


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if f"  {name} " not in out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"Usage: dispatch-gateway {name}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["serve", "--port", "x"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["serv"], "serve"),
        (["trasnlate", "x.json"], "translate"),
        (["compare", "reprot"], "report"),
        (["config", "chek"], "check"),
    ],
)
def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        (["help"], ["--help"]),
        (["help", "serve"], ["serve", "--help"]),
        (["help", "config", "check"], ["config", "check", "--help"]),
        (["version"], ["--version"]),
    ],
)
def test_help_and_version_are_understood_as_words(
    arguments: list[str], same: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [(run(each), capsys.readouterr().out) for each in (arguments, same)]
    assert outputs[0] == outputs[1]


def test_an_unexpected_error_is_one_line_without_its_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: broken)
    assert run(["config"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "LookupError in test_main.py" in line
    assert "447700900000" not in line


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: interrupted)
    assert run(["config"]) == 130


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_traceback_is_shown_on_request(
    way: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"option": ["--debug", "config"], "environment": ["config"]}[way]
    monkeypatch.setenv("GATEWAY_DEBUG", {"option": "false", "environment": "true"}[way])
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: broken)
    assert run(arguments) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_teaches_by_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Example" in capsys.readouterr().out
