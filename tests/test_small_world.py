"""The enumeration of the small world is complete, and a sample of it keeps every promise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.core.state import TRANSITIONS
from tests.laboratory.orders import Order, Step, orders_of
from tests.laboratory.plan import Fault
from tests.laboratory.points import KILL_POINTS
from tests.laboratory.run import run
from tests.laboratory.small_parts import PARTS, REPLIES, Combination, Part, passages_of
from tests.laboratory.small_reach import explained, unexplained
from tests.laboratory.small_world import Runner, Sum, tasks

PART_OF = {part.name: part for part in PARTS}
FIRST = Step(words=("submitted", "read"), condition="read")
SECOND = Step(words=("delivered",))
EVENTS = (
    "answer 0",
    "submitted 0",
    "read 0",
    "expiry",
    "answer 1",
    "delivered 1",
    "horizon",
)


@pytest.fixture
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def short_form() -> Sum:
    """Some hundreds of combinations, of every part."""
    runner, total = Runner(), Sum()
    for task in tasks(PART_OF, every=89, kills_every=11):
        part = PART_OF[task.part]
        # Of two kills, one after the other, the second is sampled once more.
        kills_every = 3 if part.kills_again else task.kills_every
        total.add(runner.whole(part, task.base, every=kills_every, first=task.index))
    runner.close()
    return total


def is_possible(order: Order) -> bool:
    """Tell whether every event of an order has what it needs before it."""
    at = {name: index for index, name in enumerate(order)}
    never = len(order)

    def before(one: str, other: str) -> bool:
        return at.get(one, never) < at.get(other, never)

    rules = (
        # A timer runs from the first that is heard of a message until it is read.
        "expiry" not in at or before("answer 0", "expiry") or before("submitted 0", "expiry"),
        not before("read 0", "expiry") or "expiry" not in at,
        # The second step is sent when the first failed and its own send is answered.
        all(
            before("expiry", name) and before("answer 0", name)
            for name in ("answer 1", "delivered 1")
            if name in at
        ),
        "horizon" not in at or (before("answer 1", "horizon")),
        not before("delivered 1", "horizon") or "horizon" not in at,
    )
    return all(rules)


def possible_orders() -> set[Order]:
    """Return every permutation that is possible and to which nothing can be added."""
    possible = {
        order
        for size in range(1, len(EVENTS) + 1)
        for order in itertools.permutations(EVENTS, size)
        if is_possible(order)
    }
    return {order for order in possible if not any((*order, one) in possible for one in EVENTS)}


def test_the_orders_are_all_permutations_that_can_happen() -> None:
    assert set(orders_of(FIRST, SECOND)) == possible_orders()


def test_no_order_is_there_twice() -> None:
    orders = list(orders_of(FIRST, SECOND))
    assert len(orders) == len(set(orders))


def test_the_kills_are_the_product_of_orders_and_lost_replies() -> None:
    bases = list(PART_OF["kills"].bases())
    orders = {(base.first.words, base.order) for base in bases}
    sent = sum(any(name.endswith(" 1") for name in order) for _, order in orders)
    # Of a second send that is never made no answer can be lost.
    assert len(bases) == sent * 2 ** len(REPLIES) + (len(orders) - sent) * 2 ** (len(REPLIES) - 1)


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_no_combination_is_there_twice(part: Part) -> None:
    names = [base.name for base in part.bases()]
    assert len(names) == len(set(names))


def test_a_base_is_killed_at_every_passage(runner: Runner) -> None:
    part, base = PART_OF["kills"], a_base("kills")
    passages = len(runner.run(base).seen.passed)
    assert runner.whole(part, base).runs["kills"] == 1 + passages


def test_every_passage_at_which_a_base_is_killed_is_reached(runner: Runner) -> None:
    part, base = PART_OF["kills"], a_base("kills")
    passages = passages_of(runner.run(base).seen.passed)
    runner.sum = Sum()
    for killed in part.kills(base, passages):
        runner.run(killed)
    assert runner.sum.killed.total() == len(passages)


def test_a_kill_that_is_passed_less_often_changes_nothing() -> None:
    plan = a_base("kills").plan()
    late = Fault(kind="kill", point="webhook-after-commit", nth=99)
    assert run(replace(plan, faults=(*plan.faults, late))).seen == run(plan).seen


def test_every_kill_point_is_reached(short_form: Sum) -> None:
    assert [point for point in KILL_POINTS if not short_form.killed[point]] == []


def test_the_short_form_keeps_every_promise(short_form: Sum) -> None:
    assert [(found.name, found.told) for found in short_form.found] == []


def test_the_short_form_has_every_part(short_form: Sum) -> None:
    assert set(short_form.runs) == set(PART_OF)


def test_nothing_comes_about_that_is_said_to_be_impossible(short_form: Sum) -> None:
    assert list(unexplained(short_form.moves)) == []


def test_only_pairs_of_the_table_are_explained() -> None:
    assert explained() <= set(TRANSITIONS)


def a_base(part: str) -> Combination:
    """Return one that goes through everything."""
    wanted = ("answer 0", "expiry", "answer 1", "read 0", "delivered 1")
    return next(
        base
        for base in PART_OF[part].bases()
        if base.order == wanted and base.lost == frozenset({"request", "webhooks"})
    )
