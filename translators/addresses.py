"""The addresses of a step: `{"type": "sms", "number": "…"}` on either side.

An address has two lives: the form v1 takes, and the form the caller wrote, which callbacks repeat
so that the caller's own lookups keep matching. Source: docs/wire.md sections 1.3, 2.6 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from translators.channels import CHANNEL_ALIASES, CHANNELS, AddressForm, Channel
from translators.diagnostics import JsonObject, JsonValue
from translators.documents import LIMITS
from translators.fields import guess_at, is_digits, name_unknown, read_string, refuse_type
from translators.findings import Findings
from translators.rules_address import (
    ADDRESS_AS_NUMBER,
    ADDRESS_CHARACTER,
    ADDRESS_LENGTH,
    ADDRESS_WHITESPACE,
    ADDRESSES_DIFFER,
    CHANNEL_UNKNOWN,
    NUMBER_IN_ID,
    NUMBER_MALFORMED,
    NUMBER_PREFIX,
    RECIPIENT_BY_USER_ID,
    USER_ID_MISPLACED,
    USER_ID_UNUSUAL,
    VIBER_RECIPIENT_ID,
    VIBER_SERVICE_MESSAGE,
)
from translators.rules_request import FIELD_MISSING, NULL_AS_ABSENT
from translators.user_ids import LONGEST, is_documented, is_out_of_place, is_user_id

_MAX_LENGTH: Final = 50
_EITHER: Final[tuple[str, ...]] = ("number", "id")
# Only white space that keyboards and spreadsheets leave; what cannot be seen is refused.
_SPACE: Final = " \t\r\n"
_PHONE_DIGITS: Final = range(7, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One side of a step."""

    echo: JsonObject
    """The v0.1 object that callbacks repeat: the value as the caller wrote it, as a string."""
    wire: str
    """What v1 is sent."""
    pointer: str
    """The member that holds it."""
    is_user_id: bool = False
    """Whether it is the id of somebody on WhatsApp rather than a number."""


def read_channel(found: Findings, holder: JsonObject, at: str) -> Channel | None:
    """Read the `type` of an address object."""
    name = read_string(found, holder, "type", at)
    if name is None:
        return None
    if name in CHANNEL_ALIASES:
        written, name = name, CHANNEL_ALIASES[name]
        detail = f"is {written}, which Dispatch calls {name}; write {name}"
        found.add(VIBER_SERVICE_MESSAGE, f"{at}/type", detail)
    channel = CHANNELS.get(name)
    if channel is None:
        detail = f"must be one of {', '.join(CHANNELS)}{guess_at(name, CHANNELS)}"
        found.add(CHANNEL_UNKNOWN, f"{at}/type", detail)
    return channel


def read_address(
    found: Findings, holder: JsonObject, at: str, channel: Channel, form: AddressForm
) -> Address | None:
    """Read the address object of one side of a step on `channel`."""
    keys = _keys_of(found, holder, at, form)
    name_unknown(found, holder, at, {"type", *(_EITHER if form.takes_user_ids else keys)})
    if not keys:
        _refuse_missing(found, holder, at, channel, form)
        return None
    read = [_read_member(found, holder[key], f"{at}/{key}", channel, form) for key in keys]
    first, *others = read
    if first is None or None in others:
        return None
    if any(other and other.wire != first.wire for other in others):
        detail = f"names another recipient than {keys[0]} does; leave one of the two out"
        found.add(ADDRESSES_DIFFER, f"{at}/{keys[1]}", detail)
        return None
    if first.is_user_id and is_documented(first.wire):
        detail = "is a WhatsApp user id; sent as it is"
        found.add(RECIPIENT_BY_USER_ID, first.pointer, detail)
    elif first.is_user_id:
        detail = "is neither a number nor a user id of the usual form; sent as it is"
        found.add(USER_ID_UNUSUAL, first.pointer, detail)
    elif form.takes_user_ids and keys == ["id"]:
        found.add(NUMBER_IN_ID, first.pointer, "is a phone number; write it into number")
    echo: JsonObject = {"type": channel.name}
    for key, each in zip(keys, read, strict=True):
        # A published sample's name for the member becomes Dispatch's own.
        name = key if form.takes_user_ids else form.key
        echo[name] = each.written if each else None
    return Address(echo=echo, wire=first.wire, pointer=first.pointer, is_user_id=first.is_user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """The address that one member of an address object holds."""

    written: str
    wire: str
    pointer: str
    is_user_id: bool


def _keys_of(found: Findings, holder: JsonObject, at: str, form: AddressForm) -> list[str]:
    """Return the members that hold the address; none if it is missing."""
    if form.takes_user_ids:
        given = [key for key in _EITHER if key in holder]
        if len(given) == 1:
            return given
        # An application that keeps both in columns sends the one that it does not know empty.
        filled = [key for key in given if not _is_blank(holder[key])]
        for key in given:
            if filled and key not in filled:
                detail = "is null or empty; leave the field out instead"
                found.add(NULL_AS_ABSENT, f"{at}/{key}", detail)
        return filled or given[:1]
    if form.key in holder:
        return [form.key]
    if form.alias is not None and form.alias in holder:
        detail = f"holds what belongs into {form.key}; rename it"
        found.add(VIBER_RECIPIENT_ID, f"{at}/{form.alias}", detail)
        return [form.alias]
    return []


def _is_blank(value: JsonValue) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(_SPACE))


