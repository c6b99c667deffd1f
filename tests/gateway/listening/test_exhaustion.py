"""When no more files can be opened, a line says so: the event loop closes connections unheard."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from gateway.listening.exhaustion import FileLimitWatch, raise_file_limit
from tests.support.clock import ManualClock


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """Put the limit back."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def starve(hard: int) -> None:
    """Let no more files be opened."""
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))


def test_it_is_told_once_a_minute(limits: tuple[int, int]) -> None:
    clock = ManualClock()
    watch = FileLimitWatch(clock)
    with capture_logs() as log:
        watch.look()
        starve(limits[1])
        for _ in range(61):
            watch.look()
            clock.advance(1)
    assert [line["event"] for line in log] == ["listener.starved"] * 2


def test_the_limit_is_raised_as_far_as_it_may_be(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    raise_file_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256


def test_a_higher_limit_is_left_alone(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    raise_file_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limits[1]
