"""What a new owner finds after the last one died."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.stores.base import OutboxKind, Store
from gateway.stores.open import open_sqlite
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    callback,
    commit,
    due,
    put,
    put_items,
    send,
    timer,
    uuid_of,
)
from tests.support.clock import ManualClock
from tests.support.stores import open_sqlite_in_loop


def file_size(path: Path) -> int:
    return path.stat().st_size


class Estate:
    """A running store, and what would be found if its owner died now."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store = store
        self._directory = directory
        self._heirs: list[Store] = []

    async def inherit(self) -> Store:
        """Open a copy of the files as they are on disk, with the log and without its index."""
        heir = self._directory / "heir"
        heir.mkdir()
        for name in ("store.db", "store.db-wal"):
            shutil.copyfile(self._directory / name, heir / name)
        self._heirs.append(await open_sqlite_in_loop(heir))
        return self._heirs[-1]

    async def close(self) -> None:
        for store in (self.store, *self._heirs):
            await store.close()


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    made = Estate(await open_sqlite_in_loop(tmp_path), tmp_path)
    yield made
    await made.close()


async def test_the_leases_of_a_dead_owner_are_void(estate: Estate) -> None:
    await put_items(estate.store, callback(1), callback(2, url=OTHER_URL))
    assert await due(await estate.inherit()) == [1, 2]


async def test_a_send_that_was_begun_tells_so_to_the_next_owner(estate: Estate) -> None:
    (item,) = await put_items(estate.store, send(1))
    await estate.store.begin(item, now_ms=NOW + 5)
    heir = await estate.inherit()
    (found,) = await heir.claim(OutboxKind.SEND, now_ms=NOW + 9, lease_ms=LEASE, room={SHOP: 9})
    assert (found.begun_ms, found.fence) == (NOW + 5, 2)


async def test_the_wait_of_a_released_item_goes_on(estate: Estate) -> None:
    (item,) = await put_items(estate.store, callback(1))
    await estate.store.release(item, due_ms=NOW + 900_000, tried=True)
    heir = await estate.inherit()
    assert (await due(heir, NOW + 899_999), await due(heir, NOW + 900_000)) == ([], [1])


async def test_an_item_behind_another_still_waits(estate: Estate) -> None:
    await put_items(estate.store, callback(1), callback(2))
    assert await due(await estate.inherit()) == [1]


async def test_a_lane_waits_for_a_failed_item_as_long_as_before(estate: Estate) -> None:
    (item,) = await put_items(estate.store, callback(1), callback(2))
    await estate.store.release(
        item, due_ms=NOW + 900_000, tried=True, lane_waits_until_ms=NOW + 30_000
    )
    heir = await estate.inherit()
    assert (await due(heir, NOW + 29_999), await due(heir, NOW + 30_000)) == ([], [2])


async def test_timers_are_found_again(estate: Estate) -> None:
    await put(estate.store, commit(timers_set=[timer(due_ms=NOW + 600_000)]))
    heir = await estate.inherit()
    assert await heir.next_timer_ms() == NOW + 600_000


async def test_sizes_are_found_again(estate: Estate) -> None:
    await put_items(estate.store, send(1), callback(2), callback(3))
    await put(estate.store, commit(2, timers_set=[timer(2)]))
    heir = await estate.inherit()
    assert await heir.counts() == await estate.store.counts()


async def test_a_dispatch_is_found_as_it_was(estate: Estate) -> None:
    await put(estate.store, commit())
    heir = await estate.inherit()
    assert await heir.load(uuid_of(1)) == await estate.store.load(uuid_of(1))


async def test_what_is_committed_reaches_the_file_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await open_sqlite(
        str(path), clock=ManualClock(), writer="loop", synchronous="full", checkpoint_every_s=0
    )
    empty = file_size(path)
    await put(store, commit())
    while file_size(path) == empty:
        await store.check()
    await store.close()


async def test_nothing_acknowledged_is_lost_to_kill_9(tmp_path: Path) -> None:
    rounds = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-m", "tests.gateway.stores.kill_rounds", str(tmp_path), "20"],
        check=True,
        capture_output=True,
        text=True,
        timeout=50,
    )
    found = json.loads(rounds.stdout)
    assert (found["lost"], found["torn"], found["integrity"]) == ([], [], "ok")
    assert found["acknowledged"] > 20 * 20
