"""The envelope that status and inbound webhooks share: who, on what channel, when.

That of v1 is flat. In one of v0.1, which an application can still be set to, addresses are objects.

Readers append what they find to a list and go on: a webhook is somebody's delivery receipt, and a
field that cannot be read is no reason to lose the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, child
from translators.rules import Rule, report
from translators.rules_webhook import (
    ADDRESS_UNREADABLE,
    CHANNEL_WITHOUT_V01_NAME,
    MESSAGE_UUID_UNREADABLE,
    NUMBER_REWRITTEN,
    SENDER_FROM_WHATSAPP,
    TIMESTAMP_AS_NUMBER,
    TIMESTAMP_TRUNCATED,
    TIMESTAMP_UNREADABLE,
    WEBHOOK_FIELD_DROPPED,
    WEBHOOK_FIELD_UNKNOWN,
    WEBHOOK_IN_V01_SHAPE,
)
from translators.timestamps import read_timestamp, read_unix_time
from translators.user_ids import UserIdForm, is_user_id

V01_CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sms": "sms",
        "mms": "mms",
        "whatsapp": "whatsapp",
        "messenger": "messenger",
        "viber_service": "viber_service_msg",
        "viber": "viber_service_msg",  # a spelling some v1 payloads use
    }
)
"""Channel names as v1 webhooks write them, and as v0.1 does. Source: docs/wire.md section 5.5."""

_CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {**V01_CHANNELS, **{name: name for name in V01_CHANNELS.values()}}
)
"""The same, and the names of v0.1: a webhook in its shape uses them."""

# On these channels an address is an id rather than a phone number. A Viber service has an id, the
# person it writes to a number. Source: docs/wire.md section 5.5 and 5.7.
_ID_OF_BUSINESS: Final = frozenset({"viber_service_msg", "messenger"})
_ID_OF_PERSON: Final = frozenset({"messenger"})

# Where else v1 says who wrote, in `whatsapp.sender`, the number first.
# Source: docs/wire.md section 5.7.
_PERSON: Final = ("wa_id", "user_id", "parent_user_id")
_USER_ID_MEMBERS: Final[Mapping[UserIdForm, tuple[str, ...]]] = MappingProxyType(
    {
        UserIdForm.BOTH: ("number", "id"),
        UserIdForm.ID: ("id",),
        UserIdForm.NUMBER: ("number",),
    }
)
_LONGEST_NUMBER: Final = 10**15
_LONGEST_ID: Final = 10**18  # those of Messenger have 16 digits or 17

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# A hostile body can hold thousands of names of any length; past these bounds they are counted.
_NAMED_FIELDS: Final = 20
_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What every webhook says, in v0.1 terms."""

    message_uuid: str
    """Lower case."""
    channel: str | None
    """The v0.1 name; `None` when v1's is missing or new."""
    to: str | None
    sender: str | None
    told_by: str | None
    """The member of `whatsapp.sender` that names the sender; `None` where `from` does."""
    timestamp: str
    """The v0.1 form; as v1 wrote it if that is text that could not be read; "" if it says nothing,
    for whoever knows when the webhook arrived to fill in."""


def read_uuid(value: JsonValue) -> str | None:
    """Return a hyphenated UUID of any version in lower case; `None` for anything else."""
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else None


def read_envelope(
    document: JsonObject,
    found: list[Diagnostic],
    *,
    unknown_channel: Rule,
    is_from_person: bool = False,
) -> Envelope | None:
    """Read the envelope of either shape; `None` once a finding of severity `ERROR` was appended.

    Args:
        unknown_channel: the rule for a channel that neither API names.
        is_from_person: whether the sender is a person, whose phone number may be hidden.
    """
    for key in ("to", "from", "message"):
        if isinstance(document.get(key), dict):
            detail = f"{key} is an object, as in v0.1; v1 webhooks are flat"
            found.append(report(WEBHOOK_IN_V01_SHAPE, child("", key), detail))
            break
    message_uuid = read_uuid(document.get("message_uuid"))
    if message_uuid is None:
        detail = "message_uuid is missing or not a UUID"
        found.append(report(MESSAGE_UUID_UNREADABLE, "/message_uuid", detail))
        return None
    name, pointer = _channel_name(document)
    channel = _CHANNELS.get(name) if isinstance(name, str) else None
    if name == "rcs":
        detail = "v0.1 has no RCS channel; nothing is forwarded"
        found.append(report(CHANNEL_WITHOUT_V01_NAME, pointer, detail))
        return None
    if channel is None:
        detail = "the channel is missing or not one v0.1 has a name for"
        found.append(report(unknown_channel, pointer, detail))
    to = _read_address(document, ("to",), channel, found)
    told_by = _told_by(document) if is_from_person and channel == "whatsapp" else None
    if told_by is None:
        sender = _read_address(document, ("from",), channel, found)
    else:
        sender = _read_address(document, ("whatsapp", "sender", told_by), channel, found)
        detail = f"`from` names nobody; {told_by} stands in its place"
        place = child("/whatsapp/sender", told_by)
        found.append(report(SENDER_FROM_WHATSAPP, place, detail))
    return Envelope(
        message_uuid=message_uuid,
        channel=channel,
        to=to,
        sender=sender,
        told_by=told_by,
        timestamp=_read_timestamp(document.get("timestamp"), found),
    )


