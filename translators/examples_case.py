"""What an example of a rule is made of: an input, the settings it needs, and sound documents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from translators.channels import CHANNELS
from translators.diagnostics import JsonObject, JsonValue

RECIPIENT: Final = "447700900000"
SENDER: Final = "447700900001"
USER_ID: Final = "US.13491208655302741918"
MESSAGE_UUID: Final = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
DISPATCH_UUID: Final = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
MOMENT: Final = "2025-02-03T12:14:25Z"


class Kind(StrEnum):
    """What is translated into what."""

    STEPS = "steps"
    """A v0.1 dispatch into the v1 calls of its steps."""
    NATIVE = "native"
    """A v0.1 dispatch into one v1 request with a failover array."""
    STATUS = "status"
    """A v1 status webhook into a v0.1 status callback."""
    INBOUND = "inbound"
    """A v1 inbound webhook into a v0.1 inbound callback."""
    TOKEN = "token"  # noqa: S105 - a kind of document
    """The claims of a caller's token into leave to call."""
    REPORT = "report"
    """What is known when a dispatch ends into a v0.1 final report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSettings:
    """What an example sets otherwise than by default."""

    max_steps: int | None = None
    default_locale: str | None = None
    workflow_fee: Decimal = Decimal(0)
    reply_as_text: bool = False
    authentication_templates: frozenset[str] = frozenset()
    with_ttl: bool = False
    undeliverable_fails_over: bool = False


DEFAULTS: Final = CaseSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input."""

    kind: Kind
    raw: bytes
    settings: CaseSettings = DEFAULTS


def written(kind: Kind, document: JsonValue, settings: CaseSettings = DEFAULTS) -> Case:
    """Make a case of a document."""
    return Case(kind=kind, raw=json.dumps(document).encode(), settings=settings)


def step(channel: str = "sms", **members: JsonValue) -> JsonObject:
    """Make a sound step that says hello, with the members given in place of its own.

    `sender` stands for `from`, and `None` for a member to leave out.
    """
    row = CHANNELS[channel]
    members["from"] = members.pop("sender", {"type": channel, row.sender.key: SENDER})
    whole: JsonObject = {
        "from": None,
        "to": {"type": channel, row.recipient.key: RECIPIENT},
        "message": {"content": {"type": "text", "text": "Hello"}},
        **members,
    }
    return {name: member for name, member in whole.items() if member is not None}


def flow(*steps: JsonValue) -> JsonObject:
    """Make a dispatch of these steps."""
    return {"template": "failover", "workflow": [*steps]}


def waiting(channel: str = "sms", **terms: JsonValue) -> JsonObject:
    """Make a dispatch of two steps, the first with these failover terms in place of sound ones."""
    failover: JsonObject = {"expiry_time": 600, "condition_status": "delivered", **terms}
    return flow(step(channel, failover=failover), step())


def saying(channel: str, content: JsonValue, **options: JsonValue) -> JsonObject:
    """Make a dispatch of one step with this content, and channel options beside it."""
    return flow(step(channel, message={"content": content, **options}))


def media(channel: str, kind: str, url: str = "", **members: JsonValue) -> JsonObject:
    """Make a dispatch of one step with media."""
    body: JsonObject = {"url": url or f"https://example.com/{kind}", **members}
    return saying(channel, {"type": kind, kind: body})
