"""Opening the embedded store: who may, where, and what is found."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.stores.base import OutboxKind, Store
from gateway.stores.open import open_store
from gateway.stores.record import pack_id
from gateway.stores.sqlite import SqliteStore
from gateway.stores.sqlite_file import (
    StoreRefused,
    file_system_of,
    has_slow_disk,
)
from gateway.stores.sqlite_lock import StoreInUse
from gateway.stores.sqlite_schema import migrate, migrations, schema_version
from tests.gateway.stores.building import (
    LEASE,
    NOW,
    SHOP,
    URL,
    commit,
    positions,
    put,
    uuid_of,
)
from tests.support.clock import ManualClock
from tests.support.stores import open_sqlite_in_loop, url_in


class SluggishClock(ManualClock):
    """A clock on which everything takes its time."""

    def now_ms(self) -> int:
        self.advance(1)
        return super().now_ms()


async def opened(directory: Path) -> SqliteStore:
    store = await open_sqlite_in_loop(directory)
    assert isinstance(store, SqliteStore)
    return store


async def threads_of_a_commit(store: Store) -> set[int]:
    """Return the threads in which the statements of a commit ran."""
    assert isinstance(store, SqliteStore)
    threads: set[int] = set()

    def note(statement: str) -> None:
        threads.add(threading.get_ident())

    await store.writer.run_alone(lambda connection: connection.set_trace_callback(note))
    threads.clear()
    await put(store, commit())
    await store.writer.run_alone(lambda connection: connection.set_trace_callback(None))
    return threads


async def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    with pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
        await open_sqlite_in_loop(tmp_path)
    await store.close()


async def test_a_refused_owner_does_not_disturb_the_first(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    with pytest.raises(StoreInUse):
        await open_sqlite_in_loop(tmp_path)
    await put(store, commit())
    await store.close()


async def test_a_closed_store_can_be_opened_again(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await put(store, commit())
    await store.close()
    store = await opened(tmp_path)
    assert await store.load(uuid_of(1)) is not None
    await store.close()


async def test_closing_twice_does_nothing(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    await store.close()


async def test_the_secret_is_drawn_once(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    secret = store.secret()
    await store.close()
    heir = await open_store(url_in(tmp_path), clock=ManualClock(seed=9))
    assert heir.secret() == secret
    await heir.close()


def modes_in(directory: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in directory.iterdir()}


async def test_the_files_are_their_owner_s_only(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await put(store, commit())
    modes = modes_in(tmp_path)
    await store.close()
    assert modes == dict.fromkeys(
        ["store.db", "store.db-wal", "store.db-shm", "store.db.lock"], 0o600
    )


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch(mode=0o644)
    await (await opened(tmp_path)).close()
    assert modes_in(tmp_path)["store.db"] == 0o600


async def test_closing_leaves_one_file_and_its_lock(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await put(store, commit())
    await store.close()
    assert sorted(modes_in(tmp_path)) == ["store.db", "store.db.lock"]


async def test_a_newer_schema_is_refused_and_not_touched(tmp_path: Path) -> None:
    await (await opened(tmp_path)).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
    connection.close()
    before = (tmp_path / "store.db").read_bytes()
    with pytest.raises(StoreRefused, match="schema 99"):
        await open_sqlite_in_loop(tmp_path)
    assert (tmp_path / "store.db").read_bytes() == before


async def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    with pytest.raises(StoreRefused, match="another program"):
        await open_sqlite_in_loop(tmp_path)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"these are notes" * 1000)
    with pytest.raises(StoreRefused, match="not a database"):
        await open_sqlite_in_loop(tmp_path)


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    for number in range(1, 20):
        await put(store, commit(number))
    await store.close()
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(256)) * 16 * 8)
    with pytest.raises(StoreRefused, match="damaged"):
        await open_sqlite_in_loop(tmp_path)


async def test_a_refused_file_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"these are notes" * 1000)
    with pytest.raises(StoreRefused):
        await open_sqlite_in_loop(tmp_path)
    (tmp_path / "store.db").unlink()
    await (await opened(tmp_path)).close()


@pytest.mark.parametrize("name", ["", ":memory:", "/nowhere/at/all/store.db"])
async def test_a_place_that_holds_no_file_is_refused(name: str) -> None:
    with pytest.raises(StoreRefused):
        await open_store(f"sqlite:///{name}", clock=ManualClock())


@pytest.mark.parametrize("name", ["store.db", "store.db.lock"])
async def test_a_place_that_is_taken_by_a_directory_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StoreRefused, match="cannot be opened"):
        await open_sqlite_in_loop(tmp_path)


async def test_a_path_may_hold_what_a_url_may_not(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/a?b#c%20d.db", clock=ManualClock())
    await store.close()
    assert (tmp_path / "a?b#c%20d.db").exists()


@pytest.mark.parametrize(
    ("url", "writer", "synchronous"),
    [
        ("redis://localhost", "auto", "full"),
        ("store.db", "auto", "full"),
        ("sqlite:///store.db", "process", "full"),
        ("sqlite:///store.db", "auto", "off"),
    ],
)
async def test_unknown_urls_and_options_are_refused(
    url: str, writer: str, synchronous: str
) -> None:
    with pytest.raises(ValueError, match="is"):
        await open_store(url, clock=ManualClock(), writer=writer, synchronous=synchronous)


@pytest.mark.parametrize(
    ("writer", "clock", "place"),
    [
        ("auto", SluggishClock(), "in a thread"),
        ("auto", ManualClock(), "in the event loop"),
        ("loop", SluggishClock(), "in the event loop"),
        ("thread", ManualClock(), "in a thread"),
    ],
    ids=["auto-slow", "auto-fast", "loop-slow", "thread-fast"],
)
async def test_the_writer_is_chosen_by_measuring_unless_it_is_named(
    tmp_path: Path, writer: str, clock: ManualClock, place: str
) -> None:
    store = await open_store(url_in(tmp_path), clock=clock, writer=writer)
    told, threads = store.description, await threads_of_a_commit(store)
    await store.close()
    assert f"writes {place}," in told
    assert (threads == {threading.get_ident()}) is (place == "in the event loop")


def test_a_disk_is_slow_when_syncing_takes_a_millisecond(tmp_path: Path) -> None:
    assert has_slow_disk(tmp_path, SluggishClock())
    assert not has_slow_disk(tmp_path, ManualClock())


def test_the_innermost_mount_tells_the_file_system(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n"
    )
    assert file_system_of(tmp_path / "store.db", mounts) == "nfs4"
    assert file_system_of(Path("/var/store.db"), mounts) == "ext4"


def test_where_mounts_are_not_told_the_file_system_is_unknown(tmp_path: Path) -> None:
    assert file_system_of(tmp_path / "store.db", tmp_path / "missing") == ""


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    broken = (*migrations(), "CREATE TABLE fresh (id INTEGER) STRICT; CREATE TABEL;")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, tmp_path / "store.db", broken)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    assert (schema_version(connection), "fresh" in names) == (len(migrations()), False)
    connection.close()


def test_migrations_go_on_where_they_were(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    migrate(connection, tmp_path / "store.db", migrations())
    more = (*migrations(), "CREATE TABLE fresh (id INTEGER) STRICT;")
    migrate(connection, tmp_path / "store.db", more)
    assert schema_version(connection) == len(more)
    connection.close()


async def test_what_waited_for_its_turn_in_the_first_schema_still_does(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, migrations()[:1])
    connection.execute("INSERT INTO application VALUES (1, 'shop')")
    connection.executemany(
        "INSERT INTO outbox (owner, position, kind, application, url, step, due_ms, is_leased,"
        " is_alone, fence, created_ms, body) VALUES (?, ?, 1, 1, ?, 0, ?, ?, 0, ?, 0, x'')",
        [
            (pack_id(uuid_of(1)), 1, URL, 9, True, 1),
            (pack_id(uuid_of(1)), 2, URL, None, False, 0),
        ],
    )
    connection.close()
    store = await opened(tmp_path)
    (first,) = await store.claim(OutboxKind.CALLBACK, now_ms=NOW, lease_ms=LEASE, room={SHOP: 9})
    following = await store.settle(first, now_ms=NOW, lease_ms=LEASE)
    await store.close()
    assert (first.item_id.position, positions(following)) == (1, [2])


def test_the_wal_reset_bug_is_told_by_the_version_of_sqlite() -> None:
    assert SqliteStore.affected_by_wal_reset_bug is (sqlite3.sqlite_version_info < (3, 51, 3))
