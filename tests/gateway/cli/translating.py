"""Running `translate` in this process, and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result

from gateway.cli.main import command

PROGRAM: Final = (sys.executable, "-m", "gateway", "translate")
CLEAN: Final = {
    name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "NO_CO"))
}


def translate(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(command, ["translate", *map(str, arguments)], input=stdin)


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own and wait for its end."""
    settings: dict[str, Any] = {"capture_output": True} | options
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], timeout=30, check=False, env=CLEAN, **settings
    )


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Begin the command in a process of its own, both its streams on pipes."""
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    process: subprocess.Popen[bytes]
    process = subprocess.Popen([*PROGRAM, *map(str, arguments)], env=CLEAN, **streams)
    return process


def results_of(lines: str) -> list[dict[str, Any]]:
    """Parse JSON Lines."""
    return [json.loads(line) for line in lines.splitlines()]


def workflow_with(**members: Any) -> dict[str, Any]:
    """Return a sound payload of one SMS, with members of its step on top."""
    step = {
        "from": {"type": "sms", "number": "447700900001"},
        "to": {"type": "sms", "number": "447700900000"},
        "message": {"content": {"type": "text", "text": "Hello"}},
    }
    return {"template": "failover", "workflow": [step | members]}


def line_with(**members: Any) -> str:
    """Return the payload as a line of JSON Lines, its line end included."""
    return json.dumps(workflow_with(**members)) + "\n"


SOUND: Final = line_with()
"""Nothing is to be said about it."""
NOTED: Final = line_with(bogus=1)
"""A note: an unknown field."""
WARNED: Final = line_with(to={"type": "sms", "number": 447700900000})
"""A warning: the number is a JSON number."""
REFUSED: Final = line_with(message={"content": {"type": "text", "text": ""}})
"""An error: the text is empty."""
MIXED: Final = SOUND + NOTED + WARNED + REFUSED
"""One line of each."""
FAT = line_with(bogus="x" * 200_000)
"""A line that is quickly done, and fills a block with a few more of its kind."""
