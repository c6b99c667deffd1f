"""A run of the machine in virtual time, written down as the entries of a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.compare.normal import read_usage
from gateway.compare.shape import find
from gateway.simulation.fates import Answer, Fate
from gateway.simulation.messages import BIRTH_MS
from gateway.simulation.trace import Entry, Trace, What
from gateway.traces.model import Kind, TraceEntry
from translators.diagnostics import JsonValue
from translators.dispatch import DispatchPlan

_KINDS: Final = {
    What.SEND: Kind.SEND,
    What.REFUSED: Kind.REFUSED,
    What.LOST: Kind.IN_DOUBT,
    What.CALLBACK: Kind.STATUS,
    What.IGNORED: Kind.IGNORED,
    What.FAILOVER: Kind.FAILOVER,
    What.REPORT: Kind.REPORT,
}
_CAUSES: Final = ("refused", "rejected", "undeliverable")
EXPIRED: Final = "expired"
"""Why a step was given up that nothing ended but time."""


def entries_of(
    run: Trace, plan: DispatchPlan, fates: Sequence[Fate | None]
) -> tuple[TraceEntry, ...]:
    """Return what a run shows, as a recorder of the gateway writes it.

    A `SEND` has the v1 request as its body, and the instant of its 202 as `event_ms`: from there
    the expiry is counted.
    """
    return tuple(_entries(run, plan, fates))


def _entries(run: Trace, plan: DispatchPlan, fates: Sequence[Fate | None]) -> Iterator[TraceEntry]:
    for entry in run.entries:
        if entry.what is What.STATUS:
            continue  # v1 told it; the callback that follows is what the caller was told
        written = TraceEntry(
            at_ms=entry.at_ms,
            kind=_KINDS[entry.what],
            step=entry.step,
            status=entry.status,
            code=entry.code,
            why=entry.why,
            body=entry.body,
        )
        match entry.what:
            case What.SEND if entry.step is not None:
                yield _send(written, plan.steps[entry.step].request, fates[entry.step])
            case What.CALLBACK | What.REPORT:
                yield _told(written, entry)
            case What.FAILOVER:
                yield replace(written, why=_cause(entry.why))
            case _:
                yield written


def _send(written: TraceEntry, request: dict[str, JsonValue], fate: Fate | None) -> TraceEntry:
    is_answered = fate is not None and fate.answer is Answer.ACCEPTED
    answered_ms = written.at_ms + fate.answered_ms if fate and is_answered else None
    return replace(written, event_ms=answered_ms, body=request)


def _told(written: TraceEntry, entry: Entry) -> TraceEntry:
    """Repeat what the body says where other records say it."""
    charge = read_usage(find(entry.body, "usage"))
    message = find(entry.body, "message_uuid")
    return replace(
        written,
        message=message if isinstance(message, str) else None,
        event_ms=_instant(find(entry.body, "timestamp")),
        price=charge.price if charge else None,
        currency=charge.currency if charge else None,
        why=_cause(entry.why) if entry.status == "error" else None,
    )


def _cause(why: str | None) -> str:
    """Return the word for why a step was given up."""
    word = (why or "").partition(" ")[0]
    return word if word in _CAUSES else EXPIRED


def _instant(timestamp: JsonValue) -> int | None:
    try:
        return round(datetime.fromisoformat(str(timestamp)).timestamp() * 1000) - BIRTH_MS
    except (ValueError, OverflowError):
        return None
