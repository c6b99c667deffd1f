"""What a webhook is, told by its body."""

from __future__ import annotations

import pytest

from translators.diagnostics import JsonObject, JsonValue
from translators.inbound import translate_inbound
from translators.status import StatusError, render_status, translate_status
from translators.webhook_shapes import WebhookKind, read_loosely, webhook_kind

MESSAGE_UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"

V1_STATUS: JsonObject = {
    "message_uuid": MESSAGE_UUID,
    "to": "447700900000",
    "from": "447700900001",
    "timestamp": "2025-02-03T12:14:25Z",
    "status": "delivered",
    "channel": "sms",
}
V01_STATUS: JsonObject = {
    "message_uuid": MESSAGE_UUID,
    "to": {"type": "sms", "number": "447700900000"},
    "from": {"type": "sms", "number": "447700900001"},
    "timestamp": "2025-02-03T12:14:25.000Z",
    "status": "delivered",
}
V1_INBOUND: JsonObject = {**V1_STATUS, "message_type": "text", "text": "Hi", "status": None}
V01_INBOUND: JsonObject = {
    **V01_STATUS,
    "status": None,
    "message": {"content": {"type": "text", "text": "Hi"}},
}
REPORT: JsonObject = {"dispatch_uuid": MESSAGE_UUID, "template": "failover", "status": "completed"}
RECEIPT: JsonObject = {
    "msisdn": "447700900000",
    "to": "AcmeInc",
    "messageId": "0A0000001234567B",
    "status": "delivered",
    "err-code": "0",
    "scts": "2502031214",
    "message-timestamp": "2025-02-03 12:14:25",
}
SMS: JsonObject = {
    "msisdn": "447700900000",
    "to": "447700900001",
    "messageId": "0A0000001234567B",
    "text": "Hi",
    "type": "text",
}
EVENT: JsonObject = {"request_id": MESSAGE_UUID, "type": "event", "status": "completed"}

KINDS: dict[str, tuple[JsonValue, WebhookKind]] = {
    "v1 status": (V1_STATUS, WebhookKind.STATUS),
    "v0.1 status": (V01_STATUS, WebhookKind.STATUS),
    "v0.1 status with links": ({**V01_STATUS, "_links": {}}, WebhookKind.STATUS),
    "v1 inbound": (V1_INBOUND, WebhookKind.INBOUND),
    "v0.1 inbound": (V01_INBOUND, WebhookKind.INBOUND),
    "final report": (REPORT, WebhookKind.DISPATCH_REPORT),
    "receipt": (RECEIPT, WebhookKind.SMS_API),
    "receipt by its instant": ({**RECEIPT, "messageId": None}, WebhookKind.SMS_API),
    "receipt with an empty message_uuid": ({**RECEIPT, "message_uuid": ""}, WebhookKind.SMS_API),
    "SMS": (SMS, WebhookKind.SMS_API),
    "a number alone": ({"msisdn": "447700900000"}, WebhookKind.UNKNOWN),
    "status with a stray msisdn": ({**V1_STATUS, **RECEIPT}, WebhookKind.STATUS),
    "Verify event": (EVENT, WebhookKind.VERIFY),
    "status with a stray request_id": ({**V1_STATUS, **EVENT}, WebhookKind.STATUS),
    "nothing known": ({"message_uuid": MESSAGE_UUID}, WebhookKind.UNKNOWN),
    "a message that is text": ({"message": "Hi"}, WebhookKind.UNKNOWN),
    "a list": ([V1_STATUS], WebhookKind.UNKNOWN),
    "null": (None, WebhookKind.UNKNOWN),
}


@pytest.mark.parametrize("row", KINDS)
def test_a_body_tells_what_it_is(row: str) -> None:
    document, kind = KINDS[row]
    assert webhook_kind(document) is kind


def test_a_status_says_the_same_in_either_shape() -> None:
    assert translate_status(V01_STATUS).value == translate_status(V1_STATUS).value


def test_a_status_in_v01_shape_is_read_with_a_warning() -> None:
    (finding,) = translate_status(V01_STATUS).diagnostics
    assert (finding.rule, finding.severity.value) == ("STS206", "warning")


def test_a_status_with_one_address_in_v01_shape_is_read_too() -> None:
    status = translate_status({**V1_STATUS, "to": V01_STATUS["to"]})
    assert status.value == translate_status(V1_STATUS).value
    assert status.codes == ("STS206",)


ADDRESSES: dict[str, tuple[JsonValue, str | None, tuple[str, ...]]] = {
    "a number": ({"type": "sms", "number": "4477"}, "4477", ("STS206",)),
    "an id": ({"type": "sms", "id": "4477"}, "4477", ("STS206",)),
    "both": ({"type": "sms", "id": "no", "number": "4477"}, "4477", ("STS206",)),
    "both on messenger": ({"type": "messenger", "id": "77", "number": "4"}, "77", ("STS206",)),
    "a JSON number": ({"type": "sms", "number": 4477}, "4477", ("STS206", "STS218")),
    "no address": ({"type": "sms"}, None, ("STS206", "STS211")),
    "an object": ({"type": "sms", "number": {}}, None, ("STS206", "STS211")),
}


