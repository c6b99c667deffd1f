"""v1 inbound webhooks to v0.1 inbound callbacks, beyond what the golden cases show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.webhook_strategies import ANY_JSON, MESSAGE_UUID, NEARLY_WEBHOOKS
from translators.diagnostics import JsonObject, JsonValue, Severity
from translators.inbound import translate_inbound

HUGE = pytest.param(10**5000, id="huge")
SMS: JsonObject = {
    "channel": "sms",
    "message_uuid": MESSAGE_UUID,
    "to": "447700900001",
    "from": "447700900000",
    "timestamp": "2025-02-03T12:14:25Z",
    "message_type": "text",
    "text": "Hello",
    "sms": {"num_messages": "1"},
    "usage": {"currency": "EUR", "price": "0.0333"},
}


def test_a_plain_sms_is_carried_without_findings() -> None:
    assert translate_inbound(SMS).diagnostics == ()


def test_an_inbound_callback_has_no_links() -> None:
    assert "_links" not in (translate_inbound(SMS).value or {})


@pytest.mark.parametrize("count", [0.5, -1, "two", None, True, HUGE, [2]])
def test_a_part_count_that_is_no_count_is_assumed_to_be_one(count: JsonValue) -> None:
    translation = translate_inbound(SMS | {"sms": {"num_messages": count}})
    assert translation.codes == ("STS257",)


def test_an_unreadable_charge_of_an_sms_is_shown_as_zero_and_named_twice() -> None:
    translation = translate_inbound(SMS | {"usage": "free"})
    assert translation.codes == ("STS217", "STS256")


def test_a_message_type_named_like_an_envelope_field_is_unsupported() -> None:
    translation = translate_inbound(SMS | {"message_type": "to"})
    assert translation.codes == ("STS252", "STS221")


def test_replies_of_other_channels_stay_unsupported() -> None:
    reply: JsonObject = {"channel": "messenger", "message_type": "reply", "reply": {"title": "Yes"}}
    translation = translate_inbound(SMS | reply, reply_as_text=True)
    assert "STS252" in translation.codes


def test_the_text_of_a_message_is_carried_letter_for_letter() -> None:
    text = " \u202e\u0000 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}\ud800 "
    translation = translate_inbound(SMS | {"text": text})
    assert translation.value is not None
    assert translation.value["message"] == {
        "content": {"type": "text", "text": text},
        "sms": {"num_messages": "1"},
    }


@given(ANY_JSON | NEARLY_WEBHOOKS, st.booleans())
def test_no_json_makes_the_inbound_translator_raise(document: JsonValue, as_text: bool) -> None:
    translation = translate_inbound(document, reply_as_text=as_text)
    failed = any(d.severity is Severity.ERROR for d in translation.diagnostics)
    assert (translation.value is None) == failed
