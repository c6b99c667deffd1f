"""The stage on which transcripts play the pure machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from gateway.core.decide import decide
from gateway.core.effects import BindMessage, CancelTimer, Effect, SendStep, SetTimer
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
from gateway.core.state import Dispatch, Step, TimerKind
from tests.support.playbook import BIRTH_MS, described, seconds
from tests.support.transcripts import Accept, Advance, Begin, Command, Lose, Notify, Refuse


@dataclass(slots=True)
class CoreStage:
    """The pure machine with the smallest world that can carry out what it asks.

    The upstream's sends begin at once. A webhook is known by message, status and timestamp, and
    spent once, as by the store.
    """

    now_ms: int = BIRTH_MS
    state: Dispatch | None = None
    asked_ms: dict[int, int] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    timers: set[tuple[int, int, TimerKind]] = field(default_factory=set)
    spent: set[tuple[str, str, str]] = field(default_factory=set)

    def at(self, instant_ms: int) -> Iterator[str]:
        yield from self._pass_until(instant_ms - 1)
        self.now_ms = instant_ms

    def perform(self, command: Command) -> Iterator[str]:
        match command:
            case Begin():
                self.state = Dispatch(dispatch_uuid="D", steps=command.steps, terms=command.terms)
                yield from self._observe(DispatchAccepted())
            case Accept():
                yield from self._observe(
                    SendAccepted(
                        step=command.step,
                        message_uuid=command.letter,
                        intent_ms=self.asked_ms[command.step],
                        accepted_ms=self.now_ms,
                    )
                )
            case Refuse():
                yield from self._observe(
                    SendRefused(step=command.step, code=command.code, reason=command.reason)
                )
            case Lose():
                yield from self._observe(
                    SendUnconfirmed(
                        step=command.step,
                        intent_ms=self.asked_ms[command.step],
                        cause=command.cause,
                    )
                )
            case Notify():
                yield from self._receive(command)
            case Advance():
                until_ms = self.now_ms + command.duration_ms
                yield from list(self._pass_until(until_ms)) or ["nothing is due"]
                self.now_ms = until_ms
            case _:
                assert_never(command)

    def _receive(self, command: Notify) -> Iterator[str]:
        timestamp = command.stamped or seconds(self.now_ms)
        cause = (command.letter, command.word, timestamp)
        if cause in self.spent:
            yield "spent before: nothing happens"
            return
        self.spent.add(cause)
        step = self.bound[command.letter] if command.step is None else command.step
        report = StatusReport(
            status=command.word,
            message_uuid=command.letter,
            timestamp=timestamp,
            usage=command.usage,
            error_code=command.error_code,
            error_reason=command.error_reason,
        )
        yield from self._observe(StatusReceived(step=step, report=report))

    def _pass_until(self, until_ms: int) -> Iterator[str]:
        while self.timers and min(self.timers)[0] <= until_ms:
            due_ms, step, kind = min(self.timers)
            self.timers.discard((due_ms, step, kind))
            self.now_ms = max(self.now_ms, due_ms)
            yield f"at {seconds(due_ms)} the {kind} of step {step + 1} is reached"
            fires = HorizonReached if kind is TimerKind.HORIZON else ExpiryReached
            yield from self._observe(fires(step=step, due_ms=due_ms))

    def _observe(self, event: Event) -> Iterator[str]:
        assert self.state is not None, "a transcript begins with a dispatch"
        decision = decide(self.state, event, self.now_ms)
        self.state = decision.state
        for effect in decision.effects:
            self._carry_out(effect)
            yield described(effect)
        if decision.ignored is not None:
            yield f"ignored: {decision.ignored}"
        yield _standing(self.state)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case SendStep():
                self.asked_ms[effect.step] = self.now_ms
            case BindMessage():
                self.bound[effect.message_uuid] = effect.step
            case SetTimer():
                self.timers.add((effect.due_ms, effect.step, effect.kind))
            case CancelTimer():
                self.timers.discard((effect.due_ms, effect.step, effect.kind))
            case _:
                pass


def _standing(state: Dispatch) -> str:
    """Print where the dispatch stands, with what the report would show of each step."""
    return f"= {state.status}: {', '.join(_step_standing(step) for step in state.steps)}"


def _step_standing(step: Step) -> str:
    shown = [step.reported] if step.reported else []
    shown += [f"{step.usage.price} {step.usage.currency}"] if step.usage else []
    return f"{step.channel} {step.status}" + (f" ({', '.join(shown)})" if shown else "")
