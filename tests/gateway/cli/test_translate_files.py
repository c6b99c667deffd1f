"""`translate` and files: what is written, what cannot be read, and where things stand."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.cli.translating import (
    MIXED,
    REFUSED,
    SOUND,
    WARNED,
    line_with,
    results_of,
    translate,
)

SAID_EMPTY = "dispatch-gateway: standard input: is empty"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mixed(folder: Path) -> Path:
    """Four lines: nothing to say, a note, a warning, an error."""
    path = Path("mixed.jsonl")
    path.write_text(MIXED)
    return path


def test_an_output_file_holds_what_standard_output_would(mixed: Path) -> None:
    done = translate(mixed, "-o", "out.jsonl")
    assert done.stdout == ""
    assert Path("out.jsonl").read_text() == translate(mixed).stdout


def test_an_output_file_keeps_its_mode(mixed: Path) -> None:
    Path("out.jsonl").touch(mode=0o600)
    translate(mixed, "-o", "out.jsonl")
    assert stat.S_IMODE(Path("out.jsonl").stat().st_mode) == 0o600


def test_output_can_be_thrown_away(mixed: Path) -> None:
    assert translate(mixed, "-o", "/dev/null").exit_code == 1


@pytest.mark.parametrize("option", ["--output", "--write-baseline"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere/out", "no such file or directory"),
        ("mixed.jsonl/out", "not a directory"),
        ("/proc/out", "no such file or directory"),
        ("n" * 300, "file name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    mixed: Path, option: str, name: str, problem: str
) -> None:
    done = translate(mixed, option, name)
    assert done.exit_code == 2
    assert done.stderr.endswith(f"dispatch-gateway: {name}: cannot be written: {problem}\n")


def test_what_cannot_be_read_is_one_line_and_the_rest_is_done(folder: Path) -> None:
    Path("a.json").write_text(SOUND)
    Path("dangling.json").symlink_to("nowhere")
    Path("empty.json").touch()
    Path("blank.jsonl").write_text("\n\n")
    long = "n" * 300
    names = ("missing.json", "dangling.json", "empty.json", "blank.jsonl", long)
    done = translate(*names, "a.json")
    assert done.exit_code == 2
    assert [each["source"] for each in results_of(done.stdout)] == ["a.json"]
    assert done.stderr.splitlines() == [
        "dispatch-gateway: missing.json: cannot be read: no such file or directory",
        "dispatch-gateway: dangling.json: cannot be read: no such file or directory",
        "dispatch-gateway: empty.json: is empty",
        "dispatch-gateway: blank.jsonl: holds nothing but white space",
        f"dispatch-gateway: {long}: cannot be read: file name too long",
        "1 document: 1 carried over, 0 not; 5 inputs could not be read.",
    ]


def test_what_cannot_be_read_outweighs_what_was_found(folder: Path) -> None:
    Path("a.json").write_text(REFUSED)
    assert translate("a.json", "missing.json").exit_code == 2


def test_a_loop_of_directories_is_said_and_costs_nothing(folder: Path) -> None:
    Path("d").mkdir()
    Path("d/loop").symlink_to("../d")
    Path("d/a.json").write_text(SOUND)
    done = translate("d")
    assert done.exit_code == 0
    assert "d/loop: leads to d, which is read already; skipped" in done.stderr


def test_nothing_on_standard_input_is_said() -> None:
    done = translate(stdin="")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (2, SAID_EMPTY)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "latin-1"])
def test_another_encoding_is_named(folder: Path, encoding: str) -> None:
    text = line_with(message={"content": {"type": "text", "text": "x"}}).replace("x", "\xe9")
    Path("a.json").write_bytes(text.encode(encoding))
    done = translate("a.json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["diagnostics"][0]["name"] == "not-utf-8"


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ("\ufeff" + SOUND + WARNED, [(1, 1), (2, 123)]),
        (f"{SOUND}{WARNED}".replace("\n", "\r\n"), [(2, 123)]),
        (f"{SOUND}\n \n{WARNED}".rstrip("\n"), [(4, 123)]),
        (SOUND + WARNED.replace('"to"', '\t\t"to"'), [(2, 125)]),
        (SOUND + WARNED.replace("447700900001", "日本 👍 é"), [(2, 117)]),
    ],
)
def test_a_place_is_right_whatever_surrounds_it(
    folder: Path, content: str, places: list[tuple[int, int]]
) -> None:
    Path("a.jsonl").write_bytes(content.encode())
    found = [
        each for result in results_of(translate("a.jsonl").stdout) for each in diagnosed(result)
    ]
    assert found == places


def diagnosed(result: dict[str, Any]) -> list[tuple[int, int]]:
    """Return where the diagnostics of a result are."""
    return [(each["line"], each["column"]) for each in result["diagnostics"]]


def test_a_place_is_right_in_a_file_that_is_laid_out(folder: Path) -> None:
    text = json.dumps(json.loads(WARNED), indent="\t", ensure_ascii=False)
    Path("a.json").write_bytes(text.replace("\n", "\r\n").encode())
    (found,) = diagnosed(json.loads(translate("a.json").stdout))
    line = text.splitlines()[found[0] - 1]
    assert line[found[1] - 1 :] == "447700900000"


def test_no_path_and_a_dash_are_standard_input() -> None:
    assert translate(stdin=SOUND).stdout == translate("-", stdin=SOUND).stdout
