"""A run under this gateway: the real machine, in virtual time.

`decide` makes every decision and `gateway.bodies` every callback; what is played here is the rest
of the world: answers and webhooks as the fates have them, and timers that fire when they are due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final, assert_never

from gateway.bodies import new_dispatch, report_body, status_body, status_facts
from gateway.core.decide import Decision, decide
from gateway.core.effects import (
    BindMessage,
    CancelTimer,
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
)
from gateway.core.state import Dispatch, DispatchStatus, StepStatus, Terms, TimerKind
from gateway.simulation.durations import duration
from gateway.simulation.fates import Answer, Fate, outlived, ttls_of
from gateway.simulation.messages import BIRTH_MS, Sent, dispatch_uuid_of, message_uuid_for
from gateway.simulation.trace import Entry, Outcome, Trace, What
from translators.choices import DEFAULT_CALLBACKS, CallbackOptions
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.error_codes import ERROR_CODES, UNKNOWN
from translators.status import MessageStatus, translate_status

# At one instant, answers and webhooks come before timers: a status that arrives at the very
# deadline is in time (docs/wire.md section 6.4).
_TOLD: Final = 0
_TIMED: Final = 1


def run_gateway(
    plan: DispatchPlan,
    fates: Sequence[Fate | None],
    terms: Terms | None = None,
    callbacks: CallbackOptions = DEFAULT_CALLBACKS,
) -> Trace:
    """Play a workflow under this gateway until nothing more can happen.

    Args:
        fates: one for each step, whether or not its message comes to be sent. `None` where nobody
            knows it: the run stops when that message is sent.
        terms: what the dispatch is accepted under; the defaults of the settings if not given.
        callbacks: how webhooks are read and callbacks written.
    """
    run = _Run(plan, fates, terms or Terms(), callbacks)
    run.play()
    return run.trace()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """An event of the future, and the webhook that brings it."""

    event: Event
    told: MessageStatus | None = None


class _Run:
    """One dispatch, its past and its future."""

    def __init__(
        self,
        plan: DispatchPlan,
        fates: Sequence[Fate | None],
        terms: Terms,
        callbacks: CallbackOptions,
    ) -> None:
        self._plan = plan
        self._fates = fates
        self._callbacks = callbacks
        self._state = new_dispatch(dispatch_uuid_of(plan), plan, terms)
        self._future: list[tuple[int, int, int, _Due]] = []
        self._order = count()
        self._timers: set[tuple[int, TimerKind, int]] = set()
        self._said: set[MessageStatus] = set()
        self._sent: list[Sent] = []
        self._entries: list[Entry] = []
        self._ended_ms: int | None = None

    def play(self) -> None:
        """Let everything happen that follows from accepting the workflow."""
        self._expect(0, _Due(event=DispatchAccepted()))
        while self._future:
            at_ms, _, _, due = heappop(self._future)
            if self._is_awaited(due.event):
                self._happen(at_ms, due)

    def trace(self) -> Trace:
        """Return what was seen."""
        outcomes = [each.outcome() for each in self._sent]
        return Trace(
            entries=tuple(self._entries),
            messages=tuple(each for each in outcomes if each is not None),
            # Every dispatch ends, by a horizon or a grace at last, unless the run was stopped.
            outcome=Outcome.UNRESOLVED
            if self._state.status is DispatchStatus.OPEN
            else Outcome(self._state.status.value),
            ended_ms=self._ended_ms,
        )

    def _expect(self, at_ms: int, due: _Due, rank: int = _TOLD) -> None:
        heappush(self._future, (at_ms, rank, next(self._order), due))

    def _note(
        self,
        at_ms: int,
        what: What,
        step: int | None = None,
        *,
        status: str | None = None,
        code: int | None = None,
        why: str | None = None,
        body: JsonObject | None = None,
    ) -> None:
        entry = Entry(
            at_ms=at_ms, what=what, step=step, status=status, code=code, why=why, body=body
        )
        self._entries.append(entry)

    def _is_awaited(self, event: Event) -> bool:
        """Tell a timer that still runs, and anything else, from a timer that was dropped."""
        match event:
            case ExpiryReached(step=step, due_ms=due_ms):
                return (step, TimerKind.EXPIRY, due_ms) in self._timers
            case HorizonReached(step=step, due_ms=due_ms):
                return (step, TimerKind.HORIZON, due_ms) in self._timers
            case _:
                return True

    def _happen(self, at_ms: int, due: _Due) -> None:
        """Apply one event as the engine does: spend its cause, decide, perform."""
        event = due.event
        self._note_event(at_ms, event)
        if due.told is not None:
            if due.told in self._said:
                self._note(at_ms, What.IGNORED, event.step, why="told before")
                return
            self._said.add(due.told)
        before = self._state
        decision = decide(before, event, BIRTH_MS + at_ms)
        self._state = decision.state
        self._perform(at_ms, before, due, decision)
        if decision.ignored is not None and isinstance(event, StatusReceived):
            self._note(at_ms, What.IGNORED, event.step, why=decision.ignored.value)

    def _note_event(self, at_ms: int, event: Event) -> None:
        match event:
            case SendRefused(step=step, code=code):
                self._note(at_ms, What.REFUSED, step, code=code)
            case SendUnconfirmed(step=step):
                self._note(at_ms, What.LOST, step)
            case StatusReceived(step=step, report=report):
                self._note(at_ms, What.STATUS, step, status=report.status, code=report.error_code)
            case DispatchAccepted() | SendAccepted() | ExpiryReached() | HorizonReached():
                pass
            case _:  # pragma: no cover
                assert_never(event)

    def _perform(self, at_ms: int, before: Dispatch, due: _Due, decision: Decision) -> None:
        event, now_ms = due.event, BIRTH_MS + at_ms
        for effect in decision.effects:
            match effect:
                case PostStatus(step=step, report=report):
                    body = status_body(
                        self._state,
                        self._plan,
                        step,
                        report,
                        told=due.told,
                        links=self._callbacks.links,
                        user_ids=self._callbacks.user_ids,
                        now_ms=now_ms,
                    )
                    code = report.error_code
                    self._note(
                        at_ms, What.CALLBACK, step, status=report.status, code=code, body=body
                    )
                case SetTimer(step=step, kind=kind, due_ms=due_ms):
                    self._timers.add((step, kind, due_ms))
                    fired = ExpiryReached if kind is TimerKind.EXPIRY else HorizonReached
                    timer = _Due(event=fired(step=step, due_ms=due_ms))
                    self._expect(due_ms - BIRTH_MS, timer, _TIMED)
                case CancelTimer(step=step, kind=kind, due_ms=due_ms):
                    self._timers.discard((step, kind, due_ms))
                case SendStep(step=step):
                    if step != event.step:
                        why = _why_given_up(before, event)
                        self._note(at_ms, What.FAILOVER, event.step, why=why)
                    self._send(at_ms, step)
                case PostReport(status=status):
                    body = report_body(
                        self._state,
                        status,
                        fee=self._callbacks.workflow_fee,
                        message_href_prefix=self._callbacks.message_href_prefix,
                    )
                    is_error = status is DispatchStatus.ERROR
                    cause = _why_given_up(before, event) if is_error else None
                    self._note(at_ms, What.REPORT, status=status.value, why=cause, body=body)
                    self._ended_ms = at_ms
                case BindMessage():
                    pass
                case _:  # pragma: no cover
                    assert_never(effect)

    def _send(self, at_ms: int, step: int) -> None:
        """Send a step's message, and expect everything that its fate holds."""
        planned, fate = self._plan.steps[step], self._fates[step]
        self._note(at_ms, What.SEND, step)
        if fate is None:
            self._future.clear()
            return
        (ttl_s,) = ttls_of(planned.request)
        attempt = self._state.steps[step].sends
        sent = Sent(
            step=step,
            plan=planned,
            message_uuid=message_uuid_for(self._state.dispatch_uuid, step, attempt),
            sent_ms=at_ms,
            fate=outlived(fate, ttl_s),
        )
        self._sent.append(sent)
        self._expect(at_ms + sent.fate.answered_ms, _Due(event=_answer(sent)))
        for happening in sent.fate.happenings:
            told = translate_status(
                sent.webhook(happening),
                pass_v1_codes=self._callbacks.pass_v1_codes,
                as_invalid_template=self._callbacks.as_invalid_template,
            ).value
            assert told is not None, "a webhook made here can be read"  # noqa: S101
            event = StatusReceived(step=step, report=status_facts(told))
            self._expect(at_ms + happening.after_ms, _Due(event=event, told=told))


