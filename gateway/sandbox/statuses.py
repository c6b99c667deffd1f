"""The bodies of v1 status webhooks, with what each channel adds to them.

Source: docs/wire.md section 5.2 and 5.5; the prices are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import orjson

from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.scripts import Moment, Script
from translators.diagnostics import JsonObject, JsonValue
from translators.error_codes import ERROR_CODES
from translators.user_ids import is_user_id
from translators.v1 import REFERENCE

_PRICES: Final = MappingProxyType(
    {
        "sms": Decimal("0.0333"),  # a segment
        "mms": Decimal("0.0512"),
        "whatsapp": Decimal("0.0479"),
        "messenger": Decimal("0.001"),
        "viber_service": Decimal("0.0215"),
        "rcs": Decimal("0.0422"),
    }
)

# SMS and MMS are charged when they are handed over, everything else on arrival.
_CHARGED_EARLY: Final = frozenset({"sms", "mms"})
_WITHOUT_READ: Final = frozenset({"sms", "mms"})
_CHARGEABLE: Final = ("submitted", "delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """What the statuses of one message repeat of it."""

    message_uuid: str
    to: str
    sender: str
    channel: str
    message_type: str
    client_ref: str | None
    segments: int
    """How many SMS the text needs; 1 for anything else."""
    webhook_url: str | None
    workflow: tuple[str, int, int] | None = None
    """Id, position from 1 and length of a native failover that it is part of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One webhook to come."""

    due_ms: int
    status: str
    body: bytes


def segments(text: str) -> int:
    """Return how many SMS a text needs, taking ASCII for the alphabet of GSM."""
    one, several = (160, 153) if text.isascii() else (70, 67)
    return 1 if len(text) <= one else -(-len(text) // several)


def plan_statuses(
    message: SentMessage, script: Script, config: SandboxConfig, *, start_ms: int
) -> list[Status]:
    """Return the webhooks of a message in the order of their sending, copies included.

    Args:
        start_ms: the origin of the script's times: when the POST was answered.
    """
    moments = [
        moment
        for moment in script.moments
        if not (moment.status == "read" and message.channel in _WITHOUT_READ)
    ]
    charged = _charged_status(message.channel, moments)
    statuses: list[Status] = []
    for moment in moments:
        factor = 1000 * (config.pace if moment.is_paced else config.fixed_pace)
        stamp_s = moment.after_s if moment.stamped_s is None else moment.stamped_s
        is_charged = moment.status == charged
        body = _body(message, moment, start_ms + int(stamp_s * factor), is_charged=is_charged)
        status = Status(
            due_ms=start_ms + int(moment.after_s * factor),
            status=moment.status,
            body=orjson.dumps(body),
        )
        statuses += [status] * script.copies
    return statuses


def _charged_status(channel: str, moments: Sequence[Moment]) -> str | None:
    known = {moment.status for moment in moments}
    chargeable = _CHARGEABLE if channel in _CHARGED_EARLY else _CHARGEABLE[1:]
    return next((status for status in chargeable if status in known), None)


def _body(message: SentMessage, moment: Moment, stamp_ms: int, *, is_charged: bool) -> JsonObject:
    body: JsonObject = {
        "message_uuid": message.message_uuid,
        "to": message.to,
        "from": message.sender,
        "timestamp": _timestamp(stamp_ms),
        "status": moment.status,
    }
    if moment.code is not None:
        error = ERROR_CODES[moment.code]
        body["error"] = {
            "type": f"{REFERENCE}{error.code}",
            "title": str(error.code),
            "detail": f"{error.name} - {error.meaning}",
            "instance": message.message_uuid.replace("-", ""),
        }
    if is_charged:
        price = _PRICES[message.channel] * message.segments
        body["usage"] = {"currency": "EUR", "price": format(price, "f")}
    if message.client_ref is not None:
        body["client_ref"] = message.client_ref
    body["channel"] = message.channel
    body |= _channel_members(message, is_charged=is_charged)
    if message.workflow is not None:
        workflow_id, position, length = message.workflow
        body["workflow"] = {
            "workflow_id": workflow_id,
            "items_number": str(position),
            "items_total": str(length),
        }
    return body


def _channel_members(message: SentMessage, *, is_charged: bool) -> JsonObject:
    if message.channel == "sms":
        return {
            "destination": {"network_code": "23430"},
            "sms": {"count_total": str(message.segments)},
        }
    if message.channel == "whatsapp":
        whatsapp = _recipient(message) | (_pricing(message) if is_charged else {})
        return {"whatsapp": whatsapp} if whatsapp else {}
    return {}


def _recipient(message: SentMessage) -> JsonObject:
    """Return what v1 tells of somebody whose phone number is hidden. Source: docs/wire.md 5.5."""
    if not is_user_id(message.to):
        return {}
    return {"recipient": {"user_id": message.to}}


def _pricing(message: SentMessage) -> JsonObject:
    category = "utility" if message.message_type == "template" else "service"
    origin: JsonValue = {"type": category}
    return {
        "pricing": {"type": "regular", "pricing_model": "CBP", "category": category},
        "conversation": {"id": message.message_uuid.replace("-", ""), "origin": origin},
    }


def _timestamp(ms: int) -> str:
    # The form of the newest captured statuses, without a fraction.
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
