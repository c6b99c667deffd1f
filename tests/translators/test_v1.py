"""What the simulated upstream takes and refuses, at the bounds of docs/wire.md section 3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vonage_messages import models as vendor

from translators.diagnostics import JsonObject, JsonValue
from translators.v1 import MODELS, V1Title, validate_message

NUMBER = "447700900000"
SENDER = "447700900001"
URL = "https://example.com/a"
PSID = "1234567890123456"

CARD: JsonObject = {"title": "Title", "text": "Text", "media_url": URL}
REPLY: JsonObject = {"type": "reply", "text": "Yes", "postback_data": "yes"}


def message(channel: str, message_type: str, /, **members: JsonValue) -> JsonObject:
    to = PSID if channel == "messenger" else NUMBER
    body: JsonObject = {
        "to": to,
        "from": SENDER,
        "channel": channel,
        "message_type": message_type,
    }
    return body | members


def sms(**members: JsonValue) -> JsonObject:
    return message("sms", "text", **{"text": "Hello", **members})


def viber_text(**options: JsonValue) -> JsonObject:
    return message("viber_service", "text", text="Hello", viber_service=options)


def viber_video(**options: JsonValue) -> JsonObject:
    clip: JsonObject = {"url": URL, "thumb_url": URL}
    chosen: JsonObject = {"duration": "1", "file_size": "1", **options}
    return message("viber_service", "video", video=clip, viber_service=chosen)


def rcs_card(card: JsonObject, **options: JsonValue) -> JsonObject:
    return message("rcs", "card", card=card, rcs=options)


ACCEPTED = {
    "sms text": sms(),
    "sms at its bounds": sms(
        text="x" * 3200,
        ttl=604_800,
        client_ref="x" * 100,
        trusted_recipient=True,
        sms={"encoding_type": "unicode", "content_id": "1", "entity_id": "2", "pool_id": "3"},
    ),
    "sms with a name as sender": sms(**{"from": "Shop"}),
    "sms with a shortest ttl": sms(ttl=20),
    "sms with its own webhook": sms(webhook_url=URL, webhook_version="v0.1"),
    "members nobody lists": sms(later="addition"),
    "shortest number": sms(to="1234567"),
    "longest number": sms(to="1" * 15),
    "mms text": message("mms", "text", text="Hello"),
    "mms image": message("mms", "image", image={"url": URL, "caption": "x" * 3000}, ttl=300),
    "mms audio": message("mms", "audio", audio={"url": URL}),
    "mms video": message("mms", "video", video={"url": URL}),
    "mms file": message("mms", "file", file={"url": URL}),
    "mms vcard": message("mms", "vcard", vcard={"url": URL}, ttl=259_200),
    "mms content": message("mms", "content", content=[{"type": "image", "url": URL}]),
    "whatsapp text": message("whatsapp", "text", text="x" * 4096),
    "whatsapp text in reply": message("whatsapp", "text", text="a", context={"message_uuid": "1"}),
    "whatsapp to an id": message("whatsapp", "text", text="Hello") | {"to": "GB.1349120865530274"},
    "whatsapp image": message("whatsapp", "image", image={"url": URL, "caption": "A cat"}),
    "whatsapp audio": message("whatsapp", "audio", audio={"url": URL}),
    "whatsapp video": message("whatsapp", "video", video={"url": URL}),
    "whatsapp file": message("whatsapp", "file", file={"url": URL, "name": "a.pdf"}),
    "whatsapp template": message(
        "whatsapp",
        "template",
        template={"name": "ns:verify", "parameters": ["1"]},
        whatsapp={"policy": "deterministic", "locale": "en_GB"},
    ),
    "whatsapp sticker by URL": message("whatsapp", "sticker", sticker={"url": URL}),
    "whatsapp sticker by id": message("whatsapp", "sticker", sticker={"id": "1"}),
    "whatsapp location": message("whatsapp", "location", location={"lat": 40.3, "long": -74}),
    "whatsapp custom": message("whatsapp", "custom", custom={"type": "contacts"}),
    "messenger text": message("messenger", "text", text="x" * 640),
    "messenger tag": message(
        "messenger", "text", text="a", messenger={"category": "message_tag", "tag": "X"}
    ),
    "messenger image": message("messenger", "image", image={"url": URL}),
    "messenger audio": message("messenger", "audio", audio={"url": URL}),
    "messenger video": message("messenger", "video", video={"url": URL}),
    "messenger file": message("messenger", "file", file={"url": URL}),
    "messenger custom": message("messenger", "custom", custom={"attachment": {}}),
    "viber text": viber_text(category="transaction", ttl=30),
    "viber button": viber_text(action={"url": URL, "text": "x" * 30}, ttl=259_200),
    "viber image": message("viber_service", "image", image={"url": URL}),
    "viber video with strings": viber_video(duration="600", file_size="200"),
    "viber video with integers": viber_video(duration=600, file_size=200),
    "viber file": message("viber_service", "file", file={"url": URL, "name": "x" * 25}),
    "rcs text": message("rcs", "text", text="x" * 3072, ttl=20, suggestions=[REPLY] * 11),
    "rcs image": message("rcs", "image", image={"url": URL}),
    "rcs video": message("rcs", "video", video={"url": URL}),
    "rcs file": message("rcs", "file", file={"url": URL}),
    "rcs card": rcs_card(CARD, category="promotion"),
    "rcs carousel": message(
        "rcs", "carousel", carousel={"cards": [CARD, CARD]}, rcs={"card_width": "SMALL"}
    ),
    "rcs custom": message("rcs", "custom", custom={"contentMessage": {}}),
    "native failover": message("mms", "image", image={"url": URL}, failover=[sms()]),
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_message_within_the_bounds_is_accepted(body: JsonObject) -> None:
    assert validate_message(body) is None


def test_every_channel_and_message_type_has_an_accepted_example() -> None:
    shown = {(body["channel"], body["message_type"]) for body in ACCEPTED.values()}
    assert shown == {(channel, kind) for channel, kinds in MODELS.items() for kind in kinds}


_PHONE = "must be 7 to 15 digits without a leading +, 0 or 00"
_URL = "must be an http or https URL without spaces"

REFUSED: dict[str, tuple[JsonValue, V1Title, str, str]] = {
    "not an object": ([], V1Title.INVALID_PARAMS, "body", "must be an object"),
    "no channel": (
        {"to": NUMBER},
        V1Title.UNSUPPORTED_CHANNEL,
        "channel",
        "is required",
    ),
    "a channel of v0.1": (
        message("viber_service_msg", "text", text="a"),
        V1Title.UNSUPPORTED_CHANNEL,
        "channel",
        "must be one of sms, mms, whatsapp, messenger, viber_service, rcs",
    ),
    "a channel of another type": (
        sms(channel=["sms"]),
        V1Title.UNSUPPORTED_CHANNEL,
        "channel",
        "must be one of sms, mms, whatsapp, messenger, viber_service, rcs",
    ),
    "no message type": (
        sms(message_type=None),
        V1Title.INVALID_MESSAGE_TYPE,
        "message_type",
        "is required",
    ),
    "a type the channel lacks": (
        message("sms", "image", image={"url": URL}),
        V1Title.INVALID_MESSAGE_TYPE,
        "message_type",
        "must be one of text",
    ),
    "viber template": (
        message("viber_service", "template", template={"name": "a"}),
        V1Title.INVALID_MESSAGE_TYPE,
        "message_type",
        "must be one of text, image, video, file",
    ),
    "leading plus": (sms(to="+447700900000"), V1Title.INVALID_RECIPIENT, "to", _PHONE),
    "leading zero": (sms(to="0447700900000"), V1Title.INVALID_RECIPIENT, "to", _PHONE),
    "number too short": (sms(to="123456"), V1Title.INVALID_RECIPIENT, "to", _PHONE),
    "number too long": (sms(to="1" * 16), V1Title.INVALID_RECIPIENT, "to", _PHONE),
    "foreign digits": (sms(to="٤٤٧٧٠٠٩٠٠٠٠٠"), V1Title.INVALID_RECIPIENT, "to", _PHONE),
    "a line break behind the number": (
        sms(to=NUMBER + "\n"),
        V1Title.INVALID_RECIPIENT,
        "to",
        _PHONE,
    ),
    "a number as a number": (
        sms(to=447700900000),
        V1Title.INVALID_RECIPIENT,
        "to",
        "must be a string",
    ),
    "whatsapp with a plus": (
        message("whatsapp", "text", text="a") | {"to": "+447700900000"},
        V1Title.INVALID_RECIPIENT,
        "to",
        _PHONE + ", or an id",
    ),
    "messenger id too long": (
        message("messenger", "text", text="a") | {"to": "1" * 51},
        V1Title.INVALID_RECIPIENT,
        "to",
        "must have at most 50 characters",
    ),
    "sender of null": (sms(**{"from": None}), V1Title.INVALID_SENDER, "from", "must be a string"),
    "empty sender": (sms(**{"from": ""}), V1Title.INVALID_SENDER, "from", "must not be empty"),
    "rcs sender": (
        message("rcs", "text", text="a") | {"from": "My Shop"},
        V1Title.INVALID_SENDER,
        "from",
        "must consist of letters, digits, -, _ and &",
    ),
    "client_ref too long": (
        sms(client_ref="x" * 101),
        V1Title.INVALID_CLIENT_REFERENCE,
        "client_ref",
        "must have at most 100 characters",
    ),
    "sms text too long": (
        sms(text="x" * 3201),
        V1Title.INVALID_PARAMS,
        "text",
        "must have at most 3200 characters",
    ),
    "empty text": (sms(text=""), V1Title.INVALID_PARAMS, "text", "must not be empty"),
    "no text": (message("sms", "text"), V1Title.INVALID_PARAMS, "text", "is required"),
    "sms ttl too short": (sms(ttl=19), V1Title.INVALID_PARAMS, "ttl", "must be at least 20"),
    "sms ttl too long": (
        sms(ttl=604_801),
        V1Title.INVALID_PARAMS,
        "ttl",
        "must be at most 604800",
    ),
    "ttl as text": (sms(ttl="60"), V1Title.INVALID_PARAMS, "ttl", "must be an integer"),
    "ttl as true": (sms(ttl=True), V1Title.INVALID_PARAMS, "ttl", "must be an integer"),
    "trusted_recipient as text": (
        sms(trusted_recipient="yes"),
        V1Title.INVALID_PARAMS,
        "trusted_recipient",
        "must be true or false",
    ),
    "encoding": (
        sms(sms={"encoding_type": "binary"}),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "sms.encoding_type",
        "must be one of text, unicode, auto",
    ),
    "options as text": (
        sms(sms="auto"),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "sms",
        "must be an object",
    ),
    "webhook_version": (
        sms(webhook_version="v2"),
        V1Title.INVALID_PARAMS,
        "webhook_version",
        "must be one of v0.1, v1",
    ),
    "webhook_url by ftp": (
        sms(webhook_url="ftp://example.com"),
        V1Title.INVALID_PARAMS,
        "webhook_url",
        _URL,
    ),
    "webhook_url with a line break": (
        sms(webhook_url="https://example.com/\r\nx"),
        V1Title.INVALID_PARAMS,
        "webhook_url",
        _URL,
    ),
    "mms ttl too short": (
        message("mms", "text", text="a", ttl=299),
        V1Title.INVALID_PARAMS,
        "ttl",
        "must be at least 300",
    ),
    "mms caption too long": (
        message("mms", "image", image={"url": URL, "caption": "x" * 3001}),
        V1Title.INVALID_PARAMS,
        "image.caption",
        "must have at most 3000 characters",
    ),
    "mms part": (
        message("mms", "content", content=[{"type": "text", "url": URL}]),
        V1Title.INVALID_PARAMS,
        "content[0].type",
        "must be one of image, audio, video, file, vcard",
    ),
    "mms without parts": (
        message("mms", "content", content=[]),
        V1Title.INVALID_PARAMS,
        "content",
        "must not be empty",
    ),
    "whatsapp text too long": (
        message("whatsapp", "text", text="x" * 4097),
        V1Title.INVALID_PARAMS,
        "text",
        "must have at most 4096 characters",
    ),
    "whatsapp audio URL too long": (
        message("whatsapp", "audio", audio={"url": URL + "x" * 2000}),
        V1Title.INVALID_PARAMS,
        "audio.url",
        "must have at most 2000 characters",
    ),
    "template parameters in the form of v0.1": (
        message("whatsapp", "template", template={"name": "a", "parameters": [{"default": "b"}]}),
        V1Title.INVALID_PARAMS,
        "template.parameters[0]",
        "must be a string",
    ),
    "template policy fallback": (
        message("whatsapp", "template", template={"name": "a"}, whatsapp={"policy": "fallback"}),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "whatsapp.policy",
        "must be one of deterministic",
    ),
    "sticker named twice": (
        message("whatsapp", "sticker", sticker={"url": URL, "id": "1"}),
        V1Title.INVALID_PARAMS,
        "sticker",
        "must have either url or id",
    ),
    "latitude": (
        message("whatsapp", "location", location={"lat": 91, "long": 0}),
        V1Title.INVALID_PARAMS,
        "location.lat",
        "must be at most 90.0",
    ),
    "longitude as text": (
        message("whatsapp", "location", location={"lat": 0, "long": "0"}),
        V1Title.INVALID_PARAMS,
        "location.long",
        "must be a number",
    ),
    "custom as text": (
        message("whatsapp", "custom", custom="a"),
        V1Title.INVALID_PARAMS,
        "custom",
        "must be an object",
    ),
    "messenger text too long": (
        message("messenger", "text", text="x" * 641),
        V1Title.INVALID_PARAMS,
        "text",
        "must have at most 640 characters",
    ),
    "message_tag without a tag": (
        message("messenger", "text", text="a", messenger={"category": "message_tag"}),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "messenger.tag",
        "is required when category is message_tag",
    ),
    "viber ttl too short": (
        viber_text(ttl=29),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "viber_service.ttl",
        "must be at least 30",
    ),
    "viber category": (
        viber_text(category="promotional"),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "viber_service.category",
        "must be one of transaction, promotion",
    ),
    "viber button text too long": (
        viber_text(action={"url": URL, "text": "x" * 31}),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "viber_service.action.text",
        "must have at most 30 characters",
    ),
    "viber button without a caption": (
        message(
            "viber_service",
            "image",
            image={"url": URL},
            viber_service={"action": {"url": URL, "text": "Go"}},
        ),
        V1Title.INVALID_PARAMS,
        "image.caption",
        "is required when there is an action",
    ),
    "viber video too long": (
        viber_video(duration="601"),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "viber_service.duration",
        "must be a number from 1 to 600",
    ),
    "viber video too large": (
        viber_video(file_size=201),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "viber_service.file_size",
        "must be a number from 1 to 200",
    ),
    "too many suggestions": (
        message("rcs", "text", text="a", suggestions=[REPLY] * 12),
        V1Title.INVALID_PARAMS,
        "suggestions",
        "must have at most 11 entries",
    ),
    "one card is no carousel": (
        message("rcs", "carousel", carousel={"cards": [CARD]}, rcs={"card_width": "SMALL"}),
        V1Title.INVALID_PARAMS,
        "carousel.cards",
        "must have at least 2 entries",
    ),
    "horizontal card": (
        rcs_card(CARD, card_orientation="HORIZONTAL"),
        V1Title.INVALID_CHANNEL_PARAMETERS,
        "rcs.image_alignment",
        "is required when card_orientation is HORIZONTAL",
    ),
    "vertical card": (
        rcs_card(CARD, card_orientation="VERTICAL"),
        V1Title.INVALID_PARAMS,
        "card.media_height",
        "is required when card_orientation is VERTICAL",
    ),
    "failover as an object": (
        sms(failover={}),
        V1Title.INVALID_PARAMS,
        "failover",
        "must be an array of messages",
    ),
    "failover inside failover": (
        sms(failover=[sms(failover=[sms()])]),
        V1Title.INVALID_PARAMS,
        "failover[0].failover",
        "cannot be nested",
    ),
    "a fault inside failover": (
        sms(failover=[sms(to="0")]),
        V1Title.INVALID_RECIPIENT,
        "failover[0].to",
        _PHONE,
    ),
}


@pytest.mark.parametrize(("body", "title", "name", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_is_named_with_its_title_place_and_reason(
    body: JsonValue, title: V1Title, name: str, reason: str
) -> None:
    problem = validate_message(body)
    assert problem is not None
    assert (problem.title, problem.invalid_parameters) == (title, ((name, reason),))


def test_faults_of_different_kinds_share_the_general_title() -> None:
    problem = validate_message(sms(to="0", client_ref="x" * 101))
    assert problem is not None
    assert problem.title is V1Title.INVALID_PARAMS


def test_a_body_wrong_in_thousands_of_places_names_twenty() -> None:
    problem = validate_message(sms(failover=[{}] * 5000))
    assert problem is not None
    assert len(problem.invalid_parameters) == 20


def test_a_problem_is_written_in_the_form_of_v1() -> None:
    problem = validate_message(sms(to="0"))
    assert problem is not None
    assert problem.body(instance="i") == {
        "type": "https://developer.vonage.com/api-errors/messages#110",
        "title": "Invalid recipient",
        "detail": "The request was not accepted; see invalid_parameters.",
        "instance": "i",
        "invalid_parameters": [{"name": "to", "reason": _PHONE}],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
CANARY = "canary-5b1f"


@given(
    st.sampled_from([*ACCEPTED.values()]),
    st.sampled_from(["to", "from", "text", "image", "sms", "ttl", "viber_service", "failover"]),
    JSON,
)
def test_any_json_in_any_place_is_judged_without_an_exception(
    body: JsonObject, name: str, value: JsonValue
) -> None:
    problem = validate_message(body | {name: value})
    assert problem is None or problem.invalid_parameters


@pytest.mark.parametrize("name", ["to", "client_ref", "webhook_url", "webhook_version", "ttl"])
def test_a_problem_repeats_nothing_that_was_sent(name: str) -> None:
    problem = validate_message(sms(**{name: "+" + CANARY * 20}))
    assert problem is not None
    assert CANARY not in json.dumps(problem.body(instance="i"))


_TO = {"to": NUMBER, "from_": SENDER}
_PSID = {"to": PSID, "from_": PSID}

VENDOR: list[tuple[type[Any], dict[str, Any]]] = [
    (vendor.Sms, {**_TO, "text": "Hello", "ttl": 20, "client_ref": "x" * 100}),
    (vendor.Sms, {**_TO, "text": "Hello", "sms": vendor.SmsOptions(encoding_type="auto")}),
    (vendor.MmsText, {**_TO, "text": "Hello", "webhook_url": URL, "webhook_version": "v1"}),
    (vendor.MmsImage, {**_TO, "image": vendor.MmsResource(url=URL, caption="A cat")}),
    (vendor.MmsVcard, {**_TO, "vcard": vendor.MmsResource(url=URL), "ttl": 300}),
    (vendor.WhatsappText, {**_TO, "text": "x" * 4096}),
    (vendor.WhatsappImage, {**_TO, "image": vendor.WhatsappImageResource(url=URL)}),
    (vendor.WhatsappAudio, {**_TO, "audio": vendor.WhatsappAudioResource(url=URL)}),
    (vendor.WhatsappFile, {**_TO, "file": vendor.WhatsappFileResource(url=URL, name="a.pdf")}),
    (
        vendor.WhatsappTemplate,
        {**_TO, "template": vendor.WhatsappTemplateResource(name="a", parameters=["b"])},
    ),
    (vendor.WhatsappCustom, {**_TO, "custom": {"type": "location"}}),
    (vendor.MessengerText, {**_PSID, "text": "x" * 640}),
    (vendor.MessengerAudio, {**_PSID, "audio": vendor.MessengerResource(url=URL)}),
    (
        vendor.MessengerText,
        {**_PSID, "text": "a", "messenger": vendor.MessengerOptions(category="response")},
    ),
    (vendor.ViberText, {**_TO, "text": "x" * 1000}),
    (vendor.ViberImage, {**_TO, "image": vendor.ViberImageResource(url=URL)}),
    (
        vendor.ViberVideo,
        {
            **_TO,
            "video": vendor.ViberVideoResource(url=URL, thumb_url=URL),
            "viber_service": vendor.ViberVideoOptions(
                category="transaction", duration="600", file_size="200"
            ),
        },
    ),
    (vendor.ViberFile, {**_TO, "file": vendor.ViberFileResource(url=URL, name="x" * 25)}),
    (vendor.RcsText, {**_TO, "text": "x" * 3072, "ttl": 259_200}),
    (vendor.RcsCustom, {**_TO, "custom": {"contentMessage": {}}}),
]


@pytest.mark.parametrize(
    ("model", "members"), VENDOR, ids=lambda value: getattr(value, "__name__", "")
)
def test_what_the_vendors_library_builds_is_accepted(
    model: type[Any], members: dict[str, Any]
) -> None:
    body = model(**members).model_dump(by_alias=True, exclude_none=True, mode="json")
    assert validate_message(body) is None
