"""The shape of a workflow: all that its fate depends on, and nothing of whom it goes to.

Two workflows of one shape have the same grade and the same findings about native failover, because
nothing else of a plan is looked at for them. Every word in a shape is one of our tables', so that
it can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.offline.words import seconds
from translators.channels import (
    CHANNEL_ALIASES,
    CHANNELS,
    CONTENT_TYPE_ALIASES,
    CONTENT_TYPES,
    Channel,
    Choice,
    Seconds,
)
from translators.diagnostics import JsonValue
from translators.dispatch import DispatchPlan

UNREADABLE: Final = "?"
"""Stands for a word that is none of Dispatch's. It is not shown: it may be anything."""

_CONDITIONS: Final = ("delivered", "read")
_NAMES: Final = {
    "sms": "SMS",
    "mms": "MMS",
    "whatsapp": "WhatsApp",
    "viber_service_msg": "Viber",
    "messenger": "Messenger",
    UNREADABLE: "unknown channel",
}
_MOST_STEPS: Final = 20
_NO_ALIASES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """One step."""

    channel: str
    """The v0.1 name."""
    content: str
    """The type."""
    options: tuple[str, ...]
    """Such as `category=promotion` and `ttl=600`."""
    condition: str | None
    """`None` where nothing is waited for, as on the last step."""
    expiry_s: int | None

    @property
    def title(self) -> str:
        """What is sent, for a person: `Viber text (ttl=600)`."""
        options = f" ({', '.join(self.options)})" if self.options else ""
        return f"{name_content(self.channel, self.content)}{options}"

    @property
    def terms(self) -> str | None:
        """What is waited for, for a person: `delivered within 10 min`."""
        if self.condition is None and self.expiry_s is None:
            return None
        within = UNREADABLE if self.expiry_s is None else seconds(self.expiry_s)
        return f"{self.condition or UNREADABLE} within {within}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A workflow's steps, in order."""

    steps: tuple[StepShape, ...]
    """Empty if nothing of the workflow could be read."""
    more_steps: int = 0
    """How many steps follow that a refused workflow has and nobody looked at."""

    @property
    def title(self) -> str:
        """The workflow in one line: `WhatsApp text, read within 10 min → SMS text`."""
        if not self.steps:
            return "workflow of unknown steps"
        parts = [f"{step.title}, {step.terms}" if step.terms else step.title for step in self.steps]
        if self.more_steps:
            parts.append(f"{self.more_steps} more")
        return " → ".join(parts)


def name_channel(channel: str) -> str:
    """Return what people call a channel."""
    return _NAMES.get(channel, channel)


def name_content(channel: str, content: str) -> str:
    """Return what people call a type of content on a channel: `SMS text`."""
    known = "(unknown type)" if content == UNREADABLE else content
    return f"{name_channel(channel)} {known}"


def shape_of_plan(plan: DispatchPlan) -> Shape:
    """Return the shape of a workflow that is carried over."""
    steps = []
    for step in plan.steps:
        channel = CHANNELS[step.channel]
        options = step.request.get(channel.v1_name)
        steps.append(
            StepShape(
                channel=step.channel,
                content=str(step.request["message_type"]),
                options=_name_options(channel, options) if options else (),
                condition=step.condition,
                expiry_s=step.expiry_s,
            )
        )
    return Shape(steps=tuple(steps))


def shape_of_document(document: JsonValue) -> Shape:
    """Return what can be read of the shape of a workflow that is refused."""
    workflow = document.get("workflow") if isinstance(document, dict) else None
    steps = workflow if isinstance(workflow, list) else []
    return Shape(
        steps=tuple(_read_step(step) for step in steps[:_MOST_STEPS]),
        more_steps=max(0, len(steps) - _MOST_STEPS),
    )


def _read_step(step: JsonValue) -> StepShape:
    channel = CHANNELS.get(_word(step, "to", "type", aliases=CHANNEL_ALIASES)) or CHANNELS.get(
        _word(step, "from", "type", aliases=CHANNEL_ALIASES)
    )
    content = _word(step, "message", "content", "type", aliases=CONTENT_TYPE_ALIASES)
    condition = _word(step, "failover", "condition_status")
    expiry_s = _find(step, "failover", "expiry_time")
    has_terms = _find(step, "failover") is not None
    return StepShape(
        channel=channel.name if channel else UNREADABLE,
        content=content if content in CONTENT_TYPES else UNREADABLE,
        options=_name_options(channel, _find(step, "message", channel.name)) if channel else (),
        condition=condition if condition in _CONDITIONS else UNREADABLE if has_terms else None,
        expiry_s=expiry_s if type(expiry_s) is int and 0 <= expiry_s < 10**6 else None,
    )


def _name_options(channel: Channel, options: JsonValue) -> tuple[str, ...]:
    """Write the options whose values come from a closed list or are durations."""
    if not isinstance(options, dict):
        return ()
    return tuple(
        f"{name}={options[name]}"
        for name, option in channel.options.items()
        if name in options and _is_known(option, options[name])
    )


def _is_known(option: object, value: JsonValue) -> bool:
    match option:
        case Choice(values=values):
            return value in values
        case Seconds(maximum=maximum):
            return type(value) is int and 0 <= value <= maximum
        case _:
            return False


def _find(value: JsonValue, *path: str) -> JsonValue:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _word(step: JsonValue, *path: str, aliases: Mapping[str, str] = _NO_ALIASES) -> str:
    word = _find(step, *path)
    if not isinstance(word, str):
        return ""
    return aliases.get(word, word)
