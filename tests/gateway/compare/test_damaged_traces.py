"""Traces that are not as they should be: something is said about each of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.compare.comparison import Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.compare.tally import Tally
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.gateway.compare.by_hand import SMS, judged, trace
from translators.diagnostics import JsonValue

WHOLE = trace(
    SMS,
    "1 submitted @0.2 0.0333",
    "1 rejected 1300 @3",
    "2 submitted @3.1",
    "2 delivered @5",
    "report completed @5",
)
FAR_MS = 10**15
STATUSES = [None, "", "unheard-of", "read", "rejected"]
JUNK: list[JsonValue] = [None, {}, [], "x", 1, {"messages": [None, 1, {"message_uuid": 3}]}]
MEMBERS = ["_links", "usage", "to", "from", "error", "status", "timestamp"]
CHANGES = st.one_of(
    st.fixed_dictionaries({"step": st.sampled_from([None, -1, 0, 1, 2, 7])}),
    st.fixed_dictionaries({"at_ms": st.sampled_from([-FAR_MS, -5_000, 0, 90_000, FAR_MS])}),
    st.fixed_dictionaries({"event_ms": st.sampled_from([None, -FAR_MS, FAR_MS])}),
    st.fixed_dictionaries({"kind": st.sampled_from(list(Kind))}),
    st.fixed_dictionaries({"status": st.sampled_from(STATUSES)}),
    st.fixed_dictionaries({"code": st.sampled_from([None, 0, -4, 10**9])}),
    st.fixed_dictionaries({"price": st.sampled_from(["x", "1e9", "-1", "0.10"])}),
    st.fixed_dictionaries({"body": st.none() | st.dictionaries(
        st.sampled_from(MEMBERS), st.sampled_from(JUNK)
    )}),
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Trace:
    entries: list[TraceEntry] = list(WHOLE.entries)
    for _ in range(draw(st.integers(0, 4))):
        index = draw(st.integers(0, len(entries) - 1))
        entries[index] = replace(entries[index], **draw(CHANGES))
    kept = [each for each in entries if draw(st.integers(0, 9))]
    return replace(
        WHOLE,
        entries=tuple(kept),
        path=draw(st.sampled_from(list(Path))),
        is_complete=draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_something_is_said_about_every_trace(reference: Trace) -> None:
    comparison = compare(reference, replay(reference))
    tally = Tally()
    tally.add(comparison, reference)
    assert tally.workflows == tally.outcomes.total() + tally.cut == 1


@settings(max_examples=50, deadline=None)
@given(damaged())
def test_something_is_said_the_other_way_round(candidate: Trace) -> None:
    assert compare(replay(WHOLE), candidate).outcome in Outcome


def test_callbacks_from_before_the_request_are_taken_as_they_are() -> None:
    skewed = trace(SMS, "1 submitted @-2", "1 delivered @1", "report completed @1")
    assert judged(skewed).differences == ()
