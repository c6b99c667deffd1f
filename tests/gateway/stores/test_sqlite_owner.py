"""One owner of a file, by whatever name somebody comes, in this process or in another one."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.stores.open import open_store
from gateway.stores.sqlite_lock import StoreInUse
from tests.gateway.stores.building import commit, put, uuid_of
from tests.support.clock import ManualClock
from tests.support.stores import open_sqlite_in_loop

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the lock is on the name alone"
)

_OPENER = """
import asyncio, sys
from gateway.clock import SystemClock
from gateway.stores.open import open_store
from gateway.stores.sqlite_lock import StoreInUse
try:
    asyncio.run(open_store(sys.argv[1], clock=SystemClock()))
except StoreInUse as error:
    print(error)
"""

_TAKER = """
import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode = DELETE")
"""


def by_symbolic_link(directory: Path) -> Path:
    (directory / "link.db").symlink_to(directory / "store.db")
    return directory / "link.db"


def by_hard_link(directory: Path) -> Path:
    os.link(directory / "store.db", directory / "hard.db")
    return directory / "hard.db"


def by_linked_directory(directory: Path) -> Path:
    other = directory.with_name(directory.name + "-link")
    other.symlink_to(directory)
    return other / "store.db"


def without_its_lock_file(directory: Path) -> Path:
    (directory / "store.db.lock").unlink()
    return directory / "store.db"


def by_relative_name(directory: Path) -> Path:
    return Path(os.path.relpath(directory / "store.db"))


ways = pytest.mark.parametrize(
    "way",
    [
        by_symbolic_link,
        by_hard_link,
        by_linked_directory,
        without_its_lock_file,
        by_relative_name,
    ],
    ids=lambda way: way.__name__,
)


@ways
async def test_a_second_process_is_refused_and_told_who_owns_the_file(
    tmp_path: Path, way: Callable[[Path], Path]
) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _OPENER, f"sqlite:///{way(tmp_path)}"),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await second.communicate()
    await store.close()
    assert f"belongs to the running process {os.getpid()}." in said.decode()


@ways
async def test_a_second_store_of_one_process_is_refused(
    tmp_path: Path, way: Callable[[Path], Path]
) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    with pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
        await open_store(f"sqlite:///{way(tmp_path)}", clock=ManualClock())
    await store.close()


@ways
async def test_a_refused_store_leaves_the_first_one_its_locks(
    tmp_path: Path, way: Callable[[Path], Path]
) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    with pytest.raises(StoreInUse):
        await open_store(f"sqlite:///{way(tmp_path)}", clock=ManualClock())
    # Whoever has SQLite's locks of an open file keeps everybody from another way of writing it.
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _TAKER, str(tmp_path / "store.db")),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await other.communicate()
    await put(store, commit(1))
    await store.close()
    assert "locked" in said.decode()


@ways
async def test_a_file_that_was_let_go_is_opened_by_another_name(
    tmp_path: Path, way: Callable[[Path], Path]
) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    await put(store, commit(1))
    await store.close()
    heir = await open_store(f"sqlite:///{way(tmp_path)}", clock=ManualClock())
    assert await heir.load(uuid_of(1)) is not None
    await heir.close()


async def test_whoever_only_reads_is_not_kept_out(tmp_path: Path) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    await put(store, commit(1))
    backup = sqlite3.connect(f"file:{tmp_path / 'store.db'}?mode=ro", uri=True)
    backup.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    backup.close()
    await store.close()
