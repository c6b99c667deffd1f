"""`translate` on the golden cases of the other translators: native failover, and webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.gateway.cli.translating import translate
from tests.support.golden import beside, golden_cases, listed
from tests.translators.test_webhook_goldens import DISPATCH_UUID
from translators.diagnostics import Diagnostic, Severity

NATIVE: Final = [
    *golden_cases("native/carried", ".v01.json"),
    *golden_cases("native/refused", ".v01.json"),
]
STATUSES: Final = {
    "statuses/carried": ("--dispatch-uuid", DISPATCH_UUID),
    "statuses/pass-v1-codes": ("--dispatch-uuid", DISPATCH_UUID, "--pass-v1-codes"),
}
INBOUND: Final[dict[str, tuple[str, ...]]] = {
    "inbound/carried": (),
    "inbound/reply-as-text": ("--reply-as-text",),
}
WEBHOOKS: Final = [
    pytest.param(path.values[0], ("--from", origin, *options), id=f"{folder}/{path.id}")
    for origin, folders in (("status", STATUSES), ("inbound", INBOUND))
    for folder, options in folders.items()
    for path in golden_cases(folder, ".in.json")
]
REFUSED: Final = [
    pytest.param(path.values[0], origin, id=f"{folder}/{path.id}")
    for origin, folder in (("status", "statuses/refused"), ("inbound", "inbound/refused"))
    for path in golden_cases(folder, ".in.json")
]


def result_of(path: Path, *options: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(translate(path, *options).stdout)
    return result


def options_of(path: Path) -> list[str]:
    """Return the options that say what the settings of a native case say."""
    file = beside(path, ".settings.json")
    settings = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    words = {
        "with_ttl": ["--ttl"],
        "undeliverable_fails_over": ["--assume", "undeliverable-fails-over"],
        "accepted": ["--accept", ",".join(settings.get("accepted", ()))],
    }
    return ["--to", "failover", *(word for name in settings for word in words[name])]


def diagnostics_of(result: dict[str, Any]) -> str:
    """Write the diagnostics of a result the way expectations are kept."""
    return listed(
        Diagnostic(
            rule=found["rule"],
            severity=Severity(found["severity"]),
            pointer=found["pointer"],
            detail=found["detail"],
        )
        for found in result["diagnostics"]
    )


@pytest.mark.parametrize("path", NATIVE)
def test_a_workflow_becomes_a_native_request_with_its_verdict(path: Path) -> None:
    golden = json.loads(beside(path, ".native.json").read_text(encoding="utf-8"))
    result = result_of(path, *options_of(path))
    assert result["request"] == golden["request"]
    assert result["verdict"] == {
        "grade": golden["grade"],
        "summary": golden["summary"],
        "rules": list(dict.fromkeys(golden["reasons"])),
    }


@pytest.mark.parametrize("path", NATIVE)
def test_what_native_failover_changes_is_among_the_diagnostics(path: Path) -> None:
    golden = beside(path, ".diagnostics.txt").read_text(encoding="utf-8")
    assert diagnostics_of(result_of(path, *options_of(path))).endswith(golden)


@pytest.mark.parametrize(("path", "options"), WEBHOOKS)
def test_a_webhook_becomes_the_callback_of_v01(path: Path, options: tuple[str, ...]) -> None:
    golden = json.loads(beside(path, ".out.json").read_text(encoding="utf-8"))
    assert result_of(path, *options)["callback"] == golden


@pytest.mark.parametrize(("path", "options"), WEBHOOKS)
def test_what_happened_to_a_webhook_is_said(path: Path, options: tuple[str, ...]) -> None:
    golden = beside(path, ".diagnostics.txt").read_text(encoding="utf-8")
    assert diagnostics_of(result_of(path, *options)) == golden


@pytest.mark.parametrize(("path", "origin"), REFUSED)
def test_what_is_no_webhook_has_no_callback(path: Path, origin: str) -> None:
    result = result_of(path, "--from", origin)
    assert (result["ok"], result["callback"]) == (False, None)


def test_a_status_has_no_links_without_a_dispatch() -> None:
    path = golden_cases("statuses/carried", ".in.json")[0].values[0]
    assert "_links" not in result_of(path, "--from", "status")["callback"]
