"""The stand-in's workflows in virtual time: what is told, when, and in which form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.legacy_messages import PRICES, Message, send
from gateway.sandbox.legacy_play import Told, play, walk
from gateway.sandbox.legacy_quirks import AS_CAPTURED, AS_DOCUMENTED, Habits, Links
from gateway.sandbox.legacy_requests import read_workflow
from gateway.sandbox.scripts import SCRIPTS, Body, Script, script_for
from gateway.sandbox.statuses import SentMessage, plan_statuses
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.casting import cast
from gateway.simulation.trace import What
from tests.gateway.sandbox.legacy_workflows import (
    ACCEPTED_MS,
    DISPATCH_UUID,
    ids,
    listed,
    report,
    story,
    workflow,
)
from translators.dispatch import DispatchPlan, translate_dispatch

HREF = f"v0.1/dispatch/{DISPATCH_UUID}"


def played(request: dict[str, Any], habits: Habits = AS_DOCUMENTED) -> list[Told]:
    return play(
        request, dispatch_uuid=DISPATCH_UUID, draw=ids(), accepted_ms=ACCEPTED_MS, habits=habits
    )


STORIES = {
    "met": (["sms 00", "sms 00"], ["0.2 1 submitted", "1 1 delivered", "1 report completed"]),
    "silent": (
        ["whatsapp 02", "sms 00"],
        ["0.2 1 submitted", "15.2 2 submitted", "16 2 delivered", "16 report completed"],
    ),
    "rejected": (
        ["whatsapp 03", "sms 00"],
        [
            "0.2 1 submitted",
            "1 1 rejected",
            "1.2 2 submitted",
            "2 2 delivered",
            "2 report completed",
        ],
    ),
    "undeliverable": (
        ["whatsapp 04", "sms 00"],
        ["1 1 undeliverable", "1.2 2 submitted", "2 2 delivered", "2 report completed"],
    ),
    "refused at once": (
        ["whatsapp 13", "sms 00"],
        ["0 1 rejected", "0.2 2 submitted", "1 2 delivered", "1 report completed"],
    ),
    "refused after a while": (
        ["whatsapp 26", "sms 12"],
        ["30 1 rejected", "30 2 rejected", "30 report error"],
    ),
    "late": (
        ["whatsapp 07", "sms 02", "mms 00"],
        [
            "0.2 1 submitted",
            "15.2 2 submitted",
            "16 1 delivered",
            "30.2 3 submitted",
            "31 3 delivered",
            "31 report completed",
        ],
    ),
    "late at the end": (
        ["whatsapp 07", "sms 03"],
        [
            "0.2 1 submitted",
            "15.2 2 submitted",
            "16 1 delivered",
            "16 2 rejected",
            "16 report error",
        ],
    ),
    "failed last": (["sms 03"], ["0.2 1 submitted", "1 1 rejected", "1 report error"]),
    "delivered, then rejected": (
        ["sms 19"],
        ["0.2 1 submitted", "1 1 delivered", "1 report completed", "2 1 rejected"],
    ),
    "unresolved": (["sms 02"], ["0.2 1 submitted", "259200 report error"]),
    "not a word": (["sms 20", "sms 20"], ["259215 report error"]),
    "slow": (
        ["whatsapp 08", "sms 00"],
        ["3.2 1 submitted", "4 1 delivered", "4 report completed"],
    ),
    "throttled first": (["sms 10"], ["1.2 1 submitted", "2 1 delivered", "2 report completed"]),
    "without an answer": (["sms 09"], ["0.2 1 submitted", "1 1 delivered", "1 report completed"]),
    "twice": (
        ["sms 05"],
        [
            "0.2 1 submitted",
            "0.2 1 submitted",
            "1 1 delivered",
            "1 1 delivered",
            "1 report completed",
        ],
    ),
    "three steps": (
        ["messenger 04", "viber_service_msg 13", "sms 00"],
        [
            "1 1 undeliverable",
            "1 2 rejected",
            "1.2 3 submitted",
            "2 3 delivered",
            "2 report completed",
        ],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), STORIES.values(), ids=STORIES)
def test_a_workflow_tells_what_happens_to_it(steps: list[str], expected: list[str]) -> None:
    assert story(played(workflow(*steps))) == expected


def test_delivered_does_not_satisfy_read() -> None:
    told = story(played(workflow("whatsapp 00", "sms 00", condition="read")))
    assert told[-3:] == ["15.2 2 submitted", "16 2 delivered", "16 report completed"]


def test_read_satisfies_read() -> None:
    told = story(played(workflow("whatsapp 01", "sms 00", condition="read")))
    assert told[-2:] == ["2 1 read", "2 report completed"]


def test_read_satisfies_delivered() -> None:
    told = story(played(workflow("whatsapp 18", "sms 00")))
    assert told[-2:] == ["2 1 read", "2 report completed"]


def test_a_channel_without_receipts_is_never_read() -> None:
    told = story(played(workflow("sms 01", "sms 00", condition="read")))
    assert told[1:3] == ["1 1 delivered", "15.2 2 submitted"]


def test_a_failure_after_a_delivery_does_not_fail_over_while_read_is_awaited() -> None:
    told = story(played(workflow("whatsapp 19", "sms 00", condition="read")))
    assert told[2:4] == ["2 1 rejected", "15.2 2 submitted"]


def test_the_clock_of_a_step_starts_when_it_was_taken() -> None:
    told = story(played(workflow("whatsapp 08", "whatsapp 02", "sms 00", condition="read")))
    assert told[2:4] == ["18.2 2 submitted", "33.2 3 submitted"]


def test_a_status_at_the_very_expiry_is_in_time() -> None:
    told = story(played(workflow("whatsapp 07", "sms 00", expiry_s=16)))
    assert told == ["0.2 1 submitted", "16 1 delivered", "16 report completed"]


def test_the_lag_is_waited_beyond_the_expiry() -> None:
    lagging = replace(AS_DOCUMENTED, lag_ms=2950)
    assert "18.15 2 submitted" in story(played(workflow("sms 02", "sms 00"), lagging))


def test_a_workflow_may_stay_open_for_ever() -> None:
    endless = replace(AS_DOCUMENTED, horizon_s=None)
    assert story(played(workflow("sms 02"), endless)) == ["0.2 1 submitted"]


def futures(*steps: str) -> list[Message]:
    return [
        send(step, index=index, message_uuid=str(index), charges=AS_CAPTURED.charges)
        for index, step in enumerate(read_workflow(workflow(*steps)))
    ]


def test_a_message_lives_as_it_would_have_at_once_from_when_its_turn_comes() -> None:
    walked = walk(futures("sms 02", "sms 00"), AS_CAPTURED)
    second = walked.messages[1]
    assert (second.sent_ms, second.answered_ms) == (17_950, 17_950)
    assert [(fact.at_ms, fact.status) for fact in second.facts] == [
        (18_150, "submitted"),
        (18_950, "delivered"),
    ]
    assert walked.end is not None
    assert (walked.end.at_ms, walked.end.is_met) == (18_950, True)


def test_a_workflow_is_followed_up_to_the_message_of_which_nobody_knows() -> None:
    walked = walk([futures("sms 02", "sms 00")[0], None], AS_CAPTURED)
    assert (len(walked.messages), walked.end, walked.unknown_ms) == (1, None, 17_950)


def test_a_status_has_the_documented_form() -> None:
    request = workflow("sms 03")
    request["workflow"][0] |= {"client_ref": "order-42"}
    assert played(request)[1].body == {
        "message_uuid": "00000000-0000-0000-0000-000000000001",
        "to": {"type": "sms", "number": "447700900003"},
        "from": {"type": "sms", "number": "447700900001"},
        "timestamp": "2025-02-03T12:14:26.000Z",
        "status": "rejected",
        "error": {"code": 1300, "reason": "Not part of the provider network"},
        "client_ref": "order-42",
        "_links": {
            "workflow": {"dispatch_uuid": DISPATCH_UUID, "href": f"/workflows/{DISPATCH_UUID}"},
            "dispatch": {"dispatch_uuid": DISPATCH_UUID, "href": HREF},
        },
    }


def test_a_final_report_has_the_documented_form() -> None:
    assert report(played(workflow("whatsapp 02", "sms 00"))) == {
        "template": "failover",
        "status": "completed",
        "timestamp": "2025-02-03T12:14:41.000Z",
        "usage": {"price": "0.0333", "currency": "EUR"},
        "dispatch_uuid": DISPATCH_UUID,
        "_links": {
            "messages": [
                {
                    "message_uuid": "00000000-0000-0000-0000-000000000001",
                    "href": "00000000-0000-0000-0000-000000000001",
                    "channel": "whatsapp",
                    "status": "submitted",
                },
                {
                    "message_uuid": "00000000-0000-0000-0000-000000000002",
                    "href": "00000000-0000-0000-0000-000000000002",
                    "channel": "sms",
                    "usage": {"price": "0.0333", "currency": "EUR"},
                    "status": "delivered",
                },
            ]
        },
    }


def test_a_total_is_the_sum_over_the_attempted_steps() -> None:
    told = played(workflow("sms 02", "whatsapp 00", "mms 00"))
    assert (report(told)["usage"]["price"], listed(told)) == (
        "0.0812",
        [("sms", "submitted", "0.0333"), ("whatsapp", "delivered", "0.0479")],
    )


def test_a_long_text_is_charged_by_the_segment() -> None:
    request = workflow("sms 00")
    request["workflow"][0]["message"]["content"]["text"] = "x" * 161
    assert report(played(request))["usage"]["price"] == "0.0666"


def test_nothing_charged_adds_up_to_zero() -> None:
    assert report(played(workflow("sms 13")))["usage"] == {"price": "0", "currency": "EUR"}


def test_a_report_knows_nothing_that_comes_later() -> None:
    told = played(workflow("whatsapp 07", "sms 13"))
    assert listed(told) == [("whatsapp", "submitted", None), ("sms", "rejected", None)]


def test_a_report_shows_the_furthest_status_not_the_latest() -> None:
    told = played(workflow("whatsapp 06", "sms 00", condition="read"))
    assert listed(told)[0] == ("whatsapp", "delivered", "0.0479")


def test_a_status_that_comes_late_says_when_it_came_about() -> None:
    stamps = [each.body["timestamp"] for each in played(workflow("sms 06")) if each.step == 0]
    assert stamps == ["2025-02-03T12:14:25.400Z", "2025-02-03T12:14:25.100Z"]


@pytest.mark.parametrize(
    ("links", "names"),
    [("both", ["workflow", "dispatch"]), ("workflow", ["workflow"]), ("dispatch", ["dispatch"])],
)
def test_the_links_can_be_chosen(links: str, names: list[str]) -> None:
    habits = replace(AS_DOCUMENTED, links=Links(links))
    shown: Any = played(workflow("sms 00"), habits)[0].body["_links"]
    assert list(shown) == names


def test_as_captured_an_sms_workflow_looks_like_the_first_capture() -> None:
    told = played(workflow("sms 02", "sms 00"), AS_CAPTURED)
    first, second, third, fourth = told
    assert second.at_ms - first.at_ms == 17_950
    assert fourth.at_ms - third.at_ms == 65
    assert first.body["_links"] == {"dispatch": {"dispatch_uuid": DISPATCH_UUID, "href": HREF}}
    assert [bool(each.body.get("usage")) for each in told] == [False, False, True, True]
    assert fourth.body["usage"] == {"price": "0.0353", "currency": "EUR"}
    assert listed(told) == [("sms", "submitted", None), ("sms", "delivered", "0.0333")]
    assert report(told)["_links"]["messages"][1]["href"].startswith("v0.1/messages/0000")


def test_as_captured_a_chat_message_is_charged_in_the_report_alone() -> None:
    told = played(workflow("messenger 18", "sms 00", condition="read"), AS_CAPTURED)
    assert [each.body.get("usage") for each in told if each.step == 0] == [None, None]
    assert listed(told) == [("messenger", "read", "0.001")]
    assert report(told)["usage"]["price"] == "0.003"


@pytest.mark.parametrize("channel", PRICES)
def test_a_message_costs_what_the_simulated_upstream_charges(channel: str) -> None:
    message = SentMessage(
        message_uuid="00000000-0000-0000-0000-000000000001",
        to="447700900000",
        sender="447700900001",
        channel="viber_service" if channel == "viber_service_msg" else channel,
        message_type="text",
        client_ref=None,
        segments=1,
        webhook_url=None,
    )
    sent = plan_statuses(message, script_for("00"), SandboxConfig(), start_ms=0)
    price = f'"price":"{PRICES[channel]}"'.encode()
    assert [price in status.body for status in sent].count(True) == 1


def _is_alike(script: Script) -> bool:
    """Whether a script means the same to a platform and to a gateway in front of one."""
    answer = script.answer
    is_taken = answer.http_status == 202 and answer.body is Body.UUID
    return (is_taken or answer.http_status in (402, 422)) and script.copies == 1


ALIKE = [script for script in SCRIPTS if _is_alike(script)]


def by_step_of_gateway(plan: DispatchPlan, names: list[str]) -> tuple[list[Any], Any]:
    parts, _ = cast(plan, [], dict(enumerate(names)))
    entries = run_gateway(plan, [part.fate for part in parts]).entries
    told = [(each.step, each.status, each.code) for each in entries if each.what is What.CALLBACK]
    (body,) = [each.body for each in entries if each.what is What.REPORT]
    return sorted(told, key=lambda each: each[0] or 0), outline(body)


def by_step_of_stand_in(told: list[Told]) -> tuple[list[Any], Any]:
    bodies: list[tuple[int, Any]] = [
        (each.step, each.body) for each in told if each.step is not None
    ]
    statuses = [(step, body["status"], body.get("error", {}).get("code")) for step, body in bodies]
    return sorted(statuses, key=lambda each: each[0]), outline(report(told))


def outline(body: Any) -> Any:
    messages = body["_links"]["messages"]
    return body["status"], [(each["channel"], each["status"], "usage" in each) for each in messages]


@pytest.mark.parametrize("condition", ["delivered", "read"])
@pytest.mark.parametrize("channels", [("whatsapp", "sms"), ("sms", "messenger")])
def test_of_two_steps_the_stand_in_and_the_machine_make_the_same(
    channels: tuple[str, str], condition: str
) -> None:
    first, second = channels
    differing = []
    for one in ALIKE:
        for two in ALIKE:
            steps = (f"{first} {one.digits}", f"{second} {two.digits}")
            request = workflow(*steps, condition=condition)
            plan = translate_dispatch(request).value
            assert plan is not None
            machine = by_step_of_gateway(plan, [one.name, two.name])
            if machine != by_step_of_stand_in(played(request)):
                differing.append(steps)
    assert differing == []
