"""WhatsApp user ids: to whom a request goes, and from whom an inbound message comes."""

from __future__ import annotations

from typing import Final

import pytest

from tests.translators.request_builders import RECIPIENT, errors, first, flow, step
from translators.diagnostics import JsonObject, JsonValue, Severity
from translators.dispatch import translate_dispatch
from translators.inbound import WhatsappSender, translate_inbound, whatsapp_sender
from translators.rules import Switches
from translators.status import render_status, translate_status
from translators.user_ids import LONGEST, UserIdForm, is_documented, is_user_id
from translators.v1 import validate_message

USER_ID: Final = "US.13491208655302741918"
PARENT: Final = "US.ENT.11815799212886844830"
IDS: Final = [
    USER_ID,
    PARENT,
    "GB.aBcDeF",
    "ZZ." + "a1" * 64,
    "US.ENT." + "9" * 128,
    "user.937",
    "us.13491208655302741918",
    "US.1349-1208_65",
    "9" * 16,
    "0" * 20,
    "x",
    "é" * LONGEST,
    "Ab.+44",
]
NOT_IDS: Final = [
    RECIPIENT,
    "+" + RECIPIENT,
    "00" + RECIPIENT,
    "07700900000",
    "447700",
    "44 7700 900000",
    "44-7700-900000",
    "(44) 7700.900000",
    "+" + "4" * 20,
    "\u0664\u0664\u0667\u0667\u0660\u0660\u0669\u0660\u0660\u0660\u0660\u0660",
    "",
    "US.1349 1208",
    "US.1349\n1208",
    "US.1349\u200b1208",
    "US.1349\u00a01208",
    "x" * (LONGEST + 1),
    "{{phone}}",
    "<number>",
]


def person(**members: JsonValue) -> JsonObject:
    return {"type": "whatsapp", **members}


def to_person(**members: JsonValue) -> JsonObject:
    return flow(step("whatsapp", to=person(**members)))


def inbound(**members: JsonValue) -> JsonObject:
    return {
        "channel": "whatsapp",
        "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "to": "447700900001",
        "timestamp": "2026-09-03T12:14:25Z",
        "message_type": "text",
        "text": "Hello",
        **members,
    }


def told(*, sender: JsonValue = None, **members: JsonValue) -> JsonObject:
    whatsapp: JsonObject = {"whatsapp": {"sender": sender}} if sender is not None else {}
    return inbound(**whatsapp, **members)


def sender_of(document: JsonObject, form: UserIdForm = UserIdForm.BOTH) -> JsonValue:
    callback = translate_inbound(document, user_ids=form).value
    assert callback is not None
    return callback["from"]


# What is an id


@pytest.mark.parametrize("text", IDS)
def test_any_text_in_one_piece_that_is_no_number_is_a_user_id(text: str) -> None:
    assert is_user_id(text)


@pytest.mark.parametrize("text", NOT_IDS)
def test_a_number_however_written_is_no_user_id(text: str) -> None:
    assert not is_user_id(text)


def test_only_the_documented_form_is_documented() -> None:
    assert [text for text in IDS if is_documented(text)] == [
        USER_ID,
        PARENT,
        "GB.aBcDeF",
        "ZZ." + "a1" * 64,
        "US.ENT." + "9" * 128,
    ]


# Requests


@pytest.mark.parametrize("user_id", IDS)
@pytest.mark.parametrize("members", [("number",), ("id",), ("number", "id")], ids="-".join)
def test_a_user_id_is_sent_untouched_and_told_as_it_was_written(
    user_id: str, members: tuple[str, ...]
) -> None:
    to = dict.fromkeys(members, user_id)
    planned = first(to_person(**to))
    assert (planned.request["to"], planned.to) == (user_id, person(**to))


@pytest.mark.parametrize("user_id", IDS)
def test_what_is_said_of_a_user_id_is_a_warning_only_where_its_form_is_new(user_id: str) -> None:
    (found,) = translate_dispatch(to_person(number=user_id)).diagnostics
    expected = ("REQ150", Severity.NOTE) if is_documented(user_id) else ("REQ151", Severity.WARNING)
    assert (found.rule, found.severity) == expected


@pytest.mark.parametrize("text", [text for text in NOT_IDS if "4477" not in text or " " in text])
@pytest.mark.parametrize("member", ["number", "id"])
def test_what_is_neither_a_number_nor_a_user_id_is_refused_at_its_field(
    text: str, member: str
) -> None:
    ((_, pointer),) = errors(to_person(**{member: text}))
    assert pointer == f"/workflow/0/to/{member}"