def _answer(sent: Sent) -> Event:
    """Return the event that the answer to the POST is."""
    fate, intent_ms = sent.fate, BIRTH_MS + sent.sent_ms
    match fate.answer:
        case Answer.ACCEPTED:
            return SendAccepted(
                step=sent.step,
                message_uuid=sent.message_uuid,
                intent_ms=intent_ms,
                accepted_ms=intent_ms + fate.answered_ms,
            )
        case Answer.REFUSED:
            assert fate.code is not None, "a refusal has a code"  # noqa: S101
            reason = ERROR_CODES.get(fate.code, ERROR_CODES[UNKNOWN]).name
            return SendRefused(step=sent.step, code=fate.code, reason=reason)
        case Answer.LOST:
            return SendUnconfirmed(step=sent.step, intent_ms=intent_ms, cause="read-timeout")
        case _:  # pragma: no cover
            assert_never(fate.answer)


def _why_given_up(state: Dispatch, event: Event) -> str:
    """Say why a step is given up."""
    step = state.steps[event.step]
    is_in_doubt = step.status is StepStatus.UNKNOWN
    match event:
        case ExpiryReached():
            waited = duration(1000 * (step.expiry_s or 0))
            return f"in doubt for {waited}" if is_in_doubt else f"not {step.condition} in {waited}"
        case HorizonReached():
            terms = state.terms
            waited = duration(1000 * (terms.grace_s if is_in_doubt else terms.horizon_s))
            return f"in doubt for {waited}" if is_in_doubt else f"nothing heard for {waited}"
        case SendRefused(code=code):
            return f"refused {code}"
        case StatusReceived(report=report):
            code_text = "" if report.error_code is None else f" {report.error_code}"
            return f"{report.status}{code_text}"
        case _:
            return ""
