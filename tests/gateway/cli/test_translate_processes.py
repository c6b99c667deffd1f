"""`translate` among other processes: interruptions, workers that die, and those that live on.

Every wait is for something that must come: a line that was written, or the end of a stream, which
comes only when no process holds it any more.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.cli.translating import (
    FAT,
    REFUSED,
    SOUND,
    run,
    start,
)

ENDINGS = [
    pytest.param(signal.SIGINT, "interrupted", 130, id="interrupted"),
    pytest.param(signal.SIGTERM, "terminated", 143, id="terminated"),
    pytest.param(signal.SIGHUP, "terminated", 129, id="hung-up"),
]


@pytest.fixture(params=[1, 2], ids=["alone", "two"])
def halfway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run with one process or two that has told something, and waits for more input."""
    with begun(request.param, tmp_path) as process:
        yield process


def begun(jobs: int, folder: Path) -> subprocess.Popen[bytes]:
    process = start(
        *("--jobs", str(jobs), "--output", folder / "out.jsonl"),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    # More blocks than are worked on at a time: what is told about the first has been written.
    process.stdin.write((REFUSED + FAT * 45).encode())
    process.stdin.flush()
    assert process.stderr.readline().startswith(b"-:1:")
    return process


@pytest.mark.parametrize(("ending", "word", "code"), ENDINGS)
def test_a_run_that_is_ended_says_so(
    halfway: subprocess.Popen[bytes], tmp_path: Path, ending: signal.Signals, word: str, code: int
) -> None:
    os.killpg(halfway.pid, ending)
    said = f"dispatch-gateway: {word}; {tmp_path / 'out.jsonl'} was not written\n"
    assert halfway.communicate(timeout=20)[1].decode() == said
    assert halfway.returncode == code


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_leaves_no_file(
    halfway: subprocess.Popen[bytes], tmp_path: Path, ending: signal.Signals
) -> None:
    os.killpg(halfway.pid, ending)
    halfway.communicate(timeout=20)
    assert list(tmp_path.iterdir()) == []


def test_a_run_alone_may_be_told_to_end(halfway: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.kill(halfway.pid, signal.SIGTERM)
    halfway.communicate(timeout=20)
    assert (halfway.returncode, list(tmp_path.iterdir())) == (143, [])


def test_an_interrupted_run_leaves_the_file_that_was_there(
    halfway: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").write_text("before")
    os.killpg(halfway.pid, signal.SIGINT)
    halfway.communicate(timeout=20)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("out.jsonl", "before")
    ]


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return list(map(int, children.split()))


def test_a_worker_that_is_killed_is_one_line(tmp_path: Path) -> None:
    with begun(2, tmp_path) as process:
        os.kill(workers_of(process)[0], signal.SIGKILL)
        (line,) = process.communicate(timeout=20)[1].splitlines()
    assert line.startswith(b"dispatch-gateway: a process of --jobs was killed, perhaps because ")
    assert process.returncode == 3


def test_a_run_that_lost_a_worker_leaves_no_file(tmp_path: Path) -> None:
    with begun(2, tmp_path) as process:
        os.kill(workers_of(process)[0], signal.SIGKILL)
        process.communicate(timeout=20)
    assert list(tmp_path.iterdir()) == []


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with begun(2, tmp_path) as process:
        assert len(workers_of(process)) == 2
        process.kill()
        # Its workers have the stream as well: it ends when they do.
        assert process.communicate(timeout=20)[1] == b""


def test_what_holds_for_all_documents_is_said_once_by_two_processes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(SOUND + FAT * 30 + SOUND)
    options = ("--to", "failover", "--check", "--ignore", "REQ124")
    alone, two = (run("a.jsonl", *options, "--jobs", jobs, cwd=tmp_path) for jobs in ("1", "2"))
    assert alone.stderr.count(b" NAT") > 0
    assert two.stderr == alone.stderr


@pytest.mark.parametrize("form", ["jsonl", "junit"])
def test_two_processes_write_what_one_writes(tmp_path: Path, form: str) -> None:
    for number in range(3):
        content = (REFUSED * 9 + FAT + "nonsense\n" + SOUND * 5 + FAT * number) * 5
        (tmp_path / f"{number}.jsonl").write_text(content)
    names = ("0.jsonl", "1.jsonl", "missing.jsonl", "2.jsonl")
    alone, two = (
        run(*names, "--format", form, "--jobs", jobs, cwd=tmp_path) for jobs in ("1", "2")
    )
    assert (two.returncode, two.stdout, two.stderr) == (2, alone.stdout, alone.stderr)