def test_an_unusual_user_id_is_refused_on_demand() -> None:
    switches = Switches(refused=frozenset({"user-id-unusual"}))
    assert translate_dispatch(to_person(number="user.937"), switches).value is None


def test_white_space_around_a_user_id_is_no_part_of_it() -> None:
    assert first(to_person(number=f"\t{USER_ID} ")).request["to"] == USER_ID


@pytest.mark.parametrize("empty", [None, "", "  "])
@pytest.mark.parametrize(("empty_in", "filled_in"), [("number", "id"), ("id", "number")])
def test_a_member_that_says_nothing_beside_the_other_is_left_out(
    empty: JsonValue, empty_in: str, filled_in: str
) -> None:
    planned = first(to_person(**{empty_in: empty, filled_in: USER_ID}))
    assert (planned.request["to"], planned.to) == (USER_ID, person(**{filled_in: USER_ID}))


@pytest.mark.parametrize(
    ("number", "other"),
    [(RECIPIENT, USER_ID), (USER_ID, PARENT), (USER_ID, USER_ID.lower()), (USER_ID, RECIPIENT)],
)
def test_a_number_and_an_id_that_differ_are_refused_by_name(number: str, other: str) -> None:
    assert errors(to_person(number=number, id=other)) == [("REQ153", "/workflow/0/to/id")]


def test_the_same_number_in_both_members_is_carried_without_a_word() -> None:
    assert translate_dispatch(to_person(number=RECIPIENT, id=RECIPIENT)).diagnostics == ()


def test_a_number_in_id_is_carried_with_a_warning() -> None:
    translation = translate_dispatch(to_person(id=RECIPIENT))
    assert (translation.codes, translation.errors) == (("REQ155",), ())


def on(channel: str, side: str, member: str, text: str) -> JsonObject:
    address: JsonValue = {"type": channel, member: text}
    return flow(step(channel, sender=address) if side == "from" else step(channel, to=address))


ELSEWHERE: Final[list[tuple[str, JsonObject]]] = [
    (f"/workflow/0/{side}/{member}", on(channel, side, member, text))
    for text in (USER_ID, PARENT)
    for channel in ("sms", "mms", "viber_service_msg", "messenger")
    for side in ("to", "from")
    for member in ("number", "id")
] + [
    (f"/workflow/0/from/{member}", on("whatsapp", "from", member, text))
    for text in (USER_ID, PARENT)
    for member in ("number", "id")
]


@pytest.mark.parametrize(("pointer", "document"), ELSEWHERE, ids=lambda part: str(part)[:40])
def test_a_user_id_where_v1_cannot_send_to_it_is_refused_by_name(
    pointer: str, document: JsonObject
) -> None:
    document["workflow"][0]["message"]["content"] = {  # type: ignore[index, call-overload]
        "type": "image",
        "image": {"url": "https://example.com/i"},
    }
    assert ("REQ152", pointer) in errors(document)


def test_a_short_name_that_looks_like_a_user_id_is_still_a_sender() -> None:
    document = flow(step("sms", sender={"type": "sms", "number": "US.Bank"}))
    assert translate_dispatch(document).diagnostics == ()


# Authentication templates

TEMPLATE: Final[JsonObject] = {"type": "template", "template": {"name": "shop:order_code"}}
CUSTOM: Final[JsonObject] = {
    "type": "custom",
    "custom": {"type": "template", "template": {"name": "order_code", "components": []}},
}


def code_to(to: JsonObject, content: JsonObject) -> JsonObject:
    options: JsonObject = {"whatsapp": {"locale": "en_GB"}} if content is TEMPLATE else {}
    return flow(step("whatsapp", to=to, message={"content": content, **options}))


@pytest.mark.parametrize("content", [TEMPLATE, CUSTOM], ids=["template", "custom"])
@pytest.mark.parametrize("member", ["number", "id"])
def test_a_listed_authentication_template_to_a_user_id_is_refused(
    content: JsonObject, member: str
) -> None:
    document = code_to(person(**{member: USER_ID}), content)
    listed = frozenset({"order_code"})
    found = translate_dispatch(document, authentication_templates=listed).errors
    assert [each.pointer for each in found] == [f"/workflow/0/to/{member}"]


