"""v1 status webhooks to v0.1 status callbacks, beyond what the golden cases show."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.webhook_strategies import ANY_JSON, MESSAGE_UUID, NEARLY_WEBHOOKS
from translators.diagnostics import JsonObject, JsonValue, Severity
from translators.error_codes import ERROR_CODES, v01_code
from translators.status import (
    LinkStyle,
    MessageStatus,
    StatusError,
    Usage,
    dispatch_links,
    format_timestamp,
    render_status,
    translate_status,
)
from translators.timestamps import read_timestamp
from translators.usage import plain_decimal

HUGE = pytest.param(10**5000, id="huge")
DISPATCH_UUID = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
DELIVERED = MessageStatus(
    message_uuid=MESSAGE_UUID,
    status="delivered",
    timestamp="2025-02-03T12:14:25.000Z",
    channel="sms",
    to="447700900000",
    sender="447700900001",
    error=None,
    usage=None,
    client_ref="from-the-webhook",
)


def webhook(**changes: JsonValue) -> JsonObject:
    document: JsonObject = {
        "message_uuid": MESSAGE_UUID,
        "to": "447700900000",
        "from": "447700900001",
        "timestamp": "2025-02-03T12:14:25Z",
        "status": "delivered",
        "channel": "sms",
    }
    return document | changes


def render(status: MessageStatus) -> JsonObject:
    return render_status(status, to=None, sender=None, client_ref=None, links=None)


def test_a_plain_status_is_read_without_findings() -> None:
    translation = translate_status(webhook(client_ref="from-the-webhook"))
    assert translation.value == DELIVERED
    assert translation.diagnostics == ()


def test_the_message_uuid_is_written_in_lower_case() -> None:
    translation = translate_status(webhook(message_uuid=MESSAGE_UUID.upper()))
    assert translation.value is not None
    assert translation.value.message_uuid == MESSAGE_UUID


def test_addresses_of_the_stored_request_win_over_the_webhook() -> None:
    to: JsonObject = {"type": "sms", "number": " 447700900000 "}
    sender: JsonObject = {"type": "sms", "number": "Acme"}
    body = render_status(DELIVERED, to=to, sender=sender, client_ref=None, links=None)
    assert (body["to"], body["from"]) == (to, sender)


def test_the_client_ref_of_the_stored_request_wins_over_the_webhook() -> None:
    body = render_status(DELIVERED, to=None, sender=None, client_ref="order-42", links=None)
    assert body["client_ref"] == "order-42"


def test_the_client_ref_of_the_webhook_stands_in_for_an_unknown_one() -> None:
    assert render(DELIVERED)["client_ref"] == "from-the-webhook"


def test_a_status_outside_any_dispatch_has_no_links() -> None:
    assert "_links" not in render(DELIVERED)


def test_an_unknown_channel_leaves_the_type_out_of_addresses() -> None:
    body = render(dataclasses.replace(DELIVERED, channel=None))
    assert body["to"] == {"number": "447700900000"}


def test_an_unknown_address_leaves_only_the_type() -> None:
    body = render(dataclasses.replace(DELIVERED, to=None))
    assert body["to"] == {"type": "sms"}


def test_the_keys_of_a_failed_status_come_in_wire_order() -> None:
    failed = dataclasses.replace(
        DELIVERED,
        status="rejected",
        error=StatusError(code=1300, reason="Not part of the provider network"),
        usage=Usage(currency="EUR", price="0"),
    )
    links = dispatch_links(DISPATCH_UUID)
    body = render_status(failed, to=None, sender=None, client_ref=None, links=links)
    assert list(body) == [
        *("message_uuid", "to", "from", "timestamp", "status"),
        *("error", "usage", "client_ref", "_links"),
    ]


@pytest.mark.parametrize(
    ("style", "names"),
    [
        (LinkStyle.BOTH, ["workflow", "dispatch"]),
        (LinkStyle.WORKFLOW, ["workflow"]),
        (LinkStyle.DISPATCH, ["dispatch"]),
    ],
)
def test_a_link_style_decides_which_links_are_shown(style: LinkStyle, names: list[str]) -> None:
    assert list(dispatch_links(DISPATCH_UUID, style)) == names


def test_a_hundred_unknown_fields_are_named_up_to_a_bound_and_then_counted() -> None:
    extra: JsonObject = {f"x{index}": 1 for index in range(100)}
    diagnostics = translate_status(webhook(**extra)).diagnostics
    assert len(diagnostics) == 21
    assert diagnostics[-1].detail.startswith("80 more fields")


@pytest.mark.parametrize("name", ["x" * 65, "new\nline", "\ud800"])
def test_a_field_name_unfit_for_a_log_is_counted_rather_than_named(name: str) -> None:
    (diagnostic,) = translate_status(webhook(**{name: 1})).diagnostics
    assert diagnostic.pointer == ""


@pytest.mark.parametrize("number", [0, -5, True, 10**15, HUGE, 4.5])
def test_a_number_that_is_no_address_is_unreadable(number: JsonValue) -> None:
    translation = translate_status(webhook(to=number))
    assert translation.codes == ("STS211",)


@pytest.mark.parametrize("title", [True, 0, 10**6, "1234567", "١٣٠٠", "13.5", None])
def test_a_title_that_is_no_code_falls_back_to_the_type(title: JsonValue) -> None:
    link = "https://developer.vonage.com/api-errors/messages#1300"
    error: JsonObject = {"title": title, "type": link}
    translation = translate_status(webhook(status="rejected", error=error))
    assert translation.value is not None
    assert translation.value.error == StatusError(
        code=1300, reason="Not part of the provider network"
    )


@pytest.mark.parametrize("price", [math.nan, math.inf, -0.1, True, 10**15, HUGE, "٣", "1_0"])
def test_a_price_that_is_no_amount_is_left_out_and_named(price: JsonValue) -> None:
    translation = translate_status(webhook(usage={"currency": "EUR", "price": price}))
    assert translation.value is not None
    assert translation.value.usage is None
    assert translation.codes == ("STS217",)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1, "0.1"), (12, "12"), ("1E+2", "100"), ("1e99", None), ("1e-99", None), (" 1", None)],
)
def test_numbers_are_written_as_plain_decimals(number: JsonValue, text: str | None) -> None:
    assert plain_decimal(number) == text


@pytest.mark.parametrize("text", ["2025-13-03T12:14:25Z", "2025-02-03T12:14:25+24:00", "", "٢٠٢٥"])
def test_text_that_is_no_point_in_time_is_unreadable(text: str) -> None:
    assert read_timestamp(text) is None


def test_zeros_below_the_millisecond_are_not_called_truncation() -> None:
    timestamp = read_timestamp("2025-02-03T12:14:25.123000Z")
    assert timestamp is not None
    assert not timestamp.truncated


def test_milliseconds_are_written_in_the_v01_form() -> None:
    assert format_timestamp(1738584865061) == "2025-02-03T12:14:25.061Z"


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_every_written_timestamp_is_read_back_unchanged(ms: int) -> None:
    timestamp = read_timestamp(format_timestamp(ms))
    assert timestamp is not None
    assert timestamp.text == format_timestamp(ms)


def test_codes_of_the_old_catalogue_mean_the_same_in_v01() -> None:
    old = [code for code in ERROR_CODES if code < 1400]
    assert [v01_code(code) for code in old] == old


def test_codes_that_came_with_v1_have_a_code_a_v01_consumer_knows() -> None:
    assert all(v01_code(code) < 1400 for code in ERROR_CODES)


@given(ANY_JSON | NEARLY_WEBHOOKS, st.booleans())
def test_no_json_makes_the_status_translator_raise(document: JsonValue, keep: bool) -> None:
    translation = translate_status(document, pass_v1_codes=keep)
    failed = any(d.severity is Severity.ERROR for d in translation.diagnostics)
    assert (translation.value is None) == failed


@given(NEARLY_WEBHOOKS)
def test_every_translated_status_renders(document: JsonObject) -> None:
    bodies = [render(status) for status in (translate_status(document).value,) if status]
    assert all(body["message_uuid"] == MESSAGE_UUID for body in bodies)


@given(NEARLY_WEBHOOKS)
def test_no_finding_repeats_an_address(document: JsonObject) -> None:
    details = " ".join(str(d) for d in translate_status(document | {"to": "4477009"}).diagnostics)
    assert "4477009" not in details