def _refuse_missing(
    found: Findings, holder: JsonObject, at: str, channel: Channel, form: AddressForm
) -> None:
    for key in _EITHER:
        text = holder.get(key)
        if isinstance(text, str) and is_out_of_place(text.strip(_SPACE), is_phone=form.is_phone):
            _refuse_user_id(found, f"{at}/{key}", channel)
            return
    found.add(FIELD_MISSING, f"{at}/{form.key}", "is required")


def _refuse_user_id(found: Findings, pointer: str, channel: Channel) -> None:
    side = "reaches nobody" if "/to/" in pointer else "nobody sends from"
    detail = f"is a WhatsApp user id, which {side} by {channel.name}; give an address of its own"
    found.add(USER_ID_MISPLACED, pointer, detail)


def _read_member(
    found: Findings, value: JsonValue, pointer: str, channel: Channel, form: AddressForm
) -> _Member | None:
    # `true` is an int to Python, and no address.
    if type(value) is int and 0 <= value <= LIMITS.max_integer:
        found.add(ADDRESS_AS_NUMBER, pointer, "is a JSON number; write it as a string")
        written = str(value)
    elif isinstance(value, str):
        written = value
    else:
        refuse_type(found, pointer, "a string", value)
        return None
    text = _trim(found, pointer, written, form)
    if text is None:
        return None
    if form.takes_user_ids and is_user_id(text):
        return _Member(written=written, wire=text, pointer=pointer, is_user_id=True)
    if is_out_of_place(text, is_phone=form.is_phone) and not form.takes_user_ids:
        _refuse_user_id(found, pointer, channel)
        return None
    wire: str | None = text
    if form.key == "number":
        wire = _read_number(found, pointer, text, form)
    if wire is None:
        return None
    return _Member(written=written, wire=wire, pointer=pointer, is_user_id=False)


def _trim(found: Findings, pointer: str, written: str, form: AddressForm) -> str | None:
    """Return the address without white space around it."""
    text = written.strip(_SPACE)
    longest = LONGEST if form.takes_user_ids and is_user_id(text[:LONGEST]) else _MAX_LENGTH
    if len(written) > longest:
        detail = f"is {len(written)} characters long; an address has at most {longest}"
        found.add(ADDRESS_LENGTH, pointer, detail)
        return None
    if not text:
        found.add(ADDRESS_LENGTH, pointer, "is empty; write an address")
        return None
    if text != written:
        found.add(ADDRESS_WHITESPACE, pointer, "has white space around it; trim it")
    if not text.isprintable():
        detail = "contains a control or invisible character; remove it"
        found.add(ADDRESS_CHARACTER, pointer, detail)
        return None
    return text


def _read_number(found: Findings, pointer: str, text: str, form: AddressForm) -> str | None:
    fault = _fault_of(text)
    if fault is None:
        return text
    bare = text[1:] if text.startswith("+") else text.removeprefix("00")
    if bare != text:
        fault = _fault_of(bare)
    if fault is None:
        found.add(NUMBER_PREFIX, pointer, "starts with + or 00; begin with the country code")
        return bare
    if form.is_phone:
        if form.takes_user_ids and not is_digits(bare):
            fault = "is neither a number, of digits only, nor a user id, in one piece"
        found.add(NUMBER_MALFORMED, pointer, fault)
        return None
    return text  # a name or a short code: who may send from it is the upstream's to say


def _fault_of(number: str) -> str | None:
    if not is_digits(number):
        return "must consist of the digits 0 to 9; write it with its country code"
    if len(number) not in _PHONE_DIGITS:
        return f"has {len(number)} digits; a number has 7 to 15, country code included"
    if number.startswith("0"):
        return "starts with 0; begin with the country code"
    return None
