"""What holds for every dispatch request, found by generating near misses; and what none reveals."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.golden import golden_cases
from tests.translators.request_builders import (
    RECIPIENT,
    flow,
    image,
    saying,
    step,
    template,
    to,
    waiting,
)
from translators.channels import CHANNEL_ALIASES, CHANNELS, CONTENT_TYPE_ALIASES, CONTENT_TYPES
from translators.diagnostics import JsonObject, JsonValue, Translation
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.rules import Switches
from translators.rules_request import REQUEST_RULES

SWITCHABLE: Final = [rule.name for rule in REQUEST_RULES if rule.tolerance]
CANARY: Final = "canary447700900999"


@pytest.mark.parametrize(
    "document",
    [
        flow(to(CANARY)),
        flow(to(f"+{CANARY}\n")),
        flow(step("messenger", to={"type": "messenger", "id": CANARY * 9})),
        flow(step(client_ref=CANARY * 9)),
        saying("messenger", {"type": "text", "text": CANARY * 99}),
        image(CANARY),
        image(f"https://{CANARY}/\n"),
        saying("mms", {"type": "image", "image": {"url": CANARY, "caption": CANARY * 200}}),
        template({"default": [CANARY]}, {"text": CANARY}),
        waiting(expiry_time=CANARY),
        {**flow(step()), CANARY * 9: CANARY},
    ],
)
def test_no_finding_repeats_an_address_or_a_text(document: JsonValue) -> None:
    lines = [str(found) for found in translate_dispatch(document).diagnostics]
    assert lines and not any(CANARY in line for line in lines)


NO_WORDS = {
    "a phone number": "447700912345",
    "one slip away": "Delivered",
    "long": "a" * 50,
    "control characters": "a\n" * 9,
}


@pytest.mark.parametrize("word", NO_WORDS.values(), ids=NO_WORDS)
@pytest.mark.parametrize(
    "pointer",
    [
        ("template",),
        ("workflow", 0, "to", "type"),
        ("workflow", 0, "from", "type"),
        ("workflow", 0, "message", "content", "type"),
        ("workflow", 0, "message", "whatsapp", "policy"),
        ("workflow", 0, "failover", "condition_status"),
    ],
    ids=lambda path: str(path[-1]),
)
def test_a_word_of_a_vocabulary_is_answered_with_those_allowed_and_never_repeated(
    word: str, pointer: tuple[str | int, ...]
) -> None:
    failover: JsonObject = {"failover": {"expiry_time": 60, "condition_status": "delivered"}}
    document: Any = flow({**step("whatsapp"), **failover}, step())
    document["workflow"][0]["message"] = {
        "content": {"type": "template", "template": {"name": "n:n"}},
        "whatsapp": {"policy": "deterministic", "locale": "en"},
    }
    *way, last = pointer
    holder = document
    for key in way:
        holder = holder[key]
    holder[last] = word
    details = [found.detail for found in translate_dispatch(document).errors]
    assert details
    assert not [each for each in details if word in each or ascii(word)[1:-1] in each]


def test_a_word_one_slip_away_is_answered_with_the_one_that_may_be_meant() -> None:
    failover: JsonObject = {"failover": {"expiry_time": 60, "condition_status": "Delivered"}}
    found = translate_dispatch(flow({**step(), **failover}, step())).errors[0]
    assert found.detail == "must be delivered or read; did you mean `delivered`?"


LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers(-10, 10**16)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([RECIPIENT, "+" + RECIPIENT, "https://a/b", "message_tag", "en-GB", "600"])
)
WORDS: Final = st.sampled_from(
    [*CHANNELS, *CHANNEL_ALIASES, *CONTENT_TYPES, *CONTENT_TYPE_ALIASES, "read", "delivered"]
)
NAMES: Final = st.sampled_from(
    ["type", "number", "id", "content", "text", "url", "caption", "name", "parameters", "default"]
) | st.sampled_from(
    ["category", "ttl", "tag", "policy", "locale", "expiry_time", "condition_status", "a/~b"]
)
CARRIED: Final[list[Any]] = [
    json.loads(case.values[0].read_text(encoding="utf-8-sig"))
    for case in golden_cases("requests/carried", ".v01.json")
]
JUNK: Final = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def near_misses(draw: st.DrawFn) -> JsonValue:
    """A dispatch that is carried, in which a few values were replaced or added."""
    document: Any = copy.deepcopy(draw(st.sampled_from(CARRIED)))
    for _ in range(draw(st.integers(0, 4))):
        holder = document
        keys = draw(st.permutations(range(12)))
        for key in keys:
            inner = list(holder.values() if isinstance(holder, dict) else holder)
            if not inner or not isinstance(inner[key % len(inner)], dict | list):
                break
            holder = inner[key % len(inner)]
        names = list(holder) if isinstance(holder, dict) else [*range(len(holder))]
        added = [draw(NAMES | WORDS)] if isinstance(holder, dict) else []
        for name in draw(st.permutations([*names, *added]))[:1]:
            holder[name] = draw(JUNK)
    return document  # type: ignore[no-any-return]


def steps_in(document: Any) -> int:
    workflow = document["workflow"]
    return len(workflow) - (len(workflow) > 1 and workflow[-1] is None)


def assert_sound(document: JsonValue, translated: Translation[DispatchPlan]) -> None:
    plan = translated.value
    assert (plan is None) == bool(translated.errors)
    assert plan is None or len(plan.steps) == steps_in(document)


@given(near_misses() | JUNK, st.sets(st.sampled_from(SWITCHABLE)), st.booleans())
def test_any_json_has_an_answer_and_a_plan_misses_no_step(
    document: JsonValue, switched: set[str], default: bool
) -> None:
    switches = Switches(accepted=frozenset(switched), refused=frozenset(switched))
    locale = "en" if default else None
    assert_sound(document, translate_dispatch(document, switches, default_locale=locale))


@given(near_misses())
def test_a_tolerance_changes_nothing_for_who_does_not_need_it(document: JsonValue) -> None:
    strict = translate_dispatch(document, Switches(refused=frozenset(SWITCHABLE)))
    assert strict.value is None or translate_dispatch(document).value == strict.value


@given(near_misses())
def test_translating_changes_nothing_in_the_document(document: JsonValue) -> None:
    before = copy.deepcopy(document)
    translate_dispatch(document)
    assert repr(document) == repr(before)
