"""Every state of a dispatch and everything that can be said about it.

The states are built directly, so that nothing rests on how they are reached; the playbooks and
`test_life.py` cover what is reachable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Final, TypeAlias

from gateway.core.decide import Decision, decide
from gateway.core.effects import Effect
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
from gateway.core.state import Dispatch, DispatchStatus, Step, StepStatus, Terms

NOW_MS: Final = 1_738_584_000_000
DUE_MS: Final = NOW_MS + 600_000
WORDS: Final = ("submitted", "delivered", "read", "rejected", "undeliverable", "accepted")
IN_FLIGHT: Final = (StepStatus.SENDING, StepStatus.WAITING, StepStatus.UNKNOWN)
TIMED: Final = (StepStatus.WAITING, StepStatus.UNKNOWN)
ENDS: Final = {
    StepStatus.MET: DispatchStatus.COMPLETED,
    StepStatus.EXPIRED: DispatchStatus.ERROR,
    StepStatus.REJECTED: DispatchStatus.ERROR,
}
Told: TypeAlias = tuple[str | None, str | None]
TOLD: Final[tuple[Told, ...]] = ((None, None), ("submitted", "A"), ("delivered", "A"))
"""What a step may have heard: the reported status and the message id."""
RESENDS: Final = ((False, 1), (True, 1), (True, 2))
"""Whether an in-doubt last step may be sent once more, and how often this one was sent."""
CORRECTS: Final = (False, True)
"""Whether a report that said `error` is put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One cell of the cross product."""

    before: Dispatch
    event: Event
    decision: Decision

    @property
    def after(self) -> Dispatch:
        return self.decision.state

    @property
    def was_open(self) -> bool:
        return self.before.status is DispatchStatus.OPEN

    @property
    def is_corrected(self) -> bool:
        """Whether an error became a success, as was agreed."""
        was_error = self.before.status is DispatchStatus.ERROR
        is_completed = self.after.status is DispatchStatus.COMPLETED
        return was_error and is_completed and self.before.terms.corrects_reports

    @property
    def asked(self) -> list[type[Effect]]:
        """The types of the effects, in order."""
        return [type(effect) for effect in self.decision.effects]


def dispatches() -> Iterator[Dispatch]:
    """Yield a dispatch of one to three steps for every place and status it can stand at."""
    for count, condition, status in product((1, 2, 3), ("delivered", "read"), StepStatus):
        for current in places(count, status):
            conditional = Step(channel="viber_service_msg", condition=condition, expiry_s=600)
            past = replace(conditional, status=StepStatus.EXPIRED, sends=1)
            steps = [conditional] * (count - 1) + [Step(channel="sms")]
            steps[:current] = [past] * current
            for told, (resends, sends), corrects in product(TOLD, RESENDS, CORRECTS):
                steps[current] = standing_at(steps[current], status, told, sends)
                yield Dispatch(
                    dispatch_uuid="D",
                    steps=tuple(steps),
                    terms=Terms(resends_in_doubt=resends, corrects_reports=corrects),
                    revision=7,
                    status=ENDS.get(status, DispatchStatus.OPEN),
                    changed_ms=NOW_MS - 1000,
                )


def places(count: int, status: StepStatus) -> Sequence[int]:
    """Return where the step can be that decides how far a dispatch of `count` steps has come."""
    if status is StepStatus.PENDING:
        return [0]  # a later one is not reached yet
    if status in (StepStatus.EXPIRED, StepStatus.REJECTED):
        return [count - 1]  # after an earlier one the next is reached
    return range(count)


def standing_at(step: Step, status: StepStatus, told: Told, sends: int) -> Step:
    """Return the step as it is when it stands at `status`."""
    if status is StepStatus.PENDING:
        return step
    reported, message_uuid = told
    return replace(
        step,
        status=status,
        reported=reported,
        message_uuid=message_uuid,
        deadline_ms=DUE_MS if status in TIMED else None,
        sends=sends,
    )


def events(step: int) -> Iterator[Event]:
    """Yield everything that can be said about one step."""
    yield SendAccepted(step=step, message_uuid="A", intent_ms=NOW_MS - 10, accepted_ms=NOW_MS)
    yield SendRefused(step=step, code=1120, reason="Illegal Sender")
    yield SendRefused(step=step, code=1100, reason="Communication Failed", is_outdated=True)
    yield SendUnconfirmed(step=step, intent_ms=NOW_MS - 10, cause="read-timeout")
    for word, message_uuid in product(WORDS, (None, "A", "X")):
        report = StatusReport(status=word, message_uuid=message_uuid)
        yield StatusReceived(step=step, report=report)
    for due_ms, is_outdated in product((DUE_MS, NOW_MS), (False, True)):
        yield ExpiryReached(step=step, due_ms=due_ms, is_outdated=is_outdated)
        yield HorizonReached(step=step, due_ms=due_ms, is_outdated=is_outdated)


@cache
def cases() -> tuple[Case, ...]:
    """Return the whole cross product, decided once."""
    return tuple(
        Case(before=before, event=event, decision=decide(before, event, NOW_MS))
        for before in dispatches()
        for event in (
            DispatchAccepted(),
            *(event for step in range(len(before.steps)) for event in events(step)),
        )
    )
