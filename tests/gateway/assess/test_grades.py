"""What a report says of workflows: their grades, why, and what to do first."""

from __future__ import annotations

import pytest

from gateway.assess.judging import Assumptions, Standing
from gateway.assess.report import Report
from gateway.assess.sections import rules_sentence
from tests.gateway.assess.assessing import flow, reported, waiting
from tests.support.corpus import make_step
from translators.rules import Switches

HOPEFUL = Assumptions(undeliverable_fails_over=True)
LENIENT = Assumptions(switches=Switches(accepted=frozenset({"ttl-unavailable"})))


def titles(report: Report) -> list[str]:
    return [step.title for step in report.advice]


def advice(report: Report, beginning: str) -> str:
    return next(step.text for step in report.advice if step.title.startswith(beginning))


@pytest.mark.parametrize(
    ("payload", "assumptions", "standing"),
    [
        (flow(make_step("sms", "text")), Assumptions(), Standing.N0),
        (waiting("mms", "image"), HOPEFUL, Standing.N1),
        (waiting("mms", "image"), Assumptions(), Standing.N2),
        (waiting("whatsapp"), Assumptions(), Standing.N3),
        (waiting("whatsapp"), LENIENT, Standing.N2),
        (waiting("viber_service_msg", condition="read"), HOPEFUL, Standing.N3),
        (flow(), Assumptions(), Standing.REFUSED),
    ],
)
def test_a_workflow_is_graded(
    payload: dict[str, object], assumptions: Assumptions, standing: Standing
) -> None:
    (line,) = reported([payload], assumptions).shapes
    assert line.standing is standing


def test_the_headline_says_who_can_leave_and_why_others_cannot() -> None:
    report = reported(
        [flow(make_step("sms", "text")), waiting("viber_service_msg", condition="read"), flow()]
    )
    assert report.headline == (
        "1 of 3 workflows (33 %) can leave the gateway; 1 must stay, because they wait for `read`;"
        " 1 is refused until mended."
    )


@pytest.mark.parametrize(
    ("payloads", "said"),
    [
        ([waiting("mms", "image")], "the gateway if you accept that it behaves differently."),
        ([waiting("mms", "image")] * 2, "the gateway if you accept that they behave differently."),
        (
            [waiting("mms", "image"), flow(make_step("sms", "text"))],
            "the gateway, 1 of them only if you accept that it behaves differently.",
        ),
    ],
)
def test_the_headline_says_what_has_to_be_accepted_first(
    payloads: list[dict[str, object]], said: str
) -> None:
    assert reported(payloads).headline.endswith(f" can leave {said}")


def test_the_rules_of_a_shape_name_those_of_every_workflow_as_such() -> None:
    report = reported([waiting("mms", "image"), flow(make_step("sms", "text")), flow()])
    said = {line.shape.title.split()[0]: rules_sentence(line, report) for line in report.shapes}
    assert said["SMS"] == "those of every workflow"
    assert said["MMS"].endswith(", and those of every workflow")
    assert said["workflow"] == "REQ128"


def test_the_native_request_is_shown_where_there_is_one() -> None:
    leaving, staying = reported([waiting("mms", "image"), waiting("whatsapp")]).shapes
    assert leaving.native == {
        "to": "<number>",
        "from": "<number>",
        "channel": "mms",
        "message_type": "image",
        "image": {"url": "<url>"},
        "ttl": 600,
        "failover": [
            {
                "to": "<number>",
                "from": "<number>",
                "channel": "sms",
                "message_type": "text",
                "text": "<text of 5 characters>",
            }
        ],
    }
    assert staying.native is None


def test_a_shape_names_steps_terms_and_options() -> None:
    payload = waiting("viber_service_msg", expiry_s=90)
    payload["workflow"][0]["message"]["viber_service_msg"] = {"category": "promotion", "ttl": 60}
    (line,) = reported([payload]).shapes
    assert line.shape.title == (
        "Viber text (category=promotion, ttl=60), delivered within 90 s → SMS text"
    )


def test_a_refused_workflow_has_the_shape_that_can_be_read() -> None:
    payload = waiting("whatsapp")
    payload["workflow"][0]["to"]["type"] = payload["workflow"][0]["from"]["type"] = "pigeon"
    payload["workflow"][0]["failover"] = {"expiry_time": "soon"}
    (line,) = reported([payload]).shapes
    assert line.shape.title == "unknown channel text, ? within ? → SMS text"


def test_advice_is_given_only_where_there_is_something_to_do() -> None:
    assert titles(reported([flow(make_step("sms", "text"))])) == [
        "Send 1 single message by Messages v1 directly"
    ]


def test_advice_comes_in_the_order_of_its_use() -> None:
    report = reported(
        [
            waiting("whatsapp"),
            waiting("viber_service_msg", condition="read"),
            waiting("mms", "image"),
            flow(make_step("sms", "text")),
            flow(),
            '"workflow": [',
        ]
    )
    assert titles(report) == [
        "Look at 1 place that could not be read",
        "Mend 1 refused workflow",
        "Send 1 single message by Messages v1 directly",
        "Decide about 1 workflow that would behave differently",
        "Replace `read` by `delivered` in 1 workflow",
        "Keep 2 workflows on the gateway",
    ]


def test_what_a_change_would_do_was_tried() -> None:
    report = reported(
        [waiting("viber_service_msg", condition="read"), waiting("whatsapp", condition="read")]
    )
    assert "For 1 other it is not enough" in advice(report, "Replace")


def test_what_an_assumption_would_do_was_tried() -> None:
    report = reported([waiting("mms", "image"), waiting("mms", "image", expiry_s=60)])
    assert "1 of these would be the same with a ttl" in advice(report, "Decide")


def test_what_accepting_a_rule_would_do_was_tried() -> None:
    report = reported([waiting("whatsapp"), waiting("whatsapp", condition="read")])
    assert "1 could leave if it is acceptable" in advice(report, "Keep")


def test_refusals_are_explained_by_their_rules() -> None:
    assert "REQ128 workflow-empty in 2" in advice(reported([flow(), flow()]), "Mend")


def test_findings_say_on_which_channels_and_where() -> None:
    report = reported([waiting("whatsapp"), waiting("messenger"), waiting("messenger")])
    (finding,) = report.unsupported
    assert finding.rule.name == "ttl-unavailable"
    assert finding.channels == {"messenger": 2, "whatsapp": 1}
    assert finding.places == {"/workflow/*/failover/expiry_time": 3}


def test_notes_that_are_true_of_every_workflow_stand_apart() -> None:
    report = reported([waiting("mms", "image"), flow(make_step("sms", "text"))])
    assert "final-report-missing" in {line.rule.name for line in report.of_all}
    assert {line.rule.code for line in report.of_all}.isdisjoint(
        line.rule.code for line in report.findings
    )
