"""People who got two messages, and what other expiries would have come to."""

from __future__ import annotations

from dataclasses import replace

from gateway.compare.doubles import EXPIRIES_S, CurvePoint, Doubles, Row
from gateway.compare.normal import read_course
from gateway.traces.model import Trace
from tests.gateway.compare.by_hand import READ, SMS, trace

IN_TIME = trace(SMS, "1 submitted @0", "1 delivered @3", "report completed @3")
LATE = trace(
    SMS,
    "1 submitted @0",
    "2 submitted @15",
    "2 delivered @18",
    "report completed @18",
    "1 delivered @40",
)
NEVER = trace(SMS, "1 submitted @0", "2 submitted @15", "2 delivered @18", "report completed @18")
REJECTED = trace(
    SMS,
    "1 submitted @0",
    "1 rejected 1300 @5",
    "2 submitted @5",
    "2 delivered @8",
    "report completed @8",
)
UNREAD = trace(
    READ, "1 delivered @2", "2 submitted @600", "2 delivered @603", "report completed @603"
)


def counted(*traces: Trace, max_rows: int = 500) -> Doubles:
    doubles = Doubles(max_rows=max_rows)
    for each in traces:
        doubles.add(read_course(each))
    return doubles


def row(*traces: Trace) -> Row:
    (found,) = counted(*traces).rows
    return found


def at(expiry_s: int, *traces: Trace) -> CurvePoint:
    doubles = counted(*traces)
    (channel,) = doubles.channels
    return next(each for each in doubles.curve(*channel) if each.expiry_s == expiry_s)


def test_a_delivery_after_the_failover_is_a_double() -> None:
    found = row(LATE, IN_TIME, NEVER)
    assert (found.steps, found.failovers, found.doubles, found.unread) == (3, 2, 1, 0)


def test_a_message_that_was_there_but_unread_is_counted_apart() -> None:
    found = row(UNREAD)
    assert (found.doubles, found.unread) == (0, 1)


def test_a_late_delivery_is_no_double_if_nothing_else_arrived() -> None:
    alone = trace(
        SMS, "1 submitted @0", "2 submitted @15", "1 delivered @40", "report error @259215"
    )
    assert row(alone).doubles == 0


def test_steps_are_counted_by_channel_condition_and_expiry() -> None:
    keys = [each.key for each in counted(LATE, UNREAD).rows]
    assert [(each.channel, each.condition, each.expiry_s) for each in keys] == [
        ("sms", "delivered", 15),
        ("whatsapp", "read", 600),
    ]


def test_a_longer_wait_saves_a_double() -> None:
    assert [at(expiry_s, LATE).doubles for expiry_s in (15, 30, 45, 60)] == [1, 1, 0, 0]


def test_a_longer_wait_saves_a_failover() -> None:
    assert [at(expiry_s, LATE, NEVER).failovers for expiry_s in (30, 45)] == [2, 1]


def test_who_needs_the_next_message_waits_for_the_whole_expiry() -> None:
    assert at(60, NEVER).delay_s == 60


def test_who_is_rejected_waits_no_longer_than_that() -> None:
    assert at(60, REJECTED).delay_s == 5


def test_the_wait_is_an_average_of_those_who_need_it() -> None:
    assert at(15, NEVER, REJECTED, IN_TIME).delay_s == 10


def test_nobody_waits_if_everything_arrives() -> None:
    assert at(15, IN_TIME).delay_s is None


def test_what_was_unread_is_a_double_under_any_expiry() -> None:
    assert at(86_400, UNREAD).doubles == 1


def test_the_curve_reaches_from_the_shortest_to_the_longest_expiry() -> None:
    assert (EXPIRIES_S[0], EXPIRIES_S[-1]) == (15, 86_400)
    assert list(EXPIRIES_S) == sorted(EXPIRIES_S)


def test_a_cut_record_counts_for_nothing() -> None:
    assert counted(replace(LATE, is_complete=False)).rows == ()


def test_a_channel_that_was_never_waited_for_has_an_empty_curve() -> None:
    assert {each.steps for each in Doubles().curve("mms", "delivered")} == {0}


def test_expiries_beyond_the_bound_are_counted_together() -> None:
    others = [trace((f"sms delivered {15 + index}", "sms"), "1 delivered @3") for index in range(5)]
    rows = counted(*others, max_rows=2).rows
    assert {each.key.expiry_s: each.steps for each in rows} == {15: 1, 16: 1, 0: 3}
