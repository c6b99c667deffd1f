"""What holds for every workflow that is translated to native failover, found by generating them."""

from __future__ import annotations

import copy
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from tests.translators.request_builders import flow, plan_of, step
from tests.translators.test_native_goldens import messages_in
from translators.channels import CHANNELS
from translators.diagnostics import Severity
from translators.dispatch import DispatchPlan
from translators.grades import Grade
from translators.native import NativeOutcome, translate_native
from translators.rules import Switches
from translators.v1 import validate_message

SENT_TEXT: Final = "canary text"
TTLS: Final = st.integers(30, 259200) | st.just(600)
EXPIRIES: Final = st.integers(15, 86400) | st.sampled_from([15, 20, 30, 300, 600])


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    channel = draw(st.sampled_from(sorted(CHANNELS)))
    message: dict[str, Any] = {"content": {"type": "text", "text": SENT_TEXT}}
    if channel == "viber_service_msg" and draw(st.booleans()):
        message[channel] = draw(
            st.fixed_dictionaries({}, optional={"ttl": TTLS, "category": st.just("promotion")})
        )
    reference = draw(st.sampled_from([{}, {"client_ref": "order-42"}]))
    return step(channel, message=message, **reference)


@st.composite
def plans(draw: st.DrawFn) -> DispatchPlan:
    """A workflow of up to five steps on any channels."""
    workflow = draw(st.lists(steps(), min_size=1, max_size=5))
    for each in workflow[:-1]:
        each["failover"] = {
            "expiry_time": draw(EXPIRIES),
            "condition_status": draw(st.sampled_from(["delivered", "delivered", "read"])),
        }
    return plan_of(flow(*workflow))


SWITCHES: Final = st.sets(st.sampled_from(["ttl-unavailable", "read-inexpressible"])).map(
    lambda names: Switches(accepted=frozenset(names))
)
OUTCOMES: Final = st.builds(
    translate_native,
    plans(),
    SWITCHES,
    with_ttl=st.booleans(),
    undeliverable_fails_over=st.booleans(),
)
EVERYTHING: Final = Switches(accepted=frozenset({"ttl-unavailable", "read-inexpressible"}))


def without_ttl(message: dict[str, Any]) -> dict[str, Any]:
    """A message but for its ttl, and but for options that hold nothing else."""
    bare = copy.deepcopy(message)
    bare.pop("ttl", None)
    bare.get("viber_service", {}).pop("ttl", None)
    return {key: value for key, value in bare.items() if value != {}}


def request_of(outcome: NativeOutcome) -> dict[str, Any]:
    assert outcome.translation.value is not None
    return outcome.translation.value


@given(plans(), st.booleans())
def test_the_messages_are_the_requests_of_the_steps_apart_from_ttl(
    plan: DispatchPlan, with_ttl: bool
) -> None:
    messages = messages_in(request_of(translate_native(plan, EVERYTHING, with_ttl=with_ttl)))
    assert list(map(without_ttl, messages)) == [without_ttl(each.request) for each in plan.steps]


@given(plans())
def test_without_a_ttl_the_messages_are_exactly_the_requests_of_the_steps(
    plan: DispatchPlan,
) -> None:
    messages = messages_in(request_of(translate_native(plan, EVERYTHING)))
    assert messages == [each.request for each in plan.steps]


@given(plans(), st.booleans())
def test_v1_would_take_every_request(plan: DispatchPlan, with_ttl: bool) -> None:
    outcome = translate_native(plan, EVERYTHING, with_ttl=with_ttl)
    assert validate_message(request_of(outcome)) is None


@given(plans(), SWITCHES, st.booleans())
def test_the_grade_does_not_depend_on_whether_a_ttl_was_asked_for(
    plan: DispatchPlan, switches: Switches, assumed: bool
) -> None:
    grades = {
        translate_native(
            plan, switches, with_ttl=with_ttl, undeliverable_fails_over=assumed
        ).verdict.grade
        for with_ttl in (False, True)
    }
    assert len(grades) == 1


@given(OUTCOMES)
def test_there_is_a_request_exactly_when_nothing_was_refused(outcome: NativeOutcome) -> None:
    refused = [found.severity is Severity.ERROR for found in outcome.translation.diagnostics]
    assert (outcome.translation.value is None) == any(refused)


@given(OUTCOMES)
def test_a_workflow_stays_on_the_gateway_exactly_when_it_has_no_request(
    outcome: NativeOutcome,
) -> None:
    assert (outcome.verdict.grade is Grade.N3) == (outcome.translation.value is None)


@given(OUTCOMES)
def test_every_grade_but_the_best_has_reasons_among_the_findings(outcome: NativeOutcome) -> None:
    verdict = outcome.verdict
    assert bool(verdict.reasons) == (verdict.grade is not Grade.N0)
    assert set(verdict.reasons) <= set(outcome.translation.diagnostics)


@given(plans(), st.booleans())
def test_no_expiry_is_dropped_or_replaced_unsaid(plan: DispatchPlan, with_ttl: bool) -> None:
    found = translate_native(plan, with_ttl=with_ttl).translation.diagnostics
    told = [
        each.pointer.split("/")[2]
        for each in found
        if each.rule in {"NAT501", "NAT502", "NAT504"}
        or (each.rule == "NAT505" and "takes its place" in each.detail)
    ]
    assert told == [str(index) for index in range(len(plan.steps) - 1)]


@given(OUTCOMES)
def test_no_finding_of_native_failover_repeats_an_address_or_a_text(
    outcome: NativeOutcome,
) -> None:
    lines = [str(found) for found in outcome.translation.diagnostics]
    private = ("4477009", SENT_TEXT, "order-42")
    assert not any(word in line for line in lines for word in private)


@given(plans(), st.booleans())
def test_translating_to_native_failover_changes_nothing_in_the_plan(
    plan: DispatchPlan, with_ttl: bool
) -> None:
    before = copy.deepcopy(plan)
    translate_native(plan, EVERYTHING, with_ttl=with_ttl)
    assert plan == before
