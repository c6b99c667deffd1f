"""Who was messaged twice is told in a sentence, a table and curves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final

import pytest

from gateway.compare.curve import Point, curve_rows, curve_svg, delay, percent
from gateway.compare.doubles import Doubles
from gateway.compare.doubles_report import doubles_html, doubles_json, doubles_rows, headline
from gateway.compare.normal import read_course
from gateway.simulation.screen import write
from gateway.simulation.timeline import Stretch
from gateway.traces.model import Kind
from tests.gateway.compare.reporting import EARLY, MISSING, entry

LATE: Final = replace(
    EARLY.reference,
    entries=(*EARLY.reference.entries, entry(900, Kind.STATUS, 0, "delivered")),
)


@pytest.fixture
def doubles() -> Doubles:
    """One person was messaged twice, one once."""
    doubles = Doubles()
    for each in (LATE, MISSING.reference):
        doubles.add(read_course(each))
    return doubles


def test_the_headline_counts_people(doubles: Doubles) -> None:
    assert headline(doubles) == (
        "1 of 2 steps with an expiry was given up (50 %): 1 person got two messages because"
        " the first came late, 0 because it was not read in time."
    )


def test_steps_without_an_expiry_are_no_subject() -> None:
    assert headline(Doubles()) == "No step in these traces has an expiry."


def test_an_empty_page_has_no_curves() -> None:
    assert "<svg role" not in doubles_html(Doubles())


def test_the_table_has_a_row_for_channel_condition_and_expiry(doubles: Doubles) -> None:
    lines = write(doubles_rows(doubles), has_colour=False, has_unicode=True)
    (row,) = (line for line in lines if line.startswith("WhatsApp until delivered  "))
    assert row.split()[3:] == ["10", "min", "2", "1", "1", "0"]


def test_the_expiry_of_today_is_marked(doubles: Doubles) -> None:
    lines = write(doubles_rows(doubles), has_colour=False, has_unicode=True)
    (now,) = (line for line in lines if line.startswith("→"))
    assert now.split()[1:3] == ["10", "min"]


def test_bars_are_bars_on_a_terminal_of_letters(doubles: Doubles) -> None:
    lines = write(doubles_rows(doubles), has_colour=False, has_unicode=False)
    (now,) = (line for line in lines if line.startswith(">"))
    assert now.split()[3:6] == ["50", "%", "#########"]
    assert "?" not in "".join(lines)


def test_every_block_has_a_letter() -> None:
    assert write([(Stretch(text="█▉▊▋▌▍▎▏"),)], has_colour=False, has_unicode=False) == ["####==--"]


def test_what_was_left_out_is_said_in_every_form(doubles: Doubles) -> None:
    left_out = ("1 copy was left out", "2 cut records were left out")
    lines = write(doubles_rows(doubles, left_out), has_colour=False, has_unicode=True)
    assert "1 copy was left out; 2 cut records were left out." in lines
    assert "1 copy was left out; 2 cut records were left out." in doubles_html(doubles, left_out)
    assert json.loads(doubles_json(doubles, left_out))["left_out"] == [*left_out]


def test_a_curve_is_told_in_words(doubles: Doubles) -> None:
    page = doubles_html(doubles)
    assert "10 min: 50 % failovers, 50 % doubles; 15 min: 0 % failovers" in page


def test_places_of_a_page_are_named_once(doubles: Doubles) -> None:
    names = re.findall(r' id="([^"]+)"', doubles_html(doubles))
    assert len(names) == len(set(names))


def test_a_single_point_can_be_drawn() -> None:
    point = Point(expiry_s=600, failovers=1.0, doubles=0.0, delay_s=None, is_now=True)
    assert 'd="M44.0 34.0"' in curve_svg([point], "c", "Curve")
    assert len(list(curve_rows([point]))) == 2


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0001, "< 0.1 %"), (0.034, "3.4 %"), (0.41, "41 %"), (1.0, "100 %")],
)
def test_a_share_that_is_there_is_never_nought(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (7.4, "7 s"), (599.0, "9 min 59 s"), (4000.0, "1 h 7 min")]
)
def test_a_delay_is_as_fine_as_it_matters(seconds: float | None, text: str) -> None:
    assert delay(seconds) == text
