"""Statuses in every order they can arrive in, checked against laws simpler than the machine.

Source: docs/wire.md sections 6.3 and 6.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final, TypeAlias

import pytest

from gateway.core.decide import Decision, decide
from gateway.core.effects import Effect, PostReport, PostStatus, SendStep
from gateway.core.events import StatusReceived, StatusReport
from tests.support.playbook import BIRTH_MS, Play, accepted, dispatched, given, timer, unconfirmed

Order: TypeAlias = tuple[str, ...]

WORDS: Final = ("submitted", "delivered", "read", "rejected", "undeliverable")
ORDERS: Final = [order for n in range(len(WORDS) + 1) for order in permutations(WORDS, n)]
FAILURES: Final = {"rejected", "undeliverable"}
ARRIVALS: Final = {"delivered", "read"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A step that can hear statuses, and the ones it is content with."""

    stage: Play
    content_with: set[str]

    def decisions(self, order: Order) -> Iterator[Decision]:
        """Yield what the machine decides as the statuses arrive, all about the current step."""
        state = self.stage.state
        yield Decision(state=state)
        for word in order:
            report = StatusReport(status=word, message_uuid="A")
            event = StatusReceived(step=self.stage.reached, report=report)
            decision = decide(state, event, BIRTH_MS + 1)
            state = decision.state
            yield decision

    def effects(self, order: Order) -> list[Effect]:
        return [effect for decision in self.decisions(order) for effect in decision.effects]

    def final_step(self, order: Order) -> tuple[str, str | None]:
        """Return where the step stands in the end, and what the report shows of it."""
        *_, last = self.decisions(order)
        step = last.state.steps[self.stage.reached]
        return step.status.value, step.reported

    def verdict(self, order: Order) -> str:
        """Say what becomes of the step: the first decisive status decides.

        A failure is decisive unless the message is known to have arrived before.
        """
        for position, word in enumerate(order):
            if word in self.content_with:
                return "met"
            if word in FAILURES and ARRIVALS.isdisjoint(order[:position]):
                return "rejected"
        return "waiting" if order else self.stage.state.steps[self.stage.reached].status.value


def best_news(order: Order) -> str | None:
    """Say which status the report shows: the best success, else the first failure, else any."""
    successes = [word for word in ("read", "delivered") if word in order]
    failures = [word for word in order if word in FAILURES]
    return next(iter([*successes, *failures, *order]), None)


DELIVERY: Final = given("mms delivered 60 | sms").after(dispatched())
READING: Final = given("whatsapp read 60 | sms").after(dispatched())

NOT_LAST: Final = {
    "delivered awaited": Shape(stage=DELIVERY.after(accepted("A")), content_with=ARRIVALS),
    "read awaited": Shape(stage=READING.after(accepted("A")), content_with={"read"}),
    "in doubt": Shape(stage=READING.after(unconfirmed()), content_with={"read"}),
    "overtaken": Shape(stage=DELIVERY, content_with=ARRIVALS),
}
LAST: Final = {
    "single": Shape(stage=given("sms").after(dispatched(), accepted("A")), content_with=ARRIVALS),
    "single in doubt": Shape(
        stage=given("sms").after(dispatched(), unconfirmed()), content_with=ARRIVALS
    ),
    "last": Shape(
        stage=DELIVERY.after(accepted("Z"), timer(), accepted("A")), content_with=ARRIVALS
    ),
}
SHAPES: Final = {**NOT_LAST, **LAST}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_first_decisive_status_decides_about_the_step(shape: Shape) -> None:
    assert [o for o in ORDERS if shape.final_step(o)[0] != shape.verdict(o)] == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_report_shows_the_best_news(shape: Shape) -> None:
    assert [o for o in ORDERS if shape.final_step(o)[1] != best_news(o)] == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_status_is_told_once_in_the_order_of_arrival(shape: Shape) -> None:
    def told(order: Order) -> Order:
        return tuple(e.report.status for e in shape.effects(order) if isinstance(e, PostStatus))

    assert [o for o in ORDERS if told(o) != o] == []


@pytest.mark.parametrize("shape", NOT_LAST.values(), ids=NOT_LAST)
def test_the_next_step_is_sent_once_exactly_if_the_step_fails(shape: Shape) -> None:
    def sent(order: Order) -> list[int]:
        return [e.step for e in shape.effects(order) if isinstance(e, SendStep)]

    assert [o for o in ORDERS if sent(o) != [1] * (shape.verdict(o) == "rejected")] == []


@pytest.mark.parametrize("shape", NOT_LAST.values(), ids=NOT_LAST)
def test_completion_is_reported_once_exactly_if_the_step_is_met(shape: Shape) -> None:
    ends = {"met": ["completed"]}
    assert [o for o in ORDERS if reported(shape, o) != ends.get(shape.verdict(o), [])] == []


@pytest.mark.parametrize("shape", LAST.values(), ids=LAST)
def test_the_end_is_reported_once_exactly_if_the_last_step_is_resolved(shape: Shape) -> None:
    ends = {"met": ["completed"], "rejected": ["error"]}
    assert [o for o in ORDERS if reported(shape, o) != ends.get(shape.verdict(o), [])] == []


def reported(shape: Shape, order: Order) -> list[str]:
    return [e.status.value for e in shape.effects(order) if isinstance(e, PostReport)]
