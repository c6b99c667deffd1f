"""A gateway of its own for each test; its log is not drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.lives import Lives
from tests.support.world import World, a_world


@pytest.fixture(autouse=True)
def unseen_log() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    lives = Lives(folder=tmp_path)
    async with lives.upstream.listening(), lives.receiver.listening():
        yield lives
