"""What happens in one seed, as data: who asks for what, what the world answers, what goes wrong.

Everything is drawn before the run, so that a plan can be read, shrunk and kept as a file. Times are
seconds since the beginning of the world; probabilities have become facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

AnswerKind: TypeAlias = Literal[
    "accept",
    "lose-answer",
    "lose-request",
    "unreachable",
    "throttle",
    "unauthorised",
    "reject",
    "fail",
    "fail-after-sending",
    "garbage",
]
"""How the upstream treats one POST; `fail` and `garbage` do not send, `…-after-sending` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What becomes of one POST of a step."""

    kind: AnswerKind = "accept"
    after_s: float = 0.1
    """From the last byte of the request to the first of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One status that the vendor tells of a message."""

    status: str
    after_s: float
    """From when the person was messaged; less than the answer takes is a webhook that overtakes."""
    repeats: int = 0
    """How often it is told again though it was taken."""
    unheard: int = 0
    """How many of the first attempts the network loses."""
    loses_answer: bool = False
    """Whether our first 200 is lost on its way back, so that it comes again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One step of a workflow, and what becomes of it."""

    channel: str
    expiry_s: int | None = None
    condition: str | None = None
    answers: tuple[Answer, ...] = (Answer(),)
    """By attempt; the last one answers all that follow."""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchPlan:
    """One workflow and its caller."""

    at_s: float
    steps: tuple[StepPlan, ...]
    has_key: bool = True
    """With an `Idempotency-Key` the caller repeats until a 202; without one it never does."""
    copies: int = 1
    """How many requests with the key are under way at once."""
    account: int = 0
    loses_answer: bool = False
    """Whether the first 202 is lost on its way back, so that the caller repeats."""


WindowKind: TypeAlias = Literal[
    "store-down",
    "upstream-down",
    "upstream-throttles",
    "upstream-unauthorised",
    "vendor-silent",
    "webhooks-lost",
    "receiver-down",
    "receiver-fails",
    "receiver-missing",
    "receiver-refuses",
    "receiver-gone",
    "receiver-hangs",
    "receiver-forgets",
]
"""What lasts for a while, and is looked at by whom it concerns."""

FaultKind: TypeAlias = (
    WindowKind
    | Literal["kill", "power", "end", "stop", "store-unknown", "wrong-secret", "clock-wrong"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    kind: FaultKind
    at_s: float = 0.0
    for_s: float = 0.0
    """How long it lasts; of a kill, how long until the process is started again."""
    process: int = 0
    point: str | None = None
    """A kill waits from `at_s` on for this point to be reached…"""
    nth: int = 1
    """…for the n-th time; of `store-unknown`, the n-th write from `at_s` on."""
    turns: int | None = None
    """A kill comes so many turns of the process after `at_s`, in the middle of whatever it does."""
    writes: int | None = None
    """The power goes so many changes of a file after `at_s`, in the middle of what is written."""
    offset_s: int = 0
    """By how much the clock of a machine is wrong."""
    is_applied: bool = False
    """Whether a write of unknown outcome happened."""
    by_reload: bool = False
    """Whether a wrong secret is put right without a restart."""
    account: int = 0
    """Whose secret is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One world."""

    seed: int
    form: Literal["dict", "sqlite"] = "dict"
    processes: int = 1
    tick_s: float = 0.1
    store_turns: int = 1
    """How many turns of the loop an operation of the store takes at most, on its way and back."""
    rhythm: Literal["doubling", "steps"] = "doubling"
    """How the vendor repeats: 5 s doubling to 15 min, or 5 s, 1, 5 and 15 min."""
    detours: float = 0.0
    """How often our own code takes a rare way."""
    has_public_url: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)
    dispatches: tuple[DispatchPlan, ...] = ()
    faults: tuple[Fault, ...] = ()
    chaos_s: float = 30.0
    """For how long things go wrong at least, also beside the faults."""

    def to_json(self) -> str:
        """Return the plan as a document that `from_json` reads."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        known = json.loads(text)
        known["dispatches"] = _all(_dispatch, known["dispatches"])
        known["faults"] = _all(lambda one: Fault(**one), known["faults"])
        return cls(**known)


def _dispatch(known: dict[str, Any]) -> DispatchPlan:
    return DispatchPlan(**{**known, "steps": _all(_step, known["steps"])})


def _step(known: dict[str, Any]) -> StepPlan:
    answers = _all(lambda one: Answer(**one), known["answers"])
    words = _all(lambda one: Word(**one), known["words"])
    return StepPlan(**{**known, "answers": answers, "words": words})


def _all(read: Any, found: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(read(one) for one in found)
