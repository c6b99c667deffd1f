"""The known differences that show in traces: which finding is which number of docs/differences.md.

A number has a matcher here only if a team may go by it without a look. What Dispatch did about
`undeliverable` (DIFF-04), `read` for `delivered` (DIFF-16) or a failure after a delivery (DIFF-17)
nobody documented, and it decides who is messaged; a refusal that was not told (DIFF-05) looks like
a callback that was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

from gateway.compare.callbacks import link_forms
from gateway.compare.comparison import Difference, Tolerances
from gateway.compare.course import Course
from gateway.compare.final_reports import beyond
from gateway.compare.kinds import (
    CHANNEL_SPELLING,
    COST,
    FAILOVER_EARLY,
    FAILOVER_LATE,
    HREF_DIFFERENT,
    LINKS_DIFFERENT,
    OTHER_TRIGGER,
    REASON_DIFFERENT,
    REPORT_DIFFERENT,
    REPORT_MISSING,
    STATUS_DIFFERENT,
)
from gateway.compare.pair import Side, StepPair
from gateway.compare.runs import EXPIRED
from gateway.core.decide import RANK
from translators.error_codes import v01_code

# Source: docs/wire.md section 6.6.
_FEE: Final = Decimal("0.002")
# How late an expiry of Dispatch was seen to be, and some. Source: docs/wire.md section 6.2.
_LATE_MS: Final = 5_000
_HREF_PREFIX: Final = "v0.1/messages/"
_LINKS: Final = frozenset({"workflow", "dispatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A difference, and the two courses that it was found in."""

    difference: Difference
    reference: Course
    candidate: Course
    tolerances: Tolerances

    @property
    def pair(self) -> StepPair | None:
        """The step that the difference is about; `None` if it is about the whole."""
        index = self.difference.step
        shortest = min(len(self.reference.attempts), len(self.candidate.attempts))
        if index is None or index >= shortest:
            return None
        return StepPair(
            reference=self.reference,
            candidate=self.candidate,
            index=index,
            tolerances=self.tolerances,
        )


Matcher: TypeAlias = Callable[[Case], bool]


def explain(case: Case) -> Difference:
    """Return the difference with the number of the known one that explains it, if one does."""
    for number, matches in MATCHERS.items():
        if matches(case):
            return replace(case.difference, known=number)
    return case.difference


def expiry_counted_from_the_turn(case: Case) -> bool:
    """DIFF-01: too early by our reckoning, and right if counted from when the step's turn came."""
    pair = case.pair
    if case.difference.kind is not FAILOVER_EARLY or pair is None or pair.following is None:
        return False
    turn_ms, expiry_s = _turn_ms(case.reference, pair.index), pair.step.expiry_s
    sent_ms = pair.following.latest_ms
    if turn_ms is None or expiry_s is None or sent_ms is None:
        return False
    return pair.is_in_time(sent_ms - turn_ms - 1000 * expiry_s)


def _turn_ms(course: Course, index: int) -> int | None:
    """Return when a step's turn came, if that is known from the step before it."""
    if index == 0:
        return 0
    before = course.attempts[index - 1]
    return before.failure.at_ms if before.failure else None


def last_step_unresolved(case: Case) -> bool:
    """DIFF-03: we end a last step that never resolves; Dispatch did later, earlier or never."""
    report = case.candidate.report
    is_ours = report is not None and report.status == "error" and report.why == EXPIRED
    return (
        is_ours
        and case.difference.kind in (REPORT_MISSING, REPORT_DIFFERENT)
        and (case.difference.step is None)
    )


def charge_on_another_status(case: Case) -> bool:
    """DIFF-06: the same charge comes with another status."""
    pair = case.pair
    if case.difference.kind is not STATUS_DIFFERENT or pair is None:
        return False
    there = [told.charge for told in pair.there.told if told.charge]
    here = [told.charge for told in pair.here.told if told.charge]
    statuses = (
        [told.status for told in each.told if told.charge] for each in (pair.there, pair.here)
    )
    first, second = statuses
    return bool(there) and there[-1:] == here[-1:] and first != second


def one_form_of_links(case: Case) -> bool:
    """DIFF-07: one of the two links that we show, in the same form."""
    if case.difference.kind is not LINKS_DIFFERENT:
        return False
    there, here = _all_links(case.reference), _all_links(case.candidate)
    return bool(there) and there.keys() <= _LINKS and there.items() <= here.items()