@pytest.mark.parametrize("row", ADDRESSES)
def test_an_address_of_v01_is_its_number_or_its_id(row: str) -> None:
    value, shown, codes = ADDRESSES[row]
    status = translate_status({**V01_STATUS, "to": value})
    assert (status.value and status.value.to, status.codes) == (shown, codes)


CHANNELS: dict[str, tuple[JsonValue, str | None, tuple[str, ...]]] = {
    "viber_service_msg": ({"type": "viber_service_msg", "number": "4"}, "viber_service_msg", ()),
    "unknown": ({"type": "pigeon", "number": "4"}, None, ("STS208",)),
    "not text": ({"type": ["sms"], "number": "4"}, None, ("STS208",)),
    "missing": ({"number": "4"}, "sms", ()),  # the other address has it
}


@pytest.mark.parametrize("row", CHANNELS)
def test_the_channel_of_a_status_in_v01_shape_is_the_type_of_its_addresses(row: str) -> None:
    value, channel, codes = CHANNELS[row]
    status = translate_status({**V01_STATUS, "to": value})
    assert (status.value and status.value.channel, status.codes) == (channel, ("STS206", *codes))


def test_a_status_in_v01_shape_about_rcs_has_no_form_in_v01() -> None:
    to: JsonObject = {"type": "rcs", "number": "4477"}
    assert translate_status({**V01_STATUS, "to": to}).value is None


ERRORS: dict[str, tuple[JsonValue, StatusError, tuple[str, ...]]] = {
    "as documented": (
        {"code": 1300, "reason": "Not part of the provider network"},
        StatusError(code=1300, reason="Not part of the provider network"),
        (),
    ),
    "a reason of its own": (
        {"code": 1300, "reason": "So it was"},
        StatusError(code=1300, reason="So it was"),
        (),
    ),
    "text as code": (
        {"code": "1300"},
        StatusError(code=1300, reason="Not part of the provider network"),
        (),
    ),
    "no code": ({"code": None, "reason": "?"}, StatusError(code=1330, reason="?"), ("STS213",)),
    "a code of v1": (
        {"code": 1420, "reason": "Invalid sender"},
        StatusError(code=1120, reason="Illegal Sender Address - rejected"),
        ("STS216",),
    ),
    "as v1 writes it": (
        {"title": "1300", "code": 1},
        StatusError(code=1300, reason="Not part of the provider network"),
        ("STS221",),
    ),
}


@pytest.mark.parametrize("row", ERRORS)
def test_an_error_of_v01_is_carried_as_it_is(row: str) -> None:
    error, read, codes = ERRORS[row]
    status = translate_status({**V01_STATUS, "status": "rejected", "error": error})
    assert (status.value and status.value.error, status.codes) == (read, ("STS206", *codes))


def test_a_status_in_v01_shape_is_forwarded_as_any_other() -> None:
    status = translate_status(V01_STATUS).value
    assert status is not None
    body = render_status(status, to=None, sender=None, client_ref=None, links=None)
    assert body == V01_STATUS


def test_an_inbound_message_in_v01_shape_comes_back_as_it_is() -> None:
    inbound = translate_inbound(V01_INBOUND)
    assert inbound.value is V01_INBOUND
    assert inbound.codes == ("STS206",)


def test_a_v1_message_with_an_address_in_v01_shape_is_rewritten() -> None:
    inbound = translate_inbound({**V1_INBOUND, "from": V01_STATUS["from"]})
    assert inbound.value is not None
    assert inbound.value["from"] == V01_STATUS["from"]


LOOSE: dict[str, tuple[bytes, JsonValue]] = {
    "JSON": (b'{"msisdn": "4477"}', {"msisdn": "4477"}),
    "a surrogate alone": (b'{"text": "\\ud83d"}', {"text": "\ud83d"}),
    "a key twice": (b'{"a": 1, "a": 2}', {"a": 2}),
    "a form": (b"msisdn=4477&text=Hi+you%21", {"msisdn": "4477", "text": "Hi you!"}),
    "no UTF-8": (b"\xff\xfe=1", {}),
    "no form": (b"Hello", {}),
    "too many fields": (b"&".join(b"%d=1" % number for number in range(65)), {}),
    "deep": (b"[" * 100_000, {}),
    "long digits": (b'{"a": ' + b"1" * 5_000 + b"}", {}),
    "empty": (b"", {}),
}


@pytest.mark.parametrize("row", LOOSE)
def test_as_much_is_read_of_a_body_as_its_kind_takes(row: str) -> None:
    raw, expected = LOOSE[row]
    assert read_loosely(raw) == expected
