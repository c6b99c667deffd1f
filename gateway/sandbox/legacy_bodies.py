"""The callbacks of the stand-in of Dispatch, as documents have them or as traffic shows them.

Source: docs/wire.md sections 5.3 and 5.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from gateway.sandbox.legacy_messages import TEXTING, Fact, Message
from gateway.sandbox.legacy_quirks import Charges, Habits, Links
from translators.diagnostics import JsonObject, JsonValue
from translators.error_codes import ERROR_CODES
from translators.timestamps import format_timestamp

# A later status of this list says more of what became of a message than an earlier one.
_LEAST_FIRST: Final = ("submitted", "rejected", "undeliverable", "delivered", "read")


def status_body(
    message: Message, fact: Fact, *, dispatch_uuid: str, accepted_ms: int, habits: Habits
) -> JsonObject:
    """Write the status callback that tells a fact of a message."""
    step = message.step
    body: JsonObject = {
        "message_uuid": message.message_uuid,
        "to": step.to,
        "from": step.sender,
        "timestamp": format_timestamp(accepted_ms + fact.stamped_ms),
        "status": fact.status,
    }
    if fact.code is not None:
        body["error"] = {"code": fact.code, "reason": ERROR_CODES[fact.code].name}
    is_told = habits.charges is Charges.DOCUMENTED or step.channel in TEXTING
    if fact.charge is not None and is_told:
        body["usage"] = _usage(fact.charge)
    if step.client_ref is not None:
        body["client_ref"] = step.client_ref
    body["_links"] = _links(dispatch_uuid, habits.links)
    return body


def report_body(
    messages: Iterable[Message],
    *,
    is_met: bool,
    known_ms: int,
    stamped_ms: int,
    dispatch_uuid: str,
    habits: Habits,
) -> JsonObject:
    """Write the final report.

    Args:
        messages: those that were sent or refused, in order.
        known_ms: the instant up to which facts are known, counted like theirs.
        stamped_ms: when the report is sent, Unix milliseconds.
    """
    total = habits.fee
    listed: list[JsonValue] = []
    for message in messages:
        known = [fact for fact in message.facts if fact.at_ms <= known_ms]
        charge = next((fact.charge for fact in known if fact.charge is not None), None)
        entry: JsonObject = {
            "message_uuid": message.message_uuid,
            "href": habits.message_href + message.message_uuid,
            "channel": message.step.channel,
        }
        if charge is not None:
            total += charge
            entry["usage"] = _usage(charge)
        entry["status"] = _last_status(known)
        listed.append(entry)
    return {
        "template": "failover",
        "status": "completed" if is_met else "error",
        "timestamp": format_timestamp(stamped_ms),
        "usage": _usage(total.normalize()),
        "dispatch_uuid": dispatch_uuid,
        "_links": {"messages": listed},
    }


def _last_status(known: Sequence[Fact]) -> str:
    told = {fact.status for fact in known}
    return next((status for status in reversed(_LEAST_FIRST) if status in told), "submitted")


def _usage(price: Decimal) -> JsonObject:
    return {"price": format(price, "f"), "currency": "EUR"}


def _links(dispatch_uuid: str, links: Links) -> JsonObject:
    written: JsonObject = {}
    if links is not Links.DISPATCH:
        href = f"/workflows/{dispatch_uuid}"
        written["workflow"] = {"dispatch_uuid": dispatch_uuid, "href": href}
    if links is not Links.WORKFLOW:
        href = f"v0.1/dispatch/{dispatch_uuid}"
        written["dispatch"] = {"dispatch_uuid": dispatch_uuid, "href": href}
    return written
