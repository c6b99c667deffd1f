"""A webhook can arrive before the answer to the POST it speaks of; it proves the send.

Source: docs/wire.md sections 5.1 and 6.4.
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
    timer,
    unconfirmed,
    webhook,
)

SENDING: Final = given("whatsapp read 600 | sms").after(dispatched()).at(1)
OVERTAKEN: Final = SENDING.when(webhook("submitted", "A")).at(2)


@pytest.mark.parametrize("start", list(ExpiryStart))
def test_the_overtaking_webhook_starts_the_clock(start: ExpiryStart) -> None:
    given("whatsapp read 600 | sms", Terms(expiry_start=start)).after(dispatched()).at(1).when(
        webhook("submitted", "A")
    ).then("bind 1 A", "tell 1 submitted of A", "set 1 expiry at 601s", steps="waiting pending")


def test_the_202_after_the_webhook_merges_silently() -> None:
    OVERTAKEN.when(accepted("A")).then(steps="waiting pending", ignored=Reason.SEND_SETTLED)


def test_a_202_does_not_replace_the_message_that_is_known() -> None:
    # The webhook bears the step's token and a signature; two messages of one send cannot be.
    play = OVERTAKEN.when(accepted("X"))
    assert (play.outcome.effects, play.step(1).message_uuid) == ((), "A")


def test_doubt_after_the_webhook_is_no_doubt() -> None:
    OVERTAKEN.when(unconfirmed()).then(steps="waiting pending", ignored=Reason.SEND_SETTLED)


def test_a_refusal_after_the_webhook_is_not_told() -> None:
    OVERTAKEN.when(refused()).then(steps="waiting pending", ignored=Reason.SEND_SETTLED)


def test_an_unknown_status_proves_the_send_too() -> None:
    SENDING.when(webhook("accepted", "A")).then(
        "bind 1 A", "tell 1 accepted of A", "set 1 expiry at 601s", steps="waiting pending"
    )


def test_an_overtaking_success_completes_without_a_timer_ever_set() -> None:
    SENDING.when(webhook("read", "A")).then(
        "bind 1 A",
        "tell 1 read of A",
        "report completed",
        steps="met pending",
        dispatch="completed",
    )


def test_the_202_after_an_overtaking_success_merges_silently() -> None:
    SENDING.after(webhook("read", "A")).when(accepted("A")).then(
        steps="met pending", dispatch="completed", ignored=Reason.STEP_RESOLVED
    )


def test_an_overtaking_failure_fails_over() -> None:
    SENDING.when(webhook("rejected", "A")).then(
        "bind 1 A", "tell 1 rejected of A", "send 2", steps="rejected sending"
    )


def test_the_202_after_an_overtaking_failure_merges_silently() -> None:
    SENDING.after(webhook("rejected", "A")).when(accepted("A", on=1)).then(
        steps="rejected sending", ignored=Reason.STEP_RESOLVED
    )


def test_the_expiry_of_an_overtaken_step_fails_over() -> None:
    OVERTAKEN.after(accepted("A")).when(timer()).then(
        "drop 1 expiry at 601s", "send 2", steps="expired sending"
    )


def test_an_overtaken_last_step_runs_against_the_horizon() -> None:
    given("sms").after(dispatched()).at(1).when(webhook("submitted", "A")).then(
        "bind 1 A", "tell 1 submitted of A", "set 1 horizon at 259201s", steps="waiting"
    )
