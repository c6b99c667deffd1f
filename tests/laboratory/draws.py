"""Draw a plan from a seed, swarm style: each seed has some kinds of faults, and not the others.

A world in which everything goes wrong at once tests the few things that still happen in it. So a
seed first draws which kinds may occur and how often; some are calm, some are a nightmare of one
kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final, Literal, TypeVar, get_args

from tests.laboratory.plan import (
    Answer,
    AnswerKind,
    DispatchPlan,
    Fault,
    FaultKind,
    Plan,
    StepPlan,
    WindowKind,
    Word,
)
from tests.laboratory.points import KILL_POINTS

T = TypeVar("T")

_CHANNELS: Final = ("whatsapp", "viber_service_msg", "messenger", "sms")
_ODD_ANSWERS: Final[tuple[AnswerKind, ...]] = (
    "lose-answer",
    "lose-request",
    "unreachable",
    "throttle",
    "unauthorised",
    "reject",
    "fail",
    "fail-after-sending",
    "garbage",
)
_WINDOWS: Final[tuple[FaultKind, ...]] = get_args(WindowKind)
_RECEIVERS: Final = frozenset(kind for kind in _WINDOWS if kind.startswith("receiver-"))
_STOPPED_AT_POINTS: Final = 0.12
_HELD_AT: Final = ("send-before-intent", "send-after-intent", "callback-before-post")
"""Where somebody holds an item, and acts on it next."""
_DEATHS: Final[tuple[FaultKind, ...]] = ("kill", "kill", "kill", "end", "stop", "power")
_GAPS_S: Final = (0.0, 1.0, 4.0, 20.0, 64.0, 120.0, 400.0)
"""How long a process is away: each class of the grace, and its edges."""
_CALM: Final = 1 / 12
"""How many seeds have no fault and no detour: only there nothing may wait (`judge.promptness`)."""
_EXPIRIES_S: Final = (15, 20, 30, 60, 120, 300, 600)


def draw(seed: int) -> Plan:
    """Return the plan of a seed; the same one every time."""
    return _Draws(seed).plan()


class _Draws:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = Random(seed)
        self._is_calm = self._chance(_CALM)
        kinds = self._some(_WINDOWS)
        self._random.shuffle(kinds)
        self._windows = [] if self._chance(0.3) else kinds[: 1 + self._random.randrange(3)]
        self._deaths = [] if self._chance(0.25) else self._some(_DEATHS) or ["kill"]
        self._odd_answers = [] if self._chance(0.4) else self._some(_ODD_ANSWERS)
        self._odd_rate = self._pick((0.1, 0.3, 0.7)) if self._odd_answers else 0.0
        self._is_rough = self._chance(0.5)  # whether the vendor repeats, reorders and overtakes
        self._span_s = self._pick((30.0, 120.0, 600.0))
        self._asks_s: list[float] = []
        self._form: Literal["dict", "sqlite"] = "sqlite" if self._chance(0.25) else "dict"
        if self._form == "sqlite":
            # Nothing lies between a process and its file that could be away.
            self._windows = [kind for kind in self._windows if kind != "store-down"]
            if self._chance(0.5):
                self._deaths.append("power")

    def plan(self) -> Plan:
        environ = self._environ()
        processes = 1 if self._form == "sqlite" else self._pick((1, 1, 1, 2, 3))
        return Plan(
            seed=self.seed,
            form=self._form,
            processes=processes,
            tick_s=self._pick((0.02, 0.1, 0.5, 2.0)),
            store_turns=self._pick((0, 1, 3)),
            rhythm=self._pick(("doubling", "steps")),
            detours=0.0 if self._is_calm else self._pick((0.0, 0.0, 0.05, 0.3)),
            has_public_url=self._chance(0.9),
            environ=environ,
            dispatches=tuple(self._dispatch() for _ in range(self._pick((1, 2, 3, 4, 4, 6, 8)))),
            faults=tuple(
                sorted(
                    [*self._faults(processes, environ), *self._stops_at_points(processes)],
                    key=lambda one: one.at_s,
                )
            ),
        )

    def _environ(self) -> dict[str, str]:
        environ = {"GATEWAY_SEND_RATE": self._pick(("0", "0", "30", "2"))}
        choices: dict[str, tuple[str, ...]] = {
            "GATEWAY_EXPIRY_STARTS": ("intent",),
            "GATEWAY_IN_DOUBT_GRACE": ("5", "60"),
            "GATEWAY_HORIZON": ("60", "600"),
            "GATEWAY_SEND_BUDGET": ("0", "10", "120"),
            "GATEWAY_WHILE_MUTE": ("hold",),
            "GATEWAY_CALLBACK_SCHEDULE": ("standard",),
            "GATEWAY_RESEND_IN_DOUBT": ("last-step-once",),
            "GATEWAY_REPORT_CORRECTIONS": ("true",),
            "GATEWAY_UNHEARD_HOLD": ("0", "60"),
            "GATEWAY_STALE_AFTER": ("60",),
            "GATEWAY_CALLBACK_CONCURRENCY": ("1",),
            "GATEWAY_SEND_CONCURRENCY": ("1",),
            "GATEWAY_SEND_TIMEOUT": ("0.5",),
            "GATEWAY_CLOCK": ("checked",),
        }
        for name, values in choices.items():
            if self._chance(0.12):
                environ[name] = self._pick(values)
        if self._chance(0.4 if _RECEIVERS & {*self._windows} else 0.05):
            environ["GATEWAY_ORDER_PATIENCE"] = self._pick(("strict", "0", "5"))
        # The patience with a last step is three days: seldom worth the time here.
        if "GATEWAY_HORIZON" not in environ and not self._chance(0.005):
            environ["GATEWAY_HORIZON"] = "900"
        return environ

    def _dispatch(self) -> DispatchPlan:
        count = self._pick((1, 2, 2, 2, 3))
        has_key = self._chance(0.6)
        at_s = round(self._random.random() * self._span_s / 2, 3)
        self._asks_s.append(at_s)
        return DispatchPlan(
            at_s=at_s,
            steps=tuple(self._step(is_last=index + 1 == count) for index in range(count)),
            has_key=has_key,
            copies=3 if has_key and self._chance(0.1) else 1,
            account=int(self._chance(0.2)),
            loses_answer=not self._is_calm and self._chance(0.15),
        )

    def _step(self, *, is_last: bool) -> StepPlan:
        expiry_s = None if is_last else self._pick(_EXPIRIES_S)
        return StepPlan(
            channel=self._pick(_CHANNELS),
            expiry_s=expiry_s,
            condition=None if is_last else self._pick(("delivered", "read")),
            answers=(*tuple(self._answer() for _ in range(self._pick((1, 1, 2, 4)))), Answer()),
            words=self._words(expiry_s or self._pick(_EXPIRIES_S)),
        )

    def _answer(self) -> Answer:
        after_s = self._pick((0.01, 0.1, 0.1, 0.6, 3.0, 9.0))
        if self._chance(self._odd_rate):
            return Answer(kind=self._pick(self._odd_answers), after_s=after_s)
        return Answer(after_s=after_s)

    def _words(self, expiry_s: int) -> tuple[Word, ...]:
        told = self._pick(
            (
                ("submitted", "delivered", "read"),
                ("submitted", "delivered"),
                ("submitted",),
                ("submitted", "rejected"),
                ("undeliverable",),
                (),
                ("submitted", "delivered", "rejected"),
                ("submitted", "undeliverable", "delivered"),
            )
        )
        # Before the answer, soon, around the expiry to the tick, and long after it.
        instants = (0.005, 0.05, 1.0, expiry_s * 0.5, expiry_s - 0.1, float(expiry_s))
        late = (expiry_s + 0.1, expiry_s + 30.0, expiry_s * 3.0)
        words: list[Word] = []
        at_s = 0.0
        for status in told:
            drawn_s = self._pick(instants if self._chance(0.8) else late)
            at_s = drawn_s if self._is_rough and self._chance(0.4) else max(at_s, drawn_s)
            words.append(
                Word(
                    status=status,
                    after_s=at_s,
                    repeats=self._random.randrange(3) if self._is_rough else 0,
                    loses_answer=self._is_rough and self._chance(0.15),
                    unheard=1 if self._is_rough and self._chance(0.05) else 0,
                )
            )
        return tuple(words)

    def _faults(self, processes: int, environ: dict[str, str]) -> list[Fault]:
        faults: list[Fault] = []
        if self._is_calm:
            return faults
        for kind in self._windows:
            for _ in range(1 + self._random.randrange(2)):
                for_s = self._pick((1.0, 8.0, 40.0, 200.0, 900.0))
                if kind == "store-down":
                    for_s = min(for_s, 400.0)
                faults.append(Fault(kind=kind, at_s=self._instant_s(), for_s=for_s))
        if "store-down" in self._windows:
            for _ in range(self._random.randrange(6)):
                faults.append(
                    Fault(
                        kind="store-unknown",
                        # Half of them for what somebody just asked.
                        at_s=self._pick((self._instant_s(), self._pick(self._asks_s))),
                        nth=self._pick((1, 1, 2, 3, 4, 5)),
                        is_applied=self._chance(0.5),
                    )
                )
        for kind in self._deaths:
            for _ in range(1 + self._random.randrange(3)):
                faults.append(self._death(kind, processes))
        if self._deaths and self._chance(0.15):
            faults += self._deaths_in_a_row(processes)
        if self._chance(0.08):
            faults.append(
                Fault(
                    kind="wrong-secret",
                    at_s=self._pick((0.0, self._instant_s())),
                    account=int(self._chance(0.3)),
                    for_s=self._pick((40.0, 300.0, 2000.0)),
                    by_reload=self._chance(0.5),
                )
            )
        if environ.get("GATEWAY_CLOCK") == "checked" and self._chance(0.7):
            offset_s = self._pick((-7200, -40, 40, 7200))
            at_s = self._pick((0.0, self._instant_s()))
            faults.append(Fault(kind="clock-wrong", at_s=at_s, offset_s=offset_s))
            # Whoever runs does not notice: a clock is read at a start.
            for process in range(processes) if at_s else ():
                for_s = self._pick(_GAPS_S)
                faults.append(Fault(kind="kill", at_s=at_s + 1, for_s=for_s, process=process))
        return faults

    def _stops_at_points(self, processes: int) -> list[Fault]:
        """Have a process stopped for longer than a lease while it holds what it is about to do.

        Drawn apart, so that all else of a seed stays as it is without.
        """
        chance = Random(f"stops at points of {self.seed}")
        if self._is_calm or processes > 1 or chance.random() >= _STOPPED_AT_POINTS:
            return []
        return [
            Fault(
                kind="stop",
                for_s=chance.choice((40.0, 64.0, 120.0)),
                point=chance.choice(_HELD_AT),
                nth=1 + chance.randrange(4),
            )
            for _ in range(1 + chance.randrange(2))
        ]

    def _deaths_in_a_row(self, processes: int) -> list[Fault]:
        """Have all processes killed, and the next lives, too, while they hold what they missed."""
        at_s, away_s = self._instant_s(), self._pick(_GAPS_S)
        soon_s = self._pick((0.0, 1.0, 4.0))
        return [
            one
            for process in range(processes)
            for one in (
                Fault(kind="kill", at_s=at_s, for_s=away_s, process=process),
                Fault(
                    kind="kill",
                    at_s=at_s,
                    for_s=soon_s,
                    process=process,
                    point="hold-before-commit",
                ),
            )
        ]

    def _death(self, kind: FaultKind, processes: int) -> Fault:
        # Several processes know nothing of one another's silence yet: none of them is stopped.
        if kind == "stop" and processes > 1:
            kind = "kill"
        fault = Fault(
            kind=kind,
            at_s=self._instant_s(),
            for_s=self._pick(_GAPS_S),
            process=self._random.randrange(processes),
        )
        if kind not in ("kill", "power"):
            return fault
        if kind == "power" and self._chance(0.5):
            return replace(fault, writes=self._random.randrange(150))
        by_point = self._chance(0.7)
        return Fault(
            kind=kind,
            at_s=fault.at_s if self._chance(0.5) else 0.0,
            for_s=fault.for_s,
            process=fault.process,
            point=self._pick(KILL_POINTS) if by_point else None,
            nth=1 + self._random.randrange(4),
            turns=None if by_point else self._random.randrange(400),
        )

    def _instant_s(self) -> float:
        return round(self._random.random() * self._span_s, 3)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _pick(self, among: Sequence[T]) -> T:
        return self._random.choice(among)

    def _some(self, among: Sequence[T]) -> list[T]:
        return [one for one in among if self._chance(0.35)]
