"""Masking: what a report shows of a payload is its form, never whom it goes to or what it says.

Nothing is let through but what is listed here: names of fields that our tables know, and words of
closed vocabularies. Everything else is told by its kind and length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from translators.channels import (
    CHANNEL_ALIASES,
    CHANNELS,
    CONTENT_TYPE_ALIASES,
    CONTENT_TYPES,
    Choice,
)
from translators.diagnostics import JsonObject, JsonValue

_CHANNEL_NAMES: Final = frozenset(
    (*CHANNELS, *(channel.v1_name for channel in CHANNELS.values()), *CHANNEL_ALIASES)
)
_TYPES: Final = frozenset((*CONTENT_TYPES, *CONTENT_TYPE_ALIASES))
_CHOICES: Final = frozenset(
    value
    for channel in CHANNELS.values()
    for option in channel.options.values()
    if isinstance(option, Choice)
    for value in (*option.values, *option.withdrawn)
)
_OPTIONS: Final = frozenset(name for channel in CHANNELS.values() for name in channel.options)
_KNOWN_FIELDS: Final = (
    frozenset(
        {
            *("template", "workflow", "from", "to", "type", "number", "id", "client_ref"),
            *("message", "content", "url", "caption", "name", "parameters", "default"),
            *("failover", "expiry_time", "condition_status", "channel", "message_type"),
        }
    )
    | _CHANNEL_NAMES
    | _TYPES
    | _OPTIONS
)
# Fields whose words are shown if they are the vocabulary's, whatever holds them.
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "type": _CHANNEL_NAMES | _TYPES,
    "channel": _CHANNEL_NAMES,
    "message_type": _TYPES,
    "template": frozenset({"failover"}),
    "condition_status": frozenset({"delivered", "read"}),
    "category": _CHOICES,
    "policy": _CHOICES,
}
# Fields whose whole numbers are durations.
_DURATIONS: Final = frozenset({"expiry_time", "ttl"})
_LONGEST_DURATION: Final = 10**6
_ADDRESSES: Final = frozenset({"number", "to", "from"})
_MOST_ELEMENTS: Final = 20
_MOST_FIELDS: Final = 40

# A date stands in the name of many a log; all else of that many digits may be a number.
_DATE_OR_DIGITS: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d([-_.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"|\+?(?:\d[-_.+() ]*){6,}\d"
)
_MAIL: Final = re.compile(r"\S*@\S*")
_SEPARATOR: Final = re.compile(r"[/\\]")
_INDEX_DIGITS: Final = 3


def mask(value: JsonValue) -> JsonValue:
    """Return a payload of either API with its form alone."""
    return _mask(value, "")


def mask_path(path: str) -> str:
    """Return the name of a file as a report may show it.

    Directories are left out: they may be called after people, and tell who looks. Seven digits
    and more, however they are grouped, may be somebody's number.
    """
    *directories, name = _SEPARATOR.split(path)
    name = _MAIL.sub("<mail>", _DATE_OR_DIGITS.sub(_mask_digits, name))
    return printable(f"…/{name}" if directories else name)


def _mask_digits(found: re.Match[str]) -> str:
    is_date = found[1] is not None
    return found[0] if is_date else "<digits>"


def printable(text: str) -> str:
    """Return `text` without characters that would steer a terminal."""
    return "".join(character if character.isprintable() else "·" for character in text)


def mask_pointer(pointer: str) -> str:
    """Return a JSON Pointer that fits all places of its kind: no indices, no unknown names."""
    shown = []
    for token in pointer.split("/")[1:]:
        if token.isdigit():
            shown.append("*" if len(token) <= _INDEX_DIGITS else "<field>")
        else:
            shown.append(token if token in _KNOWN_FIELDS else "<field>")
    return "".join(f"/{token}" for token in shown)


def _mask(value: JsonValue, name: str) -> JsonValue:
    match value:
        case dict():
            return _mask_members(value, name)
        case list():
            shown = [_mask(element, name) for element in value[:_MOST_ELEMENTS]]
            more = len(value) - len(shown)
            return [*shown, f"<{more} more>"] if more else shown
        case str():
            return _mask_text(value, name)
        case bool():
            return "<true or false>"
        case int() if name in _DURATIONS and 0 <= value <= _LONGEST_DURATION:
            return value
        case int() | float():
            return "<number>"
        case None:
            return None


def _mask_members(members: JsonObject, name: str) -> JsonObject:
    if name == "custom":
        # The provider's own form, in which any name may be anything.
        return {"<fields of the provider>": len(members)}
    shown: JsonObject = {}
    unknown = 0
    for key, value in members.items():
        if key in _KNOWN_FIELDS and len(shown) < _MOST_FIELDS:
            shown[key] = _mask(value, key)
        else:
            unknown += 1
    if unknown:
        shown["<other fields>"] = unknown
    return shown


def _mask_text(text: str, name: str) -> str:
    if text in _WORDS.get(name, ()):
        return text
    if name in _ADDRESSES:
        return "<number>" if text.strip(" +").isdigit() else f"<address of {len(text)} characters>"
    if name == "id":
        return "<id>"
    if name == "url":
        return "<url>"
    return f"<text of {len(text)} characters>"
