"""The axes of the small world, multiplied out into plans.

One dispatch of two steps, one process. Nothing is drawn: the seed is the same everywhere, and gives
nothing but identifiers. Every part is a product of axes. Where one leaves something out, it is said
here: what would be the same run again, and what another part has instead.

* `orders`: every order of what is told of both messages, of the answers and of the timers (see
  `orders`), each with every answer of the upstream kept or lost. No process dies.
  Three words of one message only where nothing is told of the other: their orders are many, and
  touch in the same few ways.
* `ties`: every order of a word a message at most in which a word follows a timer at once, with both
  there in one tick.
* `answers`: every way in which the upstream treats the first send × every way in which it treats
  the second × every order of one word a message.
* `terms`: every opt-in setting that the machine reads × every order of a word of the
  first message and up to two of the second.
* `kills`: every order of a word that decides about the first step and one that ends the second ×
  each of five replies kept or lost × every passage of every kill point. What a passage is, the run
  without the kill tells: a kill at a point that is not passed (or not so often) is that run again,
  bit by bit. Words that decide nothing are in `orders`.
* `gaps`: the same kills, away for so long that another grace holds, with no reply lost, each one
  lost alone, and all lost. Which of several were lost together is the axis of `kills`.
* `pairs`: two kills one after the other: every passage, then every passage after it, in three
  orders (met in time, failed over, never met) × the first answer kept or lost.
* `long`: every passage, and away for longer than anything may wait; also where nothing is told of
  either message, so that no repeated webhook comes before the timer.
* `ends`: the process is told to end between any two events, and ends or is killed at the drain.
* `sqlite`: the kills once more over files, all replies kept or all lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

from tests.laboratory.orders import PATIENCE_S, Order, Realised, Step, orders_of, realise
from tests.laboratory.plan import AnswerKind, DispatchPlan, Fault, Plan, StepPlan

Reply: TypeAlias = Literal["first send", "second send", "request", "webhooks", "callbacks"]

REPLIES: Final[tuple[Reply, ...]] = get_args(Reply)
"""The answers that can be lost on their way."""

AT_ONCE_S: Final = 0.0
GAP_S: Final = 20.0
"""How long a process is away, past the expiry and in another class of the grace."""
LONG_GAP_S: Final = 400.0
_STALE_S: Final = 60
_BEGIN_S: Final = 0.5
_CALM_AFTER_S: Final = 120.0
"""Leases, graces and repeats of what was killed or lost lie within it."""
_CALLBACKS_LOST_S: Final = 20.0

_WORDS_OF_FIRST: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "read": (
        (),
        ("submitted",),
        ("delivered",),
        ("read",),
        ("rejected",),
        ("submitted", "read"),
        ("submitted", "rejected"),
        ("delivered", "read"),
        ("delivered", "rejected"),
    ),
    "delivered": (
        (),
        ("delivered",),
        ("undeliverable",),
        ("submitted", "delivered"),
        ("delivered", "undeliverable"),
        ("delivered", "read"),
    ),
}
_WORDS_OF_SECOND: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("submitted",),
    ("delivered",),
    ("rejected",),
)
_NEAR_S: Final = (-0.05, 0.0, 0.05, 0.1)
_TERMS: Final[tuple[Mapping[str, str], ...]] = (
    {"GATEWAY_EXPIRY_STARTS": "intent"},
    {"GATEWAY_RESEND_IN_DOUBT": "last-step-once"},
    {"GATEWAY_REPORT_CORRECTIONS": "true"},
    {"GATEWAY_RESEND_IN_DOUBT": "last-step-once", "GATEWAY_REPORT_CORRECTIONS": "true"},
)
_TIMERS: Final = ("expiry", "horizon")
_UNMESSAGED: Final = frozenset({"lose-request", "fail", "reject"})
_TRIED_AGAIN: Final = frozenset({"unreachable", "throttle", "unauthorised"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One point of a product: all that happens in one run."""

    part: str
    order: Order
    first: Step
    second: Step
    near_s: float | None = None
    lost: frozenset[Reply] = frozenset()
    environ: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    form: Literal["dict", "sqlite"] = "dict"

    @property
    def name(self) -> str:
        """What it is, for people."""
        told = [self.part, f"until {self.first.condition}", " · ".join(self.order)]
        answers = (self.first.answer, self.second.answer)
        told += [f"{answer} {step}" for step, answer in enumerate(answers) if answer != "accept"]
        told += [] if self.near_s is None else [f"tied by {self.near_s} s"]
        told += [f"{reply} lost" for reply in REPLIES if reply in self.lost]
        told += [f"{name}={value}" for name, value in self.environ]
        for fault in self.faults:
            where = f"{fault.point}#{fault.nth}" if fault.point else f"at {fault.at_s} s"
            told.append(f"{fault.kind} {where}, away {fault.for_s} s")
        return ", ".join(told)

    @property
    def is_exact(self) -> bool:
        """Tell whether the order must be found in the history as it stands."""
        is_tried_again = {self.first.answer, self.second.answer} & _TRIED_AGAIN
        resends = any("RESEND" in name for name, _ in self.environ)
        return self.near_s is None and not (self.faults or is_tried_again or resends)

    def realised(self) -> Realised:
        """Return the instants of its order."""
        return realise(
            self.order,
            self.first,
            self.second,
            near_s=self.near_s,
            lost_webhook_answers="webhooks" in self.lost,
            from_intent=("GATEWAY_EXPIRY_STARTS", "intent") in self.environ,
        )

    def plan(self) -> Plan:
        """Return it as a world."""
        realised = self.realised()
        gaps_s = sum(fault.for_s for fault in self.faults)
        faults = self.faults
        if "callbacks" in self.lost:
            faults = (Fault(kind="receiver-forgets", for_s=_CALLBACKS_LOST_S), *faults)
        steps = tuple(_with_retry(step) for step in realised.steps)
        dispatch = DispatchPlan(at_s=_BEGIN_S, steps=steps, loses_answer="request" in self.lost)
        return Plan(
            seed=1,
            form=self.form,
            store_turns=0,
            environ={
                "GATEWAY_HORIZON": str(PATIENCE_S),
                "GATEWAY_IN_DOUBT_GRACE": str(PATIENCE_S),
                "GATEWAY_SEND_RATE": "0",
                "GATEWAY_SEND_TIMEOUT": f"{realised.send_timeout_s:g}",
                **dict(self.environ),
            },
            dispatches=(dispatch,),
            faults=faults,
            chaos_s=_BEGIN_S + realised.ends_s + _CALM_AFTER_S + gaps_s,
        )


