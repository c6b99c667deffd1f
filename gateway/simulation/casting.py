"""Giving each step its fate: from events, from scenarios, or else by assumption."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.simulation.durations import duration
from gateway.simulation.fates import Answer, Fate, Happening
from gateway.simulation.language import STATUSES, ScriptedEvent
from gateway.simulation.scenarios import DEFAULT_SCENARIO, SCENARIOS, within_patience
from translators.channels import CHANNELS
from translators.dispatch import DispatchPlan, StepPlan

EVENTS: Final = "events"

_ANSWERS: Final = frozenset({"refused", "lost", "answered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one step's message was given to play, and why."""

    fate: Fate
    origin: str
    """`EVENTS`, or the name of the scenario that was chosen or assumed."""
    is_assumed: bool = False
    note: str | None = None
    """What had to be left out."""


def read_scenarios(texts: Iterable[str], *, steps: int) -> tuple[dict[int, str], list[str]]:
    """Read `--scenario` values: `NAME` for the first step, `STEP=NAME` for any.

    Returns:
        the scenario of each step that has one, and what is wrong with the others.
    """
    chosen: dict[int, str] = {}
    faults: list[str] = []
    for text in texts:
        number, equals, name = text.rpartition("=")
        number = number if equals else "1"
        where = f"--scenario {text!r}"
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= steps):
            faults.append(f"{where}: names no step of this workflow, which has {_steps(steps)}")
        elif name not in SCENARIOS:
            near = difflib.get_close_matches(name, SCENARIOS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            faults.append(f"{where}: is no scenario; {hint}there are: {', '.join(SCENARIOS)}")
        elif int(number) - 1 in chosen:
            faults.append(f"{where}: step {number} has a scenario already; give it one")
        else:
            chosen[int(number) - 1] = name
    return chosen, faults


def cast(
    plan: DispatchPlan, events: Sequence[ScriptedEvent], scenarios: Mapping[int, str]
) -> tuple[list[Part], list[str]]:
    """Return the part of each step, and what is wrong with the script, if anything is."""
    faults: list[str] = []
    by_step: dict[int, list[ScriptedEvent]] = {}
    for event in events:
        if event.step < len(plan.steps):
            by_step.setdefault(event.step, []).append(event)
        else:
            problem = (
                f"there is no step {event.step + 1}; the workflow has {_steps(len(plan.steps))}"
            )
            faults.append(f"{event.origin.at(1)}: {problem}")
    parts = []
    for index, step in enumerate(plan.steps):
        told = by_step.get(index, [])
        if told and index in scenarios:
            where = told[0].origin.at(1)
            faults.append(f"{where}: step {index + 1} has a scenario as well; give it one of both")
        elif told:
            faults += _contradictions(told, step.channel)
            parts.append(Part(fate=_fate(told), origin=EVENTS))
            continue
        name = scenarios.get(index, DEFAULT_SCENARIO)
        parts.append(_part(name, step, is_assumed=index not in scenarios))
    return parts, faults


def describe(part: Part) -> str:
    """Say in a line what a part is."""
    words = []
    fate = part.fate
    if fate.answer is Answer.REFUSED and fate.tried_ms:
        words.append(f"refused {fate.code} again and again for {duration(fate.tried_ms)}")
    elif fate.tried_ms:
        words.append(f"refused {fate.code} at first, accepted {_after(fate.answered_ms)}")
    elif fate.answer is Answer.REFUSED:
        words.append(f"refused {fate.code} {_after(fate.answered_ms)}")
    elif fate.answer is Answer.LOST:
        words.append(f"no answer {_after(fate.answered_ms)}")
    elif fate.answered_ms > 1:
        words.append(f"answered {_after(fate.answered_ms)}")
    for each in fate.happenings:
        code = "" if each.code is None else f" {each.code}"
        words.append(f"{each.status}{code} {_after(each.after_ms)}")
    said = ", ".join(words) or "silence"
    if fate.happenings and fate.happenings[-1].status == "submitted":
        said += ", then silence"
    if part.is_assumed:
        return f"{said}; assumed, because nothing was said"
    return said if part.origin == EVENTS else f"{said} ({part.origin})"


def _after(ms: int) -> str:
    return f"after {duration(ms)}" if ms else "at once"


def _part(name: str, step: StepPlan, *, is_assumed: bool) -> Part:
    fate, note = within_patience(SCENARIOS[name], step.expiry_s), None
    if not CHANNELS[step.channel].reports_read:
        told = tuple(each for each in fate.happenings if each.status != "read")
        if len(told) < len(fate.happenings):
            note = f"{step.channel} has no read receipts: the scenario's read is left out"
            fate = replace(fate, happenings=told)
    return Part(fate=fate, origin=name, is_assumed=is_assumed, note=note)


def _contradictions(told: Sequence[ScriptedEvent], channel: str) -> list[str]:
    faults = []
    answers = [event for event in told if event.word in _ANSWERS]
    for event in answers[1:]:
        faults.append(f"{event.origin.at(1)}: a message has one answer; this is the second")
    is_refused = any(event.word == "refused" for event in told)
    for event in told:
        if event.word in STATUSES and is_refused:
            faults.append(f"{event.origin.at(1)}: a message that is refused has no statuses")
        elif event.word == "read" and not CHANNELS[channel].reports_read:
            problem = f"{channel} has no read receipts (docs/wire.md section 5.2)"
            faults.append(f"{event.origin.at(1)}: {problem}; use delivered")
    return faults


def _fate(told: Sequence[ScriptedEvent]) -> Fate:
    answer = next((event for event in told if event.word in _ANSWERS), None)
    word = answer.word if answer else "answered"
    statuses = sorted(
        (event for event in told if event.word in STATUSES), key=lambda event: event.after_ms
    )
    return Fate(
        happenings=tuple(
            Happening(after_ms=event.after_ms, status=event.word, code=event.code)
            for event in statuses
        ),
        answer={"refused": Answer.REFUSED, "lost": Answer.LOST}.get(word, Answer.ACCEPTED),
        answered_ms=answer.after_ms if answer else 0,
        code=answer.code if answer else None,
        is_sent=word != "refused",
    )


def _steps(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"
