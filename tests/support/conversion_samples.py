"""Samples of everything the translators carry, and ways to see where their values come out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, assert_never

from translators.channels import Channel, ContentForm, Custom, Media, Template, Text
from translators.diagnostics import JsonObject, JsonValue, child
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.examples_case import RECIPIENT, SENDER
from translators.rule_table import ALL_RULES
from translators.rules import Switches, Tolerance

ACCEPTING: Final = Switches(
    accepted=frozenset(rule.name for rule in ALL_RULES if rule.tolerance is Tolerance.REFUSE)
)
"""Everything accepted that can be."""

TEXT: Final[JsonObject] = {"type": "text", "text": "Hello"}
_SIZES: Final = range(1, 1 << 17)


def flow(*steps: JsonObject) -> JsonObject:
    """Return a dispatch of these steps."""
    return {"template": "failover", "workflow": [*steps]}


def step(channel: Channel, content: JsonValue = TEXT, **members: JsonValue) -> JsonObject:
    """Return a step; the members given stand in place of its own."""
    return {
        "to": {"type": channel.name, channel.recipient.key: RECIPIENT},
        "from": {"type": channel.name, channel.sender.key: SENDER},
        "message": {"content": content},
        **members,
    }


def media(kind: str, **members: JsonValue) -> JsonObject:
    """Return media content; the members given stand in place of its own."""
    return {"type": kind, kind: {"url": f"https://example.com/{kind}", **members}}


def content_of(name: str, form: ContentForm) -> JsonObject:
    """Return content of this type with every member it can have, no two values alike."""
    match form.shape:
        case Text():
            return TEXT
        case Media():
            return media(name, caption="Look")
        case Template():
            return {"type": name, name: {"name": "shop:hello", "parameters": ["Ada"]}}
        case Custom():
            return {"type": name, name: {"anything": "goes"}}
        case _:
            assert_never(form.shape)


def plan_of(document: JsonObject) -> DispatchPlan:
    """Translate a dispatch that is known to be sound."""
    plan = translate_dispatch(document, ACCEPTING).value
    assert plan is not None
    return plan


def moves(before: JsonValue, after: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield the pointer of each value of `before`, and where that value is in `after`.

    The second is "" for a value that is not there.
    """
    places: dict[str, str] = {}
    for pointer, value in _leaves(after):
        places.setdefault(value, pointer)
    for pointer, value in _leaves(before):
        yield pointer, places.get(value, "")


def longest(document_of: Callable[[int], JsonObject]) -> int:
    """Return the greatest size whose document is carried; all smaller ones have to be."""
    return bisect_left(_SIZES, True, key=lambda size: not _is_carried(document_of(size)))


def shortest(document_of: Callable[[int], JsonObject], most: int) -> int:
    """Return the least size up to `most` whose document is carried."""
    sizes = range(1, most)
    return sizes[bisect_left(sizes, True, key=lambda size: _is_carried(document_of(size)))]


def _is_carried(document: JsonObject) -> bool:
    return translate_dispatch(document, ACCEPTING).value is not None


def _leaves(value: JsonValue, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values that hold no others, as text; the text tells them apart."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, child(pointer, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _leaves(element, child(pointer, index))
    else:
        yield pointer, str(value)
