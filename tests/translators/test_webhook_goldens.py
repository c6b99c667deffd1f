"""Golden cases of the webhook side: what comes in, what goes out, and what is said about it.

Set UPDATE_GOLDENS=1 to write the expectations anew; then read the diff.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from translators.diagnostics import JsonObject, Translation
from translators.inbound import translate_inbound
from translators.problems import read_send_answer
from translators.report import ReportMessage, render_report
from translators.rules_webhook import WEBHOOK_RULES
from translators.status import MessageStatus, Usage, dispatch_links, render_status, translate_status

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
DISPATCH_UUID: Final = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"


def cases(folder: str) -> list[Any]:
    paths = sorted((FIXTURES / folder).glob("*.in.json"))
    return [pytest.param(path, id=path.name.removesuffix(".in.json")) for path in paths]


def check(path: Path, suffix: str, text: str) -> None:
    golden = path.with_name(path.name.removesuffix(".in.json") + suffix)
    if os.environ.get("UPDATE_GOLDENS") == "1":
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def check_diagnostics(path: Path, translation: Translation[Any]) -> None:
    lines = "".join(f"{diagnostic}\n" for diagnostic in translation.diagnostics)
    check(path, ".diagnostics.txt", lines)


def pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def rendered(translation: Translation[MessageStatus]) -> JsonObject:
    assert translation.value is not None
    links = dispatch_links(DISPATCH_UUID)
    return render_status(translation.value, to=None, sender=None, client_ref=None, links=links)


@pytest.mark.parametrize("path", cases("statuses/carried"))
def test_a_status_becomes_its_v01_callback(path: Path) -> None:
    translation = translate_status(load(path))
    check(path, ".out.json", pretty(rendered(translation)))
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("statuses/pass-v1-codes"))
def test_a_status_keeps_v1_codes_on_request(path: Path) -> None:
    translation = translate_status(load(path), pass_v1_codes=True)
    check(path, ".out.json", pretty(rendered(translation)))
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("statuses/refused"))
def test_what_is_not_a_v1_status_has_no_value_and_a_reason(path: Path) -> None:
    translation = translate_status(load(path))
    assert translation.value is None
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("inbound/carried"))
def test_an_inbound_message_becomes_its_v01_callback(path: Path) -> None:
    translation = translate_inbound(load(path))
    check(path, ".out.json", pretty(translation.value))
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("inbound/reply-as-text"))
def test_an_inbound_reply_becomes_text_on_request(path: Path) -> None:
    translation = translate_inbound(load(path), reply_as_text=True)
    check(path, ".out.json", pretty(translation.value))
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("inbound/refused"))
def test_what_is_not_a_v1_inbound_message_has_no_value_and_a_reason(path: Path) -> None:
    translation = translate_inbound(load(path))
    assert translation.value is None
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("reports"))
def test_a_closed_dispatch_becomes_its_final_report(path: Path) -> None:
    facts = load(path)
    messages = [
        ReportMessage(
            message_uuid=message["message_uuid"],
            channel=message["channel"],
            status=message["status"],
            usage=message["usage"] and Usage(**message["usage"]),
        )
        for message in facts.pop("messages")
    ]
    fee = Decimal(facts.pop("fee", "0"))
    translation = render_report(messages=messages, fee=fee, **facts)
    check(path, ".out.json", pretty(translation.value))
    check_diagnostics(path, translation)


@pytest.mark.parametrize("path", cases("refusals"))
def test_an_answer_to_a_send_proves_what_it_proves(path: Path) -> None:
    facts = load(path)
    answer = read_send_answer(facts["http_status"], json.dumps(facts["body"]).encode())
    error = answer.error and {"code": answer.error.code, "reason": answer.error.reason}
    judged = {"verdict": answer.verdict, "message_uuid": answer.message_uuid, "error": error}
    check(path, ".out.json", pretty(judged))


def test_every_rule_is_shown_by_a_fixture() -> None:
    folders = ("statuses", "inbound", "reports")
    files = [file for folder in folders for file in (FIXTURES / folder).rglob("*.diagnostics.txt")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert {line.split()[0] for line in lines} == {rule.code for rule in WEBHOOK_RULES}


def test_every_expectation_belongs_to_a_case() -> None:
    folders = ("statuses", "inbound", "reports", "refusals")
    files = [file for folder in folders for file in (FIXTURES / folder).rglob("*.*")]
    stems = {file.parent / file.name.split(".")[0] for file in files}
    inputs = {file.parent / file.name.split(".")[0] for file in files if ".in." in file.name}
    assert stems == inputs