@pytest.mark.parametrize("listed", ["shop:order_code", "order_code"])
def test_a_template_is_listed_with_or_without_its_namespace(listed: str) -> None:
    document = code_to(person(number=USER_ID), TEMPLATE)
    listing = frozenset({listed})
    assert translate_dispatch(document, authentication_templates=listing).value is None


@pytest.mark.parametrize("listed", ["code", "order", "other:order_code", "ORDER_CODE"])
def test_a_template_of_another_name_is_sent_to_a_user_id(listed: str) -> None:
    document = code_to(person(number=USER_ID), TEMPLATE)
    listing = frozenset({listed})
    assert translate_dispatch(document, authentication_templates=listing).value is not None


def test_a_listed_template_to_a_number_is_sent() -> None:
    document = code_to(person(number=RECIPIENT), TEMPLATE)
    listing = frozenset({"order_code"})
    assert translate_dispatch(document, authentication_templates=listing).diagnostics == ()


# Inbound messages


NUMBERLESS: Final[list[JsonObject]] = [
    {"user_id": USER_ID},
    {"user_id": USER_ID, "wa_id": ""},
    {"user_id": USER_ID, "wa_id": None, "parent_user_id": PARENT},
    {"user_id": USER_ID, "wa_id": "  "},
]
HIDDEN: Final[list[JsonObject]] = [
    {**told(sender=sender), **named}
    for sender in NUMBERLESS
    for named in ({}, {"from": ""}, {"from": None}, {"from": "   "}, {"from": USER_ID})
]


@pytest.mark.parametrize("document", HIDDEN, ids=lambda document: str(document.get("from", "-")))
@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (UserIdForm.BOTH, person(number=USER_ID, id=USER_ID)),
        (UserIdForm.ID, person(id=USER_ID)),
        (UserIdForm.NUMBER, person(number=USER_ID)),
    ],
)
def test_a_sender_without_a_number_is_their_user_id(
    document: JsonObject, form: UserIdForm, shown: JsonObject
) -> None:
    assert sender_of(document, form) == shown


@pytest.mark.parametrize("form", UserIdForm)
@pytest.mark.parametrize(
    "document",
    [
        told(**{"from": RECIPIENT}),
        told(sender={"user_id": USER_ID, "wa_id": RECIPIENT}, **{"from": RECIPIENT}),
        told(sender={"user_id": USER_ID, "wa_id": RECIPIENT}, **{"from": ""}),
        told(sender={"user_id": USER_ID, "wa_id": RECIPIENT}),
    ],
)
def test_a_sender_with_a_number_is_the_number_alone(document: JsonObject, form: UserIdForm) -> None:
    assert sender_of(document, form) == person(number=RECIPIENT)


@pytest.mark.parametrize("user_id", ["user.937", "US.1", "9" * 20])
def test_a_user_id_of_any_form_names_the_sender(user_id: str) -> None:
    assert sender_of(told(sender={"user_id": user_id})) == person(number=user_id, id=user_id)


def test_the_parent_id_names_the_sender_where_nothing_else_does() -> None:
    document = told(sender={"user_id": "", "parent_user_id": PARENT}, **{"from": ""})
    assert sender_of(document) == person(number=PARENT, id=PARENT)


@pytest.mark.parametrize("sender", [None, {}, {"user_id": " ", "wa_id": ""}, "x", [USER_ID], 7])
def test_a_message_without_any_sender_is_still_relayed_with_a_warning(sender: JsonValue) -> None:
    translation = translate_inbound(told(sender=sender, **{"from": ""}))
    assert translation.value is not None
    assert translation.value["from"] == {"type": "whatsapp"}
    assert "STS211" in translation.codes


def test_what_is_dropped_beside_the_id_is_named() -> None:
    sender: JsonValue = {"user_id": USER_ID, "parent_user_id": PARENT, "colour": 1}
    document = told(sender=sender, profile={"name": "Jane"})
    pointers = {found.pointer for found in translate_inbound(document).diagnostics}
    assert pointers >= {"/whatsapp/sender/parent_user_id", "/whatsapp/sender/colour", "/profile"}


@pytest.mark.parametrize("channel", ["sms", "mms", "messenger", "viber_service"])
def test_no_other_channel_looks_for_a_sender_in_whatsapp(channel: str) -> None:
    document = {**told(sender={"user_id": USER_ID}), "channel": channel}
    assert USER_ID not in str(sender_of(document))


