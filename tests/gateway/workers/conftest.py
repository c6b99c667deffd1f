"""The bench that most tests of the workers use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bench import Bench, a_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """The parts of a gateway with the usual settings."""
    async with a_bench(tmp_path) as parts:
        yield parts
