"""Statuses that come late, twice, out of order or about another message.

Source: docs/wire.md sections 6.1 (D5 to D7), 6.3, 6.4 and 6.6.
"""

from __future__ import annotations

from typing import Final

import pytest

from gateway.core.state import Reason, Usage
from tests.support.playbook import accepted, dispatched, given, refused, timer, webhook

READ_AWAITED: Final = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"))
FAILED_OVER: Final = READ_AWAITED.after(timer(), accepted("B"))
LATE: Final = ("submitted", "delivered", "read", "rejected", "undeliverable", "accepted")


@pytest.mark.parametrize("word", LATE)
def test_a_status_of_an_earlier_step_is_forwarded_and_nothing_else(word: str) -> None:
    FAILED_OVER.when(webhook(word, "A", on=1)).then(
        f"tell 1 {word} of A", steps="expired waiting", ignored=Reason.STEP_RESOLVED
    )


def test_a_late_success_is_kept_for_the_report() -> None:
    play = FAILED_OVER.after(webhook("delivered", "A", on=1))
    assert play.step(1).reported == "delivered"


@pytest.mark.parametrize("word", LATE)
def test_a_status_of_an_earlier_step_after_the_end_is_forwarded(word: str) -> None:
    FAILED_OVER.after(webhook("delivered", "B")).when(webhook(word, "A", on=1)).then(
        f"tell 1 {word} of A",
        steps="expired met",
        dispatch="completed",
        ignored=Reason.STEP_RESOLVED,
    )


def test_a_status_about_another_message_is_not_told_as_this_one_s() -> None:
    READ_AWAITED.when(webhook("read", "X")).then(
        steps="waiting pending", ignored=Reason.OTHER_MESSAGE
    )


def test_a_status_about_another_message_of_a_resolved_step_is_not_told_either() -> None:
    FAILED_OVER.when(webhook("read", "X", on=1)).then(
        steps="expired waiting", ignored=Reason.OTHER_MESSAGE
    )


def test_a_status_about_another_message_leaves_no_trace_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("read", "X", price="9"))
    assert (play.step(1).reported, play.step(1).usage) == (None, None)


def test_a_status_without_a_message_id_speaks_for_the_step_its_token_names() -> None:
    READ_AWAITED.when(webhook("read", None)).then(
        "tell 1 read",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_a_status_of_a_step_that_was_not_sent_is_not_told() -> None:
    READ_AWAITED.when(webhook("delivered", "B", on=2)).then(
        steps="waiting pending", ignored=Reason.NOT_SENT_YET
    )


def test_a_202_of_a_step_that_was_not_sent_binds_nothing() -> None:
    READ_AWAITED.when(accepted("B", on=2)).then(
        steps="waiting pending", ignored=Reason.NOT_SENT_YET
    )


def test_a_refused_step_learns_its_message_from_a_webhook() -> None:
    given("whatsapp read 600 | sms").after(dispatched(), refused()).when(
        webhook("submitted", "A", on=1)
    ).then(
        "bind 1 A",
        "tell 1 submitted of A",
        steps="rejected sending",
        ignored=Reason.STEP_RESOLVED,
    )


def test_a_repeated_progress_that_gets_past_the_store_changes_nothing() -> None:
    # The store spends each webhook once; the machine does not depend on it for the flow.
    READ_AWAITED.after(webhook("submitted", "A")).when(webhook("submitted", "A")).then(
        "tell 1 submitted of A", steps="waiting pending"
    )


def test_a_repeated_failure_that_gets_past_the_store_does_not_fail_over_twice() -> None:
    READ_AWAITED.after(webhook("rejected", "A")).when(webhook("rejected", "A", on=1)).then(
        "tell 1 rejected of A", steps="rejected sending", ignored=Reason.STEP_RESOLVED
    )


def test_a_lower_status_after_a_higher_one_is_forwarded() -> None:
    READ_AWAITED.after(webhook("delivered", "A")).when(webhook("submitted", "A")).then(
        "tell 1 submitted of A", steps="waiting pending"
    )


def test_a_lower_status_after_a_higher_one_does_not_lower_the_report() -> None:
    play = READ_AWAITED.after(webhook("delivered", "A"), webhook("submitted", "A"))
    assert play.step(1).reported == "delivered"


def test_a_success_after_a_failure_is_shown_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("undeliverable", "A"), webhook("delivered", "A", on=1))
    assert play.step(1).reported == "delivered"


def test_an_unknown_status_is_not_shown_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("accepted", "A"))
    assert play.step(1).reported is None


def test_the_latest_usage_is_kept() -> None:
    play = READ_AWAITED.after(
        webhook("submitted", "A", price="0.01"), webhook("delivered", "A", price="0.0333")
    )
    assert play.step(1).usage == Usage(currency="EUR", price="0.0333")


def test_a_status_without_usage_keeps_the_usage_that_is_known() -> None:
    play = READ_AWAITED.after(webhook("delivered", "A", price="0.001"), webhook("read", "A"))
    assert play.step(1).usage == Usage(currency="EUR", price="0.001")


def test_a_charge_that_comes_after_the_end_is_kept_with_its_step() -> None:
    play = FAILED_OVER.after(webhook("delivered", "B"), webhook("delivered", "A", on=1, price="1"))
    assert play.step(1).usage == Usage(currency="EUR", price="1")
