"""An example of each rule of a v1 webhook, and of a v0.1 final report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.examples_case import (
    DEFAULTS,
    DISPATCH_UUID,
    MESSAGE_UUID,
    MOMENT,
    RECIPIENT,
    SENDER,
    USER_ID,
    Case,
    CaseSettings,
    Kind,
    written,
)

_PRICE: Final[JsonObject] = {"currency": "EUR", "price": "0.0333"}
_WITH_FEE: Final = CaseSettings(workflow_fee=Decimal("0.002"))
_REPLY_AS_TEXT: Final = CaseSettings(reply_as_text=True)


def _status(**members: JsonValue) -> JsonObject:
    """Make a sound status with the members given in place of its own; `None` leaves one out."""
    whole: JsonObject = {
        "message_uuid": MESSAGE_UUID,
        "to": RECIPIENT,
        "from": members.pop("sender", SENDER),
        "timestamp": MOMENT,
        "status": "delivered",
        "channel": "sms",
        **members,
    }
    return {name: member for name, member in whole.items() if member is not None}


def _inbound(channel: str, kind: str | None, **members: JsonValue) -> JsonObject:
    whole: JsonObject = {
        "message_uuid": MESSAGE_UUID,
        "to": SENDER,
        "from": RECIPIENT,
        "timestamp": MOMENT,
        "channel": channel,
        "message_type": kind,
        **members,
    }
    return {name: member for name, member in whole.items() if member is not None}


def _statuses() -> Iterator[tuple[str, JsonValue]]:
    yield "STS201", ["delivered"]
    yield "STS202", _status(message_uuid=None)
    yield "STS203", _status(status=None)
    yield "STS204", _status(status="seen")
    yield "STS205", _inbound("whatsapp", "text", text="Hello")
    yield "STS206", _status(to={"type": "sms", "number": RECIPIENT})
    yield "STS207", _status(channel="rcs")
    yield "STS208", _status(channel="pigeon")
    yield "STS209", _status(timestamp="yesterday")
    yield "STS210", _status(timestamp="2025-02-03T12:14:25.061234Z")
    yield "STS211", _status(to=None)
    yield "STS212", _status(client_ref=42)
    yield "STS213", _status(status="rejected", error={"title": "Rejected"})
    yield "STS214", _status(status="rejected")
    explained = "Illegal Number - The recipient has opted out."
    yield "STS215", _status(status="rejected", error={"title": "1240", "detail": explained})
    yield "STS216", _status(status="rejected", error={"title": "1420"})
    yield "STS217", _status(usage={"currency": "EUR", "price": "free"})
    yield "STS218", _status(usage={"currency": "EUR", "price": 0.0333})
    yield "STS219", _status(usage={"price": "0.0333"})
    yield "STS220", _status(destination={"network_code": "23410"})
    yield "STS221", _status(mood="good")
    yield "STS222", _status(timestamp=1738584865)


def _messages() -> Iterator[tuple[str, JsonValue]]:
    yield "STS251", _inbound("whatsapp", None, text="Hello")
    yield "STS252", _inbound("whatsapp", "sticker", sticker={"url": "https://example.com/cat"})
    yield "STS253", _inbound("whatsapp", "image", image={})
    parts: list[JsonValue] = [
        {"type": kind, "url": f"https://example.com/{kind}"} for kind in ("image", "vcard")
    ]
    yield "STS254", _inbound("mms", "content", content=parts)
    yield "STS255", _inbound("mms", "text", text="Hello")
    yield "STS256", _inbound("sms", "text", text="Hello", sms={"num_messages": "1"})
    yield "STS257", _inbound("sms", "text", text="Hello", usage=_PRICE)


def _hidden_numbers() -> Iterator[tuple[str, JsonValue]]:
    inbound = _inbound("whatsapp", "text", text="Hello")
    yield "STS223", {**inbound, "from": "", "whatsapp": {"sender": {"wa_id": RECIPIENT}}}
    yield "STS224", {**inbound, "from": USER_ID}


def _reports() -> Iterator[tuple[str, JsonValue]]:
    dollars: JsonValue = {"currency": "USD", "price": "0.0100"}
    yield "RPT301", _report(_message(usage=dollars), _message("sms"))
    yield "RPT302", _report(_message(usage={"currency": "EUR", "price": "free"}))
    yield "RPT303", _report(_message(status=None))
    yield "RPT305", _report(_message(usage=None))


def _report(*messages: JsonValue) -> JsonObject:
    return {
        "dispatch_uuid": DISPATCH_UUID,
        "template": "failover",
        "status": "completed",
        "timestamp": "2025-02-03T12:14:25.061Z",
        "messages": [*messages],
    }


def _message(channel: str = "whatsapp", **members: JsonValue) -> JsonObject:
    return {
        "message_uuid": MESSAGE_UUID,
        "channel": channel,
        "status": "delivered",
        "usage": _PRICE,
        **members,
    }


def _cases() -> Iterator[tuple[str, Case]]:
    kinds = (
        (Kind.STATUS, _statuses()),
        (Kind.INBOUND, _messages()),
        (Kind.INBOUND, _hidden_numbers()),
        (Kind.REPORT, _reports()),
    )
    for kind, documents in kinds:
        for code, document in documents:
            yield code, written(kind, document, DEFAULTS)
    reply: JsonValue = {"id": "1", "title": "Yes"}
    button = _inbound("whatsapp", "reply", reply=reply)
    yield "STS258", written(Kind.INBOUND, button, _REPLY_AS_TEXT)
    yield "RPT304", written(Kind.REPORT, _report(_message()), _WITH_FEE)


WEBHOOK_CASES: Final[Mapping[str, Case]] = dict(_cases())
"""The cases of STS201 to STS258 and RPT301 to RPT305, by code."""
