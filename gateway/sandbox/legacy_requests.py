"""What the stand-in of Dispatch reads of a request, and what it refuses.

Its own reading, not the translators': it takes what docs/wire.md section 1.4 calls tolerated, and
looks at no content beyond its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.sandbox.statuses import segments
from translators.diagnostics import JsonObject, JsonValue

_CHANNELS: Final = frozenset({"sms", "mms", "whatsapp", "viber_service_msg", "messenger"})
_ID_ADDRESSES: Final = frozenset(
    {("to", "messenger"), ("from", "messenger"), ("from", "viber_service_msg")}
)
_LONGEST_ADDRESS: Final = 150  # of a user id; all others have 50 at most
_EXPIRY_S: Final = range(15, 86400 + 1)
_CONDITIONS: Final = ("delivered", "read")


class InvalidRequest(ValueError):
    """The first fault of a request, by the field it is in."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyStep:
    """One step of a workflow."""

    channel: str
    to: JsonObject
    """The recipient as callbacks repeat it."""
    sender: JsonObject
    recipient: str
    """The recipient's number or id."""
    client_ref: str | None
    segments: int
    """How many SMS the text needs; 1 for anything else."""
    expiry_s: int | None
    """Seconds to wait for `condition`. Both are `None` on the last step."""
    condition: str | None


def read_workflow(request: JsonValue) -> list[LegacyStep]:
    """Read the steps of a request.

    Raises:
        InvalidRequest: Dispatch documents a 400 for it.
    """
    if not isinstance(request, dict):
        raise InvalidRequest("body", "must be an object")
    if request.get("template") != "failover":
        raise InvalidRequest("template", "must be failover")
    workflow = request.get("workflow")
    if not isinstance(workflow, list):
        raise InvalidRequest("workflow", "must be an array")
    if workflow[-1:] == [None]:
        workflow = workflow[:-1]  # the published sample for Node ends with its callback
    if not workflow:
        raise InvalidRequest("workflow", "has no steps")
    last = len(workflow) - 1
    return [
        _read_step(step, f"workflow[{index}]", is_last=index == last)
        for index, step in enumerate(workflow)
    ]


def _read_step(value: JsonValue, at: str, *, is_last: bool) -> LegacyStep:
    step = _object(value, at)
    channel, recipient, to = _read_side(step, "to", at)
    other, _, sender = _read_side(step, "from", at)
    if other != channel:
        raise InvalidRequest(f"{at}.from.type", "must be that of to")
    client_ref = step.get("client_ref")
    if client_ref is not None and not isinstance(client_ref, str):
        raise InvalidRequest(f"{at}.client_ref", "must be a string")
    content = _object(
        _object(step.get("message"), f"{at}.message").get("content"), f"{at}.message.content"
    )
    if not isinstance(content.get("type"), str):
        raise InvalidRequest(f"{at}.message.content.type", "is required")
    text = content.get("text")
    is_sms = channel == "sms" and isinstance(text, str)
    expiry_s, condition = _read_failover(step.get("failover"), f"{at}.failover", is_last=is_last)
    return LegacyStep(
        channel=channel,
        to=to,
        sender=sender,
        recipient=recipient,
        client_ref=client_ref,
        segments=segments(str(text)) if is_sms else 1,
        expiry_s=expiry_s,
        condition=condition,
    )


def _read_side(step: JsonObject, side: str, at: str) -> tuple[str, str, JsonObject]:
    at = f"{at}.{side}"
    holder = _object(step.get(side), at)
    channel = holder.get("type")
    if channel == "viber_service_message":  # what published samples call it
        channel = "viber_service_msg"
    if not isinstance(channel, str) or channel not in _CHANNELS:
        raise InvalidRequest(f"{at}.type", "must be a channel")
    key = "id" if (side, channel) in _ID_ADDRESSES else "number"
    if (side, channel) == ("to", "whatsapp") and "number" not in holder and "id" in holder:
        key = "id"  # a user id: docs/wire.md section 2.6
    value = holder.get(key)
    if value is None and channel == "viber_service_msg":
        value = holder.get("id")
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_ADDRESS:
        raise InvalidRequest(f"{at}.{key}", "is required")
    return channel, value.strip(), {"type": channel, key: value}


def _read_failover(value: JsonValue, at: str, *, is_last: bool) -> tuple[int | None, str | None]:
    if is_last:
        if value is not None:
            raise InvalidRequest(at, "is not for the last step")
        return None, None
    failover = _object(value, at)
    expiry = failover.get("expiry_time")
    if isinstance(expiry, str) and expiry.isascii() and expiry.isdigit() and len(expiry) < 10:
        expiry = int(expiry)
    # `true` is an int to Python; 600.0 is 600 to JSON.
    if isinstance(expiry, bool) or not isinstance(expiry, int | float) or expiry not in _EXPIRY_S:
        raise InvalidRequest(f"{at}.expiry_time", "must be 15 to 86400")
    condition = failover.get("condition_status")
    if not isinstance(condition, str) or condition not in _CONDITIONS:
        raise InvalidRequest(f"{at}.condition_status", "must be delivered or read")
    return int(expiry), condition


def _object(value: JsonValue, at: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidRequest(at, "is required" if value is None else "must be an object")
    return value