@pytest.mark.parametrize("form", UserIdForm)
@pytest.mark.parametrize("copied", ["number", "id", "whole"])
def test_whoever_answers_what_was_relayed_is_understood(form: UserIdForm, copied: str) -> None:
    shown = sender_of(told(**{"from": USER_ID}), form)
    assert isinstance(shown, dict)
    to = shown if copied == "whole" else {"type": "whatsapp", "number": shown.get(copied)}
    if to.get("number", USER_ID) is not None:
        assert first(flow(step("whatsapp", to=to))).request["to"] == USER_ID


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        (RECIPIENT, WhatsappSender.NUMBER),
        (USER_ID, WhatsappSender.USER_ID),
        ("", WhatsappSender.NOBODY),
    ],
)
@pytest.mark.parametrize("form", UserIdForm)
def test_senders_are_told_apart_for_counting(
    sender: str, kind: WhatsappSender, form: UserIdForm
) -> None:
    callback = translate_inbound(told(**{"from": sender}), user_ids=form).value
    assert callback is not None
    assert whatsapp_sender(callback) is kind


# Statuses


def test_a_status_about_a_user_id_reads_like_any_other() -> None:
    document: JsonObject = {
        "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "to": USER_ID,
        "from": "447700900001",
        "timestamp": "2026-09-03T12:14:25Z",
        "status": "delivered",
        "channel": "whatsapp",
        "profile": {"name": "Jane Smith", "username": "janesmith"},
        "whatsapp": {"recipient": {"user_id": USER_ID, "parent_user_id": PARENT}},
    }
    translation = translate_status(document)
    assert {found.severity for found in translation.diagnostics} == {Severity.NOTE}
    assert translation.value is not None
    body = render_status(translation.value, to=None, sender=None, client_ref=None, links=None)
    assert (body["to"], body["from"]) == (
        person(number=USER_ID, id=USER_ID),
        person(number="447700900001"),
    )


REJECTIONS: Final[list[JsonObject]] = [
    {"title": "131062", "detail": "Recipient is not supported - details"},
    {"type": "https://developer.vonage.com/api-errors/messages#131062", "title": "Rejected"},
    {"title": "1020", "detail": "Invalid params - (#131062) business-scoped recipients"},
    {"title": 131062},
]


@pytest.mark.parametrize("error", REJECTIONS)
def test_whatsapps_own_code_becomes_an_invalid_template_on_request(error: JsonObject) -> None:
    document = {**told(**{"from": "1"}), "status": "rejected", "error": error}
    translation = translate_status(document, as_invalid_template=True)
    assert translation.value is not None
    assert translation.value.error is not None
    assert (translation.value.error.code, translation.value.error.reason) == (
        1022,
        "Invalid template",
    )


def test_whatsapps_own_code_keeps_its_number_by_default() -> None:
    document = {**told(**{"from": "1"}), "status": "rejected", "error": REJECTIONS[0]}
    status = translate_status(document).value
    assert status is not None
    assert status.error is not None
    assert status.error.code == 131062


def test_another_code_is_never_taken_for_whatsapps_own() -> None:
    error: JsonObject = {"title": "1320", "detail": "Message already sent - 11310620"}
    document = {**told(**{"from": "1"}), "status": "rejected", "error": error}
    status = translate_status(document, as_invalid_template=True).value
    assert status is not None
    assert status.error is not None
    assert status.error.code == 1320


# What the sandbox takes for v1


def v1(to: str, channel: str = "whatsapp", sender: str = "447700900001") -> JsonObject:
    message: JsonObject = {"channel": channel, "message_type": "text", "text": "Hello"}
    return {"to": to, "from": sender, **message}


@pytest.mark.parametrize("user_id", IDS)
def test_the_sandbox_takes_a_user_id_on_whatsapp(user_id: str) -> None:
    assert validate_message(v1(user_id)) is None


@pytest.mark.parametrize(
    "message",
    [
        v1("x" * (LONGEST + 1)),
        v1("US.1349 1208"),
        v1("07700900000"),
        v1("+447700900000"),
        v1(USER_ID, "sms"),
        v1("447700900000", sender=USER_ID),
    ],
)
def test_the_sandbox_refuses_what_v1_cannot_send_to(message: JsonObject) -> None:
    assert validate_message(message) is not None
