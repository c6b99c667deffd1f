"""Traces of Dispatch written by hand, one line for each thing that was told.

1 submitted @0.2          a status of step 1
1 rejected 1300 @1        with an error code
1 delivered @4 0.0333     with a charge
report completed @4.04    the final report, which lists what was told by then
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from gateway.compare.comparison import DEFAULT_TOLERANCES, Comparison, Tolerances
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.core.decide import RANK
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.gateway.simulation.casts import document_of
from translators.diagnostics import JsonObject, JsonValue
from translators.error_codes import ERROR_CODES
from translators.timestamps import format_timestamp

DISPATCH: Final = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
SMS: Final = ("sms delivered 15", "sms")
READ: Final = ("whatsapp read 600", "sms")


def trace(
    steps: Sequence[str],
    *lines: str,
    fee: str = "0",
    shown: Mapping[int, str] | None = None,
    charged: Mapping[int, str] | None = None,
    href: str = "",
    is_complete: bool = True,
) -> Trace:
    """Write a trace.

    Args:
        fee: what the total has beyond its messages.
        shown: statuses in the report that are not the highest told; by step.
        charged: charges in the report that no status told; by step.
        href: what stands before the ids in the report.
    """
    request = document_of(*steps)
    entries = [TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")]
    for line in lines:
        word, status, *rest = line.split()
        at_ms = round(1000 * float(next(each for each in rest if each[0] == "@")[1:]))
        extras = [each for each in rest if each[0] != "@"]
        if word == "report":
            body = _report(status, at_ms, entries, fee, shown or {}, charged or {}, href)
            entries.append(TraceEntry(at_ms=at_ms, kind=Kind.REPORT, status=status, body=body))
        else:
            entries.append(_status(request, int(word) - 1, status, at_ms, extras))
    return Trace(
        dispatch=DISPATCH,
        path=Path.LEGACY,
        origin="observe",
        accepted_at=format_timestamp(0),
        request=request,
        entries=tuple(entries),
        is_complete=is_complete,
    )


def judged(reference: Trace, tolerances: Tolerances = DEFAULT_TOLERANCES) -> Comparison:
    """Compare a trace with its replay."""
    return compare(reference, replay(reference), tolerances)


def found(reference: Trace, tolerances: Tolerances = DEFAULT_TOLERANCES) -> list[str]:
    """Return what is found: `failover-early 1`, `cost DIFF-08`."""
    words = []
    for each in judged(reference, tolerances).differences:
        step = [] if each.step is None else [str(each.step + 1)]
        known = [] if each.known is None else [each.known]
        words.append(" ".join([each.kind.name, *step, *known]))
    return words


def with_body(reference: Trace, index: int, **members: JsonValue) -> Trace:
    """Change members of the body of one entry."""
    entries = list(reference.entries)
    body: JsonObject = {**(entries[index].body or {}), **members}
    entries[index] = replace(entries[index], body=body)
    return replace(reference, entries=tuple(entries))


def message_id(step: int) -> str:
    """Return the id of a step's message."""
    return f"{step + 1}1111111-bbbb-4ccc-8ddd-0123456789ab"


def links() -> JsonObject:
    """Return the links of a callback, both of them."""
    return {
        "workflow": {"dispatch_uuid": DISPATCH, "href": f"/workflows/{DISPATCH}"},
        "dispatch": {"dispatch_uuid": DISPATCH, "href": f"v0.1/dispatch/{DISPATCH}"},
    }


def _status(
    request: JsonObject, step: int, status: str, at_ms: int, extras: Sequence[str]
) -> TraceEntry:
    workflow = request["workflow"]
    assert isinstance(workflow, list)
    planned = workflow[step]
    assert isinstance(planned, dict)
    code = next((int(each) for each in extras if "." not in each), None)
    price = next((each for each in extras if "." in each), None)
    body: JsonObject = {
        "message_uuid": message_id(step),
        "to": planned["to"],
        "from": planned["from"],
        "timestamp": format_timestamp(at_ms),
        "status": status,
        "_links": links(),
    }
    if code is not None:
        body["error"] = {"code": code, "reason": ERROR_CODES[code].name}
    if price is not None:
        body["usage"] = {"currency": "EUR", "price": price}
    return TraceEntry(
        at_ms=at_ms,
        kind=Kind.STATUS,
        step=step,
        message=message_id(step),
        event_ms=at_ms,
        status=status,
        code=code,
        price=price,
        currency=price and "EUR",
        body=body,
    )


def _report(
    status: str,
    at_ms: int,
    entries: Sequence[TraceEntry],
    fee: str,
    shown: Mapping[int, str],
    charged: Mapping[int, str],
    href: str,
) -> JsonObject:
    told = [entry for entry in entries if entry.kind is Kind.STATUS]
    steps = max([entry.step or 0 for entry in told] + [*shown], default=0) + 1
    total, listed = Decimal(fee), list[JsonValue]()
    for step in range(steps):
        own = [entry for entry in told if entry.step == step]
        statuses = sorted((entry.status or "" for entry in own), key=lambda each: RANK[each])
        prices = [entry.price for entry in own if entry.price]
        price = charged.get(step, prices[-1] if prices else None)
        entry: JsonObject = {
            "message_uuid": message_id(step),
            "href": f"{href}{message_id(step)}",
            "channel": _channel(own),
            "status": shown.get(step, statuses[-1] if statuses else "submitted"),
        }
        if price is not None:
            total += Decimal(price)
            entry["usage"] = {"price": price, "currency": "EUR"}
        listed.append(entry)
    return {
        "template": "failover",
        "status": status,
        "timestamp": format_timestamp(at_ms),
        "usage": {"price": f"{total:f}", "currency": "EUR"},
        "dispatch_uuid": DISPATCH,
        "_links": {"messages": listed},
    }


def _channel(told: Sequence[TraceEntry]) -> str:
    for entry in told:
        to = (entry.body or {}).get("to")
        if isinstance(to, dict):
            return str(to["type"])
    return "sms"
