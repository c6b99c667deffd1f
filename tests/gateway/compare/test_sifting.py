"""What is no evidence is left out, and that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.compare.reading import Recorded
from gateway.compare.replay import replay
from gateway.compare.sifting import Sieve
from gateway.traces.model import Path, Trace
from tests.gateway.compare.reporting import EARLY

FIRST = EARLY.reference
SECOND = replace(FIRST, dispatch="0d5c0000-0000-4000-8000-000000000002")
THIRD = replace(FIRST, dispatch="0d5c0000-0000-4000-8000-000000000003")


def sifted(*traces: Trace, sieve: Sieve | None = None) -> tuple[list[Trace], Sieve]:
    sieve = sieve or Sieve()
    recorded = (Recorded(place="x", trace=each) for each in traces)
    return [each.trace for each in sieve.sift(recorded)], sieve


@pytest.mark.parametrize(
    "made",
    [
        replay(FIRST),
        replace(FIRST, path=Path.NONE),
        replace(FIRST, path=Path.GATEWAY, origin="synthetic"),
    ],
    ids=["replayed", "on no path", "synthetic"],
)
def test_what_nobody_recorded_is_left_out(made: Trace) -> None:
    kept, sieve = sifted(made, SECOND)
    assert (kept, sieve.made) == ([SECOND], 1)


def test_a_workflow_counts_once_however_often_it_comes() -> None:
    kept, sieve = sifted(FIRST, SECOND, FIRST, FIRST)
    assert (kept, sieve.repeated) == ([FIRST, SECOND], 2)


def test_a_whole_record_counts_although_a_cut_one_came_before() -> None:
    cut = replace(FIRST, is_complete=False)
    kept, sieve = sifted(cut, cut, FIRST)
    assert (kept, sieve.repeated) == ([cut, FIRST], 1)


def test_a_cut_record_does_not_count_after_a_whole_one() -> None:
    kept, sieve = sifted(FIRST, replace(FIRST, is_complete=False))
    assert (kept, sieve.repeated) == ([FIRST], 1)


def test_beyond_its_bound_copies_are_not_recognised_and_that_is_said() -> None:
    kept, sieve = sifted(FIRST, SECOND, THIRD, THIRD, FIRST, sieve=Sieve(most=2))
    assert kept == [FIRST, SECOND, THIRD, THIRD]
    assert sieve.told() == (
        "1 copy of a workflow that came before was left out",
        "copies are only recognised of the first 2 workflows; 2 more may hold some",
    )


def test_what_is_left_out_is_said() -> None:
    _, sieve = sifted(FIRST, FIRST, FIRST, replay(FIRST))
    assert sieve.told() == (
        "1 replayed or synthetic trace was left out",
        "2 copies of workflows that came before were left out",
    )


def test_where_nothing_is_left_out_nothing_is_said() -> None:
    assert sifted(FIRST, SECOND)[1].told() == ()
