"""What the plan of a dispatch holds, and how findings are listed."""

from __future__ import annotations

import math
from typing import Any

import pytest

import translators
from tests.translators.request_builders import (
    RECIPIENT,
    SENDER,
    errors,
    first,
    flow,
    plan_of,
    saying,
    step,
    template,
    text,
    to,
    waiting,
)
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import translate_dispatch
from translators.rules import Switches


def test_a_custom_object_is_carried_untouched() -> None:  # W18; its depth is the parser's
    custom: JsonValue = {"type": "interactive", "language": {"code": "en-GB"}, "list": [1, None]}
    request = first(saying("whatsapp", {"type": "custom", "custom": custom})).request
    assert request["custom"] == custom


def test_the_members_of_a_v1_body_stand_in_one_order() -> None:
    message = {
        "messenger": {"tag": "T", "category": "message_tag"},
        "content": {"text": "Hello", "type": "text"},
    }
    request = first(flow(step("messenger", client_ref="r", message=message))).request
    members = ["to", "from", "channel", "message_type", "text", "messenger", "client_ref"]
    assert list(request) == members


def test_the_echo_keeps_what_the_caller_wrote() -> None:
    written = step(
        to={"number": f"\t+{RECIPIENT} ", "type": "sms"},
        sender={"type": "sms", "number": int(SENDER)},
    )
    carried = first(flow(written))
    assert (carried.to, carried.sender) == (
        {"type": "sms", "number": f"\t+{RECIPIENT} "},
        {"type": "sms", "number": SENDER},
    )


def test_the_echo_has_the_canonical_type_and_key() -> None:
    viber = {"type": "viber_service_message", "id": RECIPIENT}
    assert first(flow(step("viber_service_msg", to=viber))).to == {
        "type": "viber_service_msg",
        "number": RECIPIENT,
    }


def test_a_viber_recipient_with_both_keys_is_read_by_its_own() -> None:
    viber = {"type": "viber_service_msg", "id": "16273", "number": RECIPIENT}
    assert first(flow(step("viber_service_msg", to=viber))).request["to"] == RECIPIENT


def test_an_integer_id_becomes_its_digits() -> None:
    to_id = {"type": "messenger", "id": 1234567890123456}
    assert first(flow(step("messenger", to=to_id))).request["to"] == "1234567890123456"


@pytest.mark.parametrize("name", ["Example", "12345", "0Agent", "+Example", "00"])
def test_a_name_or_short_code_may_send_by_sms(name: str) -> None:
    sender: JsonObject = {"type": "sms", "number": name}
    assert first(flow(step(sender=sender))).request["from"] == name


def test_a_sender_number_loses_its_prefix() -> None:
    sender: JsonObject = {"type": "sms", "number": f"00{SENDER}"}
    assert first(flow(step(sender=sender))).request["from"] == SENDER


def test_both_terms_are_absent_on_the_last_step_only() -> None:
    terms = [(s.expiry_s, s.condition) for s in plan_of(waiting()).steps]
    assert terms == [(600, "delivered"), (None, None)]


def test_a_client_ref_is_carried_and_kept() -> None:
    carried = first(flow(step(client_ref="order-42")))
    assert (carried.client_ref, carried.request["client_ref"]) == ("order-42", "order-42")


@pytest.mark.parametrize(
    ("number", "written"), [(10, "10"), (-1, "-1"), (12.5, "12.5"), (0.1, "0.1")]
)
def test_a_number_as_template_parameter_is_written_out(number: float, written: str) -> None:
    body = first(template(number)).request["template"]
    assert body == {"name": "ns:x", "parameters": [written]}


@pytest.mark.parametrize(
    "parameter", [1e-7, 1e22, math.inf, math.nan, 10**50, True, None, [], {}, {"default": None}]
)
def test_any_other_template_parameter_is_refused(parameter: JsonValue) -> None:
    assert [code for code, _ in errors(template(parameter))] == ["REQ122"]


