"""`-o`: a file, or `-` for standard output, for every command that has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command, run
from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from tests.gateway.cli.translating import CLEAN, FAT, MIXED
from tests.gateway.compare.reporting import EARLY

ALL: Final = [
    *(f"translate {{payloads}} --format {form}" for form in ("jsonl", "text", "github", "junit")),
    "translate {payloads} --check --format junit",
    *(f"assess {{payloads}} --format {form}" for form in ("text", "json", "csv", "html")),
    *(f"compare report {{traces}} --format {form}" for form in ("text", "json", "junit", "html")),
    "compare diff {traces} {replayed}",
    "compare diff {traces} {replayed} --format jsonl",
    *(f"compare doubles {{traces}} --format {form}" for form in ("text", "json", "html")),
    *(f"compare populations {{traces}} --format {form}" for form in ("text", "json", "html")),
    "compare import {log} --key-file {key}",
    "compare anonymise {traces} --key-file {key}",
]
every_command = pytest.mark.parametrize("called", ALL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with something to read for every command."""
    monkeypatch.chdir(tmp_path)
    Path("payloads.jsonl").write_text(MIXED)
    Path("traces.jsonl").write_bytes(to_line(EARLY.reference))
    Path("replayed.jsonl").write_bytes(to_line(replay(EARLY.reference)))
    Path("trace.key").write_text("0123456789abcdef-a-key-of-tests")
    problem = '{"type":"https://example.com/errors","detail":"No."}'
    request = MIXED.splitlines()[0]
    Path("app.log").write_text(f'{{"request":{request},"response":{problem}}}\n')
    return tmp_path


def words(called: str) -> list[str]:
    return called.format(
        payloads="payloads.jsonl",
        traces="traces.jsonl",
        replayed="replayed.jsonl",
        log="app.log",
        key="trace.key",
    ).split()


def invoke(called: str, *more: str) -> Result:
    return CliRunner().invoke(command, [*words(called), *more])


@every_command
@pytest.mark.parametrize("option", [["-o", "-"], ["-o-"], ["--output", "-"], ["--output=-"]])
def test_a_dash_is_standard_output(called: str, option: list[str], folder: Path) -> None:
    plain, dashed = invoke(called), invoke(called, *option)
    assert plain.stdout != ""
    assert (dashed.exit_code, dashed.stdout) == (plain.exit_code, plain.stdout)
    assert not (folder / "-").exists()


def test_a_replay_writes_traces_to_standard_output_too() -> None:
    plain, dashed = invoke("compare replay {traces}"), invoke("compare replay {traces}", "-o", "-")
    assert (plain.exit_code, dashed.exit_code) == (1, 0)
    assert dashed.stdout_bytes == Path("replayed.jsonl").read_bytes()
    assert not Path("-").exists()


@every_command
def test_a_directory_is_no_output(called: str, folder: Path) -> None:
    done = invoke(called, "-o", str(folder))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is a directory" in done.stderr


@every_command
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere/out.json", "no such file or directory"),
        ("app.log/out.json", "not a directory"),
        ("n" * 300, "file name too long"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_read(
    called: str, name: str, problem: str
) -> None:
    done = invoke(called, "-o", name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"dispatch-gateway: {name}: cannot be written: {problem}\n"


@every_command
def test_the_file_holds_what_the_screen_would_show(called: str, folder: Path) -> None:
    plain, written = invoke(called), invoke(called, "-o", "out.json")
    assert written.exit_code == plain.exit_code
    assert (folder / "out.json").read_text() == plain.stdout
    assert written.stdout == ""


@pytest.mark.parametrize(
    "called",
    ["translate {payloads} --write-baseline -", "compare report {traces} --write-missing -"],
)
def test_a_second_result_needs_a_file(called: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(called)) == 2
    told = capsys.readouterr()
    assert (told.out, Path("-").exists()) == ("", False)
    assert "standard output is for the results; name a file" in told.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_dash_ends_like_standard_output_when_the_disk_is_full() -> None:
    program = [sys.executable, "-m", "gateway", *words("assess {payloads}"), "-o", "-"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            program, stdout=full, stderr=subprocess.PIPE, timeout=30, check=False, env=CLEAN
        )
    assert done.returncode == 2
    assert b"the output: cannot be written: no space left on device" in done.stderr


def test_a_dash_goes_with_progress_on_standard_error(folder: Path) -> None:
    (folder / "large.jsonl").write_text(FAT * 25)
    reader, writer = os.openpty()
    program = [sys.executable, "-m", "gateway", "translate", "large.jsonl", "-o", "-"]
    done = subprocess.run(
        program, stdout=subprocess.PIPE, stderr=writer, timeout=60, check=False, env=CLEAN
    )
    os.close(writer)
    shown = os.read(reader, 1 << 16)
    os.close(reader)
    assert done.stdout.count(b"\n") == 25
    assert b"reading" in shown
