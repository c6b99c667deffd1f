"""The failover machine.

Given what is known about one dispatch, one thing that happened, and the instant it was observed,
`decide` says what is now known and what must be asked. Total, deterministic, silent.

Source: docs/wire.md section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, assert_never

from gateway.core.effects import (
    BindMessage,
    CancelTimer,
    Effect,
    PostReport,
    PostStatus,
    SendStep,
    SetTimer,
)
from gateway.core.events import (
    DispatchAccepted,
    Event,
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
    StatusReport,
)
from gateway.core.state import (
    TRANSITIONS,
    Dispatch,
    DispatchStatus,
    ExpiryStart,
    Reason,
    Step,
    StepStatus,
    TimerKind,
    Trigger,
)

# A failure ranks above `submitted`, so that the report shows it, and below `delivered`, so that
# a success that follows a failure is shown and a failure that follows a success is not.
RANK: Final = {"submitted": 1, "rejected": 2, "undeliverable": 2, "delivered": 3, "read": 4}
FAILURES: Final = frozenset({"rejected", "undeliverable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer of `decide`.

    `effects` are in the order they must be performed. `ignored` names why the event changed
    nothing about the flow; then nothing is sent, timed or reported. A status is still forwarded,
    because v0.1 forwards late statuses too, and a newly learned message id is still bound.
    """

    state: Dispatch
    effects: tuple[Effect, ...] = ()
    ignored: Reason | None = None


def decide(state: Dispatch, event: Event, now_ms: int) -> Decision:
    """Decide what `event`, observed at `now_ms`, means for the dispatch.

    Args:
        state: the dispatch at its current revision.
        event: one thing that happened; its `step` is an index into `state.steps`.
        now_ms: the instant of observation, Unix milliseconds.

    Returns:
        The next state, one revision on, and the effects. Every event yields a revision: ignoring
        is a decision, too, and is recorded.
    """
    step = state.steps[event.step]
    trigger = classify(state, event)
    outcome = TRANSITIONS[step.status, trigger]
    noted = _note(step, event, trigger)
    effects: list[Effect] = []
    if noted.message_uuid is not None and noted.message_uuid != step.message_uuid:
        effects.append(BindMessage(step=event.step, message_uuid=noted.message_uuid))
    effects += _status_callback(step, event, trigger)
    steps, status, ignored = list(state.steps), state.status, None
    if isinstance(outcome, Reason):
        steps[event.step], ignored = noted, outcome
    else:
        steps[event.step], timers = _move(state, event, noted, outcome, now_ms)
        fails_over = trigger is not Trigger.OUTDATED
        status, consequences = _advance(steps, event.step, status, fails_over=fails_over)
        effects += timers + consequences
    changed_ms = now_ms if state.status is DispatchStatus.OPEN else state.changed_ms
    after = replace(
        state,
        revision=state.revision + 1,
        status=status,
        changed_ms=changed_ms,
        steps=tuple(steps),
    )
    return Decision(state=after, effects=tuple(effects), ignored=ignored)


def classify(state: Dispatch, event: Event) -> Trigger:
    """Say what `event` means to the step it concerns."""
    step = state.steps[event.step]
    match event:
        case DispatchAccepted():
            return Trigger.DISPATCHED
        case SendAccepted():
            return Trigger.SENT
        case SendRefused(is_outdated=is_outdated):
            is_unsent = step.status is StepStatus.SENDING
            return Trigger.OUTDATED if is_outdated and is_unsent else Trigger.REFUSED
        case SendUnconfirmed():
            return Trigger.UNCONFIRMED
        case StatusReceived(report=report):
            return _classify_status(state, step, report)
        case ExpiryReached(due_ms=due_ms, is_outdated=is_outdated):
            if due_ms != step.deadline_ms:
                return Trigger.SUPERSEDED
            return Trigger.OUTDATED if is_outdated else Trigger.EXPIRY
        case HorizonReached(due_ms=due_ms, is_outdated=is_outdated):
            if due_ms != step.deadline_ms:
                return Trigger.SUPERSEDED
            if is_outdated:
                return Trigger.OUTDATED
            permitted = state.terms.resends_in_doubt and state.is_last(event.step)
            may_resend = permitted and step.sends == 1
            return Trigger.SECOND_CHANCE if may_resend else Trigger.HORIZON
        case _:  # pragma: no cover
            assert_never(event)


def _classify_status(state: Dispatch, step: Step, report: StatusReport) -> Trigger:
    if _is_foreign(step, report):
        return Trigger.FOREIGN
    if report.status in FAILURES:
        seen = RANK.get(step.reported or "", 0)
        return Trigger.CONTRADICTION if seen >= RANK["delivered"] else Trigger.FAILURE
    # docs/wire.md section 6.4: `read` satisfies `delivered`, not the other way round; a last
    # step, which has no condition, is content with either.
    goal = RANK[step.condition or "delivered"]
    if RANK.get(report.status, 0) < goal:
        return Trigger.PROGRESS
    # The report was wrong if it did not know of this success. Corrected, the dispatch is
    # completed, so that it is not corrected again.
    is_news = RANK.get(step.reported or "", 0) < goal
    was_reported = state.status is DispatchStatus.ERROR
    corrects = state.terms.corrects_reports and was_reported and is_news
    return Trigger.CORRECTION if corrects else Trigger.SUCCESS


