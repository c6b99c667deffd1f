"""Shell completion: in the shells themselves, and what it costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from gateway.cli.main import COMMANDS, run
from tests.gateway.cli.terminal import PROGRAM, PROMPT, SEARCH_PATH, run_in_terminal

HEAVY: Final = {"httptools", "pydantic", "rich", "starlette", "structlog", "uvicorn"}
SHELLS: Final = ("bash", "zsh", "fish")
OPTIONS: Final = {
    "bash": ["--noprofile", "--rcfile", "startup", "-i"],
    "zsh": ["-d", "-i"],
}
STARTUP: Final = {
    "bash": ("startup", 'eval "$(dispatch-gateway completion bash)"'),
    "zsh": (
        ".zshrc",
        'autoload -Uz compinit; compinit -D -u\neval "$(dispatch-gateway completion zsh)"',
    ),
}


def complete(words: str, *, index: int) -> list[str]:
    """Ask for completions the way the script of a shell does."""
    asked = {
        "_DISPATCH_GATEWAY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(index),
    }
    done = subprocess.run(
        [PROGRAM],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.split()


def installed(shell: str) -> str:
    """Return where the shell is; skip the test where there is none."""
    return shutil.which(shell) or pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_DISPATCH_GATEWAY_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_a_shell_without_a_script_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "ksh"]) == 2
    assert "ksh" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_takes_its_script(shell: str) -> None:
    at = installed(shell)
    script = subprocess.run(
        [PROGRAM, "completion", shell], capture_output=True, check=True, timeout=30
    )
    checked = subprocess.run(
        [at, "-n"], input=script.stdout, capture_output=True, check=False, timeout=30
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("shell", OPTIONS)
def test_the_tab_key_completes_commands_and_rules(shell: str, tmp_path: Path) -> None:
    start = [installed(shell), *OPTIONS[shell]]
    name, script = STARTUP[shell]
    (tmp_path / name).write_text(f"{script}\nPS1='{PROMPT}'\n", encoding="utf-8")
    with run_in_terminal(start, at=tmp_path, ZDOTDIR=str(tmp_path)) as terminal:
        terminal.until(PROMPT)
        terminal.type("dispatch-gateway expl\ttext-to\t| head -1; exit\n")
        assert "REQ163 text-too-long  error\n" in terminal.rest()


@pytest.mark.parametrize("shell", OPTIONS)
def test_the_tab_key_completes_files(shell: str, tmp_path: Path) -> None:
    start = [installed(shell), *OPTIONS[shell]]
    name, script = STARTUP[shell]
    (tmp_path / name).write_text(f"{script}\nPS1='{PROMPT}'\n", encoding="utf-8")
    (tmp_path / "only-one.json").write_text("{}", encoding="utf-8")
    with run_in_terminal(start, at=tmp_path, ZDOTDIR=str(tmp_path)) as terminal:
        terminal.until(PROMPT)
        terminal.type("dispatch-gateway translate only\t--format=js\t; exit\n")
        assert '"source": "only-one.json"' in terminal.rest()


def test_bash_completes_by_its_own_variables() -> None:
    bash = installed("bash")
    asked = (
        'eval "$(dispatch-gateway completion bash)"; COMP_WORDS=(dispatch-gateway explain nat50);'
        ' COMP_CWORD=2; _dispatch_gateway_completion dispatch-gateway; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [bash, "-c", asked],
        env={**os.environ, "PATH": SEARCH_PATH},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.split()[:2] == ["NAT501", "NAT502"]


def test_every_command_is_offered() -> None:
    offered = complete("dispatch-gateway ", index=1)
    assert offered == [f"plain,{name}" for name in COMMANDS]


def test_an_option_of_the_command_itself_is_offered() -> None:
    assert complete("dispatch-gateway --vers", index=1) == ["plain,--version"]


@pytest.mark.parametrize(
    ("words", "index", "offered"),
    [
        ("explain --format j", 3, ["plain,json"]),
        # To bash an equals sign is a word; what follows it is completed.
        ("explain --format = j", 4, ["plain,json"]),
        ("explain --format =", 3, ["plain,text", "plain,json"]),
        ("explain --format=j", 2, ["plain,--format=json"]),
        ("translate --format = json --to f", 6, ["plain,failover"]),
        ("simulate order.json --scenario undel", 4, ["plain,undeliverable"]),
        ("simulate order.json --scenario 2 = undel", 6, ["plain,undeliverable"]),
        ("simulate order.json --scenario 2=undel", 4, ["plain,2=undeliverable"]),
        ("translate --accept req17", 3, ["plain,REQ171"]),
        ("translate ", 2, ["file,"]),
        ("assess or", 2, ["file,or"]),
        ("simulate or", 2, ["file,or"]),
        ("translate --output = or", 4, ["file,or"]),
    ],
)
def test_what_can_follow_is_offered(words: str, index: int, offered: list[str]) -> None:
    assert complete(f"dispatch-gateway {words}", index=index) == offered


@pytest.mark.parametrize("words", ["dispatch-gateway ", "dispatch-gateway explain REQ"])
def test_completing_imports_nothing_heavy(words: str) -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from gateway.cli.main import run; run([])"
    )
    asked = {
        "_DISPATCH_GATEWAY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert HEAVY & set(done.stderr.split()) == set()
