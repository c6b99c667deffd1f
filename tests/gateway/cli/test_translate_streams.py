"""`translate` and its surroundings: pipes, terminals, memory, imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.cli.terminal import PROGRAM as INSTALLED
from tests.gateway.cli.terminal import run_in_terminal
from tests.gateway.cli.translating import (
    CLEAN,
    FAT,
    PROGRAM,
    REFUSED,
    SOUND,
    results_of,
    run,
    start,
)

GONE = b"dispatch-gateway: the reader of the output went away; the rest was not written\n"
HEAVY = {
    *("httptools", "asyncio", "cryptography", "jwt", "pydantic", "rich", "socket", "sqlite3"),
    *("starlette", "structlog", "uvicorn", "uvloop"),
    *("gateway.engine", "gateway.settings", "gateway.stores", "translators.v1_models"),
}
WATCHED = """
import sys
from gateway.cli.main import run
try:
    run(sys.argv[1:])
finally:
    status = open("/proc/self/status").read()
    print(*sys.modules, status.partition("VmHWM:")[2].split()[0], sep="\\n", file=sys.stderr)
"""
"""Runs the command, then tells what it imported and how much memory it had at most, in KiB."""


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A file that is long enough for a progress bar."""
    path = tmp_path / "long.jsonl"
    path.write_text(FAT * 25)
    return path


def watched(*arguments: str, stdin: bytes | None = None) -> tuple[set[str], int]:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        input=stdin,
        capture_output=True,
        timeout=30,
        check=False,
        env=CLEAN,
    )
    *modules, peak_kib = done.stderr.decode().split()
    return set(modules), int(peak_kib)


def test_results_alone_are_on_standard_output() -> None:
    done = run(input=(SOUND + REFUSED).encode())
    assert [each["ok"] for each in results_of(done.stdout.decode())] == [True, False]
    assert done.stderr.startswith(b"-:2:")


@pytest.mark.parametrize("form", ["json", "jsonl", "text", "github", "junit"])
def test_nothing_is_coloured_in_a_pipe(form: str) -> None:
    done = run("--format", form, input=(SOUND + REFUSED).encode())
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_device_for_standard_input_can_be_named() -> None:
    (result,) = results_of(
        run("/dev/stdin", "--format", "jsonl", input=SOUND.encode()).stdout.decode()
    )
    assert (result["source"], result["ok"]) == ("/dev/stdin", True)


@pytest.mark.parametrize(
    ("redirection", "line"),
    [
        ("<&-", "standard input: cannot be read: it is closed"),
        (">&-", "standard output: cannot be written: it is closed"),
        (">/dev/full", "the output: cannot be written: no space left on device"),
    ],
)
def test_a_stream_that_cannot_be_used_is_one_line(redirection: str, line: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', *PROGRAM],
        input=SOUND.encode(),
        capture_output=True,
        timeout=30,
        check=False,
        env=CLEAN,
    )
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[0] == f"dispatch-gateway: {line}"


def test_pipes_that_do_not_wait_are_read_and_written_to_their_ends() -> None:
    # As other programs leave them: nothing yet looks like the end then.
    read_from, write_to = os.pipe()
    os.set_blocking(read_from, False)
    with start(stdin=read_from) as process:
        os.close(read_from)
        with os.fdopen(write_to, "w") as file:
            file.write(FAT)
            file.flush()
            file.write(SOUND * 2000)
        assert process.stdout is not None
        assert len(process.stdout.readlines()) == 2001


def test_a_reader_that_goes_away_ends_the_run(long: Path) -> None:
    process = start(long, "--to", "failover")
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == GONE
    assert process.returncode == 141


def test_nobody_may_read_what_went_wrong_either(tmp_path: Path) -> None:
    (tmp_path / "refused.jsonl").write_text(REFUSED * 500)
    process = start(tmp_path / "refused.jsonl", "--check", stderr=subprocess.STDOUT)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 141


def test_a_line_of_forty_megabytes_is_skipped_in_little_memory(tmp_path: Path) -> None:
    line = b'{"template":"' + b"x" * (40 << 20) + b'"}\n'
    _, peak_kib = watched("translate", "--check", stdin=SOUND.encode() * 2 + line)
    assert peak_kib < 120 * 1024


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    for name, count in (("short", 20), ("long", 200)):
        (tmp_path / f"{name}.jsonl").write_text(FAT * count)
    options = ("--output", "/dev/null")
    short, long = (
        watched("translate", str(tmp_path / f"{name}.jsonl"), *options)[1]
        for name in ("short", "long")
    )
    assert long < short + 8 * 1024


def test_nothing_of_the_server_is_imported(tmp_path: Path) -> None:
    modules, _ = watched("translate", "--strict", stdin=(SOUND + REFUSED).encode())
    assert HEAVY & modules == set()


def test_help_needs_neither_rules_nor_translators() -> None:
    modules, _ = watched("translate", "--help")
    assert {"orjson", "msgspec", "gateway.offline.run", "translators.dispatch"} & modules == set()


def test_a_person_who_waits_sees_a_bar(long: Path) -> None:
    with run_in_terminal([INSTALLED, "translate", str(long), "-o", "/dev/null"]) as terminal:
        shown = terminal.rest()
    assert "reading" in shown
    assert "25 documents: 25 carried over, 0 not.\n" in shown


def test_the_bar_has_no_colours_where_none_are_wanted(long: Path) -> None:
    command = [INSTALLED, "translate", str(long), "-o", "/dev/null"]
    with run_in_terminal(command, NO_COLOR="1") as terminal:
        shown = terminal.rest()
    assert "reading" in shown
    assert "\x1b[3" not in shown


def test_a_person_is_told_what_is_waited_for() -> None:
    with run_in_terminal([INSTALLED, "translate"]) as terminal:
        terminal.until("dispatch-gateway: reading standard input; Ctrl-D ends it")
        terminal.type("{}\n\x04")
        assert "REQ121" in terminal.rest()


def test_no_bar_is_shown_when_none_is_wanted(long: Path) -> None:
    command = [INSTALLED, "translate", str(long), "-o", "/dev/null", "--no-progress"]
    with run_in_terminal(command) as terminal:
        assert "\x1b" not in terminal.rest()


def test_no_bar_is_shown_for_a_short_file(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text(json.dumps(json.loads(SOUND), indent=2))
    with run_in_terminal([INSTALLED, "translate", "order.json"], at=tmp_path) as terminal:
        assert "\x1b" not in terminal.rest()


def test_lines_above_the_bar_stay_as_they_are(tmp_path: Path) -> None:
    # What looks like markup or like the name of a picture is neither.
    (tmp_path / "[b]x:on:.jsonl").write_text(REFUSED + FAT * 25)
    command = [INSTALLED, "translate", "[b]x:on:.jsonl", "-o", "/dev/null"]
    with run_in_terminal(command, at=tmp_path) as terminal:
        shown = terminal.rest()
    assert "[b]x:on:.jsonl:1:188: REQ123 error /workflow/0/message/content/text: is empty" in shown
