"""Every value of what is accepted is carried, or named by a finding: nothing is dropped in silence.

Beside the round trip of requests, which needs the request to be understood, this looks at values
alone, whatever holds them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.golden import golden_cases
from tests.translators.request_builders import flow, saying, step
from tests.translators.test_dispatch_properties import near_misses
from translators.diagnostics import JsonValue, Severity, Translation
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.inbound import translate_inbound
from translators.rules import Switches

INBOUND: Final[list[Any]] = [
    json.loads(case.values[0].read_text(encoding="utf-8"))
    for case in golden_cases("inbound/carried", ".in.json")
]
MARK: Final = "a value that stands nowhere else"


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that holds no others, with its pointer; null says nothing."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield from leaves(held, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, held in enumerate(value):
            yield from leaves(held, f"{pointer}/{index}")
    elif value is not None:
        yield pointer, value


def is_named(pointer: str, translation: Translation[Any], message_type: object = None) -> bool:
    """Tell whether a finding is about a place or something around it; not about the whole.

    Or about what should have been in it, where it is of another type than it should be.
    """
    said = {found.pointer for found in translation.diagnostics} - {""}
    if "STS252" in translation.codes:
        said.add(f"/{message_type}")  # it names the type, and says that its body is dropped
    return any(
        pointer == each or pointer.startswith(f"{each}/") or each.startswith(f"{pointer}/")
        for each in said
    )


def shown(plan: DispatchPlan) -> list[Any]:
    """Return all that a plan holds."""
    parts = [
        (each.channel, each.to, each.sender, each.request, each.expiry_s, each.condition)
        for each in plan.steps
    ]
    return [value for _, value in leaves(json.loads(json.dumps(parts)))]


@given(near_misses())
def test_every_value_of_an_accepted_request_is_carried_or_named(document: Any) -> None:
    translation = translate_dispatch(copy.deepcopy(document))
    if translation.value is None:
        return
    carried = [*shown(translation.value), translation.value.template]
    for pointer, value in leaves(document):
        assert is_named(pointer, translation) or value in carried, pointer


@given(st.sampled_from(INBOUND), st.data())
def test_every_value_put_into_an_inbound_message_is_carried_or_named(
    document: Any, data: st.DataObject
) -> None:
    document = copy.deepcopy(document)
    places = [
        (holder, key)
        for holder in holders(document)
        for key in [*(holder if isinstance(holder, dict) else range(len(holder))), "new"]
        if isinstance(holder, dict) or key != "new"
    ]
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = MARK
    translation = translate_inbound(document)
    if translation.value is None:
        return
    (pointer,) = (pointer for pointer, value in leaves(document) if value == MARK)
    carried = [value for _, value in leaves(translation.value)]
    named = is_named(pointer, translation, document.get("message_type"))
    assert named or MARK in carried


def holders(value: Any) -> Iterator[Any]:
    """Yield every object and array of a document."""
    if isinstance(value, dict | list):
        yield value
        for held in value.values() if isinstance(value, dict) else value:
            yield from holders(held)


# Content beside what Dispatch reads

PART: Final[JsonValue] = [{"type": "header", "parameters": [{"type": "text", "text": "x"}]}]
TEMPLATE: Final[dict[str, JsonValue]] = {"name": "ns:x", "parameters": ["1"]}
DROPPED: Final[list[tuple[str, Any]]] = [
    (
        f"template/{name}",
        saying(
            "whatsapp",
            {"type": "template", "template": {**TEMPLATE, name: PART}},
            whatsapp={"locale": "en_GB"},
        ),
    )
    for name in ("components", "buttons", "language", "namespace", "header")
] + [
    ("buttons", saying("whatsapp", {"type": "text", "text": "Hello", "buttons": PART})),
    ("image", saying("sms", {"type": "text", "text": "Hello", "image": {"url": "https://a/b"}})),
    (
        "image/alt",
        saying("whatsapp", {"type": "image", "image": {"url": "https://a/b", "alt": "a cat"}}),
    ),
    (
        "file/name",
        saying("whatsapp", {"type": "file", "file": {"url": "https://a/b", "name": "a.pdf"}}),
    ),
]


@pytest.mark.parametrize(("at", "document"), DROPPED, ids=[at for at, _ in DROPPED])
def test_content_that_is_not_sent_is_a_warning(at: str, document: Any) -> None:
    (found,) = translate_dispatch(document).diagnostics
    assert (found.rule, found.severity) == ("REQ176", Severity.WARNING)
    assert found.pointer == f"/workflow/0/message/content/{at}"


@pytest.mark.parametrize(("at", "document"), DROPPED, ids=[at for at, _ in DROPPED])
def test_content_that_is_not_sent_is_refused_on_demand(at: str, document: Any) -> None:
    switches = Switches(refused=frozenset({"content-dropped"}))
    assert translate_dispatch(document, switches).value is None


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_a_member_of_content_that_says_nothing_is_a_note(empty: JsonValue) -> None:
    document = saying("sms", {"type": "text", "text": "Hello", "buttons": empty})
    (found,) = translate_dispatch(document).diagnostics
    assert (found.rule, found.severity) == ("REQ124", Severity.NOTE)


def test_a_field_beside_the_content_is_a_note() -> None:
    (found,) = translate_dispatch(flow(step(priority=1))).diagnostics
    assert (found.rule, found.severity) == ("REQ124", Severity.NOTE)
