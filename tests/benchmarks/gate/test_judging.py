"""When the gate is closed, and what it says."""

from __future__ import annotations

import pytest

from benchmarks.gate.figures import FIGURES
from benchmarks.gate.judging import judge, passes, renewed, verdict
from benchmarks.gate.record import Admitted, Recorded
from tests.benchmarks.gate.figures import RECORDED, changed

RECORD = Recorded(figures=RECORDED)


@pytest.mark.parametrize("figure", FIGURES)
def test_three_percent_more_of_any_figure_close_the_gate(figure: str) -> None:
    findings = judge(changed(**{figure: 1.03}), RECORD)
    assert not passes(findings)
    assert f"{figure} by +3.0 %" in verdict(findings)


@pytest.mark.parametrize("ratio", [0.5, 0.97, 0.99, 1.0, 1.01, 1.0199])
def test_less_and_up_to_two_percent_more_pass(ratio: float) -> None:
    assert passes(judge(changed(cycle=ratio), RECORD))


def test_a_figure_that_cannot_be_seen_here_is_zero_and_passes() -> None:
    unseen = {**RECORDED, "cycle_statements": 0.0}
    assert passes(judge(unseen, Recorded(figures=unseen)))
    assert not passes(judge(RECORDED, Recorded(figures=unseen)))


def test_who_finds_the_gate_closed_is_told_what_to_do() -> None:
    told = verdict(judge(changed(cycle=1.03), RECORD))
    assert 'make gate-record WHY="' in told


def test_what_became_cheaper_is_asked_to_be_recorded_and_passes() -> None:
    findings = judge(changed(webhook=0.95), RECORD)
    assert passes(findings)
    assert verdict(findings).startswith("Cheaper: webhook by -5.0 %. Record it")


def test_a_gain_does_not_hide_a_loss() -> None:
    told = verdict(judge(changed(webhook=0.95, accept=1.03), RECORD))
    assert "accept by +3.0 %" in told
    assert "webhook by -5.0 %" in told


def test_an_admitted_loss_passes_and_a_further_one_does_not() -> None:
    line = Admitted(figure="cycle", value=5_700_000, reason="r")
    record = Recorded(figures=RECORDED, admitted=(line,))
    assert passes(judge({**RECORDED, "cycle": 5_800_000}, record))
    assert not passes(judge({**RECORDED, "cycle": 5_820_000}, record))


def test_a_line_of_the_table_has_the_figure_and_by_how_much() -> None:
    (line,) = (each.line() for each in judge(changed(accept=1.03), RECORD) if each.ratio > 0.01)
    assert line.split() == [
        "accept",
        "1442.0",
        "k",
        "recorded",
        "1400.0",
        "k",
        "+3.00",
        "%",
        "DEARER",
    ]


def test_recording_lowers_what_fell() -> None:
    record = renewed(changed(cycle=0.99), RECORD, None)
    assert record.allowed() == changed(cycle=0.99)


@pytest.mark.parametrize("ratio", [1.01, 1.03])
def test_recording_raises_nothing_without_a_reason(ratio: float) -> None:
    assert renewed(changed(cycle=ratio), RECORD, None).allowed() == RECORDED


@pytest.mark.parametrize("ratio", [1.01, 1.03])
def test_recording_with_a_reason_admits_what_rose(ratio: float) -> None:
    record = renewed(changed(cycle=ratio, accept=0.9), RECORD, "checks every body")
    assert record.allowed() == changed(cycle=ratio, accept=0.9)
    assert [(each.figure, each.reason) for each in record.admitted] == [
        ("cycle", "checks every body")
    ]


def test_what_repeats_differ_by_is_not_recorded() -> None:
    measured = changed(cycle=1.001, accept=0.999)
    assert renewed(measured, RECORD, "a reason") == RECORD
