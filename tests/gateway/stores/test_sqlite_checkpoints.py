"""How often the log is copied into the file: a checkpoint holds up commits."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.stores.sqlite_checkpoints import pause_after
from tests.gateway.stores.building import commit, put
from tests.support.stores import open_sqlite_in_loop


def test_quick_checkpoints_follow_each_other_at_the_usual_pause() -> None:
    assert pause_after(0.002, every_s=0.1) == 0.1


def test_a_long_checkpoint_earns_commits_ten_times_as_long() -> None:
    assert pause_after(0.03, every_s=0.1) == pytest.approx(0.3)


def test_the_log_of_a_slow_disk_is_not_left_to_grow() -> None:
    assert pause_after(2.0, every_s=0.1) == 0.5


async def test_closing_copies_the_log_though_somebody_else_has_the_file_open(
    tmp_path: Path,
) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    reader = sqlite3.connect(f"file:{tmp_path / 'store.db'}?mode=ro", uri=True)
    reader.execute("SELECT count(*) FROM dispatch").fetchone()
    await put(store, commit())
    await store.close()
    left = (tmp_path / "store.db-wal").stat().st_size
    reader.close()
    assert left == 0
