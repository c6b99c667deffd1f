from __future__ import annotations

from collections import Counter

import pytest

from tests.laboratory.happenings import Happening, dispatch_concerned, happenings
from tests.laboratory.left import Left
from tests.laboratory.plan import DispatchPlan, Fault, Plan, StepPlan
from tests.laboratory.run import Verdict
from tests.laboratory.seen import Asked, Posted, Received, Seen, Told
from tests.laboratory.timeline import draw_timeline
from tests.support.golden import FIXTURES, check_golden

ONE = "0194cbbc-0000-4000-8000-00000000000a"
MESSAGE = "aaaaaaaa-0000-4000-8000-000000000001"


def verdict() -> Verdict:
    steps = (StepPlan(channel="sms", expiry_s=15, condition="read"), StepPlan(channel="sms"))
    dispatches = (DispatchPlan(at_s=1.0, steps=steps), DispatchPlan(at_s=2.0, steps=steps))
    faults = (
        Fault(kind="receiver-fails", at_s=1.0, for_s=30.0),
        Fault(kind="kill", at_s=0.0, for_s=20.0, point="webhook-before-commit"),
    )
    seen = Seen(
        asked=[
            Asked(at_s=1.0, dispatch=0),
            Asked(at_s=1.5, dispatch=0, status=202, dispatch_uuid=ONE),
            Asked(at_s=2.0, dispatch=1, status=202, dispatch_uuid="another"),
        ],
        posted=[
            Posted(
                at_s=1.6,
                dispatch=0,
                step=0,
                kind="accept",
                message_uuid=MESSAGE,
                answered_s=1.7,
            )
        ],
        told=[
            Told(
                at_s=4.0 + 5 * attempt,
                dispatch=0,
                step=0,
                message_uuid=MESSAGE,
                status="submitted",
                attempt=attempt,
                http_status=None if attempt < 5 else 200,
            )
            for attempt in range(6)
        ],
        received=[
            Received(
                at_s=29.5,
                webhook_id=f"msg_{ONE}.8",
                path="/first",
                body=b"",
                document={"status": "submitted"},
                was_taken=False,
                http_status=503,
                is_correction=False,
            ),
            Received(
                at_s=34.5,
                webhook_id=f"msg_{ONE}.16",
                path="/first",
                body=b"",
                document={"status": "completed", "dispatch_uuid": ONE},
                was_taken=True,
                http_status=200,
                is_correction=False,
            ),
        ],
        faults=[
            "     0.000  p0.1: starts",
            "     4.000  p0.1: killed at webhook-before-commit; starts again after 20.0 s",
            "     4.100  upstream: d1 s0 never arrives",
            "    24.000  p0.2: starts",
        ],
    )
    return Verdict(
        plan=Plan(seed=1, dispatches=dispatches, faults=faults),
        violations=[],
        counts=Counter(),
        seen=seen,
        dispatches=2,
        virtual_s=40.0,
        turns=100,
        left=Left.nothing(),
    )


def test_what_happened_is_drawn_with_a_column_for_each_actor() -> None:
    drawn = draw_timeline(happenings(verdict(), 0), width=120)
    check_golden(FIXTURES / "laboratory" / "timeline.txt", drawn)


@pytest.mark.parametrize("width", [80, 100, 120, 160, 240])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = draw_timeline(happenings(verdict(), 0), width=width).splitlines()
    assert max(map(len, lines)) <= width


def test_what_happens_at_one_instant_is_told_under_one_number() -> None:
    both = [Happening(at_s=1.0, actor="caller", told="asks")] * 2
    assert draw_timeline(both, width=100).count("1.000") == 1


@pytest.mark.parametrize(
    ("violation", "number"),
    [
        ("messages: d1 s0 was POSTed again", 1),
        (f"order: {ONE}.8 came at 3.0, before its turn", 0),
        (f"webhooks: read of {MESSAGE} was taken, and told to nobody", 0),
        ("not everything came to its end in time", 0),
    ],
)
def test_a_violation_names_the_dispatch_that_is_drawn(violation: str, number: int) -> None:
    assert dispatch_concerned(verdict(), violation) == number
