"""Which entries of two traces are the same thing, and which set the sides apart.

Entries are matched in order: what came before on one side and after on the other is not the same
course. Statuses are facts and are matched first; what was decided is held against them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.compare.comparison import DEFAULT_TOLERANCES, Comparison, Difference
from gateway.compare.course import Course, status_word
from gateway.compare.differ import compare
from gateway.compare.kinds import (
    ACCEPTED_HERE,
    BELOW_CONDITION,
    CHANNEL_SPELLING,
    COST,
    FAILOVER_EARLY,
    FAILOVER_LATE,
    HREF_DIFFERENT,
    OTHER_END,
    OTHER_TRIGGER,
    REFUSED_HERE,
    REPORT_DIFFERENT,
    REPORT_EXTRA,
    REPORT_MISSING,
    STATUS_DIFFERENT,
    WRONG_CONTENT,
    WRONG_RECIPIENT,
    DifferenceKind,
)
from gateway.compare.normal import read_course, read_usage
from gateway.compare.shape import find, spellings
from gateway.traces.model import Kind, Trace, TraceEntry
from translators.usage import DEFAULT_CURRENCY, Usage, plain_decimal, price_of

_STATUS_MS: Final = 5_000
"""How far apart a status may have come on both sides, counted from its message's send."""
_FACT: Final = 3
"""What matching a status is worth; a decision is worth 1."""
_MOST: Final = 250_000
"""Pairs of entries that are looked at; beyond, each is matched with the first that is like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is said of one entry."""

    differs: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What was found of the entries of both sides."""

    pairs: tuple[tuple[int, int], ...]
    """Places of those that are the same thing, in order."""
    reference: tuple[Found, ...]
    candidate: tuple[Found, ...]


def match(
    reference: Trace,
    candidate: Trace,
    ours: Sequence[TraceEntry],
    theirs: Sequence[TraceEntry],
) -> Likeness:
    """Match the entries of two traces, and say which set them apart.

    Args:
        ours: entries of the reference, in order of time.
        theirs: those of the candidate.
    """
    there, here = read_course(reference), read_course(candidate)
    subjects = _subjects(compare(reference, candidate))
    pairs = _matched(ours, theirs)
    found_ours = [Found(differs=_stands_out(each, here, subjects)) for each in ours]
    found_theirs = [Found(differs=_stands_out(each, there, subjects)) for each in theirs]
    for left, right in pairs:
        notes = _notes(ours[left], theirs[right], there, subjects)
        is_in_time = _is_in_time(ours[left], theirs[right], there, here)
        differs = not is_in_time or notes != ("", "")
        found_ours[left] = Found(differs=differs, note=notes[0])
        found_theirs[right] = Found(differs=differs, note=notes[1])
    if not any(each.differs for each in (*found_ours, *found_theirs)):
        found_ours = [_pointed_at(each, subjects) for each in ours]
        found_theirs = [_pointed_at(each, subjects) for each in theirs]
    return Likeness(pairs=tuple(pairs), reference=tuple(found_ours), candidate=tuple(found_theirs))


def _subjects(comparison: Comparison) -> tuple[Difference, ...]:
    """Return the differences that are looked for: known ones only where there are no others."""
    unknown = tuple(each for each in comparison.differences if each.known is None)
    return unknown or comparison.differences


def _pointed_at(entry: TraceEntry, subjects: Sequence[Difference]) -> Found:
    """Mark what a difference is about that no instant and no order shows."""
    differs = any(
        entry.kind is _SHOWN_BY.get(each.kind, Kind.STATUS)
        and (each.step is None or entry.step is None or each.step == entry.step)
        for each in subjects
    )
    return Found(differs=differs)


def _matched(ours: Sequence[TraceEntry], theirs: Sequence[TraceEntry]) -> list[tuple[int, int]]:
    """Return the heaviest common sequence of two."""
    if len(ours) * len(theirs) > _MOST:
        return _matched_greedily(ours, theirs)
    width = len(theirs)
    best = [[0] * (width + 1) for _ in range(len(ours) + 1)]
    for left in range(len(ours) - 1, -1, -1):
        for right in range(width - 1, -1, -1):
            skipped = max(best[left + 1][right], best[left][right + 1])
            taken = _worth(ours[left], theirs[right]) + best[left + 1][right + 1]
            is_like = _same(ours[left]) == _same(theirs[right])
            best[left][right] = max(skipped, taken) if is_like else skipped
    pairs, left, right = [], 0, 0
    while left < len(ours) and right < width:
        here = best[left][right]
        is_like = _same(ours[left]) == _same(theirs[right])
        if is_like and here == _worth(ours[left], theirs[right]) + best[left + 1][right + 1]:
            pairs.append((left, right))
            left, right = left + 1, right + 1
        elif here == best[left + 1][right]:
            left += 1
        else:
            right += 1
    return pairs


def _matched_greedily(
    ours: Sequence[TraceEntry], theirs: Sequence[TraceEntry]
) -> list[tuple[int, int]]:
    pairs, start = [], 0
    for left, entry in enumerate(ours):
        for right in range(start, len(theirs)):
            if _same(entry) == _same(theirs[right]):
                pairs.append((left, right))
                start = right + 1
                break
    return pairs


def _worth(ours: TraceEntry, theirs: TraceEntry) -> int:
    return _FACT if ours.kind is Kind.STATUS and theirs.kind is Kind.STATUS else 1


def _same(entry: TraceEntry) -> tuple[Kind, int | None, str | None]:
    return entry.kind, entry.step, entry.status


def _stands_out(entry: TraceEntry, other: Course, subjects: Sequence[Difference]) -> bool:
    """Tell whether an entry without its like on the other side is a difference by itself."""
    match entry.kind:
        case Kind.SEND | Kind.REFUSED | Kind.IN_DOUBT:
            # Dispatch shows none of these. Of what it never sent its statuses tell.
            return other.attempt(entry.step or 0) is None
        case Kind.IGNORED:
            return False
        case Kind.FAILOVER:
            # Some records do not name it; there the next step's turn came all the same.
            is_finding = any(
                _SHOWN_BY.get(each.kind) is Kind.FAILOVER and each.step == entry.step
                for each in subjects
            )
            return is_finding or other.attempt((entry.step or 0) + 1) is None
        case Kind.ANSWER | Kind.STATUS | Kind.REPORT:
            return True


def _is_in_time(ours: TraceEntry, theirs: TraceEntry, there: Course, here: Course) -> bool:
    """Tell whether both sides show something at the same time, counted from its message's send."""
    lag_ms = _since_sent(ours, there) - _since_sent(theirs, here)
    match ours.kind:
        case Kind.FAILOVER:
            tolerances = DEFAULT_TOLERANCES
            return -tolerances.failover_early_ms <= lag_ms <= tolerances.failover_late_ms
        case Kind.REPORT:
            return abs(lag_ms) <= DEFAULT_TOLERANCES.report_ms
        case Kind.STATUS:
            return abs(lag_ms) <= _STATUS_MS
        case _:
            return True


