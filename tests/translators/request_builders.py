"""Dispatch requests, sound and otherwise, in as few words as their tests need."""

from __future__ import annotations

from typing import Any, Final

from translators.channels import CHANNELS
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan, StepPlan, translate_dispatch

RECIPIENT: Final = "447700900000"
SENDER: Final = "447700900001"
FAILOVER: Final[JsonObject] = {"expiry_time": 600, "condition_status": "delivered"}


def step(channel: str = "sms", *, sender: JsonValue = None, **members: Any) -> dict[str, Any]:
    """A sound step, with the members given in place of its own; `sender` stands for `from`."""
    row = CHANNELS[channel]
    return {
        "from": sender or {"type": channel, row.sender.key: SENDER},
        "to": {"type": channel, row.recipient.key: RECIPIENT},
        "message": {"content": {"type": "text", "text": "Hello"}},
        **members,
    }


def flow(*steps: JsonValue) -> dict[str, Any]:
    return {"template": "failover", "workflow": list(steps)}


def to(number: JsonValue) -> dict[str, Any]:
    return step(to={"type": "sms", "number": number})


def waiting(**terms: JsonValue) -> dict[str, Any]:
    return flow(step(failover={**FAILOVER, **terms}), step())


def saying(channel: str, content: JsonValue, **options: JsonValue) -> dict[str, Any]:
    return flow(step(channel, message={"content": content, **options}))


def text(channel: str, length: int) -> dict[str, Any]:
    return saying(channel, {"type": "text", "text": "x" * length})


def image(url: JsonValue) -> dict[str, Any]:
    return saying("mms", {"type": "image", "image": {"url": url}})


def template(*parameters: JsonValue, **options: JsonValue) -> dict[str, Any]:
    content: JsonObject = {
        "type": "template",
        "template": {"name": "ns:x", "parameters": [*parameters]},
    }
    return saying("whatsapp", content, whatsapp={"locale": "en_GB", **options})


def plan_of(document: JsonValue, **settings: Any) -> DispatchPlan:
    plan = translate_dispatch(document, **settings).value
    assert plan is not None
    return plan


def first(document: JsonValue, **settings: Any) -> StepPlan:
    return plan_of(document, **settings).steps[0]


def errors(document: JsonValue) -> list[tuple[str, str]]:
    return [(found.rule, found.pointer) for found in translate_dispatch(document).errors]
