"""The memory of recent commits: it never knows less than the file, and never claims more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.stores.recent import RecentRecords
from tests.gateway.stores.building import SHOP, commit, dispatch, plan, uuid_of


@pytest.fixture
def recent() -> RecentRecords:
    return RecentRecords(capacity=2)


def revision_of(recent: RecentRecords, number: int = 1) -> int | None:
    record = recent.recall(uuid_of(number))
    return None if record is None else record.state.revision


def test_a_record_is_what_was_committed(recent: RecentRecords) -> None:
    recent.remember(commit())
    record = recent.recall(uuid_of(1))
    assert record is not None
    assert (record.application, record.state, record.plan) == (SHOP, dispatch(), plan())


def test_a_later_commit_moves_the_record_and_keeps_the_plan(recent: RecentRecords) -> None:
    recent.remember(commit())
    recent.remember(commit(revision=2))
    record = recent.recall(uuid_of(1))
    assert record is not None
    assert (record.state, record.plan) == (dispatch(revision=2), plan())


def test_a_notice_that_comes_late_does_not_bring_back_an_older_record(
    recent: RecentRecords,
) -> None:
    recent.remember(commit())
    recent.remember(commit(revision=3))
    recent.remember(commit(revision=2))
    assert revision_of(recent) == 3


def test_a_later_commit_whose_first_one_is_not_remembered_is_left_to_the_file(
    recent: RecentRecords,
) -> None:
    recent.remember(commit(revision=2))
    assert revision_of(recent) is None


def test_a_plan_that_was_wiped_is_not_made_up(recent: RecentRecords) -> None:
    recent.remember(commit())
    recent.clear()
    recent.remember(commit(revision=2))
    assert revision_of(recent) is None


def test_what_was_forgotten_is_left_to_the_file(recent: RecentRecords) -> None:
    recent.remember(commit(1))
    recent.remember(commit(2))
    recent.forget(uuid_of(1))
    assert (revision_of(recent, 1), revision_of(recent, 2)) == (None, 1)


def test_the_one_committed_longest_ago_makes_room(recent: RecentRecords) -> None:
    for number, revision in ((1, 1), (2, 1), (1, 2), (3, 1)):
        recent.remember(commit(number, revision))
    assert [revision_of(recent, number) for number in (1, 2, 3)] == [2, None, 1]


def test_as_many_as_fit_are_remembered(recent: RecentRecords) -> None:
    for number in (1, 2):
        recent.remember(commit(number))
    assert [revision_of(recent, number) for number in (1, 2)] == [1, 1]


def test_what_another_application_committed_is_its_own(recent: RecentRecords) -> None:
    recent.remember(replace(commit(), application="other"))
    record = recent.recall(uuid_of(1))
    assert record is not None
    assert record.application == "other"
