"""How commands end when something outside ends them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import click
import pytest

from gateway.cli.endings import Terminated, signals_as_interruptions, told_endings
from gateway.cli.main import run
from tests.gateway.cli.terminal import PROGRAM
from tests.gateway.cli.translating import CLEAN, SOUND

GONE = "dispatch-gateway: the reader of the output went away; the rest was not written\n"
COMMANDS = [
    "--help",
    "translate --help",
    "translate -",
    "assess -",
    "simulate -",
    "explain",
    "completion bash",
]


def ended(arguments: str, redirection: str) -> tuple[int, str]:
    """Run a command, its standard output as the shell has it, and return how it ended."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', PROGRAM, *arguments.split()],
        input=SOUND,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=CLEAN,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_reader_that_went_away_is_one_line(arguments: str) -> None:
    read_from, write_to = os.pipe()
    os.close(read_from)
    with os.fdopen(write_to, "wb") as unread:
        done = subprocess.run(
            [PROGRAM, *arguments.split()],
            input=SOUND.encode(),
            stdout=unread,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
            env=CLEAN,
        )
    assert (done.returncode, done.stderr.decode()) == (141, GONE)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_full_disk_is_one_line(arguments: str) -> None:
    line = "dispatch-gateway: the output: cannot be written: no space left on device\n"
    assert ended(arguments, ">/dev/full") == (2, line)


def test_a_full_disk_may_be_that_of_standard_error_as_well() -> None:
    assert ended("explain", ">/dev/full 2>&1")[0] == 2


@pytest.mark.parametrize("name", ["translate", "assess", "simulate", "explain", "completion"])
def test_help_tells_how_a_command_can_be_ended(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run([name, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "130 interrupted; 141 the reader of the output went away; 143 terminated." in told


def test_a_signal_ends_what_runs() -> None:
    with pytest.raises(Terminated), signals_as_interruptions():
        os.kill(os.getpid(), signal.SIGTERM)


def test_what_a_signal_does_is_as_before_afterwards() -> None:
    with signals_as_interruptions():
        pass
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_as_interruptions():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.signal(signal.SIGHUP, before) is signal.SIG_IGN


def test_an_interruption_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(click.exceptions.Exit) as ended_with, told_endings():
        raise KeyboardInterrupt
    assert ended_with.value.exit_code == 130
    assert capsys.readouterr().err == "dispatch-gateway: interrupted\n"


def test_an_output_file_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "order.json").write_text(SOUND, encoding="utf-8")
    assert run(["translate", str(tmp_path / "order.json"), "-o", "/dev/full"]) == 2
    line = "dispatch-gateway: /dev/full: cannot be written: no space left on device\n"
    assert capsys.readouterr().err == line
