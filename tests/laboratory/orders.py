"""Every order in which the events of a dispatch of two steps can come, and instants that make it.

An order is a tuple of names: `answer 0`, `submitted 0`, `expiry`, `answer 1`, `delivered 1`,
`horizon`, … A number is the step that it is about. The POSTs themselves are no events here: the
first opens the order, the second follows as soon as the first step has failed and its own POST is
answered.

Two orders are left out because they are the same to the machine: one that differs only by where a
timer that does not run any more would have fired, and one that differs by what the vendor would
say of a message that is never sent. No other is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from tests.laboratory.plan import Answer, AnswerKind, StepPlan, Word

Order: TypeAlias = tuple[str, ...]

EXPIRY_S: Final = 15
"""The shortest `expiry_time` there is."""
PATIENCE_S: Final = 60
"""The horizon, and the grace of a last step in doubt."""
_SLOT_S: Final = 0.5
"""Between two events: more than a send takes to follow its failover."""
_SEND_TIMEOUT_S: Final = 24.0
_LOST_AT_LEAST_S: Final = 4.0
"""How long an answer is waited for at least: every send is given the same time."""
_WAY_S: Final = 0.15
"""How long it follows it, about."""
_FAILURES: Final = frozenset({"rejected", "undeliverable"})
_IN_DOUBT: Final = frozenset(
    {"lose-answer", "lose-request", "fail", "fail-after-sending", "garbage"}
)
_LOST: Final = frozenset({"lose-answer", "lose-request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of one step, without the order."""

    words: tuple[str, ...] = ()
    """What the vendor tells of its message; each word once."""
    answer: AnswerKind = "accept"
    condition: str = "delivered"


@dataclass(frozen=True, slots=True)
class _Step:
    pending: tuple[str, ...]
    goods: frozenset[str]
    is_refused: bool
    is_open: bool = False
    has_timer: bool = False
    was_delivered: bool = False

    @classmethod
    def of(cls, step: Step) -> _Step:
        goods = {"read"} if step.condition == "read" else {"delivered", "read"}
        return cls(("answer", *step.words), frozenset(goods), step.answer == "reject")

    def takes(self, name: str) -> tuple[_Step, str | None]:
        """Return the step after an event of its own, and how it ended by it, if it did."""
        after = replace(self, pending=tuple(one for one in self.pending if one != name))
        if not self.is_open:
            return after, None
        if name in self.goods:
            return replace(after, is_open=False, has_timer=False), "met"
        if name in _FAILURES and not self.was_delivered:
            return replace(after, is_open=False, has_timer=False), "failed"
        if name == "answer" and self.is_refused:
            return replace(after, is_open=False, has_timer=False), "failed"
        was_delivered = self.was_delivered or name == "delivered"
        return replace(after, has_timer=True, was_delivered=was_delivered), None


def orders_of(first: Step, second: Step) -> Iterator[Order]:
    """Yield every order in which the events of two such steps can come."""
    yield from _continue((), replace(_Step.of(first), is_open=True), _Step.of(second), "open")


def _continue(so_far: Order, first: _Step, second: _Step, status: str) -> Iterator[Order]:
    """Go on with every event that can come next. `status` is how the first step stands."""
    is_over = True
    for name in first.pending:
        is_over = False
        after, end = first.takes(name)
        then = end or status
        opened = replace(second, is_open=True) if end == "failed" else second
        yield from _continue((*so_far, f"{name} 0"), after, opened, then)
    if first.has_timer:
        is_over = False
        expired = replace(first, is_open=False, has_timer=False)
        opened = replace(second, is_open=True)
        yield from _continue((*so_far, "expiry"), expired, opened, "failed")
    # The sends of a dispatch are a lane: the second waits for the answer to the first.
    if status == "failed" and "answer" not in first.pending:
        for name in second.pending:
            is_over = False
            after, _ = second.takes(name)
            yield from _continue((*so_far, f"{name} 1"), first, after, status)
        # No send is waited for as long as the horizon lasts.
        if second.has_timer and "answer" not in second.pending:
            is_over = False
            closed = replace(second, is_open=False, has_timer=False)
            yield from _continue((*so_far, "horizon"), first, closed, status)
    if is_over:
        yield so_far


