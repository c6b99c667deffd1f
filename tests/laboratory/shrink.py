"""Make a plan that breaks a promise smaller, as long as it still breaks it.

What is left is what the violation needs: the dispatch, the two or three faults and the settings
without which it does not come about. Everything is tried by running it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from tests.laboratory.attempt import attempt
from tests.laboratory.plan import Answer, DispatchPlan, Fault, Plan, StepPlan, Word
from tests.laboratory.tally import kind_of

T = TypeVar("T")

_LONGEST_S: Final = 20.0
"""Processor time of one trial."""
_PLAIN: Final[dict[type[Any], dict[str, Any]]] = {
    Plan: {
        "processes": 1,
        "form": "dict",
        "store_turns": 0,
        "detours": 0.0,
        "has_public_url": True,
        "rhythm": "doubling",
        "tick_s": 0.1,
    },
    DispatchPlan: {"copies": 1, "account": 0, "has_key": True},
    StepPlan: {"channel": "sms", "expiry_s": 15, "condition": "delivered"},
    Answer: {"kind": "accept", "after_s": 0.1},
    Word: {"repeats": 0, "unheard": 0, "loses_answer": False},
    Fault: {"nth": 1, "process": 0, "is_applied": False, "by_reload": False},
}
"""What each part is like where nothing is special about it."""
_NUMBERS: Final[dict[type[Any], tuple[str, ...]]] = {
    DispatchPlan: ("at_s",),
    Word: ("after_s",),
    Fault: ("at_s", "for_s", "turns", "writes"),
}
"""Numbers for which less, and rounder, is simpler."""


def breaks(kind: str) -> Callable[[Plan], bool]:
    """Return what tells whether a plan breaks a promise of this kind (`tally.kind_of`)."""

    def tell(plan: Plan) -> bool:
        violations = attempt(plan, longest_s=_LONGEST_S).violations
        return any(kind_of(one) == kind for one in violations)

    return tell


def shrink(plan: Plan, fails: Callable[[Plan], bool], *, for_s: float) -> Plan:
    """Return the smallest plan that was found to fail within a time.

    Args:
        plan: one that fails.
        fails: runs a plan, and tells whether it fails in the same way.
        for_s: how long to try; the plan is only ever replaced by one that fails, so that the
            result holds whenever it ends.
    """
    return _Shrinker(fails, ends_s=time.monotonic() + for_s).shrink(plan)


class _Shrinker:
    def __init__(self, fails: Callable[[Plan], bool], *, ends_s: float) -> None:
        self._fails = fails
        self._ends_s = ends_s
        self._known: dict[str, bool] = {}

    def shrink(self, plan: Plan) -> Plan:
        while True:
            before = plan
            plan = self._fewer(plan, "faults")
            plan = self._fewer(plan, "dispatches", least=1)
            plan = self._fewer_settings(plan)
            plan = self._fewer_parts(plan)
            for place in _places(plan):
                plan = self._plainer(plan, place)
            if plan == before:
                return plan

    def _try(self, plan: Plan) -> bool:
        key = plan.to_json()
        if key not in self._known:
            if time.monotonic() > self._ends_s:
                return False
            self._known[key] = self._fails(plan)
        return self._known[key]

    def _fewer(self, plan: Plan, name: str, *, least: int = 0, place: _Place | None = None) -> Plan:
        """Leave out what can be left out of a list: halves first, then ever less at once."""
        place = place or _Place()
        size = max(1, len(getattr(place.of(plan), name)) // 2)
        while True:
            index = 0
            while index < len(items := getattr(place.of(plan), name)):
                rest = items[:index] + items[index + size :]
                candidate = place.put(plan, replace(place.of(plan), **{name: rest}))
                if len(rest) >= least and self._try(candidate):
                    plan = candidate
                else:
                    index += size
            if size == 1:
                return plan
            size //= 2

    def _fewer_settings(self, plan: Plan) -> Plan:
        for name in tuple(plan.environ):
            rest = {key: value for key, value in plan.environ.items() if key != name}
            candidate = replace(plan, environ=rest)
            plan = candidate if self._try(candidate) else plan
        return plan

    def _fewer_parts(self, plan: Plan) -> Plan:
        for number in range(len(plan.dispatches)):
            plan = self._fewer_steps(plan, number)
            for step in range(len(plan.dispatches[number].steps)):
                place = _Place("dispatches", number, "steps", step)
                plan = self._fewer(plan, "words", place=place)
                plan = self._fewer(plan, "answers", least=1, place=place)
        return plan

    def _fewer_steps(self, plan: Plan, number: int) -> Plan:
        place = _Place("dispatches", number)
        index = 0
        while index < len(steps := place.of(plan).steps):
            rest = [*steps[:index], *steps[index + 1 :]]
            if rest:
                rest[-1] = replace(rest[-1], expiry_s=None, condition=None)
            candidate = place.put(plan, replace(place.of(plan), steps=tuple(rest)))
            if rest and self._try(candidate):
                plan = candidate
            else:
                index += 1
        return plan

    def _plainer(self, plan: Plan, place: _Place) -> Plan:
        """Make one part as plain as it can be."""
        kind = type(place.of(plan))
        for name, plain in _PLAIN.get(kind, {}).items():
            if getattr(place.of(plan), name, None) is not None:
                plan = self._set(plan, place, name, [plain])
        for name in _NUMBERS.get(kind, ()):
            if getattr(place.of(plan), name, None) is not None:
                plan = self._set(plan, place, name, _less(getattr(place.of(plan), name)))
        return plan

    def _set(self, plan: Plan, place: _Place, name: str, values: Sequence[Any]) -> Plan:
        """Give a field the first of these values with which the plan still fails."""
        part = place.of(plan)
        for value in values:
            if value == getattr(part, name):
                continue
            candidate = place.put(plan, replace(part, **{name: value}))
            if self._try(candidate):
                return candidate
        return plan


class _Place:
    """The way from a plan to one of its parts: names of fields and positions, by turns."""

    def __init__(self, *way: str | int) -> None:
        self._way = way

    def of(self, plan: Plan) -> Any:
        part: Any = plan
        for one in self._way:
            part = part[one] if isinstance(one, int) else getattr(part, one)
        return part

    def put(self, plan: Plan, part: Any) -> Plan:
        whole: Plan = _put(plan, self._way, part)
        return whole


def _put(whole: Any, way: tuple[str | int, ...], part: Any) -> Any:
    if not way:
        return part
    first, rest = way[0], way[1:]
    if isinstance(first, int):
        return (*whole[:first], _put(whole[first], rest, part), *whole[first + 1 :])
    return replace(whole, **{first: _put(getattr(whole, first), rest, part)})


def _places(plan: Plan) -> Iterator[_Place]:
    """Return all parts of a plan."""
    yield _Place()
    for index in range(len(plan.faults)):
        yield _Place("faults", index)
    for number, dispatch in enumerate(plan.dispatches):
        yield _Place("dispatches", number)
        for index, step in enumerate(dispatch.steps):
            way = ("dispatches", number, "steps", index)
            yield _Place(*way)
            for name in ("answers", "words"):
                for position in range(len(getattr(step, name))):
                    yield _Place(*way, name, position)


def _less(value: float) -> list[float]:
    """Return simpler numbers, the simplest first."""
    if isinstance(value, int):
        return sorted({0, 1, value // 4, value // 2, value - 1} - {-1, value})
    less = {0.0, 1.0, float(int(value) // 10 * 10), float(int(value)), round(value, 1)}
    return sorted(one for one in less if one < value) + [
        one for one in (float(int(value)), round(value, 1)) if one >= value and one != value
    ]
