"""Paired requests: the two traces of a pair are held against each other, once."""

from __future__ import annotations

from dataclasses import replace

from gateway.modes.pair_judge import PairJudge
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.support.world import step, workflow

MESSAGE = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"


def trace(path: Path, word: str = "completed", pair: str | None = "one") -> Trace:
    """Return the trace of a workflow of one step that ended so."""
    return Trace(
        dispatch=f"dispatch-{path}",
        path=path,
        origin="paired",
        accepted_at="2025-02-03T12:14:25.061Z",
        request=workflow(step()),
        entries=(
            TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202"),
            TraceEntry(at_ms=9, kind=Kind.STATUS, step=0, message=MESSAGE, status="delivered"),
            TraceEntry(at_ms=9, kind=Kind.REPORT, status=word),
        ),
        is_complete=True,
        pair=pair,
    )


def test_the_first_of_a_pair_waits_for_the_second() -> None:
    assert PairJudge()(trace(Path.GATEWAY)) == ()


def test_the_second_of_a_pair_is_compared() -> None:
    judge = PairJudge()
    judge(trace(Path.GATEWAY))
    assert [each.candidate for each in judge(trace(Path.LEGACY))] == ["paired"]


def test_two_paths_that_end_otherwise_differ() -> None:
    judge = PairJudge()
    judge(trace(Path.GATEWAY, "error"))
    assert [each.outcome for each in judge(trace(Path.LEGACY))] == ["semantic"]


def test_traces_of_two_pairs_are_not_compared() -> None:
    judge = PairJudge()
    judge(trace(Path.GATEWAY))
    assert judge(trace(Path.LEGACY, pair="other")) == ()


def test_a_trace_of_no_pair_is_passed_over() -> None:
    judge = PairJudge()
    judge(replace(trace(Path.GATEWAY), pair=None))
    assert judge(replace(trace(Path.LEGACY), pair=None)) == ()


def test_one_path_twice_is_no_pair() -> None:
    judge = PairJudge()
    judge(trace(Path.LEGACY))
    assert judge(trace(Path.LEGACY)) == ()


def test_only_so_many_wait() -> None:
    judge = PairJudge()
    for number in range(1_001):
        judge(trace(Path.GATEWAY, pair=str(number)))
    assert judge(trace(Path.LEGACY, pair="0")) == ()
