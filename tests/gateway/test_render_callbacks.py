"""Effects become callbacks: the final bytes of statuses and reports."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from gateway.bodies import message_uuid_of, report_messages
from gateway.core.events import (
    SendRefused,
    SendUnconfirmed,
)
from gateway.render import (
    REPORT_STEP,
    RenderOptions,
)
from gateway.stores.base import OutboxKind
from tests.gateway.rendering import (
    ACCEPTED,
    DISPATCH,
    MESSAGE,
    NOW,
    PLAN,
    SHOP,
    begin,
    told,
)
from translators.status import LinkStyle, Usage

# Callbacks


def test_a_status_goes_to_the_status_url_and_the_report_after_it_to_its_own() -> None:
    story = begin()
    story.then(ACCEPTED)
    items = story.then(*told()).outbox
    assert [(item.kind, item.url, item.step) for item in items] == [
        (OutboxKind.CALLBACK, SHOP.status_url, 0),
        (OutboxKind.CALLBACK, SHOP.final_report_url, REPORT_STEP),
    ]


def test_a_status_repeats_addresses_and_client_ref_as_the_caller_wrote_them() -> None:
    story = begin()
    story.then(ACCEPTED)
    story.then(*told("submitted", client_ref="somebody-else-s"))
    (body,) = story.bodies()
    assert (body["to"], body["from"], body["client_ref"]) == (
        {"type": "whatsapp", "number": "\t447700900000"},
        {"type": "whatsapp", "number": "447700900001"},
        "order-42",
    )


def test_after_retention_the_webhook_s_own_addresses_are_told() -> None:
    story = begin()
    story.then(ACCEPTED)
    story.then(*told())
    story.then(*told("submitted", client_ref="order-42"), plan=None)
    (body,) = story.bodies()
    assert (body["to"], body["client_ref"]) == (
        {"type": "whatsapp", "number": "447700900000"},
        "order-42",
    )


@pytest.mark.parametrize(
    ("style", "names"),
    [
        (LinkStyle.BOTH, ["workflow", "dispatch"]),
        (LinkStyle.WORKFLOW, ["workflow"]),
        (LinkStyle.DISPATCH, ["dispatch"]),
    ],
)
def test_a_status_links_to_its_dispatch_as_configured(style: LinkStyle, names: list[str]) -> None:
    story = begin(RenderOptions(links=style))
    story.then(ACCEPTED)
    story.then(*told("submitted"))
    (body,) = story.bodies()
    assert list(body["_links"]) == names  # type: ignore[arg-type]


def test_callbacks_are_compact_json_in_utf8() -> None:
    story = begin(application=replace(SHOP))
    story.then(ACCEPTED)
    story.then(*told("submitted", client_ref="Grüße"), plan=None)
    (item,) = story.last.outbox
    assert item.body == orjson.dumps(orjson.loads(item.body))
    assert "Grüße".encode() in item.body


def test_a_refusal_is_told_as_a_status_of_the_gateway_s_own() -> None:
    story = begin()
    story.then(SendRefused(step=0, code=1070, reason="Partner quota exceeded"))
    status, send = story.bodies()
    assert status == {
        "message_uuid": message_uuid_of(story.state, 0),
        "to": PLAN.steps[0].to,
        "from": PLAN.steps[0].sender,
        "timestamp": "2025-02-03T12:14:25.000Z",
        "status": "rejected",
        "error": {"code": 1070, "reason": "Partner quota exceeded"},
        "client_ref": "order-42",
        "_links": status["_links"],
    }
    assert send["channel"] == "sms"


# Message ids


def test_a_step_with_a_message_shows_its_id() -> None:
    story = begin()
    story.then(ACCEPTED)
    assert message_uuid_of(story.state, 0) == MESSAGE


def test_a_step_without_a_message_has_a_derived_id_in_the_form_of_a_uuid4() -> None:
    derived = uuid.UUID(message_uuid_of(begin().state, 0))
    assert (derived.version, derived.variant) == (4, uuid.RFC_4122)


def test_a_derived_id_belongs_to_one_step_of_one_dispatch() -> None:
    state = begin().state
    other = replace(state, dispatch_uuid="0194cbbb-b8e8-7955-9ba9-1faf7a024205")
    ids = [message_uuid_of(state, 0), message_uuid_of(state, 1), message_uuid_of(other, 0)]
    assert len(set(ids)) == 3


# Reports


def test_a_report_lists_the_attempted_steps_only() -> None:
    story = begin()
    story.then(ACCEPTED)
    story.then(*told(usage=Usage(currency="EUR", price="0.0333")))
    _, report = story.bodies()
    assert report == {
        "template": "failover",
        "status": "completed",
        "timestamp": "2025-02-03T12:14:25.000Z",
        "usage": {"price": "0", "currency": "EUR"},
        "dispatch_uuid": DISPATCH,
        "_links": {
            "messages": [
                {
                    "message_uuid": MESSAGE,
                    "href": MESSAGE,
                    "channel": "whatsapp",
                    "status": "read",
                }
            ]
        },
    }


def test_a_report_names_a_step_in_doubt_by_its_derived_id() -> None:
    story = begin()
    story.then(SendUnconfirmed(step=0, intent_ms=NOW, cause="read-timeout"))
    (message,) = report_messages(story.state)
    assert message.message_uuid == message_uuid_of(story.state, 0)


def test_the_fee_and_the_form_of_links_are_settings() -> None:
    options = RenderOptions(workflow_fee=Decimal("0.002"), message_href_prefix="v0.1/messages/")
    story = begin(options)
    story.then(ACCEPTED)
    story.then(*told())
    _, report = story.bodies()
    assert report["usage"] == {"price": "0.002", "currency": "EUR"}
    assert f'"href":"v0.1/messages/{MESSAGE}"' in story.last.outbox[1].body.decode()
