"""Two traces of one workflow beside each other, drawn or as rows.

Real instants differ by milliseconds that nobody wants to see: what happened on both sides is put
on one line, and only what has no partner stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.simulation.timeline import LEGEND, Lane, Row, Stretch, Style, draw
from gateway.simulation.trace import Entry, Outcome, What
from gateway.simulation.trace import Trace as Drawn
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonValue

SAME_MS: Final = 5_000
"""How far apart the same thing may be on both sides to stand on one line."""

LEGEND_OF_BOTH: Final = f"{LEGEND}   !!! the person has a message already"
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
# What is done at a glance: silent about what one side cannot see and about what changes nothing.
_PAIRED: Final = frozenset({Kind.STATUS, Kind.FAILOVER, Kind.REPORT, Kind.REFUSED, Kind.IN_DOUBT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that happened on one side, at the instant at which it is shown."""

    entry: TraceEntry
    at_ms: int
    is_alone: bool
    """Whether the other side shows nothing like it at about that time."""


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
    rows = draw(lanes, width=width)
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
    """Return what each side shows, in order, with what both show at the same instant."""
    ours, theirs = _shown(reference), _shown(candidate)
    partners = dict(_partners(ours, theirs))
    paired = set(partners.values())
    left = [
        Mark(
            entry=entry,
            at_ms=_instant(entry.at_ms),
            is_alone=entry.kind in _PAIRED and index not in partners,
        )
        for index, entry in enumerate(ours)
    ]
    moved = _moved(theirs, {other: ours[index].at_ms for index, other in partners.items()})
    right = [
        Mark(
            entry=entry,
            at_ms=_instant(moved[index]),
            is_alone=entry.kind in _PAIRED and index not in paired,
        )
        for index, entry in enumerate(theirs)
    ]
    return _sorted(left), _sorted(right)


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


def _partners(
    ours: Sequence[TraceEntry], theirs: Sequence[TraceEntry]
) -> Iterator[tuple[int, int]]:
    free = list(range(len(theirs)))
    for index, entry in enumerate(ours):
        for other in free:
            if (
                _same(entry) == _same(theirs[other])
                and abs(entry.at_ms - theirs[other].at_ms) <= SAME_MS
            ):
                free.remove(other)
                yield index, other
                break


def _moved(entries: Sequence[TraceEntry], known: Mapping[int, int]) -> list[int]:
    """Return when each entry is shown.

    That is with its partner; what has none stands as far behind the last one that has as it really
    did, but not behind the next.
    """
    shown, shift_ms = [], 0
    later = [*sorted(known), len(entries)]
    for index, entry in enumerate(entries):
        if index in known:
            shift_ms = known[index] - entry.at_ms
            later.remove(index)
        ahead_ms = known.get(later[0], entry.at_ms + shift_ms)
        shown.append(known.get(index, min(entry.at_ms + shift_ms, ahead_ms)))
    return shown


def _same(entry: TraceEntry) -> tuple[Kind, int | None, str | None]:
    return entry.kind, entry.step, entry.status


def _sorted(marks: list[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: mark.at_ms)


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
        return [Entry(at_ms=mark.at_ms, what=What.REFUSED, code=code)]
    shown = Entry(
        at_ms=mark.at_ms,
        what=_WHATS[entry.kind],
        step=entry.step,
        status=entry.status,
        code=entry.code,
        why=entry.why,
    )
    if entry.kind is Kind.STATUS:
        return [shown, replace(shown, what=What.CALLBACK)]
    return [shown]


def _with_sends(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Add the sends that Dispatch did not show: each was at the latest at its first status."""
    sent: set[int] = set()
    for entry in entries:
        if entry.what is What.STATUS and entry.step is not None and entry.step not in sent:
            sent.add(entry.step)
            yield Entry(at_ms=entry.at_ms, what=What.SEND, step=entry.step)
        yield entry


def _outcome(trace: Trace) -> Outcome:
    for entry in trace.entries:
        if entry.kind is Kind.ANSWER and not (entry.status or "").startswith("2"):
            return Outcome.REFUSED
    if trace.reports:
        return Outcome.ERROR if trace.reports[0].status == "error" else Outcome.COMPLETED
    # Of a record that was cut nobody can say that nothing followed.
    return Outcome.UNRESOLVED if trace.is_complete else Outcome.COMPLETED
