"""What a JSON body in a log is: a request to Dispatch, or one of those that look like it.

A log of messaging holds many bodies, and several of them have a `workflow`, a `template`, a
`failover` or a `message`. Each is counted for what it is: what is not Dispatch's is never graded,
and never spoils what stands beside it.

Source: docs/wire.md sections 1.6, 3 and 5.7.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.verify import is_verify_request


class Body(StrEnum):
    """A kind of body; the words stand after a count, in the plural."""

    PAYLOAD = "requests to Dispatch"
    DISPATCH_WORD = "answers, states and callbacks of Dispatch"
    VERIFY_REQUEST = "requests of Verify v2"
    VERIFY_WEBHOOK = "webhooks of Verify v2"
    V1_REQUEST = "requests to the Messages API v1"
    V1_WEBHOOK = "webhooks of the Messages API v1"
    V01_MESSAGE = "single messages of the Messages API v0.1"
    OTHER_WORKFLOW = "bodies with a workflow of something else"

    @property
    def one(self) -> str:
        """The words for a single one."""
        return _ONE[self]


_ONE: Final = {
    Body.PAYLOAD: "request to Dispatch",
    Body.DISPATCH_WORD: "answer, state or callback of Dispatch",
    Body.VERIFY_REQUEST: "request of Verify v2",
    Body.VERIFY_WEBHOOK: "webhook of Verify v2",
    Body.V1_REQUEST: "request to the Messages API v1",
    Body.V1_WEBHOOK: "webhook of the Messages API v1",
    Body.V01_MESSAGE: "single message of the Messages API v0.1",
    Body.OTHER_WORKFLOW: "body with a workflow of something else",
}

OTHER_REQUESTS: Final = frozenset({Body.VERIFY_REQUEST, Body.V1_REQUEST, Body.V01_MESSAGE})
"""Requests of other products, which are answered and refused like ours."""

_TEMPLATE: Final = "failover"
_ADDRESS: Final = frozenset({"type", "number", "id"})
_TERMS: Final = frozenset({"expiry_time", "condition_status"})


def body_of(value: JsonValue) -> Body | None:
    """Return what a JSON value is; `None` if it is none of these, whatever it may hold."""
    if not isinstance(value, dict):
        return None
    if "workflow" in value and not _is_v1_webhook(value):
        return _with_workflow(value)
    if isinstance(value.get("dispatch_uuid"), str) or _links_to_dispatch(value):
        return Body.DISPATCH_WORD
    if _is_verify_webhook(value):
        return Body.VERIFY_WEBHOOK
    if isinstance(value.get("message_uuid"), str):
        return Body.V1_WEBHOOK if _is_v1_webhook(value) else _single_message(value)
    if isinstance(value.get("channel"), str) and isinstance(value.get("message_type"), str):
        return Body.V1_REQUEST
    return _single_message(value)


def is_payload(value: JsonValue) -> bool:
    """Tell whether a JSON value is meant as a request to Dispatch."""
    return body_of(value) is Body.PAYLOAD


def _with_workflow(value: JsonObject) -> Body:
    if "dispatch_uuid" in value:
        return Body.DISPATCH_WORD  # the state of one
    if is_verify_request(value):
        return Body.VERIFY_REQUEST
    if _is_verify_webhook(value):
        return Body.VERIFY_WEBHOOK
    workflow = value["workflow"]
    steps = workflow if isinstance(workflow, list) else [workflow]
    is_empty = isinstance(workflow, list) and all(step is None for step in steps)
    is_named = value.get("template") == _TEMPLATE
    if is_named or is_empty or any(map(_is_like_a_step, steps)):
        # An object in place of the list is a mistake that is worth being told.
        is_meant = isinstance(workflow, list) or "template" in value
        return Body.PAYLOAD if is_meant else Body.OTHER_WORKFLOW
    return Body.OTHER_WORKFLOW


def _is_like_a_step(step: JsonValue) -> bool:
    """Tell a step of a dispatch from those of pipelines, flows and other products."""
    if not isinstance(step, dict):
        return False
    failover = step.get("failover")
    return (
        isinstance(step.get("message"), dict)
        or (isinstance(failover, dict) and not _TERMS.isdisjoint(failover))
        or any(_is_address(step.get(name)) for name in ("to", "from"))
    )


def _is_address(value: JsonValue) -> bool:
    return isinstance(value, dict) and not _ADDRESS.isdisjoint(value)


def _is_v1_webhook(value: JsonObject) -> bool:
    """Tell a webhook of v1, which names its native `workflow` if it has one."""
    names = (value.get("message_uuid"), value.get("channel"))
    return all(isinstance(name, str) for name in names) and not _has_steps(value)


def _has_steps(value: JsonObject) -> bool:
    return isinstance(value.get("workflow"), list)


def _is_verify_webhook(value: JsonObject) -> bool:
    return (
        isinstance(value.get("request_id"), str)
        and value.get("type") in ("event", "summary")
        and "status" in value
        and "message_uuid" not in value
    )


def _links_to_dispatch(value: JsonObject) -> bool:
    links = value.get("_links")
    targets = (
        [links.get(name) for name in ("dispatch", "workflow")] if isinstance(links, dict) else []
    )
    return any(isinstance(target, dict) and "dispatch_uuid" in target for target in targets)


def _single_message(value: JsonObject) -> Body | None:
    message = value.get("message")
    has_content = isinstance(message, dict) and "content" in message
    is_one = has_content and _is_address(value.get("to")) and _is_address(value.get("from"))
    return Body.V01_MESSAGE if is_one else None
