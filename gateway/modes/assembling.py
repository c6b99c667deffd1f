"""From what was seen of a workflow to its trace: pseudonymised, and told by steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from gateway.core.state import Terms
from gateway.modes.open_trace import OpenTrace, Seen
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from gateway.traces.pseudonyms import Pseudonyms
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan
from translators.timestamps import format_timestamp, read_timestamp


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
    seen = [_read(each) for each in sorted(opened.seen, key=lambda each: each.at_ms)]
    if opened.path is Path.LEGACY:
        seen = list(_with_steps(seen, _Steps(request)))
    return Trace(
        dispatch=pseudonyms.uuid(opened.dispatch_uuid),
        path=opened.path,
        origin=opened.origin,
        accepted_at=format_timestamp(opened.accepted_ms) if opened.is_accepted else None,
        request=pseudonyms.request(request),
        entries=tuple(_entry(each, opened.accepted_ms, pseudonyms) for each in seen),
        is_complete=is_complete and not opened.has_hole,
        rules=rules,
        terms=None if opened.terms is None else _terms(opened.terms),
        pair=None if opened.pair is None else pseudonyms.uuid(opened.pair),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A thing that was seen, its body read."""

    seen: Seen
    step: int | None
    body: JsonObject | None
    status: str | None


def _read(seen: Seen) -> _Read:
    body: JsonObject | None = None if seen.body is None else orjson.loads(seen.body)
    status = seen.status if body is None else _text(body.get("status"))
    return _Read(seen=seen, step=seen.step, body=body, status=status)


def _entry(read: _Read, accepted_ms: int, pseudonyms: Pseudonyms) -> TraceEntry:
    seen, body = read.seen, read.body or {}
    message = seen.message or _text(body.get("message_uuid"))
    event_ms = seen.event_ms or _instant(body.get("timestamp"))
    error, usage = _object(body.get("error")), _object(body.get("usage"))
    code = error.get("code")
    return TraceEntry(
        at_ms=seen.at_ms - accepted_ms,
        kind=seen.kind,
        step=read.step,
        message=None if message is None else pseudonyms.uuid(message),
        event_ms=None if event_ms is None else event_ms - accepted_ms,
        status=read.status,
        code=code if isinstance(code, int) else seen.code,
        price=_text(usage.get("price")),
        currency=_text(usage.get("currency")),
        why=seen.why,
        body=None if read.body is None else pseudonyms.body(read.body),
    )


class _Steps:
    """Which message of Dispatch belongs to which step: its callbacks do not say.

    A message is of the first step without one that has its channel and recipient; a recipient that
    is nobody's does not hide the message, whose step is then told by the channel alone.
    """

    def __init__(self, request: JsonObject) -> None:
        workflow = request.get("workflow")
        self._workflow = workflow if isinstance(workflow, list) else []
        self._free = dict(enumerate(_object(step) for step in self._workflow))
        self._known: dict[str, int] = {}

    def of(self, body: JsonObject) -> int | None:
        message = _text(body.get("message_uuid")) or ""
        if message not in self._known:
            told = _object(body.get("to"))
            found = self._first(told, with_address=True)
            found = self._first(told, with_address=False) if found is None else found
            if found is None:
                return None
            self._known[message] = found
            del self._free[found]
        return self._known[message]

    def expiry_ms(self, step: int) -> int:
        """Return how long a step is waited for, 0 where the request does not say."""
        expiry = _object(_object(self._workflow[step]).get("failover")).get("expiry_time")
        return 1000 * expiry if isinstance(expiry, int) else 0

    def _first(self, told: JsonObject, *, with_address: bool) -> int | None:
        for index, step in self._free.items():
            to = _object(step.get("to"))
            is_same = not with_address or _address(to) == _address(told)
            if is_same and to.get("type") == told.get("type"):
                return index
        return None


def _with_steps(seen: list[_Read], steps: _Steps) -> Iterator[_Read]:
    """Give each status its step, and put in the failovers that the next step's status proves."""
    current, began_ms, last = 0, 0, ""
    for each in seen:
        step = None if each.seen.kind is not Kind.STATUS else steps.of(each.body or {})
        if each.seen.kind is Kind.ANSWER:
            began_ms = each.seen.at_ms
        while step is not None and current < step:
            has_time = each.seen.at_ms - began_ms < steps.expiry_ms(current)
            # A step that failed says so; one of which nothing was told was refused, if it did
            # not have the time to expire.
            why = last if last in ("rejected", "undeliverable") else "expired"
            why = "refused" if not last and has_time else why
            failover = Seen(at_ms=each.seen.at_ms, kind=Kind.FAILOVER, step=current, why=why)
            yield _Read(seen=failover, step=current, body=None, status=None)
            current, began_ms, last = current + 1, each.seen.at_ms, ""
        if step is not None and step == current:
            last = each.status or ""
        yield replace(each, step=step)


def _address(party: JsonObject) -> str:
    # Callbacks repeat a number without what people write around it.
    text = str(party.get("number", party.get("id", "")))
    return "".join(c for c in text if c.isalnum()).lower()


def _terms(terms: Terms) -> JsonObject:
    return {
        "horizon_s": terms.horizon_s,
        "grace_s": terms.grace_s,
        "expiry_start": terms.expiry_start.value,
    }


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _instant(value: JsonValue) -> int | None:
    """Return the Unix milliseconds of a timestamp; `None` if it is none."""
    moment = read_timestamp(value) if isinstance(value, str) else None
    return None if moment is None else round(datetime.fromisoformat(moment.text).timestamp() * 1000)
