"""The engine against the stand-in of Dispatch: no difference, and every planted quirk."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.compare.comparison import Comparison, Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.sandbox.legacy_quirks import AS_CAPTURED, AS_DOCUMENTED, QUIRKS, Habits
from gateway.sandbox.scripts import SCRIPTS
from tests.gateway.compare.legacy_traces import legacy_trace, request_of, step, workflows
from translators.diagnostics import JsonObject

KINDS = {
    "fails-over-early": "failover-early",
    "delivered-counts-as-read": "completed-below-condition",
    "forgets-report": "report-missing",
    "doubles-report": "report-extra",
    "other-totals": "cost",
    "ignores-undeliverable": "other-trigger",
    "late-step": "failover-late",
    "drops-status": "status-missing",
}


def judged(request: JsonObject, *quirks: str, habits: Habits = AS_DOCUMENTED) -> Comparison:
    trace = legacy_trace(request, habits=habits, quirks=quirks)
    return compare(trace, replay(trace))


def test_a_thousand_workflows_of_all_shapes_show_no_difference() -> None:
    outcomes = Counter(judged(request).outcome for request in workflows())
    assert outcomes.total() > 1000
    assert set(outcomes) == {Outcome.IDENTICAL, Outcome.EQUIVALENT}


def test_every_quirk_of_the_stand_in_is_known_here() -> None:
    assert set(QUIRKS) == set(KINDS)


@pytest.mark.parametrize("quirk", KINDS)
def test_a_planted_quirk_is_found_and_nothing_else_is_reported(quirk: str) -> None:
    comparisons = [judged(request, quirk) for request in list(workflows())[::3]]
    kinds = Counter(each.kind.name for one in comparisons for each in one.differences)
    assert set(kinds) == {KINDS[quirk]}
    assert max(len(one.differences) for one in comparisons) == 1


def test_a_difference_that_recurs_has_one_fingerprint() -> None:
    prints = {
        judged(
            request_of(step("whatsapp", script.digits, "read", 600), step("sms")),
            "delivered-counts-as-read",
        )
        .differences[0]
        .fingerprint
        for script in SCRIPTS
        if script.name in ("delivered", "duplicated", "slow-answer")
    }
    assert len(prints) == 1


def test_a_quirk_on_another_step_has_another_fingerprint() -> None:
    first = request_of(step("sms", "02", "delivered"), step("sms", "02", "delivered"), step("sms"))
    second = request_of(step("sms", "03", "delivered"), step("sms", "02", "delivered"), step("sms"))
    prints = {
        judged(each, "fails-over-early").differences[0].fingerprint for each in (first, second)
    }
    assert len(prints) == 2


def test_the_service_as_it_was_captured_differs_in_known_ways_alone() -> None:
    # One script answers so slowly that, with the lag of the captures, it is late by any measure.
    slow = "447700900008"
    comparisons = [
        judged(request, habits=AS_CAPTURED)
        for request in list(workflows())[::3]
        if slow not in str(request)
    ]
    assert {one.outcome for one in comparisons} == {Outcome.EXPLAINED}
