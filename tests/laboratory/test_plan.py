from __future__ import annotations

import pytest

from tests.laboratory.describe import describe
from tests.laboratory.draws import draw
from tests.laboratory.plan import Plan

SEEDS = range(1, 101)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_has_one_plan(seed: int) -> None:
    assert draw(seed) == draw(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_comes_back_from_its_file_as_it_was(seed: int) -> None:
    plan = draw(seed)
    assert Plan.from_json(plan.to_json()) == plan


def test_seeds_differ() -> None:
    assert len({draw(seed).to_json() for seed in SEEDS}) == len(SEEDS)


def test_some_seeds_are_calm_and_some_have_many_faults() -> None:
    counts = [len(draw(seed).faults) for seed in SEEDS]
    assert min(counts) == 0
    assert max(counts) >= 8


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_and_dispatch_of_a_plan_is_told(seed: int) -> None:
    plan = draw(seed)
    told = "\n".join(describe(plan))
    assert told.count(" is asked for at ") == len(plan.dispatches)
    assert all(fault.kind in told for fault in plan.faults)
