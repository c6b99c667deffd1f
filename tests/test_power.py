"""The power goes at 1,000 changes of a store's files; at every one by `make power-test`."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from gateway.stores import group_commit, sqlite, sqlite_commit
from gateway.stores import open as opening
from gateway.stores.base import Commit, OutboxItem
from gateway.stores.record import pack_id
from gateway.stores.sqlite_log import DatabaseFiles
from gateway.stores.transactions import Batch, Operation, Transaction, run_batch
from tests.power.disk import memory
from tests.power.replay import Replay, Tally
from tests.power.trace import Trace
from tests.power.vfs import CAN_HEAR
from tests.power.workload import End, Plan, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CAN_HEAR, reason="the functions of this Python's SQLite cannot be reached from outside"
    ),
]


CLOSELY: Final = 40
"""So many cuts are made where a sync has failed."""
SMALL: Final = Plan(seed=1, callers=2, dispatches=3, ends=[End.CLOSED])
"""Small, for a bug that is seen soon."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="power-", dir=memory()) as made:
        yield Path(made)


async def cut(folder: Path, trace: Trace, places: Collection[int], *, seed: int = 1) -> Tally:
    """Cut at these places of a run."""
    tally = Tally()
    await Replay(folder / "cut", tally).cut(trace, places, seed=seed)
    return tally


@pytest.mark.parametrize("writer", ["loop", "thread"])
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "of the release before"])
async def test_what_was_answered_is_there_after_the_power_went_and_nothing_by_half(
    folder: Path, tmp_path: Path, writer: str, is_old: bool
) -> None:
    plan = Plan(seed=20, dispatches=5, writer=writer, is_of_the_release_before=is_old)
    trace = await run(plan, folder)
    tally = await cut(folder, trace, Random(plan.seed).sample(trace.changes(), 250))
    if tally.violations:
        trace.save(tmp_path / "trace")
    assert tally.violations == [], f"again: python -m tests.power --trace {tmp_path / 'trace'}"
    # Or nothing was proved: something was lost, of which nobody had been told.
    assert tally.lost


async def test_a_store_that_does_not_sync_its_commits_is_found_out(folder: Path) -> None:
    trace = await run(replace(SMALL, synchronous="normal"), folder)
    tally = await cut(folder, trace, trace.changes_after_answers())
    assert tally.violations


def answer_before_the_sync(
    connection: sqlite3.Connection, operations: Sequence[Operation[Any]], files: DatabaseFiles
) -> Batch:
    """Do what `run_batch` does, but make it durable only after everybody was answered."""
    connection.execute("PRAGMA synchronous = NORMAL")
    batch = run_batch(connection, operations, files)
    loop, log = asyncio.get_running_loop(), os.open(f"{files.path}-wal", os.O_RDWR)

    def sync() -> None:
        os.fsync(log)
        os.close(log)

    loop.call_soon(loop.call_soon, sync)
    return batch


async def test_an_answer_before_the_sync_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "run_batch", answer_before_the_sync)
    trace = await run(SMALL, folder)
    tally = await cut(folder, trace, trace.changes_after_answers())
    assert any("of no transaction since the last answer" in each for each in tally.violations)


def commit_in_two(made: Commit, **given: Any) -> Operation[Sequence[OutboxItem]]:
    """Return what `commit_operation` does, with the timers in a transaction of their own."""
    first = sqlite_commit.commit_operation(replace(made, timers_set=()), **given)

    def operation(transaction: Transaction) -> Sequence[OutboxItem]:
        claimed = first(transaction)
        transaction.execute("COMMIT")
        transaction.execute("BEGIN IMMEDIATE")
        (dispatch,) = transaction.execute(
            "SELECT id FROM dispatch WHERE uuid = ?", (pack_id(made.state.dispatch_uuid),)
        ).fetchone()
        sqlite_commit._set_timers(transaction, dispatch, made.timers_set)
        return claimed

    return operation


async def test_a_commit_in_two_transactions_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "commit_operation", commit_in_two)
    trace = await run(SMALL, folder)
    tally = await cut(folder, trace, Random(1).sample(trace.changes(), 100))
    assert any("a timer of revision" in each for each in tally.violations)


async def broken_after_a_failed_sync(folder: Path, end: End) -> list[str]:
    """Run stores until a promise is broken where a sync failed; return how, or nothing."""
    for seed in range(1, 9):
        place = folder / str(seed)
        place.mkdir()
        trace = await run(replace(SMALL, seed=seed, ends=[end, End.CLOSED]), place)
        failed = trace.changes_after_a_failed_sync()
        tally = await cut(folder, trace, failed[: 3 * CLOSELY : 3], seed=seed)
        if tally.violations:
            return tally.violations
    return []


async def test_a_failed_commit_that_is_left_in_the_log_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DatabaseFiles, "cut_back", lambda files, noted: True)
    assert await broken_after_a_failed_sync(folder, End.SYNC_FAILS)


async def test_a_start_that_believes_the_log_of_a_failed_sync_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "rewrite_log", lambda path: None)
    assert await broken_after_a_failed_sync(folder, End.DISK_FAILS)
