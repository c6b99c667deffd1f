"""Gateways: one of its own for a test that changes something, else one a module; and the log."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.gateway.api.served import Served
from tests.gateway.api.surface import collecting_log, serving
from tests.support.world import World, a_world


@pytest.fixture(autouse=True)
def unseen_log() -> Iterator[None]:
    """Keep lines from being drawn for a terminal, which takes longer than most tests."""
    with capture_logs():
        yield


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run a gateway with the usual settings."""
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """Collect everything that is logged."""
    with collecting_log() as stream:
        yield stream


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Serve one gateway on a socket for all tests that only have requests refused."""
    folder = tmp_path_factory.mktemp("served")
    # The fixtures know of no cap on the number of steps.
    async with a_world(folder, {"GATEWAY_MAX_STEPS": "0"}) as world, serving(world) as http:
        yield Served(world, http, folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accepting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run one gateway for all tests that only look at an answer."""
    async with a_world(tmp_path_factory.mktemp("accepting")) as world:
        yield world
