"""Every state, every event: `decide` answers, and keeps the laws of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, TypeAlias

import pytest

from gateway.core.effects import (
    BindMessage,
    CancelTimer,
    PostReport,
    PostStatus,
    SendStep,
    SetTimer,
)
from gateway.core.events import DispatchAccepted, Event, SendRefused, StatusReceived
from gateway.core.state import (
    TRANSITIONS,
    Dispatch,
    DispatchStatus,
    Reason,
    Step,
    StepStatus,
    Trigger,
)
from tests.gateway.core.cases import ENDS, IN_FLIGHT, NOW_MS, TIMED, Case, cases

Cell: TypeAlias = tuple[StepStatus, Trigger]

ORDER: Final = {
    BindMessage: 0,
    PostStatus: 1,
    CancelTimer: 2,
    SetTimer: 3,
    SendStep: 4,
    PostReport: 4,
}


def law(holds: Callable[[Case], bool]) -> Callable[[], None]:
    """Make a test of a law that must hold for every case; a failure shows the first exceptions."""

    def test() -> None:
        assert [case for case in cases() if not holds(case)][:3] == []

    return test


def statuses(dispatch: Dispatch) -> list[StepStatus]:
    return [step.status for step in dispatch.steps]


def deadlines(dispatch: Dispatch) -> set[tuple[int, int]]:
    return {(i, s.deadline_ms) for i, s in enumerate(dispatch.steps) if s.deadline_ms is not None}


def pairs(case: Case) -> list[tuple[Step, Step]]:
    return list(zip(case.before.steps, case.after.steps, strict=True))


def test_the_table_has_a_cell_for_every_status_and_trigger() -> None:
    assert set(TRANSITIONS) == set(product(StepStatus, Trigger))


def test_the_table_has_nothing_but_statuses_and_reasons() -> None:
    assert {type(outcome) for outcome in TRANSITIONS.values()} == {StepStatus, Reason}


def test_the_table_leaves_a_resolved_step_by_a_correction_alone() -> None:
    left = {
        (status, trigger, outcome)
        for (status, trigger), outcome in TRANSITIONS.items()
        if status in ENDS and isinstance(outcome, StepStatus)
    }
    assert left == {
        (StepStatus.EXPIRED, Trigger.CORRECTION, StepStatus.MET),
        (StepStatus.REJECTED, Trigger.CORRECTION, StepStatus.MET),
    }


def test_the_table_never_returns_a_step_to_pending() -> None:
    assert StepStatus.PENDING not in TRANSITIONS.values()


def cells(statuses: Iterable[StepStatus], triggers: Iterable[Trigger]) -> set[Cell]:
    return set(product(statuses, triggers))


TIMERS: Final = {Trigger.EXPIRY, Trigger.HORIZON, Trigger.SECOND_CHANCE}
OUTCOMES: Final = {Trigger.SENT, Trigger.REFUSED, Trigger.UNCONFIRMED}
OWN_REASON: Final = {Trigger.DISPATCHED, Trigger.FOREIGN, Trigger.SUPERSEDED}
REACHED: Final = set(StepStatus) - {StepStatus.PENDING}
PLACES: Final = {
    Reason.ALREADY_DISPATCHED: cells(REACHED, {Trigger.DISPATCHED}),
    Reason.NOT_SENT_YET: cells(
        {StepStatus.PENDING}, set(Trigger) - {Trigger.DISPATCHED, Trigger.SUPERSEDED}
    ),
    Reason.NOT_AWAITED: cells({StepStatus.SENDING}, TIMERS),
    Reason.SEND_SETTLED: cells({StepStatus.WAITING}, OUTCOMES)
    | cells({StepStatus.UNKNOWN}, OUTCOMES - {Trigger.SENT}),
    Reason.STEP_RESOLVED: cells(ENDS, set(Trigger) - OWN_REASON)
    - cells({StepStatus.EXPIRED, StepStatus.REJECTED}, {Trigger.CORRECTION}),
    Reason.DELIVERED_BEFORE: cells(IN_FLIGHT, {Trigger.CONTRADICTION}),
    Reason.OTHER_MESSAGE: cells(REACHED, {Trigger.FOREIGN}),
    Reason.TIMER_SUPERSEDED: cells(StepStatus, {Trigger.SUPERSEDED}),
}
"""Where each reason is given; everywhere else the step moves."""


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_given_exactly_where_its_name_says(reason: Reason) -> None:
    given = {cell for cell, outcome in TRANSITIONS.items() if outcome is reason}
    assert given == PLACES[reason]


def test_the_cross_product_meets_every_status_with_every_event_type() -> None:
    met = {(case.before.steps[case.event.step].status, type(case.event)) for case in cases()}
    told = [t for t in Event.__args__ if t is not DispatchAccepted]
    assert set(product(StepStatus, told)) <= met


@law
def test_every_event_is_one_revision(case: Case) -> bool:
    return case.after.revision == case.before.revision + 1


@law
def test_the_instant_of_an_event_is_kept_until_the_end_and_not_beyond(case: Case) -> bool:
    return case.after.changed_ms == (NOW_MS if case.was_open else case.before.changed_ms)


@law
def test_closed_stays_closed_as_it_was_unless_it_is_corrected(case: Case) -> bool:
    return case.was_open or case.after.status is case.before.status or case.is_corrected


@law
def test_nothing_but_forwarding_and_binding_is_asked_of_a_closed_dispatch(case: Case) -> bool:
    asked = set(case.asked) - ({PostReport} if case.is_corrected else set())
    return case.was_open or {PostStatus, BindMessage}.issuperset(asked)


@law
def test_a_report_is_a_correction_exactly_when_there_was_one_before(case: Case) -> bool:
    reports = [e for e in case.decision.effects if isinstance(e, PostReport)]
    return all(report.is_correction is not case.was_open for report in reports)


@law
def test_a_dispatch_is_corrected_by_a_success_alone(case: Case) -> bool:
    word = case.event.report.status if isinstance(case.event, StatusReceived) else ""
    return not case.is_corrected or word in ("delivered", "read")


@law
def test_an_ignored_event_moves_nothing(case: Case) -> bool:
    return case.decision.ignored is None or statuses(case.after) == statuses(case.before)


@law
def test_nothing_but_forwarding_and_binding_follows_an_ignored_event(case: Case) -> bool:
    return case.decision.ignored is None or {PostStatus, BindMessage}.issuperset(case.asked)


@law
def test_what_is_said_about_a_step_that_was_not_sent_leaves_no_trace(case: Case) -> bool:
    was_sent = case.before.steps[case.event.step].status is not StepStatus.PENDING
    left_no_trace = (case.after.steps, case.asked) == (case.before.steps, [])
    return was_sent or left_no_trace or isinstance(case.event, DispatchAccepted)


@law
def test_a_dispatch_is_reported_exactly_when_it_closes(case: Case) -> bool:
    reported = [e.status for e in case.decision.effects if isinstance(e, PostReport)]
    closes = case.after.status is not case.before.status
    return reported == [case.after.status] * closes


@law
def test_nothing_but_a_status_or_a_refusal_is_told_to_the_caller(case: Case) -> bool:
    return PostStatus not in case.asked or isinstance(case.event, StatusReceived | SendRefused)


@law
def test_a_status_is_told_at_most_once(case: Case) -> bool:
    return case.asked.count(PostStatus) <= 1


@law
def test_what_is_told_is_told_before_anything_is_sent_or_reported(case: Case) -> bool:
    return case.asked == sorted(case.asked, key=ORDER.__getitem__)


@law
def test_one_event_sends_at_most_one_step(case: Case) -> bool:
    return case.asked.count(SendStep) <= 1


@law
def test_every_send_is_counted_at_its_step(case: Case) -> bool:
    counted = [i for i, (old, new) in enumerate(pairs(case)) if new.sends > old.sends]
    return counted == [e.step for e in case.decision.effects if isinstance(e, SendStep)]


@law
def test_nothing_but_a_last_step_with_permission_is_sent_twice(case: Case) -> bool:
    again = [i for i, (old, new) in enumerate(pairs(case)) if new.sends > old.sends > 0]
    permitted = case.before.terms.resends_in_doubt and again == [len(case.before.steps) - 1]
    return again == [] or permitted


@law
def test_nothing_is_sent_a_third_time(case: Case) -> bool:
    return all(step.sends <= 2 for step in case.after.steps)


@law
def test_at_most_one_step_is_in_flight_and_none_in_a_closed_dispatch(case: Case) -> bool:
    in_flight = sum(status in IN_FLIGHT for status in statuses(case.after))
    return in_flight <= (case.after.status is DispatchStatus.OPEN)


@law
def test_a_timer_runs_exactly_while_something_is_awaited(case: Case) -> bool:
    return all((s.deadline_ms is not None) == (s.status in TIMED) for s in case.after.steps)


@law
def test_timers_are_set_and_dropped_as_deadlines_come_and_go(case: Case) -> bool:
    sets = {(e.step, e.due_ms) for e in case.decision.effects if isinstance(e, SetTimer)}
    drops = {(e.step, e.due_ms) for e in case.decision.effects if isinstance(e, CancelTimer)}
    old, new = deadlines(case.before), deadlines(case.after)
    return (sets, drops) == (new - old, old - new)


@law
def test_a_message_is_bound_exactly_when_its_step_learns_it(case: Case) -> bool:
    learned = [
        BindMessage(step=i, message_uuid=new.message_uuid)
        for i, (old, new) in enumerate(pairs(case))
        if new.message_uuid is not None and new.message_uuid != old.message_uuid
    ]
    return learned == [e for e in case.decision.effects if isinstance(e, BindMessage)]


@law
def test_nothing_is_sent_after_what_is_outdated(case: Case) -> bool:
    is_outdated = getattr(case.event, "is_outdated", False)
    return not is_outdated or SendStep not in case.asked


@law
def test_what_is_outdated_ends_the_dispatch_exactly_where_it_moves_it(case: Case) -> bool:
    is_outdated = getattr(case.event, "is_outdated", False)
    moves = case.decision.ignored is None
    return not (is_outdated and moves) or case.after.status is not DispatchStatus.OPEN
