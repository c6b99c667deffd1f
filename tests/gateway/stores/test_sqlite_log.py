"""The end of the log, and taking back what a failed commit left behind it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.stores.sqlite_lock import FileLock, StoreInUse
from gateway.stores.sqlite_log import DatabaseFiles, LogEnd, rewrite_log


class Database:
    """An open database of numbers in WAL mode, and its files."""

    def __init__(self, path: Path) -> None:
        self.lock = FileLock(path)
        self.log = path.with_name(path.name + "-wal")
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("CREATE TABLE number (value INTEGER) STRICT")
        self.files = DatabaseFiles(path, self.lock.identity)

    def add(self, value: int) -> None:
        self.connection.execute("INSERT INTO number VALUES (?)", (value,))

    def numbers(self) -> list[int]:
        return [value for (value,) in self.connection.execute("SELECT value FROM number")]

    def close(self) -> None:
        self.connection.close()
        self.files.close()
        self.lock.release()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "numbers.db")
    yield opened
    opened.close()


def test_what_stands_behind_the_end_is_cut_off(database: Database) -> None:
    database.add(1)
    whole = database.log.read_bytes()
    noted = database.files.note_log_end()
    with database.log.open("ab") as log:
        log.write(whole[32:])
    assert database.files.cut_back(noted)
    assert database.log.read_bytes() == whole


def test_what_is_committed_stays_and_is_added_to(database: Database, tmp_path: Path) -> None:
    database.add(1)
    database.files.cut_back(database.files.note_log_end())
    database.add(2)
    assert database.numbers() == [1, 2]
    with sqlite3.connect(f"file:{tmp_path / 'numbers.db'}?mode=ro", uri=True) as other:
        assert other.execute("SELECT count(*) FROM number").fetchone() == (2,)
    other.close()


def test_a_commit_that_others_can_see_is_not_cut_off(database: Database) -> None:
    noted = database.files.note_log_end()
    database.add(1)
    assert not database.files.cut_back(noted)
    assert database.numbers() == [1]


def test_a_log_that_was_begun_anew_is_emptied(database: Database) -> None:
    database.add(1)
    noted = database.files.note_log_end()
    database.connection.execute("PRAGMA wal_checkpoint(RESTART)")
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.log.open("ab") as log:
        log.write(bytes(5000))
    assert database.files.cut_back(noted)
    assert (database.log.read_bytes(), database.numbers()) == (b"", [1])


@pytest.mark.parametrize("noted", [b"", bytes(96), bytes(range(96))], ids=len)
def test_an_index_of_another_kind_cuts_nothing(database: Database, noted: bytes) -> None:
    database.add(1)
    before = database.log.read_bytes()
    assert not database.files.cut_back(noted)
    assert database.log.read_bytes() == before


def test_a_log_of_another_round_is_not_cut(database: Database) -> None:
    database.add(1)
    with database.log.open("r+b") as log:
        log.seek(16)
        log.write(b"salted!!")
    assert not database.files.cut_back(database.files.note_log_end())


def test_the_end_is_where_the_last_frame_ends(database: Database) -> None:
    database.add(1)
    end = LogEnd.read(database.files.note_log_end())
    assert end is not None
    assert (end.offset, end.page_size) == (database.log.stat().st_size, 4096)


def test_a_log_that_is_rewritten_is_what_it_was(database: Database, tmp_path: Path) -> None:
    for number in range(300):
        database.add(number)
    before = database.log.read_bytes()
    rewrite_log(tmp_path / "numbers.db")
    assert database.log.read_bytes() == before


def test_files_are_closed_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "numbers.db")
    database.close()
    others = [os.open(tmp_path, os.O_RDONLY) for _ in range(4)]
    database.files.close()
    database.lock.release()
    for other in others:
        os.close(other)


def test_a_second_release_frees_nothing_of_the_next_owner(tmp_path: Path) -> None:
    path = tmp_path / "numbers.db"
    lock = FileLock(path)
    lock.release()
    heir = FileLock(path)
    lock.release()
    with pytest.raises(StoreInUse):
        FileLock(path)
    heir.release()


def test_without_a_log_there_is_nothing_to_rewrite(tmp_path: Path) -> None:
    rewrite_log(tmp_path / "numbers.db")
    assert list(tmp_path.iterdir()) == []
