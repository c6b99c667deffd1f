"""A refused operation leaves every table of the file as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.core.state import DispatchStatus
from gateway.stores.base import (
    CauseSpent,
    Commit,
    OutboxCause,
    OutboxItemId,
    RequestCause,
    RevisionConflict,
    Store,
    TimerCause,
)
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    SHOP,
    callback,
    commit,
    plan,
    put,
    send,
    timer,
    uuid_of,
    webhook,
)
from tests.support.stores import open_sqlite_in_loop

KEYED = RequestCause(application=SHOP, idempotency_key="key")
SEND_ID = OutboxItemId(owner=uuid_of(1), position=1)


def contents(directory: Path) -> dict[str, list[Any]]:
    """Return every row of every table."""
    connection = sqlite3.connect(directory / "store.db")
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    rows = {
        name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608
        for (name,) in tables.fetchall()
    }
    connection.close()
    return rows


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store that has something in every table a commit writes to."""
    opened = await open_sqlite_in_loop(tmp_path)
    await put(opened, commit(cause=KEYED, timers_set=[timer()], outbox=[send(1), callback(2)]))
    await put(opened, commit(revision=2, bindings=[(uuid_of(7), 0)], cause=webhook("said")))
    yield opened
    await opened.close()


def greedy(number: int = 1, revision: int = 3, **cause: Any) -> Commit:
    """Return a commit that would write to every table."""
    return commit(
        number,
        revision,
        **cause,
        status=DispatchStatus.ERROR,
        timers_set=[timer(number, due_ms=NOW + 9)],
        timers_dropped=[timer(number)],
        outbox=[callback(80, number), send(81, number)],
        bindings=[(uuid_of(8), 1)],
    )


@pytest.mark.parametrize(
    "refused",
    [
        greedy(revision=2),
        greedy(revision=5),
        greedy(revision=1),
        greedy(2, revision=2),
        greedy(2, revision=1, cause=KEYED),
        greedy(cause=webhook("said")),
        greedy(cause=TimerCause(timer=timer(due_ms=NOW + 1))),
        greedy(cause=OutboxCause(item_id=SEND_ID, fence=2)),
        greedy(cause=OutboxCause(item_id=OutboxItemId(owner="gone", position=1), fence=1)),
    ],
    ids=[
        "past revision",
        "future revision",
        "made again",
        "unknown dispatch",
        "key used",
        "webhook used",
        "no such timer",
        "stale fence",
        "no such item",
    ],
)
async def test_a_refused_commit_changes_no_table(
    store: Store, tmp_path: Path, refused: Commit
) -> None:
    before = contents(tmp_path)
    with pytest.raises((RevisionConflict, CauseSpent)):
        await put(store, refused)
    assert contents(tmp_path) == before


async def test_a_commit_the_database_cannot_hold_changes_no_table(
    store: Store, tmp_path: Path
) -> None:
    before = contents(tmp_path)
    with pytest.raises(OverflowError):
        await put(store, commit(revision=3, outbox=[callback(80)], timers_set=[timer(step=2**70)]))
    assert contents(tmp_path) == before


async def test_an_item_appended_twice_changes_no_table(store: Store, tmp_path: Path) -> None:
    before = contents(tmp_path)
    with pytest.raises(sqlite3.IntegrityError):
        await put(store, commit(revision=3, outbox=[callback(80), callback(2)]))
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "contradiction",
    [replace(commit(revision=3), plan=plan()), replace(commit(2), plan=None)],
    ids=["a second plan", "no plan"],
)
async def test_a_commit_with_a_plan_too_many_or_too_few_changes_no_table(
    store: Store, tmp_path: Path, contradiction: Commit
) -> None:
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="a plan"):
        await put(store, contradiction)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "contradiction",
    [
        commit(revision=3, timers_set=[timer(2)]),
        commit(revision=3, timers_dropped=[timer(2)]),
    ],
)
async def test_a_commit_about_another_dispatch_s_timers_changes_no_table(
    store: Store, tmp_path: Path, contradiction: Commit
) -> None:
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="its own dispatch"):
        await put(store, contradiction)
    assert contents(tmp_path) == before


async def test_a_refused_enqueueing_changes_no_table(store: Store, tmp_path: Path) -> None:
    await store.enqueue(callback(0, 9), digest=b"in", now_ms=NOW, lease_ms=LEASE)
    before = contents(tmp_path)
    with pytest.raises(CauseSpent):
        await store.enqueue(callback(1, 9), digest=b"in", now_ms=NOW, lease_ms=LEASE)
    assert contents(tmp_path) == before


async def test_a_stale_holder_changes_no_table(store: Store, tmp_path: Path) -> None:
    (item,) = await store.enqueue(callback(0, 9), digest=b"in", now_ms=NOW, lease_ms=LEASE)
    await store.claim(item.kind, now_ms=NOW + LEASE, lease_ms=LEASE, room={SHOP: 9})
    before = contents(tmp_path)
    await store.begin(item, now_ms=NOW)
    await store.settle(item, now_ms=NOW, lease_ms=LEASE)
    await store.release(item, due_ms=NOW, tried=True)
    await store.bury(item, reason="refused", http_status=422, now_ms=NOW, lease_ms=LEASE)
    assert contents(tmp_path) == before
