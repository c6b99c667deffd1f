"""The laboratory notices what it is there to notice: every planted bug is caught.

This is the short form. It begins each bug with the seed that the last whole search found
(`make planted-bugs`, from seed 0 on), and searches from 0 on when that seed shows it no more.
"""

from __future__ import annotations

import pytest

from tests.laboratory.planted import record
from tests.laboratory.planted.catalogue import BUGS
from tests.laboratory.planted.edits import Bug, planted
from tests.laboratory.planted.search import Caught, search_all

_LEAST_BUGS = 20


@pytest.fixture(scope="module")
def caught() -> dict[str, Caught | None]:
    known = record.read()
    return dict(
        search_all(
            {bug.name: [known[bug.name].seed, *range(record.MOST_SEEDS)] for bug in BUGS},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [bug.name for bug in BUGS])
def test_a_planted_bug_is_caught(name: str, caught: dict[str, Caught | None]) -> None:
    assert caught[name] is not None


def test_the_last_whole_search_caught_every_bug_and_half_of_them_soon() -> None:
    known = record.read()
    assert known.keys() == {bug.name for bug in BUGS}
    assert len(known) >= _LEAST_BUGS
    assert max(one.seeds for one in known.values()) < record.MOST_SEEDS
    assert record.median(BUGS, known) < record.MOST_MEDIAN


def test_the_page_shows_what_the_last_whole_search_found() -> None:
    assert record.table(BUGS, record.read()) in record.PAGE.read_text()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_gone_when_it_was_planted(bug: Bug) -> None:
    right = [edit.function.__code__ for edit in bug.edits]
    with planted(bug):
        assert all(
            edit.function.__code__ is not code for edit, code in zip(bug.edits, right, strict=True)
        )
    assert [edit.function.__code__ for edit in bug.edits] == right
