"""What kind of workflow a request is: what findings are grouped by, and nothing of whom it reaches.

Read from the request itself, whatever the rules of translation say to it: a request that one side
refuses has a shape, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from translators.channels import (
    CHANNEL_ALIASES,
    CHANNELS,
    CONTENT_TYPE_ALIASES,
    CONTENT_TYPES,
)
from translators.diagnostics import JsonObject, JsonValue

UNREADABLE: Final = "?"
"""Stands for a word that is none of Dispatch's; it is never shown, because it may be anything."""

_CONDITIONS: Final = ("delivered", "read")
_SEPARATORS: Final = str.maketrans("", "", " \t-./()")
_MOST_STEPS: Final = 100
"""Steps of a workflow that are looked at; nobody sends as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """One step's channel, content and condition."""

    channel: str
    """The v0.1 name."""
    content: str
    """The type."""
    condition: str | None
    """`None` on the last step, which waits for nothing."""

    def __str__(self) -> str:
        said = f"{self.channel} {self.content}"
        return f"{said} until {self.condition}" if self.condition else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The steps of a workflow, in order."""

    steps: tuple[StepShape, ...]

    @property
    def title(self) -> str:
        """The workflow in one line: `whatsapp text until read → sms text`."""
        return " → ".join(map(str, self.steps)) or "workflow of unknown steps"

    def __str__(self) -> str:
        return self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStep:
    """One step as the request has it."""

    shape: StepShape
    expiry_s: int | None
    recipient: frozenset[str]
    """Its number or id, in one spelling; empty if there is none."""

    @property
    def goal(self) -> str:
        """The status that the step waits for; a last step is content with a delivery."""
        return self.shape.condition or "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """What a comparison needs to know of a request."""

    steps: tuple[WorkflowStep, ...]

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return Shape(steps=tuple(step.shape for step in self.steps))

    def is_last(self, index: int) -> bool:
        """Tell whether `index` is the workflow's last step."""
        return index == len(self.steps) - 1


def read_workflow(request: JsonObject) -> Workflow:
    """Read the steps of a request."""
    workflow = request.get("workflow")
    steps = workflow if isinstance(workflow, list) else []
    if len(steps) > 1 and steps[-1] is None:
        steps = steps[:-1]  # docs/wire.md section 1.4: a published client closes it with null
    last = len(steps) - 1
    return Workflow(
        steps=tuple(
            _read_step(step, is_last=index == last)
            for index, step in enumerate(steps[:_MOST_STEPS])
        )
    )


def spellings(address: JsonValue) -> frozenset[str]:
    """Return the number and the id of a v0.1 address object, as far as it has them.

    Dispatch repeats an address as its caller wrote it, or without the leading `+` or `00` and what
    stands between the digits.
    """
    values = (find(address, "number"), find(address, "id"))
    texts = (str(value).strip() for value in values if isinstance(value, str | int))
    return frozenset(map(_spelt_plainly, filter(None, texts)))


def _spelt_plainly(text: str) -> str:
    bare = text.translate(_SEPARATORS)
    if not bare.removeprefix("+").isdecimal():
        return text  # a name, or an id of letters
    return bare.removeprefix("+").removeprefix("00")


def find(value: JsonValue, *path: str) -> JsonValue:
    """Return what stands at a path of names; `None` if nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _read_step(step: JsonValue, *, is_last: bool) -> WorkflowStep:
    channel = _word(step, "to", "type", aliases=CHANNEL_ALIASES)
    content = _word(step, "message", "content", "type", aliases=CONTENT_TYPE_ALIASES)
    condition = _word(step, "failover", "condition_status", aliases={})
    # A published client writes terms on the last step as well; they mean nothing there.
    has_terms = not is_last and find(step, "failover") is not None
    named = condition if condition in _CONDITIONS else UNREADABLE
    return WorkflowStep(
        shape=StepShape(
            channel=channel if channel in CHANNELS else UNREADABLE,
            content=content if content in CONTENT_TYPES else UNREADABLE,
            condition=named if has_terms else None,
        ),
        expiry_s=_seconds(find(step, "failover", "expiry_time")) if has_terms else None,
        recipient=spellings(find(step, "to")),
    )


def _word(step: JsonValue, *path: str, aliases: Mapping[str, str]) -> str:
    word = find(step, *path)
    return aliases.get(word, word) if isinstance(word, str) else ""


def _seconds(value: JsonValue) -> int | None:
    # docs/wire.md section 1.3: a number, or text that holds one.
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    digits = text.removesuffix(".0")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 6
    return int(digits) if is_number else None
