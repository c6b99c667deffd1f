"""Scenarios play what the sandbox plays."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.problems import problem_response, scripted_problem
from gateway.sandbox.scripts import SCRIPTS, Body, Script
from gateway.sandbox.statuses import SentMessage, plan_statuses
from gateway.settings import Settings
from gateway.simulation.fates import Answer
from gateway.simulation.messages import Sent
from gateway.simulation.scenarios import SCENARIOS, SEND_BUDGET_S, within_patience
from tests.gateway.simulation.casts import plan_of
from translators.diagnostics import JsonObject
from translators.problems import Verdict, read_send_answer

ACCEPTED_AT_ONCE = [script for script in SCRIPTS if script.answer.http_status == 202]
REFUSED = [
    script
    for script in SCRIPTS
    if script.answer.body is Body.PROBLEM and not script.answer.is_for_first_only
]


def named(script: Script) -> str:
    return script.name


def essence(body: JsonObject) -> JsonObject:
    """Leave out what is made up on either side."""
    left_out = {"timestamp", "usage", "destination", "sms", "whatsapp"}
    return {
        **{name: value for name, value in body.items() if name not in left_out},
        "is_charged": "usage" in body,
    }


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("script", ACCEPTED_AT_ONCE, ids=named)
def test_the_webhooks_are_those_of_the_sandbox(script: Script, channel: str) -> None:
    (step,) = plan_of(channel).steps
    # The sandbox leaves `read` out where there is none; casting does that for a scenario.
    moments = tuple(m for m in script.moments if channel != "sms" or m.status != "read")
    script = replace(script, moments=moments)
    message_uuid = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
    theirs = plan_statuses(
        SentMessage(
            message_uuid=message_uuid,
            to=str(step.request["to"]),
            sender=str(step.request["from"]),
            channel=channel,
            message_type="text",
            client_ref=None,
            segments=1,
            webhook_url=None,
        ),
        script,
        SandboxConfig(),
        start_ms=0,
    )
    fate = SCENARIOS[script.name]
    fate = replace(
        fate,
        happenings=tuple(h for h in fate.happenings if channel != "sms" or h.status != "read"),
    )
    sent = Sent(step=0, plan=step, message_uuid=message_uuid, sent_ms=0, fate=fate)
    ours = [essence(sent.webhook(happening)) for happening in fate.happenings]
    assert ours == [essence(orjson.loads(status.body)) for status in theirs]


@pytest.mark.parametrize("script", REFUSED, ids=named)
def test_answers_are_read_as_the_gateway_reads_them(script: Script) -> None:
    assert script.answer.http_status is not None
    response = problem_response(scripted_problem(script.answer.http_status), instance="f94b4e56")
    answer = read_send_answer(response.status_code, bytes(response.body))
    fate = SCENARIOS[script.name]
    is_refused = answer.verdict is not Verdict.IN_DOUBT
    assert (fate.answer is Answer.REFUSED) is is_refused
    assert fate.code == (answer.error.code if answer.error else None)


def test_the_send_budget_is_the_default_of_the_settings() -> None:
    assert Settings.__dataclass_fields__["send_budget_s"].default == SEND_BUDGET_S


def test_a_send_that_is_throttled_for_ever_is_given_up_within_its_budget() -> None:
    fate = SCENARIOS["throttled"]
    assert (fate.answered_ms, fate.tried_ms) == (3_599_500, 3_599_500)


def test_a_step_that_is_throttled_for_ever_is_given_up_within_its_expiry() -> None:
    fate = within_patience(SCENARIOS["throttled"], 30)
    assert (fate.answered_ms, fate.tried_ms) == (23_500, 23_500)


def test_a_step_whose_account_cannot_send_is_given_up_at_its_expiry() -> None:
    fate = within_patience(SCENARIOS["wrong-credentials"], 600)
    assert (fate.answered_ms, fate.tried_ms) == (600_000, 600_000)


def test_the_expiry_of_a_step_changes_no_other_fate() -> None:
    assert within_patience(SCENARIOS["delivered"], 600) == SCENARIOS["delivered"]


def test_a_send_that_is_throttled_once_was_refused_at_first() -> None:
    fate = SCENARIOS["throttled-once"]
    assert (fate.answer, fate.code, fate.tried_ms) == (Answer.ACCEPTED, 1000, 1_000)


def test_a_webhook_that_overtakes_comes_before_the_answer() -> None:
    fate = SCENARIOS["overtaking-webhook"]
    assert fate.happenings[0].after_ms < fate.answered_ms


def test_a_slow_answer_puts_everything_off() -> None:
    assert [each.after_ms for each in SCENARIOS["slow-answer"].happenings] == [3_200, 4_000]
