"""Traces of the stand-in of Dispatch, and workflows of every shape for it to play."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import Final

from gateway.sandbox.legacy_play import play
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, Habits
from gateway.sandbox.scripts import SCRIPTS
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonObject, JsonValue

CHANNELS: Final = ("sms", "mms", "whatsapp", "messenger", "viber_service_msg")
_ADDRESSES: Final = {"messenger": ("id", "id"), "viber_service_msg": ("number", "id")}


def step(
    channel: str, digits: str = "00", condition: str | None = None, expiry_s: int = 15
) -> JsonObject:
    """Write a step whose message has the fate that the digits name."""
    to, sender = _ADDRESSES.get(channel, ("number", "number"))
    content: JsonObject = {"type": "text", "text": "Hello"}
    if channel == "mms":
        content = {"type": "image", "image": {"url": "https://example.com/a.jpg"}}
    written: JsonObject = {
        "to": {"type": channel, to: f"4477009000{digits}"},
        "from": {"type": channel, sender: "447700900199"},
        "message": {"content": content},
    }
    if condition is not None:
        written["failover"] = {"condition_status": condition, "expiry_time": expiry_s}
    return written


def request_of(*steps: JsonObject) -> JsonObject:
    """Write a request."""
    listed: list[JsonValue] = [*steps]
    return {"template": "failover", "workflow": listed}


def legacy_trace(
    request: JsonObject, *, habits: Habits = AS_DOCUMENTED, quirks: Iterable[str] = ()
) -> Trace:
    """Return what an observer of the stand-in of Dispatch records of one workflow."""
    told = play(
        request,
        dispatch_uuid="bbbbbbbb-cccc-4ddd-8eee-0123456789ab",
        draw=_ids(),
        habits=habits,
        quirks=quirks,
    )
    entries = [TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")]
    for each in told:
        body = each.body
        usage, error = _object(body, "usage"), _object(body, "error")
        code = error.get("code")
        entries.append(
            TraceEntry(
                at_ms=each.at_ms,
                kind=Kind.REPORT if each.step is None else Kind.STATUS,
                step=each.step,
                message=_text(body.get("message_uuid")),
                event_ms=round(datetime.fromisoformat(str(body["timestamp"])).timestamp() * 1000),
                status=_text(body["status"]),
                code=code if isinstance(code, int) else None,
                price=_text(usage.get("price")),
                currency=_text(usage.get("currency")),
                body=body,
            )
        )
    return Trace(
        dispatch="bbbbbbbb-cccc-4ddd-8eee-0123456789ab",
        path=Path.LEGACY,
        origin="observe",
        accepted_at="1970-01-01T00:00:00.000Z",
        request=request,
        entries=tuple(entries),
        is_complete=True,
    )


def workflows() -> Iterator[JsonObject]:
    """Yield more than a thousand workflows: all scripts, one to three steps, all conditions."""
    channels = CHANNELS
    turn = count()
    for first in SCRIPTS:
        yield request_of(step(channels[next(turn) % 5], first.digits))
        for second in SCRIPTS:
            at = next(turn)
            condition = ("delivered", "read")[at % 2]
            yield request_of(
                step(channels[at % 5], first.digits, condition, (15, 16, 60, 600)[at % 4]),
                step(channels[(at // 5) % 5], second.digits),
            )
        for second in SCRIPTS[:14]:
            at = next(turn)
            yield request_of(
                step(channels[at % 5], first.digits, ("read", "delivered")[at % 2], 15),
                step(channels[at % 3], second.digits, ("delivered", "read")[at // 2 % 2], 20),
                step(channels[at % 4], SCRIPTS[at % len(SCRIPTS)].digits),
            )


def _ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: str(uuid.UUID(int=next(numbers), version=4))


def _object(body: JsonObject, name: str) -> JsonObject:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