def _is_foreign(step: Step, report: StatusReport) -> bool:
    """Tell whether the status speaks of another message than the one this step knows.

    A step that was sent a second time has two messages; both speak for it.
    """
    known, told = step.message_uuid, report.message_uuid
    return step.sends < 2 and None not in (known, told) and known != told


def _note(step: Step, event: Event, trigger: Trigger) -> Step:
    """Write down what the event tells about the message, whether or not the step moves."""
    match event:
        case SendAccepted(message_uuid=message_uuid) if step.status is not StepStatus.PENDING:
            return step if step.message_uuid else replace(step, message_uuid=message_uuid)
        case SendRefused() if step.status is StepStatus.SENDING:
            return replace(step, reported="rejected")
        case StatusReceived(report=report) if _is_heard(step, trigger):
            higher = RANK.get(report.status, 0) > RANK.get(step.reported or "", 0)
            return replace(
                step,
                message_uuid=step.message_uuid or report.message_uuid,
                reported=report.status if higher else step.reported,
                usage=report.usage or step.usage,
            )
        case _:
            return step


def _is_heard(step: Step, trigger: Trigger) -> bool:
    return step.status is not StepStatus.PENDING and trigger is not Trigger.FOREIGN


def _status_callback(step: Step, event: Event, trigger: Trigger) -> list[Effect]:
    """Forward a status to the caller, and tell a refusal at submission as a status."""
    match event:
        case StatusReceived(report=report) if _is_heard(step, trigger):
            return [PostStatus(step=event.step, report=report)]
        case SendRefused(code=code, reason=reason) if step.status is StepStatus.SENDING:
            # docs/wire.md section 5.6: the v0.1 caller learns of it by a `rejected` status.
            refusal = StatusReport(status="rejected", error_code=code, error_reason=reason)
            return [PostStatus(step=event.step, report=refusal)]
        case _:
            return []


def _move(
    state: Dispatch, event: Event, noted: Step, status: StepStatus, now_ms: int
) -> tuple[Step, list[Effect]]:
    """Give the step its new status; start, keep or drop its one timer, as that status asks."""
    running_ms = noted.deadline_ms
    due_ms = _deadline(state, event, noted, status, now_ms)
    sends = noted.sends + (status is StepStatus.SENDING)
    moved = replace(noted, status=status, deadline_ms=due_ms, sends=sends)
    effects: list[Effect] = []
    if due_ms != running_ms:
        kind = TimerKind.HORIZON if state.is_last(event.step) else TimerKind.EXPIRY
        if running_ms is not None:
            effects.append(CancelTimer(step=event.step, kind=kind, due_ms=running_ms))
        if due_ms is not None:
            effects.append(SetTimer(step=event.step, kind=kind, due_ms=due_ms))
    return moved, effects


def _deadline(
    state: Dispatch, event: Event, before: Step, status: StepStatus, now_ms: int
) -> int | None:
    """Return when the step's timer is due, None when none runs under the new `status`."""
    if status is not StepStatus.WAITING and status is not StepStatus.UNKNOWN:
        return None
    if before.status is StepStatus.WAITING:
        return before.deadline_ms
    terms = state.terms
    in_doubt = status is StepStatus.UNKNOWN
    start_ms = now_ms
    match event:
        case SendAccepted(intent_ms=intent_ms, accepted_ms=accepted_ms):
            from_intent = terms.expiry_start is ExpiryStart.INTENT
            start_ms = intent_ms if from_intent else accepted_ms
        case SendUnconfirmed(intent_ms=intent_ms):
            start_ms = intent_ms
        case _:
            pass
    if before.expiry_s is None:
        return start_ms + 1000 * (terms.grace_s if in_doubt else terms.horizon_s)
    if before.status is StepStatus.UNKNOWN:
        return before.deadline_ms  # counted from the intent; proof of the send does not extend it
    return start_ms + 1000 * before.expiry_s


def _advance(
    steps: list[Step], index: int, status: DispatchStatus, *, fails_over: bool
) -> tuple[DispatchStatus, list[Effect]]:
    """Draw the consequence of a step's new status for the whole dispatch.

    Without `fails_over` a step that failed ends it, as the last one does. A failover moves the
    following step, in place. Returns the status of the dispatch.
    """
    step = steps[index]
    match step.status:
        case StepStatus.SENDING:
            return status, [SendStep(step=index)]
        case StepStatus.MET:
            return _close(status, DispatchStatus.COMPLETED)
        case StepStatus.EXPIRED | StepStatus.REJECTED:
            following = index + 1
            if following == len(steps) or not fails_over:
                return _close(status, DispatchStatus.ERROR)
            steps[following] = replace(steps[following], status=StepStatus.SENDING, sends=1)
            return status, [SendStep(step=following)]
        case StepStatus.PENDING | StepStatus.WAITING | StepStatus.UNKNOWN:
            return status, []
        case _:  # pragma: no cover
            assert_never(step.status)


def _close(before: DispatchStatus, status: DispatchStatus) -> tuple[DispatchStatus, list[Effect]]:
    is_correction = before is not DispatchStatus.OPEN
    return status, [PostReport(status=status, is_correction=is_correction)]
