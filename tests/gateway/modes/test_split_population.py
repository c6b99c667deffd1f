"""Ten thousand workflows under a dial that is turned while they run, in virtual time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from gateway.traces.model import Path
from tests.gateway.modes.splitting import Population, Split, a_split

DAYS = 86_400
SplitAt: TypeAlias = Callable[[str], Split]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Population]:
    """10,000 workflows of 6,000 people in a day; the dial goes from 10 to 40 and back to 10."""
    population = Population(a_split(tmp_path_factory.mktemp("split")))
    for percentage, workflows in (("10", 4_000), ("40", 3_000), ("10", 3_000)):
        population.split.turn(percentage)
        population.live(workflows, people=6_000, every_s=8.0)
    yield population
    population.split.close()


def test_every_workflow_is_on_one_path_for_life(lived: Population) -> None:
    assert _pledges(lived, "SELECT count(DISTINCT dispatch_uuid), count(*) FROM pledges") == (
        10_000,
        10_000,
    )


def test_nobody_is_messaged_by_both_paths(lived: Population) -> None:
    assert [number for number, paths in lived.paths.items() if len(paths) > 1] == []


def test_no_workflow_crosses(lived: Population) -> None:
    crossings = lived.split.metrics.registry.get_sample_value("gateway_split_crossings_total")
    assert crossings == 0


def test_a_tenth_of_the_people_is_served_here(split_at: SplitAt) -> None:
    taken = Population(split_at("10")).live(2_000, people=10**9, every_s=1.0)
    assert 0.08 < taken.count(Path.GATEWAY) / len(taken) < 0.12


def test_turning_the_dial_reaches_newcomers_at_once(split_at: SplitAt) -> None:
    population = Population(split_at("10"))
    population.live(200, people=10**9, every_s=1.0)
    population.split.turn("100")
    assert set(population.live(200, people=10**9, every_s=1.0)) == {Path.GATEWAY}


def test_even_frequent_recipients_have_moved_after_three_days(split_at: SplitAt) -> None:
    split = split_at("0")
    for _ in range(10):
        split.end(split.accept("447700900001")[1])
    split.turn("100")
    seen = []
    for _ in range(5):
        path, dispatch_uuid = split.accept("447700900001")
        split.end(dispatch_uuid)
        seen.append(path)
        split.clock.advance(DAYS)
    assert seen == [Path.LEGACY, Path.LEGACY, Path.LEGACY, Path.GATEWAY, Path.GATEWAY]


def test_what_binds_nobody_any_more_is_forgotten(split_at: SplitAt) -> None:
    population = Population(split_at("10"))
    population.live(500, people=10**9, every_s=1.0)
    population.split.clock.advance(30 * DAYS)
    population.live(200, people=10**9, every_s=1.0)
    assert _pledges(population, "SELECT count(*) FROM pledges") == (200,)


def _pledges(population: Population, query: str) -> tuple[int, ...]:
    with sqlite3.connect(population.split.folder / "gateway.db.split") as connection:
        (row,) = connection.execute(query).fetchall()
    connection.close()
    return tuple(row)
