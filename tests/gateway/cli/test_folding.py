"""What people read folds to their terminal: nothing is cut in the middle of words."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from gateway.cli.compare import SUBCOMMANDS
from gateway.cli.main import COMMANDS, run
from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from tests.gateway.cli.terminal import PROGRAM, run_in_terminal
from tests.gateway.cli.translating import MIXED, NOTED, REFUSED, WARNED
from tests.gateway.compare.reporting import EARLY, MISSING
from tests.gateway.offline.log_forms import TIMED, log_of

WIDTHS: Final = (60, 80, 100)
# A word that nothing can break: a URL, a path, a code, a name, or a part of JSON.
_WORD: Final = re.compile(r"\S+")

CALLS: Final = [
    "",
    "trasnlate",
    "translate --fromat json",
    "translate --format jsno order.json",
    "translate order.json --format text",
    "translate warned.json --format text",
    "translate refused.json --format text",
    "translate warned.json",
    "translate mixed.jsonl",
    "translate mixed.jsonl --check",
    "translate order.json --to failover --format text",
    "translate missing.json",
    "translate app.log",
    "assess mixed.jsonl order.json app.log",
    "assess missing.json order.json",
    "assess README",
    "simulate order.json",
    "simulate order.json --scenario never-delivered --scenario 2=read",
    "simulate order.json --event 1",
    "simulate warned.json --callbacks",
    "explain",
    "explain REQ",
    "explain REQ163 REQ144 NAT501",
    "explain CMP407 DIFF-11 1360",
    "explain text-too-lnog",
    "compare report traces.jsonl",
    "compare report app.log",
    "compare report order.json",
    "compare diff traces.jsonl replayed.jsonl",
    "compare doubles traces.jsonl",
    "compare populations traces.jsonl",
    "compare import app.log",
    "compare import printed.log",
    "config check",
    "config show",
    "completion",
    *(f"help {name}" for name in COMMANDS),
    *(f"help compare {name}" for name in SUBCOMMANDS),
    "help config check",
    "help config show",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with something to read for every command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_STORE", "sqlite:///gateway.db")
    late = json.loads(MIXED.splitlines()[0])
    first = late["workflow"][0] | {
        "to": {"type": "whatsapp", "number": "447700900000"},
        "from": {"type": "whatsapp", "number": "447700900001"},
        "failover": {"expiry_time": 600, "condition_status": "read"},
    }
    first["message"] = {"content": {"type": "text", "text": "Your order has been sent. " * 6}}
    order = {"template": "failover", "workflow": [first, *late["workflow"]]}
    Path("order.json").write_text(json.dumps(order))
    for name, text in (("warned", WARNED), ("refused", REFUSED), ("noted", NOTED)):
        Path(f"{name}.json").write_text(text)
    Path("mixed.jsonl").write_text(MIXED)
    Path("README").write_text("The workflow of this house.\n")
    Path("app.log").write_text(log_of(TIMED["laravel"]))
    Path("printed.log").write_text("{ template: 'failover', workflow: [ [Object] ] }\n")
    silent = replace(MISSING.reference, dispatch="0d5c0000-0000-4000-8000-000000000002")
    Path("traces.jsonl").write_bytes(to_line(EARLY.reference) + to_line(silent))
    Path("replayed.jsonl").write_bytes(to_line(replay(EARLY.reference)))
    return tmp_path


def is_too_wide(line: str, width: int) -> bool:
    """Tell a line that is too wide from one that a word does not let be narrower."""
    indent = len(line) - len(line.lstrip())
    longest = max((len(word) for word in _WORD.findall(line)), default=0)
    return len(line) > max(width, indent + longest)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("called", CALLS)
def test_nothing_is_wider_than_the_screen(
    called: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.delenv("LINES", raising=False)
    with suppress(SystemExit):
        run(called.split())
    written = capsys.readouterr()
    # Click keeps to 52 columns where there are fewer.
    floor = max(width, 52) if "Usage:" in written.out + written.err else width
    # What is for machines is not folded.
    shown = "" if written.out.startswith(("{", "#", "[")) else written.out
    assert written.out + written.err
    lines = (shown + written.err).splitlines()
    assert [line for line in lines if is_too_wide(line, floor)] == []


def test_a_pipe_is_not_folded_to_a_terminal_that_nobody_looks_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "24")
    run(["compare", "report", "app.log"])
    assert max(map(len, capsys.readouterr().err.splitlines())) > 100


def test_a_terminal_is_folded_to_as_it_is(folder: Path) -> None:
    with run_in_terminal([PROGRAM, "translate", "warned.json"], at=folder, columns=60) as terminal:
        shown = terminal.rest()
    findings = [line for line in shown.splitlines() if not line.startswith(("{", " ", "}"))]
    assert findings
    assert [line for line in findings if is_too_wide(line, 60)] == []


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_findings_are_coloured_where_a_person_watches(
    folder: Path, variables: dict[str, str], is_coloured: bool
) -> None:
    command = [PROGRAM, "translate", "warned.json", "--check"]
    with run_in_terminal(command, at=folder, columns=60, **variables) as terminal:
        shown = terminal.rest()
    assert ("\x1b[33mwarning REQ144\x1b[0m" in shown) is is_coloured
    assert ("\x1b[33m^" in shown) is is_coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).startswith("warned.json:1:")


def test_a_mistake_in_the_call_is_told_before_the_findings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["simulate", "warned.json", "--scenario", "typo"]) == 2
    assert "REQ144" not in capsys.readouterr().err
