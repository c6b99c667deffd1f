"""Whatever is typed gets an answer: help by a word, and what was meant."""

from __future__ import annotations

import pytest

from gateway.cli.compare import SUBCOMMANDS
from gateway.cli.main import COMMANDS, run
from tests.gateway.cli.test_completion import complete

EVERYTHING = [
    *([name] for name in COMMANDS),
    *(["compare", name] for name in SUBCOMMANDS),
    ["config", "check"],
    ["config", "show"],
]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it wrote to its two streams."""
    code = run(arguments)
    written = capsys.readouterr()
    return code, written.out, written.err


@pytest.mark.parametrize("names", EVERYTHING, ids=" ".join)
def test_help_of_a_command_is_what_its_option_says(
    names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "help", *names) == told(capsys, *names, "--help")


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["compare", "help"], ["compare", "--help"]),
        (["compare", "help", "report"], ["compare", "report", "--help"]),
        (["config", "help", "check"], ["config", "check", "--help"]),
        (["--debug", "help", "translate"], ["translate", "--help"]),
        (["help", "help"], ["help", "--help"]),
        (["version"], ["--version"]),
        (["--debug", "version"], ["--version"]),
    ],
    ids=str,
)
def test_help_and_version_are_words_at_every_level(
    words: list[str], same: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, *words) == told(capsys, *same)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["trasnlate"], "Did you mean 'translate'?"),
        (["Translate"], "Did you mean 'translate'?"),
        (["TRANSLATE", "x.json"], "Did you mean 'translate'?"),
        (["hepl"], "Did you mean 'help'?"),
        (["verison"], "Did you mean 'version'?"),
        (["compare", "reprot"], "Did you mean 'report'?"),
        (["compare", "Import", "app.log"], "Did you mean 'import'?"),
        (["compare", "hlep"], "Did you mean 'help'?"),
        (["config", "chek"], "Did you mean 'check'?"),
        (["help", "trasnlate"], "Did you mean 'translate'?"),
        (["help", "compare", "reprot"], "Did you mean 'report'?"),
        (["compare", "help", "reprot"], "Did you mean 'report'?"),
        (["help", "translate", "order"], "has no commands below it"),
        (["nonsense"], "No such command 'nonsense'."),
        (["--hlep"], "Did you mean '--help'?"),
        (["translate", "--fromat", "json"], "'--format'"),
        (["compare", "report", "--fomrat", "json"], "Did you mean '--format'?"),
        (["config", "check", "--stirct"], "Did you mean '--strict'?"),
        (["version", "--lonh"], "No such option '--lonh'."),
        (["report"], "Did you mean 'compare report'?"),
        (["check"], "Did you mean 'config check'?"),
    ],
    ids=str,
)
def test_what_is_mistyped_is_answered(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = told(capsys, *words)
    assert (code, out) == (2, "")
    assert answer in " ".join(err.split())


@pytest.mark.parametrize("group", [[], ["compare"], ["config"]], ids=str)
def test_a_group_without_a_command_lists_its_commands(
    group: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = told(capsys, *group)
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: {' '.join(['dispatch-gateway', *group])} ")
    assert "Commands:" in err
    assert f"'{' '.join(['dispatch-gateway help', *group])} COMMAND' tells more." in err
    assert "Exit codes" not in err


def test_the_names_of_commands_are_completed_after_help() -> None:
    assert complete("dispatch-gateway help tr", index=2) == ["plain,translate"]
    assert complete("dispatch-gateway help compare po", index=3) == ["plain,populations"]
