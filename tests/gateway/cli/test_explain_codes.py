"""`explain` knows every code that a report can show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.cli.main import run
from gateway.compare.kinds import KINDS
from gateway.compare.known_words import KNOWN
from gateway.compare.report_html import render_html
from gateway.offline.known_differences import known_differences
from tests.gateway.cli.terminal import PROGRAM, run_in_terminal
from tests.gateway.compare.reporting import NO
from tests.support.pages import ROOT
from translators.error_codes import ERROR_CODES, NOT_TO_A_USER_ID
from translators.grades import Grade
from translators.rule_table import ALL_RULES

NUMBERS = re.findall(
    r"^## (DIFF-[0-9]+)$", (ROOT / "docs/differences.md").read_text("utf-8"), re.MULTILINE
)
CODES = (
    *(rule.code for rule in ALL_RULES),
    *(kind.code for kind in KINDS),
    *NUMBERS,
    *(grade.value for grade in Grade),
    *map(str, (*ERROR_CODES, NOT_TO_A_USER_ID)),
)


def explained(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("code", CODES)
def test_every_code_that_a_report_shows_has_a_page(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = explained(code, capsys=capsys)
    assert page.startswith(f"{code} ")
    assert len(page.splitlines()) > 2
    assert [line for line in page.splitlines() if len(line) > 100] == []


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_to_machines(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explained(code, "--format", "json", capsys=capsys))
    told = [*found["rules"], *found.get("codes", ())]
    assert [each["code"] for each in told] == [code]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_kind_is_told_completely(kind: object, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = [each for each in KINDS if each is kind]
    told = " ".join(explained(found.code, capsys=capsys).split())
    assert found.why in told
    assert found.remedy.replace("`", "") in told


def test_a_known_difference_is_told_as_its_page_tells_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = " ".join(explained("DIFF-08", capsys=capsys).split())
    assert told.startswith("DIFF-08 no fee is added to a dispatch known difference Dispatch both")
    assert "Here the total is the sum." in told
    assert "Switch GATEWAY_WORKFLOW_FEE=0.002 reproduces the captures." in told


def test_every_known_difference_is_whole() -> None:
    assert [each.code for each in known_differences()] == NUMBERS
    lacking = [
        each.code
        for each in known_differences()
        if {"Dispatch", "Here", "Switch"} - {label for label, _ in each.told}
    ]
    assert lacking == []
    marks = [each.code for each in known_differences() if "](" in str(each) or "**" in str(each)]
    assert marks == []


def test_what_reports_say_of_known_differences_is_what_the_page_says() -> None:
    names = {each.code: each.name for each in known_differences()}
    assert {code: known.sentence.replace("`", "") for code, known in KNOWN.items()} == {
        code: names[code] for code in KNOWN
    }


@pytest.mark.parametrize(
    ("word", "code"),
    [
        *(
            ("cmp407", "CMP407"),
            ("completed-below-condition", "CMP407"),
            ("Failover-Late", "CMP406"),
        ),
        *(("diff-11", "DIFF-11"), ("DIFF11", "DIFF-11"), ("DIFF-3", "DIFF-03"), ("n3", "N3")),
        ("Invalid template", "1022"),
    ],
)
def test_codes_and_names_are_found_in_any_case(
    word: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    word = word.replace(" ", "-")
    assert explained(word, capsys=capsys).startswith(f"{code} ")


@pytest.mark.parametrize(
    ("beginning", "codes"),
    [
        ("CMP", [kind.code for kind in KINDS]),
        ("cmp45", ["CMP451", "CMP452", "CMP453", "CMP454"]),
        ("DIFF", NUMBERS),
        ("138", ["1380", "1381", "1382"]),
    ],
)
def test_the_beginning_of_codes_lists_them(
    beginning: str, codes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, *lines = explained(beginning, capsys=capsys).splitlines()
    assert [line.split()[0] for line in lines] == codes


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("CMP499", "did you mean CMP454"),
        ("CMP418", "did you mean CMP417"),
        ("CPM407", "CMP407 completed-below-condition"),
        ("DIFF-30", "DIFF-29"),
        ("DIFF-99", "DIFF-34"),
        ("1361", "did you mean 1360 TTL was activated"),
        ("N7", "N3"),
        ("failover-erly", "CMP405 failover-early"),
        ("wrong-recipent", "CMP413 wrong-recipient"),
        ("text-to-long", "did you mean REQ163 text-too-long"),
    ],
)
def test_a_code_that_is_none_is_answered_with_what_was_meant(
    word: str, guess: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert guess in err


@pytest.mark.parametrize("word", ["xyzzy", "1", "447700900000", "--", "🙂"])
def test_what_is_like_nothing_is_wrong_usage(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--", word]) == 2
    assert capsys.readouterr().out == ""


def test_rules_and_other_codes_are_told_in_the_order_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = explained("CMP407,REQ144", "DIFF-11", capsys=capsys)
    titles = [line.split()[0] for line in page.splitlines() if line[:4] in ("CMP4", "REQ1", "DIFF")]
    assert titles == ["CMP407", "REQ144", "DIFF-11"]


def test_pages_and_lists_fit_a_narrow_terminal() -> None:
    command = [PROGRAM, "explain", "CMP", "CMP407", "DIFF", "DIFF-10", "1360", "13", "N3"]
    with run_in_terminal(command, columns=60, NO_COLOR="1") as terminal:
        lines = terminal.rest().splitlines()
    assert [line for line in lines if len(line) > 60] == []


def test_a_page_links_its_codes_to_what_they_mean() -> None:
    page = render_html(NO, top=10)
    for code in ("CMP405", "DIFF-08"):
        assert f'<a class="code" href="#code-{code}">{code}</a>' in page
        assert f'<dt id="code-{code}">{code}</dt>' in page
    assert "<code>dispatch-gateway explain CODE</code>" in page
    targets = re.findall(r'href="#([^"]+)"', page)
    assert [each for each in targets if f'id="{each}"' not in page] == []


def test_it_works_from_an_installed_wheel(tmp_path: Path) -> None:
    build = "from hatchling.builders.wheel import WheelBuilder; import sys;"
    build += "print(*WheelBuilder(sys.argv[1]).build(directory=sys.argv[2], versions=['standard']))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    (wheel,) = made.stdout.split()
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    call = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import gateway.cli.main as m;"
        f"assert m.__file__.startswith({str(installed)!r});"
        "sys.exit(m.run(['explain', 'DIFF-11', 'CMP407', '1360']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", call], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "docs/differences.md, DIFF-11" in done.stdout
