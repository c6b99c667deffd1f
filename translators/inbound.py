"""v1 inbound webhooks, and the v0.1 inbound callbacks they become."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation, child
from translators.envelope import address, name_unmapped, read_envelope
from translators.rules import Rule, report
from translators.rules_inbound import (
    CONTENT_PART_DROPPED,
    CONTENT_UNDOCUMENTED,
    CONTENT_UNREADABLE,
    CONTENT_UNSUPPORTED,
    INBOUND_USAGE_ASSUMED,
    MESSAGE_TYPE_UNREADABLE,
    PART_COUNT_ASSUMED,
    REPLY_AS_TEXT,
)
from translators.rules_webhook import (
    CHANNEL_WITHOUT_V01_NAME,
    NUMBER_REWRITTEN,
    SENDER_WITHOUT_NUMBER,
    WEBHOOK_IN_V01_SHAPE,
    WEBHOOK_NOT_AN_OBJECT,
)
from translators.timestamps import arrival
from translators.usage import DEFAULT_CURRENCY, Usage, plain_decimal, read_usage
from translators.user_ids import UserIdForm, is_user_id
from translators.webhook_shapes import is_v01_inbound

_URL: Final = ("url",)
_URL_CAPTION: Final = ("url", "caption")

# What v0.1 can show, by v0.1 channel and v1 message type: the members of the media object that
# have a v0.1 field. Whatever is not listed here, and is no text or location, is `unsupported`.
# Source: docs/wire.md section 5.7.
_MEDIA: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("mms", "image"): _URL_CAPTION,
        ("mms", "vcard"): _URL,
        ("mms", "audio"): _URL_CAPTION,
        ("mms", "video"): _URL_CAPTION,
        ("mms", "file"): _URL_CAPTION,
        ("viber_service_msg", "image"): _URL_CAPTION,
        ("messenger", "image"): _URL,
        ("messenger", "audio"): _URL,
        ("messenger", "video"): _URL,
        ("messenger", "file"): _URL,
        ("whatsapp", "image"): _URL_CAPTION,
        ("whatsapp", "audio"): _URL_CAPTION,
        ("whatsapp", "video"): _URL_CAPTION,
        ("whatsapp", "file"): _URL_CAPTION,
    }
)

# Carried although no v0.1 document shows them: losing a person's message would be worse.
_UNDOCUMENTED: Final = frozenset(
    {
        ("mms", "text"),
        ("mms", "audio"),
        ("mms", "video"),
        ("mms", "file"),
        ("viber_service_msg", "image"),
    }
)

# v1 and v0.1 both have this type on these channels, so nothing is lost.
_UNSUPPORTED_IN_V1: Final = frozenset({("whatsapp", "unsupported"), ("messenger", "unsupported")})

_COUNTS: Final = ("num_messages", "total_count")
_OF_SMS: Final = frozenset({"keyword", *_COUNTS})
_REPLIES: Final = MappingProxyType({"reply": "title", "button": "text"})
_COORDINATES: Final = (("longitude", "long"), ("latitude", "lat"))

_ENVELOPE: Final = frozenset({"channel", "message_uuid", "to", "from", "timestamp", "message_type"})
_SMS_CARRIED: Final = frozenset({"usage", "sms"})
_KNOWN: Final = frozenset(
    {
        *("client_ref", "profile", "context", "context_status", "provider_message", "origin"),
        *("whatsapp", "_self", "usage", "sms"),
    }
)


class WhatsappSender(StrEnum):
    """Whom an inbound message on WhatsApp names as its sender."""

    NUMBER = "number"
    USER_ID = "user-id"
    NOBODY = "nobody"


def whatsapp_sender(callback: JsonValue) -> WhatsappSender | None:
    """Tell how the sender of a v0.1 inbound callback is named; `None` on any other channel."""
    sender = _fields(_fields(callback).get("from"))
    if sender.get("type") != "whatsapp":
        return None
    told = _text_member(sender, "number") or _text_member(sender, "id")
    if not told:
        return WhatsappSender.NOBODY
    return WhatsappSender.USER_ID if is_user_id(told) else WhatsappSender.NUMBER


def translate_inbound(
    document: JsonValue,
    *,
    reply_as_text: bool = False,
    user_ids: UserIdForm = UserIdForm.BOTH,
    arrived_ms: int | None = None,
) -> Translation[JsonObject]:
    """Translate the body of a v1 inbound webhook into the body of a v0.1 one.

    One that is in the shape of v0.1 already comes back as it is, with a warning.

    Never raises. A message whose content v0.1 cannot show arrives as `unsupported`, as it did on
    v0.1 itself, so that the receiver still learns that somebody wrote.

    Args:
        reply_as_text: show the title of a WhatsApp reply or button as text rather than as
            `unsupported`.
        user_ids: how a sender is shown of whom WhatsApp tells no number.
        arrived_ms: Unix milliseconds, for a webhook that does not say when; `None` if nobody knows.

    Source: docs/wire.md section 5.7 and 5.8.
    """
    found: list[Diagnostic] = []
    if not isinstance(document, dict):
        return _refused(found, WEBHOOK_NOT_AN_OBJECT, "", "the webhook is not a JSON object")
    if is_v01_inbound(document):
        detail = "a message in the shape of v0.1; relayed as it is"
        found.append(report(WEBHOOK_IN_V01_SHAPE, "/message", detail))
        return Translation(value=document, diagnostics=tuple(found))
    envelope = read_envelope(
        document, found, unknown_channel=CHANNEL_WITHOUT_V01_NAME, is_from_person=True
    )
    if envelope is None or envelope.channel is None:
        return Translation(value=None, diagnostics=tuple(found))
    channel, message_type = envelope.channel, document.get("message_type")
    if not isinstance(message_type, str) or not message_type:
        detail = "the message type is missing or not text"
        return _refused(found, MESSAGE_TYPE_UNREADABLE, "/message_type", detail)
    content = _content(document, channel, message_type, found, reply_as_text=reply_as_text)
    message: JsonObject = {"content": content}
    sender = address(channel, envelope.sender, of_business=False, user_ids=user_ids)
    body: JsonObject = {
        "message_uuid": envelope.message_uuid,
        "timestamp": envelope.timestamp or arrival(arrived_ms),
        "to": address(channel, envelope.to, of_business=True),
        "from": sender,
        "message": message,
    }
    carried = _ENVELOPE
    if (channel, message_type) not in _UNSUPPORTED_IN_V1:
        carried |= {message_type}  # or dropped by name: the content says which
    if channel == "sms":
        carried |= _SMS_CARRIED
        message["sms"] = {"num_messages": _part_count(document.get("sms"), found)}
        usage = _sms_usage(document.get("usage"), found)
        body["usage"] = {"currency": usage.currency, "price": usage.price}
    if envelope.told_by is not None:
        carried |= {"whatsapp"}
        _name_rest_of_sender(document["whatsapp"], envelope.told_by, found)
    name_unmapped(document, "", carried=carried, known=_KNOWN, found=found)
    if whatsapp_sender(body) is WhatsappSender.USER_ID:
        detail = "no phone number of the sender is known; their user id stands for it"
        found.append(report(SENDER_WITHOUT_NUMBER, "/from", detail))
    return Translation(value=body, diagnostics=tuple(found))


def _name_rest_of_sender(whatsapp: JsonValue, told_by: str, found: list[Diagnostic]) -> None:
    """Name what else stands in the object that named the sender."""
    whole = _fields(whatsapp)
    name_unmapped(whole, "/whatsapp", carried=frozenset({"sender"}), found=found)
    sender, known = _fields(whole.get("sender")), frozenset({"wa_id", "user_id", "parent_user_id"})
    carried = frozenset({told_by})
    name_unmapped(sender, "/whatsapp/sender", carried=carried, known=known, found=found)


def _refused(
    found: list[Diagnostic], rule: Rule, pointer: str, detail: str
) -> Translation[JsonObject]:
    return Translation(value=None, diagnostics=(*found, report(rule, pointer, detail)))


def _content(
    document: JsonObject,
    channel: str,
    message_type: str,
    found: list[Diagnostic],
    *,
    reply_as_text: bool,
) -> JsonObject:
    kind = (channel, message_type)
    if kind in _UNDOCUMENTED:
        detail = "v0.1 documents no such content on this channel; written as on the others"
        found.append(report(CONTENT_UNDOCUMENTED, "/message_type", detail))
    body = document.get(message_type)
    pointer = child("", message_type)
    if message_type == "text":
        return _text(body, pointer, found)
    if kind in _MEDIA:
        return _media(body, pointer, kind, found)
    if kind == ("mms", "content"):
        return _first_part(body, found)
    if kind == ("whatsapp", "location"):
        return _location(body, found)
    if reply_as_text and channel == "whatsapp" and message_type in _REPLIES:
        detail = "the title the person chose stands as text; the rest of the reply is dropped"
        found.append(report(REPLY_AS_TEXT, pointer, detail))
        title = _REPLIES[message_type]
        return _text(_fields(body).get(title), child(pointer, title), found)
    if kind not in _UNSUPPORTED_IN_V1:
        detail = "v0.1 has no such content on this channel; the body is dropped"
        found.append(report(CONTENT_UNSUPPORTED, "/message_type", detail))
    return {"type": "unsupported"}


def _text(value: JsonValue, pointer: str, found: list[Diagnostic]) -> JsonObject:
    text = _read_text(value, pointer, found)
    return _unreadable(pointer, found) if text is None else {"type": "text", "text": text}


def _read_text(value: JsonValue, pointer: str, found: list[Diagnostic]) -> str | None:
    """Read text, or a number that somebody wrote where text belongs; `None` if it is neither."""
    if isinstance(value, str):
        return value
    number = plain_decimal(value)
    if number is not None:
        found.append(report(NUMBER_REWRITTEN, pointer, "text was written as a JSON number"))
    return number


def _media(
    value: JsonValue, pointer: str, kind: tuple[str, str], found: list[Diagnostic]
) -> JsonObject:
    members = _MEDIA[kind]
    fields = _fields(value)
    known = frozenset({"caption", "name", "id"})
    if not _text_member(fields, "url"):
        name_unmapped(fields, pointer, carried=frozenset({"url"}), known=known, found=found)
        return _unreadable(child(pointer, "url"), found)
    media = _texts(fields, members, pointer, found)
    name_unmapped(fields, pointer, carried=frozenset(media), known=known, found=found)
    return {"type": kind[1], kind[1]: media}


def _texts(
    fields: JsonObject, names: tuple[str, ...], pointer: str, found: list[Diagnostic]
) -> JsonObject:
    """Return those members that are text, or can be read as it."""
    read = {name: _read_text(fields.get(name), child(pointer, name), found) for name in names}
    return {name: text for name, text in read.items() if text is not None}


def _first_part(value: JsonValue, found: list[Diagnostic]) -> JsonObject:
    # An MMS of several parts: v0.1 shows one, and a picture says most.
    parts = value if isinstance(value, list) else []
    kinds = [("mms", _text_member(part, "type")) for part in parts]
    shown = [index for index, kind in enumerate(kinds) if kind in _MEDIA]
    if not shown:
        return _unreadable("/content", found)
    images = [index for index in shown if kinds[index] == ("mms", "image")]
    chosen = (images or shown)[0]
    if len(parts) > 1:
        detail = f"v0.1 shows one part of a message; {len(parts) - 1} more dropped"
        found.append(report(CONTENT_PART_DROPPED, "/content", detail))
    part = {name: member for name, member in _fields(parts[chosen]).items() if name != "type"}
    return _media(part, child("/content", chosen), kinds[chosen], found)


def _location(value: JsonValue, found: list[Diagnostic]) -> JsonObject:
    fields = _fields(value)
    location: JsonObject = {}
    known = frozenset({"name", "address", "url", "long", "lat"})
    for v01_name, name in _COORDINATES:
        coordinate = plain_decimal(fields.get(name))
        if coordinate is None:
            carried = frozenset({name})
            name_unmapped(fields, "/location", carried=carried, known=known, found=found)
            return _unreadable(child("/location", name), found)
        location[v01_name] = coordinate
    texts = _texts(fields, ("name", "address"), "/location", found)
    location |= texts
    carried = frozenset({"long", "lat", *texts})
    name_unmapped(fields, "/location", carried=carried, known=known, found=found)
    return {"type": "location", "location": location}


def _unreadable(pointer: str, found: list[Diagnostic]) -> JsonObject:
    detail = "the content is missing or malformed; shown as unsupported"
    found.append(report(CONTENT_UNREADABLE, pointer, detail))
    return {"type": "unsupported"}


def _fields(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text_member(value: JsonValue, name: str) -> str:
    member = _fields(value).get(name)
    return member if isinstance(member, str) else ""


def _part_count(value: JsonValue, found: list[Diagnostic]) -> str:
    fields = _fields(value)
    for name in _COUNTS:
        count = plain_decimal(fields.get(name))
        if count is not None and count.isdigit():
            if count != fields[name]:
                detail = f"{name} was written as a JSON number"
                found.append(report(NUMBER_REWRITTEN, child("/sms", name), detail))
            break
    else:
        detail = "the webhook does not say of how many parts the SMS was; one assumed"
        found.append(report(PART_COUNT_ASSUMED, "/sms", detail))
        name_unmapped(fields, "/sms", carried=frozenset(_COUNTS), known=_OF_SMS, found=found)
        return "1"
    # The one says again what the other says, or is dropped.
    carried = frozenset(name for name in _COUNTS if plain_decimal(fields.get(name)) == count)
    name_unmapped(fields, "/sms", carried=carried, known=_OF_SMS, found=found)
    return count


def _sms_usage(value: JsonValue, found: list[Diagnostic]) -> Usage:
    usage = read_usage(value, found)
    if usage is not None:
        return usage
    detail = "v0.1 requires a charge on an inbound SMS and v1 sent none; zero written"
    found.append(report(INBOUND_USAGE_ASSUMED, "/usage", detail))
    return Usage(currency=DEFAULT_CURRENCY, price="0")
