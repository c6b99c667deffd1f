"""Validate a Messages v1 request the way the service would, and say what is wrong in v1's terms.

The simulated upstream answers with these problems, so that a caller who relies on the sandbox does
not learn about a bound from the real service. Source: docs/wire.md section 3.2, 3.3, 3.5 and 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from translators import v1_chat, v1_models, v1_rcs, v1_whatsapp
from translators.diagnostics import JsonObject, JsonValue
from translators.v1_models import Message

REFERENCE: Final = "https://developer.vonage.com/api-errors/messages#"
"""What the `type` of a v1 problem starts with."""

_LISTED: Final = 20
"""A hostile body can be wrong in thousands of places; this many are named."""


class V1Title(Enum):
    """The titles of a 422 about the content of a request, with the fragment of their `type`.

    The fragments are the documented ones, the misprint of the fourth included.
    """

    UNSUPPORTED_CHANNEL = ("Unsupported channel", "1100")
    INVALID_CHANNEL_PARAMETERS = ("Invalid channel parameters", "1110")
    INVALID_SENDER = ("Invalid sender", "1120")
    INVALID_RECIPIENT = ("Invalid recipient", "110")
    INVALID_MESSAGE_TYPE = ("Invalid message type", "1140")
    INVALID_PARAMS = ("Invalid params", "1150")
    INVALID_CLIENT_REFERENCE = ("Invalid client reference", "1060")

    def __init__(self, text: str, fragment: str) -> None:
        self.text = text
        self.fragment = fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Problem:
    """Why v1 would refuse a request with 422."""

    title: V1Title
    """The title all faults agree on; `INVALID_PARAMS` when they do not."""
    invalid_parameters: tuple[tuple[str, str], ...]
    """Pairs of field path and reason, at least one, in the order of the model."""

    def body(self, *, instance: str) -> JsonObject:
        """Write the problem as v1 does; `instance` is an id for the log."""
        parameters: list[JsonValue] = [
            {"name": name, "reason": reason} for name, reason in self.invalid_parameters
        ]
        return {
            "type": REFERENCE + self.title.fragment,
            "title": self.title.text,
            "detail": "The request was not accepted; see invalid_parameters.",
            "instance": instance,
            "invalid_parameters": parameters,
        }


def _models() -> Mapping[str, Mapping[str, type[Message]]]:
    """Collect every model that names both its channel and its message type."""
    table: dict[str, dict[str, type[Message]]] = {}
    for module in (v1_models, v1_whatsapp, v1_chat, v1_rcs):
        for model in vars(module).values():
            if not (isinstance(model, type) and issubclass(model, Message)):
                continue
            if {"channel", "message_type"} <= model.model_fields.keys():
                (channel,) = get_args(model.model_fields["channel"].annotation)
                (message_type,) = get_args(model.model_fields["message_type"].annotation)
                table.setdefault(channel, {})[message_type] = model
    return MappingProxyType(table)


MODELS: Final = _models()
"""The model of each channel and message type."""

_TITLES: Final[Mapping[str, V1Title]] = MappingProxyType(
    {
        "channel": V1Title.UNSUPPORTED_CHANNEL,
        "message_type": V1Title.INVALID_MESSAGE_TYPE,
        "from": V1Title.INVALID_SENDER,
        "to": V1Title.INVALID_RECIPIENT,
        "client_ref": V1Title.INVALID_CLIENT_REFERENCE,
        **dict.fromkeys(MODELS, V1Title.INVALID_CHANNEL_PARAMETERS),
    }
)


def validate_message(document: JsonValue) -> V1Problem | None:
    """Return why v1 would refuse `document`, `None` if it would take it. Never raises.

    The reasons are ours and repeat nothing that was sent: neither addresses nor texts.
    """
    faults = _faults(document)
    if not faults:
        return None
    titles = {title for title, _, _ in faults}
    return V1Problem(
        title=titles.pop() if len(titles) == 1 else V1Title.INVALID_PARAMS,
        invalid_parameters=tuple((name, reason) for _, name, reason in faults[:_LISTED]),
    )


_Fault = tuple[V1Title, str, str]


def _faults(document: JsonValue) -> list[_Fault]:
    if not isinstance(document, dict):
        return [(V1Title.INVALID_PARAMS, "body", "must be an object")]
    channel, message_type = document.get("channel"), document.get("message_type")
    types = MODELS.get(channel) if isinstance(channel, str) else None
    if types is None:
        return [_unlisted("channel", channel, MODELS)]
    model = types.get(message_type) if isinstance(message_type, str) else None
    if model is None:
        return [_unlisted("message_type", message_type, types)]
    faults: list[_Fault] = []
    try:
        model.model_validate(document)
    except ValidationError as error:
        faults += map(_fault, error.errors(include_url=False, include_input=False))
    return faults + _failover_faults(document)


def _failover_faults(document: JsonObject) -> list[_Fault]:
    # Complete messages, tried in order, each with an address and content of its own.
    # Source: docs/wire.md section 3.5.
    items = document.get("failover")
    if items is None:
        return []
    if not isinstance(items, list) or not items:
        return [(V1Title.INVALID_PARAMS, "failover", "must be an array of messages")]
    faults: list[_Fault] = []
    for index, item in enumerate(items):
        place = f"failover[{index}]"
        if isinstance(item, dict) and "failover" in item:
            faults.append((V1Title.INVALID_PARAMS, f"{place}.failover", "cannot be nested"))
        else:
            faults += ((title, f"{place}.{name}", why) for title, name, why in _faults(item))
    return faults


def _unlisted(name: str, value: JsonValue, choices: Iterable[str]) -> _Fault:
    missing = "is required" if value is None else f"must be one of {', '.join(choices)}"
    return (_TITLES[name], name, missing)


def _fault(error: ErrorDetails) -> _Fault:
    context: dict[str, object] = error.get("ctx", {})
    place = [*error["loc"]]
    if name_of_rule := context.get("name"):
        place += str(name_of_rule).split(".")
    title = _TITLES.get(str(place[0]), V1Title.INVALID_PARAMS)
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    return (title, name.removeprefix("."), _reason(error["type"], context))


_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "is required",
        "string_type": "must be a string",
        "string_too_short": "must have at least {min_length} characters",
        "string_too_long": "must have at most {max_length} characters",
        "int_type": "must be an integer",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "dict_type": "must be an object",
        "model_type": "must be an object",
        "list_type": "must be an array",
        "too_short": "must have at least {min_length} entries",
        "too_long": "must have at most {max_length} entries",
        "rule": "{reason}",
    }
)

_FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        v1_models.PHONE_PATTERN: "must be 7 to 15 digits without a leading +, 0 or 00",
        v1_models.URL_PATTERN: "must be an http or https URL without spaces",
        v1_whatsapp.PERSON_PATTERN: "must be 7 to 15 digits without a leading +, 0 or 00, or an id",
        v1_chat.DURATION_PATTERN: "must be a number from 1 to 600",
        v1_chat.FILE_SIZE_PATTERN: "must be a number from 1 to 200",
        v1_rcs.AGENT_PATTERN: "must consist of letters, digits, -, _ and &",
    }
)


def _reason(kind: str, context: dict[str, object]) -> str:
    if kind == "literal_error":
        # Only the choices are taken, which are our own words.
        return "must be one of " + ", ".join(re.findall(r"'([^']*)'", str(context["expected"])))
    if kind == "string_pattern_mismatch":
        return _FORMS[str(context["pattern"])]
    if context.get("min_length") == 1 and kind.endswith("too_short"):
        return "must not be empty"
    return _REASONS.get(kind, "is not valid").format_map(context)
