"""The whole life of a dispatch, in any order the outside world can bring it about.

The model of the outside is small: an outbox that owes an outcome for every step handed to it, the
timers that decisions set and dropped, the messages that may exist, and the causes the store has
spent. Hypothesis plays the world; the invariants are what the gateway promises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from functools import reduce

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.core.decide import RANK, Decision, decide
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
    StatusReport,
)
from gateway.core.state import (
    Dispatch,
    DispatchStatus,
    ExpiryStart,
    Reason,
    Step,
    StepStatus,
    Terms,
    TimerKind,
    Usage,
)

BIRTH_MS = 1_738_584_000_000
IN_FLIGHT = {StepStatus.SENDING, StepStatus.WAITING, StepStatus.UNKNOWN}
FAILED = {StepStatus.EXPIRED, StepStatus.REJECTED}
UNHEARD = {Reason.OTHER_MESSAGE, Reason.NOT_SENT_YET}
FIRES: dict[TimerKind, type[ExpiryReached | HorizonReached]] = {
    TimerKind.EXPIRY: ExpiryReached,
    TimerKind.HORIZON: HorizonReached,
}

Timer = tuple[int, TimerKind, int]

conditional_steps = st.builds(
    Step,
    channel=st.just("whatsapp"),
    condition=st.sampled_from(("delivered", "read")),
    expiry_s=st.sampled_from((15, 600)),
)
terms = st.builds(
    Terms,
    expiry_start=st.sampled_from(ExpiryStart),
    resends_in_doubt=st.booleans(),
    corrects_reports=st.booleans(),
)
words = st.sampled_from(("submitted", "delivered", "read", "rejected", "undeliverable", "accepted"))
picks = st.integers(min_value=0, max_value=7)
"""Which of the things at hand, counted around."""


class Life(RuleBasedStateMachine):
    """One dispatch and the world around it."""

    @initialize(steps=st.lists(conditional_steps, max_size=3), terms=terms)
    def the_caller_dispatches(self, steps: list[Step], terms: Terms) -> None:
        self.born = Dispatch(dispatch_uuid="D", steps=(*steps, Step(channel="sms")), terms=terms)
        self.state = self.born
        self.now_ms = BIRTH_MS
        self.owed: list[tuple[int, str, int]] = []
        self.messages: list[tuple[int, str]] = []
        self.timers: set[Timer] = set()
        self.dropped: list[Timer] = []
        self.spent: set[Hashable] = set()
        self.heard: list[StatusReceived] = []
        self.story: list[tuple[Event, int]] = []
        self.asked: Counter[object] = Counter()
        self.reports: list[PostReport] = []
        self.observe("request", DispatchAccepted())

    # The world.

    @rule(seconds=st.sampled_from((0, 1, 60, 1000)))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += 1000 * seconds

    @precondition(lambda self: self.owed)
    @rule(pick=picks)
    def the_upstream_accepts(self, pick: int) -> None:
        step, message_uuid, begun_ms = self.owed.pop(pick % len(self.owed))
        self.observe(
            ("outcome", message_uuid),
            SendAccepted(
                step=step,
                message_uuid=message_uuid,
                intent_ms=begun_ms,
                accepted_ms=self.now_ms,
            ),
        )

    @precondition(lambda self: self.owed)
    @rule(pick=picks)
    def the_upstream_refuses(self, pick: int) -> None:
        step, message_uuid, _ = self.owed.pop(pick % len(self.owed))
        self.observe(
            ("outcome", message_uuid), SendRefused(step=step, code=1120, reason="Illegal Sender")
        )

    @precondition(lambda self: self.owed)
    @rule(pick=picks)
    def the_answer_is_lost(self, pick: int) -> None:
        step, message_uuid, begun_ms = self.owed.pop(pick % len(self.owed))
        self.observe(
            ("outcome", message_uuid),
            SendUnconfirmed(step=step, intent_ms=begun_ms, cause="read-timeout"),
        )

    @rule(pick=picks, word=words, stamp=st.integers(0, 1), charged=st.booleans())
    def a_webhook_arrives(self, pick: int, word: str, stamp: int, charged: bool) -> None:
        step, message_uuid = self.messages[pick % len(self.messages)]
        report = StatusReport(
            status=word,
            message_uuid=message_uuid,
            timestamp=str(stamp),
            usage=Usage(currency="EUR", price="0.0333") if charged else None,
        )
        cause = (message_uuid, word, stamp)
        self.observe(cause, StatusReceived(step=step, report=report))

    @rule(pick=picks, word=words)
    def a_webhook_about_another_message_arrives(self, pick: int, word: str) -> None:
        step = pick % len(self.state.steps)
        report = StatusReport(status=word, message_uuid="X")
        self.observe(("X", step, word), StatusReceived(step=step, report=report))

    @precondition(lambda self: self.timers)
    @rule(late_ms=st.sampled_from((0, 5000)))
    def the_timer_fires(self, late_ms: int) -> None:
        (timer,) = self.timers
        self.fire(timer, late_ms)

    @precondition(lambda self: self.dropped)
    @rule(pick=picks)
    def a_dropped_timer_fires(self, pick: int) -> None:
        self.fire(self.dropped[pick % len(self.dropped)], 0)

    @precondition(lambda self: self.heard)
    @rule(pick=picks)
    def a_repeated_webhook_slips_past_the_store(self, pick: int) -> None:
        event = self.heard[pick % len(self.heard)]
        self.observe(object(), event)
        self.check_without_consequence(decide(self.state, event, self.now_ms))

    # The gateway: one event, one decision, one commit.

    def fire(self, timer: Timer, late_ms: int) -> None:
        step, kind, due_ms = timer
        self.now_ms = max(self.now_ms, due_ms + late_ms)
        self.timers.discard(timer)
        self.observe(object(), FIRES[kind](step=step, due_ms=due_ms))

    def observe(self, cause: Hashable, event: Event) -> None:
        """Decide and commit, unless the cause was spent before."""
        if cause in self.spent:
            return
        self.spent.add(cause)
        before, decision = self.state, decide(self.state, event, self.now_ms)
        self.state = decision.state
        self.story.append((event, self.now_ms))
        self.asked.update(type(effect) for effect in decision.effects)
        self.reports += [e for e in decision.effects if isinstance(e, PostReport)]
        self.carry_out(decision)
        if isinstance(event, StatusReceived):
            self.heard.append(event)
            told = [e.report for e in decision.effects if isinstance(e, PostStatus)]
            assert told == [event.report] * (decision.ignored not in UNHEARD)
        if before.status is not DispatchStatus.OPEN:
            corrects = before.status is not self.state.status
            allowed = {PostStatus, BindMessage} | ({PostReport} if corrects else set())
            assert {type(e) for e in decision.effects} <= allowed
        for old, new in zip(before.steps, self.state.steps, strict=True):
            assert RANK.get(new.reported or "", 0) >= RANK.get(old.reported or "", 0)
        self.check_without_consequence(decide(self.state, event, self.now_ms))

    def carry_out(self, decision: Decision) -> None:
        for effect in decision.effects:
            match effect:
                case SendStep(step=step):
                    message_uuid = f"M{len(self.messages)}"
                    self.messages.append((step, message_uuid))
                    self.owed.append((step, message_uuid, self.now_ms))
                case SetTimer(step=step, kind=kind, due_ms=due_ms):
                    self.timers.add((step, kind, due_ms))
                case CancelTimer(step=step, kind=kind, due_ms=due_ms):
                    self.timers.discard((step, kind, due_ms))
                    self.dropped.append((step, kind, due_ms))
                case _:
                    pass

    def check_without_consequence(self, repeated: Decision) -> None:
        """The same event once more moves nothing, even if the store did not catch it."""
        assert repeated.state.status is self.state.status
        assert [s.status for s in repeated.state.steps] == [s.status for s in self.state.steps]
        assert {type(e) for e in repeated.effects} <= {PostStatus, BindMessage}

    # The promises.

    @property
    def is_corrected(self) -> bool:
        return len(self.reports) > 1

    @invariant()
    def closed_stays_closed_and_is_reported_once(self) -> None:
        told = [(report.status, report.is_correction) for report in self.reports]
        is_open = self.state.status is DispatchStatus.OPEN
        assert told[-1:] == ([] if is_open else [(self.state.status, self.is_corrected)])
        assert told[:-1] == [(DispatchStatus.ERROR, False)] * self.is_corrected
        assert self.born.terms.corrects_reports or not self.is_corrected

    @invariant()
    def the_steps_are_walked_one_by_one(self) -> None:
        statuses = [step.status for step in self.state.steps]
        reached = [status for status in statuses if status is not StepStatus.PENDING]
        assert statuses[len(reached) :] == [StepStatus.PENDING] * (len(statuses) - len(reached))
        assert self.is_corrected or FAILED.issuperset(reached[:-1])

    @invariant()
    def the_end_agrees_with_the_steps(self) -> None:
        reached = [s.status for s in self.state.steps if s.status is not StepStatus.PENDING]
        ended_as = {
            DispatchStatus.OPEN: reached[-1] in IN_FLIGHT,
            DispatchStatus.COMPLETED: reached.count(StepStatus.MET) == 1
            and (self.is_corrected or reached[-1] is StepStatus.MET),
            DispatchStatus.ERROR: len(reached) == len(self.state.steps) and reached[-1] in FAILED,
        }
        assert ended_as[self.state.status]

    @invariant()
    def nobody_is_messaged_twice_without_permission(self) -> None:
        sends = Counter(step for step, _ in self.messages)
        *others, last = [sends[index] for index in range(len(self.state.steps))]
        assert max(others, default=0) <= 1
        assert last <= 1 + self.state.terms.resends_in_doubt

    @invariant()
    def one_timer_runs_exactly_while_an_answer_is_awaited(self) -> None:
        awaited = {
            (index, TimerKind.HORIZON if self.state.is_last(index) else TimerKind.EXPIRY, due_ms)
            for index, step in enumerate(self.state.steps)
            if step.status in (StepStatus.WAITING, StepStatus.UNKNOWN)
            and (due_ms := step.deadline_ms) is not None
        }
        in_flight = [s.status for s in self.state.steps if s.status in IN_FLIGHT]
        assert self.timers == awaited
        assert len(awaited) == len(in_flight) - in_flight.count(StepStatus.SENDING)

    def teardown(self) -> None:
        """Play a quiet end: every dispatch is reported, and its history explains it."""
        if not hasattr(self, "born"):
            return
        while self.owed:
            self.the_answer_is_lost(0)
        for _ in range(len(self.state.steps) + 1):
            for timer in tuple(self.timers):
                self.fire(timer, 0)
            while self.owed:
                self.the_answer_is_lost(0)
        assert self.state.status is not DispatchStatus.OPEN
        replayed = reduce(lambda s, told: decide(s, *told).state, self.story, self.born)
        assert replayed == self.state


def test_a_dispatch_keeps_its_promises_whatever_happens() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=100,
            stateful_step_count=25,
            derandomize=True,
            database=None,
            deadline=None,
        ),
    )