def address(
    channel: str | None,
    value: str | None,
    *,
    of_business: bool,
    user_ids: UserIdForm = UserIdForm.BOTH,
) -> JsonObject:
    """Build the v0.1 address object of one side, leaving out what is not known.

    Args:
        channel: the v0.1 name.
        of_business: whether the address belongs to the business rather than to the person.
        user_ids: how a WhatsApp user id is shown.
    """
    built: JsonObject = {}
    if channel is not None:
        built["type"] = channel
    if value is None:
        return built
    if channel == "whatsapp" and not of_business and is_user_id(value):
        built |= dict.fromkeys(_USER_ID_MEMBERS[user_ids], value)
    else:
        by_id = channel in (_ID_OF_BUSINESS if of_business else _ID_OF_PERSON)
        built["id" if by_id else "number"] = value
    return built


def name_unmapped(
    fields: JsonObject,
    pointer: str,
    *,
    carried: frozenset[str],
    known: frozenset[str] = frozenset(),
    found: list[Diagnostic],
) -> None:
    """Name each field that has no place in v0.1, so that nothing is dropped in silence.

    Args:
        fields: the object at `pointer`.
        carried: names that are translated; no finding.
        known: names that v1 documents and v0.1 has no field for.
    """
    budget = _NAMED_FIELDS
    unnamed = len(fields.keys() - carried - known)
    for key in fields:
        if key in carried:
            continue
        if key in known:
            detail = f"{key} has no place in v0.1 and is dropped"
            found.append(report(WEBHOOK_FIELD_DROPPED, child(pointer, key), detail))
        elif budget and len(key) <= _NAME_LENGTH and key.isprintable():
            budget -= 1
            unnamed -= 1
            detail = "this field is not one v1 documents; dropped"
            found.append(report(WEBHOOK_FIELD_UNKNOWN, child(pointer, key), detail))
    if unnamed:
        detail = f"{unnamed} more fields are not ones v1 documents; dropped"
        found.append(report(WEBHOOK_FIELD_UNKNOWN, pointer, detail))


def _channel_name(document: JsonObject) -> tuple[JsonValue, str]:
    """Return what names the channel, and where: v0.1 has it in each address."""
    for key in ("to", "from"):
        value = document.get(key)
        if "channel" not in document and isinstance(value, dict) and "type" in value:
            return value["type"], child(child("", key), "type")
    return document.get("channel"), "/channel"


def _told_by(document: JsonObject) -> str | None:
    """Return which member of `whatsapp.sender` names a sender whom `from` does not name."""
    for path in (("from",), *(("whatsapp", "sender", name) for name in _PERSON)):
        if _address_text(_address_in(_at(document, path), "whatsapp"), "whatsapp") is not None:
            return None if path == ("from",) else path[-1]
    return None


def _read_address(
    document: JsonObject, path: tuple[str, ...], channel: str | None, found: list[Diagnostic]
) -> str | None:
    value = _address_in(_at(document, path), channel)
    written = _address_text(value, channel)
    pointer = "".join(child("", name) for name in path)
    if written is None:
        found.append(report(ADDRESS_UNREADABLE, pointer, f"{path[-1]} is missing or not text"))
    elif not isinstance(value, str):
        detail = f"{path[-1]} was written as a JSON number"
        found.append(report(NUMBER_REWRITTEN, pointer, detail))
    return written


def _at(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _address_in(value: JsonValue, channel: str | None) -> JsonValue:
    """Return what a member of v0.1 holds: an object, documented with both, captured with one."""
    if not isinstance(value, dict):
        return value
    usual = "id" if channel in _ID_OF_PERSON else "number"
    held = [value.get(key) for key in (usual, "number", "id")]
    return next((each for each in held if _address_text(each, channel) is not None), None)


def _address_text(value: JsonValue, channel: str | None) -> str | None:
    """Return an address as text; null, empty, blank and absent alike are none."""
    if isinstance(value, str):
        return value if value.strip() else None
    longest = _LONGEST_ID if channel == "messenger" else _LONGEST_NUMBER
    return str(value) if type(value) is int and 0 < value < longest else None


def _read_timestamp(value: JsonValue, found: list[Diagnostic]) -> str:
    moment = read_unix_time(value)
    if moment is not None:
        detail = "the timestamp was written as a number since 1970"
        found.append(report(TIMESTAMP_AS_NUMBER, "/timestamp", detail))
        return moment
    if not isinstance(value, str):
        detail = "the timestamp is missing or not text; left empty"
        found.append(report(TIMESTAMP_UNREADABLE, "/timestamp", detail))
        return ""
    timestamp = read_timestamp(value)
    if timestamp is None:
        detail = "the timestamp is in none of the known forms; carried as it is"
        found.append(report(TIMESTAMP_UNREADABLE, "/timestamp", detail))
        return value if value.strip() else ""
    if timestamp.truncated:
        detail = "digits below the millisecond were cut off"
        found.append(report(TIMESTAMP_TRUNCATED, "/timestamp", detail))
    return timestamp.text
