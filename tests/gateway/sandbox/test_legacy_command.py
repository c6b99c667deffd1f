"""`sandbox --legacy`: its options, its help, and the page that documents both."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from gateway.cli.sandbox import command
from gateway.sandbox.legacy_quirks import QUIRKS, quirks_table_markdown
from tests.gateway.sandbox.legacy_workflows import workflow

PAGE = Path(__file__).parents[3] / "docs" / "sandbox.md"


def test_the_page_shows_the_quirks_as_they_are() -> None:
    assert quirks_table_markdown() in PAGE.read_text("utf-8")


def test_the_help_lists_every_quirk() -> None:
    text = " ".join(CliRunner().invoke(command, ["--help"]).output.split())  # however it folds
    assert [name for name, quirk in QUIRKS.items() if quirk.summary not in text] == []


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--quirk", "late-step"], "--quirk says how Dispatch behaves: it needs --legacy"),
        (["--as-captured"], "--as-captured"),
        (["--lag", "3"], "--lag"),
        (["--answer", "410"], "--answer"),
        (["--answer-delay", "1"], "--answer-delay"),
        (["--legacy", "--quirk", "late"], "late-step"),
        (["--legacy", "--answer", "200"], "410"),
        (["--legacy", "--lag", "-1"], "lag"),
        (["--legacy", "--host", "256.256.256.256"], "cannot listen"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], fault: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, fault in result.stderr) == (2, True)


@pytest.mark.slow
def test_the_process_stands_in_for_dispatch() -> None:
    code = "from gateway.cli.sandbox import command; command()"
    options = ["--port", "0", "--pace", "0.001", "--as-captured", "--lag", "5", "--quirk=late-step"]
    with subprocess.Popen(
        [sys.executable, "-c", code, "--legacy", *options], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[1]
        answer = httpx2.post(url, json=workflow("sms 00"))
        line = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert (answer.status_code, url.endswith("/v0.1/dispatch")) == (202, True)
    assert line == f"dispatch  sms delivered -> 202  {answer.json()['dispatch_uuid']}\n"
    assert process.returncode == 0
