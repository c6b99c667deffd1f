"""A report that said `error` is put right once, where that was agreed on.

Source: docs/lifecycle.md, "Put right".
"""

from __future__ import annotations

from typing import Final

import pytest

from gateway.core.state import DispatchStatus, Reason, Terms
from tests.support.playbook import accepted, dispatched, given, timer, unconfirmed, webhook

CORRECTING: Final = Terms(corrects_reports=True)
TWO: Final = "whatsapp read 600 | sms"
SILENT: Final = given("sms", CORRECTING).after(dispatched(), accepted("A"), timer())
BOTH_SILENT: Final = given(TWO, CORRECTING).after(
    dispatched(), accepted("A"), timer(), accepted("B"), timer()
)
SILENT_IN_DOUBT: Final = given("sms", CORRECTING).after(dispatched(), unconfirmed(), timer())


@pytest.mark.parametrize("word", ["delivered", "read"])
def test_a_late_delivery_of_the_last_step_corrects_the_report(word: str) -> None:
    SILENT.when(webhook(word, "A")).then(
        f"tell 1 {word} of A", "correct completed", steps="met", dispatch="completed"
    )


def test_a_late_success_of_an_earlier_step_corrects_the_report() -> None:
    BOTH_SILENT.when(webhook("read", "A", on=1)).then(
        "tell 1 read of A", "correct completed", steps="met expired", dispatch="completed"
    )


def test_a_status_that_does_not_reach_the_condition_corrects_nothing() -> None:
    BOTH_SILENT.when(webhook("delivered", "A", on=1)).then(
        "tell 1 delivered of A",
        steps="expired expired",
        dispatch="error",
        ignored=Reason.STEP_RESOLVED,
    )


def test_a_report_is_corrected_once() -> None:
    corrected = BOTH_SILENT.after(webhook("delivered", "B", on=2))
    corrected.when(webhook("read", "A", on=1)).then(
        "tell 1 read of A",
        steps="expired met",
        dispatch="completed",
        ignored=Reason.STEP_RESOLVED,
    )


def test_a_second_status_of_the_same_message_corrects_nothing_more() -> None:
    SILENT.after(webhook("delivered", "A")).when(webhook("read", "A")).then(
        "tell 1 read of A", steps="met", dispatch="completed", ignored=Reason.STEP_RESOLVED
    )


def test_a_delivery_after_a_rejection_corrects_the_report() -> None:
    rejected = given("sms", CORRECTING).after(dispatched(), accepted("A"), webhook("rejected", "A"))
    rejected.when(webhook("delivered", "A")).then(
        "tell 1 delivered of A", "correct completed", steps="met", dispatch="completed"
    )


def test_a_delivery_of_what_was_in_doubt_to_the_end_corrects_the_report() -> None:
    SILENT_IN_DOUBT.when(webhook("delivered", "A")).then(
        "bind 1 A", "tell 1 delivered of A", "correct completed", steps="met", dispatch="completed"
    )


def test_a_success_that_the_report_knew_of_corrects_nothing() -> None:
    known = given(TWO, CORRECTING).after(
        dispatched(),
        accepted("A"),
        timer(),
        accepted("B"),
        webhook("read", "A", on=1),
        timer(),
    )
    known.when(webhook("read", "A", on=1)).then(
        "tell 1 read of A",
        steps="expired expired",
        dispatch="error",
        ignored=Reason.STEP_RESOLVED,
    )


def test_a_failure_corrects_nothing() -> None:
    SILENT.when(webhook("rejected", "A")).then(
        "tell 1 rejected of A", steps="expired", dispatch="error", ignored=Reason.STEP_RESOLVED
    )


def test_another_message_corrects_nothing() -> None:
    SILENT.when(webhook("delivered", "X")).then(
        steps="expired", dispatch="error", ignored=Reason.OTHER_MESSAGE
    )


def test_a_completed_dispatch_is_not_corrected() -> None:
    completed = given(TWO, CORRECTING).after(
        dispatched(), accepted("A"), timer(), accepted("B"), webhook("delivered", "B")
    )
    completed.when(webhook("read", "A", on=1)).then(
        "tell 1 read of A",
        steps="expired met",
        dispatch="completed",
        ignored=Reason.STEP_RESOLVED,
    )


def test_an_open_dispatch_is_not_corrected() -> None:
    waiting = given(TWO, CORRECTING).after(dispatched(), accepted("A"), timer(), accepted("B"))
    waiting.when(webhook("read", "A", on=1)).then(
        "tell 1 read of A", steps="expired waiting", ignored=Reason.STEP_RESOLVED
    )


def test_without_the_agreement_nothing_is_corrected() -> None:
    given("sms").after(dispatched(), accepted("A"), timer()).when(webhook("delivered", "A")).then(
        "tell 1 delivered of A", steps="expired", dispatch="error", ignored=Reason.STEP_RESOLVED
    )


def test_a_correction_keeps_the_instant_of_the_end() -> None:
    corrected = SILENT.at(300_000).after(webhook("delivered", "A"))
    assert corrected.state.status is DispatchStatus.COMPLETED
    assert corrected.state.changed_ms == SILENT.state.changed_ms
