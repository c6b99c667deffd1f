"""When the clock of a step starts, and what becomes of a timer nobody needs any more.

Source: docs/wire.md section 6.4.
"""

from __future__ import annotations

from typing import Final

from gateway.core.state import ExpiryStart, Reason, Terms
from tests.support.playbook import (
    accepted,
    dispatched,
    given,
    stale_timer,
    timer,
    unconfirmed,
    webhook,
)

FROM_INTENT: Final = Terms(expiry_start=ExpiryStart.INTENT)


def test_the_expiry_is_counted_from_the_202() -> None:
    given("whatsapp read 600 | sms").after(dispatched()).at(3).when(accepted("A", begun_s=2)).then(
        "bind 1 A", "set 1 expiry at 603s", steps="waiting pending"
    )


def test_the_expiry_can_be_counted_from_the_intent_instead() -> None:
    given("whatsapp read 600 | sms", FROM_INTENT).after(dispatched()).at(3).when(
        accepted("A", begun_s=2)
    ).then("bind 1 A", "set 1 expiry at 602s", steps="waiting pending")


def test_the_horizon_is_counted_from_the_202() -> None:
    given("sms").after(dispatched()).at(3).when(accepted("A", begun_s=2)).then(
        "bind 1 A", "set 1 horizon at 259203s", steps="waiting"
    )


def test_the_horizon_follows_the_same_setting() -> None:
    given("sms", FROM_INTENT).after(dispatched()).at(3).when(accepted("A", begun_s=2)).then(
        "bind 1 A", "set 1 horizon at 259202s", steps="waiting"
    )


def test_a_late_202_of_an_in_doubt_last_step_sets_the_horizon_by_the_same_setting() -> None:
    play = given("sms", FROM_INTENT).after(dispatched()).at(3).after(unconfirmed(begun_s=2))
    play.at(30).when(accepted("A", begun_s=2)).then(
        "bind 1 A", "drop 1 horizon at 902s", "set 1 horizon at 259202s", steps="waiting"
    )


def test_statuses_do_not_prolong_the_expiry() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"))
    play.at(599).after(webhook("delivered", "A")).when(timer()).then(
        "drop 1 expiry at 600s", "send 2", steps="expired sending"
    )


def test_a_step_that_is_being_sent_has_no_timer() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched())
    assert play.step(1).deadline_ms is None


def test_a_resolved_step_has_no_timer() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"), timer())
    assert play.step(1).deadline_ms is None


def test_a_timer_that_was_dropped_fires_in_vain() -> None:
    given("whatsapp read 600 | sms").after(
        dispatched(), accepted("A"), webhook("rejected", "A"), accepted("B")
    ).when(stale_timer(600, on=1)).then(steps="rejected waiting", ignored=Reason.TIMER_SUPERSEDED)


def test_a_timer_after_the_end_fires_in_vain() -> None:
    given("sms").after(dispatched(), accepted("A"), webhook("read", "A")).when(
        stale_timer(259_200)
    ).then(steps="met", dispatch="completed", ignored=Reason.TIMER_SUPERSEDED)


def test_a_timer_of_another_instant_fires_in_vain() -> None:
    given("whatsapp read 600 | sms").after(dispatched(), accepted("A")).when(stale_timer(599)).then(
        steps="waiting pending", ignored=Reason.TIMER_SUPERSEDED
    )


def test_a_timer_of_a_step_that_was_not_sent_fires_in_vain() -> None:
    given("whatsapp read 600 | sms").after(dispatched(), accepted("A")).when(
        stale_timer(600, on=2)
    ).then(steps="waiting pending", ignored=Reason.TIMER_SUPERSEDED)


def test_a_timer_that_fires_late_still_fails_over() -> None:
    given("whatsapp read 600 | sms").after(dispatched(), accepted("A")).at(5000).when(timer()).then(
        "drop 1 expiry at 600s", "send 2", steps="expired sending"
    )


def test_every_decision_is_one_revision() -> None:
    play = given("sms").after(
        dispatched(), accepted("A"), stale_timer(1), webhook("read", "X"), webhook("read", "A")
    )
    assert play.state.revision == 5


def test_an_expiry_that_fires_a_day_late_ends_the_dispatch_instead_of_failing_over() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"))
    play.at(600).when(timer(is_outdated=True)).then(
        "drop 1 expiry at 600s", "report error", steps="expired pending", dispatch="error"
    )


def test_an_in_doubt_last_step_is_not_sent_once_more_a_day_late() -> None:
    play = given("sms", Terms(resends_in_doubt=True)).after(dispatched(), unconfirmed(begun_s=0))
    play.at(900).when(timer(is_outdated=True)).then(
        "drop 1 horizon at 900s", "report error", steps="expired", dispatch="error"
    )
