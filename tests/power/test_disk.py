"""What a loss of power leaves of files, and what the death of its process leaves of a store."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance

import pytest

from gateway.stores.base import Store, StoreUnavailable
from gateway.stores.open import open_store
from gateway.stores.sqlite import SqliteStore
from gateway.stores.sqlite_file import StoreRefused
from tests.gateway.stores.building import commit, put, send, timer, uuid_of
from tests.power.disk import Disk, abandon
from tests.power.unsynced import PAGE, SECTOR, Luck, UnsyncedFiles
from tests.power.vfs import CAN_HEAR
from tests.support.clock import ManualClock

needs_to_hear = pytest.mark.skipif(
    not CAN_HEAR, reason="the functions of this Python's SQLite cannot be reached from outside"
)


def cuts(files: UnsyncedFiles, luck: Luck | None = None) -> list[dict[str, bytes]]:
    """Return what many cuts leave."""
    return [files.after_cut(Random(seed), luck) for seed in range(200)]


@pytest.fixture
def files() -> UnsyncedFiles:
    return UnsyncedFiles({"a": b"old" * 5000})


def test_what_is_synced_survives_every_cut(files: UnsyncedFiles) -> None:
    files.write("a", 0, b"new" * 5000)
    files.sync("a")
    assert all(cut == {"a": b"new" * 5000} for cut in cuts(files))


def test_what_is_not_synced_may_be_lost(files: UnsyncedFiles) -> None:
    files.write("a", 0, b"new" * 5000)
    assert {cut["a"] for cut in cuts(files)} > {b"new" * 5000, b"old" * 5000}


def test_a_page_is_kept_while_an_earlier_one_is_lost(files: UnsyncedFiles) -> None:
    files.write("a", 0, bytes(PAGE))
    files.write("a", PAGE, bytes(PAGE))
    found = [cut["a"] for cut in cuts(files, Luck.PAGES)]
    assert any(content[0] and not content[PAGE] for content in found)


def test_a_page_is_torn_between_two_sectors(files: UnsyncedFiles) -> None:
    files.write("a", 0, bytes(PAGE))
    found = [cut["a"] for cut in cuts(files, Luck.SECTORS)]
    assert any(not content[0] and content[SECTOR] for content in found)


def test_no_sector_holds_a_later_write_without_an_earlier_one(files: UnsyncedFiles) -> None:
    files.write("a", 0, b"1")
    files.write("a", 1, b"2")
    assert {cut["a"][:2] for cut in cuts(files)} == {b"ol", b"1l", b"12"}


def test_a_file_may_have_grown_without_what_was_written(files: UnsyncedFiles) -> None:
    files.write("a", 15_000, b"new" * 5000)
    found = [cut["a"] for cut in cuts(files)]
    assert any(len(content) == 30_000 and content.endswith(bytes(PAGE)) for content in found)


def test_what_was_cut_off_does_not_come_back_when_the_file_grows(files: UnsyncedFiles) -> None:
    files.truncate("a", 3)
    files.write("a", 6, b"new")
    assert files.as_written() == {"a": b"old\0\0\0new"}


def test_a_truncation_may_be_lost(files: UnsyncedFiles) -> None:
    files.truncate("a", 0)
    assert {len(cut["a"]) for cut in cuts(files)} == {0, 15_000}


def test_a_new_file_may_be_gone_until_its_folder_is_synced(files: UnsyncedFiles) -> None:
    files.create("b")
    files.write("b", 0, b"new")
    files.sync("b")
    assert {cut.get("b") for cut in cuts(files)} == {b"new", None}
    files.sync_folder()
    assert {cut.get("b") for cut in cuts(files)} == {b"new"}


def test_a_deleted_file_may_be_back_until_its_folder_is_synced(files: UnsyncedFiles) -> None:
    files.delete("a")
    assert {cut.get("a") for cut in cuts(files)} == {b"old" * 5000, None}
    files.sync_folder()
    assert cuts(files)[0] == {}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path) as mounted:
        yield mounted


async def opened(disk: Disk, *, writer: str = "loop", synchronous: str = "full") -> Store:
    url = f"sqlite:///{disk.folder / 'store.db'}"
    return await open_store(url, clock=ManualClock(), writer=writer, synchronous=synchronous)


async def work(store: Store, number: int) -> None:
    await put(store, commit(number, outbox=[send(1, number)], timers_set=[timer(number)]))


@needs_to_hear
@pytest.mark.parametrize("writer", ["loop", "thread"])
async def test_what_a_store_committed_survives_every_cut(disk: Disk, writer: str) -> None:
    for number in range(1, 31):
        store = await opened(disk, writer=writer)
        await work(store, number)
        disk.cut(store, Random(number))
    store = await opened(disk)
    assert [n for n in range(1, 31) if await store.load(uuid_of(n)) is None] == []
    await store.close()


@needs_to_hear
async def test_a_store_that_does_not_sync_loses_commits(disk: Disk) -> None:
    store = await opened(disk, synchronous="normal")
    await work(store, 1)
    disk.cut(store, Random(1), Luck.NOTHING)
    store = await opened(disk)
    assert await store.load(uuid_of(1)) is None
    await store.close()


@needs_to_hear
async def test_a_store_that_does_not_sync_loses_nothing_by_a_kill(disk: Disk) -> None:
    store = await opened(disk, synchronous="normal")
    await work(store, 1)
    disk.kill(store)
    store = await opened(disk)
    assert await store.load(uuid_of(1)) is not None
    await store.close()


@needs_to_hear
async def test_what_survived_a_kill_can_still_be_lost_by_a_cut(disk: Disk) -> None:
    store = await opened(disk)
    disk.kill(store)
    path = str(disk.folder / "store.db")
    disk.wrote(path, 0, bytes(PAGE))
    found = disk.files.after_cut(Random(1), Luck.NOTHING)
    assert found["store.db"][:6] == b"SQLite"
    assert disk.files.as_written()["store.db"][:6] == bytes(6)


@needs_to_hear
async def test_the_start_makes_durable_what_a_dead_owner_left_in_the_log(disk: Disk) -> None:
    store = await opened(disk, synchronous="normal")
    await work(store, 1)
    disk.kill(store)
    store = await opened(disk, synchronous="normal")
    disk.cut(store, Random(1), Luck.NOTHING)
    store = await opened(disk)
    assert await store.load(uuid_of(1)) is not None
    await store.close()


@needs_to_hear
async def test_a_commit_amid_which_the_power_goes_is_there_as_a_whole_or_not_at_all(
    disk: Disk,
) -> None:
    failed: list[int] = []
    answered: list[int] = []
    for number in range(1, 41):
        store = await opened(disk)
        disk.fail_after(2 * number, then=partial(failed.append, number))
        with pytest.raises(StoreUnavailable):
            for each in range(100 * number, 100 * number + 99):
                await work(store, each)
                answered.append(each)
        disk.cut(store, Random(number))
    store = await opened(disk)
    counts = await store.counts()
    assert failed == list(range(1, 41))
    assert [n for n in answered if await store.load(uuid_of(n)) is None] == []
    assert counts.open_dispatches == counts.pending_sends == counts.pending_timers
    assert len(answered) > 40
    await store.close()


@needs_to_hear
async def test_a_store_can_be_opened_after_the_power_went_at_any_change_of_its_opening(
    disk: Disk,
) -> None:
    changes = 0
    while True:
        disk.fail_after(changes)
        try:
            store = await opened(disk)
        except StoreRefused:
            disk.cut(None, Random(changes))
            changes += 1
        else:
            break
    assert changes > 20
    await store.close()


@needs_to_hear
async def test_a_dead_store_does_nothing_any_more(disk: Disk) -> None:
    store = await opened(disk)
    disk.kill(store)
    heir = await opened(disk)
    with pytest.raises(StoreUnavailable):
        await work(store, 1)
    with pytest.raises(StoreUnavailable):
        await store.load(uuid_of(1))
    abandon(store)
    await work(heir, 2)
    assert await heir.load(uuid_of(1)) is None
    await heir.close()


@needs_to_hear
async def test_what_waited_for_a_dead_store_did_not_happen(disk: Disk) -> None:
    store = await opened(disk)
    assert isinstance(store, SqliteStore)
    waiting = store.writer._append(lambda transaction: transaction.execute("DELETE FROM meta"))
    disk.kill(store)
    heir = await opened(disk)
    await heir.check()
    assert not waiting.done()
    await heir.close()


@needs_to_hear
async def test_lives_leave_no_descriptor_and_no_thread_behind(disk: Disk) -> None:
    gc.collect()
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for number in range(1, 41):
        store = await opened(disk, writer=("loop", "thread")[number % 2])
        await work(store, number)
        if number % 3:
            disk.cut(store, Random(number))
        else:
            disk.kill(store)
    assert len(os.listdir("/proc/self/fd")) <= open_before  # noqa: PTH208
