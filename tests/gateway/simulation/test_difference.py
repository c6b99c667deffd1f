"""The sentences that say what sets the services apart."""

from __future__ import annotations

import pytest

from gateway.simulation.casting import cast
from gateway.simulation.difference import differences
from gateway.simulation.scenarios import SCENARIOS
from gateway.simulation.simulation import simulate
from tests.gateway.simulation.casts import GUIDE, plan_of, played
from translators.rules import Switches

READ = ("whatsapp read 600", "sms")


@pytest.mark.parametrize(
    ("steps", "lines", "expected"),
    [
        pytest.param(
            GUIDE,
            ("1 submitted @1s",),
            [
                "Under native v1 the SMS is never sent: v1 fails over on rejected only, and the MMS"
                " never was.",
                "Under native v1 with ttl the same is sent at the same time, without a final"
                " report, and no message comes late: the ttl has ended the MMS.",
            ],
            id="never-delivered",
        ),
        pytest.param(
            GUIDE,
            ("1 delivered @20m",),
            [
                "Under this gateway the person gets two messages: the SMS after 10 min 1 s and the"
                " MMS after 20 min.",
                "Under native v1 the SMS is never sent: v1 fails over on rejected only, and the MMS"
                " was delivered, 20 min after it was sent.",
                "Under native v1 with ttl only the SMS arrives, without a final report: the ttl has"
                " ended the MMS.",
            ],
            id="late-delivery",
        ),
        pytest.param(
            GUIDE,
            ("1 undeliverable @3s",),
            [
                "Under native v1, with or without ttl, the SMS is never sent: v1 fails over on"
                " rejected only, and the MMS was undeliverable.",
            ],
            id="undeliverable",
        ),
        pytest.param(
            GUIDE,
            ("1 refused",),
            [
                "Under native v1, with or without ttl, nothing is sent: v1 refuses the request as a"
                " whole, where the gateway goes on with the next step.",
            ],
            id="refused",
        ),
        pytest.param(
            ("sms",),
            ("1 refused",),
            [
                "Under native v1, with or without ttl, nothing is sent: v1 refuses the request as a"
                " whole.",
            ],
            id="refused-alone",
        ),
        pytest.param(
            GUIDE,
            ("1 delivered @1s", "1 rejected @2s"),
            [
                "Under native v1, with or without ttl, the SMS is sent as well, and the person gets"
                " two messages: the MMS after 1 s and the SMS after 3 s.",
            ],
            id="rejected-late",
        ),
        pytest.param(
            ("mms delivered 60", "sms"),
            ("1 submitted @1s",),
            [
                "Under native v1 the SMS is never sent: v1 fails over on rejected only, and the MMS"
                " never was.",
                "Under native v1 with ttl the SMS is sent after 5 min, not after 1 min.",
            ],
            id="ttl-raised",
        ),
        pytest.param(
            READ,
            ("1 delivered @2s",),
            [
                "Under this gateway the person gets two messages: the WhatsApp message after 2 s"
                " and the SMS after 10 min 1 s.",
                "Under native v1, with or without ttl, the SMS is never sent: v1 fails over on"
                " rejected only, and the WhatsApp message was delivered, 2 s after it was sent.",
            ],
            id="read",
        ),
        pytest.param(
            ("sms delivered 60", "sms"),
            ("1 rejected @2s",),
            [
                "Under native v1, with or without ttl, the recipient gets the same at the same"
                " time, without a final report.",
            ],
            id="the-same",
        ),
        pytest.param(
            ("sms delivered 60", "sms"),
            ("1 undeliverable @2s",),
            [
                "Under native v1, with or without ttl, the SMS of step 2 is never sent: v1 fails"
                " over on rejected only, and the SMS of step 1 was undeliverable.",
            ],
            id="one-channel-twice",
        ),
        pytest.param(
            ("mms delivered 600", "sms delivered 60", "whatsapp"),
            ("1 delivered @20m", "2 delivered @1h", "3 delivered @1s"),
            [
                "Under this gateway the person gets three messages: the WhatsApp message after"
                " 11 min 1 s, the MMS after 20 min and the SMS after 1 h 10 min.",
                "Under native v1 the SMS is never sent: v1 fails over on rejected only, and the MMS"
                " was delivered, 20 min after it was sent.",
                "Under native v1 with ttl only the WhatsApp message arrives, without a final"
                " report: the ttl has ended the MMS and the SMS.",
            ],
            id="three-messages",
        ),
    ],
)
def test_the_difference_is_told(
    steps: tuple[str, ...], lines: tuple[str, ...], expected: list[str]
) -> None:
    assert differences(played(steps, *lines)) == expected


@pytest.mark.parametrize(
    ("name", "steps", "rest"),
    [
        ("throttled-once", GUIDE, ""),
        ("throttled", ("sms",), ""),
        ("throttled", GUIDE, " before it goes on with the next step"),
    ],
)
def test_who_would_have_to_try_again_is_said(name: str, steps: tuple[str, ...], rest: str) -> None:
    plan = plan_of(*steps)
    parts, _ = cast(plan, [], {0: name})
    simulation = simulate(plan, [part.fate for part in parts], switches=Switches())
    assert differences(simulation) == [
        "Under native v1, with or without ttl, nothing is sent: v1 refuses the request as a whole,"
        f" and only its caller can try again, as the gateway does{rest}.",
    ]


def test_a_message_that_v1_never_took_is_the_end_of_it() -> None:
    plan = plan_of(*GUIDE)
    parts, _ = cast(plan, [], {0: "internal-error"})
    simulation = simulate(plan, [part.fate for part in parts], switches=Switches())
    assert differences(simulation) == [
        "Under native v1, with or without ttl, the SMS is never sent: v1 never took the message"
        " before it.",
    ]


@pytest.mark.parametrize("first", SCENARIOS)
def test_there_is_a_sentence_for_any_pair_of_scenarios(first: str) -> None:
    plan = plan_of("viber_service_msg read 60", "mms")
    casts = [cast(plan, [], {0: first, 1: second})[0] for second in SCENARIOS]
    said = [
        differences(simulate(plan, [part.fate for part in parts], switches=Switches()))
        for parts in casts
    ]
    assert all(sentence.endswith(".") for sentences in said for sentence in sentences)
