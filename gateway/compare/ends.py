"""How a workflow ended on both sides, and what sets the ends apart."""

from __future__ import annotations

from typing import Final

from gateway.compare.comparison import Finding
from gateway.compare.course import ARRIVED, Told, status_word
from gateway.compare.kinds import (
    BELOW_CONDITION,
    FAILOVER_LATE,
    OTHER_TRIGGER,
    REPORT_DIFFERENT,
    REPORT_EXTRA,
    REPORT_MISSING,
    DifferenceKind,
)
from gateway.compare.pair import Side, StepPair, named
from gateway.compare.runs import EXPIRED
from gateway.core.decide import RANK
from gateway.simulation.durations import duration

# A report that comes this long after a failure was not made because of it.
_UNRELATED_MS: Final = 3_600_000


def report_missing(pair: StepPair) -> Finding | None:
    """Find that the reference never told the end, if its record would show it."""
    report = pair.candidate.report
    if not pair.reference.is_complete or report is None:
        return None
    why = f" on {named(report.why)}" if report.why else ""
    return _of_the_whole(
        REPORT_MISSING,
        "told no final report",
        f"tells {report.status}{why}",
        "The caller was never told the end.",
        cause=f"{report.status} {report.why}",
    )


def stayed(pair: StepPair) -> Finding | None:
    """Find that the reference came neither to the next step nor to an end."""
    due_ms = pair.in_reference_time(pair.here.given_up_ms or 0)
    if not pair.reference.is_complete:
        lag_ms = pair.reference.until_ms - due_ms
        return not_by_then(pair, lag_ms) if lag_ms > pair.tolerances.failover_late_ms else None
    return _of_the_whole(
        REPORT_MISSING,
        "told neither an end nor of another message",
        f"gives step {pair.index + 1} up on {named(pair.cause)}",
        "The caller was never told how the workflow goes on.",
        cause=f"stayed, not {pair.cause}",
    )


def candidate_open(pair: StepPair, there: Side) -> Finding | None:
    """Find that the candidate never tells the end.

    A replay that had to stop, or a record that was cut, is no evidence.
    """
    if there in (Side.OPEN, Side.GAVE_UP) or not pair.candidate.is_complete:
        return None
    return _of_the_whole(
        REPORT_EXTRA,
        there.value,
        "tells no final report",
        "The reference told an end that the candidate does not tell.",
        cause="no end",
    )


def not_by_then(pair: StepPair, lag_ms: int) -> Finding:
    """Return that the reference had not given the step up long after the candidate did."""
    return pair.finding(
        FAILOVER_LATE,
        f"still waited {duration(lag_ms)} later",
        f"gives the step up on {named(pair.cause)}",
        "The step was not given up when its time came.",
        cause="not by then",
    )


def below_condition(pair: StepPair) -> Finding | None:
    """Find that the reference was content with too little, or with another step."""
    report, goal = pair.reference.report, pair.step.goal
    shown = _shown_status(pair)
    if report is None or shown is None or RANK.get(shown, 0) >= RANK.get(goal, 0):
        return None
    if shown not in ARRIVED and _earlier_arrival(pair, report.at_ms) is not None:
        return pair.finding(
            OTHER_TRIGGER,
            "ended by a late delivery of an earlier step",
            "waits for this one",
            "A step that was given up ended the workflow.",
            cause="earlier step",
        )
    return pair.finding(
        BELOW_CONDITION,
        f"completed by {status_word(shown)}",
        f"waits for {goal}",
        f"The step asks for {goal}, and something below it was taken for it.",
        cause=f"{status_word(shown)} for {goal}",
    )


def completed_at_another_time(pair: StepPair) -> Finding | None:
    """Find that a report came long before or after the status that it stands on."""
    there, here = pair.reference.report, pair.candidate.report
    by_there, by_here = pair.there.reaches(pair.step.goal), pair.here.reaches(pair.step.goal)
    if there is None or here is None or by_there is None or by_here is None:
        return None
    lag_ms = there.at_ms - by_there.at_ms - (here.at_ms - by_here.at_ms)
    if abs(lag_ms) <= pair.tolerances.report_ms:
        return None
    return _at_another_time(lag_ms, by_there.status)


def failed_at_another_time(pair: StepPair) -> Finding | None:
    """Find that the reference ended with error by another event, or at another time."""
    there, here = pair.reference.report, pair.candidate.report
    if there is None or here is None:
        return None
    lag_ms = there.at_ms - pair.in_reference_time(here.at_ms)
    if abs(lag_ms) <= pair.tolerances.report_ms:
        return None
    cause = here.why or EXPIRED
    if lag_ms > _UNRELATED_MS and cause != EXPIRED:
        return pair.other_trigger(EXPIRED, cause)
    # When a step was sent that nothing was told of is not known well enough.
    is_known = pair.there.is_seen or pair.index == 0
    return _at_another_time(lag_ms, cause) if is_known or abs(lag_ms) > _UNRELATED_MS else None


def _shown_status(pair: StepPair) -> str | None:
    """Return the status on which the reference ended, as its own report has it."""
    report = pair.reference.report
    if report is None:
        return None
    if pair.index < len(report.listed):
        return report.listed[pair.index].status
    if report.has_body:
        return None
    return pair.there.status_at(report.at_ms + pair.tolerances.report_ms)


def _earlier_arrival(pair: StepPair, at_ms: int) -> Told | None:
    for attempt in pair.reference.attempts[: pair.index]:
        for told in attempt.told:
            lag_ms = abs(told.at_ms - at_ms)
            if told.status in ARRIVED and lag_ms <= pair.tolerances.report_ms:
                return told
    return None


def _at_another_time(lag_ms: int, cause: str) -> Finding:
    when = "earlier" if lag_ms < 0 else "later"
    return _of_the_whole(
        REPORT_DIFFERENT,
        f"reported {duration(abs(lag_ms))} {when}",
        f"reports on {named(cause)}",
        "The final report came at another time.",
        cause=f"{when} {cause}",
    )


def _of_the_whole(
    kind: DifferenceKind, reference: str, candidate: str, detail: str, *, cause: str
) -> Finding:
    return Finding(kind=kind, reference=reference, candidate=candidate, detail=detail, cause=cause)
