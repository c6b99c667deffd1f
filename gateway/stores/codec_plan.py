"""How the plan of a dispatch is written: the largest and most personal record of a store.

The echo objects `to` and `sender` mostly say again what `channel` and `request` say. They are
written only when they say anything else, such as a number with a space in front.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.stores.codec import CHANNELS, CONDITIONS
from gateway.stores.record import Document, Format, Words
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, StepPlan

PLAN: Final = Format("dispatch plan")

# Pinned with the format, see codec.py: the upstream's name of a channel where it differs, and
# the key of a recipient's and of a sender's address where it is not `number` (docs/wire.md
# sections 1.3 and 4.1).
_UPSTREAM_NAMES: Final = {"viber_service_msg": "viber_service"}
_RECIPIENT_KEYS: Final = {"messenger": "id"}
_SENDER_KEYS: Final = {"messenger": "id", "viber_service_msg": "id"}
_MESSAGE_TYPES: Final = Words(
    "text", "image", "audio", "video", "file", "vcard", "template", "custom"
)


def encode_plan(plan: DispatchPlan) -> bytes:
    """Write a plan. The member order inside `request` may differ after reading it back."""
    document: Document = {"s": [_write_step(step) for step in plan.steps]}
    if plan.template != "failover":
        document["n"] = plan.template
    return PLAN.pack(document)


def decode_plan(record: bytes) -> DispatchPlan:
    """Read what `encode_plan` of this or an older version wrote.

    Raises:
        UnreadableRecord: a newer version wrote it, or it is damaged.
    """
    document, _ = PLAN.unpack(record)
    return DispatchPlan(
        template=document.get("n", "failover"),
        steps=tuple(_read_step(step) for step in document["s"]),
    )


def _write_step(step: StepPlan) -> Document:
    document: Document = {"c": CHANNELS.write(step.channel)}
    rest = dict(step.request)
    is_usual = _is_usual(step)
    if is_usual:
        del rest["channel"]
        document["t"], document["f"] = rest.pop("to"), rest.pop("from")
        document["m"] = _MESSAGE_TYPES.write(str(rest.pop("message_type")))
    if rest.keys() == {"text"}:
        document["x"] = rest["text"]
    else:
        document["r"] = rest
    # Compared as lists: an echo keeps the order of its members, too.
    to, sender = (
        _usual_recipient(step.channel, step.request),
        _usual_sender(step.channel, step.request),
    )
    if not is_usual or list(step.to.items()) != list(to.items()):
        document["T"] = step.to
    if not is_usual or list(step.sender.items()) != list(sender.items()):
        document["F"] = step.sender
    if step.client_ref != step.request.get("client_ref"):
        document["l"] = step.client_ref
    if step.expiry_s is not None:
        document["e"] = step.expiry_s
    if step.condition is not None:
        document["w"] = CONDITIONS.write(step.condition)
    return document


def _read_step(document: Document) -> StepPlan:
    channel, condition = CHANNELS.read(document["c"]), document.get("w")
    request: JsonObject = {"text": document["x"]} if "x" in document else document["r"]
    if "t" in document:
        request = {
            "to": document["t"],
            "from": document["f"],
            "channel": _upstream_name(channel),
            "message_type": _MESSAGE_TYPES.read(document["m"]),
            **request,
        }
    client_ref: Any = document["l"] if "l" in document else request.get("client_ref")
    return StepPlan(
        channel=channel,
        to=document["T"] if "T" in document else _usual_recipient(channel, request),
        sender=document["F"] if "F" in document else _usual_sender(channel, request),
        client_ref=client_ref,
        request=request,
        expiry_s=document.get("e"),
        condition=None if condition is None else CONDITIONS.read(condition),
    )


def _is_usual(step: StepPlan) -> bool:
    """Tell whether the request has the members that every message has, as expected."""
    request = step.request
    return (
        isinstance(request.get("to"), str)
        and isinstance(request.get("from"), str)
        and isinstance(request.get("message_type"), str)
        and request.get("channel") == _upstream_name(step.channel)
    )


def _upstream_name(channel: str) -> str:
    return _UPSTREAM_NAMES.get(channel, channel)


def _usual_recipient(channel: str, request: JsonObject) -> JsonObject:
    return {"type": channel, _RECIPIENT_KEYS.get(channel, "number"): request.get("to")}


def _usual_sender(channel: str, request: JsonObject) -> JsonObject:
    return {"type": channel, _SENDER_KEYS.get(channel, "number"): request.get("from")}
