"""The last step ends the dispatch, one way or another, and the report is asked once.

Source: docs/wire.md sections 6.1 (D3, D4), 6.3, 6.4 and 6.5.
"""

from __future__ import annotations

from typing import Final

from gateway.core.state import Reason, Terms
from tests.support.playbook import BIRTH_MS, accepted, dispatched, given, refused, timer, webhook

SINGLE: Final = given("sms").after(dispatched(), accepted("A"))
LAST: Final = given("whatsapp read 600 | sms").after(
    dispatched(), accepted("A"), timer(), accepted("B")
)
HORIZON: Final = "horizon at 259200s"  # 72 h after the 202


def test_a_single_step_is_a_last_step_and_runs_against_the_horizon() -> None:
    given("sms").after(dispatched()).when(accepted("A")).then(
        "bind 1 A", f"set 1 {HORIZON}", steps="waiting"
    )


def test_a_last_step_runs_against_the_horizon_from_its_own_202() -> None:
    play = given("whatsapp read 600 | sms").after(dispatched(), accepted("A"), timer())
    play.at(601).when(accepted("B")).then(
        "bind 2 B", "set 2 horizon at 259801s", steps="expired waiting"
    )


def test_delivered_completes_on_the_last_step() -> None:
    LAST.when(webhook("delivered", "B")).then(
        "tell 2 delivered of B",
        "drop 2 horizon at 259800s",
        "report completed",
        steps="expired met",
        dispatch="completed",
    )


def test_read_alone_completes_on_the_last_step() -> None:
    SINGLE.when(webhook("read", "A")).then(
        "tell 1 read of A",
        f"drop 1 {HORIZON}",
        "report completed",
        steps="met",
        dispatch="completed",
    )


def test_submitted_does_not_complete_the_last_step() -> None:
    SINGLE.when(webhook("submitted", "A")).then("tell 1 submitted of A", steps="waiting")


def test_rejected_ends_the_last_step_with_error() -> None:
    LAST.when(webhook("rejected", "B")).then(
        "tell 2 rejected of B",
        "drop 2 horizon at 259800s",
        "report error",
        steps="expired rejected",
        dispatch="error",
    )


def test_undeliverable_ends_the_last_step_with_error() -> None:
    SINGLE.when(webhook("undeliverable", "A")).then(
        "tell 1 undeliverable of A",
        f"drop 1 {HORIZON}",
        "report error",
        steps="rejected",
        dispatch="error",
    )


def test_a_refused_send_ends_the_last_step_with_error() -> None:
    given("sms").after(dispatched()).when(refused()).then(
        "tell 1 rejected error 1120 Illegal Sender",
        "report error",
        steps="rejected",
        dispatch="error",
    )


def test_a_last_step_that_never_resolves_ends_with_error_at_the_horizon() -> None:
    SINGLE.after(webhook("submitted", "A")).when(timer()).then(
        f"drop 1 {HORIZON}", "report error", steps="expired", dispatch="error"
    )


def test_the_horizon_is_a_setting() -> None:
    given("sms", Terms(horizon_s=3600)).after(dispatched()).when(accepted("A")).then(
        "bind 1 A", "set 1 horizon at 3600s", steps="waiting"
    )


def test_the_step_that_never_resolved_keeps_its_last_status() -> None:
    play = SINGLE.after(webhook("submitted", "A"), timer())
    assert play.step(1).reported == "submitted"


def test_the_closing_instant_is_kept() -> None:
    play = SINGLE.at(5).when(webhook("delivered", "A"))
    assert play.state.changed_ms == BIRTH_MS + 5_000


def test_what_comes_after_the_end_does_not_move_the_closing_instant() -> None:
    play = SINGLE.at(5).when(webhook("delivered", "A")).at(60).when(webhook("read", "A"))
    assert play.state.changed_ms == BIRTH_MS + 5_000


def test_a_second_success_does_not_report_again() -> None:
    SINGLE.after(webhook("delivered", "A")).when(webhook("read", "A")).then(
        "tell 1 read of A", steps="met", dispatch="completed", ignored=Reason.STEP_RESOLVED
    )


def test_a_failure_after_completion_does_not_reopen_the_dispatch() -> None:
    SINGLE.after(webhook("delivered", "A")).when(webhook("rejected", "A")).then(
        "tell 1 rejected of A", steps="met", dispatch="completed", ignored=Reason.STEP_RESOLVED
    )


def test_a_success_after_an_error_does_not_turn_it_into_completion() -> None:
    SINGLE.after(webhook("rejected", "A")).when(webhook("delivered", "A")).then(
        "tell 1 delivered of A", steps="rejected", dispatch="error", ignored=Reason.STEP_RESOLVED
    )


def test_a_success_after_an_error_is_recorded() -> None:
    play = SINGLE.after(webhook("rejected", "A"), webhook("delivered", "A"))
    assert play.step(1).reported == "delivered"
