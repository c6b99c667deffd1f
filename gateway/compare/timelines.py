"""Two traces of one workflow beside each other, drawn or as rows.

Every instant is the one that was recorded or replayed: nothing is moved to stand beside its like.
What happened on both sides at the same instant shares a row; a row in which the sides differ is
marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.compare.matching import Likeness, match
from gateway.simulation.timeline import LEGEND, Lane, Row, Stretch, Style, draw
from gateway.simulation.trace import Entry, Outcome, What
from gateway.simulation.trace import Trace as Drawn
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonValue

LEGEND_OF_BOTH: Final = f"{LEGEND}   !!! the person has a message already   ≠ here the sides differ"
"""What the signs of a drawing mean."""

_WHATS: Final[Mapping[Kind, What]] = {
    Kind.SEND: What.SEND,
    Kind.REFUSED: What.REFUSED,
    Kind.IN_DOUBT: What.LOST,
    Kind.FAILOVER: What.FAILOVER,
    Kind.STATUS: What.STATUS,
    Kind.REPORT: What.REPORT,
    Kind.IGNORED: What.IGNORED,
}
_NARROWEST: Final = 22
"""Columns of one side: what differs is seen best beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that happened on one side, at the instant at which it did."""

    entry: TraceEntry
    at_ms: int
    """Rounded as finely as a person can use it."""
    row: int = 0
    """In which of several rows of that instant it stands."""
    is_alone: bool
    """Whether the other side shows nothing like it, or it at another time, or otherwise."""
    note: str = ""
    """In what it differs from its like on the other side."""


def title_of(trace: Trace) -> str:
    """Name the side that a trace was recorded on, for a person."""
    match trace.path:
        case Path.LEGACY:
            return "Dispatch"
        case Path.GATEWAY:
            return "this gateway"
        case Path.NONE:
            return "this gateway, replayed" if trace.origin == "replay" else "a model"


def draw_both(reference: Trace, candidate: Trace, *, width: int) -> list[Row]:
    """Draw two traces as two lanes, or below each other where the screen is narrow."""
    lanes = [
        _lane(trace, marks)
        for trace, marks in zip((reference, candidate), align(reference, candidate), strict=True)
    ]
    rows = draw(lanes, width=width, narrowest=_NARROWEST)
    for trace in (reference, candidate):
        if tail := cut_of(trace):
            rows.append((Stretch(text=f"{title_of(trace)}: {tail}", style=Style.DIM),))
    return rows


def cut_of(trace: Trace) -> str:
    """Say that nobody knows how it went on; empty if a side is whole."""
    if trace.is_complete:
        return ""
    is_replay = trace.origin == "replay"
    return "what follows cannot be known" if is_replay else "the record was cut here"


def align(reference: Trace, candidate: Trace) -> tuple[list[Mark], list[Mark]]:
    """Return what each side shows, in order; what both show at one instant shares a row."""
    ours, theirs = _shown(reference), _shown(candidate)
    likeness = match(reference, candidate, ours, theirs)
    sides: tuple[list[Mark], list[Mark]] = ([], [])
    rows: dict[int, int] = {}
    for left, right in _rows(ours, theirs, likeness):
        at_ms = _instant((ours[left] if left is not None else theirs[right or 0]).at_ms)
        row = rows[at_ms] = rows.get(at_ms, -1) + 1
        for side, index, entries, facts in (
            (sides[0], left, ours, likeness.reference),
            (sides[1], right, theirs, likeness.candidate),
        ):
            if index is not None:
                found = facts[index]
                side.append(
                    Mark(
                        entry=entries[index],
                        at_ms=at_ms,
                        row=row,
                        is_alone=found.differs,
                        note=found.note,
                    )
                )
    return sides


def channels_of(trace: Trace) -> list[str]:
    """Return the channel of each step, as far as the request names one."""
    workflow = trace.request.get("workflow")
    steps = workflow if isinstance(workflow, list) else []
    return [_channel(step) for step in steps]


def _channel(step: JsonValue) -> str:
    for name in ("to", "from"):
        address = step.get(name) if isinstance(step, dict) else None
        channel = address.get("type") if isinstance(address, dict) else None
        if isinstance(channel, str):
            return channel
    return "message"


def _shown(trace: Trace) -> list[TraceEntry]:
    """Return what is worth a line: an answer only if it refuses."""
    return [
        entry
        for entry in trace.entries
        if entry.kind in _WHATS or not (entry.status or "").startswith("2")
    ]


def _rows(
    ours: Sequence[TraceEntry], theirs: Sequence[TraceEntry], likeness: Likeness
) -> Iterator[tuple[int | None, int | None]]:
    """Yield the rows in order: an entry of either side, or one of each at the same instant."""
    partners = {
        left: right
        for left, right in likeness.pairs
        if _instant(ours[left].at_ms) == _instant(theirs[right].at_ms)
    }
    left = right = 0
    while left < len(ours) or right < len(theirs):
        if left < len(ours) and partners.get(left) == right:
            yield left, right
            left, right = left + 1, right + 1
            continue
        is_left = right == len(theirs) or (
            left < len(ours)
            and left not in partners
            and _instant(ours[left].at_ms) <= _instant(theirs[right].at_ms)
        )
        if not is_left and left < len(ours) and right in partners.values():
            # Its partner has not come yet, nor what stands before that.
            is_left = True
        if is_left:
            yield left, None
            left += 1
        else:
            yield None, right
            right += 1


def _instant(at_ms: int) -> int:
    """Round an instant as finely as a person can use it."""
    step = 100 if at_ms < 60_000 else 1_000
    return max(0, round(at_ms / step) * step)


def _lane(trace: Trace, marks: Sequence[Mark]) -> Lane:
    entries = [entry for mark in marks for entry in _entries(mark)]
    if trace.path is Path.LEGACY:
        entries = list(_with_sends(entries))
    reports = [mark for mark in marks if mark.entry.kind is Kind.REPORT]
    latest = ", at the latest" if trace.path is Path.LEGACY else ""
    return Lane(
        title=title_of(trace),
        trace=Drawn(
            entries=tuple(entries),
            messages=(),
            outcome=_outcome(trace),
            ended_ms=reports[0].at_ms if reports else None,
        ),
        sends={index: f"{name}{latest}" for index, name in enumerate(channels_of(trace))},
    )


def _entries(mark: Mark) -> list[Entry]:
    entry = mark.entry
    if entry.kind is Kind.ANSWER:
        status = entry.status or ""
        code = int(status) if status.isdigit() else None
        return [
            Entry(
                at_ms=mark.at_ms,
                what=What.REFUSED,
                code=code,
                row=mark.row,
                is_marked=mark.is_alone,
            )
        ]
    shown = Entry(
        at_ms=mark.at_ms,
        what=_WHATS[entry.kind],
        step=entry.step,
        status=entry.status,
        code=entry.code,
        why=entry.why,
        row=mark.row,
        is_marked=mark.is_alone,
        note=mark.note,
    )
    if entry.kind is Kind.STATUS:
        return [shown, replace(shown, what=What.CALLBACK, note="")]
    return [shown]


def _with_sends(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Add the sends that Dispatch did not show: each was at the latest at its first status."""
    sent: set[int] = set()
    for entry in entries:
        if entry.what is What.STATUS and entry.step is not None and entry.step not in sent:
            sent.add(entry.step)
            yield Entry(at_ms=entry.at_ms, what=What.SEND, step=entry.step, row=entry.row)
        yield entry


def _outcome(trace: Trace) -> Outcome:
    for entry in trace.entries:
        if entry.kind is Kind.ANSWER and not (entry.status or "").startswith("2"):
            return Outcome.REFUSED
    if trace.reports:
        return Outcome.ERROR if trace.reports[0].status == "error" else Outcome.COMPLETED
    # Of a record that was cut nobody can say that nothing followed.
    return Outcome.UNRESOLVED if trace.is_complete else Outcome.COMPLETED
