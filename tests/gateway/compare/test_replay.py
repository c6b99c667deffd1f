"""The same facts under this gateway: an identity replay changes nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.compare.comparison import Comparison, Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import document_of as terms_document
from gateway.compare.replay import replay, terms_of
from gateway.compare.runs import entries_of
from gateway.core.state import ExpiryStart, Terms
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.fates import FAILED, Fate, Happening
from gateway.simulation.scenarios import SCENARIOS
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.gateway.compare.by_hand import READ, SMS, trace
from tests.gateway.simulation.casts import document_of, plan_of
from translators.diagnostics import JsonObject
from translators.usage import Usage

OTHER_TERMS = Terms(horizon_s=3600, grace_s=60, expiry_start=ExpiryStart.INTENT)
TWO: list[tuple[str, ...]] = [
    ("sms delivered 15", "sms"),
    ("whatsapp read 15", "sms"),
    ("viber_service_msg delivered 600", "whatsapp"),
]
THREE = [
    ("messenger read 20", "whatsapp delivered 15", "sms"),
    ("mms delivered 15", "viber_service_msg read 30", "whatsapp"),
]


def recorded(steps: tuple[str, ...], fates: list[Fate], terms: Terms | None = None) -> Trace:
    """Return what a recorder writes of a run of the gateway."""
    plan, terms = plan_of(*steps), terms or Terms()
    answer = TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")
    run = run_gateway(plan, fates, terms)
    return Trace(
        dispatch="bbbbbbbb-cccc-4ddd-8eee-0123456789ab",
        path=Path.GATEWAY,
        origin="gateway",
        accepted_at="2025-01-01T00:00:00.000Z",
        request=document_of(*steps),
        entries=(answer, *entries_of(run, plan, fates)),
        is_complete=True,
        terms=terms_document(terms),
    )


def judged(reference: Trace) -> Comparison:
    return compare(reference, replay(reference))


def told(reference: Trace) -> list[tuple[object, ...]]:
    return [
        (each.at_ms, each.kind, each.step, each.status, each.code, each.price, each.why)
        for each in reference.entries
        if each.kind is not Kind.IGNORED
    ]


@pytest.mark.parametrize("terms", [Terms(), OTHER_TERMS], ids=["default", "other"])
@pytest.mark.parametrize("steps", TWO, ids=" | ".join)
def test_every_pair_of_scenarios_replays_to_itself(steps: tuple[str, ...], terms: Terms) -> None:
    # Every third pair, and other ones for each shape: together these are all.
    pairs = list(product(SCENARIOS.values(), repeat=2))[TWO.index(steps) :: 3]
    traces = [recorded(steps, [*pair], terms) for pair in pairs]
    assert {judged(each).outcome for each in traces} == {Outcome.IDENTICAL}


@pytest.mark.parametrize("steps", THREE, ids=" | ".join)
def test_three_steps_replay_to_themselves(steps: tuple[str, ...]) -> None:
    fates = list(SCENARIOS.values())
    drawn = [(fates[i], fates[(i * 7 + 3) % 27], fates[(i * 11 + 5) % 27]) for i in range(27)]
    traces = [recorded(steps, [*each]) for each in drawn]
    assert {judged(each).outcome for each in traces} == {Outcome.IDENTICAL}


FATES = st.builds(
    lambda base, more: replace(
        base,
        happenings=tuple(sorted((*base.happenings, *more), key=lambda each: each.after_ms)),
        is_recorded=True,
    ),
    st.sampled_from(list(SCENARIOS.values())),
    st.lists(
        st.builds(
            Happening,
            after_ms=st.integers(0, 3_000_000),
            status=st.sampled_from(["submitted", "delivered", "read", *sorted(FAILED)]),
            code=st.none() | st.sampled_from([1300, 1330]),
            charge=st.none() | st.sampled_from([Usage(price="0.0333", currency="EUR")]),
        ),
        max_size=4,
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(FATES, min_size=3, max_size=3))
def test_whatever_happened_it_replays_to_itself(fates: list[Fate]) -> None:
    reference = recorded(("whatsapp read 600", "viber_service_msg delivered 60", "sms"), fates)
    assert told(replay(reference)) == told(reference)
    assert judged(reference).differences == ()


def test_a_replay_of_a_replay_is_the_same() -> None:
    once = replay(recorded(SMS, [SCENARIOS["just-too-late"], SCENARIOS["delivered"]]))
    assert told(replay(once)) == told(once)


def test_charges_are_those_of_the_record() -> None:
    paid = trace(SMS, "1 submitted @0.2 0.0499", "1 delivered @3", "report completed @3")
    report = replay(paid).reports[0].body or {}
    assert report["usage"] == {"price": "0.0499", "currency": "EUR"}


def test_a_replay_stops_where_a_step_would_be_sent_that_never_was() -> None:
    content = trace(READ, "1 delivered @3", "report completed @3.04")
    replayed = replay(content)
    assert [each.kind for each in replayed.entries][-2:] == [Kind.FAILOVER, Kind.SEND]
    assert not replayed.is_complete


def test_a_replay_sends_nothing_and_says_so() -> None:
    assert replay(trace(SMS, "1 delivered @3")).path is Path.NONE


def test_a_request_that_we_refuse_is_answered_with_400() -> None:
    refused = replace(trace(SMS, "1 delivered @3"), request={"template": "failover"})
    replayed = replay(refused)
    assert [(each.kind, each.status) for each in replayed.entries] == [(Kind.ANSWER, "400")]
    assert replayed.rules


def test_the_terms_of_the_trace_are_those_of_the_replay() -> None:
    short = replace(trace(("sms",), "1 submitted @0.2"), terms=terms_document(OTHER_TERMS))
    assert replay(short).reports[0].at_ms == 3_600_000


def test_given_terms_win_over_those_of_the_trace() -> None:
    short = replace(trace(("sms",), "1 submitted @0.2"), terms=terms_document(OTHER_TERMS))
    assert replay(short, terms=Terms(horizon_s=60)).reports[0].at_ms == 60_200


@pytest.mark.parametrize(
    "document",
    [None, {}, {"horizon_s": "long", "grace_s": -1, "expiry_start": "later"}, {"expiry_start": []}],
)
def test_terms_that_cannot_be_read_are_the_defaults(document: JsonObject | None) -> None:
    assert terms_of(document) == Terms()


def test_terms_come_back_as_they_were_written() -> None:
    assert terms_of(terms_document(OTHER_TERMS)) == OTHER_TERMS


def test_a_code_that_no_catalogue_lists_is_told_all_the_same() -> None:
    odd = trace(("sms",), "1 submitted @0.2", "1 rejected 1300 @1", "report error @1")
    entries = [replace(each, code=9999) if each.code else each for each in odd.entries]
    replayed = replay(replace(odd, entries=tuple(entries)))
    assert [each.code for each in replayed.statuses] == [None, 9999]


def test_a_request_whose_headers_are_refused_here_is_refused_in_its_replay() -> None:
    seen = replace(trace(["sms"], "1 delivered @1", "report completed @1"), refusal=415)
    entries = replay(seen).entries
    assert [(entry.kind, entry.status) for entry in entries] == [(Kind.ANSWER, "415")]


@pytest.mark.parametrize("http_status", [400, 406, 415])
def test_headers_that_are_refused_here_and_not_there_are_a_semantic_difference(
    http_status: int,
) -> None:
    seen = trace(["sms"], "1 delivered @1", "report completed @1")
    found = compare(seen, replay(replace(seen, refusal=http_status)))
    (difference,) = found.differences
    assert (found.outcome, difference.kind.code) == (Outcome.SEMANTIC, "CMP401")
    assert str(http_status) in difference.candidate


def test_headers_that_both_refuse_are_no_difference() -> None:
    refused = replace(
        trace(["sms"]), entries=(TraceEntry(at_ms=0, kind=Kind.ANSWER, status="400"),), refusal=415
    )
    assert compare(refused, replay(refused)).differences == ()
