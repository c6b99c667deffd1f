"""Which ways the traffic took, and traces for those that it did not."""

from __future__ import annotations

import pytest

from gateway.compare.comparison import Outcome
from gateway.compare.coverage import Branch, Coverage, Way, ways_of, ways_taken
from gateway.compare.differ import compare
from gateway.compare.normal import read_course
from gateway.compare.replay import replay
from gateway.compare.shape import read_workflow
from gateway.compare.synthetic import make_trace
from gateway.traces.model import Trace
from tests.gateway.compare.by_hand import READ, SMS, trace
from tests.gateway.simulation.casts import document_of

THREE = ("whatsapp read 600", "viber_service_msg delivered 60", "sms")
MET = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3")
EXPIRED = trace(
    SMS,
    "1 submitted @0.2",
    "2 submitted @15.3",
    "2 delivered @18",
    "report completed @18",
    "1 delivered @60",
)


def taken(reference: Trace) -> set[str]:
    return set(map(str, ways_taken(read_course(reference))))


def covered(*traces: Trace, max_shapes: int = 1000) -> Coverage:
    coverage = Coverage(max_shapes=max_shapes)
    for each in traces:
        coverage.add(read_course(each), each.request, each.path)
    return coverage


@pytest.mark.parametrize(
    ("lines", "ways"),
    [
        (
            ("1 delivered @3", "report completed @3"),
            {"step 1 condition met", "report completed"},
        ),
        (
            ("1 submitted @1", "1 rejected 1300 @2", "2 submitted @2", "2 undeliverable 1331 @3",
             "report error @3"),
            {"step 1 rejected", "step 2 undeliverable", "report error"},
        ),
        (
            ("1 rejected 1300 @1", "2 submitted @1.2", "report error @259200"),
            {"step 1 refused at submission", "step 2 never resolved", "report error"},
        ),
    ],
)  # fmt: skip
def test_a_workflow_takes_its_ways(lines: tuple[str, ...], ways: set[str]) -> None:
    assert taken(trace(SMS, *lines)) == ways


def test_a_late_delivery_is_a_way_of_its_own() -> None:
    assert taken(EXPIRED) == {
        "step 1 expired",
        "step 1 delivered after it was given up",
        "step 2 condition met",
        "report completed",
    }


def test_what_was_not_taken_is_missing() -> None:
    (shape,) = covered(MET, EXPIRED).shapes.values()
    assert list(map(str, shape.missing)) == [
        "step 1 rejected",
        "step 1 undeliverable",
        "step 1 refused at submission",
        "step 2 rejected",
        "step 2 undeliverable",
        "step 2 refused at submission",
        "step 2 never resolved",
        "report error",
    ]


def test_a_condition_that_is_never_met_is_no_way() -> None:
    ways = list(ways_of(read_workflow(document_of("sms read 60", "sms")), has_doubt=False))
    assert Way(step=0, branch=Branch.MET) not in ways


def test_main_branches_are_covered_by_few_workflows() -> None:
    (shape,) = covered(MET, EXPIRED).shapes.values()
    assert shape.uncovered == ()


def test_main_branches_that_were_never_seen_are_named() -> None:
    (shape,) = covered(MET).shapes.values()
    assert shape.uncovered == ("step 2 condition met", "step 1 given up")


def test_shapes_are_counted_apart() -> None:
    read = trace(READ, "1 read @3", "report completed @3")
    assert [each.workflows for each in covered(MET, EXPIRED, read).shapes.values()] == [2, 1]


def test_shapes_beyond_the_bound_are_counted_together() -> None:
    read = trace(READ, "1 read @3", "report completed @3")
    assert covered(MET, read, max_shapes=1).others == 1


WAYS = list(ways_of(read_workflow(document_of(*THREE)), has_doubt=True))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_trace_can_be_made_for_every_way(way: Way) -> None:
    made = make_trace(document_of(*THREE), way)
    assert made is not None
    assert str(way) in taken(made)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_made_trace_replays_to_itself(way: Way) -> None:
    made = make_trace(document_of(*THREE), way)
    assert made is not None
    assert compare(made, replay(made)).outcome is Outcome.IDENTICAL


def test_a_trace_is_made_the_same_twice() -> None:
    request, way = document_of(*THREE), WAYS[0]
    assert make_trace(request, way) == make_trace(request, way)


def test_no_trace_is_made_of_a_request_that_is_refused() -> None:
    assert make_trace({"template": "failover"}, WAYS[0]) is None
