"""Golden cases of requests: a dispatch, the v1 bodies it becomes, and what is said about it.

A case named `NAME.v01.json` may bring `NAME.settings.json`: `max_steps`, `default_locale`,
`authentication_templates`, and `accepted` and `refused` for the switches. Set UPDATE_GOLDENS=1 to
write the expectations anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
import vonage_messages.models as v1_models

from tests.support.golden import (
    FIXTURES,
    beside,
    check_golden,
    golden_cases,
    listed,
    pretty,
    stray_files,
)
from translators.diagnostics import Translation
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.documents import parse_document
from translators.rules import Switches
from translators.rules_request import REQUEST_RULES

CARRIED: Final = golden_cases("requests/carried", ".v01.json")
REFUSED: Final = golden_cases("requests/refused", ".v01.json")

# Messenger's custom content is shown in a guide and has no model. Source: docs/wire.md section 4.2.
WITHOUT_MODEL: Final = {("messenger", "custom")}


def translate(path: Path) -> Translation[DispatchPlan]:
    """Translate a case as the gateway does: the document first, then the dispatch."""
    settings: dict[str, Any] = {}
    if beside(path, ".settings.json").exists():
        settings = json.loads(beside(path, ".settings.json").read_text(encoding="utf-8"))
    switches = Switches(
        accepted=frozenset(settings.pop("accepted", ())),
        refused=frozenset(settings.pop("refused", ())),
    )
    if "authentication_templates" in settings:
        settings["authentication_templates"] = frozenset(settings["authentication_templates"])
    document = parse_document(path.read_bytes())
    if document.value is None:
        return Translation(value=None, diagnostics=document.diagnostics)
    plan = translate_dispatch(document.value, switches, **settings)
    return Translation(value=plan.value, diagnostics=document.diagnostics + plan.diagnostics)


def carried(path: Path) -> DispatchPlan:
    plan = translate(path).value
    assert plan is not None
    return plan


def in_v1(plan: DispatchPlan) -> dict[str, Any]:
    terms = [
        step.expiry_s and {"expiry_time": step.expiry_s, "condition_status": step.condition}
        for step in plan.steps
    ]
    return {"messages": [step.request for step in plan.steps], "failover": terms}


def model_of(body: dict[str, Any]) -> Any:
    channel = body["channel"].removesuffix("_service")
    name = f"{channel.title()}{body['message_type'].title()}"
    return getattr(v1_models, name.replace("SmsText", "Sms"))


def has_model(body: dict[str, Any]) -> bool:
    return (body["channel"], body["message_type"]) not in WITHOUT_MODEL


@pytest.mark.parametrize("path", CARRIED)
def test_a_request_becomes_its_v1_messages(path: Path) -> None:
    check_golden(beside(path, ".v1.json"), pretty(in_v1(carried(path))))


@pytest.mark.parametrize("path", CARRIED)
def test_what_happened_to_the_meaning_of_a_request_is_said(path: Path) -> None:
    check_golden(beside(path, ".diagnostics.txt"), listed(translate(path).diagnostics))


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_request_has_reasons(path: Path) -> None:
    check_golden(beside(path, ".diagnostics.txt"), listed(translate(path).diagnostics))


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_request_has_no_plan(path: Path) -> None:
    assert translate(path).value is None


@pytest.mark.parametrize("path", CARRIED)
def test_every_step_of_a_carried_request_is_in_its_plan(path: Path) -> None:
    workflow = json.loads(path.read_text(encoding="utf-8-sig"))["workflow"]
    assert len(carried(path).steps) == len([step for step in workflow if step is not None])


@pytest.mark.parametrize("path", CARRIED)
def test_the_public_models_of_v1_say_the_same(path: Path) -> None:
    for body in filter(has_model, in_v1(carried(path))["messages"]):
        fields = {"from_" if key == "from" else key: value for key, value in body.items()}
        del fields["channel"], fields["message_type"]
        dumped = model_of(body)(**fields).model_dump(by_alias=True, exclude_none=True)
        assert dumped == body


def test_every_pair_without_a_model_is_shown_by_a_case() -> None:
    bodies = [body for case in CARRIED for body in in_v1(carried(case.values[0]))["messages"]]
    pairs = {(body["channel"], body["message_type"]) for body in bodies}
    assert pairs > WITHOUT_MODEL


def test_every_rule_is_shown_by_a_case() -> None:
    files = (FIXTURES / "requests").rglob("*.diagnostics.txt")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert {line.split()[0] for line in lines} == {rule.code for rule in REQUEST_RULES}


@pytest.mark.parametrize("folder", ["requests/carried", "requests/refused"])
def test_every_expectation_belongs_to_a_case(folder: str) -> None:
    assert stray_files(folder, ".v01.json") == []
