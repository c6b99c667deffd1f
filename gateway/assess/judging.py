"""What becomes of one payload, on the gateway and without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from gateway.offline.shapes import Shape, shape_of_document, shape_of_plan
from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.dispatch import USUAL_MAX_STEPS, DispatchPlan, translate_dispatch
from translators.grades import Grade
from translators.native import NativeOutcome, translate_native
from translators.rules import DEFAULT_SWITCHES, Switches
from translators.rules_native import TTL_UNAVAILABLE


class Standing(StrEnum):
    """Where a workflow stands: its grade, or that the gateway refuses it as it is."""

    N0 = "N0"
    N1 = "N1"
    N2 = "N2"
    N3 = "N3"
    REFUSED = "refused"


TITLES: Final[Mapping[Standing, str]] = {
    Standing.N0: "the same",
    Standing.N1: "the same with a ttl",
    Standing.N2: "different, for you to accept",
    Standing.N3: "stays on the gateway",
    Standing.REFUSED: "refused until mended",
}
"""What each standing means in a few words."""

MEANINGS: Final[Mapping[Standing, str]] = {
    Standing.N0: "A single message: there is nothing to wait for. Native v1 sends the same.",
    Standing.N1: "Native v1 sends the same with a ttl in place of each expiry, if what is assumed"
    " about it holds.",
    Standing.N2: "Native v1 can send it, but not in every case the same messages at the same time."
    " Each shape says what differs.",
    Standing.N3: "Native v1 cannot say what the workflow waits for: some people would not get the"
    " next message.",
    Standing.REFUSED: "It was read, and Dispatch itself, and so the gateway, answers with 400."
    " Findings say why.",
}

LEAVING: Final = (Standing.N0, Standing.N1, Standing.N2)
"""What can leave the gateway."""

_RANKS: Final = {standing: rank for rank, standing in enumerate(Standing)}
_GRADED: Final = {grade: Standing(grade.value) for grade in Grade}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a report takes for granted; as little as possible unless it is told to."""

    switches: Switches = DEFAULT_SWITCHES
    undeliverable_fails_over: bool = False
    default_locale: str | None = None
    """As the gateway's setting of that name."""
    authentication_templates: frozenset[str] = frozenset()
    """As the gateway's setting of that name."""


class Change(StrEnum):
    """Something that could be done, each on its own."""

    DELIVERED = "every `read` is replaced by `delivered`"
    TTL_ACCEPTED = "`ttl-unavailable` is accepted"
    UNDELIVERABLE = "v1 is assumed to fail over on `undeliverable`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What native failover makes of all workflows of one shape."""

    standing: Standing
    summary: str
    diagnostics: tuple[Diagnostic, ...]
    helped_by: frozenset[Change]
    """What would give it a better grade, found by making the change and translating again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One payload, read."""

    document: JsonValue
    """`None` if it is no sound JSON."""
    plan: DispatchPlan | None
    """`None` if it is refused."""
    shape: Shape
    diagnostics: tuple[Diagnostic, ...]
    """What the gateway would say about it."""


def read_payload(parsed: Translation[JsonValue], assumptions: Assumptions) -> Reading:
    """Read a payload as the gateway would."""
    if parsed.value is None:
        shape = Shape(steps=())
        return Reading(document=None, plan=None, shape=shape, diagnostics=parsed.diagnostics)
    translation = translate_dispatch(
        parsed.value,
        assumptions.switches,
        max_steps=USUAL_MAX_STEPS,
        default_locale=assumptions.default_locale,
        authentication_templates=assumptions.authentication_templates,
    )
    plan = translation.value
    return Reading(
        document=parsed.value,
        plan=plan,
        shape=shape_of_plan(plan) if plan else shape_of_document(parsed.value),
        diagnostics=parsed.diagnostics + translation.diagnostics,
    )


def judge(plan: DispatchPlan, assumptions: Assumptions) -> Fate:
    """Say what native failover makes of a workflow. Depends on nothing but its shape."""
    outcome = _translate(plan, assumptions)
    standing = _GRADED[outcome.verdict.grade]
    return Fate(
        standing=standing,
        summary=outcome.verdict.summary,
        diagnostics=outcome.translation.diagnostics,
        helped_by=frozenset(
            change
            for change in Change
            if _RANKS[_after(change, plan, assumptions)] < _RANKS[standing]
        ),
    )


def native_request(plan: DispatchPlan, assumptions: Assumptions) -> JsonObject | None:
    """Return the request that takes the workflow's place; `None` if there is none."""
    return _translate(plan, assumptions).translation.value


def _translate(plan: DispatchPlan, assumptions: Assumptions) -> NativeOutcome:
    return translate_native(
        plan,
        assumptions.switches,
        with_ttl=True,
        undeliverable_fails_over=assumptions.undeliverable_fails_over,
    )


def _after(change: Change, plan: DispatchPlan, assumptions: Assumptions) -> Standing:
    """Return the standing of a workflow after a change."""
    match change:
        case Change.DELIVERED:
            plan = _without_read(plan)
        case Change.TTL_ACCEPTED:
            accepted = assumptions.switches.accepted | {TTL_UNAVAILABLE.name}
            switches = replace(assumptions.switches, accepted=accepted)
            assumptions = replace(assumptions, switches=switches)
        case Change.UNDELIVERABLE:
            assumptions = replace(assumptions, undeliverable_fails_over=True)
        case _:
            assert_never(change)
    return _GRADED[_translate(plan, assumptions).verdict.grade]


def _without_read(plan: DispatchPlan) -> DispatchPlan:
    steps = (
        replace(step, condition="delivered") if step.condition == "read" else step
        for step in plan.steps
    )
    return replace(plan, steps=tuple(steps))