def test_templates_without_a_locale_take_the_default_when_there_is_one() -> None:
    document = saying("whatsapp", {"type": "template", "template": {"name": "ns:x"}})
    request = first(document, default_locale="pt-BR").request
    assert request["whatsapp"] == {"locale": "pt_BR"}


def test_a_locale_given_wins_over_the_default() -> None:
    assert first(template(), default_locale="pt_BR").request["whatsapp"] == {"locale": "en_GB"}


def test_a_template_without_a_locale_goes_without_one_on_request() -> None:
    document = saying("whatsapp", {"type": "template", "template": {"name": "ns:x"}})
    switches = Switches(accepted=frozenset({"locale-missing"}))
    assert "whatsapp" not in first(document, switches=switches).request


@pytest.mark.parametrize("locale", ["", 7])
def test_a_faulty_locale_is_one_fault_even_with_a_default(locale: JsonValue) -> None:
    found = translate_dispatch(template(locale=locale), default_locale="en")
    assert [error.pointer for error in found.errors] == ["/workflow/0/message/whatsapp/locale"]


def test_no_options_are_sent_where_none_are_given() -> None:
    assert "viber_service" not in first(text("viber_service_msg", 1)).request


@pytest.mark.parametrize("ttl", [30, 259200])
def test_a_viber_ttl_at_a_bound_is_carried(ttl: int) -> None:
    document = saying(
        "viber_service_msg", {"type": "text", "text": "x"}, viber_service_msg={"ttl": ttl}
    )
    assert first(document).request["viber_service"] == {"ttl": ttl}


@pytest.mark.parametrize("ttl", ["600 ", "6e2", "600.0", "", "29", "259201", True, 29, 259201])
def test_any_other_viber_ttl_is_refused(ttl: JsonValue) -> None:
    document = saying(
        "viber_service_msg", {"type": "text", "text": "x"}, viber_service_msg={"ttl": ttl}
    )
    assert len(errors(document)) == 1


def test_faults_of_the_options_show_beside_those_of_the_content() -> None:
    document = saying("whatsapp", {"type": "sonnet"}, whatsapp={"policy": "fallback"})
    assert [code for code, _ in errors(document)] == ["REQ160", "REQ183"]


def test_unknown_fields_of_one_object_are_named_up_to_a_bound() -> None:
    fields = {f"field{index}": 1 for index in range(30)}
    found = translate_dispatch({**flow(step()), **fields}).diagnostics
    assert (len(found), found[0].pointer) == (21, "")


@pytest.mark.parametrize("name", ["n" * 65, "a\nb", "\x1b[31m"])
def test_a_name_no_log_should_hold_is_left_out_of_the_pointer(name: str) -> None:
    assert translate_dispatch({**flow(step()), name: 1}).diagnostics[0].pointer == ""


def test_findings_come_in_the_order_of_the_document() -> None:
    document: JsonObject = {
        "x": 1,
        "workflow": [
            {"client_ref": 7, "to": {"number": "1", "type": "sms"}, "message": [], "y/z": 1}
        ],
    }
    assert [found.pointer for found in translate_dispatch(document).diagnostics] == [
        "/x",
        "/workflow/0/client_ref",
        "/workflow/0/to/number",
        "/workflow/0/message",
        "/workflow/0/y~1z",
        "/workflow/0/from",
        "/template",
    ]


def test_an_integer_too_long_to_be_written_out_is_refused() -> None:
    assert errors(flow(to(10**5000))) == [("REQ122", "/workflow/0/to/number")]


def test_a_value_of_no_json_type_is_refused_too() -> None:
    stranger: Any = object()
    assert errors(flow(stranger)) == [("REQ122", "/workflow/0")]


@pytest.mark.parametrize("name", translators.__all__)
def test_the_public_surface_is_there(name: str) -> None:
    assert getattr(translators, name).__module__.startswith("translators.")


def test_the_public_surface_ends_somewhere() -> None:
    with pytest.raises(AttributeError):
        translators.translate_everything  # noqa: B018
