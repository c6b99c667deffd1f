"""The language of events: what it means, and what it says to mistakes."""

from __future__ import annotations

import pytest

from gateway.simulation.durations import duration, read_duration
from gateway.simulation.language import Origin, ScriptedEvent, ScriptFault, read_event, read_script
from tests.gateway.simulation.casts import events_of

HERE = Origin(source="monday.txt", line=7)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1 submitted @1s", (0, "submitted", None, 1_000)),
        ("1 delivered @20m", (0, "delivered", None, 1_200_000)),
        ("2 rejected 1300 @0.5s", (1, "rejected", 1300, 500)),
        ("  12   read\t@1h30m ", (11, "read", None, 5_400_000)),
        ("1 undeliverable 1331 @3s", (0, "undeliverable", 1331, 3_000)),
        ("1 rejected @2d", (0, "rejected", 1330, 172_800_000)),
        ("1 refused 1170 @0s", (0, "refused", 1170, 0)),
        ("1 refused", (0, "refused", 1020, 0)),
        ("1 lost", (0, "lost", None, 0)),
        ("1 lost @250ms", (0, "lost", None, 250)),
        ("1 answered @3s", (0, "answered", None, 3_000)),
    ],
)
def test_a_line_is_one_event(line: str, expected: tuple[int, str, int | None, int]) -> None:
    (event,) = events_of(line)
    assert (event.step, event.word, event.code, event.after_ms) == expected


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("1", 1, "is not an event; write: STEP WORD [CODE] @TIME"),
        ("0 delivered @1s", 1, "'0' is not the number of a step"),
        ("first delivered @1s", 1, "'first' is not the number of a step"),
        ("1 deliverd @1s", 3, "did you mean delivered?"),
        ("1 exploded @1s", 3, "there are: submitted, delivered, read"),
        ("1 delivered", 12, "lacks a time"),
        ("1 delivered 20m", 13, "'20m' is a time without its @; write @20m"),
        ("1 delivered @20", 13, "'@20' is not a time"),
        ("1 delivered @367d", 13, "at most 366 d"),
        ("1 delivered 1300 @1s", 13, "neither a time nor wanted here"),
        ("1 rejected 99 @1s", 12, "'99' is not an error code"),
        ("1 rejected 1300 soon", 17, "'soon' is not a time"),
        ("1 delivered @1s late", 17, "'late' is one word too many"),
    ],
)
def test_a_mistake_is_told_with_its_column(line: str, column: int, said: str) -> None:
    fault = read_event(line, HERE)
    assert isinstance(fault, ScriptFault)
    assert str(fault).startswith(f"monday.txt:7:{column}: ")
    assert said in str(fault)


def test_a_fault_of_an_option_names_the_option() -> None:
    fault = read_event("1 deliverd @1s", Origin(source="--event", line=2))
    assert str(fault).startswith("--event 2, column 3: ")


def test_a_very_long_word_is_not_repeated_in_full() -> None:
    assert len(str(read_event(f"1 {'x' * 5000} @1s", HERE))) < 200


def test_a_file_has_comments_and_blank_lines() -> None:
    lines = read_script("# a day\n\n1 submitted @1s  # early\r\n 2 lost\n", "monday.txt")
    assert [(line.word, line.origin.line) for line in lines if isinstance(line, ScriptedEvent)] == [
        ("submitted", 3),
        ("lost", 4),
    ]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (200, "0.2 s"),
        (600_000, "10 min"),
        (601_500, "10 min 1.5 s"),
        (3_600_000, "1 h"),
        (259_200_000, "3 d"),
        (90_061_001, "1 d 1 h 1 min 1.001 s"),
    ],
)
def test_a_duration_is_written_exactly(ms: int, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize("text", ["", "s", "5", "1 m", "-1s", "1.2345s", "1x", "400d"])
def test_what_is_no_duration_is_not_guessed_at(text: str) -> None:
    assert read_duration(text) is None
