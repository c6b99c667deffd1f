"""A failure fails over at once, without waiting for the expiry.

Source: docs/wire.md sections 5.6, 6.3 and 6.4.
"""

from __future__ import annotations

from typing import Final

from gateway.core.effects import PostStatus
from gateway.core.events import Event, StatusReceived, StatusReport
from gateway.core.state import Reason, Usage
from tests.support.playbook import (
    Play,
    accepted,
    dispatched,
    given,
    refused,
    timer,
    unconfirmed,
    webhook,
)

READ_AWAITED: Final = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"))
REJECTION: Final = StatusReport(
    status="rejected",
    message_uuid="A",
    timestamp="2025-02-03T12:00:01.000Z",
    usage=Usage(currency="EUR", price="0.0333"),
    error_code=1300,
    error_reason="Not part of the provider network",
    client_ref="order-42",
)


def rejection(play: Play) -> Event:
    return StatusReceived(step=0, report=REJECTION)


def test_rejected_fails_over_at_once() -> None:
    READ_AWAITED.when(webhook("rejected", "A")).then(
        "tell 1 rejected of A",
        "drop 1 expiry at 600s",
        "send 2",
        steps="rejected sending",
    )


def test_undeliverable_fails_over_at_once() -> None:
    READ_AWAITED.when(webhook("undeliverable", "A")).then(
        "tell 1 undeliverable of A",
        "drop 1 expiry at 600s",
        "send 2",
        steps="rejected sending",
    )


def test_a_refused_send_is_told_as_rejected_and_fails_over_at_once() -> None:
    given("whatsapp read 600 | sms").after(dispatched()).when(refused()).then(
        "tell 1 rejected error 1120 Illegal Sender", "send 2", steps="rejected sending"
    )


def test_a_refused_send_shows_as_rejected_in_the_report() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched(), refused())
    assert play.step(1).reported == "rejected"


def test_a_refusal_after_the_send_was_proven_changes_nothing() -> None:
    READ_AWAITED.when(refused()).then(steps="waiting pending", ignored=Reason.SEND_SETTLED)


def test_a_refusal_of_an_in_doubt_send_changes_nothing() -> None:
    given("sms").after(dispatched(), unconfirmed()).when(refused()).then(
        steps="unknown", ignored=Reason.SEND_SETTLED
    )


def test_a_status_is_forwarded_with_every_fact() -> None:
    play = READ_AWAITED.when(rejection)
    assert play.decision is not None
    assert play.decision.effects[0] == PostStatus(step=0, report=REJECTION)


def test_failures_in_a_row_walk_through_the_whole_workflow() -> None:
    given("whatsapp read 600 | viber_service_msg read 600 | sms").after(
        dispatched(), refused(), accepted("B"), webhook("undeliverable", "B")
    ).when(refused()).then(
        "tell 3 rejected error 1120 Illegal Sender",
        "report error",
        steps="rejected rejected rejected",
        dispatch="error",
    )


def test_a_failure_after_delivered_is_forwarded_and_does_not_fail_over() -> None:
    # A contradiction: failing over would message a person twice because of a glitch.
    READ_AWAITED.after(webhook("delivered", "A")).when(webhook("rejected", "A")).then(
        "tell 1 rejected of A", steps="waiting pending", ignored=Reason.DELIVERED_BEFORE
    )


def test_after_such_a_contradiction_the_expiry_decides() -> None:
    READ_AWAITED.after(webhook("delivered", "A"), webhook("rejected", "A")).when(timer()).then(
        "drop 1 expiry at 600s", "send 2", steps="expired sending"
    )


def test_after_such_a_contradiction_read_still_meets_the_condition() -> None:
    READ_AWAITED.after(webhook("delivered", "A"), webhook("rejected", "A")).when(
        webhook("read", "A")
    ).then(
        "tell 1 read of A",
        "drop 1 expiry at 600s",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_a_contradicted_delivery_stays_delivered_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("delivered", "A"), webhook("undeliverable", "A"))
    assert play.step(1).reported == "delivered"


def test_a_failure_after_submitted_is_shown_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("submitted", "A"), webhook("undeliverable", "A"))
    assert play.step(1).reported == "undeliverable"


def test_the_first_of_two_failures_is_shown_in_the_report() -> None:
    play = READ_AWAITED.after(webhook("rejected", "A"), webhook("undeliverable", "A", on=1))
    assert play.step(1).reported == "rejected"


def test_a_send_that_waited_too_long_ends_the_dispatch_and_is_told() -> None:
    given("whatsapp read 600 | sms").after(dispatched()).when(refused(is_outdated=True)).then(
        "tell 1 rejected error 1120 Illegal Sender",
        "report error",
        steps="rejected pending",
        dispatch="error",
    )