def _all_links(course: Course) -> dict[str, str]:
    forms: dict[str, str] = {}
    for attempt in course.attempts:
        for told in attempt.told:
            forms |= link_forms(told.body or {})
    return forms


def fee_of_the_workflow(case: Case) -> bool:
    """DIFF-08: the total has 0.002 EUR that no message shows."""
    there, here = case.reference.report, case.candidate.report
    if case.difference.kind is not COST or case.difference.step is not None:
        return False
    if there is None or here is None or there.total is None or there.total.currency != "EUR":
        return False
    amounts = (beyond(there), beyond(here))
    return None not in amounts and (amounts[0] or 0) - (amounts[1] or 0) == _FEE


def late_timer(case: Case) -> bool:
    """DIFF-09: an expiry that was acted on a little late."""
    pair = case.pair
    if case.difference.kind is not FAILOVER_LATE or pair is None or pair.cause != EXPIRED:
        return False
    following, given_up_ms = pair.following, pair.here.given_up_ms
    if following is None or following.latest_ms is None or given_up_ms is None:
        return False
    return following.latest_ms - pair.in_reference_time(given_up_ms) <= _LATE_MS


def status_at_the_expiry(case: Case) -> bool:
    """DIFF-11: a status came at about the expiry, and each side saw another one first."""
    pair = case.pair
    if case.difference.kind is not OTHER_TRIGGER or pair is None or pair.deadline_ms is None:
        return False
    if set(pair.sides) != {Side.GAVE_UP, Side.COMPLETED}:
        return False
    deciding = pair.there.reaches(pair.step.goal)
    return deciding is not None and pair.is_in_time(deciding.at_ms - pair.deadline_ms)


def mapped_code(case: Case) -> bool:
    """DIFF-12: a code that came with v1, and the older one for it."""
    pair = case.pair
    if case.difference.kind is not STATUS_DIFFERENT or pair is None:
        return False
    there = [told.code for told in pair.there.told if told.code is not None]
    here = [told.code for told in pair.here.told if told.code is not None]
    return there != here and [v01_code(code, None) for code in there] == here


def href_with_a_path(case: Case) -> bool:
    """DIFF-18: the id of a message behind a path."""
    report = case.reference.report
    if case.difference.kind is not HREF_DIFFERENT or report is None:
        return False
    return all(each.href == f"{_HREF_PREFIX}{each.message}" for each in report.listed)


def untold_charge(case: Case) -> bool:
    """DIFF-24: the report has a charge that no status told."""
    pair = case.pair
    if case.difference.kind is not COST or pair is None:
        return False
    report = case.reference.report
    listed = report.listed[pair.index] if report and pair.index < len(report.listed) else None
    is_told = any(told.charge for told in pair.there.told)
    return listed is not None and listed.charge is not None and not is_told


def latest_status_shown(case: Case) -> bool:
    """DIFF-25: the report has the last status of a message, not the highest."""
    pair, report = case.pair, case.reference.report
    if case.difference.kind is not REPORT_DIFFERENT or pair is None or report is None:
        return False
    known = [told for told in pair.there.told if told.at_ms <= report.at_ms]
    if not known or pair.index >= len(report.listed):
        return False
    shown = report.listed[pair.index].status
    highest = max(RANK.get(told.status, 0) for told in known)
    return known[-1].status == shown and RANK.get(shown, 0) < highest


def another_wording(case: Case) -> bool:
    """DIFF-26: the reason of an error is not the short name."""
    return case.difference.kind is REASON_DIFFERENT


def misspelt_channel(case: Case) -> bool:
    """DIFF-27: a channel as one schema misspells it."""
    return case.difference.kind is CHANNEL_SPELLING


MATCHERS: Final[Mapping[str, Matcher]] = MappingProxyType(
    {
        "DIFF-01": expiry_counted_from_the_turn,
        "DIFF-03": last_step_unresolved,
        "DIFF-06": charge_on_another_status,
        "DIFF-07": one_form_of_links,
        "DIFF-08": fee_of_the_workflow,
        "DIFF-09": late_timer,
        "DIFF-11": status_at_the_expiry,
        "DIFF-12": mapped_code,
        "DIFF-18": href_with_a_path,
        "DIFF-24": untold_charge,
        "DIFF-25": latest_status_shown,
        "DIFF-26": another_wording,
        "DIFF-27": misspelt_channel,
    }
)
"""The numbers that can explain a difference, in the order in which they are tried."""
