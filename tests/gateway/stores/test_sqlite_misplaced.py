"""A store whose file is deleted, moved or replaced while it is open: nobody is told it is kept."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.stores.base import CauseSpent, OutcomeUnknown, StoreUnavailable
from gateway.stores.open import open_store
from gateway.stores.sqlite import SqliteStore
from gateway.stores.sqlite_file import StoreRefused
from tests.gateway.stores.building import commit, put, uuid_of
from tests.support.clock import ManualClock
from tests.support.loopback import WAIT_S
from tests.support.stores import open_sqlite_in_loop, url_in


@pytest.fixture(params=["loop", "thread"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with one dispatch."""
    opened = await open_store(url_in(tmp_path), clock=ManualClock(), writer=request.param)
    assert isinstance(opened, SqliteStore)
    await put(opened, commit(1))
    yield opened
    await opened.close()


def delete(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def replace(path: Path) -> None:
    """Put a backup in place of an open store, as one should not."""
    backup = path.with_name("backup.db")
    shutil.copyfile(path, backup)
    backup.replace(path)


def delete_the_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def replace_the_log(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    log.unlink()
    log.write_bytes(b"")


def delete_everything(path: Path) -> None:
    for each in path.parent.iterdir():
        each.unlink()


def move_to(source: Path, target: Path) -> None:
    source.rename(target)


accidents = pytest.mark.parametrize(
    "befall",
    [delete, move, replace, delete_the_log, replace_the_log, delete_everything],
    ids=lambda accident: accident.__name__,
)


def saved_in(directory: Path) -> list[Path]:
    return sorted(directory.glob("store.db.rescued-*"))


async def until_it_may_end(store: SqliteStore) -> None:
    async with asyncio.timeout(WAIT_S):
        await store.fatal.wait()


@accidents
async def test_a_commit_to_a_file_that_is_not_in_place_is_not_acknowledged(
    store: SqliteStore, tmp_path: Path, befall: Callable[[Path], None]
) -> None:
    befall(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await put(store, commit(2))
    assert store.fault is not None
    assert str(tmp_path / "store.db") in store.fault.why


@accidents
async def test_what_was_open_is_found_again(
    store: SqliteStore, tmp_path: Path, befall: Callable[[Path], None]
) -> None:
    befall(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await put(store, commit(2))
    await until_it_may_end(store)
    await store.close()
    for saved in saved_in(tmp_path):
        saved.replace(tmp_path / "store.db")
        (tmp_path / "store.db-wal").unlink(missing_ok=True)
    heir = await open_sqlite_in_loop(tmp_path)
    assert None not in [await heir.load(uuid_of(number)) for number in (1, 2)]
    await heir.close()


async def test_what_is_saved_is_its_owner_s_only(store: SqliteStore, tmp_path: Path) -> None:
    delete(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await until_it_may_end(store)
    assert [saved.stat().st_mode & 0o777 for saved in saved_in(tmp_path)] == [0o600]


async def test_a_refusal_that_was_read_in_a_lost_file_is_not_told_either(
    store: SqliteStore, tmp_path: Path
) -> None:
    delete(tmp_path / "store.db")
    spent = commit(2, cause=commit(1).cause)
    outcomes = await asyncio.gather(put(store, spent), put(store, spent), return_exceptions=True)
    assert CauseSpent not in [type(outcome) for outcome in outcomes]


async def test_after_that_nothing_is_tried(store: SqliteStore, tmp_path: Path) -> None:
    delete(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    for call in (store.check(), store.load(uuid_of(1)), store.next_timer_ms()):
        with pytest.raises(StoreUnavailable, match="opened anew") as refused:
            await call
        assert refused.type is StoreUnavailable


async def test_the_process_does_not_end_before_all_is_saved(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    monkeypatch.setattr("tempfile.tempdir", str(nowhere))
    home = tmp_path / "store.db"
    delete(home)
    away = tmp_path.with_name(tmp_path.name + "-away")
    move_to(tmp_path, away)
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await store.writer.failed.wait()
    with pytest.raises(StoreUnavailable):
        await store.check()
    assert not store.fatal.is_set()
    move_to(away, tmp_path)
    await store.close()
    assert len(saved_in(tmp_path)) == 1


async def test_an_empty_store_is_not_begun_beside_what_was_saved(
    store: SqliteStore, tmp_path: Path
) -> None:
    delete(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await until_it_may_end(store)
    await store.close()
    with pytest.raises(StoreRefused, match=r"saved to .*store\.db\.rescued-"):
        await open_sqlite_in_loop(tmp_path)


async def test_a_start_on_a_replacement_tells_of_what_was_saved(
    store: SqliteStore, tmp_path: Path
) -> None:
    replace(tmp_path / "store.db")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await until_it_may_end(store)
    await store.close()
    with capture_logs() as lines:
        await (await open_sqlite_in_loop(tmp_path)).close()
    assert [(line["event"], line["path"]) for line in lines] == [
        ("store.rescue_found", str(saved_in(tmp_path)[0]))
    ]


async def test_a_link_that_is_turned_to_another_file_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "store.db").touch()
    (tmp_path / "store.db").symlink_to(tmp_path / "one" / "store.db")
    store = await open_sqlite_in_loop(tmp_path)
    await store.check()
    (tmp_path / "store.db").unlink()
    (tmp_path / "store.db").symlink_to(tmp_path / "two" / "store.db")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await store.close()


async def test_a_replacement_and_its_log_are_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    delete_everything(path)
    path.write_bytes(b"theirs")
    path.with_name("store.db-wal").write_bytes(b"theirs, too")
    with pytest.raises(OutcomeUnknown):
        await store.check()
    await until_it_may_end(store)
    await store.close()
    assert (path.read_bytes(), path.with_name("store.db-wal").read_bytes()) == (
        b"theirs",
        b"theirs, too",
    )


async def test_a_change_of_times_and_rights_is_no_accident(
    store: SqliteStore, tmp_path: Path
) -> None:
    os.utime(tmp_path / "store.db", (0, 0))
    (tmp_path / "store.db").chmod(0o640)
    os.link(tmp_path / "store.db", tmp_path / "another-name.db")
    await store.check()
    assert store.fault is None
