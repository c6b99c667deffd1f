"""Workflows and scripts in short form, and how they are played."""

from __future__ import annotations

from gateway.core.state import Terms
from gateway.simulation.casting import cast
from gateway.simulation.fates import Fate
from gateway.simulation.language import OPTION, Origin, ScriptedEvent, read_event
from gateway.simulation.simulation import Simulation, simulate
from gateway.simulation.trace import Trace, What
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.rules import Switches

GUIDE = ("mms delivered 600", "sms")
"""The example of the migration guide: an MMS, and an SMS if it is not delivered in ten minutes."""

_ADDRESSES = {
    "messenger": ({"id": "1234567890123456"}, {"id": "9876543210987654"}),
    "viber_service_msg": ({"number": "447700900000"}, {"id": "16273"}),
}
_NUMBERS = ({"number": "447700900000"}, {"number": "447700900001"})


def document_of(*steps: str) -> JsonObject:
    """Write a request, each step as `CHANNEL` or `CHANNEL CONDITION SECONDS`."""
    return {"template": "failover", "workflow": [_step(step) for step in steps]}


def plan_of(*steps: str) -> DispatchPlan:
    """Make the plan of such a request."""
    plan = translate_dispatch(document_of(*steps)).value
    assert plan is not None
    return plan


def events_of(*lines: str) -> list[ScriptedEvent]:
    """Read events that are well written."""
    read = [read_event(text, Origin(source=OPTION, line=1)) for text in lines]
    events = [event for event in read if isinstance(event, ScriptedEvent)]
    assert len(events) == len(read)
    return events


def fates_of(plan: DispatchPlan, *lines: str) -> list[Fate]:
    """Cast a plan with these events; a step without one is delivered."""
    parts, faults = cast(plan, events_of(*lines), {})
    assert faults == []
    return [part.fate for part in parts]


def played(
    steps: tuple[str, ...],
    *lines: str,
    terms: Terms | None = None,
    undeliverable_fails_over: bool = False,
) -> Simulation:
    """Play a workflow under all services."""
    plan = plan_of(*steps)
    return simulate(
        plan,
        fates_of(plan, *lines),
        switches=Switches(),
        terms=terms,
        undeliverable_fails_over=undeliverable_fails_over,
    )


def sends(trace: Trace) -> list[tuple[int, int]]:
    """Return step, counted from 1, and second of every send."""
    return [
        ((entry.step or 0) + 1, entry.at_ms // 1000)
        for entry in trace.entries
        if entry.what is What.SEND
    ]


def told(trace: Trace) -> list[str]:
    """Return what the caller is told, in order: `1 delivered`, `report completed`."""
    return [
        f"report {entry.status}" if entry.step is None else f"{entry.step + 1} {entry.status}"
        for entry in trace.callbacks
    ]


def whys(trace: Trace, what: What) -> list[str | None]:
    """Return the reasons of all entries of one kind."""
    return [entry.why for entry in trace.entries if entry.what is what]


def _step(text: str) -> JsonObject:
    channel, *terms = text.split()
    recipient, sender = _ADDRESSES.get(channel, _NUMBERS)
    step: JsonObject = {
        "to": {"type": channel, **recipient},
        "from": {"type": channel, **sender},
        "message": {"content": {"type": "text", "text": "Hello"}},
    }
    if terms:
        step["failover"] = {"condition_status": terms[0], "expiry_time": int(terms[1])}
    return step
