"""When the disk fails: nothing half done, nothing pretended."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.stores.base import StoreUnavailable
from gateway.stores.group_commit import BATCH_LIMIT
from gateway.stores.open import open_store
from gateway.stores.sqlite import SqliteStore
from tests.gateway.stores.building import callback, commit, put, timer, uuid_of
from tests.support.clock import ManualClock
from tests.support.stores import url_in


@pytest.fixture(params=["loop", "thread"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await open_store(url_in(tmp_path), clock=ManualClock(), writer=request.param)
    assert isinstance(opened, SqliteStore)
    yield opened
    await opened.close()


async def limit_pages(store: SqliteStore, pages: int) -> None:
    """Let the file grow to this size and no further, as a full disk would."""
    await store.writer.run_alone(lambda db: db.execute(f"PRAGMA max_page_count = {pages}"))


@contextmanager
def failing_writes() -> Iterator[None]:
    """Let every write to a file fail with an error that is not a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_makes_the_store_unavailable(store: SqliteStore) -> None:
    await limit_pages(store, 1)
    with pytest.raises(StoreUnavailable, match="SQLITE_FULL"):
        await put(store, commit(outbox=[callback(1, body=bytes(100_000))]))


async def test_nothing_of_a_commit_that_did_not_fit_is_there(store: SqliteStore) -> None:
    before = await store.counts()
    await limit_pages(store, 1)
    with pytest.raises(StoreUnavailable):
        await put(store, commit(outbox=[callback(1, body=bytes(100_000))]))
    assert (await store.load(uuid_of(1)), await store.counts()) == (None, before)


async def test_the_store_recovers_when_there_is_room_again(store: SqliteStore) -> None:
    await limit_pages(store, 1)
    with pytest.raises(StoreUnavailable):
        await put(store, commit(outbox=[callback(1, body=bytes(100_000))]))
    await limit_pages(store, 1_000_000)
    await put(store, commit(outbox=[callback(1, body=bytes(100_000))]))
    assert not store.fatal.is_set()


async def test_after_an_error_in_a_commit_the_store_is_done(store: SqliteStore) -> None:
    with failing_writes(), pytest.raises(StoreUnavailable, match="SQLITE_IOERR"):
        await store.check()
    assert store.fatal.is_set()


async def test_a_store_that_is_done_answers_nothing(store: SqliteStore) -> None:
    with failing_writes(), pytest.raises(StoreUnavailable):
        await store.check()
    for call in (store.check(), store.load(uuid_of(1)), store.next_timer_ms()):
        with pytest.raises(StoreUnavailable, match="opened anew"):
            await call


async def test_no_commit_succeeds_after_one_that_failed(store: SqliteStore) -> None:
    with failing_writes():
        outcomes = await asyncio.gather(
            *(store.check() for _ in range(3 * BATCH_LIMIT)), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}


async def test_a_bad_neighbour_does_not_hide_a_failing_commit(store: SqliteStore) -> None:
    await put(store, commit())
    with failing_writes():
        outcomes = await asyncio.gather(
            store.check(),
            put(store, commit(revision=2, timers_set=[timer(step=2**70)])),
            store.check(),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_what_was_acknowledged_before_the_error_is_found_by_the_next_owner(
    store: SqliteStore, tmp_path: Path
) -> None:
    await put(store, commit())
    with failing_writes(), pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()
    heir = await open_store(url_in(tmp_path), clock=ManualClock())
    assert await heir.load(uuid_of(1)) is not None
    await heir.close()


async def test_whoever_watches_is_told_of_the_failure(store: SqliteStore) -> None:
    watching = asyncio.ensure_future(store.fatal.wait())
    with failing_writes(), pytest.raises(StoreUnavailable):
        await store.check()
    assert await watching


async def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    store = await open_store(url_in(tmp_path), clock=ManualClock())
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.check()
    with pytest.raises(StoreUnavailable):
        await store.load(uuid_of(1))
