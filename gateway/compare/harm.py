"""What a difference did to people and to the caller, so that a sample can be one that hurt."""

from __future__ import annotations

from enum import IntEnum

from gateway.compare.comparison import Difference
from gateway.compare.course import ARRIVED, Course
from gateway.compare.normal import read_course
from gateway.traces.model import Trace


class Harm(IntEnum):
    """What sets the sides of a sample apart, the worst first."""

    WRONG = 0
    """A message to somebody else, or with another content."""
    DOUBLE = 1
    """One person got more messages on one side than on the other, and more than one."""
    LOST = 2
    """A message went out, or arrived, on one side only."""
    REPORT = 3
    """The caller was told another end, or none on one side."""
    TOLD = 4
    """Nobody was harmed, as far as the records show: something else was told, or later."""


def harm_of(difference: Difference, reference: Trace, candidate: Trace) -> Harm:
    """Return the worst that sets two traces of one workflow apart."""
    if difference.is_critical:
        return Harm.WRONG
    there, here = read_course(reference), read_course(candidate)
    got = _arrived(there), _arrived(here)
    if max(got) > 1 and got[0] != got[1]:
        return Harm.DOUBLE
    # Of a record that was cut, and of a replay that had to stop, nobody knows what is missing.
    shows_all = there.is_complete or len(there.attempts) > len(here.attempts)
    if len(there.attempts) != len(here.attempts) and shows_all:
        return Harm.LOST
    if not (there.is_complete and here.is_complete):
        return Harm.TOLD
    if min(got) == 0 and max(got) > 0:
        return Harm.LOST
    return Harm.TOLD if _end(there) == _end(here) else Harm.REPORT


def harm_words(harm: Harm, reference: Trace, candidate: Trace, sides: tuple[str, str]) -> str:
    """Say whom the sample harmed, and on which side; empty if nobody.

    Args:
        sides: names of the two.
    """
    there, here = read_course(reference), read_course(candidate)
    match harm:
        case Harm.DOUBLE:
            got = _arrived(there), _arrived(here)
            more, fewer = (0, 1) if got[0] > got[1] else (1, 0)
            told = f"{_upper(sides[more])}: the person gets {got[more]} messages."
            return f"{told} {_upper(sides[fewer])}: {got[fewer] or 'none'}."
        case Harm.LOST:
            sent = len(there.attempts), len(here.attempts)
            if sent[0] == sent[1]:
                more, fewer = (0, 1) if _arrived(there) else (1, 0)
                return (
                    f"{_upper(sides[fewer])}: no message arrives. {_upper(sides[more])}: one does."
                )
            more, fewer = (0, 1) if sent[0] > sent[1] else (1, 0)
            step = sent[fewer] + 1
            never, does = _upper(sides[fewer]), sides[more]
            return f"{never}: message {step} is never sent. {_upper(does)}: it is."
        case Harm.REPORT:
            ends = [_end(each) or "never told" for each in (there, here)]
            return " ".join(
                f"{_upper(side)}: the end is {end}." for side, end in zip(sides, ends, strict=True)
            )
        case Harm.WRONG | Harm.TOLD:
            return ""


def _arrived(course: Course) -> int:
    """Return how many messages of a workflow reached the person."""
    return sum(any(told.status in ARRIVED for told in each.told) for each in course.attempts)


def _end(course: Course) -> str | None:
    return course.report.status if course.report else None


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
