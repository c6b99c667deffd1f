"""What a webhook is, told by its body: the path it was posted to is the choice of a dashboard.

The account's or the application's settings decide in which shape webhooks come and where they go,
and both can be wrong. So every route takes every kind. Source: docs/wire.md section 5.8.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from translators.diagnostics import JsonObject, JsonValue

_MAX_FORM_FIELDS: Final = 64
"""A receipt has about ten; a body of thousands is not looked through."""


class WebhookKind(StrEnum):
    """What a body says it is."""

    STATUS = "status"
    """How a message fares, in the shape of v1 or of v0.1."""
    INBOUND = "inbound"
    """What a person wrote, in the shape of v1 or of v0.1."""
    DISPATCH_REPORT = "dispatch-report"
    """The final report of a workflow that Dispatch itself has run."""
    SMS_API = "sms-api"
    """A receipt or a message in the form of the SMS API: the account's setting is wrong."""
    VERIFY = "verify"
    """An event or a summary of Verify v2."""
    UNKNOWN = "unknown"
    """None of these; the route says what it should have been."""


def webhook_kind(document: JsonValue) -> WebhookKind:
    """Tell what a parsed webhook is."""
    if not isinstance(document, dict):
        return WebhookKind.UNKNOWN
    if not _has(document, "message_uuid"):
        if _has(document, "msisdn") and (
            _has(document, "messageId") or _has(document, "message-timestamp")
        ):
            return WebhookKind.SMS_API
        if _has(document, "dispatch_uuid"):
            return WebhookKind.DISPATCH_REPORT
        if _has(document, "request_id"):
            return WebhookKind.VERIFY
    if document.get("status") is not None:
        return WebhookKind.STATUS
    if "message_type" in document or _is_object(document, "message"):
        return WebhookKind.INBOUND
    return WebhookKind.UNKNOWN


def is_in_v01_shape(document: JsonObject) -> bool:
    """Tell whether addresses or content are objects: v1 webhooks are flat."""
    return any(_is_object(document, key) for key in ("to", "from", "message"))


def is_v01_inbound(document: JsonValue) -> bool:
    """Tell whether this is an inbound message just as a v0.1 application expects it."""
    return (
        isinstance(document, dict)
        and webhook_kind(document) is WebhookKind.INBOUND
        and _is_object(document, "message")
    )


def read_loosely(raw: bytes) -> JsonValue:
    """Read as much of a body as its kind takes: what JSON forbids is let pass, and so are forms.

    Good for telling what a body is and for nothing else: `parse_document` reads what is used. An
    SMS cut in the middle of a character (a surrogate alone) is still somebody's message.
    """
    try:
        document: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        return _read_form(raw)
    return document


def _read_form(raw: bytes) -> JsonObject:
    """Read a form, or the query of a URL, as an object of texts; empty if it is neither."""
    try:
        fields = parse_qsl(raw.decode("utf-8"), max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        return {}
    return dict(fields)


def _has(document: JsonObject, key: str) -> bool:
    return document.get(key) not in (None, "")


def _is_object(document: JsonObject, key: str) -> bool:
    return isinstance(document.get(key), dict)
