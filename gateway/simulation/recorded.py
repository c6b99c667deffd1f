"""Recorded v1 statuses under the machine: the callbacks and the report that v0.1 would have sent.

The log is the truth about what was sent; the machine decides all else. Time is what the statuses
say it was. A step whose message has statuses was sent, so the one before it had been given up by
then, even if a clock that differs by a second would have waited a little longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from gateway.bodies import new_dispatch, report_body, status_body, status_facts
from gateway.core.decide import Decision, decide
from gateway.core.effects import PostReport, PostStatus
from gateway.core.events import (
    DispatchAccepted,
    Event,
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendUnconfirmed,
    StatusReceived,
)
from gateway.core.state import Dispatch, DispatchStatus, StepStatus, Terms
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.status import LinkStyle, MessageStatus, render_status

REPEATED: Final = "told-before"
"""Why a status that was recorded twice has one callback only."""
OF_NO_STEP: Final = "no-step-of-this-workflow"
"""Why a status stays outside: its channel and recipient are none of the workflow's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one recorded status."""

    step: int | None
    """An index into the workflow."""
    callback: JsonObject | None
    """What v0.1 would have posted; `None` if nothing."""
    ignored: str | None
    """Why it moved nothing, if it did not; a callback may be posted all the same."""


class Recording:
    """One workflow and the statuses recorded of it, taken one after the other."""

    def __init__(self, plan: DispatchPlan, dispatch_uuid: str, terms: Terms | None = None) -> None:
        self._plan = plan
        self._state = new_dispatch(dispatch_uuid, plan, terms or Terms())
        self._now_ms: int | None = None
        self._steps: dict[str, int] = {}
        self._said: set[MessageStatus] = set()
        self._closing: tuple[Dispatch, DispatchStatus] | None = None

    @property
    def report(self) -> JsonObject | None:
        """The final report, once the dispatch is closed.

        What posted it knew the id of every message from the answer to its POST. The record tells
        an id with the first status of its message, which may come after the report, so whoever
        wants all ids asks at the end.
        """
        if self._closing is None:
            return None
        state, status = self._closing
        told = {step: message_uuid for message_uuid, step in self._steps.items()}
        steps = (
            replace(step, message_uuid=told.get(index, step.message_uuid))
            for index, step in enumerate(state.steps)
        )
        return report_body(
            replace(state, steps=tuple(steps)), status, fee=Decimal(0), message_href_prefix=""
        )

    @property
    def is_open(self) -> bool:
        """Tell whether the record ends before the dispatch does."""
        return self._state.status is DispatchStatus.OPEN

    def take(self, status: MessageStatus) -> Told:
        """Take the next status of the record."""
        step = self._step_of(status)
        if step is None:
            body = render_status(status, to=None, sender=None, client_ref=None, links=None)
            return Told(step=None, callback=body, ignored=OF_NO_STEP)
        if status in self._said:
            return Told(step=step, callback=None, ignored=REPEATED)
        self._said.add(status)
        now_ms = self._move_on(status)
        self._bring_to(step, status.message_uuid, now_ms)
        report = status_facts(status)
        decision = self._apply(StatusReceived(step=step, report=report), now_ms)
        callback = None
        for effect in decision.effects:
            if isinstance(effect, PostStatus):
                callback = status_body(
                    self._state,
                    self._plan,
                    step,
                    report,
                    told=status,
                    links=LinkStyle.BOTH,
                    now_ms=now_ms,
                )
        ignored = None if decision.ignored is None else decision.ignored.value
        return Told(step=step, callback=callback, ignored=ignored)

    def _step_of(self, status: MessageStatus) -> int | None:
        """Return the step a status is about: the first with its channel and recipient, once."""
        known = self._steps.get(status.message_uuid)
        if known is not None:
            return known
        for index, step in enumerate(self._plan.steps):
            is_free = index not in self._steps.values()
            if is_free and (step.channel, step.request["to"]) == (status.channel, status.to):
                self._steps[status.message_uuid] = index
                return index
        return None

    def _move_on(self, status: MessageStatus) -> int:
        """Let time pass until `status`, with what was due before it; time never goes back."""
        told_ms = _instant(status.timestamp)
        if self._now_ms is None:
            self._now_ms = told_ms or 0
            self._apply(DispatchAccepted(), self._now_ms)
        now_ms = max(self._now_ms, told_ms or 0)
        while (due := self._next_timer()) is not None and due.due_ms < now_ms:
            self._apply(due, due.due_ms)
        self._now_ms = now_ms
        return now_ms

    def _bring_to(self, step: int, message_uuid: str, now_ms: int) -> None:
        """Bring the dispatch to where `step` is sent, as the record proves."""
        while self.is_open and self._state.steps[step].status is StepStatus.PENDING:
            current = self._current()
            if self._state.steps[current].status is StepStatus.SENDING:
                doubt = SendUnconfirmed(step=current, intent_ms=now_ms, cause="not-recorded")
                self._apply(doubt, now_ms)
            due = self._next_timer()
            assert due is not None, "a step that waits has a timer"  # noqa: S101
            self._apply(due, now_ms)
        if self._state.steps[step].status is StepStatus.SENDING:
            accepted = SendAccepted(
                step=step, message_uuid=message_uuid, intent_ms=now_ms, accepted_ms=now_ms
            )
            self._apply(accepted, now_ms)

    def _current(self) -> int:
        """Return the one step that is neither resolved nor still to come."""
        busy = (StepStatus.SENDING, StepStatus.WAITING, StepStatus.UNKNOWN)
        return next(i for i, step in enumerate(self._state.steps) if step.status in busy)

    def _next_timer(self) -> ExpiryReached | HorizonReached | None:
        for index, step in enumerate(self._state.steps):
            if step.deadline_ms is not None:
                reached = HorizonReached if self._state.is_last(index) else ExpiryReached
                return reached(step=index, due_ms=step.deadline_ms)
        return None

    def _apply(self, event: Event, now_ms: int) -> Decision:
        decision = decide(self._state, event, now_ms)
        self._state = decision.state
        for effect in decision.effects:
            if isinstance(effect, PostReport):
                self._closing = (self._state, effect.status)
        return decision


def _instant(timestamp: str) -> int | None:
    """Return the Unix milliseconds of a v0.1 timestamp; `None` if it is none."""
    try:
        return round(datetime.fromisoformat(timestamp).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
