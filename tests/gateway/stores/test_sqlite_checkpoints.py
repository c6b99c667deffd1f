"""How often the log is copied into the file: a checkpoint holds up commits."""

from __future__ import annotations

import pytest

from gateway.stores.sqlite_checkpoints import pause_after


def test_quick_checkpoints_follow_each_other_at_the_usual_pause() -> None:
    assert pause_after(0.002, every_s=0.1) == 0.1


def test_a_long_checkpoint_earns_commits_ten_times_as_long() -> None:
    assert pause_after(0.03, every_s=0.1) == pytest.approx(0.3)


def test_the_log_of_a_slow_disk_is_not_left_to_grow() -> None:
    assert pause_after(2.0, every_s=0.1) == 0.5
