"""Traces, callbacks and lines of logs in short form, and how they are imported."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gateway.offline.inputs import Trouble
from gateway.offline.log_records import Record
from gateway.traces.legacy_logs import import_logs
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from gateway.traces.pseudonyms import Pseudonyms
from translators.diagnostics import JsonObject, JsonValue

KEY: Final = b"not a secret but thirty-two long"
PSEUDONYMS: Final = Pseudonyms(KEY)
DISPATCH: Final = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
OTHER: Final = "cccccccc-dddd-4eee-8fff-0123456789ab"
FIRST: Final = "11111111-bbbb-4ccc-8ddd-0123456789ab"
SECOND: Final = "22222222-bbbb-4ccc-8ddd-0123456789ab"
DAY_S: Final = 86_400


ENTRY: Final = TraceEntry(
    at_ms=-17,
    kind=Kind.STATUS,
    step=1,
    message="11111111-bbbb-4ccc-8ddd-0123456789ab",
    event_ms=-20,
    status="rejected",
    code=1300,
    price="0.0333",
    currency="EUR",
    why="late",
    body={"status": "rejected", "ünusual": [1.5, None, True]},
)
"""Has a value for every field."""
TRACE: Final = Trace(
    dispatch="bbbbbbbb-cccc-4ddd-8eee-0123456789ab",
    path=Path.GATEWAY,
    origin="observe",
    accepted_at="2025-02-03T12:14:25.000Z",
    request={"template": "failover", "workflow": []},
    entries=(TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202"), ENTRY),
    is_complete=True,
    rules=("REQ124",),
    differences=("DIFF-08",),
    terms={"horizon_s": 259200},
    pair="dddddddd-eeee-4fff-8aaa-0123456789ab",
    refusal=415,
)
"""Likewise."""
BARE: Final = replace(
    TRACE,
    accepted_at=None,
    entries=(),
    is_complete=False,
    rules=(),
    differences=(),
    terms=None,
    pair=None,
    refusal=None,
)
"""Has no more than every trace has."""


def clock(at_s: float) -> str:
    """Write an instant of the log, in seconds since noon of some day."""
    return f"{1738584000 + at_s:.3f}"


def sms(
    number: str = "447700900000", *, client_ref: str = "order-42", **members: JsonValue
) -> JsonObject:
    """Return a step that sends an SMS."""
    return {
        "from": {"type": "sms", "number": "447700900001"},
        "to": {"type": "sms", "number": number},
        "message": {"content": {"type": "text", "text": "Hello Anna"}},
        "client_ref": client_ref,
        **members,
    }


TERMS: Final[JsonObject] = {"expiry_time": 15, "condition_status": "delivered"}


def request(*, client_ref: str = "order-42") -> JsonObject:
    """Return two SMS to one person, of whom the first may take 15 seconds."""
    steps: list[JsonValue] = [sms(client_ref=client_ref, failover=TERMS), sms()]
    return {"template": "failover", "workflow": steps}


def accepted(at_s: float = 0, dispatch: str = DISPATCH) -> JsonObject:
    """Return a line with a request and its answer."""
    return {"ts": clock(at_s), "sent": request(), "got": {"dispatch_uuid": dispatch}}


def status(
    at_s: float, word: str, message: str = FIRST, dispatch: str = DISPATCH, **members: JsonValue
) -> JsonObject:
    """Return a line with a status callback."""
    link: JsonObject = {"dispatch_uuid": dispatch, "href": f"v0.1/dispatch/{dispatch}"}
    body: JsonObject = {
        "message_uuid": message,
        "to": {"type": "sms", "number": "447700900000"},
        "from": {"type": "sms", "number": "447700900001"},
        "timestamp": "2025-02-03T12:00:00.000Z",
        "status": word,
        **members,
        "_links": {"dispatch": link},
    }
    return {"ts": clock(at_s), "body": body}


def report(at_s: float, *messages: str, dispatch: str = DISPATCH) -> JsonObject:
    """Return a line with a final report of SMS."""
    listed: list[JsonValue] = [
        {"message_uuid": each, "href": each, "channel": "sms", "status": "delivered"}
        for each in messages
    ]
    body: JsonObject = {
        "dispatch_uuid": dispatch,
        "template": "failover",
        "status": "completed",
        "timestamp": "2025-02-03T12:00:00.000Z",
        "usage": {"price": "0.0333", "currency": "EUR"},
        "_links": {"messages": listed},
    }
    return {"ts": clock(at_s), "body": body}


def imported(*lines: JsonValue | bytes) -> list[Trace | Trouble]:
    """Import a log of these lines: what is not bytes is written as JSON."""
    written = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    records = (
        Record(path="app.jsonl", line=number, raw=raw, is_json=True)
        for number, raw in enumerate(written, 1)
    )
    return list(import_logs(records, PSEUDONYMS))


def traces(things: Iterable[Trace | Trouble]) -> list[Trace]:
    """Return the traces among `things`."""
    return [each for each in things if isinstance(each, Trace)]


def told(things: Iterable[Trace | Trouble]) -> list[str]:
    """Return what is said beside the traces."""
    return [str(each) for each in things if isinstance(each, Trouble)]


def only_trace(things: Iterable[Trace | Trouble]) -> Trace:
    """Return the one trace of an import that had nothing to say."""
    (trace,) = things
    assert isinstance(trace, Trace)
    return trace


def shown(trace: Trace) -> list[tuple[Kind, int | None, str | None]]:
    """Return what happened, in order: kind, step, and status or reason."""
    return [(entry.kind, entry.step, entry.why or entry.status) for entry in trace.entries]
