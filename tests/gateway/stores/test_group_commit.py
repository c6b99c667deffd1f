"""The one writer: operations of one turn share a transaction, and fail alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.stores.base import CauseSpent, StoreFault, StoreUnavailable
from gateway.stores.group_commit import BATCH_LIMIT, GroupCommit
from gateway.stores.sqlite_lock import FileLock
from gateway.stores.sqlite_log import DatabaseFiles
from gateway.stores.sqlite_rescue import Rescued
from gateway.stores.transactions import Transaction


class Bench:
    """A writer on a table of numbers, and the statements it ran."""

    def __init__(self, path: Path, *, inline: bool) -> None:
        self.statements: list[str] = []
        self._lock = FileLock(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE number (value INTEGER PRIMARY KEY) STRICT")
        connection.set_trace_callback(self.statements.append)
        self._files = DatabaseFiles(path, self._lock.identity)
        self.writer = GroupCommit(
            connection,
            inline=inline,
            files=self._files,
            rescue=lambda connection: Rescued(remedy="", is_complete=True),
        )
        self.reader = sqlite3.connect(path)

    async def add(self, value: int) -> int:
        """Add a number, and return it."""
        return await self.writer.submit(adding(value))

    def numbers(self) -> list[int]:
        """Return what is committed."""
        return [value for (value,) in self.reader.execute("SELECT value FROM number")]

    async def close(self) -> None:
        self.reader.close()
        await self.writer.close(sqlite3.Connection.close)
        self._files.close()
        self._lock.release()


def adding(value: int) -> Callable[[Transaction], int]:
    def operation(transaction: Transaction) -> int:
        transaction.execute("INSERT INTO number VALUES (?)", (value,))
        transaction.sizes["numbers"] += 1
        return value

    return operation


def refused(transaction: Transaction) -> None:
    raise CauseSpent


def bad(transaction: Transaction) -> None:
    transaction.execute("INSERT INTO number VALUES (1000)")
    raise ZeroDivisionError


def filling(transaction: Transaction) -> None:
    for value in range(10_000, 20_000):
        transaction.execute("INSERT INTO number VALUES (?)", (value,))


@pytest.fixture(params=[True, False], ids=["loop", "thread"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "numbers.db", inline=request.param)
    yield made
    await made.close()


async def test_operations_of_one_turn_share_a_transaction(bench: Bench) -> None:
    assert await asyncio.gather(*(bench.add(n) for n in range(50))) == list(range(50))
    assert bench.statements.count("COMMIT") == 1


async def test_an_operation_is_answered_after_its_commit(bench: Bench) -> None:
    await bench.add(7)
    assert bench.numbers() == [7]


async def test_a_transaction_is_bounded(bench: Bench) -> None:
    await asyncio.gather(*(bench.add(n) for n in range(BATCH_LIMIT + 1)))
    assert bench.statements.count("COMMIT") == 2


async def test_a_refusal_leaves_its_neighbours_alone(bench: Bench) -> None:
    outcomes = await asyncio.gather(
        bench.add(1), bench.writer.submit(refused), bench.add(2), return_exceptions=True
    )
    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == (1, CauseSpent, 2)
    assert bench.statements.count("COMMIT") == 1


async def test_a_bad_operation_fails_alone(bench: Bench) -> None:
    outcomes = await asyncio.gather(
        bench.add(1), bench.writer.submit(bad), bench.add(2), return_exceptions=True
    )
    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == (1, ZeroDivisionError, 2)
    assert bench.numbers() == [1, 2]


async def test_a_value_the_database_cannot_hold_fails_alone(bench: Bench) -> None:
    outcomes = await asyncio.gather(bench.add(1), bench.add(2**70), return_exceptions=True)
    assert (outcomes[0], type(outcomes[1])) == (1, OverflowError)


async def test_sizes_count_what_was_committed_once(bench: Bench) -> None:
    await asyncio.gather(
        bench.add(1), bench.add(1), bench.writer.submit(bad), bench.add(2), return_exceptions=True
    )
    assert bench.writer.sizes["numbers"] == 2


async def test_whoever_was_cancelled_before_the_commit_has_changed_nothing(bench: Bench) -> None:
    leaving = asyncio.ensure_future(bench.add(1))
    staying = asyncio.ensure_future(bench.add(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert bench.numbers() == [2]


async def test_a_job_runs_between_transactions(bench: Bench) -> None:
    _, in_transaction, _ = await asyncio.gather(
        bench.add(1),
        bench.writer.run_alone(lambda connection: connection.in_transaction),
        bench.add(2),
    )
    assert not in_transaction


async def test_a_job_is_not_kept_waiting_by_a_stream_of_operations(bench: Bench) -> None:
    job = asyncio.ensure_future(bench.writer.run_alone(lambda connection: None))
    added = 0
    while not job.done():
        await bench.add(added)
        added += 1
    assert added < 100


async def test_a_job_that_fails_tells_its_caller_only(bench: Bench) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await bench.writer.run_alone(lambda db: db.execute("SELECT nothing FROM nowhere"))
    assert await bench.add(1) == 1


async def test_a_full_database_refuses_the_whole_batch(bench: Bench) -> None:
    await bench.writer.run_alone(lambda db: db.execute("PRAGMA max_page_count = 2"))
    outcomes = await asyncio.gather(
        bench.add(1), bench.writer.submit(filling), bench.add(2), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    assert bench.numbers() == []


async def test_a_database_that_was_full_is_written_again(bench: Bench) -> None:
    await bench.writer.run_alone(lambda db: db.execute("PRAGMA max_page_count = 2"))
    with pytest.raises(StoreUnavailable, match="SQLITE_FULL"):
        await bench.writer.submit(filling)
    await bench.writer.run_alone(lambda db: db.execute("PRAGMA max_page_count = 1000"))
    assert await bench.add(7) == 7
    assert not bench.writer.fatal.is_set()


async def test_on_a_failed_store_not_even_an_empty_transaction_is_run(bench: Bench) -> None:
    waiting = asyncio.ensure_future(bench.add(1))
    await asyncio.sleep(0)
    bench.writer.fault = StoreFault(why="it failed", remedy="look at the disk")
    with pytest.raises(StoreUnavailable):
        await waiting
    await bench.writer.close(sqlite3.Connection.close)
    assert bench.statements == []


async def test_submitting_after_closing_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.db", inline=True)
    await bench.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await bench.add(1)


async def test_closing_finishes_what_was_submitted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.db", inline=True)
    adding = [asyncio.ensure_future(bench.add(n)) for n in range(BATCH_LIMIT + 1)]
    await asyncio.sleep(0)
    await bench.close()
    assert await asyncio.gather(*adding) == list(range(BATCH_LIMIT + 1))
