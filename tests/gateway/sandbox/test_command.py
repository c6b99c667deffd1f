"""The command, its help, and the page that documents both."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from gateway.cli.sandbox import command
from gateway.sandbox.scripts import SCRIPTS
from gateway.sandbox.tables import scripts_table_markdown
from tests.gateway.sandbox.conftest import Upstream

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "sandbox.md"


def test_the_page_shows_the_table_as_it_is() -> None:
    assert scripts_table_markdown() in PAGE.read_text("utf-8")


def test_the_page_names_every_option_of_the_command() -> None:
    page = PAGE.read_text("utf-8")
    options = {name for parameter in command.params for name in parameter.opts}
    assert {name for name in options if f"`{name}" not in page} == set()


def test_the_help_lists_every_script() -> None:
    text = " ".join(CliRunner().invoke(command, ["--help"]).output.split())  # lines are folded
    assert [script.name for script in SCRIPTS if script.summary not in text] == []


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--signature-secret", "x"], "api_key"),
        (["--pace", "0"], "pace"),
        (["--port", "65536"], "port"),
        (["--host", "256.256.256.256"], "cannot listen"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], fault: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, fault in result.stderr) == (2, True)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"dispatch-gateway: cannot listen on 127.0.0.1:{port}: Address already in use;"
        " choose another one with --host and --port.\n"
    )


def test_a_host_that_is_none_is_told_as_that() -> None:
    result = CliRunner().invoke(command, ["--host", "256.256.256.256"])
    assert "256.256.256.256:8901: Name or service not known; choose" in result.stderr


def test_the_example_of_the_help_is_the_one_of_the_page() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    example = "sandbox --webhook-url http://127.0.0.1:9000/status\n"
    assert (example in text, example in PAGE.read_text("utf-8")) == (True, True)


async def test_the_scripts_are_listed_over_http(upstream: Upstream) -> None:
    listed = (await upstream.client.get("/sandbox/scripts")).json()["scripts"]
    assert listed[10] == {
        "digits": "10",
        "name": "throttled-once",
        "summary": "Throttled with Retry-After: 1; the same POST again is accepted and delivered.",
        "answer": "429, problem, Retry-After: 1, then 202",
        "webhooks": "submitted 0.2 s, delivered 1 s",
        "sent": True,
    }


def test_the_help_loads_nothing_of_the_server() -> None:
    code = (
        "import sys, gateway.cli.sandbox\n"
        "heavy = {'starlette', 'httptools', 'uvicorn', 'pydantic', 'orjson', 'jwt'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_process_serves_until_it_is_told_to_stop() -> None:
    code = "from gateway.cli.sandbox import command; command()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", "--pace", "0.001"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[1]
        answer = httpx2.post(
            url,
            auth=("key", "secret"),
            json={
                "to": "447700900000",
                "from": "Shop",
                "channel": "sms",
                "message_type": "text",
                "text": "Hello",
            },
        )
        line = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert answer.status_code == 202
    assert line.startswith("message  sms/text  **********00  delivered -> 202")
    assert process.returncode == 0
