"""The faults that can be planted: each shows where it should, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sandbox.legacy_play import Told, play
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, QUIRKS, with_quirks
from tests.gateway.sandbox.legacy_workflows import DISPATCH_UUID, ids, report, story, workflow


def played(request: dict[str, Any], *quirks: str) -> list[Told]:
    return play(request, dispatch_uuid=DISPATCH_UUID, draw=ids(), quirks=quirks)


READ = workflow("whatsapp 00", "sms 00", condition="read")
UNDELIVERABLE = workflow("whatsapp 04", "sms 00")
SILENT = workflow("whatsapp 02", "sms 00")
REJECTED = workflow("whatsapp 03", "sms 00")
MET = workflow("sms 00")

SHOWN = {
    "fails-over-early": (
        SILENT,
        ["0.2 1 submitted", "7.7 2 submitted", "8.5 2 delivered", "8.5 report completed"],
    ),
    "delivered-counts-as-read": (
        READ,
        ["0.2 1 submitted", "1 1 delivered", "1 report completed"],
    ),
    "forgets-report": (MET, ["0.2 1 submitted", "1 1 delivered"]),
    "doubles-report": (
        MET,
        ["0.2 1 submitted", "1 1 delivered", "1 report completed", "2 report completed"],
    ),
    "ignores-undeliverable": (
        UNDELIVERABLE,
        ["1 1 undeliverable", "15.2 2 submitted", "16 2 delivered", "16 report completed"],
    ),
    "late-step": (
        REJECTED,
        [
            "0.2 1 submitted",
            "1 1 rejected",
            "11.2 2 submitted",
            "12 2 delivered",
            "12 report completed",
        ],
    ),
    "drops-status": (MET, ["0.2 1 submitted", "1 report completed"]),
}

# Where a quirk has nothing to bite on.
UNTOUCHED = {
    "fails-over-early": REJECTED,
    "delivered-counts-as-read": workflow("whatsapp 02", "sms 00", condition="read"),
    "forgets-report": None,
    "doubles-report": None,
    "other-totals": None,
    "ignores-undeliverable": REJECTED,
    "late-step": workflow("sms 00", "sms 00"),
    "drops-status": workflow("sms 02"),
}


@pytest.mark.parametrize(("quirk", "shape"), list(SHOWN.items()))
def test_a_quirk_shows(quirk: str, shape: tuple[dict[str, Any], list[str]]) -> None:
    request, expected = shape
    assert story(played(request, quirk)) == expected


def test_other_totals_shows_in_the_total_alone() -> None:
    right, wrong = report(played(MET)), report(played(MET, "other-totals"))
    assert wrong == right | {"usage": {"price": "0.0433", "currency": "EUR"}}


def test_the_second_report_is_no_repetition_of_the_first() -> None:
    first, second = [each.body for each in played(MET, "doubles-report") if each.step is None]
    assert second == first | {"timestamp": "1970-01-01T00:00:02.000Z"}


def test_a_dropped_status_goes_with_its_copies() -> None:
    told = story(played(workflow("sms 05"), "drops-status"))
    assert told == ["0.2 1 submitted", "0.2 1 submitted", "1 report completed"]


def test_a_status_that_only_causes_a_failover_is_not_dropped() -> None:
    assert "1 1 rejected" in story(played(REJECTED, "drops-status"))


@pytest.mark.parametrize(
    ("quirk", "document"), [(name, shape) for name, shape in UNTOUCHED.items() if shape]
)
def test_a_quirk_leaves_the_rest_alone(quirk: str, document: dict[str, Any]) -> None:
    assert played(document, quirk) == played(document)


def test_every_quirk_is_specified_here() -> None:
    assert (set(SHOWN) | {"other-totals"}, set(UNTOUCHED)) == (set(QUIRKS), set(QUIRKS))


def test_quirks_can_be_planted_together() -> None:
    told = story(played(SILENT, "fails-over-early", "forgets-report"))
    assert told == ["0.2 1 submitted", "7.7 2 submitted", "8.5 2 delivered"]


def test_a_quirk_planted_twice_is_planted_once() -> None:
    assert (
        with_quirks(AS_DOCUMENTED, ["other-totals"] * 2).fee
        == with_quirks(AS_DOCUMENTED, ["other-totals"]).fee
    )


def test_an_unknown_quirk_is_an_error() -> None:
    with pytest.raises(KeyError, match="forgets-everything"):
        played(MET, "forgets-everything")
