"""The two captures of the vendor's own service: every difference has a number."""

from __future__ import annotations

import pytest

from gateway.compare.comparison import Comparison, Outcome, Tolerances
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.traces.codec import from_line
from gateway.traces.model import Trace
from tests.support.pages import ROOT

CAPTURES = ("c1-sms-to-sms", "c2-messenger-read")


def captured(name: str) -> Trace:
    trace = from_line((ROOT / "fixtures" / "traces" / f"{name}.traces.jsonl").read_bytes())
    assert isinstance(trace, Trace)
    return trace


def judged(name: str, tolerances: Tolerances | None = None) -> Comparison:
    trace = captured(name)
    return compare(trace, replay(trace), tolerances or Tolerances())


def numbers(comparison: Comparison) -> set[str | None]:
    return {each.known for each in comparison.differences}


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_differs_in_known_ways_alone(name: str) -> None:
    assert judged(name).outcome is Outcome.EXPLAINED


def test_links_href_and_fee_of_the_captures_are_known_differences() -> None:
    assert numbers(judged("c1-sms-to-sms")) == {"DIFF-07", "DIFF-18", "DIFF-08"}


def test_the_expiry_that_was_three_seconds_late_is_a_known_difference() -> None:
    sharp = Tolerances(failover_late_ms=0)
    assert "DIFF-09" in numbers(judged("c1-sms-to-sms", sharp))


def test_a_charge_that_no_status_told_is_a_known_difference() -> None:
    assert numbers(judged("c2-messenger-read")) == {"DIFF-07", "DIFF-18", "DIFF-08", "DIFF-24"}