def _with_retry(step: StepPlan) -> StepPlan:
    answer = step.answers[0]
    if answer.kind not in _TRIED_AGAIN:
        return step
    return replace(step, answers=(replace(answer, after_s=0.1), replace(answer, kind="accept")))


Passage: TypeAlias = tuple[int, str, int]
"""(life, point, which passage of this point since the beginning)."""


def passages_of(passed: Iterable[tuple[int, str]]) -> list[Passage]:
    """Number what was passed, point by point."""
    counts: dict[str, int] = {}
    found: list[Passage] = []
    for life, point in passed:
        counts[point] = counts.get(point, 0) + 1
        found.append((life, point, counts[point]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One product."""

    name: str
    bases: Callable[[], Iterator[Combination]]
    """What is there before anything dies."""
    gap_s: float | None = None
    """With it every base is killed at every passage, and is away for so long."""
    kills_again: bool = False
    """Whether a second kill follows each, at every passage after it."""
    ends: bool = False
    """Whether the process is told to end between any two events."""

    def kills(self, base: Combination, passages: Sequence[Passage]) -> list[Combination]:
        """Return a base with a kill more, at each of these passages."""
        kills = [
            Fault(kind="kill", point=point, nth=nth, for_s=self.gap_s or 0.0)
            for _, point, nth in passages
        ]
        return [replace(base, faults=(*base.faults, kill)) for kill in kills]


def _pairs_of_steps(
    firsts: Iterable[Step], seconds: Iterable[Step]
) -> Iterator[tuple[Step, Step, Order]]:
    for first, second in itertools.product(firsts, seconds):
        for order in orders_of(first, second):
            # A second step that is never sent is one, whatever would be told of it.
            is_sent = any(name.endswith(" 1") for name in order)
            if is_sent or second == Step():
                yield first, second, order


def _steps(words: Iterable[tuple[str, ...]], *, condition: str = "delivered") -> Iterator[Step]:
    for told in words:
        yield Step(words=told, condition=condition)


def _lose(step: Step, *, is_lost: bool) -> Step:
    return replace(step, answer="lose-answer") if is_lost else step


def _all_orders() -> Iterator[Combination]:
    for condition, words in _WORDS_OF_FIRST.items():
        firsts = [
            _lose(one, is_lost=is_lost)
            for is_lost in (False, True)
            for one in _steps(words, condition=condition)
        ]
        seconds = [
            _lose(one, is_lost=is_lost)
            for is_lost in (False, True)
            for one in _steps(_WORDS_OF_SECOND)
        ]
        for first, second, order in _pairs_of_steps(firsts, seconds):
            yield Combination(part="orders", order=order, first=first, second=second)
    # Three words only where nothing is told of the other message: their orders are many.
    most = ("rejected", "delivered", "undeliverable")
    for first, second, order in _pairs_of_steps([Step()], [Step(words=most)]):
        yield Combination(part="orders", order=order, first=first, second=second)


def _all_ties() -> Iterator[Combination]:
    for base in _all_orders():
        few = len(base.first.words) < 2
        follows = [name for before, name in itertools.pairwise(base.order) if before in _TIMERS]
        if few and any(not name.startswith("answer") for name in follows):
            for near_s in _NEAR_S:
                yield replace(base, part="ties", near_s=near_s)


def _all_answers() -> Iterator[Combination]:
    def steps(words: tuple[tuple[str, ...], ...], condition: str) -> Iterator[Step]:
        for kind in get_args(AnswerKind):
            for told in ((),) if kind in _UNMESSAGED else words:
                yield Step(words=told, answer=kind, condition=condition)

    firsts = steps(((), ("delivered",), ("rejected",)), "delivered")
    seconds = list(steps(((), ("delivered",)), "delivered"))
    for first, second, order in _pairs_of_steps(firsts, seconds):
        yield Combination(part="answers", order=order, first=first, second=second)


def _all_terms() -> Iterator[Combination]:
    firsts = [*_steps(((), ("read",), ("rejected",)), condition="read")]
    told = ((), ("delivered",), ("submitted", "rejected"), ("rejected", "delivered"))
    seconds = [_lose(one, is_lost=is_lost) for is_lost in (False, True) for one in _steps(told)]
    for environ in _TERMS:
        for first, second, order in _pairs_of_steps(firsts, seconds):
            yield Combination(
                part="terms",
                order=order,
                first=first,
                second=second,
                environ=tuple(environ.items()),
            )


def _decisive_orders() -> Iterator[tuple[Step, Step, Order]]:
    firsts = _steps((("read",), ("rejected",)), condition="read")
    for first, second in itertools.product(firsts, [Step(words=("delivered",))]):
        for order in orders_of(first, second):
            yield first, second, order


def _losses(order: Order, choices: Sequence[Reply]) -> Iterator[frozenset[Reply]]:
    """Yield every set of replies that are lost; of a send that is never made none can be."""
    is_sent = any(name.endswith(" 1") for name in order)
    possible = [one for one in choices if one != "second send" or is_sent]
    for kept in itertools.product((False, True), repeat=len(possible)):
        yield frozenset(itertools.compress(possible, kept))


def _all_losses() -> Iterator[Combination]:
    for first, second, order in _decisive_orders():
        for lost in _losses(order, REPLIES):
            yield Combination(
                part="kills",
                order=order,
                first=_lose(first, is_lost="first send" in lost),
                second=_lose(second, is_lost="second send" in lost),
                lost=lost,
            )


def _without_losses(part: str) -> Iterator[Combination]:
    for first, second, order in _decisive_orders():
        yield Combination(part=part, order=order, first=first, second=second)


def _after_a_gap() -> Iterator[Combination]:
    for base in _all_losses():
        is_sent = any(name.endswith(" 1") for name in base.order)
        if len(base.lost) < 2 or len(base.lost) == len(REPLIES) - (not is_sent):
            yield replace(base, part="gaps")


def _long_lives() -> Iterator[Combination]:
    """Yield three orders, with the first answer kept and lost: met, failed over, never met."""
    orders = {
        ("answer 0", "read 0"),
        ("answer 0", "expiry", "answer 1", "read 0", "delivered 1"),
        ("answer 0", "expiry", "answer 1", "horizon", "read 0", "delivered 1"),
    }
    for base in _all_losses():
        if base.order in orders and base.lost <= {"first send"}:
            yield replace(base, part="pairs")


def _over_files() -> Iterator[Combination]:
    for base in _all_losses():
        if len(base.lost) in (0, len(REPLIES)):
            yield replace(base, part="sqlite", form="sqlite")


def _outdated() -> Iterator[Combination]:
    untold = [
        Combination(part="long", order=order, first=first, second=second)
        for first, second, order in _pairs_of_steps([Step(condition="read")], [Step()])
    ]
    for base in (*_without_losses("long"), *untold):
        yield replace(base, environ=(("GATEWAY_STALE_AFTER", str(_STALE_S)),))


PARTS: Final = (
    Part(name="orders", bases=_all_orders),
    Part(name="ties", bases=_all_ties),
    Part(name="answers", bases=_all_answers),
    Part(name="terms", bases=_all_terms),
    Part(name="kills", bases=_all_losses, gap_s=AT_ONCE_S),
    Part(name="gaps", bases=_after_a_gap, gap_s=GAP_S),
    Part(name="pairs", bases=_long_lives, gap_s=AT_ONCE_S, kills_again=True),
    Part(name="long", bases=_outdated, gap_s=LONG_GAP_S),
    Part(name="ends", bases=lambda: _without_losses("ends"), ends=True),
    Part(name="sqlite", bases=_over_files, gap_s=AT_ONCE_S),
)
"""All of the small world."""


def ends_of(base: Combination) -> Iterator[Combination]:
    """Yield a base in which the process is told to end between any two events, and how it does."""
    instants = sorted(
        {
            _BEGIN_S + 0.3 + 0.5 * slot
            for slot in range(2 + int(2 * min(base.realised().ends_s, 25.0)))
        }
    )
    for at_s, gap_s, is_killed in itertools.product(instants, (AT_ONCE_S, GAP_S), (False, True)):
        told = Fault(kind="end", at_s=at_s, for_s=gap_s)
        killed = Fault(kind="kill", point="drain", for_s=gap_s)
        yield replace(base, faults=(told, killed) if is_killed else (told,))
