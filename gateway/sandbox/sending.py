"""An accepted request, as the messages that it sends and the webhooks that these cause."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterator

from gateway.clock import Clock
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.ledger import Tally
from gateway.sandbox.scripts import script_for
from gateway.sandbox.statuses import SentMessage, plan_statuses, segments
from gateway.sandbox.webhooks import Lane, Webhook
from translators.diagnostics import JsonObject


def draw_uuid(clock: Clock) -> str:
    """Draw an id of the version the service uses for messages, 4."""
    return str(uuid.UUID(bytes=clock.draw_token(16), version=4))


def read_messages(document: JsonObject, clock: Clock, workflow_id: str | None) -> list[SentMessage]:
    """Return the message of a valid request, and those of its `failover` array after it."""
    documents = [*_documents(document)]
    return [
        SentMessage(
            message_uuid=draw_uuid(clock),
            to=str(item["to"]),
            sender=str(item["from"]),
            channel=str(item["channel"]),
            message_type=str(item["message_type"]),
            client_ref=_text(item, "client_ref"),
            segments=segments(str(item["text"])) if item["channel"] == "sms" else 1,
            webhook_url=_text(item, "webhook_url") or _text(document, "webhook_url"),
            workflow=None if workflow_id is None else (workflow_id, position, len(documents)),
        )
        for position, item in enumerate(documents, start=1)
    ]


def make_lane(
    messages: list[SentMessage], config: SandboxConfig, *, start_ms: int, tally: Tally
) -> Lane:
    """Plan every webhook of a request: those of its message, and of the next once it is rejected.

    `rejected` is the only trigger of native failover. Source: docs/wire.md section 3.5.
    """
    webhooks: deque[Webhook] = deque()
    for message in messages:
        statuses = plan_statuses(message, script_for(message.to), config, start_ms=start_ms)
        url = message.webhook_url or config.webhook_url
        if url is not None:
            webhooks += (
                Webhook(message_uuid=message.message_uuid, url=url, status=status)
                for status in statuses
            )
        rejections = [status.due_ms for status in statuses if status.status == "rejected"]
        if not rejections:
            break
        start_ms = rejections[0]
    return Lane(webhooks=webhooks, tally=tally)


def _documents(document: JsonObject) -> Iterator[JsonObject]:
    yield document
    items = document.get("failover")
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))


def _text(document: JsonObject, name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