@dataclass(slots=True)
class _Clockwork:
    """When things happen, in seconds after the first POST."""

    answers: tuple[AnswerKind, AnswerKind]
    from_intent: bool
    now_s: float = 0.0
    posted_s: list[float] = field(default_factory=lambda: [0.0, 0.0])
    timer_s: list[float | None] = field(default_factory=lambda: [None, None])
    after_s: dict[str, float] = field(default_factory=dict)

    def take(self, name: str, near_s: float | None) -> None:
        """Place one event; `near_s` is its distance to a timer that it follows at once."""
        if name in ("expiry", "horizon"):
            due_s = self.timer_s[name == "horizon"]
            assert due_s is not None
            self.now_s = due_s
            return
        self.now_s += _SLOT_S if near_s is None else near_s
        step = int(name[-1])
        if name == "answer 0" and self.answers[0] in _LOST:
            self.now_s = max(self.now_s, _LOST_AT_LEAST_S)
        way_s = _WAY_S if step else 0.0
        self.after_s[name] = round(self.now_s - self.posted_s[step] - way_s, 3)
        self._set_timer(name, step)

    def _set_timer(self, name: str, step: int) -> None:
        is_last = bool(step)
        is_answer = name.startswith("answer")
        in_doubt = is_answer and self.answers[step] in _IN_DOUBT
        runs = self.timer_s[step]
        lasts_s = PATIENCE_S if is_last else EXPIRY_S
        if runs is None:
            from_intent = in_doubt or (is_answer and self.from_intent)
            begins_s = self.posted_s[step] if from_intent else self.now_s
            self.timer_s[step] = begins_s + lasts_s
            self._doubtful = in_doubt
        elif is_last and self._doubtful and not is_answer:
            # A word proves the send: the grace becomes the horizon.
            self.timer_s[step] = self.now_s + lasts_s
            self._doubtful = False

    _doubtful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """An order as a plan has it."""

    steps: tuple[StepPlan, StepPlan]
    send_timeout_s: float
    """A lost answer is an event by the time that is waited for it."""
    ends_s: float
    """When the last event comes, after the first POST."""


def realise(
    order: Order,
    first: Step,
    second: Step,
    *,
    near_s: float | None = None,
    lost_webhook_answers: bool = False,
    from_intent: bool = False,
) -> Realised:
    """Return instants by which the events come in this order.

    Args:
        near_s: with it, what follows a timer comes at this distance to it, so that both are there
            at once and the order between these two is the gateway's to find.
        lost_webhook_answers: whether our first 200 to each webhook is lost.
        from_intent: whether timers are counted from the intent.
    """
    clockwork = _Clockwork((first.answer, second.answer), from_intent)
    leaves_at = _second_post_of(order, first)
    before = ""
    for index, name in enumerate(order):
        follows_timer = before in ("expiry", "horizon")
        clockwork.take(name, near_s if follows_timer else None)
        if index == leaves_at:
            clockwork.posted_s[1] = clockwork.now_s
        before = name
    after_s = clockwork.after_s
    is_lost = first.answer in _LOST
    steps = tuple(
        StepPlan(
            channel=("whatsapp", "sms")[index],
            expiry_s=None if index else EXPIRY_S,
            condition=None if index else first.condition,
            answers=(Answer(kind=step.answer, after_s=after_s.get(f"answer {index}", 0.1)),),
            words=tuple(
                Word(
                    status=word,
                    after_s=after_s[f"{word} {index}"],
                    loses_answer=lost_webhook_answers,
                )
                for word in step.words
                if f"{word} {index}" in after_s
            ),
        )
        for index, step in enumerate((first, second))
    )
    return Realised(
        steps=(steps[0], steps[1]),
        send_timeout_s=after_s["answer 0"] if is_lost else _SEND_TIMEOUT_S,
        ends_s=clockwork.now_s,
    )


def _second_post_of(order: Order, first: Step) -> int | None:
    """Return after which event the second step is sent, None when it never is."""
    step = replace(_Step.of(first), is_open=True)
    has_failed = is_answered = False
    for index, name in enumerate(order):
        if name == "expiry":
            has_failed = True
            step = replace(step, is_open=False)
        elif name.endswith(" 0"):
            step, end = step.takes(name.removesuffix(" 0"))
            has_failed = has_failed or end == "failed"
            is_answered = is_answered or name == "answer 0"
        if has_failed and is_answered:
            return index
    return None
