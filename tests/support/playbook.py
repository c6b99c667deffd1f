"""The playbook language: given a state, when an event, then effects and state.

    given("whatsapp read 600 | sms")
    .after(dispatched(), accepted("A"))
    .when(timer())
    .then("drop 1 expiry at 600s", "send 2", steps="expired sending")

Steps are counted from one and instants in seconds since the dispatch was accepted, as in prose.
Effects are compared as text (`described`), complete and in order; nothing a decision does can go
unnoticed. The past is told by events too, so that a playbook cannot start from a state that the
machine never reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from gateway.core.decide import Decision, decide
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
from gateway.core.state import Dispatch, Reason, Step, StepStatus, Terms, Usage

BIRTH_MS: Final = 1_738_584_000_000
"""The instant 0 s of every playbook: 2025-02-03T12:00:00Z."""


def workflow(text: str) -> tuple[Step, ...]:
    """Read `channel condition expiry | … | channel`: the last step has neither of the two."""
    *conditional, last = (entry.split() for entry in text.split("|"))
    (last_channel,) = last
    return (
        *(
            Step(channel=channel, condition=condition, expiry_s=int(expiry_s))
            for channel, condition, expiry_s in conditional
        ),
        Step(channel=last_channel),
    )


def seconds(instant_ms: int) -> str:
    """Print an instant as seconds since the birth of the dispatch, such as `600.2s`."""
    return f"{(instant_ms - BIRTH_MS) / 1000:.3f}".rstrip("0").rstrip(".") + "s"


def told_of(report: StatusReport) -> str:
    """Print a status with every fact it carries except its timestamp."""
    parts = [report.status]
    if report.message_uuid is not None:
        parts.append(f"of {report.message_uuid}")
    if report.usage is not None:
        parts.append(f"usage {report.usage.price} {report.usage.currency}")
    if report.error_code is not None:
        parts.append(f"error {report.error_code} {report.error_reason}")
    if report.client_ref is not None:
        parts.append(f"ref {report.client_ref}")
    return " ".join(parts)


def described(effect: Effect) -> str:
    """Print an effect as one line."""
    match effect:
        case SendStep():
            return f"send {effect.step + 1}"
        case SetTimer():
            return f"set {effect.step + 1} {effect.kind} at {seconds(effect.due_ms)}"
        case CancelTimer():
            return f"drop {effect.step + 1} {effect.kind} at {seconds(effect.due_ms)}"
        case BindMessage():
            return f"bind {effect.step + 1} {effect.message_uuid}"
        case PostStatus():
            return f"tell {effect.step + 1} {told_of(effect.report)}"
        case PostReport():
            return f"{'correct' if effect.is_correction else 'report'} {effect.status}"
        case _:
            assert_never(effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `then` compares."""

    effects: tuple[str, ...]
    steps: str
    dispatch: str
    ignored: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A dispatch on stage. `now_ms` is the instant the next event is observed."""

    state: Dispatch
    now_ms: int = BIRTH_MS
    decision: Decision | None = None

    def at(self, second: float) -> Play:
        """Go on at `second` after the birth."""
        return replace(self, now_ms=BIRTH_MS + round(second * 1000))

    def when(self, act: Act) -> Play:
        """Let one thing happen. A timer is observed when it is due, or now if that is later."""
        event = act(self)
        now_ms = self.now_ms
        if isinstance(event, ExpiryReached | HorizonReached):
            now_ms = max(now_ms, event.due_ms)
        decision = decide(self.state, event, now_ms)
        return replace(self, state=decision.state, now_ms=now_ms, decision=decision)

    def after(self, *acts: Act) -> Play:
        """Let several things happen, one after the other."""
        play = self
        for act in acts:
            play = play.when(act)
        return play

    def then(
        self, *effects: str, steps: str, dispatch: str = "open", ignored: Reason | None = None
    ) -> None:
        """Assert what the last event led to: all effects in order, and where everything stands."""
        expected = Outcome(effects=effects, steps=steps, dispatch=dispatch, ignored=ignored)
        assert self.outcome == expected

    @property
    def outcome(self) -> Outcome:
        """The last decision, printed."""
        assert self.decision is not None, "then() follows when()"
        return Outcome(
            effects=tuple(described(effect) for effect in self.decision.effects),
            steps=" ".join(step.status for step in self.state.steps),
            dispatch=self.state.status.value,
            ignored=self.decision.ignored,
        )

    def step(self, number: int) -> Step:
        """Return the step that prose calls `number`."""
        return self.state.steps[number - 1]

    @property
    def reached(self) -> int:
        """The index of the last step that was reached, which is the one most events are about."""
        sent = [i for i, s in enumerate(self.state.steps) if s.status is not StepStatus.PENDING]
        return sent[-1] if sent else 0


Act: TypeAlias = Callable[[Play], Event]
"""Something that can happen on stage; it becomes an event when its instant is known."""


def given(steps: str, terms: Terms | None = None) -> Play:
    """Set the stage: a dispatch with these steps to which nothing has happened yet."""
    return Play(state=Dispatch(dispatch_uuid="D", steps=workflow(steps), terms=terms or Terms()))


def dispatched() -> Act:
    """The caller's request is accepted."""
    return lambda play: DispatchAccepted()


def accepted(letter: str, *, on: int | None = None, begun_s: float | None = None) -> Act:
    """The upstream answers a send with 202 and message id `letter`; the send began at `begun_s`."""
    return lambda play: SendAccepted(
        step=_index(play, on),
        message_uuid=letter,
        intent_ms=_instant(play, begun_s),
        accepted_ms=play.now_ms,
    )


def refused(*, on: int | None = None, is_outdated: bool = False) -> Act:
    """The upstream refuses a send, or it waited too long to be worth making."""
    return lambda play: SendRefused(
        step=_index(play, on), code=1120, reason="Illegal Sender", is_outdated=is_outdated
    )


def unconfirmed(*, on: int | None = None, begun_s: float | None = None) -> Act:
    """Nobody can say what became of a send that began at `begun_s`."""
    return lambda play: SendUnconfirmed(
        step=_index(play, on), intent_ms=_instant(play, begun_s), cause="read-timeout"
    )


def webhook(
    word: str, letter: str | None, *, on: int | None = None, price: str | None = None
) -> Act:
    """A status webhook about message `letter` arrives."""
    usage = None if price is None else Usage(currency="EUR", price=price)
    report = StatusReport(status=word, message_uuid=letter, usage=usage)
    return lambda play: StatusReceived(step=_index(play, on), report=report)


def timer(*, on: int | None = None, is_outdated: bool = False) -> Act:
    """The running timer of the step fires."""

    def fires(play: Play) -> Event:
        index = _index(play, on)
        due_ms = play.state.steps[index].deadline_ms
        assert due_ms is not None, "no timer runs"
        kind = HorizonReached if play.state.is_last(index) else ExpiryReached
        return kind(step=index, due_ms=due_ms, is_outdated=is_outdated)

    return fires


def stale_timer(due_s: float, *, on: int | None = None) -> Act:
    """A timer fires that was dropped before, or that never was."""

    def fires(play: Play) -> Event:
        index = _index(play, on)
        kind = HorizonReached if play.state.is_last(index) else ExpiryReached
        return kind(step=index, due_ms=BIRTH_MS + round(due_s * 1000))

    return fires


def _index(play: Play, number: int | None) -> int:
    return play.reached if number is None else number - 1


def _instant(play: Play, second: float | None) -> int:
    return play.now_ms if second is None else BIRTH_MS + round(second * 1000)
