"""Where two courses of one workflow part: the first decision that differs, nothing after it.

The candidate says why each of its steps ended. What the reference decided is concluded from when
its next step was sent: that is first held against the candidate's own cause, and only if the time
does not fit, against the other things that could have brought it about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.compare import ends
from gateway.compare.comparison import Finding, Tolerances
from gateway.compare.course import Course
from gateway.compare.kinds import FAILOVER_EARLY, FAILOVER_LATE, STEP_COUNT
from gateway.compare.pair import Side, StepPair, named
from gateway.compare.runs import EXPIRED
from gateway.core.decide import FAILURES
from gateway.simulation.durations import duration

# How closely another cause has to come before what it shall explain.
_SHARPLY_MS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What came of walking along two courses."""

    finding: Finding | None = None
    common: int = 0
    """How many steps both went through."""
    is_apart: bool = True
    """Whether what follows cannot be compared any more."""


def find_parting(reference: Course, candidate: Course, tolerances: Tolerances) -> Parting:
    """Walk along both courses until they part, or end."""
    finding: Finding | None = None
    steps = min(len(reference.attempts), len(candidate.attempts))
    for index in range(steps):
        pair = StepPair(
            reference=reference, candidate=candidate, index=index, tolerances=tolerances
        )
        finding = finding or _compare(pair)
        there, here = pair.sides
        if (there, here) != (Side.GAVE_UP, Side.GAVE_UP):
            return Parting(
                finding=finding,
                common=index + 1,
                is_apart=there is not here or there is Side.OPEN,
            )
    return Parting(finding=finding, common=steps)


def _compare(pair: StepPair) -> Finding | None:
    match pair.sides:
        case Side.GAVE_UP, Side.GAVE_UP:
            return _both_gave_up(pair)
        case there, Side.OPEN:
            return ends.candidate_open(pair, there)
        case Side.OPEN, Side.GAVE_UP:
            return ends.stayed(pair)
        case Side.OPEN, _:
            return ends.report_missing(pair)
        case Side.GAVE_UP, Side.COMPLETED:
            return _only_reference_gave_up(pair)
        case Side.COMPLETED, Side.GAVE_UP:
            return _only_candidate_gave_up(pair)
        case Side.COMPLETED, Side.COMPLETED:
            return ends.below_condition(pair) or ends.completed_at_another_time(pair)
        case Side.FAILED, Side.FAILED:
            return ends.failed_at_another_time(pair)
        case Side.COMPLETED, Side.FAILED:
            return ends.below_condition(pair) or pair.other_end(*pair.sides)
        case there, here if Side.GAVE_UP in (there, here):
            return _other_length(pair, there, here)
        case there, here:
            return pair.other_end(there, here)


def _both_gave_up(pair: StepPair) -> Finding | None:
    stated = pair.there.cause
    if stated is not None and stated != pair.cause:
        return pair.other_trigger(stated, pair.cause)
    following, given_up_ms = pair.following, pair.here.given_up_ms
    if following is None or following.latest_ms is None or given_up_ms is None:
        return None
    lag_ms = following.latest_ms - pair.in_reference_time(given_up_ms)
    if pair.is_in_time(lag_ms):
        return None
    if not following.is_seen:
        # It was sent earlier than it shows: early is early for sure, late is not.
        return _shifted(pair, lag_ms) if lag_ms < 0 else None
    for other, at_ms in _other_causes(pair) if pair.is_placed else ():
        other_ms = following.sent_ms - at_ms
        if other_ms >= -_SHARPLY_MS and pair.is_in_time(other_ms):
            return pair.other_trigger(other, pair.cause)
    return _shifted(pair, lag_ms)


def _other_causes(pair: StepPair) -> Iterator[tuple[str, int]]:
    """Yield what else could have made the reference give the step up, and when."""
    if pair.cause == EXPIRED:
        for told in pair.there.told:
            if told.status in FAILURES:
                yield told.status, told.at_ms
    elif pair.deadline_ms is not None:
        yield EXPIRED, pair.deadline_ms


def _shifted(pair: StepPair, lag_ms: int) -> Finding:
    distance = duration(abs(lag_ms))
    kind, how, when = FAILOVER_LATE, "later", "after"
    if lag_ms < 0:
        kind, how, when = FAILOVER_EARLY, "earlier", "before"
    return pair.finding(
        kind,
        f"gave the step up {distance} {how}",
        f"gives it up on {named(pair.cause)}",
        f"The next step was sent {distance} {when} its time.",
        cause=how,
    )


def _only_reference_gave_up(pair: StepPair) -> Finding:
    following = pair.following
    deciding = pair.here.reaches(pair.step.goal)
    by = deciding.status if deciding else pair.step.goal
    latest_ms = following.latest_ms if following else None
    if following is None or latest_ms is None or pair.deadline_ms is None:
        return pair.other_trigger(EXPIRED, by)
    for told in pair.there.told:
        if told.status in FAILURES and pair.is_in_time(following.sent_ms - told.at_ms):
            return pair.other_trigger(told.status, by)
    lag_ms = latest_ms - pair.deadline_ms
    if not following.is_seen and deciding is not None:
        # It was sent at some time before; had it been after the status, that would have counted.
        lag_ms = pair.in_reference_time(deciding.at_ms) - pair.deadline_ms
    if lag_ms < -pair.tolerances.failover_early_ms:
        return _shifted(pair, lag_ms)
    return pair.other_trigger(EXPIRED, by)


def _only_candidate_gave_up(pair: StepPair) -> Finding:
    below = ends.below_condition(pair)
    if below is not None:
        return below
    deciding = pair.there.reaches(pair.step.goal)
    if pair.cause == EXPIRED and deciding is not None and pair.deadline_ms is not None:
        lag_ms = deciding.at_ms - pair.deadline_ms
        if lag_ms > pair.tolerances.failover_late_ms:
            return ends.not_by_then(pair, lag_ms)
    return pair.other_trigger(deciding.status if deciding else "completed", pair.cause)


def _other_length(pair: StepPair, there: Side, here: Side) -> Finding:
    return pair.finding(
        STEP_COUNT,
        there.value,
        here.value,
        "One side went on where the other one ended.",
        cause=f"{there.name} {here.name}",
    )
