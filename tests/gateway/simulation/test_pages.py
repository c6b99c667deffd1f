"""The pages as they are read: goldens under fixtures/simulations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.simulation.casting import Part, cast
from gateway.simulation.language import ScriptedEvent, read_script
from gateway.simulation.page import make_page
from gateway.simulation.results import as_document
from gateway.simulation.screen import write
from gateway.simulation.simulation import Simulation, simulate
from tests.support.golden import FIXTURES, beside, check_golden, golden_cases, pretty, stray_files
from translators.dispatch import translate_dispatch
from translators.documents import parse_document
from translators.rules import Switches

LATE = FIXTURES / "simulations" / "late-delivery.v01.json"


def play(path: Path) -> tuple[Simulation, list[Part]]:
    plan = translate_dispatch(parse_document(path.read_bytes()).value).value
    assert plan is not None
    script = beside(path, ".events")
    read = read_script(script.read_text(encoding="utf-8"), script.name)
    parts, faults = cast(plan, [line for line in read if isinstance(line, ScriptedEvent)], {})
    assert faults == []
    return simulate(plan, [part.fate for part in parts], switches=Switches()), parts


def page(
    path: Path,
    *,
    width: int = 100,
    has_colour: bool = False,
    has_unicode: bool = True,
    with_bodies: bool = False,
) -> str:
    simulation, parts = play(path)
    rows = make_page(simulation, parts, width=width, with_bodies=with_bodies)
    lines = write(rows, has_colour=has_colour, has_unicode=has_unicode)
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("path", golden_cases("simulations", ".v01.json"))
def test_the_page_is_as_it_was_read(path: Path) -> None:
    check_golden(beside(path, ".page.txt"), page(path))


@pytest.mark.parametrize("path", golden_cases("simulations", ".v01.json"))
def test_the_result_is_as_documented(path: Path) -> None:
    check_golden(beside(path, ".result.json"), pretty(as_document(*play(path), [])))


def test_a_narrow_screen_shows_one_lane_after_the_other() -> None:
    check_golden(FIXTURES / "simulations" / "late-delivery.narrow.txt", page(LATE, width=60))


def test_everything_the_caller_is_told_is_drawn() -> None:
    path = FIXTURES / "simulations" / "refused.v01.json"
    assert "◀── 1 rejected 1170" in page(path)


def test_a_channel_that_takes_no_ttl_is_said_to() -> None:
    path = FIXTURES / "simulations" / "three-steps.v01.json"
    assert "1 whatsapp (no ttl)" in page(path)


def test_the_grade_is_said_to_hold_whatever_happens() -> None:
    assert "Whatever happens, the grade is N2. Native v1" in page(LATE)


def test_every_expectation_belongs_to_a_case() -> None:
    assert stray_files("simulations", ".v01.json") == []


def test_a_plain_terminal_gets_plain_characters() -> None:
    assert page(LATE, has_unicode=False).isascii()


def test_plain_characters_take_the_same_room() -> None:
    plain, drawn = page(LATE, has_unicode=False), page(LATE)
    assert [len(line) for line in plain.splitlines()] == [len(line) for line in drawn.splitlines()]


def test_colour_changes_nothing_that_is_read() -> None:
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", page(LATE, has_colour=True))
    assert [line.rstrip() for line in coloured.splitlines()] == page(LATE).splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    assert max(map(len, page(LATE, width=width).splitlines())) <= width


def test_addresses_are_shown_only_when_bodies_are_asked_for() -> None:
    assert "447700900001" not in page(LATE)
    assert "447700900001" in page(LATE, with_bodies=True)
