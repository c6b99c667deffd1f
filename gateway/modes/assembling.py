"""From what was seen of a workflow to its trace: pseudonymised, and told by steps."""

from __future__ import annotations

from dataclasses import replace

import orjson

from gateway.core.state import Terms
from gateway.modes.open_trace import OpenTrace, Seen
from gateway.traces import legacy
from gateway.traces.callbacks import callback_entry
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from gateway.traces.pseudonyms import Pseudonyms
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.timestamps import format_timestamp


def assemble(
    opened: OpenTrace,
    request: JsonObject,
    rules: tuple[str, ...],
    pseudonyms: Pseudonyms,
    *,
    is_complete: bool,
) -> Trace:
    """Return the trace of what was seen.

    Args:
        request: the v0.1 request as it was sent; the trace has it pseudonymised.
        rules: codes of the rules that the request met.
        is_complete: whether the trace was kept until nothing more was expected.
    """
    # What overtook the answer was taken in after it.
    seen = sorted(opened.seen, key=lambda each: each.at_ms)
    make = _legacy_trace if opened.path is Path.LEGACY else _own_trace
    return replace(
        make(opened, seen, pseudonyms.request(request), pseudonyms),
        is_complete=is_complete and not opened.has_hole,
        rules=rules,
        pair=None if opened.pair is None else pseudonyms.uuid(opened.pair),
        refusal=opened.refusal,
    )


def with_sends(
    trace: Trace, opened: OpenTrace, planned: DispatchPlan, pseudonymised: DispatchPlan
) -> Trace:
    """Return a trace of ours whose sends show what was sent.

    That is the request of the step, made from the pseudonymised workflow, without the members in
    which the upstream was sent anything else than the workflow asks for. They cannot be shown, and
    a comparison finds them missing.

    Args:
        planned: the workflow as it was accepted.
        pseudonymised: the workflow as the trace has it.
    """
    sends = iter([each.sent for each in opened.seen if each.kind is Kind.SEND])
    entries = [
        replace(each, body=_sent(next(sends), each.step or 0, planned, pseudonymised))
        if each.kind is Kind.SEND
        else each
        for each in trace.entries
    ]
    return replace(trace, entries=tuple(entries))


def _sent(
    raw: bytes | None, step: int, planned: DispatchPlan, pseudonymised: DispatchPlan
) -> JsonObject:
    sent: JsonObject = orjson.loads(raw or b"{}")
    asked = planned.steps[step].request
    return {
        name: value
        for name, value in pseudonymised.steps[step].request.items()
        if name in sent and sent[name] == asked.get(name)
    }


def _legacy_trace(
    opened: OpenTrace, seen: list[Seen], request: JsonObject, pseudonyms: Pseudonyms
) -> Trace:
    answer = next((each.status for each in seen if each.kind is Kind.ANSWER), None)
    told = [
        legacy.Told(at_ms=each.at_ms, body=pseudonyms.body(orjson.loads(each.body)))
        for each in seen
        if each.body is not None
    ]
    run = legacy.Run(
        dispatch=pseudonyms.uuid(opened.dispatch_uuid),
        request=request,
        answered_ms=opened.accepted_ms,
        answer=answer or "",
        told=told,
        is_complete=True,
        origin=opened.origin,
        rules=(),
    )
    return legacy.legacy_trace(run)


def _own_trace(
    opened: OpenTrace, seen: list[Seen], request: JsonObject, pseudonyms: Pseudonyms
) -> Trace:
    return Trace(
        dispatch=pseudonyms.uuid(opened.dispatch_uuid),
        path=opened.path,
        origin=opened.origin,
        accepted_at=format_timestamp(opened.accepted_ms) if opened.is_accepted else None,
        request=request,
        entries=tuple(_entry(each, opened.accepted_ms, pseudonyms) for each in seen),
        is_complete=True,
        terms=None if opened.terms is None else _terms(opened.terms),
    )


def _entry(seen: Seen, accepted_ms: int, pseudonyms: Pseudonyms) -> TraceEntry:
    at_ms = seen.at_ms - accepted_ms
    if seen.body is not None:
        body = pseudonyms.body(orjson.loads(seen.body))
        told = callback_entry(seen.kind, body, at_ms=at_ms, zero_ms=accepted_ms, step=seen.step)
        return replace(told, why=seen.why)
    return TraceEntry(
        at_ms=at_ms,
        kind=seen.kind,
        step=seen.step,
        message=None if seen.message is None else pseudonyms.uuid(seen.message),
        event_ms=None if seen.event_ms is None else seen.event_ms - accepted_ms,
        status=seen.status,
        code=seen.code,
        why=seen.why,
    )


def _terms(terms: Terms) -> JsonObject:
    return {
        "horizon_s": terms.horizon_s,
        "grace_s": terms.grace_s,
        "expiry_start": terms.expiry_start.value,
    }
