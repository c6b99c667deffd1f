"""One request on both paths is compared side with side, wherever its two halves stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as FilePath

import pytest

from gateway.compare.pairing import Pair, Rules, with_halves, with_others, with_replay
from gateway.compare.reading import Index, Recorded, Troubles
from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from gateway.traces.model import Path, Trace
from tests.gateway.compare.reporting import EARLY

PAIR = "0d5c0000-0000-4000-8000-0000000000aa"
THERE = replace(EARLY.reference, pair=PAIR)
HERE = replace(
    replay(EARLY.candidate),
    dispatch="0d5c0000-0000-4000-8000-000000000002",
    path=Path.GATEWAY,
    origin="paired",
    pair=PAIR,
)
ALONE = replace(EARLY.reference, dispatch="0d5c0000-0000-4000-8000-000000000003")
RULES = Rules()


def recorded(*traces: Trace) -> list[Recorded]:
    return [Recorded(place=f"x:{line}", trace=each) for line, each in enumerate(traces, 1)]


def sides(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.reference.dispatch, pair.candidate.dispatch) for pair in pairs]


@pytest.fixture
def both(tmp_path: FilePath) -> FilePath:
    """A file that holds both halves, and a trace that has no other half."""
    path = tmp_path / "both.jsonl"
    path.write_bytes(b"".join(map(to_line, (HERE, ALONE, THERE))))
    return path


def test_halves_in_two_files_are_paired_by_what_they_share(tmp_path: FilePath) -> None:
    path = tmp_path / "gateway.jsonl"
    path.write_bytes(to_line(HERE))
    alone: list[str] = []
    index = Index([str(path)], Troubles())
    (pair,) = with_others(recorded(THERE), index, alone, RULES)
    assert (pair.reference, pair.candidate) == (THERE, HERE)
    assert (alone, index.rest()) == ([], [])


def test_a_file_with_both_halves_compared_with_itself_has_each_pair_once(both: FilePath) -> None:
    alone: list[str] = []
    index = Index([str(both)], Troubles())
    pairs = list(with_others(recorded(HERE, ALONE, THERE), index, alone, RULES))
    assert sides(pairs) == [(THERE.dispatch, HERE.dispatch), (ALONE.dispatch, ALONE.dispatch)]
    assert (alone, index.rest()) == ([], [])


def test_a_replay_of_half_a_pair_is_found_by_its_dispatch(tmp_path: FilePath) -> None:
    path = tmp_path / "replayed.jsonl"
    path.write_bytes(to_line(replay(THERE)))
    (pair,) = with_others(recorded(THERE), Index([str(path)], Troubles()), [], RULES)
    assert pair.candidate == replay(THERE)


def test_halves_in_one_file_are_compared_with_each_other() -> None:
    alone: list[str] = []
    (pair,) = with_halves(recorded(HERE, ALONE, THERE), alone, RULES)
    assert (pair.reference, pair.candidate, pair.place) == (THERE, HERE, "x:3")
    assert alone == ["x:2"]


def test_what_has_no_other_half_is_compared_with_its_replay() -> None:
    alone: list[str] = []
    pairs = list(with_replay(recorded(HERE, ALONE, THERE), RULES, alone))
    assert [(pair.candidate.path, pair.place) for pair in pairs] == [
        (Path.NONE, "x:2"),
        (Path.GATEWAY, "x:3"),
    ]
    assert alone == []


def test_half_a_pair_without_the_other_is_told() -> None:
    alone: list[str] = []
    (pair,) = with_replay(recorded(THERE), RULES, alone)
    assert (pair.candidate.path, alone) == (Path.NONE, ["x:1"])


def test_the_same_half_twice_is_no_pair() -> None:
    again = replace(THERE, dispatch=ALONE.dispatch)
    pairs = list(with_replay(recorded(THERE, again), RULES, []))
    assert [pair.candidate.path for pair in pairs] == [Path.NONE, Path.NONE]


def test_halves_that_wait_too_long_go_on_alone() -> None:
    halves = [replace(THERE, dispatch=f"d{each}", pair=f"p{each}") for each in range(1_001)]
    alone: list[str] = []
    first = next(with_replay(recorded(*halves), RULES, alone))
    assert (first.place, alone) == ("x:1", ["x:1"])
