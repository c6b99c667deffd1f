"""The addresses of a step: `{"type": "sms", "number": "…"}` on either side.

An address has two lives: the form v1 takes, and the form the caller wrote, which callbacks repeat
so that the caller's own lookups keep matching. Source: docs/wire.md sections 1.3 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from translators.channels import CHANNEL_ALIASES, CHANNELS, AddressForm, Channel
from translators.diagnostics import JsonObject
from translators.documents import LIMITS
from translators.fields import is_digits, name_unknown, read_string, refuse_type
from translators.findings import Findings, show
from translators.rules_address import (
    ADDRESS_AS_NUMBER,
    ADDRESS_CHARACTER,
    ADDRESS_LENGTH,
    ADDRESS_WHITESPACE,
    CHANNEL_UNKNOWN,
    NUMBER_MALFORMED,
    NUMBER_PREFIX,
    VIBER_RECIPIENT_ID,
    VIBER_SERVICE_MESSAGE,
)
from translators.rules_request import FIELD_MISSING

_MAX_LENGTH: Final = 50
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
        detail = f"is {show(name)}; must be one of {', '.join(CHANNELS)}"
        found.add(CHANNEL_UNKNOWN, f"{at}/type", detail)
    return channel


def read_address(
    found: Findings, holder: JsonObject, at: str, channel: Channel, form: AddressForm
) -> Address | None:
    """Read the address object of one side of a step on `channel`."""
    key = form.key
    if key not in holder:
        if form.alias is None or form.alias not in holder:
            found.add(FIELD_MISSING, f"{at}/{key}", "is required")
            name_unknown(found, holder, at, {"type", key})
            return None
        key = form.alias
        detail = f"holds what belongs into {form.key}; rename it"
        found.add(VIBER_RECIPIENT_ID, f"{at}/{key}", detail)
    name_unknown(found, holder, at, {"type", key})
    pointer = f"{at}/{key}"
    value = holder[key]
    # `true` is an int to Python, and no address.
    if type(value) is int and 0 <= value <= LIMITS.max_integer:
        found.add(ADDRESS_AS_NUMBER, pointer, "is a JSON number; write it as a string")
        written = str(value)
    elif isinstance(value, str):
        written = value
    else:
        refuse_type(found, pointer, "a string", value)
        return None
    wire = _read_text(found, pointer, written, form)
    if wire is None:
        return None
    return Address(echo={"type": channel.name, form.key: written}, wire=wire)


def _read_text(found: Findings, pointer: str, written: str, form: AddressForm) -> str | None:
    if len(written) > _MAX_LENGTH:
        detail = f"is {len(written)} characters long; an address has at most {_MAX_LENGTH}"
        found.add(ADDRESS_LENGTH, pointer, detail)
        return None
    text = written.strip(_SPACE)
    if not text:
        found.add(ADDRESS_LENGTH, pointer, "is empty; write an address")
        return None
    if text != written:
        found.add(ADDRESS_WHITESPACE, pointer, "has white space around it; trim it")
    if not text.isprintable():
        detail = "contains a control or invisible character; remove it"
        found.add(ADDRESS_CHARACTER, pointer, detail)
        return None
    if form.key == "id":
        return text
    return _read_number(found, pointer, text, form)


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
