"""What is heard of SQLite is what the system is asked to do, call by call."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.faults.shim import build, compiler
from tests.power.trace import Trace
from tests.power.vfs import CAN_HEAR

RECORD: Final = """
import asyncio, sys
from pathlib import Path
from typing import Final
from tests.power.workload import End, Plan, run

folder, trace, writer = sys.argv[1:]
plan = Plan(seed=1, writer=writer, ends=[End.CLOSED, End.KILLED, End.CLOSED])
asyncio.run(run(plan, Path(folder))).save(Path(trace))
"""
_CALLS: Final = {"sync_folder": "sync"}
_OF_MEMORY_OR_LOCKS: Final = ("-shm", ".lock")


def asked(log: Path) -> list[str]:
    """Return the calls of the system that concern what a disk keeps of a store."""
    lines = log.read_text().splitlines()
    return [line for line in lines if not line.split()[1].endswith(_OF_MEMORY_OR_LOCKS)]


def heard(trace: Trace, folder: Path) -> list[str]:
    """Return the changes of a trace in the same words; nothing is asked for to create a file."""
    lines: list[str] = []
    for change in trace.events:
        if not isinstance(change, partial):
            continue
        name, given = change.func.__name__, change.keywords
        if name == "create":
            continue
        path = folder / given["name"] if "name" in given else folder
        first = given.get("offset", given.get("size", 0))
        second = len(given.get("data", b""))
        lines.append(f"{_CALLS.get(name, name)} {path} {first} {second}")
    return lines


@pytest.mark.slow
@pytest.mark.skipif(
    not CAN_HEAR or sys.platform != "linux" or compiler() is None,
    reason="system calls are written down by a library, which takes Linux and a C compiler (cc)",
)
@pytest.mark.parametrize("writer", ["loop", "thread"])
def test_everything_the_system_is_asked_to_do_to_a_store_is_heard(
    tmp_path: Path, writer: str
) -> None:
    folder, log, trace = tmp_path / "store", tmp_path / "calls", tmp_path / "trace"
    folder.mkdir()
    library = build(tmp_path, Path(__file__).with_name("system_calls.c"))
    subprocess.run(
        [sys.executable, "-c", RECORD, folder, trace, writer],
        check=True,
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "CALLS_FOLDER": str(folder.resolve()),
            "CALLS_LOG": str(log),
        },
    )
    calls = asked(log)
    assert calls == heard(Trace.load(trace), folder.resolve())
    assert len(calls) > 1000
