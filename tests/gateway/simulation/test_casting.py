"""Who plays what: events, scenarios, assumptions, and what contradicts itself."""

from __future__ import annotations

import pytest

from gateway.simulation.casting import cast, describe, read_scenarios
from tests.gateway.simulation.casts import GUIDE, events_of, plan_of


def faults_of(*lines: str, scenarios: dict[int, str] | None = None) -> list[str]:
    _, faults = cast(plan_of(*GUIDE), events_of(*lines), scenarios or {})
    return faults


def test_a_step_about_which_nothing_is_said_is_assumed_to_be_delivered() -> None:
    parts, _ = cast(plan_of(*GUIDE), events_of("1 lost"), {})
    assert [part.is_assumed for part in parts] == [False, True]
    assert describe(parts[1]) == (
        "submitted after 0.2 s, delivered after 1 s; assumed, because nothing was said"
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("1 submitted @1s",), "submitted after 1 s, then silence"),
        (("1 lost @30s",), "no answer after 30 s"),
        (("1 refused 1170",), "refused 1170 at once"),
        (("1 answered @3s",), "answered after 3 s"),
        (("1 rejected 1300 @0s", "1 lost"), "no answer at once, rejected 1300 at once"),
    ],
)
def test_a_part_is_described_in_a_line(lines: tuple[str, ...], expected: str) -> None:
    parts, _ = cast(plan_of(*GUIDE), events_of(*lines), {})
    assert describe(parts[0]) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("throttled", "refused 1000 again and again for 9 min 59.5 s (throttled)"),
        (
            "throttled-once",
            "refused 1000 at first, accepted after 1 s, submitted after 1.2 s,"
            " delivered after 2 s (throttled-once)",
        ),
    ],
)
def test_what_is_tried_again_is_described_so(name: str, expected: str) -> None:
    parts, _ = cast(plan_of(*GUIDE), [], {0: name})
    assert describe(parts[0]) == expected


def test_events_are_played_in_order_of_time() -> None:
    parts, _ = cast(plan_of(*GUIDE), events_of("1 delivered @2s", "1 submitted @1s"), {})
    assert [each.status for each in parts[0].fate.happenings] == ["submitted", "delivered"]


def test_a_scenario_keeps_quiet_about_no_read_receipt() -> None:
    parts, _ = cast(plan_of(*GUIDE), [], {1: "read"})
    assert parts[1].note == "sms has no read receipts: the scenario's read is left out"
    assert [each.status for each in parts[1].fate.happenings] == ["submitted", "delivered"]


def test_a_channel_without_receipts_cannot_be_told_read() -> None:
    assert faults_of("1 read @1s") == [
        "--event 1, column 1: mms has no read receipts (docs/wire.md section 5.2); use delivered"
    ]


def test_a_step_beyond_the_last_is_named() -> None:
    assert faults_of("3 lost") == [
        "--event 1, column 1: there is no step 3; the workflow has 2 steps"
    ]


def test_a_message_has_one_answer() -> None:
    assert "this is the second" in faults_of("1 lost", "1 answered @1s")[0]


def test_a_refused_message_has_no_statuses() -> None:
    assert "has no statuses" in faults_of("1 refused", "1 delivered @1s")[0]


def test_a_step_has_events_or_a_scenario() -> None:
    assert "give it one of both" in faults_of("1 lost", scenarios={0: "read"})[0]


def test_a_scenario_is_for_the_first_step_unless_it_names_one() -> None:
    assert read_scenarios(["rejected", "2=read"], steps=2) == ({0: "rejected", 1: "read"}, [])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["3=read"], "names no step of this workflow, which has 2 steps"),
        (["x=read"], "names no step"),
        (["never-deliverd"], "did you mean never-delivered?"),
        (["nonsense"], "there are: delivered, read, never-delivered"),
        (["read", "1=rejected"], "has a scenario already"),
    ],
)
def test_a_wrong_scenario_is_told(texts: list[str], said: str) -> None:
    _, faults = read_scenarios(texts, steps=2)
    assert said in faults[0]
