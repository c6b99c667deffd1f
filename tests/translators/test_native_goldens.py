"""Golden cases of native failover: a dispatch, the one v1 request it becomes, and what changes.

A case named `NAME.v01.json` may bring `NAME.settings.json`: `with_ttl`, `undeliverable_fails_over`
and `accepted` for the switches. Set UPDATE_GOLDENS=1 to write the expectations anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.golden import (
    FIXTURES,
    beside,
    check_golden,
    golden_cases,
    listed,
    pretty,
    stray_files,
)
from tests.translators.test_request_goldens import has_model, model_of
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.documents import parse_document
from translators.native import NativeOutcome, translate_native
from translators.rules import Switches
from translators.rules_native import NATIVE_RULES
from translators.v1 import validate_message

CARRIED: Final = golden_cases("native/carried", ".v01.json")
REFUSED: Final = golden_cases("native/refused", ".v01.json")


def plan_in(path: Path) -> DispatchPlan:
    plan = translate_dispatch(parse_document(path.read_bytes()).value).value
    assert plan is not None
    return plan


def native(path: Path) -> NativeOutcome:
    settings: dict[str, Any] = {}
    if beside(path, ".settings.json").exists():
        settings = json.loads(beside(path, ".settings.json").read_text(encoding="utf-8"))
    switches = Switches(accepted=frozenset(settings.pop("accepted", ())))
    return translate_native(plan_in(path), switches, **settings)


def request_of(path: Path) -> JsonObject:
    request = native(path).translation.value
    assert request is not None
    return request


def messages_in(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the messages of a request apart again, in the order of sending."""
    others = request.get("failover", [])
    return [{key: request[key] for key in request if key != "failover"}, *others]


def with_verdict(outcome: NativeOutcome) -> dict[str, Any]:
    return {
        "grade": outcome.verdict.grade,
        "summary": outcome.verdict.summary,
        "reasons": [reason.rule for reason in outcome.verdict.reasons],
        "request": outcome.translation.value,
    }


@pytest.mark.parametrize("path", [*CARRIED, *REFUSED])
def test_a_workflow_becomes_one_request_with_a_verdict(path: Path) -> None:
    check_golden(beside(path, ".native.json"), pretty(with_verdict(native(path))))


@pytest.mark.parametrize("path", [*CARRIED, *REFUSED])
def test_what_native_failover_changes_is_said(path: Path) -> None:
    diagnostics = native(path).translation.diagnostics
    check_golden(beside(path, ".diagnostics.txt"), listed(diagnostics))


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_workflow_has_no_request(path: Path) -> None:
    assert native(path).translation.value is None


@pytest.mark.parametrize("path", CARRIED)
def test_v1_would_take_the_request(path: Path) -> None:
    assert validate_message(request_of(path)) is None


@pytest.mark.parametrize("path", CARRIED)
def test_the_public_models_of_v1_say_the_same_of_each_message(path: Path) -> None:
    for body in filter(has_model, messages_in(request_of(path))):
        fields = {"from_" if key == "from" else key: value for key, value in body.items()}
        del fields["channel"], fields["message_type"]
        dumped = model_of(body)(**fields).model_dump(by_alias=True, exclude_none=True)
        assert dumped == body


def test_the_example_of_the_migration_guide_has_the_shape_the_guide_gives_it() -> None:
    assert request_of(FIXTURES / "native/carried/guide.v01.json") == {
        "to": "447700900000",
        "from": "447700900001",
        "channel": "mms",
        "message_type": "image",
        "image": {"url": "https://example.com/image.jpg"},
        "failover": [
            {
                "to": "447700900000",
                "from": "447700900001",
                "channel": "sms",
                "message_type": "text",
                "text": "Hello from Vonage!",
            }
        ],
    }


def test_every_rule_of_native_failover_is_shown_by_a_case() -> None:
    files = (FIXTURES / "native").rglob("*.diagnostics.txt")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert {line.split()[0] for line in lines} == {rule.code for rule in NATIVE_RULES}


@pytest.mark.parametrize("folder", ["native/carried", "native/refused"])
def test_every_expectation_of_native_failover_belongs_to_a_case(folder: str) -> None:
    assert stray_files(folder, ".v01.json") == []
