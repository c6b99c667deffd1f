"""A send that nobody can vouch for is `unknown`: never sent again, resolved by evidence or time.

Source: docs/wire.md section 6.4.
"""

from __future__ import annotations

from typing import Final

import pytest

from gateway.core.state import ExpiryStart, Reason, Terms
from tests.support.playbook import (
    accepted,
    dispatched,
    given,
    refused,
    stale_timer,
    timer,
    unconfirmed,
    webhook,
)

IN_DOUBT: Final = (
    given("whatsapp read 600 | sms").after(dispatched()).at(20).when(unconfirmed(begun_s=10))
)
LAST_IN_DOUBT: Final = given("sms").after(dispatched()).at(20).when(unconfirmed(begun_s=10))
RESENDING: Final = given("sms", Terms(resends_in_doubt=True)).after(dispatched(), unconfirmed())
EITHER_START: Final = pytest.mark.parametrize("start", list(ExpiryStart))


@EITHER_START
def test_an_in_doubt_step_expires_counted_from_the_intent(start: ExpiryStart) -> None:
    given("whatsapp read 600 | sms", Terms(expiry_start=start)).after(dispatched()).at(20).when(
        unconfirmed(begun_s=10)
    ).then("set 1 expiry at 610s", steps="unknown pending")


def test_the_expiry_of_an_in_doubt_step_fails_over() -> None:
    IN_DOUBT.when(timer()).then("drop 1 expiry at 610s", "send 2", steps="expired sending")


def test_a_webhook_proves_an_in_doubt_send_and_the_clock_runs_on() -> None:
    IN_DOUBT.at(30).when(webhook("submitted", "A")).then(
        "bind 1 A", "tell 1 submitted of A", steps="waiting pending"
    )


def test_a_webhook_can_meet_the_condition_of_an_in_doubt_step() -> None:
    IN_DOUBT.at(30).when(webhook("read", "A")).then(
        "bind 1 A",
        "tell 1 read of A",
        "drop 1 expiry at 610s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_a_webhook_can_fail_an_in_doubt_step() -> None:
    IN_DOUBT.at(30).when(webhook("rejected", "A")).then(
        "bind 1 A",
        "tell 1 rejected of A",
        "drop 1 expiry at 610s",
        "send 2",
        steps="rejected sending",
    )


@EITHER_START
def test_a_late_202_proves_an_in_doubt_send_and_the_clock_runs_on(start: ExpiryStart) -> None:
    given("whatsapp read 600 | sms", Terms(expiry_start=start)).after(
        dispatched(), unconfirmed(begun_s=0)
    ).at(30).when(accepted("A")).then("bind 1 A", steps="waiting pending")


def test_a_proven_step_still_fails_over_when_its_clock_runs_out() -> None:
    IN_DOUBT.at(30).after(webhook("submitted", "A")).when(timer()).then(
        "drop 1 expiry at 610s", "send 2", steps="expired sending"
    )


def test_a_202_after_the_failover_is_remembered_without_a_word() -> None:
    IN_DOUBT.after(timer()).when(accepted("A", on=1)).then(
        "bind 1 A", steps="expired sending", ignored=Reason.STEP_RESOLVED
    )


def test_doubt_about_a_settled_send_changes_nothing() -> None:
    given("sms").after(dispatched(), accepted("A")).when(unconfirmed()).then(
        steps="waiting", ignored=Reason.SEND_SETTLED
    )


def test_doubt_about_a_resolved_step_changes_nothing() -> None:
    given("sms").after(dispatched(), refused()).when(unconfirmed()).then(
        steps="rejected", dispatch="error", ignored=Reason.STEP_RESOLVED
    )


def test_an_in_doubt_last_step_is_given_a_grace_from_the_intent() -> None:
    given("sms").after(dispatched()).at(20).when(unconfirmed(begun_s=10)).then(
        "set 1 horizon at 910s", steps="unknown"
    )


def test_the_grace_is_a_setting() -> None:
    given("sms", Terms(grace_s=60)).after(dispatched()).when(unconfirmed()).then(
        "set 1 horizon at 60s", steps="unknown"
    )


def test_the_end_of_the_grace_closes_the_dispatch_with_error() -> None:
    LAST_IN_DOUBT.when(timer()).then(
        "drop 1 horizon at 910s", "report error", steps="expired", dispatch="error"
    )


def test_a_webhook_turns_the_grace_of_a_last_step_into_the_horizon() -> None:
    LAST_IN_DOUBT.at(30).when(webhook("submitted", "A")).then(
        "bind 1 A",
        "tell 1 submitted of A",
        "drop 1 horizon at 910s",
        "set 1 horizon at 259230s",
        steps="waiting",
    )


def test_a_late_202_turns_the_grace_of_a_last_step_into_the_horizon() -> None:
    LAST_IN_DOUBT.at(30).when(accepted("A")).then(
        "bind 1 A", "drop 1 horizon at 910s", "set 1 horizon at 259230s", steps="waiting"
    )


def test_a_grace_that_was_replaced_by_the_horizon_fires_in_vain() -> None:
    LAST_IN_DOUBT.after(accepted("A")).when(stale_timer(910)).then(
        steps="waiting", ignored=Reason.TIMER_SUPERSEDED
    )


def test_a_webhook_can_complete_an_in_doubt_last_step() -> None:
    LAST_IN_DOUBT.when(webhook("delivered", "A")).then(
        "bind 1 A",
        "tell 1 delivered of A",
        "drop 1 horizon at 910s",
        "report completed",
        steps="met",
        dispatch="completed",
    )


def test_by_permission_an_in_doubt_last_step_is_sent_once_more() -> None:
    RESENDING.when(timer()).then("drop 1 horizon at 900s", "send 1", steps="sending")


def test_the_second_send_is_the_last() -> None:
    RESENDING.after(timer(), unconfirmed()).when(timer()).then(
        "drop 1 horizon at 1800s", "report error", steps="expired", dispatch="error"
    )


def test_a_proven_last_step_is_not_sent_once_more_at_the_horizon() -> None:
    RESENDING.after(webhook("submitted", "A")).when(timer()).then(
        "drop 1 horizon at 259200s", "report error", steps="expired", dispatch="error"
    )


def test_a_step_that_can_fail_over_is_never_sent_once_more() -> None:
    given("whatsapp read 600 | sms", Terms(resends_in_doubt=True)).after(
        dispatched(), unconfirmed()
    ).when(timer()).then("drop 1 expiry at 600s", "send 2", steps="expired sending")


def test_the_first_message_of_a_step_sent_twice_can_complete_it() -> None:
    RESENDING.after(timer(), accepted("B")).when(webhook("delivered", "A")).then(
        "tell 1 delivered of A",
        "drop 1 horizon at 260100s",
        "report completed",
        steps="met",
        dispatch="completed",
    )


def test_the_second_message_of_a_step_sent_twice_can_complete_it() -> None:
    RESENDING.after(timer(), webhook("submitted", "A")).when(webhook("delivered", "B")).then(
        "tell 1 delivered of B",
        "drop 1 horizon at 260100s",
        "report completed",
        steps="met",
        dispatch="completed",
    )
