"""The file of recorded figures."""

from __future__ import annotations

import pytest

from benchmarks.gate.record import PATH, Admitted, Recorded, Refused, read, write
from tests.benchmarks.gate.figures import BUILD, RECORDED

ADMITTED = Admitted(figure="cycle", value=5_700_000, reason='checks "every" body; says so: é')


def with_line(line: str) -> str:
    """Return a file that admits a loss in this line."""
    return write({BUILD: Recorded(figures=RECORDED)}) + f"admitted = [\n    {line},\n]\n"


def test_what_is_written_is_read_again() -> None:
    records = {
        BUILD: Recorded(figures=RECORDED, admitted=(ADMITTED,)),
        "PyPy": Recorded(figures=RECORDED),
    }
    assert read(write(records)) == records


def test_the_file_of_the_project_can_be_read_and_is_as_it_would_be_written() -> None:
    text = PATH.read_text(encoding="utf-8")
    assert write(read(text)) == text


def test_a_loss_takes_one_line() -> None:
    text = with_line('{ figure = "cycle", value = 5700000, reason = "checks every body" }')
    assert read(text)[BUILD].allowed()["cycle"] == 5_700_000


def test_of_several_lines_for_a_figure_the_last_one_counts() -> None:
    later = Admitted(figure="cycle", value=5_800_000, reason="and its hash")
    recorded = Recorded(figures=RECORDED, admitted=(ADMITTED, later))
    assert recorded.allowed() == {**RECORDED, "cycle": 5_800_000}


@pytest.mark.parametrize(
    "line",
    [
        '{ figure = "cycle", value = 5700000 }',
        '{ figure = "cycle", value = 5700000, reason = "" }',
        '{ figure = "cycle", value = 5700000, reason = "  " }',
        '{ figure = "cycle", value = 5700000, reason = 7 }',
    ],
)
def test_a_line_without_a_reason_is_refused(line: str) -> None:
    with pytest.raises(Refused, match="the loss admitted for cycle needs a reason"):
        read(with_line(line))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ figure = "cycles", value = 1, reason = "r" }', "'cycles' in admitted is none of"),
        ('{ value = 1, reason = "r" }', "None in admitted is none of"),
        ('{ figure = "cycle", reason = "r" }', "the value admitted for cycle is no number"),
        ('{ figure = "cycle", value = "1", reason = "r" }', "is no number"),
        ('{ figure = "cycle", value = true, reason = "r" }', "is no number"),
        ('{ figure = "cycle", value = 1, reason = "r", by = "x" }', "figure, value and reason"),
        ('"cycle"', "figure, value and reason"),
    ],
)
def test_a_line_that_says_something_else_is_refused(line: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(with_line(line))


@pytest.mark.parametrize(
    "text",
    [
        "accept = ",
        "accept = 1",
        "builds = 7",
        '[builds."x"]\naccept = 1',
        write({BUILD: Recorded(figures=RECORDED)}) + "hello = 1\n",
        write({BUILD: Recorded(figures=RECORDED)}) + "admitted = 1\n",
        write({BUILD: Recorded(figures={**RECORDED, "accept": -1})}),
    ],
)
def test_a_file_that_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read(text)


def test_what_is_lowered_needs_no_line_any_more() -> None:
    recorded = Recorded(figures=RECORDED, admitted=(ADMITTED,)).lowered({"cycle": 5_600_000})
    assert (recorded.allowed()["cycle"], recorded.admitted) == (5_600_000, ())
