"""A step's condition and its expiry decide whether the next step is sent.

Source: docs/wire.md sections 6.1 (D1, D2, D9), 6.3 and 6.4.
"""

from __future__ import annotations

from typing import Final

from gateway.core.state import Reason
from tests.support.playbook import accepted, dispatched, given, timer, webhook

READ_AWAITED: Final = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"))
DELIVERED_AWAITED: Final = given("whatsapp delivered 600 | sms").after(dispatched(), accepted("A"))


def test_an_accepted_dispatch_sends_its_first_step() -> None:
    given("whatsapp read 600 | sms").when(dispatched()).then("send 1", steps="sending pending")


def test_a_dispatch_is_started_once() -> None:
    given("sms").after(dispatched()).when(dispatched()).then(
        steps="sending", ignored=Reason.ALREADY_DISPATCHED
    )


def test_a_202_starts_the_wait_for_the_condition() -> None:
    given("whatsapp read 600 | sms").after(dispatched()).when(accepted("A")).then(
        "bind 1 A", "set 1 expiry at 600s", steps="waiting pending"
    )


def test_submitted_is_forwarded_and_the_step_waits_on() -> None:
    READ_AWAITED.when(webhook("submitted", "A")).then(
        "tell 1 submitted of A", steps="waiting pending"
    )


def test_read_meets_read() -> None:
    READ_AWAITED.when(webhook("read", "A")).then(
        "tell 1 read of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_delivered_meets_delivered() -> None:
    DELIVERED_AWAITED.when(webhook("delivered", "A")).then(
        "tell 1 delivered of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_read_meets_delivered_because_reading_implies_delivery() -> None:
    DELIVERED_AWAITED.when(webhook("read", "A")).then(
        "tell 1 read of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_delivered_does_not_meet_read() -> None:
    READ_AWAITED.when(webhook("delivered", "A")).then(
        "tell 1 delivered of A", steps="waiting pending"
    )


def test_an_unknown_status_is_forwarded_and_changes_nothing() -> None:
    READ_AWAITED.when(webhook("accepted", "A")).then(
        "tell 1 accepted of A", steps="waiting pending"
    )


def test_expiry_fails_over_to_the_next_step() -> None:
    READ_AWAITED.when(timer()).then("drop 1 expiry at 600s", "send 2", steps="expired sending")


def test_expiry_fails_over_although_the_message_was_delivered() -> None:
    READ_AWAITED.after(webhook("delivered", "A")).when(timer()).then(
        "drop 1 expiry at 600s", "send 2", steps="expired sending"
    )


def test_an_expired_step_shows_its_last_status_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("submitted", "A"), timer())
    assert play.step(1).reported == "submitted"


def test_every_step_but_the_last_can_expire() -> None:
    given("whatsapp read 600 | viber_service_msg delivered 60 | sms").after(
        dispatched(), accepted("A"), timer(), accepted("B")
    ).when(timer()).then("drop 2 expiry at 660s", "send 3", steps="expired expired sending")


def test_a_condition_met_at_the_very_deadline_is_met_in_time() -> None:
    READ_AWAITED.at(600).when(webhook("read", "A")).then(
        "tell 1 read of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_a_success_that_is_committed_before_an_overdue_expiry_wins() -> None:
    # After an outage the webhook and the timer race; the first commit wins (docs/wire.md
    # section 6.4), and not sending to somebody who has read it is the better mistake.
    READ_AWAITED.at(900).when(webhook("read", "A")).then(
        "tell 1 read of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_a_success_on_a_middle_step_leaves_the_rest_unsent() -> None:
    given("whatsapp read 600 | viber_service_msg delivered 60 | sms").after(
        dispatched(), accepted("A"), timer(), accepted("B")
    ).when(webhook("delivered", "B")).then(
        "tell 2 delivered of B",
        "drop 2 expiry at 660s",
        "report completed",
        steps="expired met pending",
        dispatch="completed",
    )