def _since_sent(entry: TraceEntry, course: Course) -> int:
    step = len(course.attempts) - 1 if entry.step is None else entry.step
    # The turn of the first step came with the request.
    attempt = course.attempt(step) if step > 0 else None
    return entry.at_ms - (attempt.sent_ms if attempt else 0)


def _notes(
    ours: TraceEntry, theirs: TraceEntry, there: Course, subjects: Sequence[Difference]
) -> tuple[str, str]:
    """Say in what two entries of the same kind differ beside their instants, if it is a finding."""
    kinds = {each.kind for each in subjects}
    told: tuple[list[str], list[str]] = ([], [])
    for piece, about in _PIECES:
        if kinds & about:
            words = piece(ours, there), piece(theirs, there)
            if words[0] != words[1]:
                told[0].append(words[0] or "none")
                told[1].append(words[1] or "none")
    return "; ".join(told[0]), "; ".join(told[1])


def _recipient(entry: TraceEntry, course: Course) -> str:
    to, steps = spellings(find(entry.body, "to")), course.workflow.steps
    if entry.kind is not Kind.STATUS or entry.step is None or entry.step >= len(steps) or not to:
        return ""
    return "" if to & steps[entry.step].recipient else "to somebody else"


def _charge(entry: TraceEntry, course: Course) -> str:
    charge = read_usage(find(entry.body, "usage"))
    price = plain_decimal(entry.price) or (charge.price if charge else None)
    if price is None:
        return ""
    currency = entry.currency or (charge.currency if charge else DEFAULT_CURRENCY)
    amount = price_of(Usage(price=price, currency=currency))
    return f"{price if amount is None else amount.normalize():f} {currency}"


def _cause(entry: TraceEntry, course: Course) -> str:
    return (entry.why or "") if entry.kind is Kind.FAILOVER else ""


def _code(entry: TraceEntry, course: Course) -> str:
    code = find(entry.body, "error", "code") if entry.code is None else entry.code
    return "" if code is None or entry.kind is not Kind.STATUS else f"error {code}"


def _listed(entry: TraceEntry, course: Course) -> str:
    listed = find(entry.body, "_links", "messages")
    if entry.kind is not Kind.REPORT or not isinstance(listed, list):
        return ""
    return ", ".join(status_word(str(find(each, "status") or "")) for each in listed)


_PIECES: Final[Sequence[tuple[Callable[[TraceEntry, Course], str], frozenset[DifferenceKind]]]] = (
    (_recipient, frozenset({WRONG_RECIPIENT})),
    (_cause, frozenset({OTHER_TRIGGER})),
    (_charge, frozenset({COST, STATUS_DIFFERENT})),
    (_code, frozenset({STATUS_DIFFERENT})),
    (_listed, frozenset({REPORT_DIFFERENT})),
)
"""What is looked at beside order and instants, and for which findings."""
_SHOWN_BY: Final = {
    WRONG_CONTENT: Kind.SEND,
    COST: Kind.REPORT,
    REPORT_DIFFERENT: Kind.REPORT,
    REPORT_EXTRA: Kind.REPORT,
    REPORT_MISSING: Kind.REPORT,
    HREF_DIFFERENT: Kind.REPORT,
    CHANNEL_SPELLING: Kind.REPORT,
    OTHER_END: Kind.REPORT,
    BELOW_CONDITION: Kind.REPORT,
    FAILOVER_EARLY: Kind.FAILOVER,
    FAILOVER_LATE: Kind.FAILOVER,
    OTHER_TRIGGER: Kind.FAILOVER,
    REFUSED_HERE: Kind.ANSWER,
    ACCEPTED_HERE: Kind.ANSWER,
}
"""The entries that show a finding; a status for all others."""
