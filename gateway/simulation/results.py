"""A simulation as JSON, for machines. The form is documented in docs/simulate.md."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.simulation.casting import Part, describe
from gateway.simulation.difference import differences
from gateway.simulation.simulation import Simulation
from gateway.simulation.trace import Entry, Message, Trace
from translators.diagnostics import Diagnostic, JsonObject, JsonValue


def as_document(
    simulation: Simulation, parts: Sequence[Part], diagnostics: Sequence[Diagnostic]
) -> JsonObject:
    """Return the whole result; steps count from 1, times are milliseconds from the start.

    Args:
        parts: what each step was given to play.
        diagnostics: what was found when the workflow was translated.
    """
    verdict = simulation.verdict
    return {
        "verdict": {
            "grade": verdict.grade.value,
            "summary": verdict.summary,
            "reasons": [_diagnostic(each) for each in verdict.reasons],
        },
        "differences": [*differences(simulation)],
        "script": [_part(index, part) for index, part in enumerate(parts)],
        "gateway": _trace(simulation.gateway),
        "native": _trace(simulation.native),
        "native_with_ttl": {"ttls": [*simulation.ttls], **_trace(simulation.native_with_ttl)},
        "diagnostics": [_diagnostic(each) for each in diagnostics],
    }


def _part(index: int, part: Part) -> JsonObject:
    return {
        "step": index + 1,
        "origin": part.origin,
        "is_assumed": part.is_assumed,
        "plays": describe(part),
        "note": part.note,
    }


def _trace(trace: Trace) -> JsonObject:
    report = trace.report
    return {
        "outcome": trace.outcome.value,
        "ended_ms": trace.ended_ms,
        "doubles": max(0, len(trace.arrived) - 1),
        "has_possible_double": trace.has_possible_double,
        "charges": len(trace.charged),
        "callbacks": len(trace.callbacks),
        "final_report": report.status if report else None,
        "messages": [_message(message) for message in trace.messages],
        "entries": [_entry(entry) for entry in trace.entries],
    }


def _message(message: Message) -> JsonObject:
    return {
        "step": message.step + 1,
        "channel": message.channel,
        "sent_ms": message.sent_ms,
        "reached": message.reached.value,
        "reached_ms": message.reached_ms,
        "is_charged": message.is_charged,
    }


def _entry(entry: Entry) -> JsonObject:
    members: dict[str, JsonValue] = {
        "at_ms": entry.at_ms,
        "what": entry.what.value,
        "step": None if entry.step is None else entry.step + 1,
        "status": entry.status,
        "code": entry.code,
        "why": entry.why,
        "body": entry.body,
    }
    return {name: value for name, value in members.items() if value is not None}


def _diagnostic(diagnostic: Diagnostic) -> JsonObject:
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity.value,
        "pointer": diagnostic.pointer,
        "detail": diagnostic.detail,
    }
